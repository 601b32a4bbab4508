//! A database of 5,000 monitors after 90 days, filled without living through them.

use domain::id::MonitorId;
use domain::time::{DAY, HOUR, MINUTE};
use domain::views::console::ComponentDraft;
use engine::store::rollups::{self, Tier};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use crate::world::{OPERATOR, START, World};

const MONITORS: i64 = 5_000;
const COMPONENTS: usize = 50;

async fn execute(world: &World, statement: String) {
    if world.url.starts_with("sqlite") {
        let mut db = SqliteConnection::connect(&world.url).await.unwrap();
        sqlx::query(AssertSqlSafe(statement)).execute(&mut db).await.unwrap();
    } else {
        let mut db = PgConnection::connect(&world.url).await.unwrap();
        sqlx::query(AssertSqlSafe(statement)).execute(&mut db).await.unwrap();
    }
}

/// 90 days of roll-ups without their making: buckets of one tier from `age` ago until now, for the first monitors.
async fn fill(world: &World, tier: Tier, age: i64, monitors: i64) {
    let (from, until, width) = (world.now().0 - age, world.now().0, tier.width());
    let blob = if world.url.starts_with("sqlite") { "x'500a03050102'" } else { "'\\x500a03050102'::bytea" };
    let n = width / MINUTE;
    execute(
        world,
        format!(
            "insert into rollups select m.id, {width}, t.start, {n} - 1, 0, 1, 0, 0, 0, {n}, {n} * 80000, 0, 0, 0, 0, 0, {blob} \
             from monitors m cross join (with recursive t(start) as (select cast({from} as bigint) union all \
             select start + {width} from t where start + {width} < {until}) select start from t) t where m.id <= {monitors}"
        ),
    )
    .await;
}

/// 5,000 monitors with what 90 days leave behind, and a status page of 50 components.
pub(crate) async fn prepare(world: &World) -> Vec<MonitorId> {
    world.services.ensure_default_page().await.unwrap();
    let mut ids = Vec::new();
    for number in 0..MONITORS {
        ids.push(world.monitor(&format!("Monitor {number:04}")).await.1);
    }
    world.pass(90 * DAY);
    for (place, id) in ids.iter().take(COMPONENTS).enumerate() {
        let draft = ComponentDraft {
            name: format!("Component {place}"),
            monitors: vec![id.clone()],
            show_uptime: true,
            show_latency: true,
            ..ComponentDraft::default()
        };
        world.services.add_component(OPERATOR, &draft).await.unwrap();
    }
    fill(world, Tier::Day, 90 * DAY, MONITORS).await;
    fill(world, Tier::Hour, 90 * DAY, 200).await;
    fill(world, Tier::FiveMinutes, 2 * DAY, 400).await;
    let (from, until) = (world.now().0 - 2 * HOUR, world.now().0);
    execute(
        world,
        format!(
            "insert into results (monitor_id, at, state, latency_us, dns_us, connect_us, tls_us, wait_us, download_us) \
             select m.id, t.at, 0, 80000, 1, 2, 3, 4, 5 from monitors m cross join \
             (with recursive t(at) as (select cast({from} as bigint) union all select at + 60000 from t where at + 60000 < {until}) \
             select at from t) t"
        ),
    )
    .await;
    let mut tx = world.db.write().await.unwrap();
    for tier in Tier::ALL {
        let until = domain::time::Timestamp(world.now().0 - 5 * MINUTE).floor(tier.width());
        rollups::advance(&mut tx, tier, until).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert!(world.now() > START);
    if world.url.starts_with("postgres") {
        execute(world, "analyze".to_owned()).await;
    }
    ids
}

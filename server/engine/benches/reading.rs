//! How long the pages' reads take at 5,000 monitors, on both databases.
//!
//! `cargo bench --bench reading`

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![expect(clippy::print_stdout, reason = "a bench's result is what it prints")]

#[path = "../tests/store/postgres.rs"]
mod postgres;
mod support;
#[path = "../tests/store/world.rs"]
#[expect(dead_code, reason = "the tests of the store use the rest")]
mod world;

use std::time::{Duration, Instant};

use domain::id::MonitorId;
use domain::time::{DAY, HOUR, MINUTE};
use domain::views::console::{ComponentDraft, MAX_PER_PAGE, MonitorQuery, PageDraft, Range};
use engine::services::ServiceError;
use engine::store::rollups::{self, Tier};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use world::{OPERATOR, START, VISITOR, World};

const MONITORS: i64 = 5_000;
const COMPONENTS: usize = 50;
/// What a console page may take to be read.
const CONSOLE: Duration = Duration::from_millis(150);
/// What `/metrics` may take: it is asked for every quarter of a minute at most.
const METRICS: Duration = Duration::from_millis(500);
/// What a status page of 50 components may take to be read, when it is not in a cache.
const PAGE: Duration = Duration::from_millis(50);

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

async fn prepare(world: &World) -> Vec<MonitorId> {
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
            "insert into results select m.id, t.at, 0, 80000, 1, 2, 3, 4, 5 from monitors m cross join \
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

/// The best of a few, as the second look at a page would be.
async fn measure<T>(name: &str, limit: Duration, mut ask: impl AsyncFnMut() -> Result<T, ServiceError>) {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        ask().await.unwrap();
        best = best.min(begun.elapsed());
    }
    support::figure(name, best.as_secs_f64() * 1e3, "ms", limit.as_secs_f64() * 1e3);
}

async fn on(world: World) {
    let ids = prepare(&world).await;
    let services = &world.services;
    println!("     {MONITORS} monitors on {:?}", world.db.kind());
    measure("overview", CONSOLE, async || services.overview(OPERATOR).await).await;
    let query = MonitorQuery::default();
    measure("list of 50", CONSOLE, async || services.monitors(OPERATOR, &query).await).await;
    let query = MonitorQuery { per_page: MAX_PER_PAGE, ..MonitorQuery::default() };
    measure("list of 200", CONSOLE, async || services.monitors(OPERATOR, &query).await).await;
    let query = MonitorQuery { search: "4321".to_owned(), ..MonitorQuery::default() };
    measure("search", CONSOLE, async || services.monitors(OPERATOR, &query).await).await;
    for range in [Range::Hour, Range::Day, Range::Week, Range::Quarter] {
        let name = format!("detail over a {}", range.as_str());
        measure(&name, CONSOLE, async || services.monitor(OPERATOR, &ids[0], range).await).await;
    }
    measure("editor", CONSOLE, async || services.page_editor(OPERATOR).await).await;
    measure("metrics", METRICS, async || services.metrics_rows(OPERATOR).await).await;
    measure("status page in UTC", PAGE, async || services.page(VISITOR, None).await).await;
    let zone =
        PageDraft { name: "P".to_owned(), time_zone: "Europe/Berlin".to_owned(), ..PageDraft::default() };
    services.save_page(OPERATOR, &zone).await.unwrap();
    measure("status page in Berlin", PAGE, async || services.page(VISITOR, None).await).await;
}

fn main() {
    let runtime = support::runtime(2);
    runtime.block_on(async { on(World::sqlite().await).await });
    runtime.block_on(async {
        if let Some(world) = World::postgres().await {
            on(world).await;
        }
    });
}

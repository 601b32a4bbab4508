//! How long the console's pages take at 5,000 monitors and with lists that have grown long, from the request to the last byte of the
//! rendered page.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use domain::person::Viewer;
use domain::time::DAY;
use engine::services::people::NewAccount;
use engine::store::sessions::{self, SessionRow};
use server::start::Running;

use crate::world::World;
use crate::{lists, serve, support, years};

/// What a page may take, in milliseconds.
const PAGE: f64 = 150.0;
/// Times that each page is asked for; the median counts.
const TIMES: usize = 9;

pub(crate) fn bench() {
    let runtime = support::runtime(2);
    runtime.block_on(async {
        on(World::sqlite().await).await;
        if let Some(world) = World::postgres().await {
            on(world).await;
        }
    });
}

async fn on(world: World) {
    let ids = years::prepare(&world).await;
    println!("     {} monitors on {:?}", ids.len(), world.db.kind());
    let folder = tempfile::tempdir().unwrap();
    let running = serve(folder.path(), Some(&world.url), world.clock.clone()).await;
    let cookie = log_in(&running).await;
    settle(&running).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let one = ids[0].as_str();
    // The status page as it is read by the public has fewer components than it may.
    measure(&running, &client, &cookie, "/", "/").await;
    let filled = lists::fill(&running.state.services, &ids).await;
    let pages = [
        "/console".to_owned(),
        "/console/monitors".to_owned(),
        "/console/monitors?sort=name&page=50".to_owned(),
        "/console/monitors?q=4321".to_owned(),
        "/console/monitors/new".to_owned(),
        format!("/console/monitors/{one}"),
        format!("/console/monitors/{one}?range=quarter"),
        format!("/console/monitors/{one}/edit"),
        "/console/incidents?which=all".to_owned(),
        "/console/incidents?which=all&q=4321".to_owned(),
        "/console/alerts".to_owned(),
        "/console/alerts?q=team+27&page=2".to_owned(),
        "/console/alerts/new".to_owned(),
        format!("/console/alerts/{}", filled.definition),
        format!("/console/alerts/{}?find=4321", filled.definition),
        "/console/integrations".to_owned(),
        "/console/integrations?q=channel+2".to_owned(),
        "/console/subscriptions".to_owned(),
        "/console/settings/tokens".to_owned(),
        "/console/deliveries".to_owned(),
        "/console/page".to_owned(),
        "/console/page?page=11".to_owned(),
        "/console/page?q=part+77".to_owned(),
        format!("/console/page?page=20&edit={}", filled.component),
        "/console/settings".to_owned(),
    ];
    for path in pages {
        let name = path.replace(one, "{id}").replace(filled.definition.as_str(), "{many}");
        let name = name.replace(filled.component.as_str(), "{id}");
        measure(&running, &client, &cookie, &path, &name).await;
    }
    running.stop().await;
}

/// Asks for a page several times, and says what the median took.
async fn measure(running: &Running, client: &reqwest::Client, cookie: &str, path: &str, name: &str) {
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let begun = Instant::now();
        let request = client.get(format!("http://{}{path}", running.address)).header("cookie", cookie);
        let answer = request.timeout(Duration::from_secs(30)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path} answered {}", answer.status());
        assert!(answer.url().path() == path.split('?').next().unwrap(), "{path} led to {}", answer.url());
        answer.bytes().await.unwrap();
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    support::figure(name, times[TIMES / 2], "ms", PAGE);
}

/// Waits until no check runs any more: the clock stands still, so each monitor is looked at once.
async fn settle(running: &Running) {
    let vitals = &running.state.vitals;
    let numbers = || (vitals.finished.load(Ordering::Relaxed), vitals.recorded.load(Ordering::Relaxed));
    let mut known = numbers();
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let now = numbers();
        if now == known && vitals.running.load(Ordering::Relaxed) == 0 {
            return;
        }
        known = now;
    }
}

/// The cookie of somebody who logged in.
async fn log_in(running: &Running) -> String {
    let state = &running.state;
    let account = NewAccount {
        email: "bench@example.org".to_owned(),
        name: String::new(),
        password: "correct horse battery".to_owned(),
    };
    let account = state.services.add_user(&Viewer::System, &account).await.unwrap();
    let now = state.clock.now().0;
    let id = format!("{:0>21}A", 1);
    let data = serde_json::json!({ "account": account.key.0, "seen": now }).to_string().into_bytes();
    let row = SessionRow { id: id.clone(), account_id: Some(account.key.0), data, expires_at: now + DAY };
    let mut tx = state.db.write().await.unwrap();
    assert!(sessions::create(&mut tx, &row).await.unwrap());
    tx.commit().await.unwrap();
    format!("pharos={id}")
}

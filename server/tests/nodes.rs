//! Several nodes with one database: what one finds is seen on the others.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::id::MonitorId;
use domain::person::Viewer;
use domain::time::Timestamp;
use domain::views::console::Frame;
use engine::store::{monitors, results};
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::support::postgres::Postgres;
use crate::support::{Actor, TestApp};

/// Two servers with one database; the first one checks.
async fn two(url: &str) -> (TestApp, TestApp) {
    let holder = TestApp::spawn_with(&[("data.database_url", url)]).await;
    let key = std::fs::read_to_string(holder.folder.join("secret.key")).unwrap();
    let key = key.lines().next().unwrap();
    let other = TestApp::spawn_with(&[("data.database_url", url), ("secrets.key", key)]).await;
    (holder, other)
}

/// Adds a monitor that looks every second.
async fn watch(app: &TestApp, target: &TcpListener) -> MonitorId {
    let port = target.local_addr().unwrap().port().to_string();
    let form = [("name", "Shop"), ("kind", "tcp"), ("host", "127.0.0.1"), ("port", &port), ("interval", "1")];
    let form: BTreeMap<_, _> =
        form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    app.running.state.services.add_monitor(&Viewer::System, &form).await.unwrap()
}

/// Long enough for a machine under load.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_shows_what_another_node_finds() {
    let Some(url) = crate::postgres::new_database().await else { return };
    let (holder, other) = two(&url).await;
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let id = watch(&holder, &target).await;
    let Actor::Viewer { cookie } = other.viewer().await else { unreachable!() };
    let mut request = format!("ws://{}/api/live", other.running.address).into_client_request().unwrap();
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    let (mut screen, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    screen.send(Message::text(format!(r#"{{"watch":["{id}"]}}"#))).await.unwrap();

    let mut beats = Vec::new();
    let heard = tokio::time::timeout(PATIENCE, async {
        while beats.len() < 3 {
            let Message::Text(text) = screen.next().await.unwrap().unwrap() else { continue };
            if let Frame::Sample { id: of, beat, .. } = serde_json::from_str(&text).unwrap() {
                assert_eq!(of, id);
                beats.push(beat.at);
            }
        }
    });
    assert!(heard.await.is_ok(), "only {beats:?}");
    assert!(beats.is_sorted_by(|before, after| before < after), "each once: {beats:?}");
    drop(screen);
    other.close().await;
    holder.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_while_the_database_was_away_is_kept() {
    let Some(mut postgres) = Postgres::new() else { return };
    postgres.start();
    let (holder, other) = two(&postgres.url).await;
    let state = &holder.running.state;
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let id = watch(&holder, &target).await;
    let key = monitors::key_of(&mut state.db.read().await.unwrap(), &id).await.unwrap().unwrap();
    let recorded = async |from: Timestamp, until: Timestamp| {
        let mut tx = state.db.read().await.ok()?;
        Some(results::between(&mut tx, key, from, until).await.ok()?.len())
    };
    let forever = Timestamp(i64::MAX);
    until("it is checked", async || recorded(Timestamp(0), forever).await > Some(2)).await;

    postgres.kill();
    let killed = state.clock.now();
    // Longer than a lease.
    tokio::time::sleep(Duration::from_secs(18)).await;
    let back = state.clock.now();
    postgres.start();
    until("what was found is written", async || recorded(killed, back).await > Some(15)).await;
    // Whoever checks goes on.
    tokio::time::sleep(Duration::from_secs(12)).await;
    until("checks go on", async || recorded(Timestamp(state.clock.now().0 - 3_000), forever).await > Some(1))
        .await;
    let vitals = |app: &TestApp| app.running.state.vitals.clone();
    assert_eq!(vitals(&holder).dropped.load(Ordering::Relaxed), 0);
    assert_eq!(vitals(&other).recorded.load(Ordering::Relaxed), 0, "nobody took over");
    other.close().await;
    holder.close().await;
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = tokio::time::Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "not within {} s: {what}", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

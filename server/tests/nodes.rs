//! Several nodes with one database: what one finds is seen on the others.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::id::MonitorId;
use domain::person::Viewer;
use domain::views::console::Frame;
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

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

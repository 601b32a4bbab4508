//! From an outage to a message of a bot that changes with it: planner, outbox, dispatcher and Slack, on both databases.

use std::sync::{Arc, Mutex};

use domain::id::{IntegrationId, MonitorKey, ProjectId};
use domain::integration::{IntegrationDraft, SlackSettings};
use domain::time::MINUTE;
use engine::checks::{Checks, ChecksConfig};
use engine::dispatch::Dispatcher;
use engine::planner::Planner;
use engine::store::{integrations, projects};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::on_both;
use crate::world::{OPERATOR, World};

/// What was called, with what.
type Calls = Arc<Mutex<Vec<(String, Value)>>>;

/// A Web API that takes every message as the first one of a channel.
async fn slack() -> (String, Calls) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    let calls = Calls::default();
    let all = calls.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let all = all.clone();
            tokio::spawn(async move {
                let (mut text, mut buffer) = (String::new(), [0; 8_192]);
                loop {
                    let read = socket.read(&mut buffer).await.unwrap_or(0);
                    if read == 0 {
                        return;
                    }
                    text.push_str(&String::from_utf8_lossy(&buffer[..read]));
                    // The body is JSON, which says itself whether there is more to come.
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let Ok(body) = serde_json::from_str::<Value>(body) else { continue };
                    let path = head.split(' ').nth(1).unwrap().to_owned();
                    all.lock().unwrap().push((path, body));
                    let answer = r#"{"ok":true,"channel":"C1","ts":"1503435956.000247"}"#;
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer.len());
                    socket.write_all((head + answer).as_bytes()).await.unwrap();
                    text.clear();
                }
            });
        }
    });
    (url, calls)
}

/// A monitor of which a bot tells, and those who tell.
struct Following {
    monitor: MonitorKey,
    planner: Planner,
    dispatcher: Dispatcher,
    calls: Calls,
}

impl Following {
    async fn over(world: &World) -> Self {
        let (api_url, calls) = slack().await;
        let (monitor, _) = world.monitor("Shop").await;
        let mut tx = world.db.write().await.unwrap();
        let project =
            projects::ensure(&mut tx, &ProjectId::new(world.chance.bytes()), world.now()).await.unwrap();
        let settings = SlackSettings { api_url, ..SlackSettings::by_bot("xoxb-1", "C1") }.into();
        let draft = IntegrationDraft { name: "Slack".to_owned(), settings, enabled: true, quiet: None };
        let id = IntegrationId::new(world.chance.bytes());
        let bot = integrations::insert(&mut tx, project, &id, &draft, world.now()).await.unwrap();
        integrations::attach(&mut tx, monitor, bot).await.unwrap();
        tx.commit().await.unwrap();
        let outbox = Arc::new(Notify::new());
        let planner = Planner {
            db: world.db.clone(),
            clock: world.clock.clone(),
            chance: world.chance.clone(),
            base_url: "https://status.example.org".to_owned(),
            outbox: outbox.clone(),
            started_at: world.now(),
        };
        let dispatcher = Dispatcher {
            db: world.db.clone(),
            clock: world.clock.clone(),
            chance: world.chance.clone(),
            node: "here".to_owned(),
            outbound: Checks::new(ChecksConfig::default()).unwrap().outbound().unwrap(),
            outbox,
        };
        Self { monitor, planner, dispatcher, calls }
    }

    async fn plan(&self) {
        self.planner.round().await.unwrap();
    }

    /// Sends what is due: method, time stamp of the message that is replaced or answered to, headline.
    async fn sent(&self) -> Vec<String> {
        self.dispatcher.pass().await.unwrap();
        let calls = std::mem::take(&mut *self.calls.lock().unwrap());
        let word = |(path, body): &(String, Value)| {
            // An answer in a thread has no blocks.
            let text = body["blocks"][0]["text"]["text"].as_str().or(body["text"].as_str()).unwrap();
            let to = body["ts"].as_str().or(body["thread_ts"].as_str()).unwrap_or("new");
            format!("{path} {to} {text}")
        };
        calls.iter().map(word).collect()
    }
}

on_both! {
    async fn one_message_says_that_it_began_who_takes_care_and_that_it_is_over(world: World) {
        let following = Following::over(&world).await;
        let incident = world.outage(following.monitor).await;
        following.plan().await;
        assert_eq!(following.sent().await, ["/api/chat.postMessage new 🔴 Shop is down"]);

        world.pass(MINUTE);
        world.services.acknowledge_as(OPERATOR, &incident, "Ada").await.unwrap();
        following.plan().await;
        assert_eq!(
            following.sent().await,
            ["/api/chat.update 1503435956.000247 🔵 Shop is down, and Ada takes care of it"]
        );

        world.pass(MINUTE);
        world.recovery(following.monitor).await;
        following.plan().await;
        assert_eq!(
            following.sent().await,
            [
                "/api/chat.update 1503435956.000247 🟢 Shop is up again",
                "/api/chat.postMessage 1503435956.000247 🟢 Shop is up again (down for 2 min)",
            ]
        );
        assert!(following.sent().await.is_empty());
    }
}

on_both! {
    async fn who_takes_care_is_not_told_after_the_end(world: World) {
        let following = Following::over(&world).await;
        let incident = world.outage(following.monitor).await;
        following.plan().await;
        following.sent().await;
        world.services.acknowledge_as(OPERATOR, &incident, "Ada").await.unwrap();
        following.plan().await;
        // Planned, but not sent before it was over.
        world.recovery(following.monitor).await;
        following.plan().await;
        assert_eq!(
            following.sent().await,
            [
                "/api/chat.update 1503435956.000247 🟢 Shop is up again",
                "/api/chat.postMessage 1503435956.000247 🟢 Shop is up again (down for less than a second)",
            ]
        );
    }
}

//! From an outage to a message of a bot that changes with it: planner, outbox, dispatcher and Slack, on both databases.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use domain::id::{IntegrationId, MonitorKey, ProjectId};
use domain::integration::{IntegrationDraft, SlackSettings};
use domain::time::MINUTE;
use domain::views::console::DeliveryQuery;
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

/// A Web API that takes every message, and calls each that is posted by its number.
async fn slack() -> (String, Calls) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    let calls = Calls::default();
    let (all, posted) = (calls.clone(), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (all, posted) = (all.clone(), posted.clone());
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
                    let ts = match body["ts"].as_str() {
                        Some(ts) => ts.to_owned(),
                        None => format!("1503435956.{:06}", 247 + posted.fetch_add(1, Ordering::Relaxed)),
                    };
                    all.lock().unwrap().push((path, body));
                    let answer = format!(r#"{{"ok":true,"channel":"C1","ts":"{ts}"}}"#);
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer.len());
                    socket.write_all((head + &answer).as_bytes()).await.unwrap();
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

on_both! {
    async fn what_somebody_asks_for_once_more_stands_below_the_first_and_ends_with_it(world: World) {
        let following = Following::over(&world).await;
        world.outage(following.monitor).await;
        following.plan().await;
        following.sent().await;
        let error = world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap().rows.remove(0);
        let replay = async || {
            assert_eq!(world.services.replay(OPERATOR, std::slice::from_ref(&error.id)).await.unwrap(), 1);
            following.sent().await
        };
        let answered = ["/api/chat.postMessage 1503435956.000247 🔴 Shop is down"];
        assert_eq!(replay().await, answered);
        assert_eq!(replay().await, answered);
        let kept = world.services.delivery(OPERATOR, &error.id).await.unwrap().row.external_id;
        assert_eq!(kept.as_deref(), Some("C1:1503435956.000247"));

        world.pass(2 * MINUTE);
        world.recovery(following.monitor).await;
        following.plan().await;
        assert_eq!(
            following.sent().await,
            [
                "/api/chat.update 1503435956.000247 🟢 Shop is up again",
                "/api/chat.update 1503435956.000248 🟢 Shop is up again",
                "/api/chat.update 1503435956.000249 🟢 Shop is up again",
                "/api/chat.postMessage 1503435956.000247 🟢 Shop is up again (down for 2 min)",
            ]
        );

        // It does not go on until somebody asks for it.
        world.pass(MINUTE);
        world.services.replay(OPERATOR, std::slice::from_ref(&error.id)).await.unwrap();
        following.dispatcher.pass().await.unwrap();
        let (_, body) = following.calls.lock().unwrap().remove(0);
        let text = body["text"].as_str().unwrap();
        assert!(text.contains("It was down for 2 min, since 00:00 UTC: secret reason"), "{text}");
        assert!(!body.to_string().contains("Acknowledge"), "nobody need take care of it: {body}");
    }
}

//! `kill -9` in the middle of a thousand deliveries loses none, and the receiver never sees a second id for the same message.
//!
//! The test starts itself again as a child that runs the engine on the same file; the parent receives, and kills.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::id::{DeliveryId, IntegrationId, ProjectId};
use domain::integration::webhook::WebhookBody;
use domain::integration::{IntegrationDraft, WebhookSettings};
use domain::message::{Body, EventNote, Message};
use domain::time::Timestamp;
use engine::chance::Chance;
use engine::checks::ChecksConfig;
use engine::clock::Clock;
use engine::housekeeping::Retention;
use engine::scheduler::Concurrency;
use engine::seal::Sealer;
use engine::store::deliveries::{self, NewDelivery};
use engine::store::{Db, integrations, projects};
use engine::{Engine, EngineConfig};

/// Tells the child where the database is.
const VARIABLE: &str = "PHAROS_OUTBOX_TEST_DATABASE";
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const MESSAGES: usize = 1_000;
/// What the receiver has heard: ids of deliveries, by the number of the message.
type Heard = Arc<Mutex<BTreeMap<u64, BTreeSet<String>>>>;

async fn open(path: &Path) -> Db {
    let db = Db::open(&Db::sqlite_url(path)).await.unwrap();
    db.sealing_with(Sealer::new([KEY], Chance::System).unwrap())
}

/// Not a test by itself: the part of the child. Without the variable it does nothing.
#[test]
fn child() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the parent test says in the environment that this is the child"
    )]
    let Ok(path) = std::env::var(VARIABLE) else { return };
    let _ = rustls::crypto::ring::default_provider().install_default();
    runtime().block_on(async {
        let many = NonZeroUsize::new(8).unwrap();
        let config = EngineConfig {
            carriers: engine::providers::Carriers::default(),
            checks: ChecksConfig::default(),
            concurrency: Concurrency { total: many, per_host: many },
            anchors: Vec::new(),
            retention: Retention::default(),
            base_url: String::new(),
        };
        let db = open(Path::new(&path)).await;
        let _engine = Engine::start(config, db, Clock::System, Chance::System).await.unwrap();
        std::future::pending::<()>().await;
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn killed_in_the_middle_of_a_thousand_deliveries_none_is_lost_and_each_keeps_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    let heard = Heard::default();
    let url = receive(heard.clone());
    runtime().block_on(fill(&path, &url));
    let begun = Instant::now();
    let mut kills = 0;
    while heard.lock().unwrap().len() < MESSAGES {
        assert!(begun.elapsed() < Duration::from_secs(90), "{} arrived", heard.lock().unwrap().len());
        let mut child = start(&path);
        // Different moments each time: at the first claim, in full swing; the last ones finish.
        let before = heard.lock().unwrap().len();
        let until = Instant::now() + Duration::from_millis(40 + kills * 67 % 300);
        while Instant::now() < until || heard.lock().unwrap().len() == before {
            std::thread::sleep(Duration::from_millis(5));
            if heard.lock().unwrap().len() == MESSAGES || begun.elapsed() > Duration::from_secs(90) {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    assert!(kills > 3, "killed {kills} times only");
    let heard = heard.lock().unwrap();
    assert_eq!(heard.keys().copied().collect::<Vec<_>>(), (0..MESSAGES as u64).collect::<Vec<_>>());
    let twice: Vec<_> = heard.iter().filter(|(_, ids)| ids.len() != 1).collect();
    assert!(twice.is_empty(), "messages with more than one id: {twice:?}");
    let ids: BTreeSet<_> = heard.values().flatten().collect();
    assert_eq!(ids.len(), MESSAGES, "each message has an id of its own");
}

fn start(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["outbox::child", "--exact", "--nocapture"])
        .env(VARIABLE, path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Two receivers behind one address, and a thousand messages for them.
async fn fill(path: &Path, url: &str) {
    let db = open(path).await;
    db.migrate().await.unwrap();
    let (chance, now) = (Chance::System, Clock::System.now());
    let mut tx = db.write().await.unwrap();
    let project = projects::ensure(&mut tx, &ProjectId::new(chance.bytes()), now).await.unwrap();
    let mut keys = Vec::new();
    for name in ["one", "two"] {
        let settings = WebhookSettings { body: WebhookBody::Envelope, ..WebhookSettings::to(url) };
        let draft =
            IntegrationDraft { name: name.to_owned(), settings: settings.into(), enabled: true, quiet: None };
        let id = IntegrationId::new(chance.bytes());
        keys.push(integrations::insert(&mut tx, project, &id, &draft, now).await.unwrap());
    }
    for number in 0..MESSAGES {
        let message = Message {
            at: Timestamp(0),
            base_url: String::new(),
            time_zone: "UTC".to_owned(),
            project: None,
            only: Vec::new(),
            body: Body::Event(EventNote {
                event: "incident.incident.created".to_owned(),
                payload: serde_json::json!({ "number": number }),
                subscription: "ES".to_owned(),
                name: "test".to_owned(),
            }),
        };
        let new = NewDelivery {
            id: &DeliveryId::new(chance.bytes()),
            integration: keys[number % 2],
            address: "",
            cause: &format!("test:{number}"),
            incident: None,
            monitor: None,
            message: &message,
            due_at: now,
            at: now,
        };
        assert!(deliveries::insert(&mut tx, &new).await.unwrap());
    }
    tx.commit().await.unwrap();
    db.close().await;
}

/// A receiver that takes everything, after a moment.
fn receive(heard: Heard) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let heard = heard.clone();
            std::thread::spawn(move || answer(&socket, &heard));
        }
    });
    url
}

/// Answers requests on one connection; a sender that is killed ends it anywhere.
fn answer(mut socket: &TcpStream, heard: &Heard) -> Option<()> {
    let mut reader = BufReader::new(socket);
    loop {
        let (mut id, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("x-delivery-id", value)) => value.clone_into(&mut id),
                Some(("content-length", value)) => length = value.parse().ok()?,
                _ if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let body: serde_json::Value = serde_json::from_slice(&body).ok()?;
        heard.lock().unwrap().entry(body["data"]["number"].as_u64()?).or_default().insert(id);
        std::thread::sleep(Duration::from_millis(3));
        socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
    }
}

//! How fast a full outbox is emptied beside a bare client, and whether checks stay punctual meanwhile.
//!
//! `cargo bench --bench delivering`

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

mod support;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::check::{CheckSettings, HttpSettings};

use domain::id::{DeliveryId, IntegrationId, MonitorId, ProjectId};
use domain::integration::webhook::WebhookBody;
use domain::integration::{IntegrationDraft, WebhookSettings};
use domain::message::{Body, EventNote, Message};
use domain::monitor::{MonitorDraft, Policy};
use domain::notes::Notes;
use domain::person::Viewer;
use domain::time::Timestamp;
use engine::chance::Chance;
use engine::checks::ChecksConfig;
use engine::clock::Clock;
use engine::housekeeping::Retention;
use engine::scheduler::Concurrency;
use engine::store::deliveries::{self, NewDelivery};
use engine::store::{self, Db, claiming, integrations, projects};
use engine::{Engine, EngineConfig};

/// Messages in the outbox.
const MESSAGES: usize = 10_000;
/// Integrations that they are for.
const INTEGRATIONS: usize = 4;
/// Requests of the bare loop at a time: as many as the dispatcher has on their way to so many integrations.
const AT_A_TIME: usize = 8 * INTEGRATIONS;
/// How often both take turns.
const ROUNDS: usize = 9;
/// Posts of the bare loop in a turn, so that it takes about as long as ours.
const POSTS: usize = 2 * MESSAGES;
/// Monitors, each every 5 s: 1,000 checks a second.
const MONITORS: usize = 5_000;

fn main() {
    support::serve_if_target();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let target = support::Target::start();
    let watched = support::Target::start();
    support::runtime(2).block_on(run(target.address, watched.address));
}

async fn run(target: SocketAddr, watched: SocketAddr) {
    let folder = tempfile::tempdir().expect("a folder");
    let db = Db::open(&Db::sqlite_url(&folder.path().join("bench.db"))).await.expect("a database");
    db.migrate().await.expect("a schema");
    watch(&db, watched).await;
    let many = NonZeroUsize::new(1_000).expect("not zero");
    let config = EngineConfig {
        carriers: engine::providers::Carriers::default(),
        checks: ChecksConfig::default(),
        concurrency: Concurrency { total: many, per_host: many },
        anchors: Vec::new(),
        retention: Retention::default(),
        base_url: String::new(),
    };
    let engine = Engine::start(config, db.clone(), Clock::System, Chance::System).await.expect("an engine");
    let (vitals, services) = (engine.vitals(), engine.services());
    tokio::time::sleep(Duration::from_secs(6)).await;

    // Both while a thousand checks a second run; in turns, because other programs disturb now the one and now the other.
    let (mut floor, mut ours) = (Spent::default(), Spent::default());
    vitals.forget_lateness();
    for round in 1..=ROUNDS {
        floor.add(bare(target).await);
        services.set_all_stop(&Viewer::System, true).await.expect("a stop");
        fill(&db, target, round).await;
        let begin = Begin::now();
        services.set_all_stop(&Viewer::System, false).await.expect("a start");
        // Not the counts of the log: they look at every message, and the watching would be measured too.
        while waits(&db).await {
            assert!(begin.wall.elapsed() < Duration::from_mins(2), "the outbox does not become empty");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        ours.add(begin.spent(MESSAGES));
        let counts = services.delivery_counts(&Viewer::System, 1).await.expect("counts");
        assert_eq!((counts.failed, counts.retrying), (0, 0), "the receiver takes everything");
    }
    support::ratio(
        "deliveries/s of a full outbox, at 1,000 checks/s / bare posts/s, at 1,000 checks/s",
        ours.rate() / floor.rate(),
        0.5,
        false,
        &format!(
            "{:.0} / {:.0}; CPU {:.0} µs / {:.0} µs",
            ours.rate(),
            floor.rate(),
            ours.each(),
            floor.each()
        ),
    );
    let late = vitals.lateness_total(0.99).unwrap_or(0) as f64 / 1_000.0;
    support::figure("lateness p99 of 1,000 checks/s meanwhile", late, "ms", 25.0);
    engine.stop().await;
    db.close().await;
}

/// When a loop began.
struct Begin {
    wall: Instant,
    cpu: Duration,
}

impl Begin {
    fn now() -> Self {
        Self { wall: Instant::now(), cpu: support::cpu() }
    }

    fn spent(&self, messages: usize) -> Spent {
        Spent { messages, wall: self.wall.elapsed(), cpu: support::cpu().saturating_sub(self.cpu) }
    }
}

/// What messages took; the checks that ran meanwhile included.
#[derive(Clone, Copy, Default)]
struct Spent {
    messages: usize,
    wall: Duration,
    cpu: Duration,
}

impl Spent {
    fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.wall += other.wall;
        self.cpu += other.cpu;
    }

    /// Messages a second.
    fn rate(&self) -> f64 {
        self.messages as f64 / self.wall.as_secs_f64()
    }

    /// CPU time of a message, in microseconds.
    fn each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.messages as f64
    }
}

/// Whether anything is to be sent, whoever holds it.
async fn waits(db: &Db) -> bool {
    let mut tx = db.read().await.expect("a transaction");
    claiming::any_due(&mut tx, Timestamp(i64::MAX)).await.expect("an answer")
}

async fn watch(db: &Db, address: SocketAddr) {
    let mut tx = db.write().await.expect("a transaction");
    for number in 0..MONITORS {
        let draft = MonitorDraft {
            name: format!("monitor {number}"),
            settings: CheckSettings::from(HttpSettings::get(&format!("http://{address}/{number}"))),
            policy: Policy { interval: 5_000, ..Policy::default() },
            notes: Notes::default(),
        };
        let id = MonitorId::new(Chance::System.bytes());
        store::monitors::insert(&mut tx, &id, &draft, None, Clock::System.now()).await.expect("a monitor");
    }
    tx.commit().await.expect("a commit");
}

/// The floor: one client, its connections kept, the same body made anew for each request.
async fn bare(target: SocketAddr) -> Spent {
    let client =
        reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().expect("a client");
    let url = Arc::new(format!("http://{target}/hook"));
    let begin = Begin::now();
    let tasks: Vec<_> = (0..AT_A_TIME)
        .map(|task| {
            let (client, url) = (client.clone(), url.clone());
            tokio::spawn(async move {
                for number in (task..POSTS).step_by(AT_A_TIME) {
                    let body = serde_json::to_string(&message(number)).expect("JSON");
                    let request =
                        client.post(url.as_str()).header("content-type", "application/json").body(body);
                    let answer = request.send().await.expect("an answer");
                    assert!(answer.status().is_success());
                    answer.bytes().await.expect("a body");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    begin.spent(POSTS)
}

fn message(number: usize) -> Message {
    Message {
        at: Clock::System.now(),
        base_url: "https://status.example.org".to_owned(),
        time_zone: "UTC".to_owned(),
        project: None,
        only: Vec::new(),
        body: Body::Event(EventNote {
            event: "incident.incident.created".to_owned(),
            payload: serde_json::json!({ "number": number, "title": "Shop is down", "systemIds": ["NM00000000000000000001"] }),
            subscription: "ES00000000000000000001".to_owned(),
            name: "bench".to_owned(),
        }),
    }
}

async fn fill(db: &Db, target: SocketAddr, round: usize) {
    let (chance, now) = (Chance::System, Clock::System.now());
    let mut tx = db.write().await.expect("a transaction");
    let project = projects::ensure(&mut tx, &ProjectId::new(chance.bytes()), now).await.expect("a project");
    let mut keys = Vec::new();
    for number in 0..INTEGRATIONS {
        let url = format!("http://{target}/hook");
        let settings = WebhookSettings { body: WebhookBody::Envelope, ..WebhookSettings::to(&url) };
        let draft = IntegrationDraft {
            name: format!("hook {round} {number}"),
            settings: settings.into(),
            enabled: true,
            quiet: None,
        };
        let id = IntegrationId::new(chance.bytes());
        keys.push(integrations::insert(&mut tx, project, &id, &draft, now).await.expect("an integration"));
    }
    for number in 0..MESSAGES {
        let message = message(number);
        let new = NewDelivery {
            id: &DeliveryId::new(chance.bytes()),
            integration: keys[number % INTEGRATIONS],
            address: "",
            cause: &format!("bench:{round}:{number}"),
            incident: None,
            monitor: None,
            message: &message,
            due_at: now,
            at: now,
        };
        assert!(deliveries::insert(&mut tx, &new).await.expect("a delivery"));
    }
    tx.commit().await.expect("a commit");
}

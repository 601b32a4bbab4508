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
use engine::chance::Chance;
use engine::checks::ChecksConfig;
use engine::clock::Clock;
use engine::housekeeping::Retention;
use engine::scheduler::Concurrency;
use engine::store::deliveries::{self, NewDelivery};
use engine::store::{self, Db, integrations, projects};
use engine::{Engine, EngineConfig};

/// Messages in the outbox.
const MESSAGES: usize = 10_000;
/// Integrations that they are for.
const INTEGRATIONS: usize = 4;
/// Requests of the bare loop at a time: as many as the dispatcher has on their way to so many integrations.
const AT_A_TIME: usize = 8 * INTEGRATIONS;
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

    // Both while a thousand checks a second run.
    let floor = bare(target).await;
    services.set_all_stop(&Viewer::System, true).await.expect("a stop");
    fill(&db, target).await;
    vitals.forget_lateness();
    let begin = Instant::now();
    services.set_all_stop(&Viewer::System, false).await.expect("a start");
    loop {
        let counts = services.delivery_counts(&Viewer::System, 1).await.expect("counts");
        if counts.delivered == i64::try_from(MESSAGES).unwrap_or(0) {
            break;
        }
        assert_eq!(counts.failed + counts.retrying, 0, "the receiver takes everything");
        assert!(begin.elapsed() < Duration::from_mins(2), "{counts:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ours = MESSAGES as f64 / begin.elapsed().as_secs_f64();
    support::ratio(
        "deliveries/s of a full outbox, at 1,000 checks/s / bare posts/s, at 1,000 checks/s",
        ours / floor,
        0.5,
        false,
        &format!("{ours:.0} / {floor:.0}"),
    );
    let late = vitals.lateness_total(0.99).unwrap_or(0) as f64 / 1_000.0;
    support::figure("lateness p99 of 1,000 checks/s meanwhile", late, "ms", 25.0);
    engine.stop().await;
    db.close().await;
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
async fn bare(target: SocketAddr) -> f64 {
    let client =
        reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().expect("a client");
    let url = Arc::new(format!("http://{target}/hook"));
    let begin = Instant::now();
    let tasks: Vec<_> = (0..AT_A_TIME)
        .map(|task| {
            let (client, url) = (client.clone(), url.clone());
            tokio::spawn(async move {
                for number in (task..MESSAGES).step_by(AT_A_TIME) {
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
    MESSAGES as f64 / begin.elapsed().as_secs_f64()
}

fn message(number: usize) -> Message {
    Message {
        at: Clock::System.now(),
        base_url: "https://status.example.org".to_owned(),
        time_zone: "UTC".to_owned(),
        project: None,
        body: Body::Event(EventNote {
            event: "incident.incident.created".to_owned(),
            payload: serde_json::json!({ "number": number, "title": "Shop is down", "systemIds": ["NM00000000000000000001"] }),
            subscription: "ES00000000000000000001".to_owned(),
            name: "bench".to_owned(),
        }),
    }
}

async fn fill(db: &Db, target: SocketAddr) {
    let (chance, now) = (Chance::System, Clock::System.now());
    let mut tx = db.write().await.expect("a transaction");
    let project = projects::ensure(&mut tx, &ProjectId::new(chance.bytes()), now).await.expect("a project");
    let mut keys = Vec::new();
    for number in 0..INTEGRATIONS {
        let url = format!("http://{target}/hook");
        let settings = WebhookSettings { body: WebhookBody::Envelope, ..WebhookSettings::to(&url) };
        let draft = IntegrationDraft {
            name: format!("hook {number}"),
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
            cause: &format!("bench:{number}"),
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

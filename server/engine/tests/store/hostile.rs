//! What targets and receivers say, and the database would rather not hear.

use std::sync::Arc;
use std::time::Duration;

use domain::check::{CheckReport, Evidence, Failure, Hop, Outcome};
use domain::delivery::DeliveryState;
use domain::health::Settled;
use domain::id::{IncidentId, MonitorKey};
use domain::integration::{IntegrationDraft, WebhookSettings};
use domain::time::{MINUTE, Timestamp};
use domain::views::console::DeliveryQuery;
use engine::bus::Bus;
use engine::recorder::{Recorder, Submission, Writer};
use engine::registry::Registry;
use engine::store::{self, Kind, views};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::on_both;
use crate::tellers::{Receiver, Telling, attach, insert, integration};
use crate::world::{OPERATOR, START, World};

/// A recorder that holds every shard and knows these monitors.
async fn recorder(world: &World, monitors: &[MonitorKey]) -> Writer {
    let (vitals, registry) = (Arc::default(), Registry::default());
    let mut tx = world.db.write().await.unwrap();
    for shard in 0..64 {
        let until = Timestamp(START.0 + 60 * MINUTE);
        store::leases::claim(&mut tx, shard, "only", START, until).await.unwrap().unwrap();
    }
    for key in monitors {
        let monitor = store::monitors::by_key(&mut tx, *key).await.unwrap().unwrap();
        let kept = store::health::get(&mut tx, *key).await.unwrap().unwrap();
        registry.put(Arc::new(monitor), kept);
    }
    tx.commit().await.unwrap();
    let (rechecks, _) = mpsc::unbounded_channel();
    Writer {
        recorder: Recorder::new(registry.clone(), Arc::clone(&vitals), rechecks),
        db: world.db.clone(),
        registry,
        bus: Bus::default(),
        clock: world.clock.clone(),
        chance: world.chance.clone(),
        node: "only".to_owned(),
        vitals,
    }
}

on_both! {
    async fn a_nul_in_an_answer_is_recorded_like_everything_else(world: World) {
        let (binary, _) = world.monitor("Binary").await;
        let (calm, _) = world.monitor("Calm").await;
        let writer = recorder(&world, &[binary, calm]).await;
        let failure = Failure::ProtocolError { reason: "got 5.7\0mysql".to_owned() };
        let evidence = Evidence {
            excerpt: Some("\0\0".to_owned()),
            headers: vec![("server".to_owned(), "a\0b".to_owned())],
            redirects: vec![Hop { status: 302, to: "/\0".to_owned() }],
            ..Evidence::default()
        };
        let report = CheckReport { evidence, ..CheckReport::bare(Outcome::down(failure)) };
        for minute in 1..=3 {
            let slot = Timestamp(START.0 + minute * MINUTE);
            for (monitor, report) in [(binary, report.clone()), (calm, CheckReport::bare(Outcome::Up))] {
                writer.recorder.submit(Submission { monitor, slot, report: Arc::new(report) });
            }
        }
        let cancel = CancellationToken::new();
        let drained = writer.drain(&cancel);
        tokio::time::timeout(Duration::from_secs(20), drained).await.expect("the recorder goes on");
        let mut tx = world.db.read().await.unwrap();
        let kept = store::health::get(&mut tx, binary).await.unwrap().unwrap();
        assert_eq!(kept.health.settled, Settled::Down);
        assert!(kept.failure.unwrap().contains("5.7\u{fffd}mysql"));
        let latest = store::evidence::latest(&mut tx, binary, 1).await.unwrap();
        assert_eq!(latest[0].report.evidence.headers[0].1, "a\u{fffd}b");
        let kept = store::health::get(&mut tx, calm).await.unwrap().unwrap();
        assert_eq!(kept.health.settled, Settled::Up);
    }

    async fn a_value_that_the_database_refuses_is_about_the_data(world: World) {
        let (monitor, _) = world.monitor("Shop").await;
        let opening = |id, title, monitor| store::incidents::Opening {
            id, monitor, title, reason: "r", started_at: START, at: START,
        };
        let id = IncidentId::new([1; 13]);
        let mut tx = world.db.write().await.unwrap();
        let nobody = store::incidents::open(&mut tx, &opening(&id, "t", MonitorKey(99_999))).await;
        assert!(nobody.unwrap_err().is_about_the_data());
        drop(tx);
        if world.db.kind() == Kind::Postgres {
            let mut tx = world.db.write().await.unwrap();
            let refused = store::incidents::open(&mut tx, &opening(&id, "a\0b", monitor)).await;
            assert!(refused.unwrap_err().is_about_the_data());
        }
        // A database that does not answer is no reason to drop an outcome.
        world.db.close().await;
        assert!(!world.db.write().await.unwrap_err().is_about_the_data());
    }
}

/// A web server that answers everything with this body.
async fn answering(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut buffer = [0; 8_192];
            let _ = socket.read(&mut buffer).await;
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\n\
                 content-length: {length}\r\n\r\n{body}"
            );
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    url
}

on_both! {
    async fn a_nul_in_a_receivers_answer_stops_nobody(world: World) {
        let (receiver, hostile) = (Receiver::open().await, answering(r#"{"id":"a\u0000b"}"#).await);
        let (monitor, id) = world.monitor("Shop").await;
        let settings = WebhookSettings { signing_secret: None, ..WebhookSettings::to(&hostile) };
        let draft =
            IntegrationDraft { name: "bad".to_owned(), settings: settings.into(), enabled: true, quiet: None };
        let (bad, _) = insert(&world, &draft).await;
        let (good, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, bad).await;
        attach(&world, monitor, good).await;
        world.outage(monitor).await;
        Telling::over(&world).pass().await;
        let mut tx = world.db.read().await.unwrap();
        let query = DeliveryQuery { monitor: Some(id), ..DeliveryQuery::default() };
        let rows = views::deliveries::list(&mut tx, &query).await.unwrap();
        assert!(rows.iter().all(|row| row.state == DeliveryState::Delivered), "{rows:?}");
        let bad = rows.iter().find(|row| row.integration.name == "bad").unwrap();
        assert_eq!(bad.external_id.as_deref(), Some("a\u{fffd}b"));
        drop(tx);
        let detail = world.services.delivery(OPERATOR, &bad.id).await.unwrap();
        assert!(detail.attempts[0].response.contains(r"a\u0000b"), "the answer stands in the log as it came");
    }
}

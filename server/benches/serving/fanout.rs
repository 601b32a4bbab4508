//! One change of a component to thousands of listeners beside a bare broadcast, and what a listener costs.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{Message, Utf8Bytes};
use axum::routing::any;
use domain::check::PushSettings;
use domain::health::Thresholds;
use domain::id::MonitorId;
use domain::monitor::{MonitorDraft, Policy};
use domain::notes::Notes;
use domain::person::Viewer;
use domain::views::console::ComponentDraft;
use engine::chance::Chance;
use engine::clock::Clock;
use engine::services::push::Beat;
use engine::store::{self, Db};
use server::live::wire::{Resume, Sent};
use server::start::Running;
use tokio::net::TcpListener;
use tokio::sync::broadcast;

use crate::clients::Clients;
use crate::{serve, support};

const LISTENERS: usize = 5_000;
/// Components of the page.
const COMPONENTS: usize = 50;
/// Changes that are timed.
const CHANGES: usize = 20;
/// Between two changes; the hub shows what comes closer together at once.
const PAUSE: Duration = Duration::from_millis(300);
/// What a push monitor is called by.
const TOKEN: &str = "bench";
/// What every frame with a change has in it.
const MARKER: &str = "\"parts\":[{";

pub(crate) fn bench() {
    let runtime = support::runtime(2);
    let folder = tempfile::tempdir().unwrap();
    let running = runtime.block_on(site(folder.path()));
    let path = || {
        let place = runtime.block_on(async { running.state.hub.face(None).await.unwrap().place() });
        format!("/live/main?seq={}", place.number())
    };

    let mut one = Clients::listeners(running.address, &path(), 1, MARKER, true);
    assert_eq!(one.next(), "ready");
    let alone = changes(&runtime, &running, &mut one);
    drop(one);
    support::figure(
        "heartbeat that fails to the frame at one listener, slowest of 20",
        alone.slowest(),
        "ms",
        100.0,
    );

    let before = support::resident();
    let mut many = Clients::listeners(running.address, &path(), LISTENERS, MARKER, true);
    assert_eq!(many.next(), "ready");
    let bytes = (support::resident() - before) as f64 / LISTENERS as f64;
    let mut frames = runtime.block_on(frames(&running));
    let ours = changes(&runtime, &running, &mut many);
    drop(many);
    let frames: Vec<_> = std::iter::from_fn(|| frames.try_recv().ok()).map(|sent| sent.text).collect();
    assert_eq!(frames.len(), CHANGES, "a frame for each change");
    runtime.block_on(running.stop());

    let (sender, address) = runtime.block_on(bare());
    let before = support::resident();
    let mut many = Clients::listeners(address, "/", LISTENERS, MARKER, false);
    assert_eq!(many.next(), "ready");
    let bare_bytes = (support::resident() - before) as f64 / LISTENERS as f64;
    let mut theirs = Times::default();
    for frame in &frames {
        std::thread::sleep(PAUSE);
        let (begun, cpu) = (Instant::now(), support::cpu());
        // From a task, as in a server: the main thread would be one more at work.
        let (sender, frame) = (sender.clone(), frame.clone());
        let sent = runtime.block_on(runtime.spawn(async move { sender.send(frame).is_ok() }));
        assert!(sent.unwrap());
        assert_eq!(many.next(), "all");
        theirs.add(begun, cpu);
    }
    support::ratio(
        "one change to 5,000 sockets / bare broadcast, until the last has it",
        ours.each() / theirs.each(),
        1.5,
        true,
        &format!(
            "{:.0} / {:.0} ms, frames of {} to {} bytes",
            ours.each(),
            theirs.each(),
            frames.iter().map(|frame| frame.len()).min().unwrap(),
            frames.iter().map(|frame| frame.len()).max().unwrap()
        ),
    );
    support::ratio(
        "one change to 5,000 sockets / bare broadcast, CPU",
        ours.cpu.as_secs_f64() / theirs.cpu.as_secs_f64(),
        1.5,
        true,
        &format!(
            "{:.0} / {:.0} ms a change, of which {:.0} ms with one listener",
            ours.cpu_each(),
            theirs.cpu_each(),
            alone.cpu_each()
        ),
    );
    println!(
        "     memory of a listener: {:.1} kB; of a bare one {:.1} kB",
        bytes / 1_024.0,
        bare_bytes / 1_024.0
    );
}

/// How long changes took.
#[derive(Default)]
struct Times {
    millis: Vec<f64>,
    cpu: Duration,
}

impl Times {
    fn add(&mut self, begun: Instant, cpu: Duration) {
        self.millis.push(begun.elapsed().as_secs_f64() * 1e3);
        self.cpu += support::cpu().saturating_sub(cpu);
    }

    /// The mean: an end sends more than a beginning, so that there is no usual one.
    fn each(&self) -> f64 {
        self.millis.iter().sum::<f64>() / self.millis.len() as f64
    }

    fn slowest(&self) -> f64 {
        self.millis.iter().copied().fold(0.0, f64::max)
    }

    fn cpu_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e3 / self.millis.len() as f64
    }
}

/// A server whose page has 50 components; the first follows a job that reports for itself.
async fn site(folder: &std::path::Path) -> Running {
    let db = Db::open(&Db::sqlite_url(&folder.join("pharos.db"))).await.unwrap();
    db.migrate().await.unwrap();
    let policy = Policy { thresholds: Thresholds { failure: 1, recovery: 1 }, ..Policy::default() };
    let draft = MonitorDraft {
        name: "job".to_owned(),
        settings: PushSettings::every(3_600, 60).into(),
        policy,
        notes: Notes::default(),
    };
    let id = MonitorId::new(Chance::System.bytes());
    let mut tx = db.write().await.unwrap();
    store::monitors::insert(&mut tx, &id, &draft, Some(TOKEN), Clock::System.now()).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await;
    let running = serve(folder, None, Clock::System).await;
    for place in 0..COMPONENTS {
        let draft = ComponentDraft {
            name: format!("Component {place}"),
            monitors: if place == 0 { vec![id.clone()] } else { Vec::new() },
            show_uptime: true,
            ..ComponentDraft::default()
        };
        running.state.services.add_component(&Viewer::System, &draft).await.unwrap();
    }
    beat(&running, true).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    running
}

async fn beat(running: &Running, well: bool) {
    let beat = if well {
        Beat::Success { latency_us: None, message: String::new() }
    } else {
        Beat::Failure { exit: Some(1), message: String::new() }
    };
    running.state.services.push(TOKEN, beat).await.unwrap();
}

/// The job fails and recovers in turns; each time until every listener has been told.
fn changes(runtime: &tokio::runtime::Runtime, running: &Running, listeners: &mut Clients) -> Times {
    let mut times = Times::default();
    for round in 0..CHANGES {
        std::thread::sleep(PAUSE);
        let (begun, cpu) = (Instant::now(), support::cpu());
        runtime.block_on(beat(running, round % 2 == 1));
        assert_eq!(listeners.next(), "all");
        times.add(begun, cpu);
    }
    times
}

/// The frames that are sent from now on: the floor sends the same.
async fn frames(running: &Running) -> broadcast::Receiver<Sent> {
    let face = running.state.hub.face(None).await.unwrap();
    face.follow(&Resume { seq: face.place(), build: None }, running.state.hub.last_event()).1
}

/// The floor: a socket that passes on what is broadcast, and nothing else.
async fn bare() -> (broadcast::Sender<Utf8Bytes>, SocketAddr) {
    let (sender, _) = broadcast::channel::<Utf8Bytes>(64);
    let news = sender.clone();
    let follow = move |upgrade: WebSocketUpgrade| async move {
        upgrade.on_upgrade(move |mut socket| async move {
            let mut news = news.subscribe();
            while let Ok(text) = news.recv().await {
                if socket.send(Message::Text(text)).await.is_err() {
                    break;
                }
            }
        })
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", any(follow))).await });
    (sender, address)
}

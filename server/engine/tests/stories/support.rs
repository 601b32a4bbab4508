//! A recorder over a fresh SQLite file, driven by hand.

use std::sync::Arc;
use std::time::Duration;

use domain::check::{CheckReport, Failure, Outcome, Phase, recognise};
use domain::event::{Event, Numbered, Seq};
use domain::health::{State, Thresholds};
use domain::id::{MonitorId, MonitorKey};
use domain::monitor::{MonitorDraft, Policy};
use domain::notes::Notes;
use domain::time::Timestamp;
use domain::uptime::ResultState;
use engine::bus::Bus;
use engine::chance::Chance;
use engine::clock::Clock;
use engine::recorder::{Recheck, Recorder, Submission, Writer};
use engine::registry::Registry;
use engine::store::{self, Db};
use tokio::sync::mpsc;

/// Where every story begins: 2026-01-01T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp(1_767_225_600_000);

/// A recorder whose batches a story decides.
pub(crate) struct Story {
    pub(crate) db: Db,
    pub(crate) writer: Writer,
    pub(crate) rechecks: mpsc::UnboundedReceiver<Recheck>,
    /// Removed at the end.
    _folder: tempfile::TempDir,
}

impl Story {
    pub(crate) async fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&Db::sqlite_url(&folder.path().join("story.db"))).await.unwrap();
        db.migrate().await.unwrap();
        let (sender, rechecks) = mpsc::unbounded_channel();
        Self { writer: writer(db.clone(), sender), db, rechecks, _folder: folder }
    }

    /// Adds a monitor that is checked every minute.
    pub(crate) async fn monitor(&self, name: &str, thresholds: Thresholds) -> MonitorKey {
        self.monitor_with(name, Policy { thresholds, ..Policy::default() }).await
    }

    /// Adds a monitor that is checked as the policy says.
    pub(crate) async fn monitor_with(&self, name: &str, policy: Policy) -> MonitorKey {
        let key = add_monitor_with(&self.db, name, policy).await;
        load(&self.db, &self.writer.registry, key).await;
        key
    }

    /// One more outcome, a minute after the one before.
    pub(crate) async fn outcome(&self, monitor: MonitorKey, outcome: Outcome) {
        self.writer.clock.advance(Duration::from_mins(1));
        let slot = self.writer.clock.now();
        let report = Arc::new(CheckReport { latency_us: Some(80_000), ..CheckReport::bare(outcome) });
        self.writer.record(&[Submission { monitor, slot, report }]).await.unwrap();
    }

    pub(crate) async fn state(&self, monitor: MonitorKey) -> State {
        let mut tx = self.db.read().await.unwrap();
        store::health::get(&mut tx, monitor).await.unwrap().unwrap().health.state(false)
    }

    pub(crate) async fn results(&self, monitor: MonitorKey) -> Vec<ResultState> {
        let mut tx = self.db.read().await.unwrap();
        let mut beats = store::results::latest(&mut tx, monitor, 100).await.unwrap();
        beats.reverse();
        beats.into_iter().map(|beat| beat.state).collect()
    }

    pub(crate) async fn events(&self) -> Vec<Event> {
        all_events(&self.db).await.into_iter().map(|numbered| numbered.event).collect()
    }
}

pub(crate) fn writer(db: Db, rechecks: mpsc::UnboundedSender<Recheck>) -> Writer {
    let (vitals, registry) = (Arc::default(), Registry::default());
    Writer {
        recorder: Recorder::new(registry.clone(), Arc::clone(&vitals), rechecks),
        db,
        registry,
        bus: Bus::default(),
        clock: Clock::manual(START),
        chance: Chance::System,
        node: "only".to_owned(),
        vitals,
    }
}

pub(crate) async fn add_monitor(db: &Db, name: &str, thresholds: Thresholds) -> MonitorKey {
    add_monitor_with(db, name, Policy { thresholds, ..Policy::default() }).await
}

async fn add_monitor_with(db: &Db, name: &str, policy: Policy) -> MonitorKey {
    let settings = recognise("tcp://127.0.0.1:9").unwrap().settings;
    let draft = MonitorDraft { name: name.to_owned(), settings, policy, notes: Notes::default() };
    let mut tx = db.write().await.unwrap();
    let id = MonitorId::new(Chance::System.bytes());
    let key = store::monitors::insert(&mut tx, &id, &draft, None, START).await.unwrap();
    tx.commit().await.unwrap();
    key
}

pub(crate) async fn load(db: &Db, registry: &Registry, key: MonitorKey) {
    let mut tx = db.read().await.unwrap();
    let monitor = store::monitors::by_key(&mut tx, key).await.unwrap().unwrap();
    let kept = store::health::get(&mut tx, key).await.unwrap().unwrap();
    registry.put(Arc::new(monitor), kept);
}

pub(crate) async fn all_events(db: &Db) -> Vec<Numbered> {
    let mut tx = db.read().await.unwrap();
    store::events::after(&mut tx, Seq(0), i64::MAX).await.unwrap()
}

pub(crate) fn down() -> Outcome {
    Outcome::down(Failure::Timeout { after_ms: 10_000, phase: Phase::Connect })
}

//! What a test works with.

use std::sync::Arc;
use std::time::Duration;

use domain::check::{HttpSettings, PushSettings};
use domain::event::{Event, Numbered, Seq};
use domain::id::{MonitorId, MonitorKey};
use domain::monitor::{Monitor, MonitorDraft, Policy};
use domain::notes::Notes;
use domain::person::Viewer;
use domain::time::{DAY, Timestamp};
use domain::uptime::ResultState;
use engine::chance::Chance;
use engine::checks::{Checks, ChecksConfig};
use engine::clock::Clock;
use engine::housekeeping::{Housekeeping, Retention};
use engine::recorder::Recorder;
use engine::registry::Registry;
use engine::services::Services;
use engine::store::results::ResultRow;
use engine::store::{self, Db};
use engine::vitals::Vitals;

/// 2026-03-02T00:00:00Z, a Monday.
pub(crate) const START: Timestamp = Timestamp(1_772_409_600_000);
/// Whoever operates the console.
pub(crate) const OPERATOR: &Viewer = &Viewer::System;
/// Whoever looks at a page.
pub(crate) const VISITOR: &Viewer = &Viewer::Anonymous;

/// A migrated database of its own, and the services over it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) url: String,
    pub(crate) clock: Clock,
    pub(crate) chance: Chance,
    pub(crate) services: Services,
    _folder: Option<tempfile::TempDir>,
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = Db::sqlite_url(&folder.path().join("test.db"));
        Self::open(url, Some(folder)).await
    }

    pub(crate) async fn postgres() -> Option<Self> {
        Some(Self::open(crate::postgres::new_database().await?, None).await)
    }

    async fn open(url: String, folder: Option<tempfile::TempDir>) -> Self {
        let db = Db::open(&url).await.unwrap();
        db.migrate().await.unwrap();
        let (clock, chance) = (Clock::manual(START), Chance::seeded(7));
        let checks = Checks::new(ChecksConfig::default()).unwrap();
        let vitals = Arc::new(Vitals::default());
        let recorder =
            Recorder::new(Registry::default(), vitals.clone(), tokio::sync::mpsc::unbounded_channel().0);
        let telling =
            engine::services::Telling::new(&db, &clock, &chance, &checks, "node".to_owned(), String::new())
                .unwrap();
        let services =
            Services::new(db.clone(), clock.clone(), chance.clone(), checks, vitals, recorder, telling);
        Self { db, url, clock, chance, services, _folder: folder }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock by so many milliseconds.
    pub(crate) fn pass(&self, millis: i64) {
        self.clock.advance(Duration::from_millis(u64::try_from(millis).unwrap()));
    }

    /// Adds a monitor of a web page.
    pub(crate) async fn monitor(&self, name: &str) -> (MonitorKey, MonitorId) {
        let settings =
            HttpSettings::get(&format!("https://{}.secret.test/", name.to_lowercase().replace(' ', "-")));
        self.draft(name, settings.into()).await
    }

    /// Adds a push monitor.
    pub(crate) async fn push_monitor(&self, name: &str) -> (MonitorKey, MonitorId) {
        self.draft(name, PushSettings::every(60, 10).into()).await
    }

    async fn draft(&self, name: &str, settings: domain::check::CheckSettings) -> (MonitorKey, MonitorId) {
        let draft = MonitorDraft {
            name: name.to_owned(),
            settings,
            policy: Policy::default(),
            notes: Notes::default(),
        };
        let token =
            matches!(draft.settings, domain::check::CheckSettings::Push(_)).then(|| self.chance.token());
        let id = MonitorId::new(self.chance.bytes());
        let mut tx = self.db.write().await.unwrap();
        let key = store::monitors::insert(&mut tx, &id, &draft, token.as_deref(), self.now()).await.unwrap();
        tx.commit().await.unwrap();
        (key, id)
    }

    pub(crate) async fn load(&self, key: MonitorKey) -> Option<Monitor> {
        let mut tx = self.db.read().await.unwrap();
        store::monitors::by_key(&mut tx, key).await.unwrap()
    }

    /// Records results as they are.
    pub(crate) async fn record(&self, rows: &[ResultRow]) {
        let mut tx = self.db.write().await.unwrap();
        store::results::insert(&mut tx, rows).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Settles what is known of a monitor.
    pub(crate) async fn settle(&self, key: MonitorKey, settled: domain::health::Settled) {
        let mut tx = self.db.write().await.unwrap();
        let mut kept = store::health::get(&mut tx, key).await.unwrap().unwrap();
        kept.health = domain::health::Health { settled, since: self.now(), ..Default::default() };
        kept.failure = (settled == domain::health::Settled::Down).then(|| "secret reason".to_owned());
        assert!(store::health::update(&mut tx, &kept).await.unwrap());
        tx.commit().await.unwrap();
    }

    /// Opens the automatic incident of a monitor, as the recorder does.
    pub(crate) async fn outage(&self, key: MonitorKey) -> domain::id::IncidentId {
        self.settle(key, domain::health::Settled::Down).await;
        let id = domain::id::IncidentId::new(self.chance.bytes());
        let opening = store::incidents::Opening {
            id: &id,
            monitor: key,
            title: "secret-monitor is down",
            reason: "secret reason",
            started_at: self.now(),
            at: self.now(),
        };
        let mut tx = self.db.write().await.unwrap();
        let incident = store::incidents::open(&mut tx, &opening).await.unwrap().expect("no other is open");
        let names = store::incidents::component_names(&mut tx, incident).await.unwrap();
        let update = domain::id::IncidentUpdateId::new(self.chance.bytes());
        let body = domain::incident_words::opened(&names);
        let phase = domain::incident::IncidentPhase::Investigating;
        store::incidents::add_update(&mut tx, &update, incident, phase, &body, self.now()).await.unwrap();
        let event = Event::IncidentOpened { incident, id: id.clone(), monitor: Some(key) };
        store::events::append(&mut tx, self.now(), &[event]).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Ends it, as the recorder does.
    pub(crate) async fn recovery(&self, key: MonitorKey) {
        self.settle(key, domain::health::Settled::Up).await;
        let mut tx = self.db.write().await.unwrap();
        let over = store::incidents::resolve(&mut tx, key, self.now(), self.now()).await.unwrap();
        let over = over.expect("one is open");
        let event = Event::IncidentResolved { incident: over.incident, id: over.id, monitor: Some(key) };
        store::events::append(&mut tx, self.now(), &[event]).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn events(&self) -> Vec<Numbered> {
        let mut tx = self.db.read().await.unwrap();
        store::events::after(&mut tx, Seq(0), 10_000).await.unwrap()
    }

    /// Does all the housekeeping that is due.
    pub(crate) async fn keep_house(&self) {
        self.keep_house_with(Retention::default()).await;
    }

    pub(crate) async fn keep_house_with(&self, retention: Retention) {
        Housekeeping::new(self.db.clone(), retention).catch_up(self.now()).await.unwrap();
    }
}

/// A result of so many milliseconds, or without an answer.
pub(crate) fn result(monitor: MonitorKey, at: i64, state: ResultState, latency_ms: Option<i64>) -> ResultRow {
    ResultRow {
        monitor,
        at: Timestamp(at),
        state,
        latency_us: latency_ms.map(|millis| millis * 1_000),
        phases: domain::check::Phases {
            dns_us: latency_ms.map(|_| 1_000),
            wait_us: latency_ms.map(|millis| millis * 500),
            ..Default::default()
        },
        extra: false,
    }
}

/// A result every `step` milliseconds for so many days from [`START`] on, of every state and with many latencies, some of them extra; the same
/// ones every time.
pub(crate) fn days_of_results(monitor: MonitorKey, days: i64, step: i64) -> Vec<ResultRow> {
    let mut chance = 42_u64 + monitor.0.unsigned_abs();
    let mut draw = move |below: u64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % below
    };
    let one = |at: i64| {
        let state = match draw(20) {
            0 => ResultState::Down,
            1 => ResultState::Degraded,
            2 => ResultState::Confirming,
            3 => ResultState::Unknown,
            4 => ResultState::Maintenance,
            _ => ResultState::Up,
        };
        let answered = matches!(state, ResultState::Up | ResultState::Degraded);
        let latency = answered.then(|| i64::try_from(draw(900)).unwrap() + 5);
        // Every ninth is one that its slot does not need.
        ResultRow { extra: at / step % 9 == 4, ..result(monitor, at, state, latency) }
    };
    (START.0..START.0 + days * DAY).step_by(usize::try_from(step).unwrap()).map(one).collect()
}

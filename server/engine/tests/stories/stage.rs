//! A stage for stories about telling: the recorder, the planner and the dispatcher over one database, receivers, and a clock that
//! the story moves. It can be struck and set up again, as when the program restarts.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::alert::{Condition, DefinitionDraft, Level, LevelTarget, QuietHours};
use domain::check::{CheckReport, Outcome};
use domain::delivery::DeliveryState;
use domain::event::Event;
use domain::health::Thresholds;
use domain::id::{
    DefinitionId, DeliveryId, IncidentKey, IntegrationId, IntegrationKey, MonitorKey, ProjectId,
};
use domain::integration::webhook::WebhookBody;
use domain::integration::{IntegrationDraft, IntegrationSettings, WebhookSettings};
use domain::message::{Body, EventNote, Message};
use domain::monitor::SHARDS;
use domain::time::Timestamp;
use domain::views::console::DeliveryDetail;
use engine::chance::Chance;
use engine::checks::{Checks, ChecksConfig, Names};
use engine::clock::Clock;
use engine::recorder::{Recheck, Submission, Writer};
use engine::seal::Sealer;
use engine::services::Telling;
use engine::store::deliveries::{self, NewDelivery};
use engine::store::{self, Db, claiming, definitions, integrations, leases, mutes, outages, projects, views};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::receiver::Receiver;
use crate::support::{add_monitor, all_events, load, writer};

/// What a node is called here.
const NODE: &str = "only";
/// Seals secrets; the same after a restart.
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// How far the clock goes at a time.
const STEP: Duration = Duration::from_secs(15);
/// Long enough for a machine under load: what a running dispatcher is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Stage {
    pub(crate) db: Db,
    pub(crate) url: String,
    pub(crate) clock: Clock,
    telling: Telling,
    writer: Writer,
    monitors: Vec<MonitorKey>,
    /// Keeps the other end open.
    _rechecks: mpsc::UnboundedReceiver<Recheck>,
    /// Removed at the end.
    folder: Option<tempfile::TempDir>,
}

/// An integration and who stands behind it.
pub(crate) struct Teller {
    pub(crate) key: IntegrationKey,
    pub(crate) id: IntegrationId,
    pub(crate) receiver: Receiver,
}

/// A dispatcher that runs beside the story; dropped, it is gone as when the program is killed.
pub(crate) struct Dispatching(AbortHandle);

impl Drop for Dispatching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A database whose secrets the next one can open, too.
pub(crate) async fn open(url: &str) -> Db {
    let sealer = Sealer::new([KEY], Chance::System).unwrap();
    Db::open(url).await.unwrap().sealing_with(sealer)
}

impl Stage {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = Db::sqlite_url(&folder.path().join("stage.db"));
        let db = open(&url).await;
        db.migrate().await.unwrap();
        Self::over(db, url, Clock::manual(crate::support::START), Some(folder)).await
    }

    pub(crate) async fn postgres() -> Option<Self> {
        let url = crate::postgres::new_database().await?;
        let db = open(&url).await;
        db.migrate().await.unwrap();
        Some(Self::over(db, url, Clock::manual(crate::support::START), None).await)
    }

    async fn over(db: Db, url: String, clock: Clock, folder: Option<tempfile::TempDir>) -> Self {
        let telling = telling(&db, &clock, Names::System);
        let (sender, rechecks) = mpsc::unbounded_channel();
        let writer = Writer { clock: clock.clone(), ..writer(db.clone(), sender) };
        // Nobody else asks for shards, so they are held as long as the story lasts.
        let mut tx = db.write().await.unwrap();
        for shard in 0..SHARDS {
            let until = Timestamp(i64::MAX);
            leases::claim(&mut tx, i64::from(shard), NODE, clock.now(), until).await.unwrap();
        }
        tx.commit().await.unwrap();
        Self { db, url, clock, telling, writer, monitors: Vec::new(), _rechecks: rechecks, folder }
    }

    /// The program ends and starts again: everything that was only in memory is gone.
    pub(crate) async fn restart(self) -> Self {
        let Self { db, url, clock, monitors, folder, .. } = self;
        db.close().await;
        let db = open(&url).await;
        claiming::release(&db, NODE).await.unwrap();
        let mut stage = Self::over(db, url, clock, folder).await;
        for monitor in monitors {
            load(&stage.db, &stage.writer.registry, monitor).await;
            stage.monitors.push(monitor);
        }
        stage
    }

    /// From now on names have the addresses that a story says.
    pub(crate) fn resolves(&mut self, names: Names) {
        self.telling = telling(&self.db, &self.clock, names);
    }

    /// A monitor that believes the first failure.
    pub(crate) async fn monitor(&mut self, name: &str) -> MonitorKey {
        self.add(name, Thresholds { failure: 1, recovery: 1 }).await
    }

    /// A monitor that wants a failure confirmed.
    pub(crate) async fn careful_monitor(&mut self, name: &str) -> MonitorKey {
        self.add(name, Thresholds { failure: 2, recovery: 1 }).await
    }

    async fn add(&mut self, name: &str, thresholds: Thresholds) -> MonitorKey {
        let monitor = add_monitor(&self.db, name, thresholds).await;
        load(&self.db, &self.writer.registry, monitor).await;
        self.monitors.push(monitor);
        monitor
    }

    pub(crate) async fn hangs_on(&self, child: MonitorKey, parent: MonitorKey) {
        let mut tx = self.db.write().await.unwrap();
        mutes::set_parents(&mut tx, child, &[parent]).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn teller(&self) -> Teller {
        self.quiet_teller(None).await
    }

    pub(crate) async fn quiet_teller(&self, quiet: Option<QuietHours>) -> Teller {
        let receiver = Receiver::open().await;
        let settings = WebhookSettings::to(&receiver.url);
        self.teller_by(receiver, settings, quiet).await
    }

    /// An integration that reaches its receiver by other settings.
    pub(crate) async fn teller_by(
        &self,
        receiver: Receiver,
        settings: WebhookSettings,
        quiet: Option<QuietHours>,
    ) -> Teller {
        let settings = WebhookSettings { body: WebhookBody::Envelope, ..settings };
        self.teller_of(receiver, settings.into(), quiet).await
    }

    /// An integration of any kind.
    pub(crate) async fn teller_of(
        &self,
        receiver: Receiver,
        settings: IntegrationSettings,
        quiet: Option<QuietHours>,
    ) -> Teller {
        let draft = IntegrationDraft { name: "hook".to_owned(), settings, enabled: true, quiet };
        let mut tx = self.db.write().await.unwrap();
        let project = ProjectId::new(Chance::System.bytes());
        let project = projects::ensure(&mut tx, &project, self.clock.now()).await.unwrap();
        let id = IntegrationId::new(Chance::System.bytes());
        let key = integrations::insert(&mut tx, project, &id, &draft, self.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        Teller { key, id, receiver }
    }

    pub(crate) async fn attach(&self, monitor: MonitorKey, teller: &Teller) {
        let mut tx = self.db.write().await.unwrap();
        integrations::attach(&mut tx, monitor, teller.key).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// The default definition, for every monitor.
    pub(crate) async fn define(&self, levels: Vec<Level>) {
        let mut tx = self.db.write().await.unwrap();
        let project = projects::only(&mut tx).await.unwrap().expect("a teller came first");
        let draft = DefinitionDraft { name: "All".to_owned(), active: true, monitors: Vec::new(), levels };
        let id = DefinitionId::new(Chance::System.bytes());
        definitions::insert(&mut tx, project.key, &id, &draft, true, self.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// How many outcomes were recorded, and how many dropped.
    pub(crate) fn counted(&self) -> (u64, u64) {
        let vitals = &self.writer.vitals;
        (vitals.recorded.load(Ordering::Relaxed), vitals.dropped.load(Ordering::Relaxed))
    }

    /// A check ends now.
    pub(crate) async fn sees(&self, monitor: MonitorKey, outcome: Outcome) {
        self.reports(monitor, CheckReport::bare(outcome)).await;
    }

    /// The same with all that it saw.
    pub(crate) async fn reports(&self, monitor: MonitorKey, report: CheckReport) {
        let report = Arc::new(report);
        self.writer.record(&[Submission { monitor, slot: self.clock.now(), report }]).await.unwrap();
    }

    /// A check ends after some time.
    pub(crate) async fn sees_later(&self, monitor: MonitorKey, outcome: Outcome, after: Duration) {
        self.pass(after).await;
        self.sees(monitor, outcome).await;
    }

    /// Lets so much time pass, and everything that is due meanwhile be planned and sent.
    pub(crate) async fn pass(&self, time: Duration) {
        let mut left = time;
        self.settle().await;
        while !left.is_zero() {
            let step = left.min(STEP);
            self.clock.advance(step);
            left -= step;
            self.settle().await;
        }
    }

    /// Plans and sends what is due now.
    pub(crate) async fn settle(&self) {
        self.telling.planner.round().await.unwrap();
        self.telling.dispatcher.pass().await.unwrap();
    }

    /// Puts so many messages for an integration into the outbox.
    pub(crate) async fn fill(&self, teller: &Teller, count: usize) -> Vec<DeliveryId> {
        let (at, mut ids) = (self.clock.now(), Vec::with_capacity(count));
        let event = "incident.created".to_owned();
        let note = EventNote {
            event,
            payload: serde_json::json!({ "title": "Shop is down" }),
            subscription: "ES00000000000000000001".to_owned(),
            name: "all".to_owned(),
        };
        let (base_url, time_zone) = ("https://status.example.org".to_owned(), "UTC".to_owned());
        let message =
            Message { at, base_url, time_zone, project: None, only: Vec::new(), body: Body::Event(note) };
        let mut tx = self.db.write().await.unwrap();
        for _ in 0..count {
            let id = DeliveryId::new(Chance::System.bytes());
            let new = NewDelivery {
                id: &id,
                integration: teller.key,
                address: "",
                cause: &format!("test:{id}"),
                incident: None,
                monitor: None,
                message: &message,
                due_at: at,
                at,
            };
            assert!(deliveries::insert(&mut tx, &new).await.unwrap());
            ids.push(id);
        }
        tx.commit().await.unwrap();
        ids
    }

    /// Sends from now on by itself what is due by the story's clock.
    pub(crate) fn dispatch(&self) -> Dispatching {
        let running = self.telling.dispatcher.clone().run(CancellationToken::new());
        Dispatching(tokio::spawn(running).abort_handle())
    }

    /// Lets time pass beside a running dispatcher, and wakes it.
    pub(crate) fn skip(&self, time: Duration) {
        self.clock.advance(time);
        self.telling.dispatcher.outbox.notify_one();
    }

    /// What is known of a message.
    pub(crate) async fn delivery(&self, id: &DeliveryId) -> DeliveryDetail {
        let mut tx = self.db.read().await.unwrap();
        views::deliveries::detail(&mut tx, id.as_str()).await.unwrap().unwrap()
    }

    /// The messages in a state.
    pub(crate) async fn in_state(&self, ids: &[DeliveryId], state: DeliveryState) -> Vec<DeliveryId> {
        let mut found = Vec::new();
        for id in ids {
            if self.delivery(id).await.row.state == state {
                found.push(id.clone());
            }
        }
        found
    }

    /// Plans what is due now, and sends nothing.
    pub(crate) async fn plan(&self) {
        self.telling.planner.round().await.unwrap();
    }

    /// Somebody takes care of the outage that began last.
    pub(crate) async fn acknowledge(&self) {
        let incident = self.incident().await;
        let mut tx = self.db.write().await.unwrap();
        assert!(outages::acknowledge(&mut tx, incident, "Ada", self.clock.now()).await.unwrap());
        tx.commit().await.unwrap();
    }

    /// Nobody looks at a monitor any more, or somebody does again.
    pub(crate) async fn set_paused(&self, monitor: MonitorKey, paused: bool) {
        let mut tx = self.db.write().await.unwrap();
        assert!(store::monitors::set_paused(&mut tx, monitor, paused, self.clock.now()).await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn incident(&self) -> IncidentKey {
        let opened = all_events(&self.db).await.into_iter().rev().find_map(|numbered| match numbered.event {
            Event::IncidentOpened { incident, .. } => Some(incident),
            _ => None,
        });
        opened.expect("there is an outage")
    }
}

/// Planner and dispatcher of the only node.
fn telling(db: &Db, clock: &Clock, names: Names) -> Telling {
    let checks = Checks::new(ChecksConfig { names, ..ChecksConfig::default() }).unwrap();
    Telling::new(db, clock, &Chance::System, &checks, NODE.to_owned(), String::new()).unwrap()
}

/// Waits until something that runs beside the story has come so far.
pub(crate) async fn until(what: &str, mut has_come: impl AsyncFnMut() -> bool) {
    let begun = tokio::time::Instant::now();
    while !has_come().await {
        assert!(begun.elapsed() < PATIENCE, "not within {} s: {what}", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Teller {
    /// What was heard since the last time, as `error Shop`.
    pub(crate) fn heard(&self) -> Vec<String> {
        let heard = std::mem::take(&mut *self.receiver.heard.lock().unwrap());
        let words = heard.iter().map(|heard| {
            let kind = heard.body["eventType"].as_str().unwrap().trim_start_matches("alert.");
            format!("{kind} {}", heard.body["data"]["resource_name"].as_str().unwrap())
        });
        words.collect()
    }

    /// The ids of the deliveries that were heard, in order; what was heard stays.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.receiver.heard.lock().unwrap().iter().map(|heard| heard.delivery.clone()).collect()
    }

    /// On a level: told of beginning and end, and reminded.
    pub(crate) fn target(&self) -> LevelTarget {
        LevelTarget {
            integration: self.id.clone(),
            ok: true,
            reminders: true,
            variables: std::collections::BTreeMap::new(),
        }
    }

    /// A level that tells only this one.
    pub(crate) fn level(&self, condition: Condition) -> Level {
        Level { condition, ..Level::at_once(vec![self.target()]) }
    }
}

/// After so many errors.
pub(crate) fn errors(count: u32) -> Condition {
    Condition::Errors { count }
}

/// After so many minutes.
pub(crate) fn after(minutes: u32) -> Condition {
    Condition::Minutes { minutes }
}

/// So many minutes.
pub(crate) fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}

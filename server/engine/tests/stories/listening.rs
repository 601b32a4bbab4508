//! Heartbeats, and the time in which nobody could hear them.

use std::time::Duration;

use domain::check::CheckKind;
use domain::event::Event;
use domain::health::State;
use domain::id::{MonitorId, MonitorKey};
use domain::monitor_form::empty_form;
use domain::person::Viewer;
use domain::time::Timestamp;
use domain::uptime::ResultState;
use domain::views::console::Range;
use engine::Engine;
use engine::clock::Clock;
use engine::services::push::Beat;
use engine::store::{self, Db, listening};

use crate::restarting::engine_over;
use crate::stage::{open, until};
use crate::support::{START, all_events};

/// A database, a clock that the story moves, and a job that calls every few seconds.
struct Job {
    db: Db,
    clock: Clock,
    key: MonitorKey,
    token: String,
}

impl Job {
    /// Adds the monitor, which hears its first heartbeat: one is due every 20 seconds, and may be 5 late.
    async fn begin(db: Db, clock: Clock, engine: &Engine) -> Self {
        let mut form = empty_form(CheckKind::Push);
        for (name, value) in [("name", "Backup"), ("period_s", "20"), ("grace_s", "5"), ("interval", "1")] {
            form.insert(name.to_owned(), value.to_owned());
        }
        let services = engine.services();
        let id: MonitorId = services.add_monitor(&Viewer::System, &form).await.unwrap();
        let path = services.monitor(&Viewer::System, &id, Range::Day).await.unwrap().heartbeat.unwrap().path;
        let token = path.rsplit('/').next().unwrap().to_owned();
        let key = store::monitors::key_of(&mut db.read().await.unwrap(), &id).await.unwrap().unwrap();
        let job = Self { db, clock, key, token };
        job.calls(engine).await;
        let mut seconds = 0;
        while job.state().await != State::Up {
            assert!(seconds < 15, "the first heartbeat is heard");
            job.listened(1).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            seconds += 1;
        }
        job.calls(engine).await;
        job
    }

    async fn calls(&self, engine: &Engine) {
        let beat = Beat::Success { latency_us: None, message: String::new() };
        engine.services().push(&self.token, beat).await.unwrap();
    }

    /// Lets so many seconds pass in which somebody listens.
    async fn listened(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        let mut tx = self.db.write().await.unwrap();
        listening::listened(&mut tx, self.clock.now(), listening::PATIENCE).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// When it was due the last time that it was looked at.
    async fn looked_at(&self) -> Timestamp {
        let mut tx = self.db.read().await.unwrap();
        store::results::latest(&mut tx, self.key, 1).await.unwrap()[0].at
    }

    /// Lets time pass until it was looked at once more.
    async fn is_looked_at(&self) {
        let before = self.looked_at().await;
        for _ in 0..15 {
            self.listened(1).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            if self.looked_at().await > before {
                return;
            }
        }
        panic!("nobody looks");
    }

    async fn state(&self) -> State {
        let mut tx = self.db.read().await.unwrap();
        store::health::get(&mut tx, self.key).await.unwrap().unwrap().health.state(false)
    }

    async fn incidents(&self) -> usize {
        let events = all_events(&self.db).await;
        events.iter().filter(|numbered| matches!(numbered.event, Event::IncidentOpened { .. })).count()
    }
}

async fn a_stop_is_not_held_against_a_job(url: String) {
    let clock = Clock::manual(START);
    let db = open(&url).await;
    db.migrate().await.unwrap();
    let one = engine_over(open(&url).await, &clock).await;
    let job = Job::begin(db, clock.clone(), &one).await;
    job.listened(5).await;
    one.stop().await;

    clock.advance(Duration::from_secs(45));
    let two = engine_over(open(&url).await, &clock).await;
    job.is_looked_at().await;
    assert_eq!((job.state().await, job.incidents().await), (State::Up, 0), "nobody could have heard it");

    // The host sleeps. Nobody has written that down when it wakes up.
    job.calls(&two).await;
    let before = job.looked_at().await;
    clock.advance(Duration::from_mins(10));
    until("it is looked at", async || job.looked_at().await > before).await;
    assert_eq!((job.state().await, job.incidents().await), (State::Up, 0), "nobody could have heard it");

    // The job is dead.
    for _ in 0..6 {
        job.listened(7).await;
    }
    until("it is missing", async || job.state().await == State::Down).await;
    assert_eq!(job.incidents().await, 1);
    two.stop().await;

    // A stop does not make up for it.
    clock.advance(Duration::from_secs(45));
    let three = engine_over(open(&url).await, &clock).await;
    job.is_looked_at().await;
    assert_eq!((job.state().await, job.incidents().await), (State::Down, 1));
    three.stop().await;
}

#[tokio::test]
async fn a_stop_is_not_held_against_a_job_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    a_stop_is_not_held_against_a_job(Db::sqlite_url(&folder.path().join("job.db"))).await;
}

#[tokio::test]
async fn a_stop_is_not_held_against_a_job_on_postgres() {
    if let Some(url) = crate::postgres::new_database().await {
        a_stop_is_not_held_against_a_job(url).await;
    }
}

impl Job {
    /// From now on a heartbeat is due every hour, and the next slot is far.
    async fn is_rare(&self) {
        let mut tx = self.db.write().await.unwrap();
        let monitor = store::monitors::by_key(&mut tx, self.key).await.unwrap().unwrap();
        let mut draft = monitor.draft;
        draft.policy.interval = domain::time::DAY;
        draft.settings = domain::check::PushSettings::every(3_600, 300).into();
        let token = monitor.push_token.as_deref();
        let saved = store::monitors::update(&mut tx, self.key, monitor.version, &draft, token, START).await;
        assert!(saved.unwrap());
        let event = Event::MonitorSaved { monitor: self.key, id: monitor.id };
        store::events::append(&mut tx, self.clock.now(), &[event]).await.unwrap();
        tx.commit().await.unwrap();
        self.is_looked_at().await;
    }
}

/// A rare job, the node that looks after it, and another one.
async fn rare_job_of_two_nodes(url: &str) -> (Job, Engine, Engine) {
    let clock = Clock::manual(START);
    let db = open(url).await;
    db.migrate().await.unwrap();
    let owner = engine_over(open(url).await, &clock).await;
    let other = engine_over(open(url).await, &clock).await;
    let job = Job::begin(db, clock, &owner).await;
    job.is_rare().await;
    (job, owner, other)
}

#[tokio::test]
async fn what_a_job_tells_one_node_reaches_the_one_that_looks_after_it() {
    let Some(url) = crate::postgres::new_database().await else { return };
    let (job, owner, other) = rare_job_of_two_nodes(&url).await;

    let failure = Beat::Failure { exit: Some(1), message: String::new() };
    other.services().push(&job.token, failure).await.unwrap();
    job.is_looked_at().await;
    until("it is down", async || job.state().await == State::Down).await;
    job.calls(&other).await;
    job.is_looked_at().await;
    until("it is up again", async || job.state().await == State::Up).await;
    assert_eq!(job.incidents().await, 1);
    other.stop().await;
    owner.stop().await;
}

#[tokio::test]
async fn a_failure_that_another_node_took_counts_although_it_was_short() {
    let Some(url) = crate::postgres::new_database().await else { return };
    let (job, owner, other) = rare_job_of_two_nodes(&url).await;

    // A slot is recorded once.
    job.clock.advance(Duration::from_millis(200));
    let failure = Beat::Failure { exit: Some(7), message: "disk full".to_owned() };
    other.services().push(&job.token, failure).await.unwrap();
    let failed_at = job.clock.now();
    job.clock.advance(Duration::from_millis(300));
    job.calls(&other).await;
    until("it is known", async || {
        job.clock.advance(Duration::from_millis(100));
        job.incidents().await == 1 && job.state().await == State::Up
    })
    .await;
    let mut tx = job.db.read().await.unwrap();
    let results = store::results::between(&mut tx, job.key, failed_at, Timestamp(i64::MAX)).await.unwrap();
    assert_eq!((results[0].at, results[0].state), (failed_at, ResultState::Down));
    assert_eq!(results.last().unwrap().state, ResultState::Up);
    drop(tx);
    other.stop().await;
    owner.stop().await;
}

#[tokio::test]
async fn how_long_a_run_took_is_kept_whichever_node_hears_of_it() {
    let Some(url) = crate::postgres::new_database().await else { return };
    let (job, owner, other) = rare_job_of_two_nodes(&url).await;

    other.services().push(&job.token, Beat::Start).await.unwrap();
    job.clock.advance(Duration::from_secs(3));
    job.calls(&other).await;
    let first = job.clock.now();
    job.clock.advance(Duration::from_secs(3));
    let said = Beat::Success { latency_us: Some(321_000), message: String::new() };
    other.services().push(&job.token, said).await.unwrap();
    let mut tx = job.db.read().await.unwrap();
    let results = store::results::between(&mut tx, job.key, first, Timestamp(i64::MAX)).await.unwrap();
    let timed: Vec<_> =
        results.iter().filter(|row| row.extra).map(|row| (row.state, row.latency_us)).collect();
    assert_eq!(timed, [(ResultState::Up, Some(3_000_000)), (ResultState::Up, Some(321_000))]);
    drop(tx);
    other.stop().await;
    owner.stop().await;
}

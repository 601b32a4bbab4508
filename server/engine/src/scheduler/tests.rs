//! Reading monitors again while the database does not answer.

use std::sync::atomic::AtomicI64;

use domain::check::recognise;
use domain::health::{Finding, Health, Settled, Thresholds};
use domain::id::MonitorId;
use domain::monitor::{MonitorDraft, Policy};
use domain::notes::Notes;
use domain::time::HOUR;
use domain::uptime::ResultState;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::queue::Due;
use super::*;
use crate::chance::Chance;
use crate::checks::ChecksConfig;
use crate::store::Tx;
use crate::store::health::Kept;

/// More transactions than may read at a time.
const MANY: usize = 16;

struct Stage {
    scheduler: Scheduler,
    held: watch::Sender<Arc<HashSet<u16>>>,
    db: Db,
    /// Removed at the end.
    _folder: TempDir,
}

impl Stage {
    /// A scheduler that holds every shard of an empty database.
    async fn new() -> Self {
        Self::at(Clock::System).await
    }

    /// The same with another clock.
    async fn at(clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&Db::sqlite_url(&folder.path().join("scheduler.db"))).await.unwrap();
        db.migrate().await.unwrap();
        let (vitals, registry) = (Arc::<Vitals>::default(), Registry::default());
        let (held, shards) = watch::channel(Arc::new((0..domain::monitor::SHARDS).collect()));
        let (hasten, rechecks) = mpsc::unbounded_channel();
        let scheduler = Scheduler {
            db: db.clone(),
            clock: clock.clone(),
            checks: Checks::new(ChecksConfig::default()).unwrap(),
            connectivity: Connectivity::new(Vec::new(), clock, vitals.clone()),
            recorder: Recorder::new(registry.clone(), vitals.clone(), hasten.clone()),
            registry,
            bus: Bus::default(),
            vitals,
            concurrency: Concurrency::default(),
            shards,
            rechecks,
            hasten,
            tracker: TaskTracker::new(),
        };
        Self { scheduler, held, db, _folder: folder }
    }

    fn name_of(&self, key: MonitorKey) -> Option<String> {
        self.scheduler.registry.get(key).map(|watched| watched.monitor.draft.name.clone())
    }
}

/// Adds a monitor that is checked every second.
async fn add(db: &Db) -> MonitorKey {
    let mut tx = db.write().await.unwrap();
    let id = MonitorId::new(Chance::System.bytes());
    let now = Clock::System.now();
    let key = store::monitors::insert(&mut tx, &id, &draft("Old"), None, now).await.unwrap();
    tx.commit().await.unwrap();
    key
}

/// Renames a monitor, and returns the event that tells of it.
async fn rename(db: &Db, key: MonitorKey, name: &str) -> Arc<Numbered> {
    let mut tx = db.write().await.unwrap();
    let now = Clock::System.now();
    assert!(store::monitors::update(&mut tx, key, 1, &draft(name), None, now).await.unwrap());
    tx.commit().await.unwrap();
    let event = Event::MonitorSaved { monitor: key, id: MonitorId::new([0; 13]) };
    Arc::new(Numbered { seq: domain::event::Seq(1), at: now, event })
}

/// Takes every place at the database: whoever wants to read waits until they are given back.
async fn silence(db: &Db) -> Vec<Tx> {
    let mut taken = Vec::new();
    while taken.len() < MANY {
        let Ok(tx) = tokio::time::timeout(Duration::from_millis(100), db.read()).await else { break };
        taken.push(tx.unwrap());
    }
    assert!(taken.len() < MANY, "it still answers");
    taken
}

fn draft(name: &str) -> MonitorDraft {
    MonitorDraft {
        name: name.to_owned(),
        // Nothing listens there.
        settings: recognise("tcp://127.0.0.1:9").unwrap().settings,
        policy: Policy { interval: SECOND, timeout: Some(500), ..Policy::default() },
        notes: Notes::default(),
    }
}

/// Waits for something that takes no longer than a few checks.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn checks_go_on_while_the_database_does_not_answer_and_then_all_is_read() {
    let Stage { scheduler, held, db, _folder } = Stage::new().await;
    let first = add(&db).await;
    let (vitals, registry) = (scheduler.vitals.clone(), scheduler.registry.clone());
    let finished = || vitals.finished.load(Ordering::Relaxed);
    let cancel = CancellationToken::new();
    let running = tokio::spawn(scheduler.run(cancel.clone()));
    until("the first check", || finished() > 0).await;

    let second = add(&db).await;
    let silent = silence(&db).await;
    held.send_modify(|_| ());
    let before = finished();
    until("checks go on", || finished() >= before + 3).await;
    assert!(registry.get(first).is_some() && registry.get(second).is_none());
    drop(silent);
    until("what was added is taken up", || registry.get(second).is_some()).await;
    cancel.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn checks_go_on_when_the_clock_is_set_back() {
    let time = Arc::new(AtomicI64::new(Clock::System.now().0));
    let Stage { scheduler, held: _held, db, _folder } = Stage::at(Clock::Manual(time.clone())).await;
    add(&db).await;
    let vitals = scheduler.vitals.clone();
    let cancel = CancellationToken::new();
    let running = tokio::spawn(scheduler.run(cancel.clone()));
    let more_checks = async |what: &str| {
        let before = vitals.finished.load(Ordering::Relaxed);
        until(what, || {
            time.fetch_add(100, Ordering::SeqCst);
            vitals.finished.load(Ordering::Relaxed) >= before + 2
        })
        .await;
    };
    more_checks("before").await;
    time.fetch_sub(30 * domain::time::MINUTE, Ordering::SeqCst);
    more_checks("after").await;
    cancel.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_change_that_arrives_while_all_is_read_is_not_overwritten() {
    let stage = Stage::new().await;
    let key = add(&stage.db).await;
    let (mut queue, mut reading) = (Queue::default(), Reading::default());
    reading.begin(&stage.db);
    until("all is read", || reading.0.as_ref().unwrap().is_finished()).await;
    let event = rename(&stage.db, key, "New").await;
    stage.scheduler.heard(Ok(event), &mut queue, &mut reading).await;
    assert_eq!(stage.name_of(key).as_deref(), Some("New"), "at once");
    let all = reading.end().await;
    stage.scheduler.loaded(all, &mut queue);
    assert_eq!(stage.name_of(key).as_deref(), Some("New"), "what was read before is forgotten");
    assert!(!reading.goes_on());
}

#[tokio::test]
async fn a_change_that_cannot_be_read_now_is_read_when_the_database_answers() {
    let stage = Stage::new().await;
    let key = add(&stage.db).await;
    let (mut queue, mut reading) = (Queue::default(), Reading::default());
    let event = rename(&stage.db, key, "New").await;
    let silent = silence(&stage.db).await;
    let begun = Instant::now();
    stage.scheduler.heard(Ok(event), &mut queue, &mut reading).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "the checks wait for it: {:?}", begun.elapsed());
    assert_eq!((stage.name_of(key), reading.goes_on()), (None, true));
    drop(silent);
    let all = reading.end().await;
    stage.scheduler.loaded(all, &mut queue);
    assert_eq!(stage.name_of(key).as_deref(), Some("New"));
}

/// A check of a page that may take long, due now.
fn due(key: i64, url: &str, host: &str) -> Due {
    let policy = Policy { interval: 60 * SECOND, timeout: Some(30 * SECOND), ..Policy::default() };
    let draft = MonitorDraft { settings: recognise(url).unwrap().settings, policy, ..draft("Page") };
    let now = Clock::System.now();
    let monitor = Monitor {
        key: MonitorKey(key),
        id: MonitorId::new([0; 13]),
        draft,
        paused: false,
        push_token: None,
        version: 1,
        created_at: now,
    };
    Due { monitor: Arc::new(monitor), host: Some(Arc::from(host)), slot: now, running: Arc::default() }
}

#[tokio::test]
async fn those_that_wait_for_a_host_that_hangs_hold_no_place_of_the_others() {
    let mut stage = Stage::new().await;
    let few = |count| NonZeroUsize::new(count).unwrap();
    stage.scheduler.concurrency = Concurrency { total: few(2), per_host: few(1) };
    let hanging = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let healthy = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = |listener: &tokio::net::TcpListener, kind: &str| {
        format!("{kind}://{}", listener.local_addr().unwrap())
    };
    let shared = stage.scheduler.shared(&CancellationToken::new());
    let hung: Vec<_> = (1..=5)
        .map(|key| tokio::spawn(job::run(shared.clone(), due(key, &url(&hanging, "http"), "hanging"))))
        .collect();
    while shared.vitals.running.load(Ordering::Relaxed) < 5 {
        tokio::task::yield_now().await;
    }
    let check = job::run(shared.clone(), due(9, &url(&healthy, "tcp"), "healthy"));
    tokio::time::timeout(Duration::from_secs(5), check).await.expect("the other place is free");
    for task in hung {
        task.abort();
    }
}

#[tokio::test]
async fn all_of_a_long_answer_is_read_only_where_it_would_be_kept() {
    let clock = Clock::manual(Clock::System.now());
    let stage = Stage::at(clock.clone()).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let body = "a".repeat(100_000);
            let answer = format!(
                "HTTP/1.1 500 Oops\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            // Most hang up before all of it is sent.
            tokio::spawn(async move {
                let _ = socket.read(&mut [0; 1_000]).await;
                let _ = socket.write_all(answer.as_bytes()).await;
            });
        }
    });
    let shared = stage.scheduler.shared(&CancellationToken::new());
    let due = due(1, &address, "page");
    let read = async || {
        let report = job::fetched(&shared, &due).await;
        (report.evidence.body_bytes.unwrap(), report.answer.map(|answer| answer.len()))
    };
    let (start, all) = ((4_096, None), (100_000, Some(100_000)));
    assert_eq!(read().await, start, "nobody is told it");
    stage.scheduler.checks.want_answers(true);
    assert_eq!(read().await, all, "it may be the first failure");
    let key = due.monitor.key;
    let health = Health { settled: Settled::Down, since: clock.now(), streak: None, blind_since: None };
    let kept = Kept { monitor: key, health, failure: None, version: 1 };
    stage.scheduler.registry.put(due.monitor.clone(), kept.clone());
    assert_eq!(read().await, all, "nothing is kept of it yet");
    stage.scheduler.registry.advance(kept.clone(), Some(clock.now()), None, None);
    assert_eq!(read().await, start, "it stays down");
    clock.advance(Duration::from_mins(5));
    assert_eq!(read().await, all, "one in five minutes is kept");
    stage.scheduler.registry.advance(kept.clone(), Some(clock.now()), None, None);
    assert_eq!(read().await, start);
    let health = Health { settled: Settled::Up, ..kept.health };
    stage.scheduler.registry.advance(Kept { health, ..kept }, Some(clock.now()), None, None);
    assert_eq!(read().await, all, "what fails anew is kept");
}

/// What a monitor shows is recorded, and told to those who listen.
async fn shows(stage: &Stage, key: MonitorKey, finding: Finding, at: Timestamp) {
    let mut tx = stage.db.write().await.unwrap();
    let mut kept = store::health::get(&mut tx, key).await.unwrap().unwrap();
    let (from, step) = (kept.health.state(false), kept.health.after(finding, at, Thresholds::default()));
    kept.health = step.health;
    assert!(store::health::update(&mut tx, &kept).await.unwrap());
    let counted = if finding == Finding::Up { ResultState::Up } else { ResultState::Confirming };
    let (latency_us, phases) = (None, domain::check::Phases::default());
    let row =
        store::results::ResultRow { monitor: key, at, state: counted, latency_us, phases, extra: false };
    store::results::insert(&mut tx, &[row]).await.unwrap();
    let (id, to) = (MonitorId::new([0; 13]), kept.health.state(false));
    let event = Event::StateChanged { monitor: key, id, from, to, change: step.change, reason: None };
    store::events::append(&mut tx, at, &[event]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_a_failing_monitor_hangs_on_is_looked_at_at_once_if_nobody_has_since() {
    let clock = Clock::manual(Clock::System.now());
    let stage = Stage::at(clock.clone()).await;
    let (line, router, shop) = (add(&stage.db).await, add(&stage.db).await, add(&stage.db).await);
    let mut tx = stage.db.write().await.unwrap();
    store::mutes::set_parents(&mut tx, router, &[line]).await.unwrap();
    store::mutes::set_parents(&mut tx, shop, &[router]).await.unwrap();
    tx.commit().await.unwrap();
    let begun = clock.now();
    for key in [line, router, shop] {
        shows(&stage, key, Finding::Up, begun).await;
    }
    let (bus, (hasten, mut rechecks)) = (&stage.scheduler.bus, mpsc::unbounded_channel());
    bus.catch_up(&stage.db).await.unwrap();
    let cancel = CancellationToken::new();
    let looking =
        tokio::spawn(parents::run(stage.db.clone(), clock.clone(), bus.events(), hasten, cancel.clone()));

    clock.advance(Duration::from_secs(58));
    shows(&stage, line, Finding::Up, clock.now()).await;
    clock.advance(Duration::from_secs(2));
    shows(&stage, shop, Finding::Down, clock.now()).await;
    bus.round(&stage.db).await.unwrap();
    assert_eq!(
        rechecks.recv().await,
        Some(Recheck { monitor: line, within: 3 * SECOND }),
        "it was just seen"
    );
    assert_eq!(rechecks.recv().await, Some(Recheck { monitor: router, within: 0 }));

    clock.advance(Duration::from_secs(1));
    shows(&stage, router, Finding::Down, clock.now()).await;
    shows(&stage, shop, Finding::Down, clock.now()).await;
    bus.round(&stage.db).await.unwrap();
    let line = Recheck { monitor: line, within: 2 * SECOND };
    assert_eq!(rechecks.recv().await, Some(line), "the router hangs on it");
    assert_eq!(rechecks.recv().await, Some(line), "the shop does, too; the router fails, and was seen since");
    cancel.cancel();
    looking.await.unwrap();
    assert_eq!(rechecks.recv().await, None);
}

#[tokio::test]
async fn what_fails_is_looked_at_at_once_after_a_start_and_not_whenever_all_is_read_again() {
    let clock = Clock::manual(Timestamp(Clock::System.now().0 / HOUR * HOUR + HOUR / 2));
    let stage = Stage::at(clock.clone()).await;
    let policy = Policy { interval: HOUR, ..Policy::default() };
    let mut keys = Vec::new();
    for finding in [Finding::Up, Finding::Down] {
        let mut tx = stage.db.write().await.unwrap();
        let id = MonitorId::new(Chance::System.bytes());
        let draft = MonitorDraft { policy, ..draft("Hourly") };
        keys.push(store::monitors::insert(&mut tx, &id, &draft, None, clock.now()).await.unwrap());
        tx.commit().await.unwrap();
        shows(&stage, *keys.last().unwrap(), finding, clock.now()).await;
    }
    let mut queue = Queue::default();
    stage.scheduler.loaded(read_all(stage.db.clone()).await, &mut queue);
    let soon = Timestamp(clock.now().0 + FIRST_CHECKS);
    assert_eq!(queue.pop(soon).map(|due| due.monitor.key), Some(keys[1]));
    stage.scheduler.loaded(read_all(stage.db.clone()).await, &mut queue);
    assert!(queue.pop(soon).is_none(), "its next check is due in its slot");
}

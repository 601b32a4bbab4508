//! `kill -9` at any point leaves a database that opens, no lost transition and no double incident.
//!
//! The test starts itself again as a child that records outcomes as fast as it can and says what it committed; the parent
//! kills it, looks at what is there, and starts the next one on the same file.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use domain::check::{CheckReport, Outcome};
use domain::event::{Event, Seq};
use domain::health::{Settled, State, Thresholds};
use domain::id::MonitorKey;
use domain::time::Timestamp;
use engine::recorder::Submission;
use engine::store::{self, Db};
use tokio::sync::mpsc;

use crate::support::{START, add_monitor, all_events, down, load, writer};

/// Tells the child where the database is.
const VARIABLE: &str = "PHAROS_CRASH_TEST_DATABASE";
const MONITORS: i64 = 24;
const KILLS: u64 = 200;

/// Not a test by itself: the part of the child. Without the variable it does nothing.
#[test]
fn child() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the parent test says in the environment that this is the child"
    )]
    let Ok(path) = std::env::var(VARIABLE) else { return };
    runtime().block_on(work(Path::new(&path)));
}

/// Flips monitors up and down for ever, and prints the number of the last event after each commit.
async fn work(path: &Path) {
    let db = Db::open(&Db::sqlite_url(path)).await.unwrap();
    let (sender, _rechecks) = mpsc::unbounded_channel();
    let writer = writer(db.clone(), sender);
    let mut slot = START;
    for key in 1..=MONITORS {
        load(&db, &writer.registry, MonitorKey(key)).await;
        let mut tx = db.read().await.unwrap();
        let latest = store::results::latest(&mut tx, MonitorKey(key), 1).await.unwrap();
        slot = slot.max(latest.first().map_or(START, |beat| beat.at));
    }
    for round in 0_u64.. {
        slot = Timestamp(slot.0 + 1_000);
        let batch: Vec<_> = (1..=MONITORS)
            .map(|key| {
                let up = (round + key.unsigned_abs()) % 4 < 2;
                let report = Arc::new(CheckReport::bare(if up { Outcome::Up } else { down() }));
                Submission { monitor: MonitorKey(key), slot, report }
            })
            .collect();
        writer.record(&batch).await.unwrap();
        let mut tx = db.read().await.unwrap();
        let seq = store::events::last(&mut tx).await.unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "committed {}", seq.0).unwrap();
        out.flush().unwrap();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn killed_two_hundred_times_under_load_nothing_is_lost_and_nothing_is_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crash.db");
    let url = Db::sqlite_url(&path);
    runtime().block_on(async {
        let db = Db::open(&url).await.unwrap();
        db.migrate().await.unwrap();
        for key in 1..=MONITORS {
            add_monitor(&db, &format!("m{key}"), Thresholds { failure: 1, recovery: 1 }).await;
        }
        db.close().await;
    });
    let (mut promised, mut idle, mut stretch) = (0, 0, 1);
    for kill in 0..KILLS {
        // Different moments each time: while opening, at the first commit, in full swing.
        let after = Duration::from_micros((3_000 + kill * 731 % 60_000) * stretch);
        let committed = run_and_kill(&path, after);
        promised = promised.max(committed);
        // A machine that has other things to do opens more slowly: all moments must not fall before the first commit.
        idle = if committed > 0 { 0 } else { idle + 1 };
        if idle == 20 {
            (idle, stretch) = (0, (stretch * 2).min(64));
        }
        // Everything is looked at after every tenth kill and at the end; that it opens, after each.
        runtime().block_on(async {
            let db = Db::open(&url).await.unwrap();
            let mut tx = db.read().await.unwrap();
            assert!(
                store::events::last(&mut tx).await.unwrap() >= Seq(promised),
                "a committed event is lost"
            );
            drop(tx);
            if kill % 10 == 9 {
                examine(&db).await;
            }
            db.close().await;
        });
    }
    assert!(promised > 0, "no child came as far as a commit");
}

/// Lets a child work for a while after its first words and kills it; returns the last event that it said was committed.
fn run_and_kill(path: &Path, after: Duration) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::child", "--exact", "--nocapture"])
        .env(VARIABLE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let numbers = BufReader::new(out).lines().map_while(Result::ok).filter_map(|line| {
            line.rsplit_once("committed ").and_then(|(_, number)| number.parse::<i64>().ok())
        });
        numbers.max().unwrap_or(0)
    });
    std::thread::sleep(Duration::from_millis(20) + after);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

/// The record agrees with itself.
async fn examine(db: &Db) {
    let events = all_events(db).await;
    assert!(events.windows(2).all(|pair| pair[0].seq.0 + 1 == pair[1].seq.0), "a number is missing");
    let mut shown: HashMap<MonitorKey, State> = HashMap::new();
    let mut open: HashMap<MonitorKey, i64> = HashMap::new();
    for event in events {
        match event.event {
            Event::StateChanged { monitor, from, to, .. } => {
                let before = shown.insert(monitor, to).unwrap_or(State::Pending);
                assert_eq!(before, from, "a transition of {monitor:?} is lost");
            }
            Event::IncidentOpened { monitor: Some(monitor), .. } => *open.entry(monitor).or_default() += 1,
            Event::IncidentResolved { monitor: Some(monitor), .. } => *open.entry(monitor).or_default() -= 1,
            _ => {}
        }
    }
    for key in (1..=MONITORS).map(MonitorKey) {
        let mut tx = db.read().await.unwrap();
        let kept = store::health::get(&mut tx, key).await.unwrap().unwrap();
        drop(tx);
        let last = shown.get(&key).copied().unwrap_or(State::Pending);
        assert_eq!(kept.health.state(false), last, "the health of {key:?} is not what its events say");
        let expected = i64::from(kept.health.settled == Settled::Down);
        assert_eq!(open.get(&key).copied().unwrap_or(0), expected, "open incidents of {key:?}");
    }
}

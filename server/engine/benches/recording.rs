//! What recording costs beside bare batched inserts, and how large a year becomes.
//!
//! `cargo bench --bench recording`

#![expect(clippy::cast_precision_loss, reason = "figures for people")]
#![expect(clippy::print_stdout, reason = "a bench's result is what it prints")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::check::{CheckReport, CheckSettings, HttpSettings, Outcome, Phases};
use domain::id::{MonitorId, MonitorKey};
use domain::monitor::{MonitorDraft, Policy};
use domain::notes::Notes;
use domain::time::{DAY, MINUTE, Timestamp};
use domain::uptime::ResultState;
use engine::bus::Bus;
use engine::chance::Chance;
use engine::clock::Clock;
use engine::housekeeping::{Housekeeping, Retention};
use engine::recorder::{Recorder, Submission, Writer};
use engine::registry::Registry;
use engine::store::results::ResultRow;
use engine::store::{self, Db};
use tokio::sync::mpsc;

const START: Timestamp = Timestamp(1_767_225_600_000);
const MONITORS: i64 = 500;
const ROUNDS: i64 = 200;

fn main() {
    let runtime = support::runtime(2);
    let floor = runtime.block_on(bare());
    let ours = runtime.block_on(recorded());
    support::ratio(
        "recording / bare batched inserts",
        ours.as_secs_f64() / floor.as_secs_f64(),
        2.0,
        true,
        &format!(
            "{:.0} / {:.0} results/s in batches of {MONITORS}",
            (MONITORS * ROUNDS) as f64 / ours.as_secs_f64(),
            (MONITORS * ROUNDS) as f64 / floor.as_secs_f64()
        ),
    );
    let year = runtime.block_on(year());
    support::figure("a year of 100 monitors every 60 s", year / 1e6, "MB", 400.0);
}

async fn database(folder: &tempfile::TempDir, monitors: i64, interval: i64) -> Db {
    let db = Db::open(&Db::sqlite_url(&folder.path().join("bench.db"))).await.expect("a database");
    db.migrate().await.expect("a schema");
    let mut tx = db.write().await.expect("a transaction");
    for number in 0..monitors {
        let draft = MonitorDraft {
            name: format!("monitor {number}"),
            settings: CheckSettings::from(HttpSettings::get(&format!("https://example.com/{number}"))),
            policy: Policy { interval, ..Policy::default() },
            notes: Notes::default(),
        };
        let id = MonitorId::new(Chance::System.bytes());
        store::monitors::insert(&mut tx, &id, &draft, None, START).await.expect("a monitor");
    }
    tx.commit().await.expect("a commit");
    db
}

/// A latency between 80 and 120 ms that differs from check to check.
fn latency(number: i64) -> i64 {
    80_000 + (number.wrapping_mul(7_919)).rem_euclid(40_000)
}

fn phases(latency: i64) -> Phases {
    Phases {
        dns_us: Some(latency / 20),
        connect_us: Some(latency / 5),
        tls_us: Some(latency / 4),
        wait_us: Some(latency / 2),
        download_us: Some(latency / 100),
    }
}

/// The floor: the same rows, as many a transaction, and nothing else.
async fn bare() -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let db = database(&folder, MONITORS, MINUTE).await;
    let begin = Instant::now();
    for round in 0..ROUNDS {
        let rows: Vec<_> = (1..=MONITORS).map(|key| row(key, START.0 + round * MINUTE)).collect();
        let mut tx = db.write().await.expect("a transaction");
        store::results::insert(&mut tx, &rows).await.expect("rows");
        tx.commit().await.expect("a commit");
    }
    begin.elapsed()
}

fn row(key: i64, at: i64) -> ResultRow {
    let latency = latency(key + at / MINUTE);
    ResultRow {
        monitor: MonitorKey(key),
        at: Timestamp(at),
        state: ResultState::Up,
        latency_us: Some(latency),
        phases: phases(latency),
        extra: false,
    }
}

/// The recorder with the same outcomes.
async fn recorded() -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let db = database(&folder, MONITORS, MINUTE).await;
    let (rechecks, _keep) = mpsc::unbounded_channel();
    let (vitals, registry) = (Arc::default(), Registry::default());
    let writer = Writer {
        recorder: Recorder::new(registry.clone(), Arc::clone(&vitals), rechecks),
        db: db.clone(),
        registry,
        bus: Bus::default(),
        clock: Clock::manual(START),
        chance: Chance::System,
        node: "only".to_owned(),
        vitals,
    };
    let mut tx = db.read().await.expect("a transaction");
    for key in (1..=MONITORS).map(MonitorKey) {
        let monitor = store::monitors::by_key(&mut tx, key).await.expect("a row").expect("a monitor");
        let kept = store::health::get(&mut tx, key).await.expect("a row").expect("a health");
        writer.registry.put(Arc::new(monitor), kept);
    }
    drop(tx);
    let begin = Instant::now();
    for round in 0..ROUNDS {
        let batch: Vec<_> = (1..=MONITORS)
            .map(|key| {
                let row = row(key, START.0 + round * MINUTE);
                let report = CheckReport {
                    latency_us: row.latency_us,
                    phases: row.phases,
                    ..CheckReport::bare(Outcome::Up)
                };
                Submission { monitor: row.monitor, slot: row.at, report: Arc::new(report) }
            })
            .collect();
        writer.record(&batch).await.expect("recorded");
        writer.clock.advance(Duration::from_mins(1));
    }
    begin.elapsed()
}

/// Lives through a year with ten monitors, rolling up and forgetting as it goes, and multiplies the file by ten: a table's
/// size grows with its rows.
async fn year() -> f64 {
    const SAMPLE: i64 = 10;
    let folder = tempfile::tempdir().expect("a folder");
    let db = database(&folder, SAMPLE, MINUTE).await;
    let empty = db.size().await.expect("a size");
    let mut housekeeping = Housekeeping::new(db.clone(), Retention::default());
    let begin = Instant::now();
    for day in 0..365 {
        let midnight = START.0 + day * DAY;
        for key in 1..=SAMPLE {
            let rows: Vec<_> = (0..DAY / MINUTE).map(|minute| row(key, midnight + minute * MINUTE)).collect();
            let mut tx = db.write().await.expect("a transaction");
            store::results::insert(&mut tx, &rows).await.expect("rows");
            tx.commit().await.expect("a commit");
        }
        housekeeping.catch_up(Timestamp(midnight + DAY)).await.expect("kept house");
    }
    let size = db.size().await.expect("a size");
    println!(
        "     {SAMPLE} monitors took {:.1} MB after a year, simulated in {:.0} s",
        size as f64 / 1e6,
        begin.elapsed().as_secs_f64()
    );
    (size - empty) as f64 * (100 / SAMPLE) as f64 + empty as f64
}

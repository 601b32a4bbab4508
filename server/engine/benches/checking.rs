//! What a check costs beside a bare client, and how punctual many of them are.
//!
//! `cargo bench --bench checking`; `-- cost` and `-- core` make one part of it.

#![expect(clippy::cast_precision_loss, reason = "figures for people")]
#![expect(clippy::print_stdout, reason = "a bench's result is what it prints")]

mod support;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::check::{CheckSettings, HttpSettings};
use domain::id::MonitorId;
use domain::monitor::{MonitorDraft, Policy};
use domain::notes::Notes;
use engine::chance::Chance;
use engine::checks::{Checks, ChecksConfig};
use engine::clock::Clock;
use engine::housekeeping::Retention;
use engine::scheduler::Concurrency;
use engine::store::{self, Db};
use engine::{Engine, EngineConfig};

/// Checks that the loops make at a time.
const AT_A_TIME: usize = 16;
/// How long each loop runs.
const LOOP: Duration = Duration::from_secs(5);

fn main() {
    support::serve_if_target();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let target = Target(support::Target::start());
    if support::wanted("cost") {
        cost(target.address());
    }
    if support::wanted("core") {
        core(target.address());
    }
}

/// What a check costs, and how punctual checks are.
fn cost(address: SocketAddr) {
    let floor = support::runtime(1).block_on(bare(address));
    let alone = support::runtime(1).block_on(alone(address));
    support::ratio(
        "CPU of a check by itself / bare request",
        per_check(&alone) / per_check(&floor),
        1.5,
        true,
        &format!("{:.0} µs / {:.0} µs", per_check(&alone), per_check(&floor)),
    );

    let busy = scheduled(address, 5_000, 1_000, Duration::from_secs(10));
    let busy = support::runtime(2).block_on(busy);
    support::ratio(
        "CPU of a check, 5,000 monitors scheduled each second and recorded / bare request",
        per_check(&busy.run) / per_check(&floor),
        1.5,
        true,
        &format!("{:.0} µs / {:.0} µs", per_check(&busy.run), per_check(&floor)),
    );
    let brisk = support::runtime(2).block_on(paced(address, 5));
    println!(
        "     beside bare requests at that pace, on as many threads: {:.2}; {:.0} µs / {:.0} µs",
        per_check(&busy.run) / per_check(&brisk),
        per_check(&busy.run),
        per_check(&brisk)
    );
    let paced = support::runtime(2).block_on(paced(address, 1));
    let steady = scheduled(address, 5_000, 5_000, Duration::from_secs(20));
    let steady = support::runtime(2).block_on(steady);
    support::ratio(
        "CPU of a check, 5,000 monitors scheduled every 5 s and recorded / bare request at that pace",
        per_check(&steady.run) / per_check(&paced),
        1.5,
        true,
        &format!("{:.0} µs / {:.0} µs", per_check(&steady.run), per_check(&paced)),
    );
    support::figure("lateness p99 at 1,000 checks/s", steady.late_p99_ms, "ms", 25.0);
    support::figure("memory of a scheduled monitor", steady.bytes_per_monitor / 1_024.0, "kB", 32.0);

    let calm = scheduled(address, 1_000, 20_000, Duration::from_secs(40));
    let calm = support::runtime(2).block_on(calm);
    support::figure("lateness p99 at 1,000 monitors every 20 s", calm.late_p99_ms, "ms", 5.0);
}

/// How many checks one core keeps up with: one for all of our threads; the target has the other one.
fn core(address: SocketAddr) {
    support::pin(0);
    let floor = support::runtime(1).block_on(bare(address));
    let ours = kept_up(address, floor.rate());
    support::ratio(
        "checks/s that one core keeps up with / bare requests/s of one full core",
        ours / floor.rate(),
        0.7,
        false,
        &format!("{ours:.0} / {:.0}", floor.rate()),
    );
}

/// The most checks a second, in steps of the floor's rate, that one thread makes in time and records to the last.
fn kept_up(address: SocketAddr, floor: f64) -> f64 {
    for percent in [90, 85, 80, 75, 70, 65, 60, 50, 40] {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "thousands of monitors")]
        let monitors = (floor * f64::from(percent) / 100.0) as u32;
        let run = scheduled(address, monitors, 1_000, Duration::from_secs(8));
        let run = support::runtime(1).block_on(run);
        if run.run.rate() >= f64::from(monitors) * 0.98 && run.dropped == 0 {
            return run.run.rate();
        }
    }
    0.0
}

struct Target(support::Target);

impl Target {
    fn address(&self) -> SocketAddr {
        self.0.address
    }
}

/// What a loop did.
struct Run {
    checks: u64,
    cpu: Duration,
    wall: Duration,
}

impl Run {
    fn rate(&self) -> f64 {
        self.checks as f64 / self.wall.as_secs_f64()
    }
}

/// CPU time of a check, in microseconds.
fn per_check(run: &Run) -> f64 {
    run.cpu.as_secs_f64() * 1e6 / run.checks as f64
}

/// Runs `once` over and over, [`AT_A_TIME`] at a time.
async fn repeat<F, Fut>(once: F) -> Run
where
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    for _ in 0..200 {
        once().await;
    }
    let (begin, cpu) = (Instant::now(), support::cpu());
    let count = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..AT_A_TIME)
        .map(|_| {
            let (once, count) = (once.clone(), count.clone());
            tokio::spawn(async move {
                while begin.elapsed() < LOOP {
                    once().await;
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    Run {
        checks: count.load(Ordering::Relaxed),
        cpu: support::cpu().saturating_sub(cpu),
        wall: begin.elapsed(),
    }
}

/// The floor: one shared client, a fresh connection for each request as a check needs it, the body read.
async fn bare(address: SocketAddr) -> Run {
    let client = client();
    let url = Arc::new(format!("http://{address}/"));
    repeat(move || {
        let (client, url) = (client.clone(), url.clone());
        async move { request(&client, &url).await }
    })
    .await
}

fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().pool_max_idle_per_host(0).no_proxy();
    builder.timeout(Duration::from_secs(10)).build().expect("a client")
}

async fn request(client: &reqwest::Client, url: &str) {
    let answer = client.get(url).send().await.expect("an answer");
    assert!(answer.status().is_success());
    answer.bytes().await.expect("a body");
}

/// The floor at so many a millisecond: most of what a request costs then is waking up for it.
async fn paced(address: SocketAddr, at_once: u64) -> Run {
    let client = client();
    let url = Arc::new(format!("http://{address}/"));
    let (begin, cpu) = (Instant::now(), support::cpu());
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    let checks = 8_000 * at_once;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..checks {
        if number % at_once == 0 {
            tick.tick().await;
        }
        let (client, url) = (client.clone(), url.clone());
        tasks.spawn(async move { request(&client, &url).await });
        while tasks.try_join_next().is_some() {}
    }
    tasks.join_all().await;
    Run { checks, cpu: support::cpu().saturating_sub(cpu), wall: begin.elapsed() }
}

/// A check without scheduler and recorder.
async fn alone(address: SocketAddr) -> Run {
    let checks = Checks::new(ChecksConfig::default()).expect("checks");
    let settings = Arc::new(CheckSettings::from(HttpSettings::get(&format!("http://{address}/"))));
    repeat(move || {
        let (checks, settings) = (checks.clone(), settings.clone());
        async move {
            let report = checks.run(&settings, Duration::from_secs(10)).await;
            assert!(report.latency_us.is_some());
        }
    })
    .await
}

/// What an engine with many monitors did.
struct Scheduled {
    run: Run,
    late_p99_ms: f64,
    bytes_per_monitor: f64,
    /// Results that were not recorded, because too many waited.
    dropped: u64,
}

/// The whole engine on a fresh SQLite file: `monitors` monitors, each every `interval` milliseconds.
async fn scheduled(address: SocketAddr, monitors: u32, interval: i64, length: Duration) -> Scheduled {
    let folder = tempfile::tempdir().expect("a folder");
    let db = Db::open(&Db::sqlite_url(&folder.path().join("bench.db"))).await.expect("a database");
    db.migrate().await.expect("a schema");
    let clock = Clock::System;
    let chance = Chance::System;
    let mut tx = db.write().await.expect("a transaction");
    for number in 0..monitors {
        let draft = MonitorDraft {
            name: format!("monitor {number}"),
            settings: CheckSettings::from(HttpSettings::get(&format!("http://{address}/{number}"))),
            policy: Policy { interval, ..Policy::default() },
            notes: Notes::default(),
        };
        let id = MonitorId::new(chance.bytes());
        store::monitors::insert(&mut tx, &id, &draft, None, clock.now()).await.expect("a monitor");
    }
    tx.commit().await.expect("a commit");
    let before = support::resident();
    let many = NonZeroUsize::new(1_000).expect("not zero");
    let config = EngineConfig {
        carriers: engine::providers::Carriers::default(),
        checks: ChecksConfig::default(),
        concurrency: Concurrency { total: many, per_host: many },
        anchors: Vec::new(),
        retention: Retention::default(),
        base_url: String::new(),
    };
    let engine = Engine::start(config, db.clone(), clock, chance).await.expect("an engine");
    let vitals = engine.vitals();
    // The first checks of all monitors come close together; what counts is the steady state.
    tokio::time::sleep(Duration::from_secs(5)).await;
    vitals.forget_lateness();
    let (begin, cpu) = (Instant::now(), support::cpu());
    let finished = vitals.finished.load(Ordering::Relaxed);
    tokio::time::sleep(length).await;
    let run = Run {
        checks: vitals.finished.load(Ordering::Relaxed) - finished,
        cpu: support::cpu().saturating_sub(cpu),
        wall: begin.elapsed(),
    };
    let late = vitals.lateness_total(0.99).unwrap_or(0) as f64 / 1_000.0;
    println!(
        "     {} checks in {:.1} s, {} dropped; CPU {:.0} µs",
        run.checks,
        run.wall.as_secs_f64(),
        vitals.dropped.load(Ordering::Relaxed),
        per_check(&run),
    );
    let dropped = vitals.dropped.load(Ordering::Relaxed);
    let bytes_per_monitor = (support::resident() - before) as f64 / f64::from(monitors);
    engine.stop().await;
    db.close().await;
    Scheduled { run, late_p99_ms: late, bytes_per_monitor, dropped }
}

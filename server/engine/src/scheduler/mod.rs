//! Runs every monitor of this node's shards when it is due. The monitors stand in memory; configuration changes arrive over
//! the bus.

mod job;
mod pace;
mod parents;
mod queue;
#[cfg(test)]
mod tests;
mod wake;

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::check::CheckKind;
use domain::event::{Event, Numbered};
use domain::health::Settled;
use domain::id::MonitorKey;
use domain::monitor::Monitor;
use domain::time::{SECOND, Timestamp};
use tokio::sync::{Semaphore, broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::Bus;
use crate::checks::Checks;
use crate::clock::Clock;
use crate::connectivity::Connectivity;
use crate::recorder::{Recheck, Recorder};
use crate::registry::Registry;
use crate::store::health::Kept;
use crate::store::{self, Db};
use crate::vitals::Vitals;

use pace::Pace;
use queue::Queue;
use wake::Wake;

/// Monitors read at once while loading.
const PAGE: i64 = 1_000;
/// The longest sleep, so that the heartbeat of the vitals stays fresh and a clock that jumps is noticed.
const MAX_SLEEP: Duration = Duration::from_millis(500);
/// The pause before everything is read again that could not be.
const AGAIN: Duration = Duration::from_secs(1);
/// Checks that begin before those that run come first. When there is more to do than there are cores, a thousand half-done checks
/// would each wait for all others, and cost twice as much, because nothing that they need is in a cache any more.
const TOGETHER: usize = 16;
/// How long a changed monitor is waited for before it is read beside the checks, with all the others.
const PATIENCE: Duration = Duration::from_millis(500);
/// Monitors that were never checked, or fail, are spread over so many milliseconds after a start.
const FIRST_CHECKS: i64 = 3 * SECOND;

/// How many checks may run at a time.
#[derive(Clone, Copy, Debug)]
pub struct Concurrency {
    /// In all.
    pub total: NonZeroUsize,
    /// Against one host.
    pub per_host: NonZeroUsize,
}

impl Default for Concurrency {
    fn default() -> Self {
        // A thousand sockets fit the usual limit of open files; eight connections at a time burden no host.
        Self {
            total: NonZeroUsize::new(1_000).unwrap_or(NonZeroUsize::MIN),
            per_host: NonZeroUsize::new(8).unwrap_or(NonZeroUsize::MIN),
        }
    }
}

/// Which shards this node holds, as the lease keeper says.
pub(crate) type Shards = watch::Receiver<Arc<HashSet<u16>>>;

/// What the scheduler works with.
#[derive(Debug)]
pub struct Scheduler {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) checks: Checks,
    pub(crate) connectivity: Connectivity,
    pub(crate) recorder: Recorder,
    pub(crate) registry: Registry,
    pub(crate) bus: Bus,
    pub(crate) vitals: Arc<Vitals>,
    pub(crate) concurrency: Concurrency,
    pub(crate) shards: Shards,
    pub(crate) rechecks: mpsc::UnboundedReceiver<Recheck>,
    pub(crate) hasten: mpsc::UnboundedSender<Recheck>,
    pub(crate) tracker: TaskTracker,
}

/// What every running check shares.
#[derive(Debug)]
struct Shared {
    db: Db,
    clock: Clock,
    checks: Checks,
    connectivity: Connectivity,
    recorder: Recorder,
    registry: Registry,
    vitals: Arc<Vitals>,
    total: Semaphore,
    per_host: usize,
    hosts: Mutex<HashMap<Arc<str>, Arc<Semaphore>>>,
    wake: Wake,
    rechecks: mpsc::UnboundedSender<Recheck>,
    cancel: CancellationToken,
}

impl Scheduler {
    /// Schedules until cancelled. Checks that run then are abandoned: they were not taken yet.
    pub async fn run(mut self, cancel: CancellationToken) {
        let shared = self.shared(&cancel);
        let mut events = self.bus.events();
        let mut queue = Queue::default();
        let mut reading = Reading::default();
        let mut pace = Pace::new(Instant::now());
        self.tracker.spawn(parents::run(
            self.db.clone(),
            self.clock.clone(),
            self.bus.events(),
            self.hasten.clone(),
            cancel.clone(),
        ));
        self.shards.mark_unchanged();
        reading.begin(&self.db);
        let first = reading.end().await;
        self.loaded(first, &mut queue);
        while !cancel.is_cancelled() {
            let now = self.clock.now();
            if shared.wake.look(now) {
                queue.plan_again(now);
            }
            self.vitals.heartbeat.store(now.0, Ordering::Relaxed);
            let mut started = 0_usize;
            while let Some(due) = queue.pop(now) {
                self.tracker.spawn(job::run(shared.clone(), due));
                started += 1;
                if started.is_multiple_of(TOGETHER) {
                    tokio::task::yield_now().await;
                }
            }
            let sleep = queue.next().map_or(MAX_SLEEP, |due| {
                Duration::from_millis(u64::try_from(due.since(self.clock.now())).unwrap_or(0)).min(MAX_SLEEP)
            });
            let sleep = sleep.max(pace.rest(started, Instant::now()));
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                event = events.recv() => self.heard(event, &mut queue, &mut reading).await,
                // The checks go on meanwhile, however long the database takes to answer.
                all = reading.end() => self.loaded(all, &mut queue),
                Some(recheck) = self.rechecks.recv() => {
                    let at = Timestamp(self.clock.now().0.saturating_add(recheck.within));
                    queue.hasten(recheck.monitor, at);
                }
                changed = self.shards.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    reading.begin(&self.db);
                }
                () = cancel.cancelled() => break,
            }
        }
    }

    fn shared(&self, cancel: &CancellationToken) -> Arc<Shared> {
        Arc::new(Shared {
            db: self.db.clone(),
            clock: self.clock.clone(),
            checks: self.checks.clone(),
            connectivity: self.connectivity.clone(),
            recorder: self.recorder.clone(),
            registry: self.registry.clone(),
            vitals: self.vitals.clone(),
            total: Semaphore::new(self.concurrency.total.get()),
            per_host: self.concurrency.per_host.get(),
            hosts: Mutex::default(),
            wake: Wake::new(&self.clock),
            rechecks: self.hasten.clone(),
            cancel: cancel.clone(),
        })
    }

    fn holds(&self, monitor: &Monitor) -> bool {
        self.shards.borrow().contains(&monitor.shard())
    }

    /// Takes up every monitor of the shards that this node holds, out of all that were read.
    fn loaded(&self, all: Vec<(Monitor, Kept)>, queue: &mut Queue) {
        let now = self.clock.now();
        let mut loaded = HashSet::new();
        for (monitor, kept) in all {
            if monitor.paused || !self.holds(&monitor) {
                continue;
            }
            loaded.insert(monitor.key);
            let fresh = kept.health.settled == Settled::Pending && kept.health.streak.is_none();
            // While nobody looked it may have come back, and somebody may be about to be told of it. A heartbeat has until its slot.
            let failing = (kept.health.settled == Settled::Down || kept.health.streak.is_some())
                && monitor.draft.settings.kind() != CheckKind::Push;
            let due = if fresh || (failing && !queue.holds(monitor.key)) {
                Timestamp(now.0 + monitor.phase() % FIRST_CHECKS)
            } else {
                monitor.next_slot(now)
            };
            let monitor = Arc::new(monitor);
            self.registry.put(monitor.clone(), kept);
            queue.put(monitor, due);
        }
        queue.retain(|monitor| {
            let keep = loaded.contains(&monitor.key);
            if !keep {
                self.registry.remove(monitor.key);
            }
            keep
        });
        self.vitals.scheduled.store(i64::try_from(queue.len()).unwrap_or(0), Ordering::Relaxed);
    }

    async fn heard(
        &self,
        event: Result<Arc<Numbered>, broadcast::error::RecvError>,
        queue: &mut Queue,
        reading: &mut Reading,
    ) {
        match event {
            Ok(event) => {
                let Event::MonitorSaved { monitor, .. } = event.event else { return };
                // No check begins while this waits.
                match tokio::time::timeout(PATIENCE, self.reload(monitor, queue)).await {
                    Ok(Ok(())) if !reading.goes_on() => {}
                    // What is being read may be from before this change.
                    Ok(Ok(())) => reading.begin(&self.db),
                    Ok(Err(error)) => {
                        tracing::error!(%error, monitor = monitor.0, "a monitor could not be read again; reading all");
                        reading.begin(&self.db);
                    }
                    Err(_) => {
                        tracing::warn!(
                            monitor = monitor.0,
                            "the database does not answer; reading every monitor again"
                        );
                        reading.begin(&self.db);
                    }
                }
            }
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "events were missed; reading every monitor again");
                reading.begin(&self.db);
            }
            Err(broadcast::error::RecvError::Closed) => {}
        }
    }

    /// Reads one monitor again, because it was added, edited, paused, resumed or deleted; it is checked at once.
    async fn reload(&self, key: MonitorKey, queue: &mut Queue) -> store::Result<()> {
        let mut tx = self.db.read().await?;
        let monitor = store::monitors::by_key(&mut tx, key).await?;
        let kept = store::health::get(&mut tx, key).await?;
        drop(tx);
        match (monitor, kept) {
            (Some(monitor), Some(kept)) if !monitor.paused && self.holds(&monitor) => {
                let now = self.clock.now();
                // A heartbeat is awaited, not fetched; the job finds out itself until when.
                let due = if monitor.draft.settings.kind() == CheckKind::Push {
                    Timestamp(now.0 + SECOND)
                } else {
                    now
                };
                let monitor = Arc::new(monitor);
                self.registry.put(monitor.clone(), kept);
                queue.put(monitor, due);
            }
            _ => {
                self.registry.remove(key);
                queue.remove(key);
            }
        }
        self.vitals.scheduled.store(i64::try_from(queue.len()).unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }
}

/// Every monitor with its health, as it is being read.
#[derive(Debug, Default)]
struct Reading(Option<JoinHandle<Vec<(Monitor, Kept)>>>);

impl Reading {
    /// Begins, or begins anew.
    fn begin(&mut self, db: &Db) {
        self.stop();
        self.0 = Some(tokio::spawn(read_all(db.clone())));
    }

    fn goes_on(&self) -> bool {
        self.0.is_some()
    }

    /// Waits for what is being read; for ever when nothing is. Given up, it may be waited for again.
    async fn end(&mut self) -> Vec<(Monitor, Kept)> {
        let read = match &mut self.0 {
            Some(task) => task.await,
            None => std::future::pending().await,
        };
        self.0 = None;
        match read {
            Ok(all) => all,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends, and with it whoever waits here.
                Err(_) => std::future::pending().await,
            },
        }
    }

    fn stop(&mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Reads every monitor. When the database fails, it is asked again until it answers.
async fn read_all(db: Db) -> Vec<(Monitor, Kept)> {
    loop {
        match try_read_all(&db).await {
            Ok(all) => return all,
            Err(error) => {
                tracing::error!(%error, "the monitors could not be read; trying again");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

async fn try_read_all(db: &Db) -> store::Result<Vec<(Monitor, Kept)>> {
    let (mut after, mut all) = (MonitorKey(0), Vec::new());
    loop {
        let mut tx = db.read().await?;
        let monitors = store::monitors::page(&mut tx, after, PAGE).await?;
        let healths = store::health::page(&mut tx, after, PAGE).await?;
        drop(tx);
        let mut healths: HashMap<_, _> = healths.into_iter().map(|kept| (kept.monitor, kept)).collect();
        let full = i64::try_from(monitors.len()).unwrap_or(PAGE) == PAGE;
        for monitor in monitors {
            match monitor {
                Ok(monitor) => {
                    after = after.max(monitor.key);
                    all.extend(healths.remove(&monitor.key).map(|kept| (monitor, kept)));
                }
                Err(error) => tracing::error!(%error, "a monitor cannot be checked"),
            }
        }
        if !full {
            return Ok(all);
        }
    }
}

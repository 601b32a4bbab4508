//! Turns outcomes into history: one transaction a batch with the results, the healths, the incidents and the events. Memory
//! advances only after the commit, so a crash at any point loses nothing that anybody was told.

mod batch;
mod write;

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::check::{CheckReport, Outcome};
use domain::event::Sample;
use domain::id::MonitorKey;
use domain::time::Timestamp;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::bus::Bus;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::registry::Registry;
use crate::store::{Db, Kind, StoreError};
use crate::vitals::Vitals;

pub(crate) use write::settled;

/// Outcomes that may wait. At a thousand a second that is half a minute of a database that does not answer.
const CAPACITY: usize = 32_768;
/// Outcomes in one transaction: some 40 ms of the only writer.
const BATCH: usize = 4_000;
/// How long routine outcomes wait for company, so that thousands a second cost ten commits. What people wait for is a failure or
/// a recovery, and those do not wait.
const GATHER: Duration = Duration::from_millis(100);
/// The pauses between attempts while the database fails.
const RETRY: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];

/// A finished check.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Which monitor.
    pub monitor: MonitorKey,
    /// When the check was due; a slot is recorded once.
    pub slot: Timestamp,
    /// What it found.
    pub report: Arc<CheckReport>,
}

/// What the scheduler is asked to do because of what was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recheck {
    /// Which monitor.
    pub monitor: MonitorKey,
    /// Not later than so many milliseconds from now.
    pub within: i64,
}

/// The entrance to the recorder. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    queue: Arc<Queue>,
}

#[derive(Debug)]
struct Queue {
    waiting: Mutex<Waiting>,
    bell: Notify,
    registry: Registry,
    vitals: Arc<Vitals>,
    rechecks: mpsc::UnboundedSender<Recheck>,
}

/// What was handed over and not taken yet.
#[derive(Debug, Default)]
struct Waiting {
    /// Each with whether it is urgent.
    submissions: VecDeque<(Submission, bool)>,
    /// How many of them are.
    urgent: usize,
}

impl Recorder {
    /// An entrance without a loop behind it. The registry tells a recovery from one more success; `rechecks` leads to the scheduler.
    pub fn new(registry: Registry, vitals: Arc<Vitals>, rechecks: mpsc::UnboundedSender<Recheck>) -> Self {
        let (waiting, bell) = (Mutex::default(), Notify::new());
        Self { queue: Arc::new(Queue { waiting, bell, registry, vitals, rechecks }) }
    }

    /// Asks the scheduler to look at a monitor again soon.
    pub fn look_again(&self, recheck: Recheck) {
        // Nobody schedules any more when the program stops.
        let _ = self.queue.rechecks.send(recheck);
    }

    /// Hands over a finished check. When too many wait, the oldest routine success makes room; what is news is kept.
    pub fn submit(&self, submission: Submission) {
        let urgent = !matches!(submission.report.outcome, Outcome::Up)
            || self.queue.registry.is_troubled(submission.monitor);
        let mut waiting = self.waiting();
        if waiting.submissions.len() >= CAPACITY {
            let routine = waiting.submissions.iter().position(|(_, urgent)| !urgent).unwrap_or(0);
            if let Some((_, true)) = waiting.submissions.remove(routine) {
                waiting.urgent -= 1;
            }
            self.queue.vitals.dropped.fetch_add(1, Ordering::Relaxed);
        } else {
            self.queue.vitals.queued.fetch_add(1, Ordering::Relaxed);
        }
        waiting.submissions.push_back((submission, urgent));
        waiting.urgent += usize::from(urgent);
        // A routine outcome wakes the loop too, but the loop lets it wait for company.
        if urgent || waiting.submissions.len() == 1 || waiting.submissions.len() >= BATCH {
            self.queue.bell.notify_one();
        }
    }

    /// Whether what is handed over of a monitor is recorded here; else another node does, or nobody yet.
    pub fn knows(&self, monitor: MonitorKey) -> bool {
        self.queue.registry.get(monitor).is_some()
    }

    fn take(&self) -> Vec<Submission> {
        let mut waiting = self.waiting();
        let count = waiting.submissions.len().min(BATCH);
        let taken: Vec<_> = waiting.submissions.drain(..count).collect();
        waiting.urgent -= taken.iter().filter(|(_, urgent)| *urgent).count();
        drop(waiting);
        self.queue.vitals.queued.fetch_sub(i64::try_from(count).unwrap_or(0), Ordering::Relaxed);
        taken.into_iter().map(|(submission, _)| submission).collect()
    }

    fn is_empty(&self) -> bool {
        self.waiting().submissions.is_empty()
    }

    fn has_urgent(&self) -> bool {
        let waiting = self.waiting();
        waiting.urgent > 0 || waiting.submissions.len() >= BATCH
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.queue.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the loop works with.
#[derive(Debug)]
pub struct Writer {
    /// Where submissions come from.
    pub recorder: Recorder,
    /// Where they go.
    pub db: Db,
    /// The monitors in memory.
    pub registry: Registry,
    /// Who is told of samples.
    pub bus: Bus,
    /// The time of day.
    pub clock: Clock,
    /// For public ids.
    pub chance: Chance,
    /// What this node is called in leases.
    pub node: String,
    /// The node's numbers.
    pub vitals: Arc<Vitals>,
}

impl Writer {
    /// Records until cancelled, and then what is still waiting.
    pub async fn run(self, cancel: CancellationToken) {
        while !cancel.is_cancelled() {
            if self.recorder.is_empty() {
                tokio::select! {
                    () = self.recorder.queue.bell.notified() => {}
                    () = cancel.cancelled() => break,
                }
            }
            let gathered = tokio::time::sleep(GATHER);
            tokio::pin!(gathered);
            while !self.recorder.has_urgent() {
                tokio::select! {
                    () = &mut gathered => break,
                    // The ring of the first routine outcome may still be in the air, so each is looked into.
                    () = self.recorder.queue.bell.notified() => {}
                    () = cancel.cancelled() => break,
                }
            }
            // One batch: what came meanwhile gathers again, or a busy recorder would write one outcome a commit.
            let batch = self.recorder.take();
            if !batch.is_empty() {
                self.record_for_sure(&batch, &cancel).await;
            }
        }
        self.drain(&cancel).await;
    }

    /// Records everything that waits; returns how many submissions that were.
    pub async fn drain(&self, cancel: &CancellationToken) -> usize {
        let mut count = 0;
        loop {
            let batch = self.recorder.take();
            if batch.is_empty() {
                return count;
            }
            count += batch.len();
            self.record_for_sure(&batch, cancel).await;
        }
    }

    /// Records a batch, however long the database takes to come back. A batch that fails for another reason is tried one by
    /// one, so that a bad outcome is dropped alone.
    async fn record_for_sure(&self, batch: &[Submission], cancel: &CancellationToken) {
        let mut attempt = 0;
        loop {
            let error = match self.record(batch).await {
                Ok(()) => {
                    self.vitals.recorder_failing.store(false, Ordering::Relaxed);
                    return;
                }
                Err(error) => error,
            };
            self.vitals.recorder_failing.store(true, Ordering::Relaxed);
            if error.is_about_the_data() {
                if let [submission] = batch {
                    tracing::error!(%error, monitor = submission.monitor.0, "an outcome could not be recorded and is dropped");
                    self.vitals.dropped.fetch_add(1, Ordering::Relaxed);
                    self.vitals.recorder_failing.store(false, Ordering::Relaxed);
                }
                // Each waits for the database like the whole batch: that one is bad says nothing about the others.
                for submission in batch.iter().filter(|_| batch.len() > 1) {
                    Box::pin(self.record_for_sure(std::slice::from_ref(submission), cancel)).await;
                }
                return;
            }
            let pause = RETRY[attempt.min(RETRY.len() - 1)];
            tracing::error!(%error, outcomes = batch.len(), retry_ms = pause.as_millis(), "outcomes could not be recorded");
            if cancel.is_cancelled() && attempt >= RETRY.len() {
                tracing::error!(
                    outcomes = batch.len(),
                    "giving up on outcomes, because the program is stopping"
                );
                return;
            }
            attempt += 1;
            tokio::time::sleep(pause).await;
        }
    }

    /// Records a batch in one transaction, then advances memory and tells the scheduler and the screens.
    pub async fn record(&self, batch: &[Submission]) -> Result<(), StoreError> {
        let now = self.clock.now();
        let plan = batch::plan(batch, &self.registry, now);
        let done = write::write(self, &plan, now).await?;
        self.count(batch.len(), &plan, &done);
        self.vitals.last_commit.store(now.0, Ordering::Relaxed);
        for monitor in plan.monitors {
            if done.is_refused(monitor.kept.monitor) {
                continue;
            }
            if let Some(within) = monitor.recheck {
                self.recorder.look_again(Recheck { monitor: monitor.kept.monitor, within });
            }
            let kept = monitor.kept_after_commit();
            self.registry.advance(kept, monitor.evidence_at, monitor.slot, monitor.facts);
        }
        for (row, state) in plan.rows.iter().zip(&plan.shown) {
            if !done.is_refused(row.monitor) {
                self.bus.sample(Sample {
                    monitor: row.monitor,
                    at: row.at,
                    state: *state,
                    latency_us: row.latency_us,
                });
            }
        }
        Ok(())
    }

    /// Counts what was recorded, and what was not: because another node took a monitor over or was first, or because nobody here knows
    /// the monitor any more.
    fn count(&self, outcomes: usize, plan: &batch::Plan, done: &write::Done) {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let refused = plan.rows.iter().filter(|row| done.is_refused(row.monitor)).count();
        let unknown = outcomes.saturating_sub(plan.rows.len());
        self.vitals.recorded.fetch_add(number(plan.rows.len().saturating_sub(refused)), Ordering::Relaxed);
        if refused > 0 {
            tracing::warn!(
                outcomes = refused,
                "outcomes were dropped: another node looks after their monitors now, or was first"
            );
        }
        // Who has an SQLite file alone loses a monitor to nobody: it was paused or removed.
        let lost = if self.db.kind() == Kind::Postgres { refused + unknown } else { refused };
        self.vitals.dropped.fetch_add(number(lost), Ordering::Relaxed);
    }
}

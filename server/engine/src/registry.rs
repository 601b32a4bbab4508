//! What this node knows of the monitors that it works on: their settings and their health, as of the last commit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::check::CheckKind;
use domain::health::{Settled, Thresholds};
use domain::id::MonitorKey;
use domain::monitor::Monitor;
use domain::time::{MINUTE, Timestamp};
use domain::uptime::Recorded;

use crate::store::facts::Facts;
use crate::store::health::Kept;

/// While a monitor stays down, evidence is kept no more often than this, in milliseconds.
const EVIDENCE_EVERY: i64 = 5 * MINUTE;

/// A monitor in memory.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Its settings.
    pub monitor: Arc<Monitor>,
    /// Its health, as of the last commit.
    pub kept: Kept,
    /// When evidence was last kept of it.
    pub evidence_at: Timestamp,
    /// When a result was last recorded, and what is recorded of its slot; `None` before the first of this process.
    pub slot: Option<(Timestamp, Recorded)>,
    /// What was last written of the facts that seldom change; `None` before the first check of this process.
    pub facts: Option<Facts>,
}

impl Watched {
    /// How many findings a change takes. A push monitor has its grace for that: once late, it is late.
    pub fn thresholds(&self) -> Thresholds {
        if self.monitor.draft.settings.kind() == CheckKind::Push {
            Thresholds { failure: 1, recovery: 1 }
        } else {
            self.monitor.draft.policy.thresholds
        }
    }
}

/// Whether the report of a failure is kept at `now`, of a monitor that it leaves in a state and of which one was kept at `last`.
pub(crate) fn keeps_failure(settled: Settled, last: Timestamp, now: Timestamp) -> bool {
    settled != Settled::Down || now.since(last) >= EVIDENCE_EVERY
}

/// The monitors in memory. Cheap to clone; locked for a few lookups at a time, never across an await.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    monitors: Arc<Mutex<HashMap<MonitorKey, Watched>>>,
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, HashMap<MonitorKey, Watched>> {
        self.monitors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A monitor as it is known now.
    pub fn get(&self, key: MonitorKey) -> Option<Watched> {
        self.lock().get(&key).cloned()
    }

    /// Whether a monitor was not well at the last commit, so that a success would be news.
    pub fn is_troubled(&self, key: MonitorKey) -> bool {
        let health = self.lock().get(&key).map(|watched| watched.kept.health);
        health.is_some_and(|health| {
            !matches!(health.settled, Settled::Up | Settled::Pending) || health.streak.is_some()
        })
    }

    /// Whether the report of a monitor would be kept if a check failed now: of a monitor that stays down not every one is. Also when it is
    /// not known at all.
    pub fn keeps_failure(&self, key: MonitorKey, now: Timestamp) -> bool {
        self.lock()
            .get(&key)
            .is_none_or(|watched| keeps_failure(watched.kept.health.settled, watched.evidence_at, now))
    }

    /// Whether a monitor is still checked in the way of `kind`; also when it is not known at all.
    pub fn is_still(&self, key: MonitorKey, kind: CheckKind) -> bool {
        self.lock().get(&key).is_none_or(|watched| watched.monitor.draft.settings.kind() == kind)
    }

    /// Adds or replaces a monitor. The health in memory stays when it is newer than the one that was read.
    pub fn put(&self, monitor: Arc<Monitor>, kept: Kept) {
        let mut monitors = self.lock();
        if let Some(watched) = monitors.get_mut(&monitor.key) {
            watched.monitor = monitor;
            if kept.version > watched.kept.version {
                watched.kept = kept;
            }
        } else {
            let new = Watched { monitor, kept, evidence_at: Timestamp(0), slot: None, facts: None };
            monitors.insert(new.monitor.key, new);
        }
    }

    /// Forgets a monitor.
    pub fn remove(&self, key: MonitorKey) {
        self.lock().remove(&key);
    }

    /// Advances what is known after a commit.
    pub fn advance(
        &self,
        kept: Kept,
        evidence_at: Option<Timestamp>,
        slot: Option<(Timestamp, Recorded)>,
        facts: Option<Facts>,
    ) {
        if let Some(watched) = self.lock().get_mut(&kept.monitor) {
            watched.kept = kept;
            watched.evidence_at = evidence_at.unwrap_or(watched.evidence_at);
            watched.slot = slot.or(watched.slot);
            watched.facts = facts.or(watched.facts);
        }
    }

    /// How many monitors there are.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

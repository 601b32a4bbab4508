//! How Pharos itself is doing: counted while it works, shown by `/metrics`, `/readyz` and the console.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use domain::time::Timestamp;
use domain::uptime::Histogram;

/// The numbers of this node. Counters only grow; gauges are as of now.
#[derive(Debug, Default)]
pub struct Vitals {
    /// Checks that were started.
    pub started: AtomicU64,
    /// Checks that finished.
    pub finished: AtomicU64,
    /// Outcomes that were recorded.
    pub recorded: AtomicU64,
    /// Outcomes that were dropped because the recorder could not keep up.
    pub dropped: AtomicU64,
    /// Checks that run at this moment.
    pub running: AtomicI64,
    /// Outcomes that wait to be recorded.
    pub queued: AtomicI64,
    /// Monitors that this node schedules.
    pub scheduled: AtomicI64,
    /// Sockets of the public pages.
    pub public_sockets: AtomicI64,
    /// Sockets of the console.
    pub console_sockets: AtomicI64,
    /// When the scheduler last went round, in milliseconds since 1970; a stale one means that it hangs.
    pub heartbeat: AtomicI64,
    /// When a batch was last recorded, in milliseconds since 1970.
    pub last_commit: AtomicI64,
    /// Whether the recorder's last attempt failed.
    pub recorder_failing: AtomicBool,
    /// Since when our own network has been dead, in milliseconds since 1970; 0 when it works.
    pub offline_since: AtomicI64,
    lateness: Mutex<Windows>,
}

/// How late checks started, in microseconds: two half-full minutes, so that a percentile always covers one to two of them.
#[derive(Debug, Default)]
struct Windows {
    begun: Timestamp,
    current: Histogram,
    previous: Histogram,
    total: Histogram,
}

/// The length of a window of lateness, in milliseconds.
const WINDOW: i64 = domain::time::MINUTE;

impl Vitals {
    /// Counts the start of a check that was due `late_us` microseconds ago.
    pub fn check_started(&self, late_us: i64, now: Timestamp) {
        self.started.fetch_add(1, Ordering::Relaxed);
        let mut windows = self.lateness.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(windows.begun) >= WINDOW {
            windows.begun = now;
            windows.previous = std::mem::take(&mut windows.current);
        }
        windows.current.record(late_us);
        windows.total.record(late_us);
    }

    /// How late checks started in the last one to two minutes, at a quantile from 0 to 1; in microseconds.
    pub fn lateness(&self, quantile: f64) -> Option<i64> {
        let windows = self.lateness.lock().unwrap_or_else(PoisonError::into_inner);
        let mut recent = windows.previous.clone();
        recent.merge(&windows.current);
        recent.quantile(quantile)
    }

    /// How late checks started since the program began, at a quantile from 0 to 1; in microseconds.
    pub fn lateness_total(&self, quantile: f64) -> Option<i64> {
        self.lateness.lock().unwrap_or_else(PoisonError::into_inner).total.quantile(quantile)
    }

    /// Forgets the lateness so far: a bench counts the steady state only.
    pub fn forget_lateness(&self) {
        *self.lateness.lock().unwrap_or_else(PoisonError::into_inner) = Windows::default();
    }
}

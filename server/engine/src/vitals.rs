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
    /// Outcomes that were dropped: too many waited, the database refused them, or another node looked after their monitors by then.
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
    /// By how many milliseconds the clock of this node is ahead of the one by which nodes share their work; always 0 on SQLite.
    pub clock_ahead: AtomicI64,
    /// Checks that are due and wait for a place among those that run.
    waiting: AtomicI64,
    /// When a check last got a place, or the first of those that wait became due; in milliseconds since 1970.
    moved: AtomicI64,
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
/// How long nothing may begin while checks are due, in milliseconds: even when all places are taken by checks that run into
/// the longest time-out, one is free sooner.
const STUCK: i64 = 2 * domain::monitor::MAX_TIMEOUT;

impl Vitals {
    /// Counts a check that is due and waits for a place.
    pub fn check_waits(&self, now: Timestamp) {
        if self.waiting.fetch_add(1, Ordering::Relaxed) == 0 {
            self.moved.store(now.0, Ordering::Relaxed);
        }
    }

    /// For how many milliseconds nothing has begun although checks are due, if that is too long.
    pub fn stuck_for(&self, now: Timestamp) -> Option<i64> {
        let since = now.0 - self.moved.load(Ordering::Relaxed);
        (self.waiting.load(Ordering::Relaxed) > 0 && since > STUCK).then_some(since)
    }

    /// Counts the start of a check that waited and was due `late_us` microseconds ago.
    pub fn check_started(&self, late_us: i64, now: Timestamp) {
        self.started.fetch_add(1, Ordering::Relaxed);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.moved.store(now.0, Ordering::Relaxed);
        let mut windows = self.lateness.lock().unwrap_or_else(PoisonError::into_inner);
        // A window that begins in the future is from before the clock was set back.
        if !(0..WINDOW).contains(&(now.0 - windows.begun.0)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_that_wait_while_none_begins_are_noticed() {
        let vitals = Vitals::default();
        let at = |second: i64| Timestamp(1_000_000_000 + second * 1_000);
        assert_eq!(vitals.stuck_for(at(0)), None, "nothing is due");
        vitals.check_waits(at(0));
        vitals.check_waits(at(100));
        assert_eq!(vitals.stuck_for(at(119)), None);
        assert_eq!(vitals.stuck_for(at(130)), Some(130_000));
        vitals.check_started(0, at(131));
        assert_eq!(vitals.stuck_for(at(140)), None, "one began");
        assert_eq!(vitals.stuck_for(at(300)), Some(169_000), "the other one waits");
        vitals.check_started(0, at(301));
        assert_eq!(vitals.stuck_for(at(9_000)), None);
    }

    #[test]
    fn lateness_is_of_the_last_minutes_although_the_clock_was_set_back() {
        let vitals = Vitals::default();
        vitals.check_started(5_000_000, Timestamp(7_200_000));
        for minute in 0..2 {
            vitals.check_started(1_000, Timestamp(minute * WINDOW));
        }
        assert!(vitals.lateness(1.0).is_some_and(|late_us| late_us < 2_000));
    }
}

//! What became of calls, counted for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

use super::TickRefusal;

/// Counters since the start. Every call is counted once in the first four, and one that was taken once more in one of the last four,
/// when it has ended.
#[derive(Debug, Default)]
pub struct TelexNumbers {
    /// Calls that were taken.
    pub taken: AtomicU64,
    /// Calls that break rules.
    pub invalid: AtomicU64,
    /// Calls of clients that called too often.
    pub too_many: AtomicU64,
    /// Calls that came while too many were in work.
    pub busy: AtomicU64,
    /// Sites that were looked at.
    pub sites: AtomicU64,
    /// Results that were posted.
    pub posted: AtomicU64,
    /// Results that could not be posted.
    pub dropped: AtomicU64,
    /// Calls after which there was nothing to say.
    pub silent: AtomicU64,
    /// Calls that were abandoned because the program stops.
    pub abandoned: AtomicU64,
}

impl TelexNumbers {
    /// Counts a call by what was answered.
    pub(super) fn count_call(&self, taken: &Result<(), TickRefusal>) {
        let counter = match taken {
            Ok(()) => &self.taken,
            Err(TickRefusal::Invalid(_)) => &self.invalid,
            Err(TickRefusal::TooMany { .. }) => &self.too_many,
            Err(TickRefusal::Busy { .. }) => &self.busy,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

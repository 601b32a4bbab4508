//! Notices when the host slept. The time of day goes on while the machine is suspended, the monotonic clock does not; a gap
//! between the two is time in which nobody looked.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use domain::time::{SECOND, Timestamp};

use crate::clock::Clock;

/// A gap from which on the host is said to have slept, in milliseconds: clocks that are corrected move by less.
const SLEPT: i64 = 5 * SECOND;
/// How long after waking up failures are not believed, in milliseconds: networks take a while to come back.
const DROWSY: i64 = 10 * SECOND;

/// Compares the two clocks.
#[derive(Debug)]
pub(super) struct Wake {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    wall: Timestamp,
    monotonic: Instant,
    woke: Option<(Timestamp, i64)>,
}

impl Wake {
    pub(super) fn new(clock: &Clock) -> Self {
        Self { state: Mutex::new(State { wall: clock.now(), monotonic: Instant::now(), woke: None }) }
    }

    /// Compares the clocks; to be called at least once a second.
    pub(super) fn look(&self, now: Timestamp) {
        self.compare(now, Instant::now());
    }

    fn compare(&self, now: Timestamp, monotonic: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let ticked = i64::try_from(monotonic.duration_since(state.monotonic).as_millis()).unwrap_or(i64::MAX);
        let gap = now.0 - state.wall.0 - ticked;
        if gap >= SLEPT {
            tracing::warn!(slept_ms = gap, "the host slept, or its clock was set forward");
            state.woke = Some((now, gap));
        }
        state.wall = now;
        state.monotonic = monotonic;
    }

    /// For how many milliseconds the host slept, when a check that was due at `slot` and ended at `now` cannot be believed.
    pub(super) fn slept(&self, slot: Timestamp, now: Timestamp) -> Option<i64> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (woke, gap) = state.woke?;
        (slot.0 <= woke.0 + DROWSY && now.0 >= woke.0).then_some(gap)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_gap_between_the_clocks_means_that_the_host_slept() {
        let clock = Clock::manual(Timestamp(1_000_000));
        let wake = Wake::new(&clock);
        let start = Instant::now();
        wake.compare(Timestamp(1_001_000), start + Duration::from_secs(1));
        assert_eq!(wake.slept(Timestamp(1_000_500), Timestamp(1_001_500)), None);
        wake.compare(Timestamp(1_601_500), start + Duration::from_millis(1_500));
        let gap = wake.slept(Timestamp(1_001_200), Timestamp(1_601_600)).expect("slept");
        assert!((599_900..=600_100).contains(&gap), "{gap}");
        assert_eq!(wake.slept(Timestamp(1_700_000), Timestamp(1_700_100)), None, "long awake again");
    }
}

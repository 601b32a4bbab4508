//! Notices when the host slept. The time of day goes on while the machine is suspended, the monotonic clock does not; a gap
//! between the two is time in which nobody looked. A gap the other way means that the time of day was set back.

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

    /// Compares the clocks; to be called at least once a second. Whether the time of day was set back since: what was planned
    /// before lies too far ahead then.
    #[must_use]
    pub(super) fn look(&self, now: Timestamp) -> bool {
        self.compare(now, Instant::now())
    }

    fn compare(&self, now: Timestamp, monotonic: Instant) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let ticked = i64::try_from(monotonic.duration_since(state.monotonic).as_millis()).unwrap_or(i64::MAX);
        let gap = now.0 - state.wall.0 - ticked;
        if gap >= SLEPT {
            tracing::warn!(slept_ms = gap, "the host slept, or its clock was set forward");
            state.woke = Some((now, gap));
        }
        let set_back = gap <= -SLEPT;
        if set_back {
            tracing::warn!(by_ms = -gap, "the host's clock was set back; what is due is planned again");
            // That time is ahead again: what fails until then is no consequence of waking up.
            state.woke = None;
        }
        state.wall = now;
        state.monotonic = monotonic;
        set_back
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
        assert!(!wake.compare(Timestamp(1_001_000), start + Duration::from_secs(1)));
        assert_eq!(wake.slept(Timestamp(1_000_500), Timestamp(1_001_500)), None);
        assert!(!wake.compare(Timestamp(1_601_500), start + Duration::from_millis(1_500)));
        let gap = wake.slept(Timestamp(1_001_200), Timestamp(1_601_600)).expect("slept");
        assert!((599_900..=600_100).contains(&gap), "{gap}");
        assert_eq!(wake.slept(Timestamp(1_700_000), Timestamp(1_700_100)), None, "long awake again");
    }

    #[test]
    fn a_clock_that_is_set_back_is_noticed_once_and_a_corrected_one_is_not() {
        let wake = Wake::new(&Clock::manual(Timestamp(10_000_000)));
        let start = Instant::now();
        assert!(!wake.compare(Timestamp(9_999_000), start + Duration::from_secs(1)));
        assert!(wake.compare(Timestamp(8_000_000), start + Duration::from_secs(2)));
        assert!(!wake.compare(Timestamp(8_001_000), start + Duration::from_secs(3)));
        assert_eq!(wake.slept(Timestamp(8_000_500), Timestamp(8_001_000)), None, "nobody slept");
    }
}

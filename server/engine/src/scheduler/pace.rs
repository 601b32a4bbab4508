//! How long a busy node rests between looking what is due: whoever wakes up for each of thousands of checks a second spends a third of
//! its time with waking up. See `server/docs/decisions/0013-a-busy-node-starts-checks-together.md`.

use std::time::{Duration, Instant};

/// How long checks are counted before it is said whether they are many.
const WINDOW: Duration = Duration::from_millis(100);
/// From so many checks in a window on the node is busy: 2,000 a second.
const MANY: usize = 200;
/// What a busy node lets become due before it looks again. Checks begin later by so much at most.
const REST: Duration = Duration::from_millis(8);

/// Counts the checks that begin.
#[derive(Debug)]
pub(super) struct Pace {
    since: Instant,
    begun: usize,
    busy: bool,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, begun: 0, busy: false }
    }

    /// How long to rest at least after so many checks have begun.
    pub(super) fn rest(&mut self, begun: usize, now: Instant) -> Duration {
        self.begun += begun;
        if now.duration_since(self.since) >= WINDOW {
            self.busy = self.begun >= MANY;
            (self.since, self.begun) = (now, 0);
        }
        if self.busy { REST } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whoever_starts_thousands_a_second_rests() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut pace = Pace::new(start);
        // A thousand a second, one after the other.
        assert!((1..=300).all(|millis| pace.rest(1, at(millis)).is_zero()));
        // Five thousand: nothing changes before a window is full.
        assert!((301..=399).all(|millis| pace.rest(5, at(millis)).is_zero()));
        assert_eq!(pace.rest(5, at(400)), REST);
        assert_eq!(pace.rest(40, at(408)), REST);
        // And back.
        assert_eq!(pace.rest(0, at(500)), Duration::ZERO);
    }
}

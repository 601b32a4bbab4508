//! Which servers are being restarted. When a machine goes down, the messages of all its monitors are claimed in the same moment, before
//! any of them has left a trace in the database.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::time::{DAY, Timestamp};

/// Servers that are remembered before those of long ago are forgotten.
const MANY: usize = 1_000;

/// The restarts of this process.
#[derive(Debug, Default)]
pub(crate) struct Runs(Mutex<HashMap<String, Run>>);

#[derive(Clone, Copy, Debug, Default)]
struct Run {
    now: bool,
    last: Option<Timestamp>,
}

/// Whose turn it is.
#[derive(Debug)]
pub(super) enum Turn<'a> {
    /// Ours, until it is dropped.
    Ours(Held<'a>),
    /// Somebody else's.
    Taken,
}

/// The turn to restart a server.
#[derive(Debug)]
pub(super) struct Held<'a> {
    runs: &'a Runs,
    server: String,
    last: Option<Timestamp>,
}

impl Runs {
    /// Takes the turn of a server, unless somebody has it.
    pub(super) fn begin(&self, server: &str, now: Timestamp) -> Turn<'_> {
        let mut runs = self.runs();
        if runs.len() >= MANY {
            // No cool-down is longer than a day.
            runs.retain(|_, run| run.now || run.last.is_some_and(|last| now.since(last) < DAY));
        }
        let run = runs.entry(server.to_owned()).or_default();
        if run.now {
            return Turn::Taken;
        }
        run.now = true;
        Turn::Ours(Held { runs: self, server: server.to_owned(), last: run.last })
    }

    fn runs(&self) -> std::sync::MutexGuard<'_, HashMap<String, Run>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held<'_> {
    /// When it was restarted before, if this process did it.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// Notes that it was restarted.
    pub(super) fn ran(&self, now: Timestamp) {
        if let Some(run) = self.runs.runs().get_mut(&self.server) {
            run.last = Some(now);
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(run) = self.runs.runs().get_mut(&self.server) {
            run.now = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_has_the_turn_and_the_next_knows_of_the_run() {
        let runs = Runs::default();
        let Turn::Ours(held) = runs.begin("a:22", Timestamp(0)) else { panic!("it is free") };
        assert!(matches!(runs.begin("a:22", Timestamp(1)), Turn::Taken));
        assert!(matches!(runs.begin("b:22", Timestamp(1)), Turn::Ours(_)));
        held.ran(Timestamp(2));
        drop(held);
        let Turn::Ours(held) = runs.begin("a:22", Timestamp(3)) else { panic!("it is free again") };
        assert_eq!(held.last(), Some(Timestamp(2)));
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        let runs = Runs::default();
        for number in 0..MANY {
            let Turn::Ours(held) = runs.begin(&number.to_string(), Timestamp(0)) else {
                panic!("it is free")
            };
            held.ran(Timestamp(0));
        }
        let _held = runs.begin("another", Timestamp(DAY));
        assert_eq!(runs.runs().len(), 1);
    }
}

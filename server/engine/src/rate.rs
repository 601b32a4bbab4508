//! How often a client may call: so many times in a minute, at once or spread. One number is kept for each client (the "generic
//! cell rate algorithm"): the time at which all its calls so far would be paid off.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::time::Timestamp;

/// A minute, in microseconds.
const MINUTE_US: i64 = 60_000_000;
/// The most clients that are remembered: about a megabyte. Beyond that strangers wait, so that an attack from many addresses
/// costs neither memory nor the clients that are known.
const MAX_CLIENTS: usize = 10_000;

/// Counts calls by client.
#[derive(Debug)]
pub struct Rate {
    /// What a call costs, in microseconds.
    cost: i64,
    paid_off: Mutex<HashMap<String, i64>>,
}

impl Rate {
    /// So many calls in a minute.
    pub fn per_minute(calls: NonZeroU32) -> Self {
        Self { cost: MINUTE_US / i64::from(calls.get()), paid_off: Mutex::default() }
    }

    /// Counts a call of a client.
    ///
    /// # Errors
    /// How long to wait, when it called too often; the call is not counted then.
    pub fn take(&self, client: &str, now: Timestamp) -> Result<(), Duration> {
        let now = now.0.saturating_mul(1_000);
        let mut paid_off = self.paid_off.lock().unwrap_or_else(PoisonError::into_inner);
        if paid_off.len() >= MAX_CLIENTS {
            paid_off.retain(|_, at| {
                *at = (*at).min(now + MINUTE_US);
                *at > now
            });
            if paid_off.len() >= MAX_CLIENTS && !paid_off.contains_key(client) {
                return Err(Duration::from_mins(1));
            }
        }
        // A clock that was set back must not lock anybody out for longer than a minute, so a time that lies further ahead is
        // forgotten, and not only passed over: it would lie ahead at the next call, too.
        if let Some(at) = paid_off.get_mut(client) {
            *at = (*at).clamp(now, now + MINUTE_US);
        }
        let due = paid_off.get(client).copied().unwrap_or(now) + self.cost;
        let wait = due - now - MINUTE_US;
        if wait > 0 {
            return Err(Duration::from_micros(wait.unsigned_abs()));
        }
        paid_off.insert(client.to_owned(), due);
        Ok(())
    }

    /// Takes a counted call back: it turned out to be of another kind.
    pub fn give_back(&self, client: &str) {
        let mut paid_off = self.paid_off.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(due) = paid_off.get_mut(client) {
            *due -= self.cost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn rate(calls: u32) -> Rate {
        Rate::per_minute(NonZeroU32::new(calls).unwrap())
    }

    #[test]
    fn the_calls_of_a_minute_may_come_at_once_and_then_one_by_one() {
        let rate = rate(3);
        for _ in 0..3 {
            rate.take("a", NOW).unwrap();
        }
        assert_eq!(rate.take("a", NOW), Err(Duration::from_secs(20)));
        assert_eq!(rate.take("a", Timestamp(NOW.0 + 15_000)), Err(Duration::from_secs(5)));
        rate.take("b", NOW).unwrap();
        rate.take("a", Timestamp(NOW.0 + 20_000)).unwrap();
        assert!(rate.take("a", Timestamp(NOW.0 + 20_000)).is_err());
    }

    #[test]
    fn a_call_that_is_given_back_was_never_made() {
        let rate = rate(1);
        for _ in 0..5 {
            rate.take("a", NOW).unwrap();
            rate.give_back("a");
        }
        rate.take("a", NOW).unwrap();
        rate.give_back("nobody");
        assert!(rate.take("a", NOW).is_err());
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out_for_long() {
        let rate = rate(2);
        rate.take("a", NOW).unwrap();
        rate.take("a", NOW).unwrap();
        let before = Timestamp(NOW.0 - 86_400_000);
        assert_eq!(rate.take("a", before), Err(Duration::from_secs(30)));
        assert_eq!(rate.take("a", Timestamp(before.0 + 10_000)), Err(Duration::from_secs(20)));
        rate.take("a", Timestamp(before.0 + 30_000)).unwrap();
    }

    #[test]
    fn a_clock_that_was_set_back_frees_the_table_after_a_minute() {
        let rate = rate(2);
        for client in 0..MAX_CLIENTS {
            rate.take(&client.to_string(), NOW).unwrap();
        }
        let before = Timestamp(NOW.0 - 86_400_000);
        assert!(rate.take("stranger", before).is_err());
        rate.take("stranger", Timestamp(before.0 + 61_000)).unwrap();
    }

    #[test]
    fn the_table_is_bounded_and_those_in_it_keep_their_share() {
        let rate = rate(2);
        for client in 0..MAX_CLIENTS {
            rate.take(&client.to_string(), NOW).unwrap();
        }
        assert!(rate.take("stranger", NOW).is_err());
        rate.take("7", NOW).unwrap();
        let later = Timestamp(NOW.0 + 61_000);
        rate.take("stranger", later).unwrap();
        assert_eq!(rate.paid_off.lock().unwrap().len(), 1);
    }
}

//! How often somebody may try: a sliding minute, counted by name; and a sliding day for browsers that are known.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::time::{DAY, MINUTE, Timestamp};

use super::{Result, ServiceError};

/// Tries at logging in to one account from one client, a minute.
const PER_ACCOUNT: usize = 5;
/// Tries at logging in from one client, a minute: a household or an office may share it.
const PER_CLIENT: usize = 20;
/// Tries at logging in altogether, a minute: what hashing may cost, and the bound of this table. Clients from which somebody has
/// logged in do not count: whoever guesses from many addresses must not keep out those who work here.
const OVERALL: usize = 120;
/// Tries without a success from one browser that somebody logged in with before, a day: enough for whoever mistypes, and so few that
/// whoever stole its mark guesses nothing.
const PER_BROWSER: usize = 10;
/// The most browsers whose tries are counted; others are like any client until there is room.
const MAX_BROWSERS: usize = 1_000;
/// How long a client is known by a success, in milliseconds.
const KNOWN_FOR: i64 = 90 * DAY;
/// The most clients that are known; the one that was seen the longest ago makes room.
const MAX_KNOWN: usize = 1_000;

/// The tries of the last minute. A try that is refused is not counted, so the table holds at most [`OVERALL`] of each name, and
/// [`PER_CLIENT`] for each of the [`MAX_KNOWN`].
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    tries: HashMap<String, VecDeque<Timestamp>>,
    /// When somebody last logged in from a client.
    known: HashMap<String, Timestamp>,
    /// Tries of the last day, by browser.
    browsers: HashMap<String, VecDeque<Timestamp>>,
}

impl Attempts {
    /// Counts a try at an account from a client (an address, or whatever tells clients apart).
    pub(crate) fn count(&self, client: &str, account: &str, now: Timestamp) -> Result<()> {
        let mut seen = self.seen();
        let mut names = vec![(format!("{client} {account}"), PER_ACCOUNT), (client.to_owned(), PER_CLIENT)];
        if seen.known.get(client).is_none_or(|at| now.since(*at) >= KNOWN_FOR) {
            names.push((String::new(), OVERALL));
        }
        let seen = &mut seen.tries;
        forget_old(seen, MINUTE, now);
        for (name, limit) in &names {
            if let Some(times) = seen.get(name)
                && times.len() >= *limit
                && let Some(oldest) = times.front()
            {
                let wait = (MINUTE - now.since(*oldest)).max(1_000);
                return Err(ServiceError::TooMany {
                    retry_after: Duration::from_millis(wait.cast_unsigned()),
                });
            }
        }
        for (name, _) in names {
            seen.entry(name).or_default().push_back(now);
        }
        Ok(())
    }

    /// Counts a try from a browser that somebody logged in with before at the account. Says whether it may: otherwise it has to share
    /// with everybody.
    pub(crate) fn count_known(&self, browser: &str, now: Timestamp) -> bool {
        let browsers = &mut self.seen().browsers;
        forget_old(browsers, DAY, now);
        let may = match browsers.get(browser) {
            Some(times) => times.len() < PER_BROWSER,
            None => browsers.len() < MAX_BROWSERS,
        };
        if may {
            browsers.entry(browser.to_owned()).or_default().push_back(now);
        }
        may
    }

    /// Forgets the tries from a browser that turned out to be the owner's.
    pub(crate) fn forgive_known(&self, browser: &str) {
        self.seen().browsers.remove(browser);
    }

    /// Forgets the tries at an account from a client that turned out to be its owner's.
    pub(crate) fn forgive(&self, client: &str, account: &str) {
        self.seen().tries.remove(&format!("{client} {account}"));
    }

    /// Somebody logged in from a client: it is known from now on.
    pub(crate) fn welcome(&self, client: &str, now: Timestamp) {
        let known = &mut self.seen().known;
        known.insert(client.to_owned(), now);
        if known.len() > MAX_KNOWN
            && let Some(oldest) = known.iter().min_by_key(|(_, at)| **at).map(|(client, _)| client.clone())
        {
            known.remove(&oldest);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves only the tries of the last so many milliseconds.
fn forget_old(tries: &mut HashMap<String, VecDeque<Timestamp>>, length: i64, now: Timestamp) {
    tries.retain(|_, times| {
        // After the clock was set back they lie ahead, and would not grow old until it has caught up.
        for at in times.iter_mut() {
            *at = (*at).min(now);
        }
        times.retain(|at| now.since(*at) < length);
        !times.is_empty()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_try_within_a_minute_waits_for_the_first_to_grow_old() {
        let attempts = Attempts::default();
        for second in 0..5 {
            attempts.count("10.0.0.1", "a@example.org", Timestamp(second * 1_000)).unwrap();
        }
        let refused = attempts.count("10.0.0.1", "a@example.org", Timestamp(20_000));
        assert!(matches!(refused, Err(ServiceError::TooMany { retry_after }) if retry_after.as_secs() == 40));
        attempts.count("10.0.0.1", "a@example.org", Timestamp(60_000)).unwrap();
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_out_for_longer_than_a_minute() {
        let attempts = Attempts::default();
        for _ in 0..5 {
            attempts.count("10.0.0.1", "a@example.org", Timestamp(7_200_000)).unwrap();
        }
        attempts.count("10.0.0.1", "a@example.org", Timestamp(10_000)).unwrap_err();
        attempts.count("10.0.0.1", "a@example.org", Timestamp(70_000)).unwrap();
    }

    #[test]
    fn the_owner_is_not_kept_out_by_somebody_elsewhere() {
        let attempts = Attempts::default();
        for _ in 0..5 {
            attempts.count("10.0.0.1", "a@example.org", Timestamp(0)).unwrap();
        }
        attempts.count("10.0.0.2", "a@example.org", Timestamp(0)).unwrap();
    }

    #[test]
    fn one_client_may_not_try_many_accounts() {
        let attempts = Attempts::default();
        for account in 0..PER_CLIENT {
            attempts.count("10.0.0.1", &account.to_string(), Timestamp(0)).unwrap();
        }
        assert!(attempts.count("10.0.0.1", "another", Timestamp(0)).is_err());
    }

    #[test]
    fn the_table_is_bounded() {
        let attempts = Attempts::default();
        for client in 0..1_000 {
            let _ = attempts.count(&client.to_string(), "a", Timestamp(0));
        }
        assert!(attempts.seen().tries.len() <= 2 * OVERALL + 1);
        for client in 0..2 * MAX_KNOWN {
            attempts.welcome(&client.to_string(), Timestamp(i64::try_from(client).unwrap()));
        }
        assert_eq!(attempts.seen().known.len(), MAX_KNOWN);
        assert!(!attempts.seen().known.contains_key("0"), "the oldest made room");
    }

    #[test]
    fn whoever_logged_in_before_is_not_kept_out_by_guesses_from_everywhere() {
        let attempts = Attempts::default();
        attempts.count("office", "ada", Timestamp(0)).unwrap();
        attempts.forgive("office", "ada");
        attempts.welcome("office", Timestamp(0));
        for client in 0..1_000 {
            let _ = attempts.count(&client.to_string(), "ada", Timestamp(1));
        }
        assert!(attempts.count("elsewhere", "ada", Timestamp(2)).is_err());
        for _ in 0..PER_ACCOUNT {
            attempts.count("office", "ada", Timestamp(2)).unwrap();
        }
        assert!(attempts.count("office", "ada", Timestamp(2)).is_err(), "its own bounds hold");
    }

    #[test]
    fn a_known_browser_has_ten_tries_a_day_until_one_is_right() {
        let attempts = Attempts::default();
        let tries = |browser: &str, at| {
            (0..2 * PER_BROWSER).filter(|_| attempts.count_known(browser, Timestamp(at))).count()
        };
        assert_eq!((tries("a", 0), tries("b", 0), tries("a", DAY - 1)), (PER_BROWSER, PER_BROWSER, 0));
        attempts.forgive_known("a");
        assert_eq!((tries("a", DAY - 1), tries("b", DAY - 1)), (PER_BROWSER, 0));
        assert_eq!((tries("a", DAY), tries("b", DAY)), (0, PER_BROWSER));
        for browser in 0..2 * MAX_BROWSERS {
            attempts.count_known(&browser.to_string(), Timestamp(DAY));
        }
        assert_eq!(attempts.seen().browsers.len(), MAX_BROWSERS);
    }
}

//! How many files and connections this process may have open, and who gets them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than this is not asked for, and not counted with: some systems say that there is no limit.
const MOST: u64 = 1 << 20;
/// What every system gives (`OPEN_MAX` of macOS, which refuses more than it has).
const MODEST: u64 = 10_240;
/// The most connections of visitors: each takes memory, too.
const MOST_VISITORS: usize = 100_000;
/// For the database, the log, messages, and what stands in no list.
const RESERVE: usize = 128;
/// What a check may have open at the same time: two tries at a connection, or one and a question to a resolver.
const PER_CHECK: usize = 2;

/// Raises what a process gets by default, often 1,024, to what it may have. Says how many it has then.
pub fn raise() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(MOST).min(MOST);
    for wanted in [most, most.min(MODEST)] {
        if limit.current.is_some_and(|current| current < wanted) {
            let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
            if setrlimit(Resource::Nofile, raised).is_ok() {
                break;
            }
        }
    }
    let current = getrlimit(Resource::Nofile).current.unwrap_or(MOST).min(MOST);
    usize::try_from(current).unwrap_or(usize::MAX)
}

/// How many of them visitors may have: all but what so many checks and the rest need, and half of them where that would be more.
pub(super) fn for_visitors(descriptors: usize, checks: u32) -> usize {
    let checks = usize::try_from(checks).unwrap_or(usize::MAX).saturating_mul(PER_CHECK);
    let reserve = checks.saturating_add(RESERVE).min(descriptors / 2);
    (descriptors - reserve).min(MOST_VISITORS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_and_the_database_keep_theirs() {
        assert_eq!(for_visitors(400, 1_000), 200);
        assert_eq!(for_visitors(1_024, 1_000), 512);
        assert_eq!(for_visitors(8_192, 1_000), 8_192 - 2_128);
        assert_eq!(for_visitors(1_024, 50), 1_024 - 228);
        assert_eq!(for_visitors(1 << 20, u32::MAX), MOST_VISITORS);
        assert_eq!(for_visitors(0, 1), 0);
    }

    #[test]
    fn the_limit_is_raised_to_what_may_be_had() {
        let had = getrlimit(Resource::Nofile);
        let now = raise();
        let most = had.maximum.unwrap_or(MOST).min(MOST);
        assert_eq!(u64::try_from(now).unwrap(), most.max(had.current.unwrap_or(MOST).min(MOST)));
        assert_eq!(raise(), now);
    }
}

//! When a heartbeat is missing although for some of the time nobody could hear one. Pure.

use super::push::next_deadline;
use super::{PushSchedule, PushSettings};

/// A stretch in which no call could be taken, because Pharos was stopped, its host slept, or its database was away. In Unix
/// milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// When somebody last listened.
    pub since_ms: i64,
    /// When somebody listened again.
    pub until_ms: i64,
}

impl PushSettings {
    /// When the monitor is late after a last call, grace included, in Unix milliseconds; `gaps` are those since then, the
    /// oldest first.
    ///
    /// A gap moves the deadline of a period by its length. One in which a call was due may have swallowed that call, so the
    /// next one is waited for; but only once, or a restart every minute would hide a dead job for ever. Who was late before a
    /// gap stays late.
    pub fn deadline_over(&self, last_ping_ms: i64, gaps: &[Gap]) -> i64 {
        let grace = i64::from(self.grace_s) * 1_000;
        let due_after = |from: i64| next_deadline(&self.schedule, Some(from), from);
        let is_period = matches!(self.schedule, PushSchedule::Period { .. });
        // A job with a period may come a little early as well as late; one with a schedule does not begin before its time.
        let early = if is_period { grace } else { 0 };
        let mut due = due_after(last_ping_ms);
        let mut deadline = due.saturating_add(grace);
        let mut swallowed = false;
        for gap in gaps {
            let since = gap.since_ms.max(last_ping_ms);
            let length = gap.until_ms - since;
            if length <= 0 {
                continue;
            }
            if since >= deadline {
                break;
            }
            let may_swallow = gap.until_ms > due.saturating_sub(early);
            if may_swallow && !swallowed {
                swallowed = true;
                due = due_after(gap.until_ms);
                deadline = due.saturating_add(grace);
            } else if may_swallow || is_period {
                due = if is_period { due.saturating_add(length) } else { due };
                deadline = deadline.saturating_add(length);
            }
        }
        deadline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(seconds: &[(i64, i64)]) -> Vec<Gap> {
        let gap = |(since, until): &(i64, i64)| Gap { since_ms: since * 1_000, until_ms: until * 1_000 };
        seconds.iter().map(gap).collect()
    }

    /// The deadline in seconds of a job that called last at 0.
    fn deadline(settings: &PushSettings, seconds: &[(i64, i64)]) -> i64 {
        settings.deadline_over(0, &gaps(seconds)) / 1_000
    }

    #[test]
    fn without_a_gap_nothing_moves() {
        let settings = PushSettings::every(3_600, 300);
        assert_eq!(deadline(&settings, &[]), 3_900);
        assert_eq!(deadline(&settings, &[(-900, -60)]), 3_900, "it was over before the last call");
    }

    #[test]
    fn a_gap_before_a_call_is_due_moves_the_deadline_by_its_length() {
        let settings = PushSettings::every(3_600, 300);
        assert_eq!(deadline(&settings, &[(60, 660)]), 4_500);
        assert_eq!(
            deadline(&settings, &[(-60, 660)]),
            4_560,
            "what counts of it is what came after the call"
        );
        assert_eq!(deadline(&settings, &[(60, 120), (300, 360)]), 4_020);
    }

    #[test]
    fn a_call_that_was_due_in_a_gap_may_be_lost_so_the_next_one_is_waited_for() {
        let settings = PushSettings::every(3_600, 300);
        assert_eq!(deadline(&settings, &[(3_590, 3_610)]), 3_610 + 3_900);
        assert_eq!(deadline(&settings, &[(5, 86_400)]), 86_400 + 3_900);
    }

    #[test]
    fn who_was_late_before_stays_late() {
        let settings = PushSettings::every(3_600, 300);
        assert_eq!(deadline(&settings, &[(3_900, 86_400)]), 3_900);
        assert_eq!(deadline(&settings, &[(60, 120), (3_960, 9_000), (9_100, 9_200)]), 3_960);
    }

    #[test]
    fn a_restart_every_minute_does_not_hide_a_dead_job() {
        let settings = PushSettings::every(3_600, 300);
        let restarts: Vec<_> = (1..1_000).map(|minute| (minute * 60, minute * 60 + 5)).collect();
        let found = deadline(&settings, &restarts);
        assert!(found < 2 * 3_900 + 60 * 60, "{found}");
    }

    #[test]
    fn a_start_that_fell_into_a_gap_is_not_judged_and_the_next_one_is() {
        let expression = "*/10 * * * *".to_owned();
        let schedule = PushSchedule::Cron { expression, time_zone: "UTC".to_owned() };
        let settings = PushSettings { schedule, grace_s: 60 };
        assert_eq!(deadline(&settings, &[]), 660);
        assert_eq!(deadline(&settings, &[(60, 540)]), 660, "nothing was due meanwhile");
        assert_eq!(deadline(&settings, &[(590, 630)]), 1_260);
        assert_eq!(deadline(&settings, &[(60, 3_700)]), 4_260);
        assert_eq!(deadline(&settings, &[(590, 630), (1_210, 1_220)]), 1_270, "once");
        assert_eq!(deadline(&settings, &[(660, 9_000)]), 660, "it was late before");
    }
}

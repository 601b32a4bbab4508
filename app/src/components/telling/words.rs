//! Words about messages: what they tell, when levels are reached, and what to do when something does not arrive.

use domain::alert::{Condition, Level};
use domain::time::MINUTE;

use crate::words;

/// What a kind of message tells.
pub fn kind(word: &str) -> &'static str {
    match word {
        "error" => "Outage",
        "reminder" => "Reminder",
        "ok" => "Recovery",
        "test" => "Test",
        "group" => "Many outages",
        "acknowledged" => "Taken on",
        "rest" => "Late copy",
        _ => "Event",
    }
}

/// Minutes as a length: `10 min`, `2 h`.
pub fn minutes(minutes: u32) -> String {
    words::duration(i64::from(minutes) * MINUTE)
}

/// When a level is reached.
pub fn when(condition: Condition) -> String {
    match condition {
        Condition::Errors { count: 0 | 1 } | Condition::Minutes { minutes: 0 } => "at once".to_owned(),
        Condition::Errors { count } => format!("after {count} failures in a row"),
        Condition::Minutes { minutes: after } => format!("after {}", minutes(after)),
    }
}

/// How often a level reminds; nothing when it does not.
pub fn reminders(level: &Level) -> Option<String> {
    let every = minutes(level.reminder_minutes.max(1));
    match level.reminders {
        0 => None,
        1 => Some(format!("1 reminder after {every}")),
        many => Some(format!("{many} reminders, every {every}")),
    }
}

/// Names in a sentence: `A`, `A and B`, `A, B and C`.
pub fn list(names: &[String]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// What to do about an attempt that failed with a status; nothing when the reason itself says enough. A test is tried once, and a
/// message again and again.
pub fn remedy(status: Option<u16>, is_test: bool) -> Option<&'static str> {
    let of_test = |test, message| if is_test { test } else { message };
    Some(match status? {
        401 => "The other side does not know us: put in a new token or password, and send a test.",
        403 => {
            "The other side knows us and refuses: give the token the rights that it needs, and send a test."
        }
        404 | 410 => {
            "There is nothing at this address any more: make a new one at the other side, and put it in."
        }
        408 | 504 => of_test(
            "The other side takes too long. Send the test again in a while.",
            "The other side takes too long. It is tried again by itself.",
        ),
        413 => "The message is too long for the other side: shorten the template.",
        400 | 415 | 422 => of_test(
            "The other side does not understand the message: its answer below says why. Change the settings, then send the test again.",
            "The other side does not understand the message: its answer below says why. Change the settings, then choose “Send again”.",
        ),
        429 => of_test(
            "The other side wants fewer messages. Send the test again in a while.",
            "The other side wants fewer messages. It is tried again by itself, when it allows.",
        ),
        500..=599 => of_test(
            "The other side is in trouble itself. Send the test again in a while.",
            "The other side is in trouble itself. It is tried again by itself.",
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_say_when_they_are_reached() {
        assert_eq!(when(Condition::Errors { count: 1 }), "at once");
        assert_eq!(when(Condition::Errors { count: 3 }), "after 3 failures in a row");
        assert_eq!(when(Condition::Minutes { minutes: 0 }), "at once");
        assert_eq!(when(Condition::Minutes { minutes: 90 }), "after 1 h 30 min");
    }

    #[test]
    fn reminders_say_how_many_and_how_often() {
        let level = |reminders| Level { reminders, ..Level::at_once(Vec::new()) };
        assert_eq!(reminders(&level(0)), None);
        assert_eq!(reminders(&level(1)).as_deref(), Some("1 reminder after 30 min"));
        assert_eq!(reminders(&level(3)).as_deref(), Some("3 reminders, every 30 min"));
    }

    #[test]
    fn names_are_listed_as_people_do() {
        let names = |names: &[&str]| list(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&[]), "nobody");
        assert_eq!(names(&["A"]), "A");
        assert_eq!(names(&["A", "B", "C"]), "A, B and C");
    }

    #[test]
    fn a_status_of_a_failure_says_what_to_do() {
        for status in [400, 401, 403, 404, 408, 410, 413, 422, 429, 500, 503] {
            assert!(remedy(Some(status), false).is_some(), "{status}");
            let test = remedy(Some(status), true).unwrap();
            assert!(!test.contains("by itself") && !test.contains("“Send again”"), "{status}: {test}");
        }
        assert!(remedy(Some(503), false).unwrap().contains("tried again by itself"));
        assert!(remedy(Some(400), false).unwrap().contains("“Send again”"));
        assert_eq!(remedy(Some(302), false), None);
        assert_eq!(remedy(None, true), None);
    }
}

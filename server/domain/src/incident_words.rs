//! What the public is told of automatic incidents. Only names of components go in, so nothing else can come out.

use crate::status_page::ComponentState;
use crate::time::{DAY, HOUR, MINUTE};

/// The first update: what is being looked into.
pub fn opened(components: &[String]) -> String {
    match listed(components) {
        None => "We are investigating a problem.".to_owned(),
        Some(names) => {
            format!("We are investigating: {names} {} not responding as expected.", is_are(components))
        }
    }
}

/// The last update: what works again.
pub fn resolved(components: &[String], length_ms: i64) -> String {
    let length = length(length_ms);
    match listed(components) {
        None => format!("The problem is solved. It lasted {length}."),
        Some(names) => format!("{names} {} working again. The outage lasted {length}.", is_are(components)),
    }
}

/// The last update when the monitor was paused or deleted while it was down.
pub fn withdrawn(components: &[String]) -> String {
    match listed(components) {
        None => "We no longer watch what was affected.".to_owned(),
        Some(names) => format!("Automatic checks of {names} were stopped; this report ends here."),
    }
}

/// The last update when the monitor became one of another kind while it was down.
pub fn changed(components: &[String]) -> String {
    match listed(components) {
        None => "What was affected is checked in another way now; this report ends here.".to_owned(),
        Some(names) => format!("The automatic checks of {names} were changed; this report ends here."),
    }
}

/// The last update when somebody ended it by hand while its monitor is still down.
pub fn closed(components: &[String]) -> String {
    match listed(components) {
        None => "This report was closed before the problem was solved.".to_owned(),
        Some(names) => {
            format!("This report was closed; {names} {} not responding as expected yet.", is_are(components))
        }
    }
}

/// The last update when somebody ended it by hand and nothing says that it goes on.
pub fn resolved_by_hand(components: &[String]) -> String {
    match listed(components) {
        None => "The problem is solved.".to_owned(),
        Some(names) => format!("The problem with {names} is solved."),
    }
}

/// The headline of an automatic incident that does so much to its components, and whether it is over.
pub fn title(components: &[String], impact: ComponentState, is_over: bool) -> String {
    let one = components.len() == 1;
    let who = match components {
        [] => return "Service disruption".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, rest @ ..] => format!("{one} and {} more", rest.len()),
    };
    let does = match (impact, is_over) {
        (ComponentState::MajorOutage, false) if one => "is not available",
        (ComponentState::MajorOutage, false) => "are not available",
        (ComponentState::MajorOutage, true) if one => "was not available",
        (ComponentState::MajorOutage, true) => "were not available",
        (_, false) if one => "has problems",
        (_, false) => "have problems",
        (_, true) => "had problems",
    };
    format!("{who} {does}")
}

/// A stretch of time as people say it: the two largest units at most, never less than a minute but for short ones.
pub fn length(millis: i64) -> String {
    let unit = |count: i64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let minutes = millis / MINUTE;
    match millis {
        ..MINUTE => unit((millis / 1_000).max(1), "second"),
        MINUTE..HOUR => unit(minutes, "minute"),
        HOUR..DAY if minutes % 60 == 0 => unit(minutes / 60, "hour"),
        HOUR..DAY => format!("{} {}", unit(minutes / 60, "hour"), unit(minutes % 60, "minute")),
        _ if minutes / 60 % 24 == 0 => unit(minutes / 1_440, "day"),
        _ => format!("{} {}", unit(minutes / 1_440, "day"), unit(minutes / 60 % 24, "hour")),
    }
}

fn is_are(components: &[String]) -> &'static str {
    if components.len() == 1 { "is" } else { "are" }
}

fn listed(components: &[String]) -> Option<String> {
    let (last, rest) = components.split_last()?;
    Some(if rest.is_empty() { last.clone() } else { format!("{} and {last}", rest.join(", ")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_as_people_list_them() {
        let names = ["API".to_owned(), "Shop".to_owned(), "Mail".to_owned()];
        assert_eq!(
            opened(&names),
            "We are investigating: API, Shop and Mail are not responding as expected."
        );
        assert_eq!(resolved(&names[..1], 14 * MINUTE), "API is working again. The outage lasted 14 minutes.");
        let major = ComponentState::MajorOutage;
        assert_eq!(title(&names, major, false), "API and 2 more are not available");
        assert_eq!(
            changed(&names[..2]),
            "The automatic checks of API and Shop were changed; this report ends here."
        );
    }

    #[test]
    fn a_headline_says_no_more_than_the_state_and_nothing_of_what_is_over_as_if_it_were_not() {
        use ComponentState::{DegradedPerformance, MajorOutage, PartialOutage};

        let names = ["API".to_owned(), "Shop".to_owned()];
        for (count, impact, is_over, text) in [
            (1, MajorOutage, false, "API is not available"),
            (2, MajorOutage, false, "API and Shop are not available"),
            (1, MajorOutage, true, "API was not available"),
            (2, MajorOutage, true, "API and Shop were not available"),
            (1, PartialOutage, false, "API has problems"),
            (2, DegradedPerformance, false, "API and Shop have problems"),
            (1, PartialOutage, true, "API had problems"),
            (0, PartialOutage, true, "Service disruption"),
        ] {
            assert_eq!(title(&names[..count], impact, is_over), text);
        }
    }

    #[test]
    fn what_is_closed_is_not_called_solved() {
        let names = ["API".to_owned(), "Shop".to_owned()];
        assert_eq!(closed(&names[..1]), "This report was closed; API is not responding as expected yet.");
        assert_eq!(
            closed(&names),
            "This report was closed; API and Shop are not responding as expected yet."
        );
        assert_eq!(resolved_by_hand(&names), "The problem with API and Shop is solved.");
    }

    #[test]
    fn lengths_use_two_units_at_most() {
        assert_eq!(length(900), "1 second");
        assert_eq!(length(61 * MINUTE), "1 hour 1 minute");
        assert_eq!(length(2 * HOUR), "2 hours");
        assert_eq!(length(3 * DAY + 5 * HOUR + 7 * MINUTE), "3 days 5 hours");
    }
}

//! What automatic incidents say to the public: names of components, never a monitor's name, target or failure.

use crate::status_page::ComponentState;
use crate::time::{DAY, HOUR, MINUTE, SECOND};

/// What is said when somebody pauses or deletes a monitor whose incident is open: nobody watches the trouble any more.
pub const PAUSED: &str = "Monitoring was paused.";

/// The headline of an automatic incident that does `impact` to the named components.
pub fn title<S: AsRef<str>>(components: &[S], impact: ComponentState) -> String {
    match components {
        [] => "Something is wrong".to_owned(),
        [one] if impact == ComponentState::MajorOutage => format!("{} is down", one.as_ref()),
        [one] if impact == ComponentState::DegradedPerformance => format!("{} is slow", one.as_ref()),
        [one] => format!("{} is affected", one.as_ref()),
        [one, two] => format!("{} and {} are affected", one.as_ref(), two.as_ref()),
        [one, rest @ ..] => format!("{} and {} more are affected", one.as_ref(), rest.len()),
    }
}

/// What is said when an automatic incident opens.
pub fn opened<S: AsRef<str>>(components: &[S]) -> String {
    if components.is_empty() {
        return "We are investigating.".to_owned();
    }
    format!("We are investigating: {} {} not responding as expected.", list(components), are(components))
}

/// What is said when an automatic incident is over, `lasted` milliseconds after it began.
pub fn resolved<S: AsRef<str>>(components: &[S], lasted: i64) -> String {
    let lasted = duration(lasted);
    if components.is_empty() {
        return format!("This is resolved. The outage lasted {lasted}.");
    }
    format!("{} {} working again. The outage lasted {lasted}.", list(components), are(components))
}

/// A length of time in words, in its largest unit and, below ten of it, the next: `45 seconds`, `1 hour 5 minutes`.
pub fn duration(millis: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second")];
    let say = |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    let millis = millis.max(SECOND);
    let place = UNITS.iter().position(|(length, _)| millis >= *length).unwrap_or(UNITS.len() - 1);
    let (length, unit) = UNITS[place];
    let (count, rest) = (millis / length, millis % length);
    match UNITS.get(place + 1) {
        // Seconds beside minutes would pretend to know more than an interval of checks can tell.
        Some((next, small)) if *next > SECOND && count < 10 && rest >= *next => {
            format!("{} {}", say(count, unit), say(rest / next, small))
        }
        _ => say(count, unit),
    }
}

fn list<S: AsRef<str>>(names: &[S]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [one, two] => format!("{} and {}", one.as_ref(), two.as_ref()),
        [one, two, three] => format!("{}, {} and {}", one.as_ref(), two.as_ref(), three.as_ref()),
        [one, two, rest @ ..] => format!("{}, {} and {} more", one.as_ref(), two.as_ref(), rest.len()),
    }
}

fn are<S>(names: &[S]) -> &'static str {
    if names.len() == 1 { "is" } else { "are" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headlines_name_components_only() {
        assert_eq!(title(&["API"], ComponentState::MajorOutage), "API is down");
        assert_eq!(title(&["API"], ComponentState::PartialOutage), "API is affected");
        assert_eq!(title(&["API", "Site", "Mail"], ComponentState::MajorOutage), "API and 2 more are affected");
    }

    #[test]
    fn updates_speak_of_one_or_of_many() {
        assert_eq!(opened(&["API"]), "We are investigating: API is not responding as expected.");
        assert_eq!(
            resolved(&["API", "Site"], 14 * MINUTE + 20 * SECOND),
            "API and Site are working again. The outage lasted 14 minutes."
        );
        assert_eq!(resolved::<&str>(&[], 0), "This is resolved. The outage lasted 1 second.");
    }

    #[test]
    fn durations_name_at_most_two_units() {
        assert_eq!(duration(45 * SECOND), "45 seconds");
        assert_eq!(duration(MINUTE + 59 * SECOND), "1 minute");
        assert_eq!(duration(HOUR + 5 * MINUTE), "1 hour 5 minutes");
        assert_eq!(duration(26 * HOUR), "1 day 2 hours");
        assert_eq!(duration(11 * DAY + HOUR), "11 days");
    }
}

//! What is known of an alert, and its values by name.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::{
    VARIABLES,
    functions::date::{culture, iso},
};
use crate::{
    alert::AlertKind,
    time::{HOUR, MINUTE, SECOND, Timestamp},
};

/// The most of an answer that `@alert.responseBody` holds, in bytes (contracts.md, section 3.2: 1 MB).
pub const MAX_RESPONSE_BODY_BYTES: usize = 1 << 20;

/// Everything that an alert message can say. What is not known is empty or `None` and gives an empty text.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertFacts {
    /// The project.
    pub account_id: String,
    /// This alert.
    pub alert_id: String,
    /// Whether it is new, over or still there.
    pub kind: AlertKind,
    /// Where the last check ran.
    pub location: String,
    /// The error in words.
    pub description: String,
    /// What the monitor's author wrote for this failure.
    pub failure_message: String,
    /// The number of the kind of error.
    pub error_type: Option<u32>,
    /// When this alert was raised.
    pub at: Timestamp,
    /// When the first error was seen.
    pub first_error_at: Option<Timestamp>,
    /// The time zone of the project.
    pub zone: TimeZone,
    /// The check that saw the first error.
    pub first_check_id: String,
    /// The page of that check.
    pub first_check_url: String,
    /// The first error in words.
    pub first_error_description: String,
    /// Confirmed errors in a row.
    pub consecutive_errors: u32,
    /// The address that was checked.
    pub resolved_address: String,
    /// The IPv4 address of the server.
    pub ipv4: String,
    /// The IPv6 address of the server.
    pub ipv6: String,
    /// The headers of the answer, names and values.
    pub response_headers: Vec<(String, String)>,
    /// The answer; longer than [`MAX_RESPONSE_BODY_BYTES`] it is cut when it is filled in.
    pub response_body: String,
    /// When the certificate expires.
    pub certificate_expires_at: Option<Timestamp>,
    /// The alert definition.
    pub definition_id: String,
    /// Its name.
    pub definition_name: String,
    /// The number of the escalation level.
    pub level_id: String,
    /// The message of the level.
    pub level_message: String,
    /// The same for all alerts of one incident.
    pub incident_key: String,
    /// The monitor.
    pub monitor_id: String,
    /// Its name.
    pub monitor_name: String,
    /// Its notes.
    pub monitor_notes: String,
    /// Its kind of check.
    pub monitor_type: String,
    /// What it checks.
    pub monitor_url: String,
    /// Its page.
    pub dashboard_url: String,
    /// The page of its settings.
    pub edit_url: String,
    /// Its custom fields, by name.
    pub custom_fields: BTreeMap<String, String>,
}

/// What the description says when an outage is over.
pub const OVER: &str = "The monitor is up again.";

impl AlertFacts {
    /// Fictitious data for previews and test messages: a shop that answers 503 for an hour.
    pub fn example(kind: AlertKind) -> Self {
        // 2018-11-08T16:21:58Z, the day of the documentation's own examples.
        let first = Timestamp(1_541_694_118_000);
        let after = match kind {
            AlertKind::Error => 5 * MINUTE,
            AlertKind::Reminder => 35 * MINUTE,
            AlertKind::Ok => HOUR + 3 * MINUTE + 21 * SECOND,
        };
        let (description, body) = match kind {
            AlertKind::Ok => (OVER, "{\"status\": \"ok\"}"),
            _ => ("The server answered 503 instead of 200.", "{\"status\": \"error\"}"),
        };
        let text = str::to_owned;
        Self {
            account_id: text("299840"),
            alert_id: text("cbfc7769-edb2-46a7-89d0-1e1b1fb0815b"),
            kind,
            location: text("Ghent, Belgium"),
            description: text(description),
            failure_message: text("The shop cannot take orders"),
            error_type: Some(6),
            at: Timestamp(first.0 + after),
            first_error_at: Some(first),
            zone: crate::days::zone("America/Chicago").unwrap_or(TimeZone::UTC),
            first_check_id: text("1541600517000"),
            first_check_url: text("https://pharos.example.org/checks/30833627687"),
            first_error_description: text("The server answered 503 instead of 200."),
            consecutive_errors: 2,
            resolved_address: text("192.0.2.84"),
            ipv4: text("192.0.2.84"),
            ipv6: text("2001:db8:103e:4::82a5"),
            response_headers: vec![
                (text("Content-Type"), text("application/json")),
                (text("Retry-After"), text("120")),
            ],
            response_body: text(body),
            certificate_expires_at: Some(Timestamp(1_730_991_943_000)),
            definition_id: text("2c97e464-6112-435b-8c8d-6def1e18273a"),
            definition_name: text("Default alert"),
            level_id: text("1"),
            level_message: text("Please use checklist 1138 to investigate."),
            incident_key: text("ba8ffcb7-5de0-489e-b649-f00f0b447e80-0-30099055746"),
            monitor_id: text("849b2046-213d-43ad-9efc-5af1faaeb222"),
            monitor_name: text("Example shop"),
            monitor_notes: text("Ask the \"web\" team first.\nThen the database team."),
            monitor_type: text("Https"),
            monitor_url: text("https://shop.example.org/"),
            dashboard_url: text("https://pharos.example.org/monitors/849b2046"),
            edit_url: text("https://pharos.example.org/monitors/849b2046/edit"),
            custom_fields: BTreeMap::from([(
                text("ComponentId"),
                text("7149488f-0b33-460d-85eb-210c0e80d7ba"),
            )]),
        }
    }

    /// The same facts as if they were told in a message of that kind.
    #[must_use]
    pub fn told_as(&self, kind: AlertKind) -> Self {
        let description = match kind {
            AlertKind::Ok => OVER,
            AlertKind::Error | AlertKind::Reminder => &self.first_error_description,
        };
        Self { kind, description: description.to_owned(), ..self.clone() }
    }

    pub(super) fn local(&self, at: Timestamp) -> String {
        iso(at, &self.zone)
    }

    pub(super) fn local_formatted(&self, at: Timestamp) -> String {
        culture(at, &self.zone)
    }

    /// `HH:MM:SS` from the first error to this alert; hours go on beyond a day. Empty when no first error is known.
    pub(super) fn downtime(&self) -> String {
        self.first_error_at.map_or_else(String::new, |first| {
            let seconds = self.at.0.saturating_sub(first.0).max(0) / SECOND;
            format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
        })
    }

    /// The headers, one a line, as `Name: value`.
    pub(super) fn header_lines(&self) -> String {
        let lines: Vec<String> =
            self.response_headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        lines.join("\n")
    }

    /// The answer, cut at [`MAX_RESPONSE_BODY_BYTES`].
    pub(super) fn body(&self) -> &str {
        let end = self.response_body.floor_char_boundary(MAX_RESPONSE_BODY_BYTES);
        &self.response_body[..end]
    }
}

/// Every system variable of the catalogue with its value, in the catalogue's order. (Custom fields are no variables; the
/// scope takes them from the facts itself.)
pub fn variables(facts: &AlertFacts) -> Vec<(&'static str, String)> {
    VARIABLES.iter().map(|variable| (variable.name, (variable.value)(facts))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(facts: &AlertFacts, name: &str) -> String {
        variables(facts).into_iter().find(|(known, _)| *known == name).unwrap().1
    }

    #[test]
    fn times_have_no_zone_suffix_and_follow_the_zone_of_the_project() {
        let facts = AlertFacts::example(AlertKind::Error);
        for (name, expected) in [
            ("alert.firstErrorUtc", "2018-11-08T16:21:58"),
            ("alert.firstError", "2018-11-08T10:21:58"),
            ("alert.timestampUtc", "2018-11-08T16:26:58"),
            ("alert.timestamp", "2018-11-08T10:26:58"),
            ("alert.firstErrorUtcFormatted", "11/8/2018 4:21 PM"),
            ("alert.firstErrorFormatted", "11/8/2018 10:21 AM"),
            ("alert.timestampUtcFormatted", "11/8/2018 4:26 PM"),
            ("alert.timestampFormatted", "11/8/2018 10:26 AM"),
            ("alert.sslValidUntil", "2024-11-07T15:05:43"),
            ("alert.type", "Alert"),
            ("alert.responseHeaders", "Content-Type: application/json\nRetry-After: 120"),
        ] {
            assert_eq!(value(&facts, name), expected, "{name}");
        }
    }

    #[test]
    fn a_downtime_counts_hours_beyond_a_day() {
        let mut facts = AlertFacts::example(AlertKind::Ok);
        assert_eq!(value(&facts, "alert.downtimeDuration"), "01:03:21");
        facts.at = Timestamp(facts.first_error_at.unwrap().0 + 48 * HOUR + 3 * MINUTE + 21 * SECOND + 999);
        assert_eq!(value(&facts, "alert.downtimeDuration"), "48:03:21");
        facts.first_error_at = None;
        assert_eq!(value(&facts, "alert.downtimeDuration"), "");
        assert_eq!(value(&facts, "alert.firstError"), "");
    }

    #[test]
    fn a_long_answer_is_cut_between_characters() {
        let mut facts = AlertFacts::example(AlertKind::Error);
        facts.response_body = format!("x{}", "ü".repeat(MAX_RESPONSE_BODY_BYTES));
        let body = value(&facts, "alert.responseBody");
        assert_eq!(body.len(), MAX_RESPONSE_BODY_BYTES - 1);
    }
}

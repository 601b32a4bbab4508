//! The system variables: one table for rendering, for checking, for the documentation and for the console
//! (contracts.md, section 3.2).

use super::{AlertFacts, FUNCTIONS};
use crate::time::Timestamp;
use crate::views::console::TemplateWord;
use jiff::tz::TimeZone;

use super::functions::date::{culture, iso};

/// A system variable.
#[derive(Debug, Clone, Copy)]
pub struct SystemVariable {
    /// The name, without `@`.
    pub name: &'static str,
    /// A second name, without `@`.
    pub alias: Option<&'static str>,
    /// What it holds, a sentence.
    pub meaning: &'static str,
    /// A value.
    pub example: &'static str,
    /// Whether people or servers wrote it, so that it may hold quotes and line breaks and needs encoding.
    pub free_text: bool,
    /// The value for an alert.
    pub(super) value: fn(&AlertFacts) -> String,
}

const fn entry(
    name: &'static str,
    meaning: &'static str,
    example: &'static str,
    value: fn(&AlertFacts) -> String,
) -> SystemVariable {
    SystemVariable { name, alias: None, meaning, example, free_text: false, value }
}

impl SystemVariable {
    const fn free_text(mut self) -> Self {
        self.free_text = true;
        self
    }

    const fn alias(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }
}

/// Names that exist upstream in multi-step monitors but hold nothing here: they are known, so nobody hunts for a typo.
pub const ALWAYS_EMPTY: &[&str] = &["ServerId", "RedirectUrl"];

/// Every system variable, in the order of the documentation.
pub const VARIABLES: &[SystemVariable] = &[
    entry("account.accountId", "The project's id.", "299840", |f| f.account_id.clone()).alias("account.id"),
    entry("alert.alertGuid", "The id of this alert.", "cbfc7769-edb2-46a7-89d0-1e1b1fb0815b", |f| {
        f.alert_id.clone()
    }),
    entry("alert.checkpointName", "Where the last check ran.", "Ghent, Belgium", |f| f.location.clone())
        .free_text(),
    entry("alert.description", "The error in words.", "The server answered 503 instead of 200.", |f| {
        f.description.clone()
    })
    .free_text(),
    entry(
        "alert.downtimeDuration",
        "From the first error to this alert, HH:MM:SS.",
        "48:03:21",
        AlertFacts::downtime,
    ),
    entry(
        "alert.errorTypeId",
        "The number of the kind of error: 1 for one without a kind of its own, 2 no answer in time, 3 DNS, 4 no connection, 5 TLS or certificate, 6 HTTP status, 7 content.",
        "6",
        |f| f.error_type.map_or_else(String::new, |number| number.to_string()),
    ),
    entry("alert.failureMessage", "The monitor's own text for the failure.", "Login failed", |f| {
        f.failure_message.clone()
    })
    .free_text(),
    entry(
        "alert.firstError",
        "When the first error was seen, in the project's time zone.",
        "2018-11-08T10:21:58",
        |f| some(f.first_error_at, |at| f.local(at)),
    ),
    entry(
        "alert.firstErrorCheckId",
        "The check that saw the first error: its time in milliseconds since 1970.",
        "1541600517000",
        |f| f.first_check_id.clone(),
    ),
    entry(
        "alert.firstErrorCheckUrl",
        "The page of that check.",
        "https://pharos.example.org/checks/30833627687",
        |f| f.first_check_url.clone(),
    ),
    entry(
        "alert.firstErrorDescription",
        "The first error in words.",
        "The server answered 503 instead of 200.",
        |f| f.first_error_description.clone(),
    )
    .free_text(),
    entry(
        "alert.firstErrorFormatted",
        "When the first error was seen, in the project's time zone, as people write it.",
        "8/28/2020 12:23 PM",
        |f| some(f.first_error_at, |at| f.local_formatted(at)),
    ),
    entry("alert.firstErrorUtc", "When the first error was seen, in UTC.", "2018-11-08T16:21:58", |f| {
        some(f.first_error_at, |at| iso(at, &TimeZone::UTC))
    }),
    entry(
        "alert.firstErrorUtcFormatted",
        "When the first error was seen, in UTC, as people write it.",
        "8/28/2020 10:23 PM",
        |f| some(f.first_error_at, |at| culture(at, &TimeZone::UTC)),
    ),
    entry("alert.numberOfConsecutiveErrors", "Confirmed errors in a row.", "2", |f| {
        f.consecutive_errors.to_string()
    }),
    entry("alert.resolvedIpAddress", "The address that was checked.", "192.0.2.84", |f| {
        f.resolved_address.clone()
    }),
    entry(
        "alert.responseHeaders",
        "The headers of the answer, one a line.",
        "Content-Type: text/html",
        AlertFacts::header_lines,
    )
    .free_text(),
    entry(
        "alert.responseBody",
        "The answer, at most 1 MB of it; a preview shows its start.",
        "{\"status\": \"error\"}",
        |f| f.body().to_owned(),
    )
    .free_text(),
    entry("alert.serverIpv4", "The server's IPv4 address.", "192.0.2.84", |f| f.ipv4.clone()),
    entry("alert.serverIpv6", "The server's IPv6 address.", "2001:db8:103e:4::82a5", |f| f.ipv6.clone()),
    entry("alert.sslValidUntil", "When the certificate expires, in UTC.", "2024-11-07T15:05:43", |f| {
        some(f.certificate_expires_at, |at| iso(at, &TimeZone::UTC))
    }),
    entry(
        "alert.timestamp",
        "When this alert was raised, in the project's time zone.",
        "2018-11-08T10:26:58",
        |f| f.local(f.at),
    ),
    entry(
        "alert.timestampFormatted",
        "When this alert was raised, in the project's time zone, as people write it.",
        "8/28/2020 12:23 PM",
        |f| f.local_formatted(f.at),
    ),
    entry("alert.timestampUtc", "When this alert was raised, in UTC.", "2018-11-08T16:26:58", |f| {
        iso(f.at, &TimeZone::UTC)
    }),
    entry(
        "alert.timestampUtcFormatted",
        "When this alert was raised, in UTC, as people write it.",
        "8/28/2020 10:23 PM",
        |f| culture(f.at, &TimeZone::UTC),
    ),
    entry("alert.type", "Alert (new), Reminder (still there) or Ok (over).", "Alert", |f| {
        f.kind.title().to_owned()
    }),
    entry(
        "alertDefinition.guid",
        "The id of the alert definition.",
        "2c97e464-6112-435b-8c8d-6def1e18273a",
        |f| f.definition_id.clone(),
    ),
    entry("alertDefinition.name", "The name of the alert definition.", "Default alert", |f| {
        f.definition_name.clone()
    })
    .free_text(),
    entry("escalationLevel.id", "The number of the escalation level.", "1", |f| f.level_id.clone()),
    entry(
        "escalationLevel.message",
        "The message of the escalation level.",
        "Please use checklist 1138 to investigate.",
        |f| f.level_message.clone(),
    )
    .free_text(),
    entry(
        "incident.key",
        "The same for every alert of one incident, another for each incident.",
        "ba8ffcb7-5de0-489e-b649-f00f0b447e80-0-30099055746",
        |f| f.incident_key.clone(),
    ),
    entry(
        "monitor.dashboardUrl",
        "The monitor's page.",
        "https://pharos.example.org/monitors/849b2046",
        |f| f.dashboard_url.clone(),
    ),
    entry(
        "monitor.editUrl",
        "The page of the monitor's settings.",
        "https://pharos.example.org/monitors/849b2046/edit",
        |f| f.edit_url.clone(),
    ),
    entry("monitor.monitorGuid", "The monitor's id.", "849b2046-213d-43ad-9efc-5af1faaeb222", |f| {
        f.monitor_id.clone()
    })
    .alias("monitor.guid"),
    entry("monitor.name", "The monitor's name.", "Example shop", |f| f.monitor_name.clone()).free_text(),
    entry("monitor.notes", "The monitor's notes.", "Ask the web team first.", |f| f.monitor_notes.clone())
        .free_text(),
    entry("monitor.type", "How the monitor checks.", "Https", |f| f.monitor_type.clone()),
    entry("monitor.url", "What the monitor checks.", "https://shop.example.org/", |f| f.monitor_url.clone())
        .free_text(),
];

/// The variable of a name or alias, without `@`; case does not matter.
pub fn find(name: &str) -> Option<&'static SystemVariable> {
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    VARIABLES.iter().find(|variable| is(variable.name) || variable.alias.is_some_and(is))
}

/// Every system variable and function, to choose from.
pub fn words() -> Vec<TemplateWord> {
    let variables = VARIABLES.iter().map(|variable| TemplateWord {
        write: format!("{{{{@{}}}}}", variable.name),
        meaning: variable.meaning.to_owned(),
        example: variable.example.to_owned(),
        free_text: variable.free_text,
    });
    let functions = FUNCTIONS.iter().map(|function| TemplateWord {
        write: format!("{{{{{}}}}}", function.example),
        meaning: function.meaning.to_owned(),
        example: String::new(),
        free_text: false,
    });
    variables.chain(functions).collect()
}

fn some(at: Option<Timestamp>, write: impl FnOnce(Timestamp) -> String) -> String {
    at.map_or_else(String::new, write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_of_a_variable_and_any_case_find_it() {
        for (name, expected) in [
            ("account.id", "account.accountId"),
            ("ACCOUNT.accountid", "account.accountId"),
            ("monitor.guid", "monitor.monitorGuid"),
            ("monitor.monitorGuid", "monitor.monitorGuid"),
        ] {
            assert_eq!(find(name).unwrap().name, expected);
        }
        assert!(find("monitor.nam").is_none());
    }

    #[test]
    fn every_word_is_a_template() {
        for word in words() {
            assert!(
                super::super::Template::parse(&word.write).is_ok_and(|read| !read.is_plain()),
                "{}",
                word.write
            );
        }
        assert!(words().iter().any(|word| word.write.starts_with("{{@CustomField(")));
    }

    #[test]
    fn each_name_stands_once_in_the_table() {
        let names = VARIABLES.iter().flat_map(|variable| [Some(variable.name), variable.alias]);
        let mut names: Vec<_> = names.flatten().map(str::to_lowercase).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!((names.len(), count), (40, 40));
    }
}

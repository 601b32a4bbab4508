//! What templates can say of a message: its facts under the names of the system variables (contracts.md, section 3.2).

use std::net::IpAddr;

use jiff::tz::TimeZone;

use crate::{
    alert::AlertKind,
    days,
    message::{Alert, Message},
    template::{AlertFacts, facts::OVER},
};

/// The facts of an alert. What Pharos does not know stays empty: the place of the check, and a text of the monitor's own for the
/// failure.
pub fn facts(message: &Message, alert: &Alert) -> AlertFacts {
    let page = |path: &str| match message.base_url.as_str() {
        "" => String::new(),
        base => format!("{base}/console/monitors/{}{path}", alert.monitor.id),
    };
    let (seen, level) = (&alert.seen, alert.level.as_ref());
    let address = seen.address.clone().unwrap_or_default();
    let (ipv4, ipv6) = match bare(&address) {
        Some(IpAddr::V4(_)) => (address.clone(), String::new()),
        Some(IpAddr::V6(_)) => (String::new(), address.clone()),
        None => Default::default(),
    };
    AlertFacts {
        account_id: message.project.as_ref().map(ToString::to_string).unwrap_or_default(),
        alert_id: alert.id.to_string(),
        kind: alert.kind,
        location: String::new(),
        description: match alert.kind {
            AlertKind::Ok => match &alert.incident.ended {
                Some(ended) => format!("The incident is over: {}.", ended.words()),
                None => OVER.to_owned(),
            },
            AlertKind::Error | AlertKind::Reminder => alert.incident.reason.clone(),
        },
        failure_message: String::new(),
        error_type: error_type(&alert.incident.failure),
        at: message.at,
        first_error_at: Some(alert.incident.started_at),
        zone: days::zone(&message.time_zone).unwrap_or(TimeZone::UTC),
        // A check is known by its monitor and its time.
        first_check_id: alert.incident.started_at.0.to_string(),
        first_check_url: message.link().unwrap_or_default(),
        first_error_description: alert.incident.reason.clone(),
        consecutive_errors: alert.errors,
        resolved_address: address,
        ipv4,
        ipv6,
        response_headers: seen.headers.clone(),
        response_body: seen.excerpt.clone().unwrap_or_default(),
        certificate_expires_at: seen.certificate_until,
        definition_id: level.map(|level| level.definition.to_string()).unwrap_or_default(),
        definition_name: level.map(|level| level.name.clone()).unwrap_or_default(),
        level_id: level.map(|level| level.number.to_string()).unwrap_or_default(),
        level_message: level.map(|level| level.message.clone()).unwrap_or_default(),
        incident_key: alert.incident.id.to_string(),
        monitor_id: alert.monitor.id.to_string(),
        monitor_name: alert.monitor.name.clone(),
        monitor_notes: alert.monitor.notes.text.clone(),
        monitor_type: monitor_type(&alert.monitor.check, &alert.monitor.target).to_owned(),
        monitor_url: alert.monitor.target.clone(),
        dashboard_url: page(""),
        edit_url: page("/edit"),
        custom_fields: alert.monitor.notes.fields.clone(),
    }
}

/// The number of a kind of failure, our own (contracts.md 3.2): as the catalogue of variables says.
fn error_type(failure: &str) -> Option<u32> {
    let words =
        ["downtime", "timeout", "dns_error", "connection_error", "ssl_error", "http_status", "keyword"];
    (1..).zip(words).find_map(|(number, word)| (word == failure).then_some(number))
}

/// An address without brackets and port.
fn bare(address: &str) -> Option<IpAddr> {
    address.parse().ok().or_else(|| address.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()))
}

/// The word of the documented set for a kind of check, and the kind itself where there is none.
fn monitor_type<'a>(check: &'a str, target: &str) -> &'a str {
    match check {
        "http" if target.starts_with("http:") => "Http",
        "http" => "Https",
        "tcp" => "Connect",
        "ping" => "Ping",
        "dns" => "DNS",
        "tls" => "Certificate",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{AlertId, DefinitionId, IncidentId, MonitorId, ProjectId},
        message::{Body, LevelFacts},
        template::variables,
        time::{HOUR, SECOND, Timestamp},
    };

    #[test]
    fn a_message_fills_the_system_variables() {
        let now = Timestamp(1_541_694_118_000);
        let mut alert = Alert::example(
            AlertKind::Ok,
            AlertId::new([1; 13]),
            IncidentId::new([2; 13]),
            MonitorId::new([3; 13]),
            now,
        );
        alert.incident.started_at = Timestamp(now.0 - 26 * HOUR - SECOND);
        alert.seen.address = Some("[2001:db8::1]:443".to_owned());
        alert.level = Some(LevelFacts {
            definition: DefinitionId::new([4; 13]),
            name: "Default alert".to_owned(),
            number: 2,
            message: "Checklist 7".to_owned(),
            variables: std::collections::BTreeMap::new(),
        });
        let message = Message {
            at: now,
            base_url: "https://pharos.example.org".to_owned(),
            time_zone: "America/Chicago".to_owned(),
            project: Some(ProjectId::new([5; 13])),
            only: Vec::new(),
            body: Body::Alert(Box::new(alert.clone())),
        };
        let known = variables(&facts(&message, &alert));
        let value = |name: &str| known.iter().find(|(known, _)| *known == name).unwrap().1.clone();
        for (name, expected) in [
            ("alert.type", "Ok"),
            ("alert.description", "The monitor is up again."),
            ("alert.firstErrorDescription", "No answer within 10 s while waiting for the first byte."),
            ("alert.downtimeDuration", "26:00:01"),
            ("alert.timestampUtc", "2018-11-08T16:21:58"),
            ("alert.timestamp", "2018-11-08T10:21:58"),
            ("alert.serverIpv4", ""),
            ("alert.serverIpv6", "[2001:db8::1]:443"),
            ("alert.numberOfConsecutiveErrors", "5"),
            ("alertDefinition.name", "Default alert"),
            ("escalationLevel.id", "2"),
            ("escalationLevel.message", "Checklist 7"),
            ("monitor.type", "Https"),
            ("monitor.notes", "Ask the \"web\" team first."),
            ("account.accountId", ProjectId::new([5; 13]).as_str()),
        ] {
            assert_eq!(value(name), expected, "{name}");
        }
        assert_eq!(value("incident.key"), alert.incident.id.as_str());
        assert_eq!(facts(&message, &alert).custom_fields["Team"], "web");
        let page = format!("https://pharos.example.org/console/monitors/{}", alert.monitor.id);
        assert_eq!((value("monitor.dashboardUrl"), value("monitor.editUrl")), (page.clone(), page + "/edit"));
    }
}

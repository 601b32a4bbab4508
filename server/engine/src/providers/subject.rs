//! What a message is to systems that keep an incident of their own: which one it is about, and where in its life that is.

use domain::alert::AlertKind;
use domain::message::{Body, EventNote, Message};
use serde_json::Value;

use super::{DeliveryError, Receipt, untold};

/// Where in its life an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It began.
    Begun,
    /// It goes on.
    GoesOn,
    /// Somebody has taken it on.
    Taken,
    /// It is over.
    Over,
}

/// What a message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    /// The same in every message about it: at most 200 characters, without spaces.
    pub(super) key: String,
    /// Where in its life it is.
    pub(super) phase: Phase,
}

/// What a message is about, if that begins and ends.
pub(super) fn subject(message: &Message) -> Option<Subject> {
    match &message.body {
        Body::Alert(alert) => {
            let phase = match alert.kind {
                AlertKind::Error => Phase::Begun,
                AlertKind::Reminder => Phase::GoesOn,
                AlertKind::Ok => Phase::Over,
            };
            Some(Subject { key: alert.incident.id.to_string(), phase })
        }
        Body::Acknowledged(taken) => {
            Some(Subject { key: taken.incident.id.to_string(), phase: Phase::Taken })
        }
        Body::Event(event) => of_event(event),
        Body::Group(_) => None,
    }
}

/// As [`subject`]; what to answer instead when the message is about nothing of the kind: an event is passed over.
///
/// # Errors
/// The answer.
pub(super) fn needed(message: &Message, service: &str) -> Result<Subject, Result<Receipt, DeliveryError>> {
    subject(message).ok_or_else(|| match &message.body {
        Body::Event(event) => {
            Ok(untold(&format!("{service} keeps incidents, and “{}” is none", event.event)))
        }
        _ => Err(alone(service)),
    })
}

/// The answer to a message about many outages.
pub(super) fn alone(service: &str) -> DeliveryError {
    DeliveryError::permanent(format!(
        "{service} is told of each outage by itself, not of many in one message."
    ))
}

fn of_event(event: &EventNote) -> Option<Subject> {
    let text = |name: &str| event.payload.get(name).and_then(Value::as_str);
    let (name, phase) = match event.event.as_str() {
        "incident.incident.created" => ("incidentId", Phase::Begun),
        // Resolving emits two events, and the first may come last.
        "incident.incident.updated" if text("status") == Some("resolved") => ("incidentId", Phase::Over),
        "incident.incident.updated" => ("incidentId", Phase::GoesOn),
        "incident.incident.resolved" => ("incidentId", Phase::Over),
        "healthcheck.healthcheck.system.degraded" => ("systemId", Phase::Begun),
        "healthcheck.healthcheck.system.healthy" => ("systemId", Phase::Over),
        _ => return None,
    };
    let id: String =
        text(name)?.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(150).collect();
    // A system is not an incident, and goes through many: the word keeps their names apart.
    let key = if name == "systemId" { format!("system-{id}") } else { id.clone() };
    (!id.is_empty()).then_some(Subject { key, phase })
}

/// The headline, and the first line of what there is to know: what fits into a summary.
pub(super) fn summary(message: &Message) -> String {
    match &message.body {
        Body::Alert(alert) => format!("{}: {}", message.headline(), alert.incident.reason),
        _ => message.headline(),
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;
    use serde_json::json;

    use super::*;

    fn event(event: &str, payload: Value) -> Message {
        let note =
            EventNote { event: event.to_owned(), payload, subscription: String::new(), name: String::new() };
        Message {
            at: Timestamp(0),
            base_url: String::new(),
            time_zone: String::new(),
            project: None,
            only: Vec::new(),
            body: Body::Event(note),
        }
    }

    #[test]
    fn events_begin_and_end_the_incident_that_they_name() {
        for (id, payload, expected) in [
            ("incident.incident.created", json!({ "incidentId": "INC1" }), Some(("INC1", Phase::Begun))),
            ("incident.incident.updated", json!({ "incidentId": "INC1" }), Some(("INC1", Phase::GoesOn))),
            (
                "incident.incident.updated",
                json!({ "incidentId": "INC1", "status": "resolved" }),
                Some(("INC1", Phase::Over)),
            ),
            ("incident.incident.resolved", json!({ "incidentId": "INC 1" }), Some(("INC1", Phase::Over))),
            (
                "healthcheck.healthcheck.system.degraded",
                json!({ "systemId": "db" }),
                Some(("system-db", Phase::Begun)),
            ),
            ("healthcheck.healthcheck.system.healthy", json!({}), None),
            ("maintenance.maintenance.created", json!({ "maintenanceId": "M1" }), None),
        ] {
            let found = subject(&event(id, payload));
            let found = found.as_ref().map(|subject| (subject.key.as_str(), subject.phase));
            assert_eq!(found, expected, "{id}");
        }
    }
}

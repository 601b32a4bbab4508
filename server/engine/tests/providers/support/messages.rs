//! The messages that every provider is shown.

use domain::alert::AlertKind;
use domain::id::{AlertId, IncidentId, MonitorId};
use domain::message::{Acknowledged, Alert, Body, EventNote, Group, IncidentFacts, Message, MonitorFacts};
use domain::notes::Notes;
use domain::time::{MINUTE, Timestamp};
use serde_json::{Value, json};

use super::{CONSOLE, NOW};

fn message(body: Body) -> Message {
    Message {
        at: NOW,
        base_url: CONSOLE.to_owned(),
        time_zone: "UTC".to_owned(),
        project: None,
        only: Vec::new(),
        body,
    }
}

/// A message about the outage of a shop that began five minutes ago. What people wrote has what markup would misread.
pub(crate) fn alert(kind: AlertKind) -> Message {
    message(Body::Alert(Box::new(facts(kind))))
}

/// The same, as somebody who tries the integration sends it.
pub(crate) fn test() -> Message {
    message(Body::Alert(Box::new(Alert { test: true, ..facts(AlertKind::Error) })))
}

fn facts(kind: AlertKind) -> Alert {
    let example =
        Alert::example(kind, AlertId::new([1; 13]), IncidentId::new([2; 13]), MonitorId::new([3; 13]), NOW);
    let resolved_at = example.incident.resolved_at;
    Alert {
        test: false,
        incident: IncidentFacts { resolved_at, ..incident() },
        monitor: monitor(),
        ..example
    }
}

/// The public id of the incident in these messages.
pub(crate) fn incident_id() -> String {
    IncidentId::new([2; 13]).to_string()
}

fn incident() -> IncidentFacts {
    IncidentFacts {
        id: IncidentId::new([2; 13]),
        title: "Shop <EU> & more is down".to_owned(),
        failure: "timeout".to_owned(),
        reason: "No answer within 10 s.".to_owned(),
        started_at: Timestamp(NOW.0 - 5 * MINUTE),
        resolved_at: None,
        ended: None,
    }
}

fn monitor() -> MonitorFacts {
    MonitorFacts {
        id: MonitorId::new([3; 13]),
        name: "Shop <EU> & more".to_owned(),
        check: "http".to_owned(),
        target: "https://shop.example.com/?a=1&b=2".to_owned(),
        notes: Notes::default(),
    }
}

/// The same message about a monitor with notes.
pub(crate) fn noted(mut message: Message, text: &str) -> Message {
    if let Body::Alert(alert) = &mut message.body {
        text.clone_into(&mut alert.monitor.notes.text);
    }
    message
}

/// The same message as it was planned when the outage began, five minutes before it is sent.
pub(crate) fn planned_at_once(message: Message) -> Message {
    Message { at: Timestamp(NOW.0 - 5 * MINUTE), ..message }
}

pub(crate) fn error() -> Message {
    alert(AlertKind::Error)
}

pub(crate) fn reminder() -> Message {
    alert(AlertKind::Reminder)
}

pub(crate) fn ok() -> Message {
    alert(AlertKind::Ok)
}

/// An outage whose monitor has this name and whose reason is this: for limits.
pub(crate) fn error_with(name: &str, reason: &str) -> Message {
    let mut alert = facts(AlertKind::Error);
    name.clone_into(&mut alert.monitor.name);
    reason.clone_into(&mut alert.incident.reason);
    message(Body::Alert(Box::new(alert)))
}

/// A storm of so many outages.
pub(crate) fn group(count: u8) -> Message {
    storm(count, None)
}

/// The end of so many outages.
pub(crate) fn group_over(count: u8) -> Message {
    storm(count, Some(NOW))
}

fn storm(count: u8, resolved_at: Option<Timestamp>) -> Message {
    let outage = |number: u8| {
        let monitor = MonitorFacts {
            id: MonitorId::new([number; 13]),
            name: format!("Shop {number}"),
            check: "http".to_owned(),
            target: format!("https://shop{number}.example.com/"),
            notes: Notes::default(),
        };
        (monitor, IncidentFacts { id: IncidentId::new([number; 13]), resolved_at, ..incident() })
    };
    let cause = resolved_at.is_none().then(|| "All of them are behind 192.0.2.80.".to_owned());
    message(Body::Group(Group { outages: (1..=count).map(outage).collect(), more: 0, cause, still: false }))
}

pub(crate) fn acknowledged() -> Message {
    message(Body::Acknowledged(Box::new(Acknowledged {
        incident: incident(),
        monitor: monitor(),
        by: "Ada".to_owned(),
    })))
}

pub(crate) fn event() -> Message {
    event_with(json!({ "incidentId": "inc1", "title": "Checkout <fails>" }))
}

pub(crate) fn event_with(payload: Value) -> Message {
    message(Body::Event(EventNote {
        event: "incident.incident.created".to_owned(),
        payload,
        subscription: "sub1".to_owned(),
        name: "All incidents".to_owned(),
    }))
}

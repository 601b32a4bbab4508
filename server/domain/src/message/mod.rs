//! What integrations are told: one message, in facts. Each provider writes it in its own words and format.
//!
//! A message is kept with its delivery as it was planned, so that an attempt in an hour, or a replay in a week, says the same;
//! a replay says how long it lasted, too.

mod reading;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::alert::AlertKind;
use crate::days;
use crate::id::{AlertId, DefinitionId, IncidentId, MonitorId, ProjectId};
use crate::incident::Ended;
use crate::notes::Notes;
pub use crate::storm::Group;
use crate::time::{HOUR, MINUTE, SECOND, Timestamp};

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// When it was planned.
    pub at: Timestamp,
    /// Where the console is, without a slash at the end; links begin with it. Empty when nobody configured it.
    #[serde(default)]
    pub base_url: String,
    /// The zone in which people read times: an IANA name.
    #[serde(default)]
    pub time_zone: String,
    /// The project; not known of messages that were planned before it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// The only addresses that are to get it, because the others have it; empty: all that the integration names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// What it tells.
    pub body: Body,
}

/// What a message tells.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Body {
    /// An outage: it began, goes on, or is over.
    Alert(Box<Alert>),
    /// Many outages that began close together.
    Group(Group),
    /// Somebody has taken an outage on. Only integrations whose provider follows incidents hear of it.
    Acknowledged(Box<Acknowledged>),
    /// An event that the integration subscribed to.
    Event(EventNote),
}

/// An outage as one integration is told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// What happened.
    pub kind: AlertKind,
    /// Whether somebody only tries the integration.
    #[serde(default)]
    pub test: bool,
    /// The alert: the incident on this level.
    pub id: AlertId,
    /// The incident.
    pub incident: IncidentFacts,
    /// The monitor.
    pub monitor: MonitorFacts,
    /// Why it was told, if by a definition.
    #[serde(default)]
    pub level: Option<LevelFacts>,
    /// Confirmed errors in a row.
    #[serde(default)]
    pub errors: u32,
    /// What the failing check saw.
    #[serde(default)]
    pub seen: SeenFacts,
}

/// The incident of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentFacts {
    /// The public id: the same in every message of an outage.
    pub id: IncidentId,
    /// The headline.
    pub title: String,
    /// The machine's word for the failure (contracts.md 2.5): `timeout`, `http_status` …
    pub failure: String,
    /// The sentence for people.
    pub reason: String,
    /// The first failure.
    pub started_at: Timestamp,
    /// When it was over.
    #[serde(default)]
    pub resolved_at: Option<Timestamp>,
    /// How it ended, when not because the monitor works again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// The monitor of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorFacts {
    /// The public id.
    pub id: MonitorId,
    /// What it is called.
    pub name: String,
    /// The kind of its check.
    pub check: String,
    /// What it watches, without secrets.
    pub target: String,
    /// What was written down about it.
    #[serde(default, skip_serializing_if = "Notes::is_empty")]
    pub notes: Notes,
}

/// Why an integration is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelFacts {
    /// The definition.
    pub definition: DefinitionId,
    /// What it is called.
    pub name: String,
    /// The level, from 1 on.
    pub number: u32,
    /// The operator's words for this level.
    #[serde(default)]
    pub message: String,
    /// Values of variables that the integration wants given by the level.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
}

/// What the failing check saw; masked before it came here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeenFacts {
    /// What was asked, such as `GET https://example.org/`.
    pub request: Option<String>,
    /// The address that was dialled.
    pub address: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// Response headers.
    pub headers: Vec<(String, String)>,
    /// The start of the answer.
    pub excerpt: Option<String>,
    /// Where all of the answer is kept, when there is more than the excerpt: a key of the store, which providers never see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<i64>,
    /// When the certificate ends.
    pub certificate_until: Option<Timestamp>,
}

/// An outage that somebody has taken on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// The incident.
    pub incident: IncidentFacts,
    /// The monitor.
    pub monitor: MonitorFacts,
    /// Who took it on, in words.
    pub by: String,
}

/// An event that an integration subscribed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventNote {
    /// The full id, such as `incident.incident.created`.
    pub event: String,
    /// What happened, in the fields of contracts.md 4.5.
    pub payload: Value,
    /// The public id of the subscription.
    pub subscription: String,
    /// What it is called.
    pub name: String,
}

impl Message {
    /// The word in the outbox: `error`, `reminder`, `ok`, `test`, `group`, `acknowledged` or `event`.
    pub fn kind(&self) -> &'static str {
        match &self.body {
            Body::Alert(alert) if alert.test => "test",
            Body::Alert(alert) => alert.kind.as_str(),
            Body::Group(_) => "group",
            Body::Acknowledged(_) => "acknowledged",
            Body::Event(_) => "event",
        }
    }

    /// The outage, if it is about one.
    pub fn alert(&self) -> Option<&Alert> {
        match &self.body {
            Body::Alert(alert) => Some(alert),
            Body::Group(_) | Body::Acknowledged(_) | Body::Event(_) => None,
        }
    }

    /// The line that people see first.
    pub fn headline(&self) -> String {
        match &self.body {
            Body::Alert(alert) => alert.headline(),
            Body::Group(group) => group.headline(),
            Body::Acknowledged(taken) => {
                format!("{} is down, and {} takes care of it", taken.monitor.name, taken.by)
            }
            Body::Event(event) => event.headline(),
        }
    }

    /// What there is to know when it is sent, one line each: that may be long after it was planned.
    pub fn text(&self, now: Timestamp) -> String {
        match &self.body {
            Body::Alert(alert) => alert.text(&self.time_zone, now),
            Body::Group(group) => group.text(),
            Body::Acknowledged(taken) => taken.incident.reason.clone(),
            Body::Event(event) => serde_json::to_string_pretty(&event.payload).unwrap_or_default(),
        }
    }

    /// Where the console shows what it is about, if it is known where the console is.
    pub fn link(&self) -> Option<String> {
        if self.base_url.is_empty() {
            return None;
        }
        Some(match &self.body {
            Body::Alert(alert) => format!("{}/console/incidents/{}", self.base_url, alert.incident.id),
            Body::Acknowledged(taken) => format!("{}/console/incidents/{}", self.base_url, taken.incident.id),
            Body::Group(_) | Body::Event(_) => format!("{}/console", self.base_url),
        })
    }
}

impl Alert {
    /// How long the outage has lasted, in milliseconds.
    pub fn duration(&self, now: Timestamp) -> i64 {
        self.incident.resolved_at.unwrap_or(now).since(self.incident.started_at).max(0)
    }

    fn headline(&self) -> String {
        let name = &self.monitor.name;
        let line = match (self.kind, &self.incident.ended) {
            (AlertKind::Error, _) => format!("{name} is down"),
            (AlertKind::Reminder, _) => format!("{name} is still down"),
            (AlertKind::Ok, None) => format!("{name} is up again"),
            (AlertKind::Ok, Some(ended)) => format!("{name}: {}", ended.words()),
        };
        if self.test { format!("Test: {line}") } else { line }
    }

    fn text(&self, time_zone: &str, now: Timestamp) -> String {
        let mut lines = Vec::new();
        let (duration, reason) = (self.duration(now), &self.incident.reason);
        let lasted = duration_words(duration);
        match self.kind {
            // Somebody asked for it once more when it was over.
            AlertKind::Error | AlertKind::Reminder if self.incident.resolved_at.is_some() => {
                let since = days::time_words(self.incident.started_at, now, time_zone);
                lines.push(format!("It was down for {lasted}, since {since}: {reason}"));
            }
            AlertKind::Error | AlertKind::Reminder if duration >= MINUTE => {
                let since = days::time_words(self.incident.started_at, now, time_zone);
                lines.push(format!("Down since {since} ({lasted}): {reason}"));
            }
            AlertKind::Error => lines.push(reason.clone()),
            AlertKind::Reminder => lines.push(format!("Down for {lasted}: {reason}")),
            AlertKind::Ok if self.incident.ended.is_some() => {
                lines.push(format!("It had been down for {lasted}, and was not up when this ended."));
            }
            AlertKind::Ok => lines.push(format!("It was down for {lasted}.")),
        }
        if !self.monitor.target.is_empty() {
            lines.push(self.monitor.target.clone());
        }
        // What is to be done about an outage is not to be done any more when it is over.
        let level = self.level.as_ref().filter(|_| self.kind != AlertKind::Ok);
        if let Some(level) = level.filter(|level| !level.message.is_empty()) {
            lines.push(level.message.clone());
        }
        if self.test {
            lines.push("Somebody is trying this integration; nothing is wrong.".to_owned());
        }
        lines.join("\n")
    }

    /// The fields of seed 001 (contracts.md 2.5).
    pub fn uptinio(&self, now: Timestamp) -> Value {
        let resolved = self.kind == AlertKind::Ok;
        json!({
            "resource_name": self.monitor.name,
            "resource_url": self.monitor.target,
            "resource_type": "NetworkMonitor",
            "incident_type": self.incident.failure,
            "incident_status": if resolved { "resolved" } else { "ongoing" },
            "incident_duration": if resolved { Value::from(self.duration(now) / SECOND) } else { Value::Null },
            "incident_message": self.incident.reason,
        })
    }

    /// An outage that never was, to try an integration with.
    pub fn example(
        kind: AlertKind,
        id: AlertId,
        incident: IncidentId,
        monitor: MonitorId,
        now: Timestamp,
    ) -> Self {
        Self {
            kind,
            test: true,
            id,
            incident: IncidentFacts {
                id: incident,
                title: "Example shop is down".to_owned(),
                failure: "timeout".to_owned(),
                reason: "No answer within 10 s while waiting for the first byte.".to_owned(),
                started_at: Timestamp(now.0 - 5 * MINUTE),
                resolved_at: (kind == AlertKind::Ok).then_some(now),
                ended: None,
            },
            monitor: MonitorFacts {
                id: monitor,
                name: "Example shop".to_owned(),
                check: "http".to_owned(),
                target: "https://shop.example.com/".to_owned(),
                notes: Notes::example(),
            },
            level: None,
            errors: 5,
            seen: SeenFacts {
                request: Some("GET https://shop.example.com/".to_owned()),
                address: Some("192.0.2.80".to_owned()),
                ..SeenFacts::default()
            },
        }
    }
}

impl EventNote {
    fn headline(&self) -> String {
        let title =
            self.payload.get("title").or_else(|| self.payload.get("systemName")).and_then(Value::as_str);
        let what = match self.event.as_str() {
            "incident.incident.created" => "Incident created",
            "incident.incident.updated" => "Incident updated",
            "incident.incident.resolved" => "Incident resolved",
            "healthcheck.healthcheck.system.degraded" => "System health degraded",
            "healthcheck.healthcheck.system.healthy" => "System health restored",
            other => other,
        };
        match title {
            Some(title) => format!("{what}: {title}"),
            None => what.to_owned(),
        }
    }
}

/// A length of time for people: its two largest units.
pub fn duration_words(millis: i64) -> String {
    let units = [(24 * HOUR, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s")];
    let Some(first) = units.iter().position(|(unit, _)| millis >= *unit) else {
        return "less than a second".to_owned();
    };
    let (unit, word) = units[first];
    let whole = format!("{} {word}", millis / unit);
    match units.get(first + 1) {
        Some((next, word)) if millis % unit >= *next => format!("{whole} {} {word}", millis % unit / next),
        _ => whole,
    }
}

#[cfg(test)]
mod tests;

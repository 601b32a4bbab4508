//! The events that integrations may subscribe to (contracts.md 4.5): ids, names, and the shape of what each carries.
//!
//! The full id is that of the plugin and of its hook, `incident.incident.created`; the short one, `incident.created`, is taken too.

use serde_json::{Value, json};

use crate::form::FieldError;

/// The longest name of a subscription, in characters.
const MAX_NAME: usize = 100;

/// An event that can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventKind {
    /// The full id.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// What it belongs to.
    pub category: &'static str,
    /// When it happens.
    pub description: &'static str,
    /// Fields: name, JSON type, whether it is always there.
    fields: &'static [(&'static str, &'static str, bool)],
}

/// Every event.
pub const EVENTS: &[EventKind] = &[
    EventKind {
        id: "incident.incident.created",
        name: "Incident created",
        category: "Incidents",
        description: "An incident was opened, by a monitor or by hand.",
        fields: &[
            ("incidentId", "string", true),
            ("systemIds", "array", true),
            ("title", "string", true),
            ("description", "string", false),
            ("severity", "string", true),
            ("status", "string", true),
            ("createdAt", "string", true),
        ],
    },
    EventKind {
        id: "incident.incident.updated",
        name: "Incident updated",
        category: "Incidents",
        description: "An incident changed. When it is resolved, this comes first and “Incident resolved” after it.",
        fields: &[
            ("incidentId", "string", true),
            ("systemIds", "array", true),
            ("title", "string", true),
            ("description", "string", false),
            ("severity", "string", true),
            ("status", "string", true),
            ("statusChange", "string", false),
        ],
    },
    EventKind {
        id: "incident.incident.resolved",
        name: "Incident resolved",
        category: "Incidents",
        description: "An incident is over.",
        fields: &[
            ("incidentId", "string", true),
            ("systemIds", "array", true),
            ("title", "string", true),
            ("severity", "string", true),
            ("resolvedAt", "string", true),
        ],
    },
    EventKind {
        id: "healthcheck.healthcheck.system.degraded",
        name: "System health degraded",
        category: "Health",
        description: "A monitor that was well is not any more.",
        fields: &[
            ("systemId", "string", true),
            ("systemName", "string", false),
            ("previousStatus", "string", true),
            ("newStatus", "string", true),
            ("healthyChecks", "integer", true),
            ("totalChecks", "integer", true),
            ("timestamp", "string", true),
        ],
    },
    EventKind {
        id: "healthcheck.healthcheck.system.healthy",
        name: "System health restored",
        category: "Health",
        description: "A monitor is well again.",
        fields: &[
            ("systemId", "string", true),
            ("systemName", "string", false),
            ("previousStatus", "string", true),
            ("healthyChecks", "integer", true),
            ("totalChecks", "integer", true),
            ("timestamp", "string", true),
        ],
    },
];

impl EventKind {
    /// The id without the plugin's name, as the brief's examples write it.
    pub fn short(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(_, short)| short)
    }

    /// The JSON Schema of what it carries (draft 2020-12).
    pub fn schema(&self) -> Value {
        let properties: serde_json::Map<_, _> = self
            .fields
            .iter()
            .map(|(name, kind, _)| {
                let schema = match *kind {
                    "array" => json!({ "type": "array", "items": { "type": "string" } }),
                    kind if name.ends_with("At") || *name == "timestamp" => {
                        json!({ "type": kind, "format": "date-time" })
                    }
                    kind => json!({ "type": kind }),
                };
                ((*name).to_owned(), schema)
            })
            .collect();
        let required: Vec<_> = self.fields.iter().filter(|field| field.2).map(|field| field.0).collect();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.name,
            "type": "object",
            "properties": properties,
            "required": required,
        })
    }
}

/// The event of a full or short id.
pub fn find(id: &str) -> Option<&'static EventKind> {
    let id = id.trim();
    EVENTS.iter().find(|event| event.id == id || event.short() == id)
}

/// The full id of a full or short one.
pub fn canonical(id: &str) -> Option<&'static str> {
    find(id).map(|event| event.id)
}

/// What is wrong with the name of a subscription, and with the events that it is to: the fields `name` and `events`.
pub fn mistakes(name: &str, events: &[String]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        let message = format!("Please give it a name of at most {MAX_NAME} characters.");
        errors.push(FieldError::new("name", message));
    }
    if events.is_empty() {
        errors.push(FieldError::new("events", "Please choose at least one event."));
    }
    let unknown = events.iter().filter(|event| find(event).is_none());
    errors.extend(unknown.map(|event| FieldError::new("events", format!("There is no event “{event}”."))));
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_name_one_event() {
        assert_eq!(canonical("incident.created"), Some("incident.incident.created"));
        assert_eq!(canonical("incident.incident.created"), Some("incident.incident.created"));
        assert_eq!(canonical("healthcheck.system.degraded"), Some("healthcheck.healthcheck.system.degraded"));
        assert_eq!(canonical("incident"), None);
    }

    #[test]
    fn a_schema_names_its_fields() {
        let schema = find("incident.resolved").unwrap().schema();
        assert_eq!(schema["properties"]["resolvedAt"]["format"], "date-time");
        assert_eq!(schema["required"].as_array().unwrap().len(), 5);
    }
}

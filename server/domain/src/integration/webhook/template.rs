//! Body templates (contracts.md 4.6): filled with what a message tells, and tried with an example before they are saved.

use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::{ContentType, WebhookSettings};
use crate::alert::AlertKind;
use crate::id::{AlertId, IncidentId, MonitorId};
use crate::message::Alert;
use crate::time::Timestamp;

/// What a template to fill begins with.
pub const BEGIN: &str = "{{";

/// Fills `{{path.to.value}}`; a missing one is empty, and what is no text is written as JSON. `escape` makes a value fit where it stands.
/// Besides the paths of the envelope there are the names of seed 003.
pub fn fill(template: &str, values: &Value, escape: impl Fn(&Value) -> String) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(begin) = rest.find(BEGIN) {
        let Some(length) = rest[begin..].find("}}") else { break };
        text.push_str(&rest[..begin]);
        let path = rest[begin + 2..begin + length].trim();
        let path = match path.split_once('.') {
            Some(("payload", inner)) => format!("data.{inner}"),
            _ => match path {
                "deliveryId" => "id".to_owned(),
                "eventId" => "eventType".to_owned(),
                "subscriptionId" => "subscription.id".to_owned(),
                "subscriptionName" => "subscription.name".to_owned(),
                "payload" => "data".to_owned(),
                other => other.to_owned(),
            },
        };
        let value = path.split('.').try_fold(values, |value, key| match value {
            Value::Array(items) => items.get(key.parse::<usize>().ok()?),
            other => other.get(key),
        });
        if let Some(value) = value.filter(|value| !value.is_null()) {
            text.push_str(&escape(value));
        }
        rest = &rest[begin + length + 2..];
    }
    text.push_str(rest);
    text
}

/// A value as a text.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value inside of JSON: a text as it stands between quotes, and everything else as JSON.
fn in_json(value: &Value) -> String {
    let json = value.to_string();
    if value.is_string() { json[1..json.len() - 1].to_owned() } else { json }
}

impl WebhookSettings {
    /// The body that a template makes of values.
    pub fn fill_body(&self, template: &str, values: &Value) -> String {
        fill(template, values, if self.writes_json() { in_json } else { plain })
    }

    /// Why the template makes no JSON although that is what it is sent as, and what to do; `None` when it does.
    pub fn template_problem(&self) -> Option<String> {
        let template = self.template.as_deref().filter(|_| self.writes_json())?;
        let error = serde_json::from_str::<IgnoredAny>(&self.fill_body(template, &example())).err()?;
        Some(format!(
            "Filled in, this is no JSON ({error}). Put {{{{…}}}} in quotes where it is a text or may be missing, and leave them out where it is a list or an object. For something else than JSON, add the header Content-Type."
        ))
    }

    /// Whether the body is sent as JSON: a header may say that it is something else.
    fn writes_json(&self) -> bool {
        let header =
            self.headers.iter().rev().find(|header| header.name.eq_ignore_ascii_case("content-type"));
        match header {
            Some(header) => header.value.expose().to_ascii_lowercase().contains("json"),
            None => self.content_type == ContentType::Json,
        }
    }
}

/// What a message may tell, with characters that JSON writes differently: an alert, and what events have (contracts.md 4.5).
fn example() -> Value {
    let now = Timestamp(1_772_409_600_000);
    let mut alert = Alert::example(
        AlertKind::Error,
        AlertId::new([1; 13]),
        IncidentId::new([2; 13]),
        MonitorId::new([3; 13]),
        now,
    );
    "Shop \"EU\"".clone_into(&mut alert.monitor.name);
    "It says:\n\"C:\\shop\tis closed\"".clone_into(&mut alert.incident.reason);
    let mut data = json!({
        "incidentId": "2", "maintenanceId": "4", "systemId": "3", "systemIds": ["3"], "systemName": "Shop \"EU\"",
        "title": "Shop \"EU\" is down", "description": "First line\nsecond line", "severity": "major",
        "status": "investigating", "statusChange": "monitoring", "action": "updated",
        "createdAt": now.to_rfc3339(), "resolvedAt": now.to_rfc3339(), "startAt": now.to_rfc3339(), "endAt": now.to_rfc3339(),
        "previousStatus": "healthy", "newStatus": "unhealthy", "healthyChecks": 1, "totalChecks": 2,
        "timestamp": now.to_rfc3339(),
    });
    let facts = serde_json::to_value(&alert).unwrap_or_default();
    for fields in [facts, alert.uptinio(now)] {
        if let (Value::Object(data), Value::Object(fields)) = (&mut data, fields) {
            data.extend(fields);
        }
    }
    json!({
        "data": data,
        "eventType": "alert.error",
        "id": "5",
        "subscription": { "id": "6", "name": "All \"incidents\"" },
        "timestamp": now.to_rfc3339(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::request::Header;

    #[test]
    fn a_template_is_filled_and_what_is_missing_is_empty() {
        let values = json!({ "id": "DL1", "data": { "a": { "b": [1, { "c": "x" }] } } });
        let text = "{{deliveryId}} {{ payload.a.b.1.c }} {{payload.a.b}} [{{nothing.here}}] {{";
        assert_eq!(fill(text, &values, plain), "DL1 x [1,{\"c\":\"x\"}] [] {{");
    }

    #[test]
    fn a_body_that_is_sent_as_json_is_json_whatever_it_tells() {
        let settings = |template: &str| WebhookSettings {
            template: Some(template.to_owned()),
            ..WebhookSettings::to("https://a.example")
        };
        for good in [
            r#"{"text": "{{payload.monitor.name}}: {{payload.incident.reason}}", "all": {{payload}}}"#,
            r#"{"checks": {{payload.healthyChecks}}, "title": "{{payload.title}}", "gone": "{{payload.gone}}"}"#,
            r#"["{{deliveryId}} {{subscriptionName}} of {{payload.description}}", {{payload.errors}}]"#,
        ] {
            assert_eq!(settings(good).template_problem(), None, "{good}");
        }
        for bad in [
            r#"{"text": {{payload.monitor.name}}}"#,
            r#"{"text": "{{payload}}"}"#,
            r#"{"took": {{payload.incident_duration}}}"#,
            "{{payload.title}} is down",
            r#"{"a": 1,}"#,
        ] {
            let problem = settings(bad).template_problem().unwrap();
            assert!(
                problem.starts_with("Filled in, this is no JSON (") && problem.contains("{{…}}"),
                "{problem}"
            );
            let form = WebhookSettings { content_type: ContentType::Form, ..settings(bad) };
            assert_eq!(form.template_problem(), None);
            let header = |value: &str| vec![Header { name: "content-type".to_owned(), value: value.into() }];
            assert_eq!(
                WebhookSettings { headers: header("text/plain"), ..settings(bad) }.template_problem(),
                None
            );
            let still = WebhookSettings { headers: header("application/vnd.x+JSON"), ..form };
            assert!(still.template_problem().is_some());
        }
    }
}

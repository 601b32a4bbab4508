//! pagerduty: triggers, acknowledges and resolves through the Events API v2 (contracts.md 8.1). The incident's id is the
//! deduplication key, so a message that is sent twice opens nothing twice.

use std::time::Duration;

use domain::form::Choice as _;
use domain::integration::PagerDutySettings;
use domain::message::{Body, Message};
use domain::time::Timestamp;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::http::{Answer, Call, Outbound};
use super::subject::{Phase, Subject, needed, summary};
use super::words::{fit, link};
use super::{Attempting, DeliveryError, Provider, Receipt};

/// The longest summary, in characters.
const MAX_SUMMARY: usize = 1_024;
/// The longest other text of an event, in characters; the documentation names no limit.
const MAX_TEXT: usize = 255;
/// The most of custom details, in bytes: an event has 512 kB at most.
const MAX_DETAILS: usize = 256 * 1024;
/// About 120 events a minute are taken for one key.
const PACE: Duration = Duration::from_millis(500);

impl Provider for PagerDutySettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            let subject = match needed(message, "PagerDuty") {
                Ok(subject) => subject,
                Err(answer) => return answer,
            };
            let answer =
                send(self, &event(self, message, &subject, attempting.now), outbound, attempting).await?;
            let json = answer.json().unwrap_or_default();
            let key = json.get("dedup_key").and_then(Value::as_str).unwrap_or(&subject.key);
            Ok(Receipt { external_id: Some(key.to_owned()), ..Receipt::default() })
        }
        .boxed()
    }

    /// Resolves an incident that never was: such an event is accepted and dropped.
    fn probe<'a>(
        &'a self,
        outbound: &'a Outbound,
        attempting: &'a Attempting<'a>,
    ) -> Option<BoxFuture<'a, Result<String, DeliveryError>>> {
        let event = json!({
            "routing_key": self.routing_key.expose(),
            "event_action": "resolve",
            "dedup_key": format!("pharos-probe-{}", attempting.id),
        });
        let probe = async move {
            send(self, &event, outbound, attempting).await?;
            Ok("PagerDuty takes events with this key. Whether they reach the right service, a test message shows.".to_owned())
        };
        Some(probe.boxed())
    }

    fn pace(&self) -> Option<Duration> {
        Some(PACE)
    }
}

async fn send(
    settings: &PagerDutySettings,
    event: &Value,
    outbound: &Outbound,
    attempting: &Attempting<'_>,
) -> Result<Answer, DeliveryError> {
    let url = format!("{}/v2/enqueue", settings.address());
    let call = Call::json(url, event).secret(settings.routing_key.expose());
    let answer = outbound.send(call, attempting).await?;
    answer.verdict(&[]).map_err(|error| explained(error, &answer))?;
    Ok(answer)
}

/// What was wrong with an event stands in a list.
fn explained(error: DeliveryError, answer: &Answer) -> DeliveryError {
    let json = answer.json().unwrap_or_default();
    let wrong: Vec<_> = json
        .get("errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if answer.status != 400 || wrong.is_empty() {
        return error;
    }
    let wrong = fit(&wrong.join("; "), MAX_TEXT);
    DeliveryError::permanent(format!(
        "HTTP 400: PagerDuty refuses the event: {wrong}. Check the integration key."
    ))
}

fn event(settings: &PagerDutySettings, message: &Message, subject: &Subject, now: Timestamp) -> Value {
    let action = match subject.phase {
        // The same key again adds to the incident that is open.
        Phase::Begun | Phase::GoesOn => "trigger",
        Phase::Taken => "acknowledge",
        Phase::Over => "resolve",
    };
    let mut event = json!({
        "routing_key": settings.routing_key.expose(),
        "event_action": action,
        "dedup_key": subject.key,
    });
    if action == "trigger" {
        event["payload"] = payload(settings, message, now);
        event["client"] = json!("Pharos");
        if let Some(link) = link(message) {
            event["client_url"] = json!(link);
            event["links"] = json!([{ "href": link, "text": "Show it in Pharos" }]);
        }
    }
    event
}

fn payload(settings: &PagerDutySettings, message: &Message, now: Timestamp) -> Value {
    let (mut details, mut severity) = (Map::new(), settings.severity.as_str());
    let mut payload = json!({ "summary": fit(&summary(message), MAX_SUMMARY), "source": "Pharos" });
    match &message.body {
        Body::Alert(alert) => {
            let (monitor, incident) = (&alert.monitor, &alert.incident);
            let source = if monitor.target.is_empty() { &monitor.name } else { &monitor.target };
            payload["source"] = json!(fit(source, MAX_TEXT));
            payload["timestamp"] = json!(incident.started_at.to_rfc3339());
            payload["component"] = json!(fit(&monitor.name, MAX_TEXT));
            payload["class"] = json!(incident.failure);
            details.insert("text".to_owned(), json!(message.text(now)));
            details.insert("monitor".to_owned(), json!(monitor.name));
            details.insert("target".to_owned(), json!(monitor.target));
            details.insert("check".to_owned(), json!(monitor.check));
            details.insert("errors".to_owned(), json!(alert.errors));
            if !monitor.notes.text.is_empty() {
                details.insert("notes".to_owned(), json!(monitor.notes.text));
            }
            if let Some(level) = &alert.level {
                payload["group"] = json!(fit(&level.name, MAX_TEXT));
                details.insert("level".to_owned(), json!(level.number));
            }
        }
        Body::Event(event) => {
            severity = match event.payload.get("severity").and_then(Value::as_str) {
                Some("critical") => "critical",
                Some("major") => "error",
                Some("minor") => "warning",
                _ => severity,
            };
            if let Some(name) = event.payload.get("systemName").and_then(Value::as_str) {
                payload["source"] = json!(fit(name, MAX_TEXT));
            }
            payload["class"] = json!(event.event);
            details.insert("event".to_owned(), event.payload.clone());
        }
        Body::Acknowledged(_) | Body::Group(_) => {}
    }
    payload["severity"] = json!(severity);
    let details = Value::Object(details);
    if details.to_string().len() <= MAX_DETAILS {
        payload["custom_details"] = details;
    }
    payload
}

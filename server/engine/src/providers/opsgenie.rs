//! opsgenie: creates, acknowledges and closes alerts through the Alert API v2. The incident's id is the alert's alias, and there is
//! one open alert of an alias at most, so a message that is sent twice opens nothing twice.
//!
//! The API answers 202 before it has done anything; whether it did can be asked, but tells nothing that would change what we do.

use std::time::Duration;

use domain::form::Choice as _;
use domain::integration::OpsgenieSettings;
use domain::message::{Body, Message};
use domain::time::Timestamp;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::Method;
use serde_json::{Value, json};

use super::http::{Answer, Call, Outbound};
use super::subject::{Phase, Subject, needed, summary};
use super::words::{fit, link};
use super::{Attempting, DeliveryError, Provider, Receipt};

/// The longest message, in characters.
const MAX_MESSAGE: usize = 130;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 15_000;
/// The longest entity, in characters.
const MAX_ENTITY: usize = 512;
/// The longest note, in characters.
const MAX_NOTE: usize = 25_000;
/// The longest value in the details, in characters: all of them have 8,000 at most.
const MAX_DETAIL: usize = 1_000;
/// The longest notes in the details, in characters; with the others they stay below that.
const MAX_NOTES: usize = 4_000;
/// Who writes, for the API.
const SOURCE: &str = "Pharos";

impl Provider for OpsgenieSettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            let subject = match needed(message, "Opsgenie") {
                Ok(subject) => subject,
                Err(answer) => return answer,
            };
            let alias: String = url::form_urlencoded::byte_serialize(subject.key.as_bytes()).collect();
            let action = match subject.phase {
                // The same alias again counts up the alert that is open.
                Phase::Begun | Phase::GoesOn => String::new(),
                Phase::Taken => format!("/{alias}/acknowledge?identifierType=alias"),
                Phase::Over => format!("/{alias}/close?identifierType=alias"),
            };
            let now = attempting.now;
            let body =
                if action.is_empty() { alert(self, message, &subject, now) } else { note(message, now) };
            let url = format!("{}/v2/alerts{action}", self.address());
            send(self, Call::json(url, &body), outbound, attempting).await?;
            Ok(Receipt { external_id: Some(subject.key), ..Receipt::default() })
        }
        .boxed()
    }

    /// Counts the alerts: needs the right to read, which a key usually has.
    fn probe<'a>(
        &'a self,
        outbound: &'a Outbound,
        attempting: &'a Attempting<'a>,
    ) -> Option<BoxFuture<'a, Result<String, DeliveryError>>> {
        let probe = async move {
            let url = format!("{}/v2/alerts/count", self.address());
            let call = Call { method: Method::GET, body: String::new(), ..Call::json(url, &Value::Null) };
            match send(self, call, outbound, attempting).await {
                Ok(_) => Ok("Opsgenie knows the key.".to_owned()),
                Err(DeliveryError::Permanent { reason }) => Err(DeliveryError::permanent(format!(
                    "{reason} A key without the right to read is refused here too; a test message shows whether it may create alerts."
                ))),
                Err(error) => Err(error),
            }
        };
        Some(probe.boxed())
    }
}

async fn send(
    settings: &OpsgenieSettings,
    call: Call,
    outbound: &Outbound,
    attempting: &Attempting<'_>,
) -> Result<Answer, DeliveryError> {
    let key = settings.api_key.expose();
    let call = call.header("authorization", format!("GenieKey {key}")).secret(key);
    let answer = outbound.send(call, attempting).await?;
    answer.verdict(&[]).map_err(|error| explained(error, &answer))?;
    Ok(answer)
}

/// What was wrong stands in `message`, and by field in `errors`; how long a limit lasts has a header of its own.
fn explained(error: DeliveryError, answer: &Answer) -> DeliveryError {
    if let DeliveryError::Retry { after: None, reason } = error {
        let period =
            answer.header("x-ratelimit-period-in-sec").and_then(|text| text.trim().parse::<u16>().ok());
        return DeliveryError::Retry {
            after: period.map(|seconds| Duration::from_secs(seconds.into())),
            reason,
        };
    }
    let json = answer.json().unwrap_or_default();
    let (DeliveryError::Permanent { .. }, Some(what)) = (&error, json.get("message").and_then(Value::as_str))
    else {
        return error;
    };
    let fields = json.get("errors").and_then(Value::as_object).into_iter().flatten();
    let fields: Vec<_> =
        fields.map(|(field, why)| format!(" {field}: {}", why.as_str().unwrap_or_default())).collect();
    let said = fit(&format!("{}.{}", what.trim_end_matches('.'), fields.join(";")), MAX_ENTITY);
    let advice = match answer.status {
        401 | 403 | 422 => " Check the API key, its rights and the region.",
        _ => "",
    };
    DeliveryError::permanent(format!("HTTP {}: Opsgenie says: {said}{advice}", answer.status))
}

fn alert(settings: &OpsgenieSettings, message: &Message, subject: &Subject, now: Timestamp) -> Value {
    let mut description = message.text(now);
    if let Some(link) = link(message) {
        description = format!("{link}\n\n{description}");
    }
    let mut body = json!({
        "message": fit(&summary(message), MAX_MESSAGE),
        "alias": subject.key,
        "description": fit(&description, MAX_DESCRIPTION),
        "source": SOURCE,
        "priority": settings.priority.as_str(),
    });
    match &message.body {
        Body::Alert(alert) => {
            body["entity"] = json!(fit(&alert.monitor.name, MAX_ENTITY));
            body["details"] = json!({
                "monitor": fit(&alert.monitor.name, MAX_DETAIL),
                "target": fit(&alert.monitor.target, MAX_DETAIL),
                "check": alert.monitor.check,
                "failure": alert.incident.failure,
                "started_at": alert.incident.started_at.to_rfc3339(),
            });
            if !alert.monitor.notes.text.is_empty() {
                body["details"]["notes"] = json!(fit(&alert.monitor.notes.text, MAX_NOTES));
            }
            // What goes on is told by an alert that counts up, and the note says for how long.
            if subject.phase == Phase::GoesOn {
                body["note"] = json!(fit(&message.text(now), MAX_NOTE));
            }
        }
        Body::Event(event) => {
            body["priority"] = match event.payload.get("severity").and_then(Value::as_str) {
                Some("critical") => json!("P1"),
                Some("major") => json!("P2"),
                Some("minor") => json!("P3"),
                _ => json!(settings.priority.as_str()),
            };
            if let Some(name) = event.payload.get("systemName").and_then(Value::as_str) {
                body["entity"] = json!(fit(name, MAX_ENTITY));
            }
            body["details"] = json!({ "event": event.event });
        }
        Body::Acknowledged(_) | Body::Group(_) => {}
    }
    if !settings.teams.is_empty() {
        let teams = settings.teams.iter().map(|name| json!({ "type": "team", "name": name }));
        body["responders"] = teams.collect();
    }
    if !settings.tags.is_empty() {
        body["tags"] = json!(settings.tags);
    }
    body
}

fn note(message: &Message, now: Timestamp) -> Value {
    let note = match &message.body {
        Body::Event(_) => message.headline(),
        _ => format!("{}\n{}", message.headline(), message.text(now)),
    };
    json!({ "source": SOURCE, "user": SOURCE, "note": fit(&note, MAX_NOTE) })
}

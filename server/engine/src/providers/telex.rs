//! telex: the webhook of a channel of telex.im (contracts.md 1.6 and 1.7).

use domain::integration::TelexSettings;
use domain::message::{Body, Message};
use domain::time::Timestamp;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::http::{Answer, Call, Outbound};
use super::words::{self, Tone, event_json, fit};
use super::{Attempting, DeliveryError, Provider, Receipt};

/// Characters of a message. Telex documents no limit; a channel is no place for more.
const MAX_MESSAGE: usize = 8_000;
/// Characters of the event's name.
const MAX_EVENT: usize = 200;

impl Provider for TelexSettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            let url = self.url.expose();
            let call = Call::json(url, &body(self, message, attempting.now)).secret_url(url);
            let answer = outbound.send(call, attempting).await?;
            answer.verdict(&[])?;
            inner(&answer)?;
            Ok(Receipt::default())
        }
        .boxed()
    }
}

/// Telex says in its envelope too whether a call worked, with a status of its own.
fn inner(answer: &Answer) -> Result<(), DeliveryError> {
    let Some(json) = answer.json().filter(|json| json.get("status") == Some(&Value::from("error"))) else {
        return Ok(());
    };
    let status =
        json.get("status_code").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    // An error that calls itself a success is an error.
    let status = status.filter(|status| !(200..300).contains(status)).unwrap_or(400);
    Answer { status, ..answer.clone() }.verdict(&[])
}

fn body(settings: &TelexSettings, message: &Message, now: Timestamp) -> Value {
    let status = match Tone::of(message) {
        Tone::Trouble | Tone::StillTrouble => "error",
        Tone::Recovery => "success",
        Tone::Notice => "warning",
    };
    let event = match &message.body {
        Body::Alert(alert) if alert.test => "Test".to_owned(),
        Body::Alert(alert) => alert.kind.label().to_owned(),
        Body::Group(_) => "Many outages".to_owned(),
        Body::Acknowledged(_) => "Acknowledged".to_owned(),
        Body::Event(event) => fit(&event.event, MAX_EVENT),
    };
    let details = event_json(message).unwrap_or_else(|| message.text(now));
    let mut text = format!("{}\n{}", words::title(message, MAX_EVENT), fit(&details, MAX_MESSAGE));
    if let Some(link) = words::link(message) {
        text.push('\n');
        text.push_str(&link);
    }
    json!({ "event_name": event, "message": text, "status": status, "username": settings.username })
}

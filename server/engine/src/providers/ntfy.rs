//! ntfy: a message published as JSON (docs.ntfy.sh, “Publish as JSON”).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::form::Choice as _;
use domain::integration::NtfySettings;
use domain::integration::ntfy::NtfyPriority;
use domain::message::Message;
use domain::secret::Secret;
use domain::time::Timestamp;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::Method;
use serde_json::{Value, json};

use super::http::{Answer, Call, Outbound};
use super::words::{self, Tone, event_json, fit, fit_bytes, named};
use super::{Attempting, DeliveryError, Provider, Receipt};

/// Bytes of a message. The server turns one of more than 4,096 into a file.
const MAX_MESSAGE: usize = 4_000;
/// Characters of a title.
const MAX_TITLE: usize = 250;

impl Provider for NtfySettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            // The server's root takes JSON; at the topic's own address it would be shown as text.
            let call = Call::json(format!("{}/", self.server), &body(self, message, attempting.now));
            let answer = outbound.send(hiding(call, self), attempting).await?;
            answer.verdict(&[])?;
            Ok(Receipt { external_id: taken(&answer)?, ..Receipt::default() })
        }
        .boxed()
    }

    fn probe<'a>(
        &'a self,
        outbound: &'a Outbound,
        attempting: &'a Attempting<'a>,
    ) -> Option<BoxFuture<'a, Result<String, DeliveryError>>> {
        Some(
            async move {
                // Whoever comes without credentials is nobody, who has no account that could be wrong.
                let path = if self.token.is_some() || self.username.is_some() { "account" } else { "health" };
                let url = format!("{}/v1/{path}", self.server);
                let call = Call { method: Method::GET, body: String::new(), ..Call::json(url, &Value::Null) };
                let answer = outbound.send(hiding(call, self), attempting).await?;
                answer.verdict(&[])?;
                Ok(match named(answer.json().as_ref(), "/username") {
                    Some(name) => format!("The server knows us as {name}."),
                    None => "The server is there.".to_owned(),
                })
            }
            .boxed(),
        )
    }
}

/// With the credentials, and without a trace of them.
fn hiding(mut call: Call, settings: &NtfySettings) -> Call {
    call = call.secret(settings.topic.expose());
    if let Some(token) = &settings.token {
        let token = token.expose();
        return call.header("authorization", format!("Bearer {token}")).secret(token);
    }
    if let Some(name) = &settings.username {
        let password = settings.password.as_ref().map(Secret::expose).unwrap_or_default();
        let pair = BASE64.encode(format!("{name}:{password}"));
        return call.header("authorization", format!("Basic {pair}")).secret(pair).secret(password);
    }
    call
}

/// What the server calls the message.
///
/// # Errors
/// When something else answered: a page of a proxy says 200 too.
fn taken(answer: &Answer) -> Result<Option<String>, DeliveryError> {
    let id = named(answer.json().as_ref(), "/id");
    if id.is_none() && answer.body.trim_start().starts_with('<') {
        let reason = format!("HTTP {} with a web page; check the address of the server.", answer.status);
        return Err(DeliveryError::permanent(reason));
    }
    Ok(id)
}

fn body(settings: &NtfySettings, message: &Message, now: Timestamp) -> Value {
    let tone = Tone::of(message);
    // The app draws signs from tags, so the title has none.
    let tag = match tone {
        Tone::Trouble => "rotating_light",
        Tone::StillTrouble => "warning",
        Tone::Recovery => "white_check_mark",
        Tone::Notice => "information_source",
    };
    let text = event_json(message).unwrap_or_else(|| message.text(now));
    let mut body = json!({
        "topic": settings.topic.expose(),
        "title": fit(&message.headline(), MAX_TITLE),
        "message": fit_bytes(&text, MAX_MESSAGE),
        "priority": priority(settings.priority, tone),
        "tags": [tag],
    });
    if let Some(link) = words::link(message) {
        body["click"] = link.as_str().into();
        body["actions"] = json!([{ "action": "view", "label": "Open", "url": link, "clear": true }]);
    }
    body
}

fn priority(chosen: NtfyPriority, tone: Tone) -> u8 {
    match (tone, chosen.as_str().parse()) {
        (Tone::Recovery | Tone::Notice, _) => 3,
        (Tone::Trouble | Tone::StillTrouble, Ok(chosen)) => chosen,
        (Tone::Trouble | Tone::StillTrouble, Err(_)) => 4,
    }
}

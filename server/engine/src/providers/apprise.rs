//! apprise: a server of the Apprise API (its read-me: “Stateless Solution” and “Persistent Storage Solution”).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::integration::AppriseSettings;
use domain::message::Message;
use domain::secret::Secret;
use domain::time::Timestamp;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::Method;
use serde_json::{Value, json};

use super::http::{Answer, Call, Outbound};
use super::words::{self, Tone, event_json, fit, fit_bytes};
use super::{Attempting, DeliveryError, Provider, Receipt};

/// Bytes of a body. Apprise cuts it to what each service takes.
const MAX_BODY: usize = 30_000;
/// Characters of a title.
const MAX_TITLE: usize = 250;
/// The server answers when each service has answered, which takes longer than one service does.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Provider for AppriseSettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            let path = match &self.key {
                Some(key) => format!("/notify/{}", key.expose()),
                None => "/notify".to_owned(),
            };
            let call = Call::json(format!("{}{path}", self.server), &body(self, message, attempting.now));
            judged(&outbound.send(hiding(call, self), attempting).await?, self)?;
            Ok(Receipt::default())
        }
        .boxed()
    }

    fn timeout(&self) -> Duration {
        TIMEOUT + Duration::from_secs(5)
    }

    fn probe<'a>(
        &'a self,
        outbound: &'a Outbound,
        attempting: &'a Attempting<'a>,
    ) -> Option<BoxFuture<'a, Result<String, DeliveryError>>> {
        // URLs are not judged before they are used.
        let key = self.key.as_ref()?;
        Some(
            async move {
                // With `privacy` the server does not repeat its tokens.
                let url = format!("{}/json/urls/{}?privacy=1", self.server, key.expose());
                let call = Call { method: Method::GET, body: String::new(), ..Call::json(url, &Value::Null) };
                let answer = outbound.send(hiding(call, self), attempting).await?;
                judged(&answer, self)?;
                let count = answer.json().and_then(|json| Some(json.get("urls")?.as_array()?.len()));
                Ok(format!("The configuration has {} URLs.", count.unwrap_or_default()))
            }
            .boxed(),
        )
    }
}

/// With the credentials, and without a trace of them.
fn hiding(mut call: Call, settings: &AppriseSettings) -> Call {
    call.timeout = TIMEOUT;
    // One server speaks HTML to whoever does not ask for something else.
    call = call.header("accept", "application/json");
    for url in settings.urls.iter().flat_map(|urls| urls.expose().lines()) {
        call = call.secret_url(url.trim());
    }
    if let Some(key) = &settings.key {
        call = call.secret(key.expose());
    }
    if let Some(name) = &settings.username {
        let password = settings.password.as_ref().map(Secret::expose).unwrap_or_default();
        let pair = BASE64.encode(format!("{name}:{password}"));
        call = call.header("authorization", format!("Basic {pair}")).secret(pair).secret(password);
    }
    call
}

/// Whether every service has taken the message.
fn judged(answer: &Answer, settings: &AppriseSettings) -> Result<(), DeliveryError> {
    if answer.status == 204 {
        // A success by its number, but nobody was told.
        return Err(DeliveryError::permanent(match &settings.key {
            Some(_) => "HTTP 204: the server has nothing stored under this key; check key and server.",
            None => "HTTP 204: the server understands none of the URLs; check them.",
        }));
    }
    // 424: one of the services did not take it. Those that did will have it twice, which is better than never.
    answer.verdict(&[424]).map_err(|error| match (answer.status, error) {
        (424, DeliveryError::Retry { after, reason }) => DeliveryError::Retry {
            after,
            reason: format!(
                "{reason} One of the services behind Apprise did not take the message, or no URL has the tag; its log says why."
            ),
        },
        (_, error) => error,
    })
}

fn body(settings: &AppriseSettings, message: &Message, now: Timestamp) -> Value {
    let kind = match Tone::of(message) {
        Tone::Trouble => "failure",
        Tone::StillTrouble => "warning",
        Tone::Recovery => "success",
        Tone::Notice => "info",
    };
    let mut text = fit_bytes(&event_json(message).unwrap_or_else(|| message.text(now)), MAX_BODY);
    if let Some(link) = words::link(message) {
        text.push('\n');
        text.push_str(&link);
    }
    let title = fit(&message.headline(), MAX_TITLE);
    let mut body = json!({ "title": title, "body": text, "type": kind, "format": "text" });
    if let Some(tag) = &settings.tag {
        body["tag"] = tag.as_str().into();
    }
    if let Some(urls) = &settings.urls {
        let urls: Vec<_> = urls.expose().lines().map(str::trim).filter(|url| !url.is_empty()).collect();
        body["urls"] = urls.into();
    }
    body
}

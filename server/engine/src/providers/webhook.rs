//! webhook: an HTTP request to a program of somebody's own, signed as Standard Webhooks 1.0.0 describes.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::id::DeliveryId;
use domain::integration::WebhookSettings;
use domain::integration::webhook::template::{BEGIN, fill, plain};
use domain::integration::webhook::{ContentType, WebhookAuth, WebhookBody, signing_key};
use domain::message::{Body, Message};
use domain::secret::Secret;
use domain::time::SECOND;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Method, Url};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;
use url::Position;

use super::http::{Answer, Call, Outbound};
use super::{Attempting, DeliveryError, Provider, Receipt};

impl Provider for WebhookSettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            // Whoever tries an old one learns what would be wrong with another message.
            let is_test = message.alert().is_some_and(|alert| alert.test);
            if let Some(problem) = self.template_problem().filter(|_| is_test) {
                return Err(DeliveryError::permanent(format!("Body template: {problem}")));
            }
            let answer = outbound.send(request(self, outbound, message, attempting)?, attempting).await?;
            answer.verdict(&self.retry_on)?;
            Ok(Receipt { external_id: external_id(&answer), ..Receipt::default() })
        }
        .boxed()
    }

    /// 410, as Standard Webhooks has it. Behind an address that each message fills in, only that one is gone.
    fn is_gone(&self, status: u16) -> bool {
        status == 410 && !self.retry_on.contains(&status) && !self.url.expose().contains(BEGIN)
    }

    fn timeout(&self) -> Duration {
        Duration::from_millis(u64::from(self.timeout_ms))
    }
}

fn request(
    settings: &WebhookSettings,
    outbound: &Outbound,
    message: &Message,
    attempting: &Attempting<'_>,
) -> Result<Call, DeliveryError> {
    let values = values(settings, message, attempting);
    let json = match &settings.template {
        Some(template) => settings.fill_body(template, &values),
        None => body(settings, message, attempting),
    };
    let url = filled_url(settings.url.expose(), &values)?;
    let body = match settings.content_type {
        ContentType::Json => json,
        ContentType::Form => {
            url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &json).finish()
        }
    };
    let mut headers = vec![
        ("content-type".to_owned(), domain::form::Choice::as_str(settings.content_type).to_owned()),
        ("x-delivery-id".to_owned(), attempting.id.to_string()),
        ("x-event-type".to_owned(), event_type(message)),
    ];
    let address = outbound.addresses.of(settings.url.expose());
    let mut secrets = address.secrets.clone();
    if url != settings.url.expose() {
        secrets.push(url.clone());
        // As it is sent; what the message filled in stands in the log otherwise, too.
        secrets
            .extend(Url::parse(&url).map(|url| url[Position::BeforePath..Position::AfterQuery].to_owned()));
    }
    let mut secret = |secret: &Option<Secret>| {
        let text = secret.as_ref().map(|secret| secret.expose().to_owned()).unwrap_or_default();
        secrets.push(text.clone());
        text
    };
    match settings.auth {
        WebhookAuth::None => {}
        WebhookAuth::Bearer => {
            headers.push(("authorization".to_owned(), format!("Bearer {}", secret(&settings.bearer_token))));
        }
        WebhookAuth::Basic => {
            let user = settings.basic_username.as_deref().unwrap_or_default();
            let pair = BASE64.encode(format!("{user}:{}", secret(&settings.basic_password)));
            secrets.push(pair.clone());
            headers.push(("authorization".to_owned(), format!("Basic {pair}")));
        }
        WebhookAuth::Header => {
            let name = settings.auth_header_name.clone().unwrap_or_default();
            headers.push((name, secret(&settings.auth_header_value)));
        }
    }
    for header in &settings.headers {
        // A later one of the same name takes the place of ours.
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&header.name));
        let value = fill(header.value.expose(), &values, |value| one_line(&plain(value)));
        if header.is_sensitive() {
            secrets.push(value.clone());
        }
        headers.push((header.name.clone(), value));
    }
    if let Some(key) = &settings.signing_secret {
        let key = signing_key(key)
            .ok_or_else(|| DeliveryError::permanent("The signing secret is none; enter it once more."))?;
        let timestamp = attempting.now.0.div_euclid(SECOND);
        headers.push(("webhook-id".to_owned(), attempting.id.to_string()));
        headers.push(("webhook-timestamp".to_owned(), timestamp.to_string()));
        headers.push((
            "webhook-signature".to_owned(),
            signature(&key, attempting.id.as_str(), timestamp, &body),
        ));
    }
    let method = domain::form::Choice::as_str(settings.method);
    Ok(Call {
        method: Method::from_bytes(method.as_bytes()).unwrap_or(Method::POST),
        url,
        headers,
        body,
        timeout: Duration::from_millis(u64::from(settings.timeout_ms)),
        secrets,
        known: address.url.clone(),
    })
}

/// What a program may sort messages by.
fn event_type(message: &Message) -> String {
    match &message.body {
        Body::Event(event) => event.event.clone(),
        Body::Alert(_) | Body::Group(_) | Body::Acknowledged(_) => format!("alert.{}", message.kind()),
    }
}

fn body(settings: &WebhookSettings, message: &Message, attempting: &Attempting<'_>) -> String {
    match (&message.body, settings.body) {
        (Body::Alert(alert), WebhookBody::Incident) => alert.uptinio(message.at).to_string(),
        // Maps with keys of text always become JSON.
        _ => serde_json::to_string(&envelope(message, attempting)).unwrap_or_default(),
    }
}

/// The envelope of seed 003 (contracts.md 4.6).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    data: Cow<'a, Value>,
    event_type: String,
    id: &'a DeliveryId,
    subscription: Option<Subscription<'a>>,
    timestamp: String,
}

#[derive(Serialize)]
struct Subscription<'a> {
    id: &'a str,
    name: &'a str,
}

fn envelope<'a>(message: &'a Message, attempting: &Attempting<'a>) -> Envelope<'a> {
    let (subscription, data) = match &message.body {
        Body::Event(event) => {
            (Some(Subscription { id: &event.subscription, name: &event.name }), Cow::Borrowed(&event.payload))
        }
        Body::Alert(alert) => {
            let mut data = serde_json::to_value(alert).unwrap_or_default();
            if let (Value::Object(data), Value::Object(fields)) = (&mut data, alert.uptinio(message.at)) {
                data.extend(fields);
            }
            (None, Cow::Owned(data))
        }
        Body::Group(group) => (None, Cow::Owned(serde_json::to_value(group).unwrap_or_default())),
        Body::Acknowledged(taken) => (None, Cow::Owned(serde_json::to_value(taken).unwrap_or_default())),
    };
    Envelope {
        data,
        event_type: event_type(message),
        id: attempting.id,
        subscription,
        timestamp: message.at.to_rfc3339(),
    }
}

/// What templates read; nothing when there is none.
fn values(settings: &WebhookSettings, message: &Message, attempting: &Attempting<'_>) -> Value {
    let headers = settings.headers.iter().map(|header| header.value.expose());
    let mut templates = headers.chain([settings.url.expose()]).chain(settings.template.as_deref());
    if templates.any(|text| text.contains(BEGIN)) {
        serde_json::to_value(envelope(message, attempting)).unwrap_or_default()
    } else {
        Value::Null
    }
}

/// The address with its values, which lead to no other host and to no other place in the path.
fn filled_url(template: &str, values: &Value) -> Result<String, DeliveryError> {
    if !template.contains(BEGIN) {
        return Ok(template.to_owned());
    }
    let filled = fill(template, values, |value| percent_encoded(&plain(value)));
    let parts = |text: &str| {
        let url = Url::parse(text).ok()?;
        let depth = url.path_segments().map(Iterator::count);
        Some((url[..Position::BeforePath].to_owned(), depth))
    };
    if parts(template).is_none_or(|meant| parts(&filled) != Some(meant)) {
        return Err(DeliveryError::permanent(
            "With what this message tells, the address would lead elsewhere; use another {{…}} in its path or query.",
        ));
    }
    Ok(filled)
}

/// A value as one piece of a path or a query (RFC 3986, 2.3).
fn percent_encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a text never fails.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// A value in a header, which has one line.
fn one_line(value: &str) -> String {
    value.replace(char::is_control, " ")
}

/// `v1,` and base64 of the HMAC of id, time and body (Standard Webhooks 1.0.0).
fn signature(key: &[u8], id: &str, timestamp: i64, body: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
}

/// What the receiver calls the message, if it answers with JSON that says so.
fn external_id(answer: &Answer) -> Option<String> {
    let json = answer.json()?;
    let id = ["id", "externalId", "messageId"].into_iter().find_map(|name| json.get(name))?;
    match id {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specification() {
        let key = signing_key(&"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into()).unwrap();
        let body = r#"{"email":"test@example.com","username":"test_user"}"#;
        assert_eq!(
            signature(&key, "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body),
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="
        );
    }

    #[test]
    fn no_value_leads_to_another_host_or_another_place() {
        let filled = |url: &str, value: &str| filled_url(url, &json!({ "data": { "v": value } })).ok();
        let path = "https://me:pw@example.org:8443/a/{{payload.v}}/b?c={{payload.v}}";
        let whole = |value: &str| Some(format!("https://me:pw@example.org:8443/a/{value}/b?c={value}"));
        for (value, encoded) in [
            ("Shop", "Shop"),
            ("", ""),
            ("a b+ü", "a%20b%2B%C3%BC"),
            ("../../c?d=e&f#g", "..%2F..%2Fc%3Fd%3De%26f%23g"),
            ("@evil.org:80/\\", "%40evil.org%3A80%2F%5C"),
            ("\r\nx", "%0D%0Ax"),
            ("{{deliveryId}}", "%7B%7BdeliveryId%7D%7D"),
        ] {
            assert_eq!(filled(path, value), whole(encoded), "{value}");
        }
        for value in [".", ".."] {
            assert_eq!(filled(path, value), None, "{value}");
        }
        for elsewhere in
            ["https://{{payload.v}}/a", "https:///{{payload.v}}/a", "https://a{{payload.v}}@example.org/"]
        {
            assert_eq!(filled(elsewhere, "evil"), None, "{elsewhere}");
        }
        assert_eq!(
            filled("https://example.org/a b", "x").as_deref(),
            Some("https://example.org/a b"),
            "as it is"
        );
    }
}

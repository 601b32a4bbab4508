//! discord: an embed by the webhook of a channel (Discord's developer documentation, “Execute Webhook” and “Embed Limits”).

use std::time::Duration;

use domain::integration::DiscordSettings;
use domain::integration::discord::Mentioned;
use domain::message::{Body, Message};
use domain::time::Timestamp;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::http::{Answer, Call, Outbound};
use super::words::{self, Tone, escaped, event_json, fenced, fit, named, with_pause};
use super::{Attempting, DeliveryError, Provider, Receipt};

/// Characters of an embed's title.
const MAX_TITLE: usize = 256;
/// Characters of an embed's description. Discord takes 4,096, and 6,000 in all.
const MAX_DESCRIPTION: usize = 4_000;
/// Characters of a line of the description: what a headline repeats or a URL holds is rarely longer.
const MAX_LINE: usize = 1_000;
/// A webhook takes some five messages in two seconds; the headers of each answer say it exactly, and may change.
const PACE: Duration = Duration::from_millis(500);

impl Provider for DiscordSettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            let mut url = parsed(self)?;
            // Without it Discord answers before it knows whether the message is kept.
            url.query_pairs_mut().append_pair("wait", "true");
            if let Some(thread) = &self.thread_id {
                url.query_pairs_mut().append_pair("thread_id", thread);
            }
            let call = Call::json(url.as_str(), &body(self, message, attempting.now));
            let answer = judged(outbound.send(hiding(call, self), attempting).await?)?;
            Ok(Receipt { external_id: named(answer.json().as_ref(), "/id"), ..Receipt::default() })
        }
        .boxed()
    }

    fn pace(&self) -> Option<Duration> {
        Some(PACE)
    }

    fn probe<'a>(
        &'a self,
        outbound: &'a Outbound,
        attempting: &'a Attempting<'a>,
    ) -> Option<BoxFuture<'a, Result<String, DeliveryError>>> {
        Some(
            async move {
                let url = parsed(self)?;
                let call = Call {
                    method: Method::GET,
                    body: String::new(),
                    ..Call::json(url.as_str(), &Value::Null)
                };
                let answer = judged(outbound.send(hiding(call, self), attempting).await?)?;
                let name = named(answer.json().as_ref(), "/name");
                Ok(format!("The webhook “{}” is there.", name.unwrap_or_default()))
            }
            .boxed(),
        )
    }
}

fn parsed(settings: &DiscordSettings) -> Result<Url, DeliveryError> {
    Url::parse(settings.url.expose())
        .map_err(|_| DeliveryError::permanent("The webhook URL is no URL; enter it once more."))
}

/// Nothing of the address is written down: neither as it was entered nor as it is called.
fn hiding(call: Call, settings: &DiscordSettings) -> Call {
    let token = settings.url.expose().rsplit('/').next().unwrap_or_default();
    let token = token.split('?').next().unwrap_or_default().to_owned();
    call.secret_url(settings.url.expose()).secret(token)
}

fn judged(answer: Answer) -> Result<Answer, DeliveryError> {
    let answer = with_pause(answer, "/retry_after");
    answer.verdict(&[]).map_err(|error| match error {
        DeliveryError::Permanent { .. } if answer.status == 404 => DeliveryError::permanent(
            "HTTP 404: Discord does not know the webhook (any more); create a new one and enter its URL.",
        ),
        error => error,
    })?;
    Ok(answer)
}

fn body(settings: &DiscordSettings, message: &Message, now: Timestamp) -> Value {
    let tone = Tone::of(message);
    let headline = format!("{} {}", tone.sign(), message.headline());
    let mut embed = json!({
        "title": escaped(&headline, MAX_TITLE, markdown),
        "description": description(message, now),
        "color": tone.colour(),
        "timestamp": message.at.to_rfc3339(),
    });
    if let Some(link) = words::link(message) {
        embed["url"] = link.into();
    }
    if let Some(footer) = footer(message) {
        embed["footer"] = json!({ "text": footer });
    }
    // Nobody is mentioned by what a monitor is called or what a server answered.
    let mut body = json!({ "embeds": [embed], "allowed_mentions": { "parse": [] } });
    if let Some(name) = &settings.username {
        body["username"] = name.as_str().into();
    }
    let calls = matches!(tone, Tone::Trouble) && !matches!(message.body, Body::Event(_));
    if let (true, Some(text), Some(mentioned)) = (calls, &settings.mention, settings.mentioned()) {
        body["content"] = text.as_str().into();
        body["allowed_mentions"] = match mentioned {
            Mentioned::Everyone => json!({ "parse": ["everyone"] }),
            Mentioned::Role(id) => json!({ "parse": [], "roles": [id] }),
            Mentioned::User(id) => json!({ "parse": [], "users": [id] }),
        };
    }
    body
}

fn description(message: &Message, now: Timestamp) -> String {
    if let Some(payload) = event_json(message) {
        return format!("```json\n{}\n```", fit(&fenced(&payload), MAX_DESCRIPTION - 20));
    }
    let mut text = String::new();
    for line in message.text(now).lines() {
        // A backslash inside a URL would become part of the link.
        let url = line.starts_with("https://") || line.starts_with("http://");
        let line = if url && !line.contains(char::is_whitespace) {
            fit(line, MAX_LINE)
        } else {
            escaped(line, MAX_LINE, markdown)
        };
        if text.encode_utf16().count() + line.encode_utf16().count() + 3 > MAX_DESCRIPTION {
            text.push('…');
            break;
        }
        text.push_str(&line);
        text.push('\n');
    }
    text.trim_end().to_owned()
}

fn footer(message: &Message) -> Option<String> {
    Some(match &message.body {
        Body::Alert(alert) => format!("Incident {}", alert.incident.id),
        Body::Acknowledged(taken) => format!("Incident {}", taken.incident.id),
        Body::Event(event) => fit(&event.event, MAX_TITLE),
        Body::Group(_) => return None,
    })
}

/// What Discord's markdown would read as marks.
fn markdown(character: char) -> Option<&'static str> {
    Some(match character {
        '\\' => "\\\\",
        '*' => "\\*",
        '_' => "\\_",
        '~' => "\\~",
        '`' => "\\`",
        '|' => "\\|",
        '>' => "\\>",
        '<' => "\\<",
        '#' => "\\#",
        '[' => "\\[",
        ']' => "\\]",
        _ => return None,
    })
}

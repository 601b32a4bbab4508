//! teams: an Adaptive Card to a workflow that waits for a webhook (Microsoft's documentation of Teams, “Workflows” and “Adaptive Cards”).

use std::time::Duration;

use domain::integration::TeamsSettings;
use domain::message::{Body, Message};
use domain::time::Timestamp;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::http::{Call, Outbound};
use super::words::{self, Tone, event_json, fit};
use super::{Attempting, DeliveryError, Provider, Receipt};

/// Bytes of all lines of a card as JSON. Teams takes messages of some 28 kB, in which each line has some 150 bytes around it.
const MAX_BYTES: usize = 12_000;
/// Lines of a card.
const MAX_LINES: usize = 60;
/// Characters of a line.
const MAX_LINE: usize = 1_000;
/// Characters of the headline.
const MAX_TITLE: usize = 250;
/// Teams slows down whoever asks more than four times a second.
const PACE: Duration = Duration::from_millis(300);

impl Provider for TeamsSettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            let url = self.url.expose();
            let call = Call::json(url, &body(message, attempting.now)).secret_url(url);
            let answer = outbound.send(call, attempting).await?;
            answer.verdict(&[]).map_err(|error| match (answer.status, error) {
                (404 | 410, DeliveryError::Permanent { reason }) => DeliveryError::permanent(format!(
                    "{reason} The workflow was deleted or switched off; switch it on in Teams, or enter the URL of another."
                )),
                (401 | 403, DeliveryError::Permanent { reason }) => DeliveryError::permanent(format!(
                    "{reason} The workflow must be open to anyone, and its URL be entered with everything behind the “?”."
                )),
                (_, error) => error,
            })?;
            // The workflow answers before it posts, and says nothing of the message.
            Ok(Receipt::default())
        }
        .boxed()
    }

    fn pace(&self) -> Option<Duration> {
        Some(PACE)
    }
}

fn body(message: &Message, now: Timestamp) -> Value {
    let colour = match Tone::of(message) {
        Tone::Trouble => "attention",
        Tone::StillTrouble => "warning",
        Tone::Recovery => "good",
        Tone::Notice => "accent",
    };
    let title = words::title(message, MAX_TITLE);
    let mut items = vec![line(&json!({
        "type": "TextRun", "text": title, "weight": "bolder", "size": "large", "color": colour,
    }))];
    items.extend(lines(message, now));
    if let Some(note) = note(message) {
        items.push(line(&json!({ "type": "TextRun", "text": note, "isSubtle": true, "size": "small" })));
    }
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        // What Teams shows on phones too.
        "version": "1.4",
        "fallbackText": title,
        "body": items,
        "msteams": { "width": "Full" },
    });
    if let Some(link) = words::link(message) {
        card["actions"] = json!([{ "type": "Action.OpenUrl", "title": "Open", "url": link }]);
    }
    json!({
        "type": "message",
        "summary": title,
        "attachments": [{ "contentType": "application/vnd.microsoft.card.adaptive", "content": card }],
    })
}

/// The lines of a message within the limits. A run of text is shown as it is, while a text block would read it as markdown.
fn lines(message: &Message, now: Timestamp) -> Vec<Value> {
    let payload = event_json(message);
    let font = if payload.is_some() { "monospace" } else { "default" };
    let text = payload.unwrap_or_else(|| message.text(now));
    let (mut lines, mut bytes) = (Vec::new(), 0);
    for text in text.lines().filter(|line| !line.is_empty()) {
        let inner = text.trim_start_matches(' ');
        // Spaces at the beginning would be lost.
        let indented = format!("{}{inner}", "\u{a0}".repeat(text.len() - inner.len()));
        let run = json!({ "type": "TextRun", "text": fit(&indented, MAX_LINE), "fontType": font });
        bytes += run["text"].to_string().len();
        if bytes > MAX_BYTES || lines.len() == MAX_LINES {
            lines.push(line(&json!({ "type": "TextRun", "text": "…" })));
            break;
        }
        lines.push(line(&run));
    }
    lines
}

fn line(run: &Value) -> Value {
    json!({ "type": "RichTextBlock", "spacing": "small", "inlines": [run] })
}

fn note(message: &Message) -> Option<String> {
    match &message.body {
        Body::Alert(alert) => Some(format!("Incident {}", alert.incident.id)),
        Body::Acknowledged(taken) => Some(format!("Incident {}", taken.incident.id)),
        Body::Event(event) => Some(fit(&event.event, MAX_TITLE)),
        Body::Group(_) => None,
    }
}

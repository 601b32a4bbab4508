//! How a message looks in Slack: Block Kit, within its limits (docs.slack.dev, Block Kit reference).

use domain::alert::AlertKind;
use domain::message::{
    Acknowledged, Alert, Body, Group, IncidentFacts, Message, MonitorFacts, duration_words,
};
use domain::time::{SECOND, Timestamp};
use serde_json::{Value, json};

use super::super::words::{self, Tone, entity, escaped, event_json, fenced, fit, length_label};

/// The `action_id` of the button that resolves an incident; its `value` is the incident's public id.
pub const RESOLVE: &str = "resolve_incident";
/// The `action_id` of the button by which somebody takes an incident on; its `value` is the incident's public id.
pub const ACKNOWLEDGE: &str = "acknowledge_incident";

/// Characters of a header.
const MAX_HEADER: usize = 150;
/// Characters of a section. Slack takes 3,000; all blocks of a message together have a limit that is not documented, near 13,000.
const MAX_SECTION: usize = 2_900;
/// Characters of a field of a section. Slack takes 2,000.
const MAX_FIELD: usize = 500;
/// Characters of the URL of a button.
const MAX_URL: usize = 3_000;
/// Characters of the text that notifications show. Slack advises 4,000.
const MAX_TEXT: usize = 3_900;
/// Outages of a storm that are named.
const MAX_OUTAGES: usize = 20;

/// The blocks of a message with the buttons that fit its state: what a bot posts, and what takes the place of that when somebody pressed a
/// button.
pub fn blocks(message: &Message, now: Timestamp) -> Value {
    let incident = match &message.body {
        Body::Alert(alert) if alert.test || alert.incident.resolved_at.is_some() => None,
        Body::Alert(alert) => Some((&alert.incident, true)),
        Body::Acknowledged(taken) => Some((&taken.incident, false)),
        Body::Group(_) | Body::Event(_) => None,
    };
    let mut buttons = Vec::new();
    if let Some((incident, open)) = incident {
        if open {
            buttons.push(action(ACKNOWLEDGE, "Acknowledge", incident));
        }
        let mut resolve = action(RESOLVE, "Resolve incident", incident);
        resolve["style"] = "primary".into();
        buttons.push(resolve);
    }
    composed(message, buttons, now)
}

/// The blocks of a message whose buttons nobody would hear: webhooks belong to no app that could be called.
pub(super) fn without_buttons(message: &Message, now: Timestamp) -> Value {
    composed(message, Vec::new(), now)
}

/// The text of a message for notifications and screen readers, in mrkdwn.
pub fn summary(message: &Message, now: Timestamp) -> String {
    match &message.body {
        Body::Event(event) => {
            let begin = format!("*{}*\n", escaped(&event.event, 200, entity));
            let json = escaped(&fenced(&event_json(message).unwrap_or_default()), MAX_SECTION - 300, entity);
            format!("{begin}```{json}```")
        }
        Body::Alert(_) | Body::Group(_) | Body::Acknowledged(_) => {
            let headline = format!("{} {}", Tone::of(message).sign(), message.headline());
            let first = message.text(now).lines().next().unwrap_or_default().to_owned();
            escaped(&format!("{headline}: {first}"), MAX_TEXT, entity)
        }
    }
}

/// That an outage is over and how long it was, in one line of mrkdwn; `None` for everything else.
pub(super) fn over(message: &Message) -> Option<String> {
    let alert = message.alert().filter(|alert| alert.kind == AlertKind::Ok)?;
    let lasted = duration_words(alert.duration(message.at));
    let text = format!("{} {} (down for {lasted})", Tone::of(message).sign(), message.headline());
    Some(escaped(&text, MAX_FIELD, entity))
}

fn composed(message: &Message, mut buttons: Vec<Value>, now: Timestamp) -> Value {
    let mut blocks = match &message.body {
        // Seed 003's form: id and payload.
        Body::Event(_) => vec![section(&summary(message, now))],
        Body::Alert(alert) => of_alert(alert, message, now),
        Body::Group(group) => of_group(group, message),
        Body::Acknowledged(taken) => of_acknowledged(taken, message, now),
    };
    if let Some(url) = words::link(message).filter(|url| url.len() <= MAX_URL) {
        buttons.push(json!({
            "type": "button",
            "action_id": "open",
            "text": { "type": "plain_text", "text": "Open" },
            "url": url,
        }));
    }
    if !buttons.is_empty() {
        blocks.push(json!({ "type": "actions", "elements": buttons }));
    }
    blocks.into()
}

fn of_alert(alert: &Alert, message: &Message, now: Timestamp) -> Vec<Value> {
    let mut fields = facts(&alert.monitor, &alert.incident);
    let label = length_label(alert.kind == AlertKind::Ok);
    fields.push(field(label, &duration_words(alert.duration(now))));
    let mut blocks = told(message, now);
    blocks.push(json!({ "type": "section", "fields": fields }));
    // Whoever hears that all is well need not know what to do.
    let written = alert.monitor.notes.text.trim();
    if alert.kind != AlertKind::Ok && !written.is_empty() {
        blocks.push(section(&format!("*Notes*\n{}", escaped(written, MAX_SECTION - 10, entity))));
    }
    let mut notes = vec![format!("Incident {}", alert.incident.id)];
    if let Some(level) = &alert.level {
        notes.push(format!("{}, level {}", level.name, level.number));
    }
    blocks.push(context(&notes.join(" · ")));
    blocks
}

fn of_acknowledged(taken: &Acknowledged, message: &Message, now: Timestamp) -> Vec<Value> {
    let since = duration_words(now.since(taken.incident.started_at).max(0));
    let mut fields = facts(&taken.monitor, &taken.incident);
    fields.push(field(length_label(false), &since));
    let mut blocks = told(message, now);
    blocks.push(json!({ "type": "section", "fields": fields }));
    blocks.push(context(&format!("Incident {} · {} takes care of it", taken.incident.id, taken.by)));
    blocks
}

fn of_group(group: &Group, message: &Message) -> Vec<Value> {
    let mut blocks = vec![header(message)];
    if let Some(cause) = &group.cause {
        blocks.push(section(&escaped(cause, MAX_SECTION, entity)));
    }
    // Each line is cut by itself, so that none of them ends in the middle of its marks.
    let mut list = String::new();
    let mut named = 0;
    for (monitor, incident) in group.outages.iter().take(MAX_OUTAGES) {
        let name = escaped(&monitor.name, 80, entity);
        let line = format!("• *{name}*: {}\n", escaped(&group.fate(incident), 200, entity));
        if list.encode_utf16().count() + line.encode_utf16().count() > MAX_SECTION {
            break;
        }
        list.push_str(&line);
        named += 1;
    }
    if !list.is_empty() {
        blocks.push(section(list.trim_end()));
    }
    if let Some(rest) = group.count().checked_sub(named).filter(|rest| *rest > 0) {
        blocks.push(context(&format!("and {rest} more")));
    }
    blocks
}

/// Headline and text.
fn told(message: &Message, now: Timestamp) -> Vec<Value> {
    let text = escaped(&message.text(now), MAX_SECTION, entity);
    // Slack refuses a section without a text.
    let text = (!text.trim().is_empty()).then(|| section(&text));
    std::iter::once(header(message)).chain(text).collect()
}

fn facts(monitor: &MonitorFacts, incident: &IncidentFacts) -> Vec<Value> {
    let mut fields = vec![field("Monitor", &monitor.name), field("Check", &monitor.check)];
    if !monitor.target.is_empty() {
        fields.push(field("Target", &monitor.target));
    }
    fields.push(mrkdwn(&format!("*Began*\n{}", when(incident.started_at))));
    if let Some(resolved_at) = incident.resolved_at {
        fields.push(mrkdwn(&format!("*Over*\n{}", when(resolved_at))));
    }
    fields
}

/// A time that Slack shows in the zone of whoever reads it.
fn when(at: Timestamp) -> String {
    let seconds = at.0.div_euclid(SECOND);
    format!("<!date^{seconds}^{{date_short_pretty}} {{time_secs}}|{}>", at.to_rfc3339())
}

fn header(message: &Message) -> Value {
    let text = format!("{} {}", Tone::of(message).sign(), message.headline());
    // Plain text: nothing is escaped in it.
    json!({ "type": "header", "text": { "type": "plain_text", "text": fit(&text, MAX_HEADER), "emoji": false } })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": mrkdwn(text) })
}

fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [mrkdwn(&escaped(text, MAX_FIELD, entity))] })
}

fn field(name: &str, value: &str) -> Value {
    mrkdwn(&format!("*{name}*\n{}", escaped(value, MAX_FIELD, entity)))
}

fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text })
}

fn action(id: &str, label: &str, incident: &IncidentFacts) -> Value {
    json!({
        "type": "button",
        "action_id": id,
        "text": { "type": "plain_text", "text": label },
        "value": incident.id,
    })
}

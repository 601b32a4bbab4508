//! jira: an issue for each outage, comments while it goes on, and a transition when it is over (contracts.md 4.7 and 8.3).
//!
//! Jira makes a new issue for each request, so each carries a label with the incident's id, and whoever is not sure whether there is
//! one already looks for the label first.

mod api;
mod text;

use std::time::Duration;

use domain::integration::JiraSettings;
use domain::message::{Body, Message};
use domain::time::Timestamp;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::http::Outbound;
use super::subject::{Phase, Subject, alone, subject};
use super::words::{fit, link};
use super::{Attempting, DeliveryError, Provider, Receipt};
use api::Api;

/// The longest summary, in characters.
const MAX_SUMMARY: usize = 255;
/// The time of all calls of a message together, in seconds: an outage that is over takes five.
const MAX_SECONDS: u64 = 30;

impl Provider for JiraSettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            let api = Api { settings: self, outbound, attempting };
            let external_id = tell(&api, message).await?;
            Ok(Receipt { external_id, ..Receipt::default() })
        }
        .boxed()
    }

    fn probe<'a>(
        &'a self,
        outbound: &'a Outbound,
        attempting: &'a Attempting<'a>,
    ) -> Option<BoxFuture<'a, Result<String, DeliveryError>>> {
        let probe = async move {
            let api = Api { settings: self, outbound, attempting };
            let (account, project) = (api.myself().await?, api.project().await?);
            Ok(format!("Jira knows the account as {account}, and it sees the project {project}."))
        };
        Some(probe.boxed())
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(MAX_SECONDS)
    }
}

/// Tells Jira and returns the key of the issue.
async fn tell(api: &Api<'_>, message: &Message) -> Result<Option<String>, DeliveryError> {
    let now = api.attempting.now;
    let subject = match (&message.body, subject(message)) {
        (_, Some(subject)) => subject,
        // Other events are an issue each.
        (Body::Event(_), None) => Subject { key: api.attempting.id.to_string(), phase: Phase::Begun },
        _ => return Err(alone("Jira")),
    };
    let known = match api.attempting.external_id {
        Some(key) => Some(key.to_owned()),
        // Nobody can have made it: this spares a call in most cases, and the first message of an outage is the urgent one.
        None if subject.phase == Phase::Begun
            && api.attempting.attempts == 0
            && message.alert().is_some() =>
        {
            None
        }
        None => {
            // A system goes through many outages; only that which goes on is meant.
            api.labelled(&label(&subject), subject.key.starts_with("system-")).await?
        }
    };
    match (known, subject.phase) {
        (None, Phase::Begun | Phase::GoesOn) => {
            api.create(fields(api.settings, message, &subject, now)).await
        }
        (None, Phase::Taken | Phase::Over) => {
            let note = format!("No issue has the label {}, so nothing is changed.", label(&subject));
            api.attempting.transcript.sent(note);
            Ok(None)
        }
        // Tried before: it was made, and only the answer was lost.
        (Some(key), Phase::Begun) if api.attempting.attempts > 0 && api.attempting.external_id.is_none() => {
            Ok(Some(key))
        }
        (Some(key), Phase::Begun | Phase::GoesOn | Phase::Taken) => {
            api.comment(&key, &comment(message, now)).await?;
            Ok(Some(key))
        }
        (Some(key), Phase::Over) => finish(api, message, key).await.map(Some),
    }
}

/// Finishes an issue unless somebody has, then comments: in this order nothing is done twice when the way breaks off in between.
async fn finish(api: &Api<'_>, message: &Message, key: String) -> Result<String, DeliveryError> {
    let now = api.attempting.now;
    let finished = if api.is_done(&key).await? { Ok(()) } else { api.finish(&key).await? };
    api.comment(&key, &comment(message, now)).await?;
    match finished {
        Ok(()) => Ok(key),
        Err(known) => {
            let wanted = match &api.settings.done_transition {
                Some(name) => format!("There is no transition “{name}”"),
                None => "No transition leads to a finished status".to_owned(),
            };
            let known = if known.is_empty() { "none".to_owned() } else { known };
            Err(DeliveryError::permanent(format!(
                "{wanted} for {key}; those that the account may use are: {known}. Name one of them in the settings."
            )))
        }
    }
}

fn label(subject: &Subject) -> String {
    format!("pharos-{}", subject.key)
}

fn fields(settings: &JiraSettings, message: &Message, subject: &Subject, now: Timestamp) -> Value {
    let payload = text::payload(message, now);
    let summary = text::fill(&settings.summary_template, &payload);
    let summary: Vec<_> = summary.split_whitespace().collect();
    let summary = if summary.is_empty() { message.headline() } else { summary.join(" ") };
    let mut fields = json!({
        "project": { "key": settings.project_key },
        "issuetype": by_id_or_name(&settings.issue_type),
        "summary": fit(&summary, MAX_SUMMARY),
        "labels": [label(subject)],
    });
    if let Some(template) = &settings.description_template {
        fields["description"] = text::document(&text::fill(template, &payload));
    }
    if let Some(priority) = &settings.priority {
        fields["priority"] = by_id_or_name(priority);
    }
    for mapping in &settings.field_mappings {
        fields[&mapping.field_key] = text::value(&mapping.template, &payload);
    }
    fields
}

fn by_id_or_name(text: &str) -> Value {
    let is_id = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_id { json!({ "id": text }) } else { json!({ "name": text }) }
}

fn comment(message: &Message, now: Timestamp) -> String {
    let mut text = match &message.body {
        Body::Event(_) => message.headline(),
        _ => format!("{}\n\n{}", message.headline(), message.text(now)),
    };
    if let Some(link) = link(message) {
        text = format!("{text}\n\n{link}");
    }
    text
}

//! How an integration looks to programs: the names of seed 001 around the settings of our providers.

use domain::form::{Field, FieldError, Form};
use domain::integration::draft::{self, empty_form};
use domain::integration::{IntegrationSettings, ProviderKind};
use domain::secret::MASK;
use domain::views::console::IntegrationRow;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::body;
use crate::api::error::{ApiError, Result};
use crate::api::paging::time;

/// What the documented types begin with.
const MODULE: &str = "Integrations::";
/// What the documented types end in.
const SUFFIX: &str = "Integration";
/// Characters at the end of a token that are shown, so that people can tell two apart; of tokens that are longer than [`LONG`] only.
const SHOWN: usize = 4;
/// The shortest token of which something is shown.
const LONG: usize = 12;

/// An integration.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct IntegrationBody {
    /// Its id.
    #[schema(example = "INT0123456789abcdefghjk")]
    uuid: String,
    /// What it is.
    #[serde(rename = "type")]
    #[schema(example = "Integrations::WebhookIntegration")]
    kind: String,
    /// What it is called.
    name: String,
    /// Where to send, and how. Passwords are masked, of tokens the last four characters are shown.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// Whether it can be changed.
    editable: bool,
    /// Whether it can be removed. Always so at present: no integration belongs to the installation itself. One that could not would be
    /// refused with 422 and `This integration cannot be deleted.`
    deletable: bool,
    /// When it was added.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// An integration with what becomes of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IntegrationDetail {
    #[serde(flatten)]
    integration: IntegrationBody,
    /// Whether it is used.
    enabled: bool,
    /// Whether it may be written to: not all of its addresses are among those that nobody confirmed.
    verified: bool,
    /// Those of its e-mail addresses, in lower case, that belong to accounts and that nobody confirmed: they get nothing until somebody
    /// does, while the others do.
    #[schema(example = json!(["ada@example.org"]))]
    unconfirmed: Vec<String>,
    /// Since when messages fail for a reason that trying again cannot mend.
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// The reason, and what to do.
    failing: Option<String>,
    /// Monitors that it is attached to.
    monitors: u32,
    /// Subscriptions to events.
    subscriptions: u32,
    /// When the hours begin in which it is not written to, such as `22:00`; null: never.
    quiet_from: Option<String>,
    /// When they end.
    quiet_until: Option<String>,
    /// The time zone of both.
    quiet_zone: Option<String>,
}

/// What is said about an integration.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes what the form of the provider reads")]
pub(super) struct IntegrationDraft {
    /// What it is: `Integrations::WebhookIntegration`, `Integrations::EmailIntegration`,
    /// `Integrations::SshServerRestartIntegration`, `Integrations::SmsIntegration`, `Integrations::SlackIntegration`, or another one that
    /// `/api/v1/providers` lists.
    #[serde(rename = "type")]
    kind: String,
    /// Where to send, and how: the fields that `/api/v1/providers` lists for the type.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// What it is called; taken from the settings when it is not sent.
    name: Option<String>,
    /// Whether it is used.
    #[schema(default = true)]
    enabled: Option<bool>,
    /// Whether it hears of every outage that no alert definition of its own is for. By default it does, but for one that restarts a
    /// server and for a custom one, which does nothing before it is attached.
    in_default: Option<bool>,
    /// When the hours begin in which it is not written to; messages wait for their end.
    #[schema(example = "22:00")]
    quiet_from: Option<String>,
    /// When they end.
    #[schema(example = "07:00")]
    quiet_until: Option<String>,
    /// The time zone of both.
    #[schema(example = "Europe/Berlin", default = "UTC")]
    quiet_zone: Option<String>,
}

/// The body that adds an integration.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes what the form of the provider reads")]
pub(super) struct NewIntegration {
    /// The integration.
    integration: IntegrationDraft,
}

/// What is changed of an integration.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes what the form of the provider reads")]
pub(super) struct IntegrationChange {
    /// Fields that change; a masked secret stays what it is.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
    /// What it is called.
    name: Option<String>,
    /// Whether it is used.
    enabled: Option<bool>,
    /// When the hours begin in which it is not written to; null: never.
    quiet_from: Option<String>,
    /// When they end; null: never.
    quiet_until: Option<String>,
    /// The time zone of both; null: `UTC`.
    quiet_zone: Option<String>,
}

/// The body that changes an integration.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes what the form of the provider reads")]
pub(super) struct ChangedIntegration {
    /// What changes; its fields may also stand in the body itself.
    #[schema(value_type = IntegrationChange, required = false)]
    integration: Option<IntegrationChange>,
}

/// The type of a provider, as programs name it.
pub(in crate::api) fn type_name(kind: ProviderKind) -> String {
    let name = match kind.as_str() {
        "ssh" => "SshServerRestart".to_owned(),
        other => {
            let mut letters = other.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
        }
    };
    format!("{MODULE}{name}{SUFFIX}")
}

/// The provider of a type; its short name is taken too.
pub(super) fn kind_of(name: &str) -> Option<ProviderKind> {
    ProviderKind::ALL.iter().copied().find(|kind| type_name(*kind) == name || kind.as_str() == name)
}

/// What is said to whoever names no type that is known.
pub(super) fn unknown_type(name: Option<&str>) -> ApiError {
    let known: Vec<_> = ProviderKind::ALL.iter().map(|kind| type_name(*kind)).collect();
    let known = known.join(", ");
    match name {
        Some(name) => {
            ApiError::field("type", format!("“{name}” is no integration type; use one of {known}."))
        }
        None => ApiError::field("type", format!("Please say what it is; use one of {known}.")),
    }
}

/// The settings that seed 001 documents for a type, by the names of our fields; nothing for types that are ours.
fn documented(kind: ProviderKind) -> &'static [&'static str] {
    match kind.as_str() {
        "webhook" => &["url"],
        "email" => &["email"],
        "ssh" => &["ip", "username", "password", "port"],
        "sms" => &["phone_number"],
        "slack" => &["bot_token", "user_token", "channel_id", "webhook_url", "bot_user_id"],
        _ => &[],
    }
}

/// The name of a field for programs.
pub(in crate::api) fn public_name(kind: ProviderKind, field: &str) -> &str {
    match (kind.as_str(), field) {
        ("webhook", "url") => "webhook_url",
        _ => field,
    }
}

/// What an object of settings says, as the provider's form has it.
pub(super) fn form_of(kind: ProviderKind, settings: &Map<String, Value>, form: &mut Form) -> Vec<FieldError> {
    let mut settings = settings.clone();
    for field in kind.fields() {
        let public = public_name(kind, field.name);
        if public != field.name
            && let Some(value) = settings.remove(public)
        {
            settings.insert(field.name.to_owned(), value);
        }
    }
    let mut errors = Vec::new();
    body::put_fields(form, &settings, kind.fields(), &mut errors);
    errors
}

/// What an object says beside the settings: name, whether it is used, quiet hours.
pub(super) fn shared_of(object: &Map<String, Value>, form: &mut Form) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for name in ["name", "quiet_from", "quiet_until", "quiet_zone"] {
        if let Err(message) = require_text(object, name) {
            errors.push(FieldError::new(name, message));
        }
    }
    if errors.is_empty() {
        // Null says nothing about whether it is used; its default would switch on what somebody switched off.
        let says = |field: &&Field| field.name != "enabled" || object.get("enabled") != Some(&Value::Null);
        body::put_fields(form, object, draft::FIELDS.iter().filter(says), &mut errors);
    }
    errors
}

fn require_text(object: &Map<String, Value>, name: &str) -> Result<(), String> {
    match object.get(name) {
        None | Some(Value::Null | Value::String(_)) => Ok(()),
        Some(other) => Err(format!("{other} does not fit; write a text.")),
    }
}

/// The names that programs know, in what the provider said of its fields.
pub(super) fn renamed(kind: ProviderKind, errors: Vec<FieldError>) -> Vec<FieldError> {
    let rename = |error: FieldError| {
        let name = public_name(kind, &error.field).to_owned();
        FieldError { field: name, ..error }
    };
    errors.into_iter().map(rename).collect()
}

/// The integration for programs. `echo` shows secrets as they are, as the documentation does.
pub(in crate::api) fn integration(
    row: &IntegrationRow,
    settings: Option<&IntegrationSettings>,
    echo: bool,
) -> IntegrationBody {
    IntegrationBody {
        uuid: row.id.to_string(),
        kind: type_name(row.kind),
        name: row.name.clone(),
        settings: settings.map(|settings| shown(settings, echo)).unwrap_or_default(),
        editable: row.kind.as_str() != "slack",
        deletable: true,
        created_at: time(row.created_at),
        updated_at: time(row.updated_at),
    }
}

/// The same with what becomes of it.
pub(super) fn detail(
    row: &IntegrationRow,
    settings: Option<&IntegrationSettings>,
    echo: bool,
) -> IntegrationDetail {
    let mut shared = Form::new();
    draft::put_shared(&mut shared, &row.name, row.enabled, row.quiet.as_ref());
    let mut quiet = |name: &str| shared.remove(name).filter(|_| row.quiet.is_some());
    IntegrationDetail {
        quiet_from: quiet("quiet_from"),
        quiet_until: quiet("quiet_until"),
        quiet_zone: quiet("quiet_zone"),
        integration: integration(row, settings, echo),
        enabled: row.enabled,
        verified: !row.unverified,
        unconfirmed: row.unconfirmed.clone(),
        failing_since: row.failing_since.map(time),
        failing: row.failing.clone(),
        monitors: row.monitors,
        subscriptions: row.subscriptions,
    }
}

/// The settings: those that are documented for the type always, and whatever else is not at its default; all of a type that is ours.
fn shown(settings: &IntegrationSettings, echo: bool) -> Map<String, Value> {
    let kind = settings.kind();
    let documented = documented(kind);
    let (form, defaults) = (settings.to_form(), empty_form(kind));
    // Secrets in the clear, by the same names; forms leave them out.
    let data = settings.data().unwrap_or_default();
    let mut shown = Map::new();
    for field in kind.fields() {
        let wanted = documented.is_empty()
            || documented.contains(&field.name)
            || form.get(field.name).unwrap_or(&String::new()) != &defaults[field.name];
        let Some(value) = body::shown_value(field, &form) else { continue };
        if wanted || value == MASK {
            let clear = clear(&data, field);
            let value = if value == MASK { masked(kind, field.name, clear, echo) } else { value };
            shown.insert(public_name(kind, field.name).to_owned(), value);
        }
    }
    // Documented, and filled in by others than people: no fields of the form.
    for name in documented.iter().filter(|name| kind.fields().iter().all(|field| field.name != **name)) {
        let clear = data.get(*name).and_then(Value::as_str);
        let value = clear.map_or(Value::Null, |clear| masked(kind, name, Some(clear), echo));
        shown.insert((*name).to_owned(), value);
    }
    shown
}

fn clear<'a>(data: &'a Value, field: &Field) -> Option<&'a str> {
    data.get(field.name).and_then(Value::as_str)
}

/// What is shown of a secret.
fn masked(kind: ProviderKind, name: &str, clear: Option<&str>, echo: bool) -> Value {
    // The address of a webhook is its name, and documented in the clear. Identifiers are no secrets.
    let open = kind.as_str() == "webhook" && name == "url" || name.ends_with("_id");
    match clear {
        Some(clear) if echo || open => clear.into(),
        Some(clear) if (name.contains("token") || name.ends_with("_url")) && clear.len() >= LONG => {
            let end = clear.char_indices().rev().nth(SHOWN - 1).map_or(0, |(place, _)| place);
            format!("{MASK}{}", &clear[end..]).into()
        }
        _ => MASK.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_a_type_of_its_own() {
        for kind in ProviderKind::ALL {
            let name = type_name(*kind);
            assert!(name.starts_with("Integrations::") && name.ends_with("Integration"), "{name}");
            assert_eq!(kind_of(&name), Some(*kind));
        }
        assert_eq!(type_name(ProviderKind::Webhook), "Integrations::WebhookIntegration");
        assert_eq!(kind_of("Integrations::GopherIntegration"), None);
    }

    #[test]
    fn of_tokens_the_end_is_shown_and_of_passwords_nothing() {
        let kind = ProviderKind::Webhook;
        assert_eq!(masked(kind, "bearer_token", Some("xoxb-0123456789"), false), "********6789");
        assert_eq!(masked(kind, "bearer_token", Some("short"), false), "********");
        assert_eq!(masked(kind, "basic_password", Some("a long password"), false), "********");
        assert_eq!(masked(kind, "basic_password", Some("a long password"), true), "a long password");
        assert_eq!(masked(kind, "bearer_token", Some("grüße-grüße-grüße"), false), "********rüße");
    }
}

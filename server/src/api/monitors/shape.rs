//! How a monitor looks to programs, and how what they say of one becomes the form of its kind (contracts.md 2.3).

use std::collections::BTreeMap;

use domain::check::{CheckKind, CheckSettings};
use domain::form::{FieldError, Form};
use domain::health::State;
use domain::monitor_form::{KIND, POLICY_FIELDS, empty_form};
use domain::notes::FIELDS as FIELDS_OF_ONES_OWN;
use domain::time::SECOND;
use engine::services::monitors::ProgramMonitor;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{own_fields, period, target};
use crate::api::body;
use crate::api::paging::time;

/// The kind that is `http` with a text that the answer must contain, and the field of that text.
const KEYWORD: &str = "keyword";
/// The words of `check_type`, each with our kind.
const TYPES: &[(&str, CheckKind)] = &[
    ("http", CheckKind::Http),
    ("tcp", CheckKind::Tcp),
    ("ping", CheckKind::Ping),
    ("dns", CheckKind::Dns),
    ("ssl", CheckKind::Tls),
    ("heartbeat", CheckKind::Push),
    ("websocket", CheckKind::WebSocket),
    (KEYWORD, CheckKind::Http),
];

/// Fields of the body, each with the field of the form that it stands for.
const FIELDS: &[(&str, &str)] = &[
    ("name", "name"),
    ("interval_seconds", "interval"),
    ("timeout_seconds", "timeout"),
    ("failure_threshold", "failure_threshold"),
    ("recovery_threshold", "recovery_threshold"),
    ("degraded_above_ms", "degraded_above"),
    ("http_method", "method"),
    ("expected_status_codes", "accepted_statuses"),
    ("request_headers", "headers"),
    ("request_body", "body"),
    (KEYWORD, "keyword"),
    ("notes", "notes"),
];

/// A monitor in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MonitorBody {
    /// A number that names it too.
    id: i64,
    /// Its id.
    #[schema(example = "NM0123456789abcdefghjk")]
    uuid: String,
    /// What people call it.
    name: String,
    /// What is checked, without secrets.
    url: String,
    /// How: `http`, `tcp`, `ping`, `dns`, `ssl`, `keyword`, `heartbeat` or `websocket`.
    check_type: &'static str,
    /// `success`, `failure`, `paused` or `pending`.
    status: &'static str,
    /// The state in our own words: `up`, `degraded`, `confirming`, `down`, `unknown`, `pending` or `paused`.
    state: &'static str,
    /// The share of the last 24 hours in which it worked, in per cent.
    uptime: Option<f64>,
    /// How long the target took to answer the last check, in milliseconds.
    response_time: Option<f64>,
    /// When it was last checked.
    #[schema(format = DateTime)]
    last_check: Option<String>,
    /// Incidents that go on, the oldest first.
    open_incident_uuids: Vec<String>,
    /// When it was added.
    #[schema(format = DateTime)]
    created_at: String,
}

/// A monitor with everything that was said about it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MonitorDetail {
    #[serde(flatten)]
    monitor: MonitorBody,
    /// Seconds from check to check; of a heartbeat with a period, from call to call.
    interval_seconds: i64,
    /// Seconds that a check may take.
    timeout_seconds: f64,
    /// So many checks must fail before it is down.
    failure_threshold: u32,
    /// So many checks must succeed before it is up again.
    recovery_threshold: u32,
    /// An answer that takes longer counts as slow, in milliseconds.
    degraded_above_ms: Option<i64>,
    /// The fields of its kind; secrets are masked.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// Where the job reports to, for heartbeats.
    heartbeat_path: Option<String>,
    /// What whoever is woken should know.
    notes: String,
    /// Values of your own by name; custom integrations use them as `{{@CustomField(name)}}`.
    custom_fields: BTreeMap<String, String>,
}

/// What is said about a monitor. Beside these fields, `settings` takes every field of the kind's form.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes what the form of the kind reads")]
pub(super) struct MonitorDraft {
    /// What people call it; taken from the address when it is not sent.
    name: Option<String>,
    /// What is checked: a URL, a host, or `host:port`.
    #[schema(example = "https://example.com")]
    url: Option<String>,
    /// How: `http`, `tcp`, `ping`, `dns`, `ssl`, `keyword`, `heartbeat` or `websocket`.
    #[schema(example = "http")]
    check_type: Option<String>,
    /// Seconds from check to check, from 1 to 86400. Of a heartbeat from call to call, from 5 to 31622400, where `settings` do not say.
    #[schema(minimum = 1, default = 60)]
    interval_seconds: Option<i64>,
    /// Seconds that a check may take, less than the interval and at most 60.
    timeout_seconds: Option<f64>,
    /// So many checks must fail before it is down.
    #[schema(minimum = 1, maximum = 100)]
    failure_threshold: Option<i64>,
    /// So many checks must succeed before it is up again.
    #[schema(minimum = 1, maximum = 100)]
    recovery_threshold: Option<i64>,
    /// An answer that takes longer counts as slow, in milliseconds; null: no limit.
    #[schema(minimum = 1, maximum = 60000)]
    degraded_above_ms: Option<i64>,
    /// The method of the request.
    #[schema(example = "GET")]
    http_method: Option<String>,
    /// Statuses that count as success: `200-299,301`, or a list of numbers.
    #[schema(value_type = Option<Value>)]
    expected_status_codes: Option<Value>,
    /// Headers of the request: an object, or lines such as `Accept: text/html`.
    #[schema(value_type = Option<Value>)]
    request_headers: Option<Value>,
    /// The body of the request.
    request_body: Option<String>,
    /// A text that the answer must contain.
    keyword: Option<String>,
    /// Whether it is not checked.
    paused: Option<bool>,
    /// What whoever is woken should know; at most 4000 characters.
    notes: Option<String>,
    /// Values of your own by name, all of them: at most 50, with names of at most 64 characters. What is not in it is removed.
    #[schema(value_type = Option<Object>, example = json!({ "Team": "web" }))]
    custom_fields: Option<BTreeMap<String, String>>,
    /// Further fields of the kind, such as `max_redirects` or `record_type`.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

/// The body that adds or changes a monitor.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes what the form of the kind reads")]
pub(super) struct MonitorEnvelope {
    /// The monitor; its fields may also stand in the body itself.
    #[schema(value_type = MonitorDraft, required = false)]
    network_monitor: Option<MonitorDraft>,
}

/// The monitor in a list.
pub(super) fn monitor(seen: &ProgramMonitor) -> MonitorBody {
    let row = &seen.row;
    MonitorBody {
        id: seen.key.0,
        uuid: row.id.to_string(),
        name: row.name.clone(),
        url: row.target.clone(),
        check_type: type_of(&seen.draft.settings),
        status: status(row.state, seen.unsettled),
        state: row.state.as_str(),
        uptime: row.uptime_day.map(|share| (share * 100_000.0).round() / 1_000.0),
        response_time: row.latency_us.map(milliseconds),
        last_check: row.checked_at.map(time),
        open_incident_uuids: seen.open.iter().map(ToString::to_string).collect(),
        created_at: time(seen.created_at),
    }
}

/// The monitor with everything.
pub(super) fn detail(seen: &ProgramMonitor) -> MonitorDetail {
    let policy = &seen.draft.policy;
    let form = seen.draft.settings.to_form();
    let fields = seen.draft.settings.kind().fields().iter();
    let settings = fields.filter_map(|field| Some((field.name.to_owned(), body::shown_value(field, &form)?)));
    MonitorDetail {
        monitor: monitor(seen),
        interval_seconds: period::of(&seen.draft.settings).unwrap_or(policy.interval / SECOND),
        timeout_seconds: policy.timeout().as_secs_f64(),
        failure_threshold: policy.thresholds.failure,
        recovery_threshold: policy.thresholds.recovery,
        degraded_above_ms: policy.degraded_above,
        settings: settings.collect(),
        heartbeat_path: seen.push_path.clone(),
        notes: seen.draft.notes.text.clone(),
        custom_fields: seen.draft.notes.fields.clone(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "no answer takes 285 years")]
fn milliseconds(microseconds: i64) -> f64 {
    microseconds as f64 / 1_000.0
}

fn status(state: State, unsettled: bool) -> &'static str {
    match state {
        State::Confirming if unsettled => "pending",
        // What is being confirmed still counts as it did before; what is slow works.
        State::Up | State::Degraded | State::Confirming => "success",
        State::Down => "failure",
        State::Paused => "paused",
        State::Pending | State::Unknown => "pending",
    }
}

fn type_of(settings: &CheckSettings) -> &'static str {
    if settings.kind() == CheckKind::Http
        && settings.to_form().get("keyword").is_some_and(|keyword| !keyword.is_empty())
    {
        return KEYWORD;
    }
    TYPES.iter().find(|(_, kind)| *kind == settings.kind()).map_or("http", |(word, _)| word)
}

fn kind_of(word: &str) -> Option<CheckKind> {
    let word = word.trim();
    let ours = || CheckKind::ALL.iter().copied().find(|kind| kind.as_str() == word);
    TYPES.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind).or_else(ours)
}

/// Puts what a body says over a form: that of the stored monitor, or none for a new one.
pub(super) fn form(object: &Map<String, Value>, old: Option<Form>) -> Result<Form, Vec<FieldError>> {
    let mut errors = Vec::new();
    let kind = match (object.get("check_type"), old.as_ref().and_then(|old| old.get(KIND))) {
        (None | Some(Value::Null), old) => old.and_then(|word| kind_of(word)).unwrap_or(CheckKind::Http),
        (Some(Value::String(word)), _) => kind_of(word).ok_or_else(|| vec![unknown(word)])?,
        (Some(other), _) => return Err(vec![unknown(&other.to_string())]),
    };
    let mut form = match old {
        Some(old) if old.get(KIND).is_some_and(|word| word == kind.as_str()) => old,
        // Another kind: what all kinds share stays.
        old => {
            let mut form = empty_form(kind);
            let shared = POLICY_FIELDS.iter().map(|field| field.name);
            form.extend(shared.filter_map(|name| Some((name.to_owned(), old.as_ref()?.get(name)?.clone()))));
            form
        }
    };
    if kind == CheckKind::Push {
        period::put_kind(object, &mut form);
    }
    for (public, name) in FIELDS {
        let Some(value) = object.get(*public) else { continue };
        if kind == CheckKind::Push && *public == period::PUBLIC {
            errors.extend(period::put(object, &mut form).err());
            continue;
        }
        // What means nothing to the kind is passed over, like every key that is not known.
        let Some(field) = POLICY_FIELDS.iter().chain(kind.fields()).find(|field| field.name == *name) else {
            continue;
        };
        if let Err(message) = fits(public, value) {
            errors.push(FieldError::new(*public, message));
        } else if value.is_null() {
            form.insert((*name).to_owned(), field.default.to_owned());
        } else {
            match body::form_value(field, value) {
                Ok(Some(text)) => drop(form.insert((*name).to_owned(), text)),
                Ok(None) => {}
                Err(message) => errors.push(FieldError::new(*public, message)),
            }
        }
    }
    match object.get(FIELDS_OF_ONES_OWN).map(own_fields::lines) {
        None => {}
        Some(Ok(lines)) => drop(form.insert(FIELDS_OF_ONES_OWN.to_owned(), lines)),
        Some(Err(message)) => errors.push(FieldError::new(FIELDS_OF_ONES_OWN, message)),
    }
    match object.get("url") {
        None | Some(Value::Null) => {}
        Some(Value::String(url)) => target::put(kind, url.trim(), &mut form),
        Some(other) => errors.push(FieldError::new("url", format!("{other} does not fit; write a text."))),
    }
    match object.get("settings") {
        None => {}
        Some(Value::Object(settings)) => body::put_fields(&mut form, settings, kind.fields(), &mut errors),
        Some(_) => {
            errors.push(FieldError::new("settings", "This must be an object with the fields of the kind."));
        }
    }
    let asked = object.get("check_type").and_then(Value::as_str).map(str::trim);
    let is_sent = |within: Option<&Value>| within.is_some_and(|within| within.get(KEYWORD).is_some());
    if asked == Some("http") && !object.contains_key(KEYWORD) && !is_sent(object.get("settings")) {
        // What was a check for a text becomes one without.
        form.remove(KEYWORD);
    }
    if asked == Some(KEYWORD) && form.get(KEYWORD).is_none_or(|keyword| keyword.trim().is_empty()) {
        errors.push(FieldError::new(KEYWORD, "Please name the text that the answer must contain."));
    }
    if errors.is_empty() { Ok(form) } else { Err(errors) }
}

/// Whether a value is of the type that the description names.
fn fits(public: &str, value: &Value) -> Result<(), String> {
    let wanted = match public {
        _ if value.is_null() => return Ok(()),
        "name" | "http_method" | "request_body" | "notes" | KEYWORD if !value.is_string() => "a text",
        "timeout_seconds" | "degraded_above_ms" if !value.is_number() => "a number",
        "interval_seconds" | "failure_threshold" | "recovery_threshold" if !value.is_i64() => {
            "a whole number"
        }
        _ => return Ok(()),
    };
    Err(format!("{value} does not fit; write {wanted}."))
}

fn unknown(word: &str) -> FieldError {
    let known: Vec<_> = TYPES.iter().map(|(word, _)| *word).collect();
    let message = format!("“{word}” is no kind of check; use one of {}.", known.join(", "));
    FieldError::new("check_type", message)
}

/// The names that programs know, in what the form said of its fields.
pub(super) fn renamed(object: &Map<String, Value>, errors: Vec<FieldError>) -> Vec<FieldError> {
    let by_url = |field: &str| object.get("settings").is_none_or(|settings| settings.get(field).is_none());
    let rename = |error: FieldError| {
        let field = match error.field.as_str() {
            KIND => "check_type",
            target @ ("host" | "record_name") if by_url(target) => "url",
            other => FIELDS.iter().find(|(_, name)| *name == other).map_or(other, |(public, _)| public),
        };
        FieldError { field: field.to_owned(), ..error }
    };
    errors.into_iter().map(rename).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_word() {
        for kind in CheckKind::ALL {
            assert!(TYPES.iter().any(|(_, known)| known == kind), "{kind}");
        }
    }
}

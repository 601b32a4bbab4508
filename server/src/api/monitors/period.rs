//! What `interval_seconds` is to a heartbeat: it calls and is not asked, so that is how often it calls.

use domain::check::push::{MAX_PERIOD_S, MIN_PERIOD_S};
use domain::check::{CheckSettings, PushSchedule};
use domain::form::{FieldError, Form};
use serde_json::{Map, Value};

/// What programs call it, and the field of the form.
pub(super) const PUBLIC: &str = "interval_seconds";
const PERIOD: &str = "period_s";
/// The fields of `settings` that say when a job calls; where one is sent, it holds.
const SCHEDULE: [&str; 3] = ["schedule", PERIOD, "cron"];

/// Puts the kind of schedule that is meant into the form of a heartbeat, where only its times are named.
pub(super) fn put_kind(object: &Map<String, Value>, form: &mut Form) {
    let names = |name: &str| {
        let value = object.get("settings").and_then(|settings| settings.get(name));
        value.is_some_and(|value| !value.is_null() && value != "")
    };
    if !names("schedule") && names("cron") != names(PERIOD) {
        let kind = if names("cron") { "cron" } else { "period" };
        form.insert("schedule".to_owned(), kind.to_owned());
    }
}

/// Puts the interval that a body names into the form of a heartbeat.
pub(super) fn put(object: &Map<String, Value>, form: &mut Form) -> Result<(), FieldError> {
    let settings = object.get("settings");
    let says_when = |settings: &Value| SCHEDULE.iter().any(|name| settings.get(name).is_some());
    let Some(value) = object.get(PUBLIC).filter(|value| !value.is_null()) else { return Ok(()) };
    if settings.is_some_and(says_when) {
        return Ok(());
    }
    if form.get("schedule").is_some_and(|schedule| schedule == "cron") {
        let message = "The job calls by a cron schedule; send settings.schedule “period” and settings.period_s instead.";
        return Err(FieldError::new(PUBLIC, message));
    }
    let period = value.as_i64().filter(|period| (MIN_PERIOD_S.into()..=MAX_PERIOD_S.into()).contains(period));
    let Some(period) = period else {
        let message = format!(
            "{value} cannot be settings.period_s, how often the job calls; write a whole number from {MIN_PERIOD_S} to {MAX_PERIOD_S}."
        );
        return Err(FieldError::new(PUBLIC, message));
    };
    form.insert(PERIOD.to_owned(), period.to_string());
    Ok(())
}

/// How often a job calls, in seconds; `None` for what is asked, or calls by a cron schedule.
pub(super) fn of(settings: &CheckSettings) -> Option<i64> {
    match settings {
        CheckSettings::Push(push) => match push.schedule {
            PushSchedule::Period { period_s } => Some(period_s.into()),
            PushSchedule::Cron { .. } => None,
        },
        _ => None,
    }
}

//! The form of a monitor: the fields that every kind has, and the way from a form to a draft and back.

use crate::check::{CheckKind, CheckSettings};
use crate::form::{Field, FieldError, FieldKind, Form, FormReader};
use crate::health::Thresholds;
use crate::monitor::{MAX_INTERVAL, MAX_NAME, MAX_THRESHOLD, MIN_INTERVAL, MonitorDraft, Policy};
use crate::notes::{FIELDS, NOTES, Notes};
use crate::time::SECOND;

/// The name of the field that says how a monitor is checked.
pub const KIND: &str = "kind";
const NAME: &str = "name";
const INTERVAL: &str = "interval";
const TIMEOUT: &str = "timeout";
const FAILURES: &str = "failure_threshold";
const SUCCESSES: &str = "recovery_threshold";
/// What a heartbeat is called that nobody named.
const HEARTBEAT: &str = "Heartbeat";
/// The largest limit of response times, in milliseconds: no check may take longer.
const MAX_LIMIT_MS: i64 = crate::monitor::MAX_TIMEOUT;

/// The fields of every monitor that reaches out, beside those of its kind.
pub const POLICY_FIELDS: &[Field] = &[
    Field::new(NAME, "Name", FieldKind::Text)
        .help("What people call it. Empty: taken from the address.")
        .placeholder("Shop"),
    Field::new(
        INTERVAL,
        "Interval",
        FieldKind::Number { min: MIN_INTERVAL / SECOND, max: MAX_INTERVAL / SECOND, unit: "s" },
    )
    .default("60")
    .help("From one check to the next."),
    Field::new(TIMEOUT, "Time-out (s)", FieldKind::Text)
        .placeholder("10")
        .advanced()
        .help("How long a check may take. Empty: 10 s, or 80 % of a shorter interval."),
    Field::new(FAILURES, "Failures until down", THRESHOLD)
        .default("2")
        .advanced()
        .help("So many checks must fail, one after the other, before the monitor is down. Between them it looks again sooner."),
    Field::new(SUCCESSES, "Successes until up", THRESHOLD)
        .default("1")
        .advanced()
        .help("So many checks must succeed, one after the other, before the monitor is up again."),
    SLOW_ABOVE.placeholder("2000").help("An answer that takes longer counts as degraded. Empty: no limit."),
    NOTES_FIELD,
    OWN_FIELDS,
];

/// The fields of every heartbeat, beside those of its kind. It is called and does not call: it has a schedule in place of an interval and
/// a time-out, its grace in place of thresholds, and no address to be named after.
const HEARTBEAT_FIELDS: &[Field] = &[
    Field::new(NAME, "Name", FieldKind::Text)
        .help("What people call it. Empty: Heartbeat.")
        .placeholder("Nightly backup"),
    SLOW_ABOVE.placeholder("30000").help(
        "A run that takes longer counts as degraded, if the job says when it begins or how long it took. Empty: no limit.",
    ),
    NOTES_FIELD,
    OWN_FIELDS,
];

const THRESHOLD: FieldKind = FieldKind::Number { min: 1, max: MAX_THRESHOLD as i64, unit: "checks" };
const SLOW_ABOVE: Field = Field::new("degraded_above", "Slow above (ms)", FieldKind::Text).advanced();
const NOTES_FIELD: Field = Field::new(NOTES, "Notes", FieldKind::TextArea)
    .placeholder("Ask the web team first. Runbook: https://wiki.example.org/shop")
    .help("What whoever is woken should know. It stands on the monitor's page and in alerts by e-mail, Slack, PagerDuty and Opsgenie.");
const OWN_FIELDS: Field = Field::new(FIELDS, "Own fields", FieldKind::Lines)
    .placeholder("Team = web")
    .advanced()
    .help("One a line: name = value. Custom integrations use them as {{@CustomField(name)}}.");

/// The fields of a monitor of a kind, beside those of the kind itself: those of [`POLICY_FIELDS`] that do something for it.
pub fn policy_fields(kind: CheckKind) -> &'static [Field] {
    if kind == CheckKind::Push { HEARTBEAT_FIELDS } else { POLICY_FIELDS }
}

impl MonitorDraft {
    /// Reads a form: [`POLICY_FIELDS`], [`KIND`] and the fields of that kind. Secrets that were not sent, the kind when it was
    /// not sent, and what the form of a heartbeat does not ask for are taken from `old`; an empty name is taken from the target.
    ///
    /// # Errors
    /// Everything that is wrong, each with its field.
    pub fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut reader = FormReader::new(POLICY_FIELDS, form);
        let name = reader.text(NAME);
        let interval = reader.number(INTERVAL, MIN_INTERVAL / SECOND..=MAX_INTERVAL / SECOND) * SECOND;
        let timeout = seconds(&mut reader, TIMEOUT);
        let failure = reader.number(FAILURES, 1..=MAX_THRESHOLD);
        let recovery = reader.number(SUCCESSES, 1..=MAX_THRESHOLD);
        let degraded_above = limit(&mut reader, "degraded_above");
        let (text, fields) = (reader.long_text(NOTES), reader.long_text(FIELDS));
        errors.extend(reader.finish(|| ()).err().unwrap_or_default());

        let policy =
            Policy { interval, timeout, thresholds: Thresholds { failure, recovery }, degraded_above };
        let notes = Notes::read(&text, &fields).map_err(|more| errors.extend(more)).unwrap_or_default();
        let settings = settings(form, old).map_err(|more| errors.extend(more)).ok();
        let is_heartbeat = settings.as_ref().is_some_and(|settings| settings.kind() == CheckKind::Push);
        let policy = match old {
            Some(old) if is_heartbeat => kept(policy, &old.policy, form),
            _ => policy,
        };
        let mut examined = policy.errors();
        if name.chars().count() > MAX_NAME {
            examined.push(FieldError::new(NAME, format!("The name may have at most {MAX_NAME} characters.")));
        }
        // A field that could not be read has been reported already.
        examined.retain(|error| errors.iter().all(|known| known.field != error.field));
        errors.append(&mut examined);
        match settings {
            Some(settings) if errors.is_empty() => {
                let name = if name.is_empty() { default_name(&settings) } else { name };
                Ok(Self { name, settings, policy, notes })
            }
            _ => Err(errors),
        }
    }

    /// The form that shows the draft; secrets come out empty with a marker that one is stored.
    pub fn to_form(&self) -> Form {
        let mut form = self.settings.to_form();
        let Policy { interval, timeout, thresholds, degraded_above } = self.policy;
        for (field, value) in [
            (KIND, self.settings.kind().as_str().to_owned()),
            (NAME, self.name.clone()),
            (INTERVAL, (interval / SECOND).to_string()),
            (TIMEOUT, timeout.map(decimal_seconds).unwrap_or_default()),
            (FAILURES, thresholds.failure.to_string()),
            (SUCCESSES, thresholds.recovery.to_string()),
            ("degraded_above", degraded_above.map(|limit| limit.to_string()).unwrap_or_default()),
            (NOTES, self.notes.text.clone()),
            (FIELDS, self.notes.field_lines()),
        ] {
            form.insert(field.to_owned(), value);
        }
        form
    }
}

/// The form of a monitor that is yet to be added: every field at its default.
pub fn empty_form(kind: CheckKind) -> Form {
    let fields = policy_fields(kind).iter().chain(kind.fields());
    let mut form: Form = fields.map(|field| (field.name.to_owned(), field.default.to_owned())).collect();
    form.insert(KIND.to_owned(), kind.as_str().to_owned());
    form
}

/// What a monitor is called when nobody named it: its target without the scheme.
pub fn default_name(settings: &CheckSettings) -> String {
    if settings.kind() == CheckKind::Push {
        return HEARTBEAT.to_owned();
    }
    let target = settings.target();
    let bare = target.split_once("://").map_or(target.as_str(), |(_, rest)| rest).trim_end_matches('/');
    bare.chars().take(MAX_NAME).collect()
}

/// The policy with what the form of a heartbeat does not ask for as it was, unless it was sent all the same.
fn kept(policy: Policy, old: &Policy, form: &Form) -> Policy {
    let sent = |name, new: Policy| if form.contains_key(name) { new } else { *old };
    let thresholds = Thresholds {
        failure: sent(FAILURES, policy).thresholds.failure,
        recovery: sent(SUCCESSES, policy).thresholds.recovery,
    };
    let (interval, timeout) = (sent(INTERVAL, policy).interval, sent(TIMEOUT, policy).timeout);
    Policy { interval, timeout, thresholds, ..policy }
}

fn settings(form: &Form, old: Option<&MonitorDraft>) -> Result<CheckSettings, Vec<FieldError>> {
    let old = old.map(|old| &old.settings);
    let kind = match (form.get(KIND), old) {
        (Some(word), _) => word.trim().parse().map_err(|error| vec![error])?,
        (None, Some(old)) => old.kind(),
        (None, None) => return Err(vec![FieldError::new(KIND, "Choose how the monitor is checked.")]),
    };
    CheckSettings::from_form_keeping(kind, form, old)
}

/// Seconds with up to three decimals, as milliseconds; empty is `None`.
fn seconds(reader: &mut FormReader<'_>, field: &'static str) -> Option<i64> {
    let text = reader.optional_text(field)?;
    let millis = parse_seconds(text.trim_end_matches('s').trim_end());
    if millis.is_none() {
        reader.error(
            field,
            format!("“{text}” does not fit; write seconds, such as 10 or 2.5, or leave it empty."),
        );
    }
    millis
}

fn parse_seconds(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 6 || part.len() > 3 || !digits(whole) || !digits(part) {
        return None;
    }
    Some(whole.parse::<i64>().ok()? * SECOND + format!("{part:0<3}").parse::<i64>().ok()?)
}

fn decimal_seconds(millis: i64) -> String {
    let text = format!("{}.{:03}", millis / SECOND, millis % SECOND);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Whole milliseconds; empty is `None`.
fn limit(reader: &mut FormReader<'_>, field: &'static str) -> Option<i64> {
    let text = reader.optional_text(field)?;
    let limit = text.parse().ok().filter(|limit| (1..=MAX_LIMIT_MS).contains(limit));
    if limit.is_none() {
        reader.error(
            field,
            format!("“{text}” does not fit; write milliseconds from 1 to {MAX_LIMIT_MS}, or leave it empty."),
        );
    }
    limit
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Form {
        let mut form = empty_form(CheckKind::Http);
        form.insert("url".to_owned(), "https://example.org/".to_owned());
        form.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        form
    }

    #[test]
    fn a_draft_reads_back_from_its_form() {
        let form =
            form(&[("name", "Shop"), ("timeout", "2.5"), ("degraded_above", "800"), ("interval", "30")]);
        let draft = MonitorDraft::from_form(&form, None).unwrap();
        assert_eq!(draft.policy.timeout, Some(2_500));
        assert_eq!(draft.policy.interval, 30_000);
        assert_eq!(draft.to_form()["timeout"], "2.5");
        let mut told = draft.to_form();
        told.extend([
            (NOTES.to_owned(), "Ask Ada.".to_owned()),
            (FIELDS.to_owned(), "Team = web".to_owned()),
        ]);
        let told = MonitorDraft::from_form(&told, Some(&draft)).unwrap();
        assert_eq!((told.notes.text.as_str(), told.notes.fields["Team"].as_str()), ("Ask Ada.", "web"));
        assert_eq!(MonitorDraft::from_form(&told.to_form(), Some(&draft)), Ok(told));
        assert_eq!(MonitorDraft::from_form(&draft.to_form(), Some(&draft)), Ok(draft));
    }

    #[test]
    fn a_monitor_without_a_name_is_called_after_its_target() {
        let draft = MonitorDraft::from_form(&form(&[]), None).unwrap();
        assert_eq!(draft.name, "example.org");
        assert_eq!(draft.policy, Policy::default());
    }

    #[test]
    fn a_heartbeat_is_asked_for_nothing_that_does_nothing_for_it() {
        let asked: Vec<_> = policy_fields(CheckKind::Push).iter().map(|field| field.name).collect();
        assert!(
            ![INTERVAL, TIMEOUT, FAILURES, SUCCESSES].iter().any(|name| asked.contains(name)),
            "{asked:?}"
        );
        let of_all: Vec<_> = POLICY_FIELDS.iter().map(|field| field.name).collect();
        assert!(asked.iter().all(|name| of_all.contains(name)), "{asked:?}");

        let form = empty_form(CheckKind::Push);
        let mut draft = MonitorDraft::from_form(&form, None).unwrap();
        assert_eq!((draft.name.as_str(), draft.policy), (HEARTBEAT, Policy::default()));
        assert!(policy_fields(CheckKind::Push)[0].help.contains(HEARTBEAT), "the name's hint says so");
        let thresholds = Thresholds { failure: 3, recovery: 2 };
        draft.policy = Policy { interval: 300_000, timeout: Some(2_000), thresholds, ..draft.policy };
        assert_eq!(MonitorDraft::from_form(&form, Some(&draft)).unwrap().policy, draft.policy);
    }

    #[test]
    fn a_cron_schedule_without_an_expression_is_refused_by_its_field() {
        let mut form = empty_form(CheckKind::Push);
        form.insert("schedule".to_owned(), "cron".to_owned());
        let errors = MonitorDraft::from_form(&form, None).unwrap_err();
        assert_eq!(errors, [FieldError::new("cron", "Please fill this in.")]);
        form.insert("schedule".to_owned(), "period".to_owned());
        MonitorDraft::from_form(&form, None).unwrap();
    }

    #[test]
    fn mistakes_in_both_halves_are_reported_at_once() {
        let form = form(&[("url", ""), ("timeout", "soon"), ("interval", "0"), ("degraded_above", "-1")]);
        let errors = MonitorDraft::from_form(&form, None).unwrap_err();
        let mut fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["degraded_above", "interval", "timeout", "url"]);
    }

    #[test]
    fn a_timeout_as_long_as_the_interval_is_refused() {
        let errors =
            MonitorDraft::from_form(&form(&[("interval", "5"), ("timeout", "5")]), None).unwrap_err();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].field, "timeout");
    }

    #[test]
    fn an_unknown_kind_is_refused_by_name() {
        let errors = MonitorDraft::from_form(&form(&[("kind", "gopher")]), None).unwrap_err();
        assert_eq!(errors[0].field, KIND);
    }

    #[test]
    fn no_field_of_a_kind_has_the_name_of_one_that_every_monitor_has() {
        for kind in CheckKind::ALL {
            for field in kind.fields() {
                let is_taken =
                    POLICY_FIELDS.iter().any(|policy| policy.name == field.name) || field.name == KIND;
                assert!(!is_taken, "{kind}: {}", field.name);
            }
        }
    }

    #[test]
    fn a_dns_monitor_has_a_name_of_its_own_beside_the_one_that_it_looks_up() {
        let mut form = empty_form(CheckKind::Dns);
        form.extend(
            [("name", "Mail"), ("record_name", "example.org")]
                .map(|(name, value)| (name.into(), value.into())),
        );
        let draft = MonitorDraft::from_form(&form, None).unwrap();
        assert_eq!((draft.name.as_str(), draft.settings.target().as_str()), ("Mail", "example.org A"));
        assert_eq!(serde_json::to_value(&draft.settings).unwrap()["name"], "example.org", "stored as ever");
        assert_eq!(MonitorDraft::from_form(&draft.to_form(), Some(&draft)), Ok(draft));
    }

    proptest! {
        #[test]
        fn any_timeout_survives_its_text(millis in 0i64..60_000) {
            prop_assert_eq!(parse_seconds(&decimal_seconds(millis)), Some(millis));
        }

        #[test]
        fn no_form_makes_reading_panic(form in prop::collection::btree_map("[a-z_]{1,10}", ".{0,12}", 0..8)) {
            let _ = MonitorDraft::from_form(&form, None);
        }
    }
}

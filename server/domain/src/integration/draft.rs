//! What an operator says about an integration: the provider's settings, and what all providers share.

use crate::alert::QuietHours;
use crate::form::{Field, FieldError, FieldKind, Form, FormReader};

use super::{IntegrationSettings, ProviderKind};

/// The longest name, in characters.
pub const MAX_NAME: usize = 120;

/// An integration as an operator wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegrationDraft {
    /// What it is called.
    pub name: String,
    /// Where to send, and how.
    pub settings: IntegrationSettings,
    /// Whether it is used.
    pub enabled: bool,
    /// When it is not written to.
    pub quiet: Option<QuietHours>,
}

/// The fields that every provider's form has besides its own.
pub const FIELDS: &[Field] = &[
    Field::new("name", "Name", FieldKind::Text).help("Empty: named after where it leads to."),
    Field::new("enabled", "In use", FieldKind::Checkbox).default("true"),
    Field::new("quiet_from", "Quiet from", FieldKind::Text)
        .placeholder("22:00")
        .help("Messages wait until the quiet hours end; what is over by then is never sent.")
        .advanced(),
    Field::new("quiet_until", "Quiet until", FieldKind::Text).placeholder("07:00").advanced(),
    Field::new("quiet_zone", "Time zone", FieldKind::Text)
        .placeholder("Europe/Berlin")
        .default("UTC")
        .advanced(),
];

impl IntegrationDraft {
    /// Reads a form; secrets that were not sent are kept from `old`.
    ///
    /// # Errors
    /// Everything that is wrong, each with its field.
    pub fn from_form(
        kind: ProviderKind,
        form: &Form,
        old: Option<&IntegrationSettings>,
    ) -> Result<Self, Vec<FieldError>> {
        let settings = IntegrationSettings::from_form(kind, form, old);
        let mut reader = FormReader::new(FIELDS, form);
        let (name, enabled) = (reader.text("name"), reader.checkbox("enabled"));
        if name.chars().count() > MAX_NAME {
            reader.error("name", format!("This is longer than {MAX_NAME} characters; please shorten it."));
        }
        let (from, until) = (reader.text("quiet_from"), reader.text("quiet_until"));
        let zone = reader.text("quiet_zone");
        let mut quiet = None;
        if !from.is_empty() || !until.is_empty() {
            let (from, until) =
                (minutes(&mut reader, "quiet_from", &from), minutes(&mut reader, "quiet_until", &until));
            if crate::days::zone(&zone).is_none() {
                reader.error(
                    "quiet_zone",
                    format!("“{zone}” is no time zone that is known; write one such as Europe/Berlin."),
                );
            }
            if let (Some(from), Some(until)) = (from, until) {
                if from == until {
                    reader.error("quiet_until", "The quiet hours end when they begin; choose another time.");
                }
                quiet = Some(QuietHours { time_zone: zone, from, until });
            }
        }
        match (settings, reader.finish(|| ())) {
            (Ok(settings), Ok(())) => {
                let name = if name.is_empty() { derived_name(&settings) } else { name };
                let name = name.chars().take(MAX_NAME).collect();
                Ok(Self { name, settings, enabled, quiet })
            }
            (settings, shared) => {
                let mut errors = shared.err().unwrap_or_default();
                errors.extend(settings.err().unwrap_or_default());
                Err(errors)
            }
        }
    }

    /// The form that shows it; secrets come out empty.
    pub fn to_form(&self) -> Form {
        let mut form = self.settings.to_form();
        put_shared(&mut form, &self.name, self.enabled, self.quiet.as_ref());
        form
    }
}

/// What an integration is called when nobody gave it a name.
fn derived_name(settings: &IntegrationSettings) -> String {
    settings.target().chars().take(MAX_NAME).collect()
}

/// Lets a name that nobody gave follow the settings: where the form says what the `old` ones are called, it says nothing.
pub fn follow_settings(form: &mut Form, old: &IntegrationSettings) {
    if form.get("name").is_some_and(|name| name.trim() == derived_name(old).trim()) {
        form.remove("name");
    }
}

/// The form of a new integration: every field with its default.
pub fn empty_form(kind: ProviderKind) -> Form {
    let fields = kind.fields().iter().chain(FIELDS);
    fields.map(|field| (field.name.to_owned(), field.default.to_owned())).collect()
}

/// Puts what all providers share into a form.
pub fn put_shared(form: &mut Form, name: &str, enabled: bool, quiet: Option<&QuietHours>) {
    form.insert("name".to_owned(), name.to_owned());
    form.insert("enabled".to_owned(), enabled.to_string());
    let clock = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    form.insert("quiet_from".to_owned(), quiet.map(|quiet| clock(quiet.from)).unwrap_or_default());
    form.insert("quiet_until".to_owned(), quiet.map(|quiet| clock(quiet.until)).unwrap_or_default());
    let zone = quiet.map_or_else(|| "UTC".to_owned(), |quiet| quiet.time_zone.clone());
    form.insert("quiet_zone".to_owned(), zone);
}

/// Minutes after midnight.
fn minutes(reader: &mut FormReader<'_>, field: &'static str, text: &str) -> Option<u32> {
    let read = || {
        let (hours, minutes) = text.split_once(':')?;
        let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    };
    let minutes = read();
    if minutes.is_none() && text.is_empty() {
        reader.error(
            field,
            "Quiet hours have a begin and an end: write a time of day such as 22:30, or leave both empty.",
        );
    } else if minutes.is_none() {
        reader.error(field, format!("“{text}” is no time of day; write it as 22:30."));
    }
    minutes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Form {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn half_of_the_quiet_hours_is_asked_for_the_other_half() {
        let sent =
            form(&[("url", "https://example.org/hook"), ("quiet_from", "22:00"), ("quiet_zone", "UTC")]);
        let errors = IntegrationDraft::from_form(ProviderKind::Webhook, &sent, None).unwrap_err();
        assert_eq!((errors.len(), errors[0].field.as_str()), (1, "quiet_until"));
        assert!(errors[0].message.contains("such as 22:30, or leave both empty"), "{}", errors[0].message);
    }

    #[test]
    fn what_all_providers_share_reads_back_and_every_mistake_is_named_at_once() {
        let sent =
            form(&[("url", "https://example.org/hook"), ("quiet_from", "22:00"), ("quiet_until", "7:30")]);
        let draft = IntegrationDraft::from_form(ProviderKind::Webhook, &sent, None).unwrap();
        assert_eq!(draft.name, "https://example.org/hook");
        assert_eq!(draft.quiet, Some(QuietHours { time_zone: "UTC".to_owned(), from: 1320, until: 450 }));
        let again =
            IntegrationDraft::from_form(ProviderKind::Webhook, &draft.to_form(), Some(&draft.settings));
        assert_eq!(again, Ok(draft));
        let sent = form(&[("url", "nowhere"), ("quiet_from", "25:00"), ("quiet_zone", "Mars")]);
        let errors = IntegrationDraft::from_form(ProviderKind::Webhook, &sent, None).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["quiet_from", "quiet_until", "quiet_zone", "url"]);
    }

    #[test]
    fn a_name_that_nobody_gave_follows_the_settings_and_another_stays() {
        let kind = ProviderKind::Ssh;
        let sent = form(&[("ip", "192.0.2.1"), ("username", "u"), ("password", "pw")]);
        let old = IntegrationDraft::from_form(kind, &sent, None).unwrap();
        assert_eq!(old.name, "192.0.2.1 (u)");
        for (name, expected) in [("192.0.2.1 (u)", "192.0.2.2 (u)"), ("Shop", "Shop"), ("", "192.0.2.2 (u)")]
        {
            let mut sent = old.to_form();
            sent.extend(form(&[("name", name), ("ip", "192.0.2.2"), ("password", "pw")]));
            follow_settings(&mut sent, &old.settings);
            assert_eq!(IntegrationDraft::from_form(kind, &sent, Some(&old.settings)).unwrap().name, expected);
        }
    }
}

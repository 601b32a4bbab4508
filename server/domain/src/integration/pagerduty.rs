//! pagerduty: PagerDuty's Events API v2 (contracts.md 8.1).

use serde::{Deserialize, Serialize};

use super::{Audience, ProviderSettings, examine_url, read_form};
use crate::choices;
use crate::form::{Choice as _, Field, FieldError, FieldKind, Form, put_secret};
use crate::secret::Secret;

choices! {
    /// Where PagerDuty keeps the account.
    PagerDutyRegion {
        /// The usual one.
        Us = "us", "US";
        /// The European one.
        Eu = "eu", "EU";
    }
}

choices! {
    /// How bad PagerDuty takes an outage to be.
    PagerDutySeverity {
        /// Wakes people.
        Critical = "critical", "Critical";
        /// Something is broken.
        Error = "error", "Error";
        /// Something may break.
        Warning = "warning", "Warning";
        /// Worth knowing.
        Info = "info", "Info";
    }
}

/// The length of a routing key.
const KEY_CHARACTERS: usize = 32;

/// Events that tell of something that begins and ends.
pub(super) const INCIDENT_EVENTS: &[&str] = &[
    "incident.incident.created",
    "incident.incident.updated",
    "incident.incident.resolved",
    "healthcheck.healthcheck.system.degraded",
    "healthcheck.healthcheck.system.healthy",
];

/// Which service is alerted, and how loudly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PagerDutySettings {
    /// The integration key of the service.
    pub routing_key: Secret,
    /// Where the account is.
    pub region: PagerDutyRegion,
    /// The severity of an outage.
    pub severity: PagerDutySeverity,
    /// Another address, without a path: a service that speaks the same API.
    #[serde(default)]
    pub base_url: Option<String>,
}

impl PagerDutySettings {
    /// A service in the US whose outages are critical.
    pub fn with_key(routing_key: &str) -> Self {
        Self {
            routing_key: routing_key.into(),
            region: PagerDutyRegion::Us,
            severity: PagerDutySeverity::Critical,
            base_url: None,
        }
    }

    /// Where the API is, without a slash at the end.
    pub fn address(&self) -> &str {
        match (&self.base_url, self.region) {
            (Some(address), _) => address.trim_end_matches('/'),
            (None, PagerDutyRegion::Us) => "https://events.pagerduty.com",
            (None, PagerDutyRegion::Eu) => "https://events.eu.pagerduty.com",
        }
    }
}

impl ProviderSettings for PagerDutySettings {
    const LABEL: &'static str = "PagerDuty";
    const DESCRIPTION: &'static str =
        "Opens, acknowledges and resolves incidents, for teams whose duty schedule is in PagerDuty.";
    const ICON: &'static str = "siren";
    const AUDIENCE: Audience = Audience::Programs;
    const FOLLOWS: bool = true;
    const EVENTS: Option<&'static [&'static str]> = Some(INCIDENT_EVENTS);
    const FIELDS: &'static [Field] = &[
        Field::new("routing_key", "Integration key", FieldKind::Secret)
            .required()
            .help("Of an integration “Events API v2” of the service: 32 letters and digits."),
        Field::new("region", "Region", FieldKind::Select(PagerDutyRegion::OPTIONS)).default("us"),
        Field::new("severity", "Severity", FieldKind::Select(PagerDutySeverity::OPTIONS)).default("critical"),
        Field::new("base_url", "Another address", FieldKind::Url)
            .placeholder("https://events.example.org")
            .help("Of a service that speaks the same API.")
            .advanced(),
    ];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| Self {
            routing_key: reader
                .secret("routing_key", old.map(|old| &old.routing_key))
                .map(|key| key.expose().trim().into())
                .unwrap_or_default(),
            region: reader.choice("region"),
            severity: reader.choice("severity"),
            base_url: reader.optional_text("base_url"),
        })
    }

    fn to_form(&self) -> Form {
        let mut form: Form = [
            ("region", self.region.as_str().to_owned()),
            ("severity", self.severity.as_str().to_owned()),
            ("base_url", self.base_url.clone().unwrap_or_default()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        put_secret(&mut form, "routing_key", Some(&self.routing_key));
        form
    }

    fn target(&self) -> String {
        match &self.base_url {
            Some(address) => super::shown_url(address),
            None => format!("PagerDuty ({})", self.region.as_str().to_uppercase()),
        }
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        let key = self.routing_key.expose();
        if key.is_empty() {
            errors.push(FieldError::new("routing_key", "Please fill this in."));
        } else if key.len() != KEY_CHARACTERS || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let message = "This is no integration key: it has 32 letters and digits. A key of the REST API does not work here.";
            errors.push(FieldError::new("routing_key", message));
        }
        examine_url("base_url", self.base_url.as_deref().unwrap_or_default(), errors);
    }

    fn destination(&self, secret: &str) -> Option<&str> {
        let _ = secret;
        // One of the vendor's regions is as good as the other: who took the wrong one keeps the key.
        Some(self.base_url.as_deref().unwrap_or("https://events.pagerduty.com"))
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        vec![&mut self.routing_key]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_wrong_form_is_refused_and_a_stored_one_stays() {
        let mut form = PagerDutySettings::with_key("").to_form();
        for (key, right) in [("", false), ("short", false), ("R012345678901234567890123456789Z", true)] {
            form.insert("routing_key".to_owned(), key.to_owned());
            assert_eq!(PagerDutySettings::from_form(&form, None).is_ok(), right, "{key}");
        }
        let settings = PagerDutySettings {
            region: PagerDutyRegion::Eu,
            ..PagerDutySettings::with_key("R012345678901234567890123456789Z")
        };
        assert_eq!(PagerDutySettings::from_form(&settings.to_form(), Some(&settings)), Ok(settings.clone()));
        assert_eq!(settings.address(), "https://events.eu.pagerduty.com");
    }
}

//! opsgenie: Opsgenie's Alert API v2, which Jira Service Management speaks too.

use serde::{Deserialize, Serialize};

use super::pagerduty::INCIDENT_EVENTS;
use super::{Audience, ProviderSettings, examine_url, read_form};
use crate::choices;
use crate::form::{Choice as _, Field, FieldError, FieldKind, Form, put_secret};
use crate::secret::Secret;

choices! {
    /// Where Opsgenie keeps the account.
    OpsgenieRegion {
        /// The usual one.
        Us = "us", "US";
        /// The European one.
        Eu = "eu", "EU";
    }
}

choices! {
    /// How urgent an alert is.
    OpsgeniePriority {
        /// The most urgent.
        P1 = "P1", "P1 (critical)";
        /// Urgent.
        P2 = "P2", "P2 (high)";
        /// Opsgenie's own default.
        P3 = "P3", "P3 (moderate)";
        /// Can wait.
        P4 = "P4", "P4 (low)";
        /// The least urgent.
        P5 = "P5", "P5 (informational)";
    }
}

/// Tags that an alert may have, and the longest one, in characters.
const MAX_TAGS: (usize, usize) = (20, 50);

/// Who is alerted, and how urgently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpsgenieSettings {
    /// The key of an API integration.
    pub api_key: Secret,
    /// Where the account is.
    pub region: OpsgenieRegion,
    /// The priority of an outage.
    pub priority: OpsgeniePriority,
    /// Teams that are told, by name; none leaves it to the rules of the integration.
    #[serde(default)]
    pub teams: Vec<String>,
    /// Tags of each alert.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Another address, without a path: a service that speaks the same API.
    #[serde(default)]
    pub base_url: Option<String>,
}

impl OpsgenieSettings {
    /// An account in the US whose outages are P1.
    pub fn with_key(api_key: &str) -> Self {
        Self {
            api_key: api_key.into(),
            region: OpsgenieRegion::Us,
            priority: OpsgeniePriority::P1,
            teams: Vec::new(),
            tags: Vec::new(),
            base_url: None,
        }
    }

    /// Where the API is, without a slash at the end.
    pub fn address(&self) -> &str {
        match (&self.base_url, self.region) {
            (Some(address), _) => address.trim_end_matches('/'),
            (None, OpsgenieRegion::Us) => "https://api.opsgenie.com",
            (None, OpsgenieRegion::Eu) => "https://api.eu.opsgenie.com",
        }
    }
}

impl ProviderSettings for OpsgenieSettings {
    const LABEL: &'static str = "Opsgenie";
    const DESCRIPTION: &'static str =
        "Creates, acknowledges and closes alerts, for teams whose duty schedule is in Opsgenie.";
    const ICON: &'static str = "bell-ring";
    const AUDIENCE: Audience = Audience::Programs;
    const FOLLOWS: bool = true;
    const EVENTS: Option<&'static [&'static str]> = Some(INCIDENT_EVENTS);
    const FIELDS: &'static [Field] = &[
        Field::new("api_key", "API key", FieldKind::Secret)
            .required()
            .help("Of an integration “API” that may create and update alerts."),
        Field::new("region", "Region", FieldKind::Select(OpsgenieRegion::OPTIONS)).default("us"),
        Field::new("priority", "Priority", FieldKind::Select(OpsgeniePriority::OPTIONS)).default("P1"),
        Field::new("teams", "Teams", FieldKind::Lines)
            .help("Names of the teams that are told, one a line. Leave it empty when the integration belongs to a team."),
        Field::new("tags", "Tags", FieldKind::Lines).help("One a line.").advanced(),
        Field::new("base_url", "Another address", FieldKind::Url)
            .placeholder("https://api.example.org")
            .help("Of a service that speaks the same API.")
            .advanced(),
    ];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| Self {
            api_key: reader
                .secret("api_key", old.map(|old| &old.api_key))
                .map(|key| key.expose().trim().into())
                .unwrap_or_default(),
            region: reader.choice("region"),
            priority: reader.choice("priority"),
            teams: reader.lines("teams"),
            tags: reader.lines("tags"),
            base_url: reader.optional_text("base_url"),
        })
    }

    fn to_form(&self) -> Form {
        let mut form: Form = [
            ("region", self.region.as_str().to_owned()),
            ("priority", self.priority.as_str().to_owned()),
            ("teams", self.teams.join("\n")),
            ("tags", self.tags.join("\n")),
            ("base_url", self.base_url.clone().unwrap_or_default()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        put_secret(&mut form, "api_key", Some(&self.api_key));
        form
    }

    fn target(&self) -> String {
        let whom = self.teams.join(", ");
        match &self.base_url {
            Some(address) => super::shown_url(address),
            None if whom.is_empty() => format!("Opsgenie ({})", self.region.as_str().to_uppercase()),
            None => whom,
        }
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        let key = self.api_key.expose();
        if key.is_empty() {
            errors.push(FieldError::new("api_key", "Please fill this in."));
        } else if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "This is no API key: it has letters, digits and hyphens, without spaces.";
            errors.push(FieldError::new("api_key", message));
        }
        let (most, longest) = MAX_TAGS;
        if self.tags.len() > most {
            errors.push(FieldError::new("tags", format!("An alert has {most} tags at most.")));
        }
        if let Some(tag) = self.tags.iter().find(|tag| tag.encode_utf16().count() > longest) {
            errors.push(FieldError::new("tags", format!("“{tag}” is longer than {longest} characters.")));
        }
        if self.teams.len() > 50 {
            errors.push(FieldError::new("teams", "An alert tells 50 teams at most."));
        }
        examine_url("base_url", self.base_url.as_deref().unwrap_or_default(), errors);
    }

    fn destination(&self, secret: &str) -> Option<&str> {
        let _ = secret;
        // One of the vendor's regions is as good as the other: who took the wrong one keeps the key.
        Some(self.base_url.as_deref().unwrap_or("https://api.opsgenie.com"))
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        vec![&mut self.api_key]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_from_their_form() {
        let settings = OpsgenieSettings {
            region: OpsgenieRegion::Eu,
            priority: OpsgeniePriority::P2,
            teams: vec!["Ops".to_owned()],
            tags: vec!["pharos".to_owned()],
            ..OpsgenieSettings::with_key("eb243592-faa2")
        };
        let mut form = settings.to_form();
        assert_eq!(OpsgenieSettings::from_form(&form, Some(&settings)), Ok(settings));
        form.insert("tags".to_owned(), "x".repeat(51));
        form.insert("api_key".to_owned(), "with space".to_owned());
        let errors = OpsgenieSettings::from_form(&form, None).unwrap_err();
        assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), ["api_key", "tags"]);
    }
}

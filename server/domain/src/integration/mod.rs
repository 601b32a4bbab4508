//! Integrations: where messages go.
//!
//! A provider is a settings file here, a runner in the engine, and a line in the list below. Forms are drawn from the
//! provider's fields, so there is no page to write. Settings are stored as `{version, data}`: [`IntegrationSettings::load`] brings
//! what an older program stored up to date.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::custom::CustomSettings;
use crate::form::{Field, FieldError, Form, FormReader};
use crate::level_values::LevelVariable;
use crate::secret::Secret;

mod address;
pub mod apprise;
mod braces;
pub mod custom;
pub mod discord;
pub mod draft;
pub mod email;
pub mod jira;
mod moved;
pub mod ntfy;
pub mod opsgenie;
pub mod pagerduty;
pub mod slack;
pub mod sms;
pub mod ssh;
pub mod teams;
pub mod telegram;
pub mod telex;
pub mod webhook;
mod word;

pub(crate) use address::{
    examine_secret_url, examine_template, examine_url, read_secret_url, shown_host, shown_url,
};
pub(crate) use braces::{unclosed, unfillable};
pub(crate) use moved::{ONCE_MORE, origin};

pub use apprise::AppriseSettings;
pub use discord::DiscordSettings;
pub use draft::IntegrationDraft;
pub use email::EmailSettings;
pub use jira::JiraSettings;
pub use ntfy::NtfySettings;
pub use opsgenie::OpsgenieSettings;
pub use pagerduty::PagerDutySettings;
pub use slack::SlackSettings;
pub use sms::SmsSettings;
pub use ssh::SshSettings;
pub use teams::TeamsSettings;
pub use telegram::TelegramSettings;
pub use telex::TelexSettings;
pub use webhook::WebhookSettings;

/// Who reads what an integration sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// People: in a storm they get one message about many outages.
    People,
    /// Programs, which need one message for each incident, storm or not.
    Programs,
}

/// What every provider's settings can do.
pub trait ProviderSettings: Clone + PartialEq + fmt::Debug + Serialize + for<'de> Deserialize<'de> {
    /// The provider's name for people.
    const LABEL: &'static str;
    /// A sentence that says when to choose it.
    const DESCRIPTION: &'static str;
    /// The name of its icon in the Lucide set.
    const ICON: &'static str;
    /// Who reads it.
    const AUDIENCE: Audience;
    /// Whether it keeps an incident of its own that follows ours, and so hears when somebody takes one on.
    const FOLLOWS: bool = false;
    /// Whether it does something to a machine instead of telling of an outage: then it must be chosen for what it is to act upon.
    const ACTS: bool = false;
    /// The fields of its form.
    const FIELDS: &'static [Field];
    /// The version of the settings that this program writes.
    const VERSION: u32 = 1;
    /// The ids of the events that it can tell of; `None` for all.
    const EVENTS: Option<&'static [&'static str]> = None;

    /// Reads a form; secrets that were not sent are taken from `old`.
    ///
    /// # Errors
    /// Everything that is wrong, each with its field.
    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>>;

    /// The form that shows these settings; secrets come out empty with a marker that one is stored.
    fn to_form(&self) -> Form;

    /// What people recognise it by when they gave it no name; without secrets.
    fn target(&self) -> String;

    /// Adds everything that is wrong with the values. Both forms and JSON come through here.
    fn examine(&self, errors: &mut Vec<FieldError>);

    /// Variables that a level of an alert definition must give a value.
    fn level_variables(&self) -> Vec<LevelVariable> {
        Vec::new()
    }

    /// Judges what a level gives; the field of an error is the variable's name.
    ///
    /// # Errors
    /// Missing and unknown variables, and values that cannot be used.
    fn validate_level(&self, values: &BTreeMap<String, Secret>) -> Result<(), Vec<FieldError>> {
        let message = "The integration takes no values from levels.";
        let errors: Vec<_> = values.keys().map(|name| FieldError::new(name, message)).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The secrets in it, to seal them and to mask them.
    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        Vec::new()
    }

    /// The URL that the secret of a field is sent to; `None` when the secret is an address itself, or goes nowhere that is set here.
    fn destination(&self, secret: &str) -> Option<&str> {
        let _ = secret;
        None
    }

    /// The secrets that were not sent with a form and that these settings would send elsewhere than the old ones did.
    fn misdirected(&self, form: &Form, old: &Self) -> Vec<FieldError> {
        moved::misdirected(self, form, old)
    }

    /// Brings settings of `version` one version further.
    ///
    /// # Errors
    /// Why that cannot be done.
    fn migrate(version: u32, data: Value) -> Result<Value, String> {
        let _ = data;
        Err(format!("there is no way from version {version}"))
    }
}

/// Why stored settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A later program stored them.
    #[error("the settings have version {found}, and this program knows {known} at most")]
    Newer {
        /// The version that is stored.
        found: u32,
        /// The latest that is known.
        known: u32,
    },
    /// A step of the way failed.
    #[error("the settings of version {version} could not be brought up to date: {reason}")]
    Migration {
        /// The version that the step began at.
        version: u32,
        /// What went wrong.
        reason: String,
    },
    /// They do not have the form of their kind.
    #[error("the settings make no sense: {0}")]
    Shape(String),
}

/// Reads stored settings of one provider, whatever version stored them.
fn load<T: ProviderSettings>(version: u32, data: Value) -> Result<T, SettingsError> {
    if version > T::VERSION {
        return Err(SettingsError::Newer { found: version, known: T::VERSION });
    }
    let mut data = data;
    for step in version..T::VERSION {
        data = T::migrate(step, data).map_err(|reason| SettingsError::Migration { version: step, reason })?;
    }
    serde_json::from_value(data).map_err(|error| SettingsError::Shape(error.to_string()))
}

/// Declares the closed set of providers: the enum of names and the enum of settings, from one list.
macro_rules! provider_kinds {
    ($($(#[$doc:meta])* $name:ident => $Variant:ident($Settings:ty),)+) => {
        /// A way of telling.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum ProviderKind { $($(#[$doc])* $Variant,)+ }

        impl ProviderKind {
            /// Every provider, in the order offered.
            pub const ALL: &'static [Self] = &[$(Self::$Variant),+];

            /// The name in forms, JSON and the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$Variant => stringify!($name)),+ }
            }

            /// The name for people.
            pub fn label(self) -> &'static str {
                match self { $(Self::$Variant => <$Settings as ProviderSettings>::LABEL),+ }
            }

            /// A sentence that says when to choose it.
            pub fn description(self) -> &'static str {
                match self { $(Self::$Variant => <$Settings as ProviderSettings>::DESCRIPTION),+ }
            }

            /// The name of its icon in the Lucide set.
            pub fn icon(self) -> &'static str {
                match self { $(Self::$Variant => <$Settings as ProviderSettings>::ICON),+ }
            }

            /// Who reads it.
            pub fn audience(self) -> Audience {
                match self { $(Self::$Variant => <$Settings as ProviderSettings>::AUDIENCE),+ }
            }

            /// Whether it hears when somebody takes an incident on.
            pub fn follows(self) -> bool {
                match self { $(Self::$Variant => <$Settings as ProviderSettings>::FOLLOWS),+ }
            }

            /// Whether it does something to a machine instead of telling of an outage.
            pub fn acts(self) -> bool {
                match self { $(Self::$Variant => <$Settings as ProviderSettings>::ACTS),+ }
            }

            /// Whether a new one hears of every outage, if nobody says otherwise. What somebody composed does nothing before it is
            /// attached (seed 002): levels may have to give it values.
            pub fn joins_default(self) -> bool {
                !self.acts() && self != Self::Custom
            }

            /// The fields of its form.
            pub fn fields(self) -> &'static [Field] {
                match self { $(Self::$Variant => <$Settings as ProviderSettings>::FIELDS),+ }
            }

            /// The version of its settings that this program writes.
            pub fn version(self) -> u32 {
                match self { $(Self::$Variant => <$Settings as ProviderSettings>::VERSION),+ }
            }

            /// The ids of the events that it can tell of; `None` for all.
            pub fn events(self) -> Option<&'static [&'static str]> {
                match self { $(Self::$Variant => <$Settings as ProviderSettings>::EVENTS),+ }
            }
        }

        /// Where to send, and how.
        #[derive(Debug, Clone, PartialEq)]
        pub enum IntegrationSettings { $($(#[$doc])* $Variant(Box<$Settings>),)+ }

        impl IntegrationSettings {
            /// The provider.
            pub fn kind(&self) -> ProviderKind {
                match self { $(Self::$Variant(_) => ProviderKind::$Variant),+ }
            }

            /// Reads a form; secrets that were not sent are kept from `old`, when that is of the same provider and they go where they
            /// went before.
            ///
            /// # Errors
            /// Everything that is wrong, each with its field.
            pub fn from_form(kind: ProviderKind, form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
                match kind {
                    $(ProviderKind::$Variant => {
                        let old = match old { Some(Self::$Variant(old)) => Some(old.as_ref()), _ => None };
                        <$Settings as ProviderSettings>::from_form(form, old)
                            .and_then(|settings| moved::refuse(form, settings, old))
                            .map(Self::from)
                    })+
                }
            }

            /// The form that shows these settings.
            pub fn to_form(&self) -> Form {
                match self { $(Self::$Variant(settings) => settings.to_form()),+ }
            }

            /// What people recognise it by when they gave it no name.
            pub fn target(&self) -> String {
                match self { $(Self::$Variant(settings) => settings.target()),+ }
            }

            /// Variables that a level of an alert definition must give a value.
            pub fn level_variables(&self) -> Vec<LevelVariable> {
                match self { $(Self::$Variant(settings) => settings.level_variables()),+ }
            }

            /// Judges what a level gives for them.
            ///
            /// # Errors
            /// Everything that is wrong, each with the name of the variable.
            pub fn validate_level(&self, values: &BTreeMap<String, Secret>) -> Result<(), Vec<FieldError>> {
                match self { $(Self::$Variant(settings) => ProviderSettings::validate_level(settings.as_ref(), values)),+ }
            }

            /// The secrets in it.
            pub fn secrets_mut(&mut self) -> Vec<&mut Secret> {
                match self { $(Self::$Variant(settings) => settings.secrets_mut()),+ }
            }

            /// Judges settings that did not come from a form.
            ///
            /// # Errors
            /// Everything that is wrong, each with its field.
            pub fn validate(&self) -> Result<(), Vec<FieldError>> {
                let mut errors = Vec::new();
                match self { $(Self::$Variant(settings) => settings.examine(&mut errors)),+ }
                if errors.is_empty() { Ok(()) } else { Err(errors) }
            }

            /// The settings as they are stored beside [`ProviderKind::version`].
            ///
            /// # Errors
            /// When they cannot be written as JSON.
            pub fn data(&self) -> serde_json::Result<Value> {
                match self { $(Self::$Variant(settings) => serde_json::to_value(settings)),+ }
            }

            /// Reads stored settings, whatever version of the program stored them.
            ///
            /// # Errors
            /// When a later program stored them, or they make no sense.
            pub fn load(kind: ProviderKind, version: u32, data: Value) -> Result<Self, SettingsError> {
                match kind { $(ProviderKind::$Variant => load::<$Settings>(version, data).map(Self::from)),+ }
            }
        }

        $(impl From<$Settings> for IntegrationSettings {
            fn from(settings: $Settings) -> Self {
                Self::$Variant(Box::new(settings))
            }
        })+
    };
}

provider_kinds! {
    /// A mail.
    email => Email(EmailSettings),
    /// A text message to a phone.
    sms => Sms(SmsSettings),
    /// Slack: an app with a bot, or an incoming webhook.
    slack => Slack(SlackSettings),
    /// Discord, by a webhook of a channel.
    discord => Discord(DiscordSettings),
    /// Microsoft Teams, by a workflow.
    teams => Teams(TeamsSettings),
    /// Telegram, by a bot.
    telegram => Telegram(TelegramSettings),
    /// ntfy: push messages to phones.
    ntfy => Ntfy(NtfySettings),
    /// Telex, by a webhook of a channel.
    telex => Telex(TelexSettings),
    /// A server of Apprise, which passes messages on to many services.
    apprise => Apprise(AppriseSettings),
    /// A server that is restarted.
    ssh => Ssh(SshSettings),
    /// A program that takes HTTP requests.
    webhook => Webhook(WebhookSettings),
    /// Requests that their author composes.
    custom => Custom(CustomSettings),
    /// PagerDuty.
    pagerduty => PagerDuty(PagerDutySettings),
    /// Opsgenie.
    opsgenie => Opsgenie(OpsgenieSettings),
    /// Jira Cloud.
    jira => Jira(JiraSettings),
}

impl IntegrationSettings {
    /// A copy in which every secret is masked.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let mut copy = self.clone();
        for secret in copy.secrets_mut() {
            *secret = secret.masked();
        }
        copy
    }
}

/// Reads the fields with `read`, then lets the provider examine the values: one place for rules, whoever sent them.
pub(crate) fn read_form<T: ProviderSettings>(
    form: &Form,
    read: impl FnOnce(&mut FormReader<'_>) -> T,
) -> Result<T, Vec<FieldError>> {
    let mut reader = FormReader::new(T::FIELDS, form);
    let settings = read(&mut reader);
    let mut errors = reader.finish(|| ()).err().unwrap_or_default();
    let mut examined = Vec::new();
    settings.examine(&mut examined);
    // A field that could not be read has been reported already.
    examined.retain(|error| errors.iter().all(|known| known.field != error.field));
    errors.append(&mut examined);
    if errors.is_empty() { Ok(settings) } else { Err(errors) }
}

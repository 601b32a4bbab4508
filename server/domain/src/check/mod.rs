//! Checks: what is watched, how, and what was found.
//!
//! A kind is a settings file here, a runner in the engine, and a line in the list below. Forms are drawn from the
//! kind's fields, so there is no page to write.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    form::{Field, FieldError, Form},
    secret::Secret,
};

pub mod assertion;
pub mod certificate;
mod client_certificate;
pub mod dns;
mod elsewhere;
pub mod evidence;
pub mod failure;
mod forget;
pub mod gap;
pub mod http;
mod json_tree;
pub mod outcome;
pub mod ping;
pub mod public_name;
pub mod push;
pub mod recognise;
pub mod redact;
pub mod request;
pub mod rules;
pub mod statuses;
pub mod target;
pub mod tcp;
pub mod tls;
pub mod websocket;

pub use assertion::{Assertion, AssertionResult, Operator};
pub use certificate::{CertificateFacts, ChainLink};
pub use client_certificate::ClientCertificate;
pub use dns::DnsSettings;
pub use evidence::{Evidence, Hop, PingStatistics, clip};
pub use failure::Failure;
pub use forget::forget_secrets;
pub use gap::Gap;
pub use http::HttpSettings;
pub use outcome::{Blindness, CheckReport, Degradation, Outcome, Phase, Phases};
pub use ping::PingSettings;
pub use public_name::public_names;
pub use push::{PushSchedule, PushSettings};
pub use recognise::{Recognised, recognise};
pub use rules::BodyRules;
pub use tcp::TcpSettings;
pub use tls::TlsSettings;
pub use websocket::WebSocketSettings;

/// What every kind's settings can do.
pub trait KindSettings: Clone + PartialEq + fmt::Debug + Serialize + for<'de> Deserialize<'de> {
    /// The kind's name for people.
    const LABEL: &'static str;
    /// A sentence that says when to choose it.
    const DESCRIPTION: &'static str;
    /// The name of its icon in the Lucide set.
    const ICON: &'static str;
    /// The fields of its form.
    const FIELDS: &'static [Field];

    /// Reads a form; secrets that were not sent are taken from `old`.
    ///
    /// # Errors
    /// Everything that is wrong, each with its field.
    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>>;

    /// The form that shows these settings; secrets come out empty with a marker that one is stored.
    fn to_form(&self) -> Form;

    /// What people recognise the target by; never with credentials.
    fn target(&self) -> String;

    /// The host that is burdened by the check, lower case; `None` when none is.
    fn host_key(&self) -> Option<String>;

    /// Adds everything that is wrong with the values. Both forms and JSON come through here.
    fn examine(&self, errors: &mut Vec<FieldError>);

    /// The secrets in it, for sealing and for keeping them out of evidence.
    fn secrets(&self) -> Vec<&Secret> {
        Vec::new()
    }

    /// The same secrets, to seal and open them.
    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        Vec::new()
    }

    /// A copy in which every secret is masked.
    #[must_use]
    fn redacted(&self) -> Self {
        self.clone()
    }
}

/// Declares the closed set of kinds: the enum of names and the enum of settings, from one list.
macro_rules! check_kinds {
    ($($(#[$doc:meta])* $name:ident => $Variant:ident($Settings:ty),)+) => {
        /// A way of checking.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum CheckKind { $($(#[$doc])* $Variant,)+ }

        impl CheckKind {
            /// Every kind, in the order offered.
            pub const ALL: &'static [Self] = &[$(Self::$Variant),+];

            /// The name in forms, JSON and the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$Variant => stringify!($name)),+ }
            }

            /// The name for people.
            pub fn label(self) -> &'static str {
                match self { $(Self::$Variant => <$Settings as KindSettings>::LABEL),+ }
            }

            /// A sentence that says when to choose it.
            pub fn description(self) -> &'static str {
                match self { $(Self::$Variant => <$Settings as KindSettings>::DESCRIPTION),+ }
            }

            /// The name of its icon in the Lucide set.
            pub fn icon(self) -> &'static str {
                match self { $(Self::$Variant => <$Settings as KindSettings>::ICON),+ }
            }

            /// The fields of its form.
            pub fn fields(self) -> &'static [Field] {
                match self { $(Self::$Variant => <$Settings as KindSettings>::FIELDS),+ }
            }
        }

        /// What is checked and how. Stored as JSON with the kind as its tag.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "lowercase")]
        pub enum CheckSettings { $($(#[$doc])* $Variant(Box<$Settings>),)+ }

        impl CheckSettings {
            /// The kind.
            pub fn kind(&self) -> CheckKind {
                match self { $(Self::$Variant(_) => CheckKind::$Variant),+ }
            }

            /// Reads a form; secrets that were not sent are kept from `old`, when that is of the same kind.
            ///
            /// # Errors
            /// Everything that is wrong, each with its field.
            pub fn from_form_keeping(kind: CheckKind, form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
                match kind {
                    $(CheckKind::$Variant => {
                        let old = match old { Some(Self::$Variant(old)) => Some(old.as_ref()), _ => None };
                        <$Settings as KindSettings>::from_form(form, old).map(Self::from)
                    })+
                }
            }

            /// The form that shows these settings; secrets come out empty with a marker that one is stored.
            pub fn to_form(&self) -> Form {
                match self { $(Self::$Variant(settings) => settings.to_form()),+ }
            }

            /// What people recognise the target by; never with credentials.
            pub fn target(&self) -> String {
                match self { $(Self::$Variant(settings) => settings.target()),+ }
            }

            /// The host that is burdened by the check, lower case, to bound the checks that run against it at once;
            /// `None` when none is.
            pub fn host_key(&self) -> Option<String> {
                match self { $(Self::$Variant(settings) => settings.host_key()),+ }
            }

            /// The secrets in it.
            pub fn secrets(&self) -> Vec<&Secret> {
                match self { $(Self::$Variant(settings) => settings.secrets()),+ }
            }

            /// The same secrets, to seal and open them.
            pub fn secrets_mut(&mut self) -> Vec<&mut Secret> {
                match self { $(Self::$Variant(settings) => settings.secrets_mut()),+ }
            }

            /// A copy in which every secret is masked.
            #[must_use]
            pub fn redacted(&self) -> Self {
                match self { $(Self::$Variant(settings) => Self::from(settings.redacted())),+ }
            }

            fn examine(&self, errors: &mut Vec<FieldError>) {
                match self { $(Self::$Variant(settings) => settings.examine(errors)),+ }
            }
        }

        $(impl From<$Settings> for CheckSettings {
            fn from(settings: $Settings) -> Self {
                Self::$Variant(Box::new(settings))
            }
        })+
    };
}

check_kinds! {
    /// A web page or an API.
    http => Http(HttpSettings),
    /// A port that accepts connections.
    tcp => Tcp(TcpSettings),
    /// A host that answers echo requests.
    ping => Ping(PingSettings),
    /// A name that resolves to what it should.
    dns => Dns(DnsSettings),
    /// A certificate and the TLS in front of it.
    tls => Tls(TlsSettings),
    /// A WebSocket that opens and answers.
    websocket => WebSocket(WebSocketSettings),
    /// A job that calls us.
    push => Push(PushSettings),
}

impl CheckSettings {
    /// Reads a form into new settings.
    ///
    /// # Errors
    /// Everything that is wrong, each with its field.
    pub fn from_form(kind: CheckKind, form: &Form) -> Result<Self, Vec<FieldError>> {
        Self::from_form_keeping(kind, form, None)
    }

    /// Judges settings that did not come from a form (an API, an import).
    ///
    /// # Errors
    /// Everything that is wrong, each with its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        self.examine(&mut errors);
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CheckKind {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            FieldError::new(
                "kind",
                format!("“{text}” is not a kind of check; use one of {}.", known.join(", ")),
            )
        })
    }
}

/// Reads the fields with `read`, then lets the kind examine the values: one place for rules, whoever sent them.
fn read_form<T: KindSettings>(
    form: &Form,
    read: impl FnOnce(&mut crate::form::FormReader<'_>) -> T,
) -> Result<T, Vec<FieldError>> {
    let mut reader = crate::form::FormReader::new(T::FIELDS, form);
    let settings = read(&mut reader);
    let mut errors = match reader.finish(|| ()) {
        Ok(()) => Vec::new(),
        Err(errors) => errors,
    };
    let mut examined = Vec::new();
    settings.examine(&mut examined);
    // A field that could not be read has been reported already.
    examined.retain(|error| errors.iter().all(|known| known.field != error.field));
    errors.append(&mut examined);
    if errors.is_empty() { Ok(settings) } else { Err(errors) }
}

#[cfg(test)]
mod tests;

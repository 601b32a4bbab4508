//! What the author of a custom integration sets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Capture, StepAssertion};
use crate::{
    check::request::Header,
    choices,
    form::FieldError,
    secret::Secret,
    template::{AlertFacts, AlertKind, Functions, Scope, Template, UserFunction},
    time::Timestamp,
};

/// The variable that holds the answer of the failing check, in lower case, as templates do not tell cases apart.
pub const ANSWER: &str = "alert.responsebody";

choices! {
    /// The method of a step.
    StepMethod {
        /// GET
        Get = "GET", "GET";
        /// POST
        Post = "POST", "POST";
        /// PUT
        Put = "PUT", "PUT";
        /// PATCH
        Patch = "PATCH", "PATCH";
        /// DELETE
        Delete = "DELETE", "DELETE";
    }
}

/// The settings of a custom integration. The default is the stock definition: see [`super::DEFAULT_BODY`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomSettings {
    /// Variables that every step may use, filled in this order.
    pub variables: Vec<PredefinedVariable>,
    /// Functions that every template may call.
    #[serde(default)]
    pub functions: Vec<UserFunction>,
    /// What is sent for which message.
    pub definitions: Vec<Definition>,
}

/// A variable that is set before the first step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredefinedVariable {
    /// The name by which templates use it.
    pub name: String,
    /// Where its value comes from.
    #[serde(flatten)]
    pub source: VariableSource,
    /// Whether the value is masked wherever it would be shown.
    #[serde(default)]
    pub secret: bool,
}

/// Where the value of a predefined variable comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum VariableSource {
    /// "Specify value here": a template, filled in once a message, which sees the variables before it.
    Fixed {
        /// The template. It never prints, because it may be a secret.
        value: Secret,
    },
    /// "Specify value in escalation level": the level that uses the integration gives it.
    PerLevel,
}

/// What is sent for some of the messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// A name for people; may be empty.
    #[serde(default)]
    pub name: String,
    /// The messages for which it is. Each type is ticked on one definition at most.
    pub types: MessageTypes,
    /// The requests, sent one after the other.
    pub steps: Vec<HttpStep>,
}

/// The types of messages that are ticked on a definition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageTypes {
    /// A new error.
    pub error: bool,
    /// The error is over.
    pub ok: bool,
    /// The error is still there.
    pub reminder: bool,
}

/// A request, and what is done with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpStep {
    /// A name for people; may be empty.
    #[serde(default)]
    pub name: String,
    /// The method.
    pub method: StepMethod,
    /// The URL, a template.
    pub url: String,
    /// The headers; each value is a template.
    #[serde(default)]
    pub headers: Vec<Header>,
    /// The body, a template; empty for none.
    #[serde(default)]
    pub body: String,
    /// How it authenticates.
    #[serde(default)]
    pub auth: StepAuth,
    /// Variables that are taken from the answer.
    #[serde(default)]
    pub captures: Vec<Capture>,
    /// What must be true of the answer.
    #[serde(default)]
    pub assertions: Vec<StepAssertion>,
    /// Whether the steps behind it run even when it fails.
    #[serde(default)]
    pub continue_after_error: bool,
}

/// How a step authenticates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StepAuth {
    /// Not at all.
    #[default]
    None,
    /// Name and password (RFC 7617), sent at once.
    Basic {
        /// A template.
        username: String,
        /// A template.
        #[serde(default)]
        password: Secret,
    },
    /// Name and password upon a challenge (RFC 7616).
    Digest {
        /// A template.
        username: String,
        /// A template.
        #[serde(default)]
        password: Secret,
    },
}

impl StepAuth {
    /// How, in words; empty for not at all.
    pub fn words(&self) -> &'static str {
        match self {
            Self::None => "",
            Self::Basic { .. } => "Basic authentication",
            Self::Digest { .. } => "Digest authentication",
        }
    }
}

impl MessageTypes {
    /// All of them.
    pub const ALL: Self = Self { error: true, ok: true, reminder: true };

    /// Whether messages of this kind are ticked.
    pub fn has(self, kind: AlertKind) -> bool {
        match kind {
            AlertKind::Error => self.error,
            AlertKind::Ok => self.ok,
            AlertKind::Reminder => self.reminder,
        }
    }
}

impl CustomSettings {
    /// What is sent for a message; `None` when nothing is.
    pub fn definition_for(&self, kind: AlertKind) -> Option<&Definition> {
        self.definitions.iter().find(|definition| definition.types.has(kind))
    }

    /// Whether a template fills in the answer of the failing check, of which no more than the start is known otherwise.
    pub fn tells_answer(&self) -> bool {
        let fixed = self.variables.iter().filter_map(|variable| match &variable.source {
            VariableSource::Fixed { value } => Some(value.expose()),
            VariableSource::PerLevel => None,
        });
        let steps = self.definitions.iter().flat_map(|definition| &definition.steps);
        let texts = steps.flat_map(|step| {
            let headers = step.headers.iter().map(|header| header.value.expose());
            headers.chain([step.url.as_str(), step.body.as_str()])
        });
        fixed.chain(texts).any(|text| text.to_ascii_lowercase().contains(ANSWER))
    }

    /// The variables whose value an escalation level gives.
    pub fn per_level(&self) -> impl Iterator<Item = &PredefinedVariable> {
        self.variables.iter().filter(|variable| variable.source == VariableSource::PerLevel)
    }

    /// The scope of one message: facts, functions, and the predefined variables filled in. `level` gives the values of the
    /// variables that are set per level, by name (case does not matter); a missing one is empty.
    ///
    /// # Errors
    /// What cannot be read or filled in, with its path. Settings that passed [`Self::validate`] fail only by limits, or by
    /// the level's values.
    pub fn scope(
        &self,
        facts: &AlertFacts,
        level: &BTreeMap<String, Secret>,
        now: Timestamp,
        random: impl FnMut() -> u64 + Send + 'static,
    ) -> Result<Scope, Vec<FieldError>> {
        let mut scope =
            Scope::new(now, random).with_facts(facts).with_functions(Functions::compile(&self.functions)?);
        for (number, variable) in self.variables.iter().enumerate() {
            let source = match &variable.source {
                VariableSource::Fixed { value } => value.expose(),
                VariableSource::PerLevel => level
                    .iter()
                    .find(|(name, _)| name.to_lowercase() == variable.name.to_lowercase())
                    .map_or("", |(_, value)| value.expose()),
            };
            let filled = Template::parse(source).and_then(|template| template.render(&mut scope));
            let value = filled
                .map_err(|error| {
                    vec![FieldError::new(format!("variables.{number}.value"), error.to_string())]
                })?
                .text;
            if variable.secret {
                scope.set_secret(&variable.name, value);
            } else {
                scope.set(&variable.name, value);
            }
        }
        Ok(scope)
    }
}

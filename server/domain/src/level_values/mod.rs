//! What levels of alert definitions give integrations for the variables that these leave to them: which are missing, which are
//! secret, how those are shown, and how they come back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alert::{DefinitionDraft, LevelTarget};
use crate::definition_form::variable_field;
use crate::form::FieldError;
use crate::id::IntegrationId;
use crate::integration::{IntegrationSettings, ONCE_MORE};
use crate::secret::{MASK, Secret};

/// A variable that an integration leaves to the levels that tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelVariable {
    /// Its name.
    pub name: String,
    /// Whether its value is masked wherever it would be shown.
    pub secret: bool,
}

/// What a level gives for a variable. As JSON it is the text alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Secret", into = "Secret")]
pub struct LevelValue {
    /// The value, a template; or the mask in its place.
    pub value: Secret,
    /// Whether it was kept as a secret. It stays one until somebody gives another: unticking it at the integration must not show
    /// what was hidden.
    pub hidden: bool,
}

impl From<Secret> for LevelValue {
    fn from(value: Secret) -> Self {
        Self { value, hidden: false }
    }
}

impl From<LevelValue> for Secret {
    fn from(given: LevelValue) -> Self {
        given.value
    }
}

impl From<&str> for LevelValue {
    fn from(value: &str) -> Self {
        Secret::from(value).into()
    }
}

/// An integration as levels see it.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its settings; `None` when they cannot be read.
    pub settings: Option<&'a IntegrationSettings>,
}

impl Told<'_> {
    fn variables(&self) -> Vec<LevelVariable> {
        self.settings.map(IntegrationSettings::level_variables).unwrap_or_default()
    }

    /// Whether what a level gives for a variable is to be hidden; of settings that cannot be read nobody knows.
    pub fn hides(&self, variable: &str) -> bool {
        self.settings.is_none()
            || self.variables().iter().any(|known| known.secret && is_same(&known.name, variable))
    }

    /// The variables that a level leaves out.
    pub fn lacking(&self, target: &LevelTarget) -> Vec<String> {
        let is_given = |name: &str| {
            target.variables.iter().any(|(given, value)| is_same(given, name) && !value.value.is_empty())
        };
        self.variables().into_iter().map(|variable| variable.name).filter(|name| !is_given(name)).collect()
    }

    /// Masks what is secret, to be shown; names are written as the integration writes them.
    pub fn mask(&self, target: &mut LevelTarget) {
        for (name, mut given) in std::mem::take(&mut target.variables) {
            if given.hidden || self.hides(&name) {
                given = LevelValue { value: given.value.masked(), hidden: true };
            }
            target.variables.insert(self.spelling(name), given);
        }
    }

    /// Takes away what a level gives as a secret, as the integration is now or as it was `before`; returns the names.
    pub fn forget_secrets(&self, before: &Told<'_>, target: &mut LevelTarget) -> Vec<String> {
        let is_secret = |name: &str, given: &LevelValue| {
            !given.value.is_empty() && (given.hidden || self.hides(name) || before.hides(name))
        };
        target.variables.extract_if(.., |name, given| is_secret(name, given)).map(|(name, _)| name).collect()
    }

    /// Makes what somebody says of a level what is to be stored: the mask becomes the stored value again, what the integration does not
    /// ask for any more goes, and secrets are marked as such. Fields of errors are those of [`variable_field`]; the level counts from 0.
    ///
    /// What was missing before is no mistake while the definition is switched off. A mask stands for nothing when other values of the
    /// level would send the secret elsewhere.
    pub fn settle(
        &self,
        target: &mut LevelTarget,
        level: usize,
        before: &Before<'_>,
        errors: &mut Vec<FieldError>,
    ) {
        let id = target.integration.clone();
        let wrong = |name: &str, message: String| {
            let message = format!("Level {}, “{}”, variable “{name}”: {message}", level + 1, self.name);
            FieldError::new(variable_field(level, &id, name), message)
        };
        let (mut kept, mut masked, mut refused) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (name, given) in std::mem::take(&mut target.variables) {
            let name = self.spelling(name);
            let hidden = self.hides(&name);
            if given.value.expose() != MASK {
                kept.insert(name, LevelValue { hidden, ..given });
                continue;
            }
            match before.value(&id, &name) {
                // It was hidden from whoever unticked it, and goes on being so.
                Ok(Some(old)) => {
                    masked.push(name.clone());
                    kept.insert(name, LevelValue { value: old.value.clone(), hidden: hidden || old.hidden });
                }
                Ok(None) => {
                    refused.push(wrong(
                        &name,
                        format!("no value is stored that {MASK} could stand for; please enter it."),
                    ));
                }
                Err(Unclear) => {
                    let message = format!(
                        "the levels are not as many as before, so it is not clear which of the stored values {MASK} stands for; \
                         please enter it."
                    );
                    refused.push(wrong(&name, message));
                }
            }
        }
        if let Some(settings) = self.settings {
            // What the integration once asked for and asks for no more is nobody's mistake.
            let variables = self.variables();
            kept.retain(|name, _| {
                variables.iter().any(|known| known.name == *name) || !before.has(&id, name)
            });
            let values = values_of(&kept);
            let known: Vec<_> =
                before.targets(&id).iter().map(|target| values_of(&target.variables)).collect();
            if !masked.is_empty() && leads_elsewhere(settings, &values, &known) {
                refused.extend(masked.iter().map(|name| wrong(name, ONCE_MORE.to_owned())));
            }
            for FieldError { field: name, message } in
                settings.validate_level(&values).err().unwrap_or_default()
            {
                let is_missing = variables.iter().any(|known| known.name == name)
                    && values.get(&name).is_none_or(Secret::is_empty);
                if is_missing && before.off && before.lacks(&id, &name) {
                    continue;
                }
                // A mask that nothing stands behind has been told of already.
                let error = wrong(&name, message);
                if refused.iter().all(|known| known.field != error.field) {
                    refused.push(error);
                }
            }
        }
        errors.append(&mut refused);
        target.variables = kept;
    }

    fn spelling(&self, name: String) -> String {
        let known = self.variables().into_iter().find(|known| is_same(&known.name, &name));
        known.map_or(name, |known| known.name)
    }
}

/// It cannot be told which of several stored values is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclear;

/// What was stored of a level before it was changed.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    /// The stored definition; `None` for a new one.
    pub stored: Option<&'a DefinitionDraft>,
    /// Which of its levels this one was.
    pub level: Was,
    /// Whether the definition is switched off now, so that nothing is sent of what it says.
    pub off: bool,
}

/// Which of the stored levels a level was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Was {
    /// None: it is new.
    New,
    /// That one, from 0 on.
    Level(usize),
    /// Nobody says: the levels are not as many as before.
    Unsaid,
}

impl Was {
    /// What is to be thought of level `number` of `count` when only its place says which it was.
    pub fn by_place(number: usize, count: usize, stored: Option<&DefinitionDraft>) -> Self {
        match stored {
            None => Self::New,
            Some(stored) if stored.levels.len() == count => Self::Level(number),
            Some(_) => Self::Unsaid,
        }
    }
}

impl Before<'_> {
    /// What the stored levels that this one may have been said of an integration.
    fn targets(&self, id: &IntegrationId) -> Vec<&LevelTarget> {
        let Some(stored) = self.stored else { return Vec::new() };
        let levels = match self.level {
            Was::New => &[],
            Was::Level(level) => stored.levels.get(level..=level).unwrap_or_default(),
            Was::Unsaid => stored.levels.as_slice(),
        };
        let targets = levels.iter().flat_map(|level| &level.targets);
        targets.filter(|target| target.integration == *id).collect()
    }

    fn values(&self, id: &IntegrationId, name: &str) -> Vec<&LevelValue> {
        let targets = self.targets(id).into_iter();
        let given = targets.flat_map(|target| &target.variables).filter(|(given, _)| is_same(given, name));
        given.map(|(_, value)| value).filter(|given| !given.value.is_empty()).collect()
    }

    fn value(&self, id: &IntegrationId, name: &str) -> Result<Option<&LevelValue>, Unclear> {
        let values = self.values(id, name);
        let Some(first) = values.first().copied() else { return Ok(None) };
        if values.iter().all(|other| other.value == first.value) { Ok(Some(first)) } else { Err(Unclear) }
    }

    fn has(&self, id: &IntegrationId, name: &str) -> bool {
        !self.values(id, name).is_empty()
    }

    /// Whether the level told the integration and gave it nothing for a variable.
    fn lacks(&self, id: &IntegrationId, name: &str) -> bool {
        !self.targets(id).is_empty() && !self.has(id, name)
    }
}

/// Whether settings send what levels give to another scheme, host or port than `old` did.
pub fn is_moved(settings: &IntegrationSettings, old: &IntegrationSettings) -> bool {
    match (settings, old) {
        (IntegrationSettings::Custom(settings), IntegrationSettings::Custom(old)) => {
            settings.goes_elsewhere(old)
        }
        // No other kind takes anything from levels.
        _ => false,
    }
}

/// Whether what a level gives leads to another scheme, host or port than what it gave before.
fn leads_elsewhere(
    settings: &IntegrationSettings,
    given: &BTreeMap<String, Secret>,
    before: &[BTreeMap<String, Secret>],
) -> bool {
    matches!(settings, IntegrationSettings::Custom(settings) if settings.level_leads_elsewhere(given, before))
}

fn values_of(variables: &BTreeMap<String, LevelValue>) -> BTreeMap<String, Secret> {
    variables.iter().map(|(name, given)| (name.clone(), given.value.clone())).collect()
}

fn is_same(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}

#[cfg(test)]
mod tests;

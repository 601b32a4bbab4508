//! What levels of alert definitions give integrations for the variables that these leave to them: which are missing, which are
//! secret, how those are shown, and how they come back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alert::{DefinitionDraft, LevelTarget};
use crate::definition_form::variable_field;
use crate::form::FieldError;
use crate::id::IntegrationId;
use crate::integration::IntegrationSettings;
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

    /// Makes what somebody says of a level what is to be stored: the mask becomes the stored value again, what the integration does not
    /// ask for any more goes, and secrets are marked as such. Fields of errors are those of [`variable_field`]; the level counts from 0.
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
        let (mut kept, mut refused) = (BTreeMap::new(), Vec::new());
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
            let values = kept.iter().map(|(name, given)| (name.clone(), given.value.clone())).collect();
            for FieldError { field: name, message } in
                settings.validate_level(&values).err().unwrap_or_default()
            {
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
    fn values(&self, id: &IntegrationId, name: &str) -> Vec<&LevelValue> {
        let Some(stored) = self.stored else { return Vec::new() };
        let levels = match self.level {
            Was::New => &[],
            Was::Level(level) => stored.levels.get(level..=level).unwrap_or_default(),
            Was::Unsaid => stored.levels.as_slice(),
        };
        let targets = levels.iter().flat_map(|level| &level.targets);
        let targets = targets.filter(|target| target.integration == *id);
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
}

fn is_same(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Level;
    use crate::custom::{CustomSettings, PredefinedVariable, VariableSource};

    fn desk(secret: bool) -> IntegrationSettings {
        let mut settings = CustomSettings::default();
        let variable = |name: &str, secret| PredefinedVariable {
            name: name.to_owned(),
            source: VariableSource::PerLevel,
            secret,
        };
        settings.variables.extend([variable("Team", false), variable("Key", secret)]);
        settings.into()
    }

    fn target(pairs: &[(&str, &str)]) -> LevelTarget {
        LevelTarget {
            integration: IntegrationId::new([1; 13]),
            ok: true,
            reminders: true,
            variables: pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect(),
        }
    }

    fn stored(keys: &[&str]) -> DefinitionDraft {
        let level = |key: &&str| {
            let mut target = target(&[("Team", "night"), ("Key", key)]);
            target.variables.get_mut("Key").unwrap().hidden = true;
            Level::at_once(vec![target])
        };
        DefinitionDraft {
            name: "Shop".to_owned(),
            active: true,
            monitors: Vec::new(),
            levels: keys.iter().map(level).collect(),
        }
    }

    fn settle(
        settings: &IntegrationSettings,
        pairs: &[(&str, &str)],
        stored: Option<&DefinitionDraft>,
        level: Was,
    ) -> Result<BTreeMap<String, LevelValue>, Vec<String>> {
        let (mut target, mut errors) = (target(pairs), Vec::new());
        let told = Told { name: "Desk", settings: Some(settings) };
        told.settle(&mut target, 1, &Before { stored, level }, &mut errors);
        let shown = errors.iter().map(ToString::to_string).collect();
        if errors.is_empty() { Ok(target.variables) } else { Err(shown) }
    }

    #[test]
    fn what_a_level_leaves_out_is_named_with_the_level_and_the_integration() {
        let desk = desk(true);
        let errors = settle(&desk, &[("team", "night"), ("Kay", "x")], None, Was::New).unwrap_err();
        assert!(errors[0].contains("Level 2, “Desk”, variable “Key”: Please fill this in"), "{errors:?}");
        assert!(errors[1].contains("variable “Kay”: The integration has no variable"), "{errors:?}");
        let told = Told { name: "Desk", settings: Some(&desk) };
        assert_eq!(told.lacking(&target(&[("team", "night"), ("Key", "")])), ["Key"]);
        let kept = settle(&desk, &[("team", "night"), ("Key", "hunter2")], None, Was::New).unwrap();
        assert_eq!((kept["Team"].hidden, kept["Key"].hidden), (false, true));
    }

    #[test]
    fn the_mask_stands_for_what_is_stored_and_for_nothing_else() {
        let (desk, sent) = (desk(true), [("Team", "day"), ("Key", MASK)]);
        let two = stored(&["first", "second"]);
        for (was, key) in [(0, "first"), (1, "second")] {
            let kept = settle(&desk, &sent, Some(&two), Was::Level(was)).unwrap();
            assert_eq!((kept["Key"].value.expose(), kept["Team"].value.expose()), (key, "day"));
        }
        for (stored, was) in [(None, Was::New), (Some(&two), Was::New), (Some(&two), Was::Level(7))] {
            let errors = settle(&desk, &sent, stored, was).unwrap_err();
            assert!(errors.len() == 1 && errors[0].contains("no value is stored"), "{errors:?}");
        }
        let errors = settle(&desk, &sent, Some(&two), Was::Unsaid).unwrap_err();
        assert!(errors.len() == 1 && errors[0].contains("not clear"), "{errors:?}");
        let same = stored(&["one", "one"]);
        let kept = settle(&desk, &sent, Some(&same), Was::by_place(0, 1, Some(&same))).unwrap();
        assert_eq!(kept["Key"].value.expose(), "one");
    }

    #[test]
    fn what_was_hidden_stays_hidden_until_it_is_given_anew() {
        let (plain, old) = (desk(false), stored(&["hunter2"]));
        let kept = settle(&plain, &[("Team", "x"), ("Key", MASK)], Some(&old), Was::Level(0)).unwrap();
        assert!(kept["Key"].hidden && kept["Key"].value.expose() == "hunter2");
        let told = Told { name: "Desk", settings: Some(&plain) };
        let mut shown = old.levels[0].targets[0].clone();
        told.mask(&mut shown);
        assert_eq!(serde_json::to_string(&shown.variables).unwrap(), r#"{"Key":"********","Team":"night"}"#);
        let kept = settle(&plain, &[("Team", "x"), ("Key", "new")], Some(&old), Was::Level(0)).unwrap();
        assert!(!kept["Key"].hidden);
    }

    #[test]
    fn a_variable_that_is_not_asked_for_any_more_goes_without_a_word() {
        let (stock, old) = (IntegrationSettings::from(CustomSettings::default()), stored(&["hunter2"]));
        let sent = [("Team", "night"), ("Key", MASK)];
        assert!(settle(&stock, &sent, Some(&old), Was::Level(0)).unwrap().is_empty());
        assert!(settle(&stock, &[("Other", "x")], Some(&old), Was::Level(0)).is_err());
    }
}

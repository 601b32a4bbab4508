//! The secrets in the settings: which they are, how they are shown, and how they come back from a form.

use super::{CustomSettings, PredefinedVariable, StepAuth, VariableSource};
use crate::{
    check::request::Header,
    secret::{MASK, Secret},
    template::{Template, UserFunctionKind},
};

/// Where a secret stands.
pub(super) struct Place {
    /// For people and forms, such as `variables.0.value`.
    pub(super) path: String,
    /// The same with names instead of numbers where there are names, so that a row that moved keeps its value.
    key: String,
    /// Whether the old value may come back here.
    keeps: bool,
}

impl CustomSettings {
    /// Every secret in it.
    pub fn secrets(&self) -> Vec<&Secret> {
        self.placed_secrets().into_iter().map(|(_, secret)| secret).collect()
    }

    /// Every secret in it, to seal and open them. Which they are does not change by sealing: what is sealed is no template, so a
    /// header or password that only names a variable stays readable, and one of its author's own stays a secret.
    pub fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        let paths: Vec<String> = self.placed_secrets().into_iter().map(|(place, _)| place.path).collect();
        let all = self.all_mut().into_iter();
        all.filter(|(place, _)| paths.contains(&place.path)).map(|(_, secret)| secret).collect()
    }

    /// A copy in which every secret is masked, to be shown.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let mut copy = self.clone();
        for secret in copy.secrets_mut() {
            *secret = secret.masked();
        }
        copy
    }

    /// Puts the old values in where a form sent the mask back: at the same place, for the same name. What is not found
    /// keeps the mask, which [`Self::validate`] refuses; so does a variable that is no secret any more, or unticking it
    /// would show what was hidden.
    pub fn keep_secrets(&mut self, old: &Self) {
        let known = old.placed_secrets();
        for (place, secret) in self.all_mut() {
            if place.keeps
                && secret.expose() == MASK
                && let Some((_, value)) = known.iter().find(|(known, _)| known.key == place.key)
            {
                *secret = (*value).clone();
            }
        }
    }

    /// Every secret with its place.
    pub(super) fn placed_secrets(&self) -> Vec<(Place, &Secret)> {
        let mut found = Vec::new();
        for (number, variable) in self.variables.iter().enumerate() {
            if let VariableSource::Fixed { value } = &variable.source
                && (variable.secret || value.expose() == MASK)
            {
                found.push((variable_place(number, variable), value));
            }
        }
        for (number, function) in self.functions.iter().enumerate() {
            if let UserFunctionKind::Hash { key, .. } = &function.kind {
                found.push((function_place(number, &function.name), key));
            }
        }
        for (definition, number, step) in self.steps() {
            for (row, header) in step.headers.iter().enumerate().filter(|(_, header)| holds_secret(header)) {
                found.push((header_place(definition, number, row, &header.name), &header.value));
            }
            if let StepAuth::Basic { password, .. } | StepAuth::Digest { password, .. } = &step.auth
                && is_own_text(password)
            {
                found.push((password_place(definition, number), password));
            }
        }
        found.retain(|(_, secret)| !secret.is_empty());
        found
    }

    /// Every value that might be a secret, with its place.
    fn all_mut(&mut self) -> Vec<(Place, &mut Secret)> {
        let mut found = Vec::new();
        for (number, variable) in self.variables.iter_mut().enumerate() {
            let place = variable_place(number, variable);
            if let VariableSource::Fixed { value } = &mut variable.source {
                found.push((place, value));
            }
        }
        for (number, function) in self.functions.iter_mut().enumerate() {
            if let UserFunctionKind::Hash { key, .. } = &mut function.kind {
                found.push((function_place(number, &function.name), key));
            }
        }
        for (number, definition) in self.definitions.iter_mut().enumerate() {
            for (step_number, step) in definition.steps.iter_mut().enumerate() {
                for (row, header) in step.headers.iter_mut().enumerate() {
                    found.push((header_place(number, step_number, row, &header.name), &mut header.value));
                }
                if let StepAuth::Basic { password, .. } | StepAuth::Digest { password, .. } = &mut step.auth {
                    found.push((password_place(number, step_number), password));
                }
            }
        }
        found
    }

    fn steps(&self) -> impl Iterator<Item = (usize, usize, &super::HttpStep)> {
        self.definitions.iter().enumerate().flat_map(|(number, definition)| {
            definition.steps.iter().enumerate().map(move |(step_number, step)| (number, step_number, step))
        })
    }
}

/// Whether a header holds a secret itself, rather than a variable that does.
fn holds_secret(header: &Header) -> bool {
    header.value.expose() == MASK || (header.is_sensitive() && is_own_text(&header.value))
}

/// Whether the author wrote the value here. `Bearer {{token}}` only names it, and hiding that would help nobody.
fn is_own_text(value: &Secret) -> bool {
    // The word before a token, such as Bearer or GenieKey.
    const MAX_SCHEME: usize = 12;
    let Ok(template) = Template::parse(value.expose()) else { return true };
    let text = template.literal_text();
    let text = text.trim();
    let is_scheme = text.len() <= MAX_SCHEME && text.chars().all(|c| c.is_ascii_alphabetic() || c == ':');
    template.is_plain() || !is_scheme
}

fn variable_place(number: usize, variable: &PredefinedVariable) -> Place {
    let (path, key) =
        (format!("variables.{number}.value"), format!("variable {}", variable.name.to_lowercase()));
    Place { path, key, keeps: variable.secret }
}

fn function_place(number: usize, name: &str) -> Place {
    let (path, key) = (format!("functions.{number}.key"), format!("function {}", name.to_lowercase()));
    Place { path, key, keeps: true }
}

fn header_place(definition: usize, step: usize, row: usize, name: &str) -> Place {
    let path = format!("definitions.{definition}.steps.{step}.headers.{row}.value");
    Place { path, key: format!("header {definition} {step} {}", name.to_lowercase()), keeps: true }
}

fn password_place(definition: usize, step: usize) -> Place {
    let path = format!("definitions.{definition}.steps.{step}.auth.password");
    Place { key: path.clone(), path, keeps: true }
}

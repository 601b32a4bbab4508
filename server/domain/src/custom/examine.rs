//! Judging settings before they are stored.

use std::collections::BTreeMap;

use super::{
    Capture, CustomSettings, Definition, HttpStep, PredefinedVariable, Source, StepAssertion, StepAuth,
    VariableSource, request::read_url,
};
use crate::{
    check::request::examine_headers,
    form::{FieldError, MAX_TEXT_BYTES},
    secret::{MASK, Secret},
    template::{AlertKind, Functions, MIN_SECRET_BYTES, Names, Severity, Template, user::check_name},
};

/// The most predefined variables.
const MAX_VARIABLES: usize = 50;
/// The most definitions: there are three types of messages, and some may be kept without a tick.
const MAX_DEFINITIONS: usize = 10;
/// The most steps of a definition: a message that needs more is a program.
const MAX_STEPS: usize = 10;
/// The most headers of a step.
const MAX_HEADERS: usize = 50;
/// The most captures of a step.
const MAX_CAPTURES: usize = 20;
/// The most assertions of a step.
const MAX_ASSERTIONS: usize = 50;

impl CustomSettings {
    /// Judges the settings.
    ///
    /// # Errors
    /// Everything that is wrong, each with a path such as `definitions.0.steps.1.headers.2.value`, counted from 0.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let errors = self.examine().errors;
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// What works but probably is not meant, with the same paths: names that nothing is known of, definitions that are
    /// never sent.
    pub fn warnings(&self) -> Vec<FieldError> {
        self.examine().warnings
    }

    /// Judges the values that an escalation level gives; the field of an error is the variable's name.
    ///
    /// # Errors
    /// Missing and unknown variables, and values that are no template.
    pub fn validate_level(&self, values: &BTreeMap<String, Secret>) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        let same = |left: &str, right: &str| left.to_lowercase() == right.to_lowercase();
        for PredefinedVariable { name, .. } in self.per_level() {
            let value =
                values.iter().find(|(given, _)| same(given, name)).map_or("", |(_, value)| value.expose());
            if value.is_empty() {
                errors.push(FieldError::new(
                    name,
                    "Please fill this in: the integration leaves it to the level.",
                ));
            } else if let Err(error) = Template::parse(value) {
                errors.push(FieldError::new(name, error.to_string()));
            }
        }
        for name in values.keys().filter(|name| !self.per_level().any(|variable| same(&variable.name, name)))
        {
            errors.push(FieldError::new(name, "The integration has no variable of this name for the level."));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn examine(&self) -> Examiner {
        let mut examiner = Examiner { errors: Vec::new(), warnings: Vec::new(), names: Names::default() };
        if let Err(errors) = Functions::compile(&self.functions) {
            examiner.errors.extend(errors);
        }
        examiner.names.functions = self.functions.iter().map(|function| function.name.clone()).collect();
        examiner.limit("variables", "variables", self.variables.len(), MAX_VARIABLES);
        for (number, variable) in self.variables.iter().take(MAX_VARIABLES).enumerate() {
            examiner.variable(&format!("variables.{number}"), variable);
        }
        examiner.limit("definitions", "definitions", self.definitions.len(), MAX_DEFINITIONS);
        let definitions = &self.definitions[..self.definitions.len().min(MAX_DEFINITIONS)];
        examiner.types(definitions);
        let predefined = examiner.names.variables.clone();
        for (number, definition) in definitions.iter().enumerate() {
            // What one definition captures is not there in another.
            examiner.names.variables.clone_from(&predefined);
            examiner.definition(&format!("definitions.{number}"), definition);
        }
        for (place, secret) in self.placed_secrets() {
            if secret.expose() == MASK {
                examiner.error(place.path, "This value is not known any more; please enter it again.");
            } else if secret.expose().len() < MIN_SECRET_BYTES {
                let message = format!(
                    "A secret of fewer than {MIN_SECRET_BYTES} characters is part of too many words to be hidden in the log: whoever may \
                     read that sees it."
                );
                examiner.warnings.push(FieldError::new(place.path, message));
            }
        }
        examiner
    }
}

struct Examiner {
    errors: Vec<FieldError>,
    warnings: Vec<FieldError>,
    /// What templates may use at this place.
    names: Names,
}

impl Examiner {
    fn error(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.errors.push(FieldError::new(path, message));
    }

    fn limit(&mut self, path: &str, what: &str, count: usize, most: usize) {
        if count > most {
            self.error(path, format!("These are more than {most} {what}."));
        }
    }

    /// A template with everything in it; `None` when it cannot be read.
    fn template(&mut self, path: &str, source: &str) -> Option<Template> {
        let template = match Template::parse(source) {
            Ok(template) => template,
            Err(error) => {
                self.error(path, error.to_string());
                return None;
            }
        };
        for remark in template.check(&self.names) {
            let error = FieldError::new(path, remark.to_string());
            match remark.severity {
                Severity::Error => self.errors.push(error),
                Severity::Warning => self.warnings.push(error),
            }
        }
        Some(template)
    }

    fn variable(&mut self, path: &str, variable: &PredefinedVariable) {
        let name_path = format!("{path}.name");
        if let Err(message) = check_name(&variable.name) {
            self.error(name_path, message);
        } else if self
            .names
            .variables
            .iter()
            .any(|known| known.to_lowercase() == variable.name.to_lowercase())
        {
            self.error(
                name_path,
                format!("There is another variable “{}”; case does not matter.", variable.name),
            );
        }
        if let VariableSource::Fixed { value } = &variable.source {
            let value_path = format!("{path}.value");
            if value.is_empty() {
                self.error(value_path, "Please fill this in, or leave it to the escalation level.");
            } else {
                self.template(&value_path, value.expose());
            }
        }
        self.names.variables.push(variable.name.clone());
    }

    fn types(&mut self, definitions: &[Definition]) {
        for (kind, field) in
            [(AlertKind::Error, "error"), (AlertKind::Ok, "ok"), (AlertKind::Reminder, "reminder")]
        {
            let label = kind.label();
            let mut ticked =
                definitions.iter().enumerate().filter(|(_, definition)| definition.types.has(kind));
            match ticked.next() {
                None if kind == AlertKind::Error => {
                    self.error("definitions", format!("Please tick “{label}” on one definition."));
                }
                None => {}
                Some((first, definition)) => {
                    let named = if definition.name.is_empty() {
                        String::new()
                    } else {
                        format!(" (“{}”)", definition.name)
                    };
                    for (number, _) in ticked {
                        let message = format!(
                            "“{label}” is ticked on definition {}{named} already; please untick it on one of them.",
                            first + 1
                        );
                        self.errors
                            .push(FieldError::new(format!("definitions.{number}.types.{field}"), message));
                    }
                }
            }
        }
    }

    fn definition(&mut self, path: &str, definition: &Definition) {
        if definition.types == super::MessageTypes::default() {
            let message = "No type of message is ticked, so this is never sent.";
            self.warnings.push(FieldError::new(format!("{path}.types"), message));
        }
        self.name(&format!("{path}.name"), &definition.name);
        if definition.steps.is_empty() {
            self.error(format!("{path}.steps"), "A definition needs at least one step.");
        }
        self.limit(&format!("{path}.steps"), "steps", definition.steps.len(), MAX_STEPS);
        for (number, step) in definition.steps.iter().take(MAX_STEPS).enumerate() {
            self.step(&format!("{path}.steps.{number}"), step);
        }
    }

    /// A name for people.
    fn name(&mut self, path: &str, name: &str) {
        if name.len() > MAX_TEXT_BYTES || name.chars().any(char::is_control) {
            self.error(path, "Please write the name as one short line.");
        }
    }

    fn step(&mut self, path: &str, step: &HttpStep) {
        self.name(&format!("{path}.name"), &step.name);
        self.url(&format!("{path}.url"), &step.url);
        self.limit(&format!("{path}.headers"), "headers", step.headers.len(), MAX_HEADERS);
        for (number, header) in step.headers.iter().take(MAX_HEADERS).enumerate() {
            let mut wrong = Vec::new();
            examine_headers(std::slice::from_ref(header), &mut wrong);
            for error in wrong {
                self.error(format!("{path}.headers.{number}.name"), error.message);
            }
            self.template(&format!("{path}.headers.{number}.value"), header.value.expose());
        }
        self.template(&format!("{path}.body"), &step.body);
        if let StepAuth::Basic { username, password } | StepAuth::Digest { username, password } = &step.auth {
            if username.is_empty() {
                self.error(format!("{path}.auth.username"), "Please fill in the user name.");
            } else if username.chars().any(char::is_control) {
                self.error(format!("{path}.auth.username"), "A user name has no control characters.");
            }
            self.template(&format!("{path}.auth.username"), username);
            self.template(&format!("{path}.auth.password"), password.expose());
        }
        self.limit(&format!("{path}.captures"), "captures", step.captures.len(), MAX_CAPTURES);
        let before = self.names.variables.clone();
        for (number, capture) in step.captures.iter().take(MAX_CAPTURES).enumerate() {
            self.capture(&format!("{path}.captures.{number}"), capture);
            self.names.variables.push(capture.variable.clone());
        }
        // Whether assertions are judged before or after the captures does not matter: they see what was there before.
        let after = std::mem::replace(&mut self.names.variables, before);
        self.limit(&format!("{path}.assertions"), "assertions", step.assertions.len(), MAX_ASSERTIONS);
        for (number, assertion) in step.assertions.iter().take(MAX_ASSERTIONS).enumerate() {
            self.assertion(&format!("{path}.assertions.{number}"), assertion);
        }
        self.names.variables = after;
    }

    fn url(&mut self, path: &str, source: &str) {
        let Some(template) = self.template(path, source) else { return };
        let begin = template.leading_text().trim_start().to_ascii_lowercase();
        let schemes = ["http://", "https://"];
        if template.is_plain() {
            if let Err(message) = read_url(source.trim(), source.trim()) {
                self.error(path, message);
            }
        } else if !begin.is_empty()
            && !schemes.iter().any(|scheme| begin.starts_with(scheme) || scheme.starts_with(&begin))
        {
            self.error(path, "This must begin with https:// or http://, or with a variable that does.");
        }
    }

    fn capture(&mut self, path: &str, capture: &Capture) {
        if let Err(message) = check_name(&capture.variable) {
            self.error(format!("{path}.variable"), message);
        }
        self.property(&format!("{path}.property"), capture.source, &capture.property);
    }

    fn property(&mut self, path: &str, source: Source, property: &str) {
        if source.needs_property() && property.trim().is_empty() {
            self.error(path, "Please say which value is meant.");
        } else if property.len() > MAX_TEXT_BYTES {
            self.error(path, format!("This is longer than {MAX_TEXT_BYTES} bytes."));
        } else if source.has_property()
            && let Some(template) = self.template(path, property)
            && template.is_plain()
            && let Err(message) = source.check_property(property)
        {
            self.error(path, message);
        }
    }

    fn assertion(&mut self, path: &str, assertion: &StepAssertion) {
        self.property(&format!("{path}.property"), assertion.source, &assertion.property);
        if !assertion.comparison.needs_target() {
            return;
        }
        let path = format!("{path}.target");
        let plain = self.template(&path, &assertion.target).is_some_and(|template| template.is_plain());
        if plain && assertion.comparison.is_numeric() && assertion.target.trim().parse::<f64>().is_err() {
            self.error(
                path,
                format!("This comparison needs a number, not “{}”.", assertion.target.escape_debug()),
            );
        }
    }
}

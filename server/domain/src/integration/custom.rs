//! custom: requests that the author of the integration composes (the second seed; contracts.md, section 3). What is set is
//! [`crate::custom::CustomSettings`]; here it becomes a provider.

use std::collections::BTreeMap;

use super::{Audience, ONCE_MORE, ProviderSettings, read_form};
use crate::custom::{self, CustomSettings, PredefinedVariable, render_request};
use crate::form::{Field, FieldError, FieldKind, Form};
use crate::level_values::LevelVariable;
use crate::secret::{MASK, Secret};
use crate::template::{AlertFacts, AlertKind};
use crate::time::Timestamp;
use crate::views::console::{CustomPreview, PreviewedMessage, PreviewedStep};

/// The one field of the form.
pub const FIELD: &str = "definition";
/// What the form begins with: the stock definition as JSON.
const STOCK: &str = include_str!("custom.json");

impl ProviderSettings for CustomSettings {
    const LABEL: &'static str = "Custom integration";
    const DESCRIPTION: &'static str =
        "One or more HTTP requests that you compose from templates, for any service with an API.";
    const ICON: &'static str = "blocks";
    const AUDIENCE: Audience = Audience::Programs;
    /// Templates speak of alerts; an event has other facts.
    const EVENTS: Option<&'static [&'static str]> = Some(&[]);
    const FIELDS: &'static [Field] =
        &[Field::new(FIELD, "Definition", FieldKind::TextArea).required().default(STOCK).help(
            "Variables, functions and steps as JSON. Put the address of your service into the value of ApiUrl; secrets are shown \
             as ******** and stay unless you change them.",
        )];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| {
            let text = reader.long_text(FIELD);
            match serde_json::from_str::<Self>(&text) {
                Ok(mut settings) => {
                    if let Some(old) = old {
                        settings.keep_secrets(old);
                    }
                    settings
                }
                Err(error) => {
                    // An empty one was reported already.
                    if !text.trim().is_empty() {
                        reader.error(FIELD, unreadable(&error));
                    }
                    Self::default()
                }
            }
        })
    }

    fn to_form(&self) -> Form {
        let text = serde_json::to_string_pretty(&self.redacted()).unwrap_or_default();
        [(FIELD.to_owned(), text)].into()
    }

    /// Where the first request of an error goes to: the host only, as the rest of an address often holds a token.
    fn target(&self) -> String {
        let facts = AlertFacts::example(AlertKind::Error);
        let step = self.definition_for(AlertKind::Error).and_then(|definition| definition.steps.first());
        let host = step.and_then(|step| {
            let mut scope = self.scope(&facts, &BTreeMap::new(), Timestamp(0), || 0).ok()?;
            let request = render_request(step, &mut scope).ok()?;
            Some(scope.mask(request.url.host_str()?))
        });
        host.unwrap_or_else(|| Self::LABEL.to_owned())
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        let wrong = self.validate().err().unwrap_or_default();
        errors.extend(
            wrong.into_iter().map(|error| {
                FieldError::new(FIELD, format!("{}: {}", shown_path(&error.field), error.message))
            }),
        );
    }

    fn level_variables(&self) -> Vec<LevelVariable> {
        let variable =
            |one: &PredefinedVariable| LevelVariable { name: one.name.clone(), secret: one.secret };
        self.per_level().map(variable).collect()
    }

    fn validate_level(&self, values: &BTreeMap<String, Secret>) -> Result<(), Vec<FieldError>> {
        self.validate_level(values)
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        self.secrets_mut()
    }

    fn misdirected(&self, form: &Form, old: &Self) -> Vec<FieldError> {
        let sent = form.get(FIELD).and_then(|text| serde_json::from_str::<Self>(text).ok());
        let keeps = sent.is_some_and(|sent| sent.asks_for_secrets());
        if keeps && self.goes_elsewhere(old) { vec![FieldError::new(FIELD, ONCE_MORE)] } else { Vec::new() }
    }
}

/// What a definition as it stands in the form would send: filled in with `facts`, or with made-up ones. Secrets that were not typed are
/// those of `old`; none of them is shown.
///
/// It may take seconds for patterns made to be slow; see [`crate::template`].
pub fn preview(text: &str, old: Option<&CustomSettings>, facts: Option<&AlertFacts>) -> CustomPreview {
    let mut settings = match serde_json::from_str::<CustomSettings>(text) {
        Ok(settings) => settings,
        Err(error) => {
            let errors = vec![FieldError::new("", unreadable(&error))];
            return CustomPreview { errors, ..CustomPreview::default() };
        }
    };
    if let Some(old) = old {
        settings.keep_secrets(old);
    }
    let placed = |errors: Vec<FieldError>| {
        let placed = |error: FieldError| FieldError { field: shown_path(&error.field), ..error };
        errors.into_iter().map(placed).collect::<Vec<_>>()
    };
    let errors = placed(settings.validate().err().unwrap_or_default());
    let warnings = placed(settings.warnings());
    // A template may take a secret to pieces that no mask finds again, so none is filled in.
    for secret in settings.secrets_mut() {
        *secret = stand_in(secret);
    }
    let message = |kind| {
        let example = || AlertFacts::example(kind);
        let facts = facts.map_or_else(example, |facts| facts.told_as(kind));
        let (requests, wrong) = match custom::preview(&settings, &facts, kind) {
            Ok(requests) => (requests, Vec::new()),
            Err(errors) => (Vec::new(), placed(errors)),
        };
        let steps = settings.definition_for(kind).map_or(&[][..], |definition| &definition.steps);
        let steps = steps.iter().zip(requests).map(|(step, request)| PreviewedStep {
            name: step.name.clone(),
            auth: step.auth.words().to_owned(),
            request,
        });
        PreviewedMessage { kind, steps: steps.collect(), errors: wrong }
    };
    let kinds = [AlertKind::Error, AlertKind::Ok, AlertKind::Reminder];
    let messages = kinds.into_iter().map(message).collect();
    CustomPreview { from: None, messages, errors, warnings }
}

/// What is filled in for a secret: the mask, and what makes an address of it where it is one.
fn stand_in(secret: &Secret) -> Secret {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| secret.expose().starts_with(scheme));
    format!("{}{MASK}", scheme.unwrap_or_default()).into()
}

fn unreadable(error: &serde_json::Error) -> String {
    format!("This is no definition: {error}. Write it as JSON.")
}

/// A path as people write it: `definitions.0.steps.1.url` becomes `definitions[0].steps[1].url`.
fn shown_path(path: &str) -> String {
    let mut shown = String::with_capacity(path.len() + 4);
    for part in path.split('.') {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            shown.extend(["[", part, "]"]);
        } else {
            if !shown.is_empty() {
                shown.push('.');
            }
            shown.push_str(part);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::request::Header;
    use crate::custom::{PredefinedVariable, VariableSource};
    use crate::integration::{IntegrationSettings, ProviderKind};
    use crate::secret::MASK;
    use crate::template::{HashAlgorithm, UserFunction, UserFunctionKind};

    fn stock(url: &str) -> CustomSettings {
        let mut settings = CustomSettings::default();
        settings.variables[0].source = VariableSource::Fixed { value: url.into() };
        settings
    }

    fn form(text: &str) -> Form {
        [(FIELD.to_owned(), text.to_owned())].into()
    }

    #[test]
    fn the_form_begins_with_the_stock_definition() {
        let text = serde_json::to_string_pretty(&CustomSettings::default()).unwrap();
        assert_eq!(STOCK.trim_end(), text, "put this into custom.json");
        let errors = CustomSettings::from_form(&Form::new(), None).unwrap_err();
        assert_eq!(errors.len(), 1);
        assert!(errors[0].to_string().starts_with("definition: variables[0].value: "), "{}", errors[0]);
    }

    #[test]
    fn a_definition_that_is_none_is_refused_with_its_place() {
        let errors = CustomSettings::from_form(&form("{\n  \"variables\": 1"), None).unwrap_err();
        assert_eq!(errors.len(), 1);
        assert!(errors[0].message.contains("line 2"), "{}", errors[0]);
        assert_eq!(CustomSettings::from_form(&form(" "), None).unwrap_err().len(), 1);
        let mut settings = stock("https://api.example.org/x");
        settings.definitions[0].steps[0].url = "ftp://example.org".to_owned();
        let text = serde_json::to_string(&settings).unwrap();
        let errors = CustomSettings::from_form(&form(&text), None).unwrap_err();
        assert!(errors[0].message.starts_with("definitions[0].steps[0].url: "), "{}", errors[0]);
    }

    #[test]
    fn secrets_go_out_masked_come_back_and_are_the_same_ones_once_sealed() {
        let mut settings = stock("https://api.example.org/x");
        settings.variables.push(PredefinedVariable {
            name: "Key".to_owned(),
            source: VariableSource::Fixed { value: "hunter2".into() },
            secret: true,
        });
        let headers = &mut settings.definitions[0].steps[0].headers;
        headers.push(Header { name: "Authorization".to_owned(), value: "Bearer {{Key}}".into() });
        headers.push(Header { name: "X-Api-Key".to_owned(), value: "{{Key}} and words of our own".into() });
        let shown = settings.to_form();
        assert!(shown[FIELD].contains(MASK) && !shown[FIELD].contains("hunter2"), "{}", shown[FIELD]);
        assert_eq!(CustomSettings::from_form(&shown, Some(&settings)), Ok(settings.clone()));
        assert!(CustomSettings::from_form(&shown, None).is_err());

        let mut sealed = IntegrationSettings::from(settings.clone());
        let count = sealed.secrets_mut().len();
        for secret in sealed.secrets_mut() {
            *secret = "pharos1:k1:aGVsbG8=".into();
        }
        assert_eq!((count, sealed.secrets_mut().len()), (2, 2));
        assert_eq!(sealed.kind(), ProviderKind::Custom);
    }

    #[test]
    fn stored_secrets_are_not_sent_to_another_host() {
        let mut old = stock("https://api.example.org/x");
        let headers = &mut old.definitions[0].steps[0].headers;
        headers.push(Header { name: "X-Api-Key".to_owned(), value: "a key of our own".into() });
        let stored = IntegrationSettings::from(old.clone());
        let read = |settings: &CustomSettings| {
            let form = form(&serde_json::to_string(settings).unwrap());
            IntegrationSettings::from_form(ProviderKind::Custom, &form, Some(&stored))
        };
        let refused = Err(vec![FieldError::new(FIELD, ONCE_MORE)]);
        let mut changed = old.redacted();
        changed.variables[0].source = VariableSource::Fixed { value: "https://api.example.org/y".into() };
        assert!(read(&changed).is_ok(), "another path of the same host");
        changed.variables[0].source = VariableSource::Fixed { value: "https://evil.example/x".into() };
        assert_eq!(read(&changed), refused);
        changed.variables[0].source = VariableSource::PerLevel;
        assert_eq!(read(&changed), refused, "whoever writes the level would choose the address");
        let mut changed = old.redacted();
        let mut step = changed.definitions[0].steps[0].clone();
        step.url = "https://evil.example/".to_owned();
        step.headers.clear();
        changed.definitions[0].steps.push(step);
        assert_eq!(read(&changed), refused, "a step more");
        let mut entered = old.clone();
        entered.variables[0].source = VariableSource::Fixed { value: "https://evil.example/x".into() };
        assert!(read(&entered).is_ok(), "who knows the secret may send it anywhere");
    }

    #[test]
    fn levels_are_asked_for_what_they_are_to_give() {
        let mut settings = stock("https://api.example.org/x");
        assert!(settings.level_variables().is_empty());
        settings.variables[0].source = VariableSource::PerLevel;
        let wanted = LevelVariable { name: settings.variables[0].name.clone(), secret: false };
        assert_eq!(settings.level_variables(), [wanted]);
    }

    #[test]
    fn a_preview_keeps_secrets_and_says_where_it_fails() {
        let mut settings = stock("https://api.example.org/{{Key}}");
        let secret = PredefinedVariable {
            name: "Key".to_owned(),
            source: VariableSource::Fixed { value: "hunter2".into() },
            secret: true,
        };
        settings.variables.insert(0, secret);
        settings.definitions[0].steps[0].auth =
            custom::StepAuth::Basic { username: "pharos".to_owned(), password: "{{Key}}".into() };
        let form = settings.to_form();
        let shown = preview(&form[FIELD], Some(&settings), None);
        assert!(shown.errors.is_empty(), "{:?}", shown.errors);
        let step = &shown.messages[0].steps[0];
        assert_eq!(step.request.url, format!("https://api.example.org/{MASK}"));
        assert_eq!(step.auth, "Basic authentication");
        assert!(!format!("{shown:?}").contains("hunter2"));
        let bodies = shown.messages.iter().map(|message| message.steps[0].request.body.as_str());
        for (body, word) in bodies.zip(["Alert", "Ok", "Reminder"]) {
            assert!(body.contains(&format!("\"type\": \"{word}\"")), "{body}");
        }
        // Nor does one come out in pieces, and one that is the whole address makes a request.
        let mut pieces = settings.clone();
        pieces.variables[1].secret = true;
        pieces.functions.push(UserFunction {
            name: "cut".to_owned(),
            kind: UserFunctionKind::Regex { pattern: "^...".to_owned() },
        });
        pieces.definitions[0].steps[0].body = "{{cut({{Key}})}} {{ApiUrl}}".to_owned();
        let shown = preview(&pieces.to_form()[FIELD], Some(&pieces), None);
        assert!(shown.errors.is_empty() && shown.messages[0].errors.is_empty(), "{shown:?}");
        assert!(!format!("{shown:?}").contains("hun"), "{shown:?}");
        // Nobody knows the secret of an integration that is not saved.
        let errors = preview(&form[FIELD], None, None).errors;
        assert_eq!(errors[0].field, "variables[0].value");
        settings.definitions[0].steps[0].url = "{{Team}}".to_owned();
        let text = serde_json::to_string(&settings).unwrap();
        let shown = preview(&text, None, None);
        assert_eq!(shown.messages[2].errors[0].field, "definitions[0].steps[0].url");
        assert!(shown.warnings[0].message.contains("Team"), "{:?}", shown.warnings);
        let broken = preview("{\n  \"variables\": 1", None, None);
        assert!(broken.messages.is_empty() && broken.errors[0].message.contains("line 2"));
    }

    #[test]
    fn a_preview_shows_no_signature_that_is_made_with_a_mask() {
        let mut settings = stock("https://api.example.org/x");
        let hash = |name: &str, algorithm, key: &str| UserFunction {
            name: name.to_owned(),
            kind: UserFunctionKind::Hash { algorithm, key: key.into() },
        };
        settings.functions = vec![
            hash("sign", HashAlgorithm::HmacSha256, "a key"),
            hash("sign2", HashAlgorithm::HmacSha1, "https://key.example.org"),
            hash("md", HashAlgorithm::Md5, ""),
        ];
        for (name, source) in [
            ("Key", VariableSource::Fixed { value: "hunter2".into() }),
            ("Url", VariableSource::Fixed { value: "https://example.org/T0KEN".into() }),
            ("Team", VariableSource::PerLevel),
        ] {
            settings.variables.push(PredefinedVariable { name: name.to_owned(), source, secret: true });
        }
        let step = &mut settings.definitions[0].steps[0];
        step.captures.push(custom::Capture {
            variable: "access_token".to_owned(),
            source: custom::Source::Json,
            property: "t".to_owned(),
            secret: false,
        });
        let mut second = step.clone();
        second.body = "{{md({{access_token}})}} {{@Base64Encode(a:{{access_token}})}}".to_owned();
        step.headers.push(Header { name: "X-Hash".to_owned(), value: "{{md(as it is)}}".into() });
        step.headers.push(Header { name: "X-Hub".to_owned(), value: "sha256={{sign(text)}}".into() });
        step.body = "{{@HexToBase64({{sign(text)}})}} {{@HexToBase64({{sign2(text)}})}} {{md({{Key}})}} \
                     {{md({{Url}})}} {{md({{Team}})}} {{@Base64Encode(a:{{Key}})}}"
            .to_owned();
        settings.definitions[0].steps.push(second);
        let shown = preview(&settings.to_form()[FIELD], Some(&settings), None);
        assert!(shown.errors.is_empty() && shown.messages[0].errors.is_empty(), "{shown:?}");
        let [first, second] = &shown.messages[0].steps[..] else { panic!("two steps: {shown:?}") };
        assert_eq!(first.request.body, [MASK; 6].join(" "));
        assert_eq!(first.request.headers[2].1, format!("sha256={MASK}"));
        // Nothing of this one is masked.
        assert_eq!(first.request.headers[1].1, HashAlgorithm::Md5.hash("as it is", &"".into()));
        assert_eq!(second.request.body, [MASK; 2].join(" "));
    }

    #[test]
    fn people_recognise_it_by_the_host() {
        assert_eq!(stock("https://api.example.org/T0KEN?x=1").target(), "api.example.org");
        assert_eq!(CustomSettings::default().target(), "Custom integration");
    }
}

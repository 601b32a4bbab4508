//! jira: issues in Jira Cloud (contracts.md 4.7 and 8.3).

use serde::{Deserialize, Serialize};

use super::{Audience, ProviderSettings, examine_url, read_form, shown_url, unclosed};
use crate::form::{Field, FieldError, FieldKind, Form, FormReader, put_secret};
use crate::secret::Secret;

/// Fields that have a setting of their own, or that Pharos fills: no mapping may set them.
const RESERVED: &[&str] = &["summary", "description", "priority", "issuetype", "project", "labels"];
/// Mappings that there may be.
const MAX_MAPPINGS: usize = 50;
/// The summary when nobody writes one.
const SUMMARY: &str = "{{payload.headline}}";
/// The description when nobody writes one.
const DESCRIPTION: &str = "{{payload.text}}\n\n{{payload.link}}";

/// Which issues are made, and where.
///
/// Templates may use `{{payload.path.to.value}}`: of an event its payload, of an outage its alert, and of both `headline`, `text` and
/// `link`. What is not known stays as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JiraSettings {
    /// Where Jira is, such as `https://example.atlassian.net`.
    pub base_url: String,
    /// The account's e-mail address.
    pub email: String,
    /// The account's API token.
    pub api_token: Secret,
    /// The key of the project.
    pub project_key: String,
    /// The type of issue, by id or by name.
    pub issue_type: String,
    /// The summary, a template.
    pub summary_template: String,
    /// The description, a template; none for none.
    #[serde(default)]
    pub description_template: Option<String>,
    /// The priority, by id or by name; none leaves it to the project.
    #[serde(default)]
    pub priority: Option<String>,
    /// Further fields.
    #[serde(default)]
    pub field_mappings: Vec<FieldMapping>,
    /// The transition that finishes an issue, by its name or that of the status it leads to; none for the first that leads to a
    /// finished one.
    #[serde(default)]
    pub done_transition: Option<String>,
    /// The resolution that a finished issue gets, by name, for workflows that demand one.
    #[serde(default)]
    pub resolution: Option<String>,
}

/// A further field of an issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldMapping {
    /// The key of the field, such as `customfield_10010`.
    pub field_key: String,
    /// Its value: a template, or JSON in which every text is one.
    pub template: String,
}

impl JiraSettings {
    /// Issues of the type “Task”.
    pub fn in_project(base_url: &str, email: &str, api_token: &str, project_key: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            email: email.to_owned(),
            api_token: api_token.into(),
            project_key: project_key.to_owned(),
            issue_type: "Task".to_owned(),
            summary_template: SUMMARY.to_owned(),
            description_template: Some(DESCRIPTION.to_owned()),
            priority: None,
            field_mappings: Vec::new(),
            done_transition: None,
            resolution: None,
        }
    }
}

impl ProviderSettings for JiraSettings {
    const LABEL: &'static str = "Jira";
    const DESCRIPTION: &'static str =
        "Makes an issue of each outage, comments on it, and finishes it when the outage is over.";
    const ICON: &'static str = "ticket";
    const AUDIENCE: Audience = Audience::Programs;
    const FOLLOWS: bool = true;
    const FIELDS: &'static [Field] = &[
        Field::new("base_url", "Address", FieldKind::Url)
            .required()
            .placeholder("https://example.atlassian.net"),
        Field::new("email", "E-mail address", FieldKind::Text)
            .required()
            .placeholder("pharos@example.org")
            .help("Of the account that makes the issues."),
        Field::new("api_token", "API token", FieldKind::Secret)
            .required()
            .help("Made in the security settings of that account."),
        Field::new("project_key", "Project", FieldKind::Text)
            .required()
            .placeholder("OPS")
            .help("The key of the project."),
        Field::new("issue_type", "Type of issue", FieldKind::Text)
            .required()
            .default("Task")
            .help("By name or id."),
        Field::new("summary_template", "Summary", FieldKind::Text)
            .required()
            .default(SUMMARY)
            .help("{{payload.path.to.value}} is replaced."),
        Field::new("description_template", "Description", FieldKind::TextArea).default(DESCRIPTION),
        Field::new("priority", "Priority", FieldKind::Text)
            .help("By name or id; empty leaves it to the project.")
            .advanced(),
        Field::new("field_mappings", "Further fields", FieldKind::Lines)
            .placeholder("customfield_10010: {\"value\": \"{{payload.monitor.name}}\"}")
            .help("One a line, as key: template. A template that is JSON is sent as JSON.")
            .advanced(),
        Field::new("done_transition", "Transition when it is over", FieldKind::Text)
            .placeholder("Done")
            .help("Empty takes the first that leads to a finished status.")
            .advanced(),
        Field::new("resolution", "Resolution when it is over", FieldKind::Text)
            .placeholder("Done")
            .help("Only for workflows that demand one.")
            .advanced(),
    ];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| Self {
            base_url: reader.text("base_url").trim_end_matches('/').to_owned(),
            email: reader.text("email"),
            api_token: reader
                .secret("api_token", old.map(|old| &old.api_token))
                .map(|token| token.expose().trim().into())
                .unwrap_or_default(),
            project_key: reader.text("project_key"),
            issue_type: reader.text("issue_type"),
            summary_template: reader.text("summary_template"),
            description_template: Some(reader.long_text("description_template"))
                .filter(|text| !text.trim().is_empty()),
            priority: reader.optional_text("priority"),
            field_mappings: read_mappings(reader),
            done_transition: reader.optional_text("done_transition"),
            resolution: reader.optional_text("resolution"),
        })
    }

    fn to_form(&self) -> Form {
        let mappings: Vec<_> = self
            .field_mappings
            .iter()
            .map(|mapping| format!("{}: {}", mapping.field_key, mapping.template))
            .collect();
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut form: Form = [
            ("base_url", self.base_url.clone()),
            ("email", self.email.clone()),
            ("project_key", self.project_key.clone()),
            ("issue_type", self.issue_type.clone()),
            ("summary_template", self.summary_template.clone()),
            ("description_template", text(&self.description_template)),
            ("priority", text(&self.priority)),
            ("field_mappings", mappings.join("\n")),
            ("done_transition", text(&self.done_transition)),
            ("resolution", text(&self.resolution)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        put_secret(&mut form, "api_token", Some(&self.api_token));
        form
    }

    fn target(&self) -> String {
        format!("{} on {}", self.project_key, shown_url(&self.base_url))
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        for (field, value) in [
            ("base_url", &self.base_url),
            ("email", &self.email),
            ("project_key", &self.project_key),
            ("issue_type", &self.issue_type),
            ("summary_template", &self.summary_template),
        ] {
            if value.trim().is_empty() {
                errors.push(FieldError::new(field, "Please fill this in."));
            }
        }
        if self.api_token.is_empty() {
            errors.push(FieldError::new("api_token", "Please fill this in."));
        }
        examine_url("base_url", &self.base_url, errors);
        if !self.email.is_empty() && (!self.email.contains('@') || self.email.contains(':')) {
            let message =
                format!("“{}” is no e-mail address; Jira Cloud knows accounts by theirs.", self.email);
            errors.push(FieldError::new("email", message));
        }
        let is_key = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !self.project_key.chars().all(is_key) {
            let message = format!("“{}” is no key of a project; it looks like OPS.", self.project_key);
            errors.push(FieldError::new("project_key", message));
        }
        let description = self.description_template.as_deref().unwrap_or_default();
        for (field, template) in
            [("summary_template", &*self.summary_template), ("description_template", description)]
        {
            errors.extend(unclosed(template, EXAMPLE).map(|message| FieldError::new(field, message)));
        }
        if self.field_mappings.len() > MAX_MAPPINGS {
            let message = format!("These are more than {MAX_MAPPINGS} fields.");
            errors.push(FieldError::new("field_mappings", message));
        }
        for FieldMapping { field_key, template } in &self.field_mappings {
            if let Some(message) = unclosed(template, EXAMPLE) {
                errors.push(FieldError::new("field_mappings", format!("{field_key}: {message}")));
            }
            if RESERVED.contains(&field_key.to_ascii_lowercase().as_str()) {
                let message = format!("“{field_key}” is set by Pharos itself.");
                errors.push(FieldError::new("field_mappings", message));
            } else if field_key.is_empty() || !field_key.chars().all(is_key) {
                let message = format!(
                    "“{field_key}” is no key of a field; write lines such as customfield_10010: value."
                );
                errors.push(FieldError::new("field_mappings", message));
            }
        }
    }

    fn destination(&self, secret: &str) -> Option<&str> {
        let _ = secret;
        Some(&self.base_url)
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        vec![&mut self.api_token]
    }
}

/// What stands in a template.
const EXAMPLE: &str = "{{payload.path.to.value}}";

fn read_mappings(reader: &mut FormReader<'_>) -> Vec<FieldMapping> {
    let lines = reader.lines("field_mappings");
    let pair = |line: &String| {
        let (key, template) = line.split_once(':').unwrap_or((line, ""));
        FieldMapping { field_key: key.trim().to_owned(), template: template.trim().to_owned() }
    };
    lines.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_from_their_form() {
        let settings = JiraSettings {
            priority: Some("2".to_owned()),
            field_mappings: vec![FieldMapping {
                field_key: "customfield_10010".to_owned(),
                template: r#"{"value": "{{payload.monitor.name}}"}"#.to_owned(),
            }],
            done_transition: Some("Close".to_owned()),
            ..JiraSettings::in_project("https://example.atlassian.net", "me@example.org", "t0ken", "OPS")
        };
        let form = settings.to_form();
        assert!(!form.values().any(|value| value.contains("t0ken")));
        assert_eq!(JiraSettings::from_form(&form, Some(&settings)), Ok(settings.clone()));
        assert_eq!(settings.target(), "OPS on https://example.atlassian.net/");
    }

    #[test]
    fn every_mistake_names_its_field() {
        let form: Form = [
            ("base_url", "example"),
            ("email", "me"),
            ("project_key", "O P"),
            ("summary_template", " "),
            ("field_mappings", "summary: x\nno colon"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let errors = JiraSettings::from_form(&form, None).unwrap_err();
        let mut fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "api_token",
                "base_url",
                "email",
                "field_mappings",
                "field_mappings",
                "project_key",
                "summary_template"
            ]
        );
    }

    #[test]
    fn a_template_that_is_not_closed_is_refused_at_its_field() {
        let form: Form = [
            ("summary_template", "{{ nope"),
            ("description_template", "{{payload.text}} {{x"),
            ("field_mappings", "a: {{payload.b}}\nc: {{d\ne: {\"f\": {\"g\": 1}}"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let errors = JiraSettings::from_form(&form, None).unwrap_err();
        let said = |field: &str| {
            let said = errors.iter().filter(|error| error.field == field).map(|error| error.message.as_str());
            said.collect::<Vec<_>>()
        };
        let rest = "is not closed; write {{payload.path.to.value}}.";
        assert_eq!(said("summary_template"), [format!("“{{{{ nope” {rest}")]);
        assert_eq!(said("description_template"), [format!("“{{{{x” {rest}")]);
        assert_eq!(said("field_mappings"), [format!("c: “{{{{d” {rest}")]);
    }
}

//! webhook: an HTTP request to a program of somebody's own.

pub mod template;

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Audience, ONCE_MORE, ProviderSettings, examine_template, examine_url, moved, origin, read_form,
    shown_url, unfillable,
};
use crate::check::request::{Header, read_headers, secret_headers_mut, show_headers};
use crate::choices;
use crate::form::{Choice as _, Field, FieldError, FieldKind, Form, put_secret};
use crate::secret::{MASK, Secret};

choices! {
    /// The method of the request.
    WebhookMethod {
        /// The usual one.
        Post = "POST", "POST";
        /// For receivers that replace.
        Put = "PUT", "PUT";
        /// For receivers that change.
        Patch = "PATCH", "PATCH";
    }
}

choices! {
    /// How the body is written.
    ContentType {
        /// JSON.
        Json = "application/json", "JSON";
        /// A form with one field `payload` that holds the JSON.
        Form = "application/x-www-form-urlencoded", "Form";
    }
}

choices! {
    /// How the receiver knows us.
    WebhookAuth {
        /// Not at all.
        None = "none", "None";
        /// By a token in `Authorization: Bearer`.
        Bearer = "bearer", "Bearer token";
        /// By user name and password.
        Basic = "basic", "User name and password";
        /// By a header of its own.
        Header = "header", "A header";
    }
}

choices! {
    /// What the body says when there is no template.
    WebhookBody {
        /// The fields of seed 001.
        Incident = "incident", "Incident fields";
        /// The envelope of seed 003.
        Envelope = "envelope", "Event envelope";
    }
}

/// The shortest and the longest time a receiver may take, in milliseconds, and the usual one.
const TIMEOUT_MS: (u32, u32, u32) = (1_000, 60_000, 10_000);
/// Header lines that may be added.
const MAX_HEADERS: usize = 32;
/// What templates may name, or have below it; those of seed 003 and those of the envelope.
const NAMES: &[&str] = &[
    "deliveryId",
    "eventType",
    "eventId",
    "timestamp",
    "subscriptionId",
    "subscriptionName",
    "payload",
    "id",
    "data",
    "subscription",
];
/// What a secret for signing begins with (Standard Webhooks 1.0.0).
const SECRET_PREFIX: &str = "whsec_";

/// Where the request goes and what it carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSettings {
    /// The receiver. Often holds a token, so it is sealed like one.
    pub url: Secret,
    /// The method.
    pub method: WebhookMethod,
    /// How the body is written.
    pub content_type: ContentType,
    /// What the body says.
    pub body: WebhookBody,
    /// How the receiver knows us.
    pub auth: WebhookAuth,
    /// The token for [`WebhookAuth::Bearer`].
    #[serde(default)]
    pub bearer_token: Option<Secret>,
    /// The user name for [`WebhookAuth::Basic`].
    #[serde(default)]
    pub basic_username: Option<String>,
    /// The password for [`WebhookAuth::Basic`].
    #[serde(default)]
    pub basic_password: Option<Secret>,
    /// The name for [`WebhookAuth::Header`].
    #[serde(default)]
    pub auth_header_name: Option<String>,
    /// The value for [`WebhookAuth::Header`].
    #[serde(default)]
    pub auth_header_value: Option<Secret>,
    /// Further headers. Values of names that announce a secret are sealed and masked like one.
    #[serde(default)]
    pub headers: Vec<Header>,
    /// The body instead of the usual one; empty for that.
    #[serde(default)]
    pub template: Option<String>,
    /// Statuses that are tried again whatever they mean elsewhere.
    #[serde(default)]
    pub retry_on: Vec<u16>,
    /// How long the receiver may take, in milliseconds.
    pub timeout_ms: u32,
    /// The key of the Standard Webhooks signature, with its prefix.
    #[serde(default)]
    pub signing_secret: Option<Secret>,
}

impl WebhookSettings {
    /// A plain webhook.
    pub fn to(url: &str) -> Self {
        Self {
            url: url.into(),
            method: WebhookMethod::Post,
            content_type: ContentType::Json,
            body: WebhookBody::Incident,
            auth: WebhookAuth::None,
            bearer_token: None,
            basic_username: None,
            basic_password: None,
            auth_header_name: None,
            auth_header_value: None,
            headers: Vec::new(),
            template: None,
            retry_on: Vec::new(),
            timeout_ms: TIMEOUT_MS.2,
            signing_secret: None,
        }
    }
}

impl ProviderSettings for WebhookSettings {
    const LABEL: &'static str = "Webhook";
    const DESCRIPTION: &'static str = "An HTTP request to a program of your own.";
    const ICON: &'static str = "webhook";
    const AUDIENCE: Audience = Audience::Programs;
    /// 2: headers are pairs, and no lines any more.
    const VERSION: u32 = 2;
    const FIELDS: &'static [Field] = &[
        Field::new("url", "URL", FieldKind::Secret)
            .required()
            .placeholder("https://example.org/hooks/pharos")
            .help("Kept like a password, because it often holds a token. {{path.to.value}} in its path or query is replaced."),
        Field::new("body", "Body", FieldKind::Select(WebhookBody::OPTIONS))
            .default("incident")
            .help("“Incident fields” are resource_name, incident_type, incident_status and so on; the envelope has id, eventType and data."),
        Field::new("method", "Method", FieldKind::Select(WebhookMethod::OPTIONS)).default("POST").advanced(),
        Field::new("content_type", "Content type", FieldKind::Select(ContentType::OPTIONS))
            .default("application/json")
            .advanced(),
        Field::new("auth", "Authentication", FieldKind::Select(WebhookAuth::OPTIONS)).default("none").advanced(),
        Field::new("bearer_token", "Bearer token", FieldKind::Secret).required().when("auth", "bearer").advanced(),
        Field::new("basic_username", "User name", FieldKind::Text).required().when("auth", "basic").advanced(),
        Field::new("basic_password", "Password", FieldKind::Secret).when("auth", "basic").advanced(),
        Field::new("auth_header_name", "Header name", FieldKind::Text)
            .required()
            .placeholder("X-Api-Key")
            .when("auth", "header")
            .advanced(),
        Field::new("auth_header_value", "Header value", FieldKind::Secret).required().when("auth", "header").advanced(),
        Field::new("headers", "Further headers", FieldKind::Lines)
            .placeholder("X-Team: ops")
            .help("One a line, as Name: value. {{path.to.value}} is replaced. Values of secret headers are shown masked and stay unless you change them.")
            .advanced(),
        Field::new("template", "Body template", FieldKind::TextArea)
            .help("Instead of the usual body; {{path.to.value}} is replaced. As JSON, put it in quotes where it is a text, whose quotes and line breaks are escaped, and leave them out where it is a number, a list or an object.")
            .advanced(),
        Field::new("retry_on", "Try again on statuses", FieldKind::Text)
            .placeholder("409, 423")
            .help("Besides 408, 425, 429 and everything from 500 on, which are tried again anyway.")
            .advanced(),
        Field::new("timeout_ms", "Time-out", FieldKind::Number { min: 1_000, max: 60_000, unit: "ms" })
            .default("10000")
            .advanced(),
        Field::new("signing_secret", "Signing secret", FieldKind::Secret)
            .placeholder("whsec_…")
            .help("Signs each request as Standard Webhooks describes.")
            .advanced(),
    ];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| {
            let retry_on = reader.text("retry_on");
            let mut statuses = Vec::new();
            for word in retry_on.split([',', ' ']).filter(|word| !word.is_empty()) {
                match word.parse::<u16>() {
                    Ok(status) => statuses.push(status),
                    Err(_) => reader
                        .error("retry_on", format!("“{word}” is no status; write numbers such as 409, 423.")),
                }
            }
            let url = reader.secret("url", old.map(|old| &old.url)).unwrap_or_default();
            Self {
                url: url.expose().trim().into(),
                method: reader.choice("method"),
                content_type: reader.choice("content_type"),
                body: reader.choice("body"),
                auth: reader.choice("auth"),
                bearer_token: reader.secret("bearer_token", old.and_then(|old| old.bearer_token.as_ref())),
                basic_username: reader.optional_text("basic_username"),
                basic_password: reader
                    .secret("basic_password", old.and_then(|old| old.basic_password.as_ref())),
                auth_header_name: reader.optional_text("auth_header_name"),
                auth_header_value: reader
                    .secret("auth_header_value", old.and_then(|old| old.auth_header_value.as_ref())),
                headers: read_headers(reader, old.map_or(&[], |old| old.headers.as_slice())),
                template: Some(reader.long_text("template")).filter(|text| !text.trim().is_empty()),
                retry_on: statuses,
                timeout_ms: reader.number("timeout_ms", TIMEOUT_MS.0..=TIMEOUT_MS.1),
                signing_secret: reader
                    .secret("signing_secret", old.and_then(|old| old.signing_secret.as_ref())),
            }
        })
    }

    fn to_form(&self) -> Form {
        let statuses: Vec<_> = self.retry_on.iter().map(ToString::to_string).collect();
        let mut form: Form = [
            ("body", self.body.as_str().to_owned()),
            ("method", self.method.as_str().to_owned()),
            ("content_type", self.content_type.as_str().to_owned()),
            ("auth", self.auth.as_str().to_owned()),
            ("basic_username", self.basic_username.clone().unwrap_or_default()),
            ("auth_header_name", self.auth_header_name.clone().unwrap_or_default()),
            ("headers", show_headers(&self.headers)),
            ("template", self.template.clone().unwrap_or_default()),
            ("retry_on", statuses.join(", ")),
            ("timeout_ms", self.timeout_ms.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        put_secret(&mut form, "url", Some(&self.url));
        put_secret(&mut form, "bearer_token", self.bearer_token.as_ref());
        put_secret(&mut form, "basic_password", self.basic_password.as_ref());
        put_secret(&mut form, "auth_header_value", self.auth_header_value.as_ref());
        put_secret(&mut form, "signing_secret", self.signing_secret.as_ref());
        form
    }

    fn target(&self) -> String {
        shown_url(self.url.expose())
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        if self.url.is_empty() {
            errors.push(FieldError::new("url", "Please fill this in."));
        }
        examine_url("url", self.url.expose(), errors);
        examine_template("url", self.url.expose(), errors);
        errors.extend(unfillable(self.url.expose(), NAMES).map(|message| FieldError::new("url", message)));
        let template = self.template.as_deref().unwrap_or_default();
        let problem = unfillable(template, NAMES).or_else(|| self.template_problem());
        errors.extend(problem.map(|message| FieldError::new("template", message)));
        let mut needs = |wanted: WebhookAuth, field: &str, missing: bool| {
            if self.auth == wanted && missing {
                errors.push(FieldError::new(field, "This kind of authentication needs it."));
            }
        };
        needs(WebhookAuth::Bearer, "bearer_token", self.bearer_token.is_none());
        needs(WebhookAuth::Basic, "basic_username", self.basic_username.is_none());
        needs(WebhookAuth::Header, "auth_header_name", self.auth_header_name.is_none());
        needs(WebhookAuth::Header, "auth_header_value", self.auth_header_value.is_none());
        if let Some(name) = &self.auth_header_name
            && !is_header_name(name)
        {
            errors.push(FieldError::new("auth_header_name", format!("“{name}” is no name of a header.")));
        }
        if self.headers.len() > MAX_HEADERS {
            errors.push(FieldError::new("headers", format!("These are more than {MAX_HEADERS} headers.")));
        }
        for Header { name, value } in &self.headers {
            let problem = if !is_header_name(name) {
                format!("“{name}” is no name of a header; write Name: value.")
            } else if value.expose().chars().any(char::is_control) {
                format!("The value of {name} has control characters.")
            } else if let Some(problem) = unfillable(value.expose(), NAMES) {
                format!("{name}: {problem}")
            } else {
                continue;
            };
            errors.push(FieldError::new("headers", problem));
        }
        if let Some(status) = self.retry_on.iter().find(|status| !(300..=599).contains(*status)) {
            errors.push(FieldError::new(
                "retry_on",
                format!("{status} is no status of a failure; those are 300 to 599."),
            ));
        }
        if let Some(secret) = &self.signing_secret
            && signing_key(secret).is_none()
        {
            let message =
                "This is no signing secret: it begins with whsec_, and base64 of 24 to 64 bytes follows.";
            errors.push(FieldError::new("signing_secret", message));
        }
    }

    fn destination(&self, secret: &str) -> Option<&str> {
        (secret != "url").then(|| self.url.expose())
    }

    fn misdirected(&self, form: &Form, old: &Self) -> Vec<FieldError> {
        let mut errors = moved::misdirected(self, form, old);
        let was_kept = |line: &str| {
            line.split_once(':').is_some_and(|(name, value)| {
                let is_known = old.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name.trim()));
                value.trim() == MASK && is_known
            })
        };
        let keeps = form.get("headers").is_some_and(|lines| lines.lines().any(was_kept));
        if keeps && origin(self.url.expose()) != origin(old.url.expose()) {
            errors.push(FieldError::new("headers", ONCE_MORE));
        }
        errors
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        let optional = [
            &mut self.bearer_token,
            &mut self.basic_password,
            &mut self.auth_header_value,
            &mut self.signing_secret,
        ];
        let headers = secret_headers_mut(&mut self.headers);
        std::iter::once(&mut self.url).chain(optional.into_iter().flatten()).chain(headers).collect()
    }

    fn migrate(version: u32, mut data: Value) -> Result<Value, String> {
        if version != 1 {
            return Err(format!("there is no way from version {version}"));
        }
        let Some(headers) = data.get_mut("headers").and_then(Value::as_array_mut) else { return Ok(data) };
        for header in headers {
            let line = header.as_str().ok_or("a header is no text")?;
            let (name, value) = line.split_once(':').ok_or("a header has no colon")?;
            *header = json!({ "name": name.trim(), "value": value.trim() });
        }
        Ok(data)
    }
}

/// The bytes that a signing secret stands for (Standard Webhooks 1.0.0: base64 after a prefix, 24 to 64 bytes).
pub fn signing_key(secret: &Secret) -> Option<Vec<u8>> {
    let digits = secret.expose().strip_prefix(SECRET_PREFIX)?;
    let key = base64::engine::general_purpose::STANDARD.decode(digits).ok()?;
    (24..=64).contains(&key.len()).then_some(key)
}

/// Whether a text is a token of RFC 9110, section 5.6.2.
fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests;

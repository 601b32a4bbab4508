//! apprise: a server of the Apprise API, which passes messages on to some hundred services.

use serde::{Deserialize, Serialize};

use super::{Audience, ProviderSettings, examine_url, read_form, shown_url};
use crate::form::{Field, FieldError, FieldKind, Form, put_secret};
use crate::secret::Secret;

/// The longest key of a stored configuration, in characters.
const MAX_KEY: usize = 64;

/// Where messages go: a configuration that the server keeps under a key, or URLs that come with each message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppriseSettings {
    /// The server, without a slash at the end.
    pub server: String,
    /// The key of a configuration. Whoever knows it can use it, so it is sealed like a password.
    #[serde(default)]
    pub key: Option<Secret>,
    /// Whom of the configuration to tell: a comma means “or”, a space means “and”.
    #[serde(default)]
    pub tag: Option<String>,
    /// URLs of Apprise, one a line: they hold tokens.
    #[serde(default)]
    pub urls: Option<Secret>,
    /// A user name, when a proxy before the server asks for one.
    #[serde(default)]
    pub username: Option<String>,
    /// The password of that user.
    #[serde(default)]
    pub password: Option<Secret>,
}

impl AppriseSettings {
    /// Messages to what a server keeps under a key.
    pub fn by_key(server: &str, key: &str) -> Self {
        Self { key: Some(key.into()), ..Self::at(server) }
    }

    /// Messages to URLs.
    pub fn by_urls(server: &str, urls: &str) -> Self {
        Self { urls: Some(urls.into()), ..Self::at(server) }
    }

    fn at(server: &str) -> Self {
        Self { server: server.to_owned(), key: None, tag: None, urls: None, username: None, password: None }
    }
}

impl ProviderSettings for AppriseSettings {
    const LABEL: &'static str = "Apprise";
    const DESCRIPTION: &'static str =
        "A server of the Apprise API, which reaches some hundred other services.";
    const ICON: &'static str = "megaphone";
    const AUDIENCE: Audience = Audience::People;
    const FIELDS: &'static [Field] = &[
        Field::new("server", "Server", FieldKind::Url).required().placeholder("http://apprise:8000"),
        Field::new("key", "Configuration key", FieldKind::Secret)
            .placeholder("ops")
            .help("Of a configuration that the server keeps. Leave it empty to give URLs instead."),
        Field::new("tag", "Tag", FieldKind::Text)
            .placeholder("oncall")
            .help("Whom of the configuration to tell; empty for everybody without a tag."),
        Field::new("urls", "Apprise URLs", FieldKind::SecretArea)
            .placeholder("mailto://user:password@example.org")
            .help("One a line, when there is no key."),
        Field::new("username", "User name", FieldKind::Text).advanced(),
        Field::new("password", "Password", FieldKind::Secret).advanced(),
    ];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| {
            let key = reader.secret("key", old.and_then(|old| old.key.as_ref()));
            Self {
                server: reader.text("server").trim_end_matches('/').to_owned(),
                key: key.map(|key| key.expose().trim().into()),
                tag: reader.optional_text("tag"),
                urls: reader.secret("urls", old.and_then(|old| old.urls.as_ref())),
                username: reader.optional_text("username"),
                password: reader.secret("password", old.and_then(|old| old.password.as_ref())),
            }
        })
    }

    fn to_form(&self) -> Form {
        let mut form: Form = [
            ("server", self.server.clone()),
            ("tag", self.tag.clone().unwrap_or_default()),
            ("username", self.username.clone().unwrap_or_default()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        put_secret(&mut form, "key", self.key.as_ref());
        put_secret(&mut form, "urls", self.urls.as_ref());
        put_secret(&mut form, "password", self.password.as_ref());
        form
    }

    fn target(&self) -> String {
        let server = shown_url(&self.server);
        match &self.tag {
            Some(tag) => format!("{server} {tag}"),
            None => server,
        }
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        examine_url("server", &self.server, errors);
        match (&self.key, &self.urls) {
            (None, None) => {
                let message = "Enter a configuration key, or Apprise URLs.";
                errors.push(FieldError::new("key", message));
            }
            (Some(_), Some(_)) => {
                let message = "With a configuration key the server has its own URLs; remove one of them.";
                errors.push(FieldError::new("urls", message));
            }
            _ => {}
        }
        if let Some(key) = &self.key {
            let key = key.expose();
            let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            if key.is_empty() || key.len() > MAX_KEY || !plain {
                let message =
                    format!("A key has letters, digits, “-” and “_” only, and at most {MAX_KEY} of them.");
                errors.push(FieldError::new("key", message));
            }
        }
        if let Some(urls) = &self.urls
            && !urls.expose().lines().any(|line| line.contains("://"))
        {
            let message = "There is no URL in it; one looks like mailto://user:password@example.org.";
            errors.push(FieldError::new("urls", message));
        }
        if self.tag.is_some() && self.key.is_none() {
            errors.push(FieldError::new("tag", "Tags belong to a configuration; enter its key too."));
        }
        if self.username.is_none() && self.password.is_some() {
            errors.push(FieldError::new("username", "The password needs a user name with it."));
        }
    }

    fn destination(&self, secret: &str) -> Option<&str> {
        let _ = secret;
        Some(&self.server)
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        [&mut self.key, &mut self.urls, &mut self.password].into_iter().flatten().collect()
    }
}

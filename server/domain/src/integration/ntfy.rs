//! ntfy: push messages to phones and browsers, by ntfy.sh or a server of one's own.

use serde::{Deserialize, Serialize};

use super::{Audience, ProviderSettings, examine_url, read_form};
use crate::choices;
use crate::form::{Choice as _, Field, FieldError, FieldKind, Form, put_secret};
use crate::secret::Secret;

choices! {
    /// How loud a message is (docs.ntfy.sh, message priority).
    NtfyPriority {
        /// By what happened: outages loud, recoveries usual.
        Auto = "auto", "By what happened";
        /// No sound, folded away.
        Min = "1", "Min";
        /// No sound.
        Low = "2", "Low";
        /// The usual sound.
        Usual = "3", "Default";
        /// Long vibration.
        High = "4", "High";
        /// Very long vibration, pops over.
        Max = "5", "Max";
    }
}

/// The server that the makers of ntfy run.
const SERVER: &str = "https://ntfy.sh";
/// The longest topic, in characters.
const MAX_TOPIC: usize = 64;

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NtfySettings {
    /// The server, without a slash at the end.
    pub server: String,
    /// The topic. Whoever knows it may listen on a server without access control, so it is sealed like a password.
    pub topic: Secret,
    /// An access token.
    #[serde(default)]
    pub token: Option<Secret>,
    /// A user name, for servers without tokens.
    #[serde(default)]
    pub username: Option<String>,
    /// The password of that user.
    #[serde(default)]
    pub password: Option<Secret>,
    /// How loud outages are.
    pub priority: NtfyPriority,
}

impl NtfySettings {
    /// Messages to a topic.
    pub fn to(server: &str, topic: &str) -> Self {
        Self {
            server: server.to_owned(),
            topic: topic.into(),
            token: None,
            username: None,
            password: None,
            priority: NtfyPriority::Auto,
        }
    }
}

impl ProviderSettings for NtfySettings {
    const LABEL: &'static str = "ntfy";
    const DESCRIPTION: &'static str = "A push message to phones, by ntfy.sh or a server of your own.";
    const ICON: &'static str = "bell-ring";
    const AUDIENCE: Audience = Audience::People;
    const FIELDS: &'static [Field] = &[
        Field::new("server", "Server", FieldKind::Url).required().default(SERVER).placeholder(SERVER),
        Field::new("topic", "Topic", FieldKind::Secret)
            .required()
            .placeholder("pharos-7f3kq9")
            .help("Kept like a password: on ntfy.sh, whoever knows it can listen."),
        Field::new("token", "Access token", FieldKind::Secret)
            .placeholder("tk_…")
            .help("When the topic is protected."),
        Field::new("priority", "Priority of outages", FieldKind::Select(NtfyPriority::OPTIONS))
            .default("auto")
            .advanced(),
        Field::new("username", "User name", FieldKind::Text).help("Instead of a token.").advanced(),
        Field::new("password", "Password", FieldKind::Secret).advanced(),
    ];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| {
            let topic = reader.secret("topic", old.map(|old| &old.topic)).unwrap_or_default();
            Self {
                server: reader.text("server").trim_end_matches('/').to_owned(),
                topic: topic.expose().trim().into(),
                token: reader.secret("token", old.and_then(|old| old.token.as_ref())),
                username: reader.optional_text("username"),
                password: reader.secret("password", old.and_then(|old| old.password.as_ref())),
                priority: reader.choice("priority"),
            }
        })
    }

    fn to_form(&self) -> Form {
        let mut form: Form = [
            ("server", self.server.clone()),
            ("username", self.username.clone().unwrap_or_default()),
            ("priority", self.priority.as_str().to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        put_secret(&mut form, "topic", Some(&self.topic));
        put_secret(&mut form, "token", self.token.as_ref());
        put_secret(&mut form, "password", self.password.as_ref());
        form
    }

    fn target(&self) -> String {
        super::shown_host(&self.server)
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        examine_url("server", &self.server, errors);
        // The server's own rule for topics.
        let topic = self.topic.expose();
        let plain = topic.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if topic.is_empty() {
            errors.push(FieldError::new("topic", "Please fill this in."));
        } else if !plain || topic.len() > MAX_TOPIC {
            let message =
                format!("A topic has letters, digits, “-” and “_” only, and at most {MAX_TOPIC} of them.");
            errors.push(FieldError::new("topic", message));
        }
        if self.token.is_some() && self.username.is_some() {
            let message = "A token takes the place of user name and password; remove one of them.";
            errors.push(FieldError::new("username", message));
        }
        if self.username.is_some() != self.password.is_some() {
            let missing = if self.username.is_some() { "password" } else { "username" };
            errors.push(FieldError::new(missing, "User name and password belong together; enter both."));
        }
    }

    fn destination(&self, secret: &str) -> Option<&str> {
        let _ = secret;
        Some(&self.server)
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        let optional = [&mut self.token, &mut self.password];
        std::iter::once(&mut self.topic).chain(optional.into_iter().flatten()).collect()
    }
}

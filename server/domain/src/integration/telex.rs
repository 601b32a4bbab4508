//! telex: messages in a channel of telex.im, by the channel's webhook (contracts.md 1.7).

use serde::{Deserialize, Serialize};

use super::{Audience, ProviderSettings, examine_secret_url, read_form, read_secret_url, shown_host};
use crate::form::{Field, FieldError, FieldKind, Form, put_secret};
use crate::secret::Secret;

/// Who messages come from, unless somebody chose another name.
const USERNAME: &str = "Pharos";
/// What a webhook looks like.
const EXAMPLE: &str = "https://ping.telex.im/v1/webhooks/…";

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TelexSettings {
    /// The channel's webhook: whoever knows it can post.
    pub url: Secret,
    /// Who messages come from.
    pub username: String,
}

impl TelexSettings {
    /// Messages by a webhook.
    pub fn to(url: &str) -> Self {
        Self { url: url.into(), username: USERNAME.to_owned() }
    }
}

impl ProviderSettings for TelexSettings {
    const LABEL: &'static str = "Telex";
    const DESCRIPTION: &'static str = "A message in a channel of telex.im, by the channel's webhook.";
    const ICON: &'static str = "messages-square";
    const AUDIENCE: Audience = Audience::People;
    const FIELDS: &'static [Field] = &[
        Field::new("url", "Webhook URL", FieldKind::Secret)
            .required()
            .placeholder(EXAMPLE)
            .help("In Telex: the channel's settings, Webhooks."),
        Field::new("username", "Name", FieldKind::Text).required().default(USERNAME).advanced(),
    ];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| Self {
            url: read_secret_url(reader, "url", old.map(|old| &old.url)).unwrap_or_default(),
            username: reader.text("username"),
        })
    }

    fn to_form(&self) -> Form {
        let mut form: Form = [("username".to_owned(), self.username.clone())].into();
        put_secret(&mut form, "url", Some(&self.url));
        form
    }

    fn target(&self) -> String {
        shown_host(self.url.expose())
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        examine_secret_url("url", &self.url, EXAMPLE, errors);
        if self.username.is_empty() {
            errors.push(FieldError::new("username", "Please fill this in: Telex shows nothing without it."));
        }
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        vec![&mut self.url]
    }
}

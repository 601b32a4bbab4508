//! discord: messages in a channel, by its webhook.

use serde::{Deserialize, Serialize};

use super::{Audience, ProviderSettings, examine_secret_url, read_form, read_secret_url, shown_host};
use crate::form::{Field, FieldError, FieldKind, Form, put_secret};
use crate::secret::Secret;

/// The longest name that a message may carry, in characters.
const MAX_USERNAME: usize = 80;
/// Words that Discord refuses in names, whatever their case.
const REFUSED: [&str; 2] = ["clyde", "discord"];
/// What a webhook looks like.
const EXAMPLE: &str = "https://discord.com/api/webhooks/1234567890/…";

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscordSettings {
    /// The webhook: whoever knows it can post.
    pub url: Secret,
    /// Who the messages seem to come from; the webhook's own name otherwise.
    #[serde(default)]
    pub username: Option<String>,
    /// The thread, or the post of a forum, that messages go to.
    #[serde(default)]
    pub thread_id: Option<String>,
    /// What mentions people: `@here`, `@everyone`, or a role's id as `<@&…>`.
    #[serde(default)]
    pub mention: Option<String>,
}

impl DiscordSettings {
    /// Messages by a webhook.
    pub fn to(url: &str) -> Self {
        Self { url: url.into(), username: None, thread_id: None, mention: None }
    }
}

impl ProviderSettings for DiscordSettings {
    const LABEL: &'static str = "Discord";
    const DESCRIPTION: &'static str = "A message in a channel, by the channel's webhook.";
    const ICON: &'static str = "message-circle";
    const AUDIENCE: Audience = Audience::People;
    const FIELDS: &'static [Field] = &[
        Field::new("url", "Webhook URL", FieldKind::Secret)
            .required()
            .placeholder(EXAMPLE)
            .help("In Discord: the channel's settings, Integrations, Webhooks, Copy webhook URL."),
        Field::new("mention", "Mention", FieldKind::Text)
            .placeholder("@here")
            .help("Who is called when a monitor goes down: @here, @everyone, or a role as <@&its id>."),
        Field::new("username", "Name", FieldKind::Text)
            .placeholder("Pharos")
            .help("Who messages seem to come from; empty for the webhook's own name.")
            .advanced(),
        Field::new("thread_id", "Thread", FieldKind::Text)
            .placeholder("1234567890")
            .help("The id of a thread, or of a post when the channel is a forum.")
            .advanced(),
    ];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| Self {
            url: read_secret_url(reader, "url", old.map(|old| &old.url)).unwrap_or_default(),
            username: reader.optional_text("username"),
            thread_id: reader.optional_text("thread_id"),
            mention: reader.optional_text("mention"),
        })
    }

    fn to_form(&self) -> Form {
        let mut form: Form = [
            ("username", self.username.clone().unwrap_or_default()),
            ("thread_id", self.thread_id.clone().unwrap_or_default()),
            ("mention", self.mention.clone().unwrap_or_default()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        put_secret(&mut form, "url", Some(&self.url));
        form
    }

    fn target(&self) -> String {
        let host = shown_host(self.url.expose());
        // The id is no secret, the token behind it is.
        let id = self.url.expose().split_once("/webhooks/").and_then(|(_, rest)| rest.split('/').next());
        match id {
            Some(id) => format!("{host} {id}"),
            None => host,
        }
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        examine_secret_url("url", &self.url, EXAMPLE, errors);
        if let Some(name) = &self.username {
            if name.chars().count() > MAX_USERNAME {
                let message = format!("This is longer than {MAX_USERNAME} characters; please shorten it.");
                errors.push(FieldError::new("username", message));
            }
            if let Some(word) = REFUSED.iter().find(|word| name.to_lowercase().contains(*word)) {
                let message = format!("Discord takes no name with “{word}” in it; choose another.");
                errors.push(FieldError::new("username", message));
            }
        }
        if let Some(id) = self.thread_id.as_ref().filter(|id| !is_id(id)) {
            let message = format!("“{id}” is no id of a thread; those are numbers such as 1234567890.");
            errors.push(FieldError::new("thread_id", message));
        }
        if let Some(mention) = &self.mention
            && self.mentioned().is_none()
        {
            let message =
                format!("“{mention}” mentions nobody; write @here, @everyone, or a role as <@&its id>.");
            errors.push(FieldError::new("mention", message));
        }
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        vec![&mut self.url]
    }
}

/// Who is mentioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mentioned<'a> {
    /// Everybody, or everybody who is there.
    Everyone,
    /// A role, by its id.
    Role(&'a str),
    /// A person, by the id.
    User(&'a str),
}

impl DiscordSettings {
    /// Whom [`DiscordSettings::mention`] calls; `None` when it is empty or calls nobody.
    pub fn mentioned(&self) -> Option<Mentioned<'_>> {
        let text = self.mention.as_deref()?;
        if matches!(text, "@here" | "@everyone") {
            return Some(Mentioned::Everyone);
        }
        let inner = text.strip_prefix("<@")?.strip_suffix('>')?;
        match inner.strip_prefix('&') {
            Some(role) if is_id(role) => Some(Mentioned::Role(role)),
            None if is_id(inner) => Some(Mentioned::User(inner)),
            _ => None,
        }
    }
}

/// Whether a text is one of Discord's ids.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit())
}

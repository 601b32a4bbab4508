//! telegram: messages in a chat, a group or a channel, by a bot.

use serde::{Deserialize, Serialize};

use super::{Audience, ProviderSettings, examine_url, read_form};
use crate::form::{Field, FieldError, FieldKind, Form, put_secret};
use crate::secret::Secret;

/// Where the Bot API is, unless somebody runs a server of their own.
const API_URL: &str = "https://api.telegram.org";

/// Which bot writes where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TelegramSettings {
    /// The bot's token: its number, a colon and a secret.
    pub bot_token: Secret,
    /// The chat: a number, below zero for groups, or the `@name` of a channel.
    pub chat_id: String,
    /// The topic of a group with topics.
    #[serde(default)]
    pub message_thread_id: Option<i64>,
    /// Whether phones stay silent.
    #[serde(default)]
    pub silent: bool,
    /// Where the Bot API is, without a slash at the end.
    #[serde(default = "api_url")]
    pub api_url: String,
}

fn api_url() -> String {
    API_URL.to_owned()
}

impl TelegramSettings {
    /// Messages of a bot in a chat.
    pub fn to(bot_token: &str, chat_id: &str) -> Self {
        Self {
            bot_token: bot_token.into(),
            chat_id: chat_id.to_owned(),
            message_thread_id: None,
            silent: false,
            api_url: api_url(),
        }
    }
}

impl ProviderSettings for TelegramSettings {
    const LABEL: &'static str = "Telegram";
    const DESCRIPTION: &'static str = "A message in a chat, a group or a channel, by a bot.";
    const ICON: &'static str = "send";
    const AUDIENCE: Audience = Audience::People;
    const FIELDS: &'static [Field] = &[
        Field::new("bot_token", "Bot token", FieldKind::Secret)
            .required()
            .placeholder("123456789:AA…")
            .help("@BotFather gives one when you create a bot."),
        Field::new("chat_id", "Chat", FieldKind::Text)
            .required()
            .placeholder("-1001234567890")
            .help("The number of the chat or group, or the @name of a channel. The bot must be a member."),
        Field::new("message_thread_id", "Topic", FieldKind::Text)
            .placeholder("42")
            .help("The number of a topic, when the group has topics.")
            .advanced(),
        Field::new("silent", "Without a sound", FieldKind::Checkbox).default("false").advanced(),
        Field::new("api_url", "Bot API server", FieldKind::Url)
            .default(API_URL)
            .help("Change it when you run a Bot API server of your own.")
            .advanced(),
    ];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| {
            let token = reader.secret("bot_token", old.map(|old| &old.bot_token)).unwrap_or_default();
            let topic = reader.optional_text("message_thread_id");
            let message_thread_id = topic.and_then(|text| {
                let number = text.parse().ok();
                if number.is_none() {
                    let message = format!("“{text}” is no topic; write its number, such as 42.");
                    reader.error("message_thread_id", message);
                }
                number
            });
            Self {
                bot_token: token.expose().trim().into(),
                chat_id: reader.text("chat_id"),
                message_thread_id,
                silent: reader.checkbox("silent"),
                api_url: reader.text("api_url").trim_end_matches('/').to_owned(),
            }
        })
    }

    fn to_form(&self) -> Form {
        let topic = self.message_thread_id.map(|topic| topic.to_string());
        let mut form: Form = [
            ("chat_id", self.chat_id.clone()),
            ("message_thread_id", topic.unwrap_or_default()),
            ("silent", self.silent.to_string()),
            ("api_url", self.api_url.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        put_secret(&mut form, "bot_token", Some(&self.bot_token));
        form
    }

    fn target(&self) -> String {
        format!("Telegram {}", self.chat_id)
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        if !is_token(self.bot_token.expose()) {
            let message =
                "This is no bot token: a number, a colon and some 35 letters, as @BotFather gives it.";
            errors.push(FieldError::new("bot_token", message));
        }
        let chat = &self.chat_id;
        let name = chat.strip_prefix('@').is_some_and(|name| !name.is_empty() && is_plain(name));
        if chat.parse::<i64>().is_err() && !name {
            let message = format!(
                "“{chat}” is no chat; write its number, such as -1001234567890, or the @name of a channel."
            );
            errors.push(FieldError::new("chat_id", message));
        }
        if self.api_url.is_empty() {
            errors.push(FieldError::new("api_url", format!("Please fill this in; usually it is {API_URL}.")));
        }
        examine_url("api_url", &self.api_url, errors);
    }

    fn destination(&self, secret: &str) -> Option<&str> {
        let _ = secret;
        Some(&self.api_url)
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        vec![&mut self.bot_token]
    }
}

/// Whether a text can stand in a path and be a bot's token.
fn is_token(text: &str) -> bool {
    text.split_once(':').is_some_and(|(number, secret)| {
        !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && !secret.is_empty()
            && is_plain(secret)
    })
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

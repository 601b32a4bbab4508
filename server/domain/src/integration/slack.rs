//! slack: messages in a channel, by the bot of an app (which can change its messages later) or by an incoming webhook.

use serde::{Deserialize, Serialize};

use super::{
    Audience, ProviderSettings, examine_secret_url, examine_url, read_form, read_secret_url, shown_host,
};
use crate::form::{Field, FieldError, FieldKind, Form, put_secret};
use crate::secret::Secret;

/// Where the methods of the Web API are; `GovSlack` has them at `https://slack-gov.com/api`.
const API_URL: &str = "https://slack.com/api";
/// What bot tokens begin with; those that rotate begin with the second.
const BOT_PREFIXES: [&str; 2] = ["xoxb-", "xoxe.xoxb-"];

/// Where messages go and who writes them. The OAuth flow fills in everything, an operator the webhook or the bot's token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlackSettings {
    /// An incoming webhook. Used only without a bot's token and channel: what it posts cannot be changed later.
    #[serde(default)]
    pub webhook_url: Option<Secret>,
    /// The token of the app's bot.
    #[serde(default)]
    pub bot_token: Option<Secret>,
    /// The id of the channel.
    #[serde(default)]
    pub channel_id: Option<String>,
    /// What the channel is called, with its `#`.
    #[serde(default)]
    pub channel_name: Option<String>,
    /// The token of whoever installed the app, if the app asked for one.
    #[serde(default)]
    pub user_token: Option<Secret>,
    /// The id of the bot's user.
    #[serde(default)]
    pub bot_user_id: Option<String>,
    /// The id of the workspace, by which calls from Slack are assigned.
    #[serde(default)]
    pub team_id: Option<String>,
    /// What the workspace is called.
    #[serde(default)]
    pub team_name: Option<String>,
    /// Where the methods of the Web API are, without a slash at the end.
    #[serde(default = "api_url")]
    pub api_url: String,
}

fn api_url() -> String {
    API_URL.to_owned()
}

impl SlackSettings {
    /// Messages by an incoming webhook.
    pub fn by_webhook(url: &str) -> Self {
        Self { webhook_url: Some(url.into()), ..Self::empty() }
    }

    /// Messages by a bot.
    pub fn by_bot(token: &str, channel_id: &str) -> Self {
        Self { bot_token: Some(token.into()), channel_id: Some(channel_id.to_owned()), ..Self::empty() }
    }

    fn empty() -> Self {
        Self {
            webhook_url: None,
            bot_token: None,
            channel_id: None,
            channel_name: None,
            user_token: None,
            bot_user_id: None,
            team_id: None,
            team_name: None,
            api_url: api_url(),
        }
    }

    /// The bot's token and the channel, when there are both.
    pub fn bot(&self) -> Option<(&Secret, &str)> {
        let token = self.bot_token.as_ref().filter(|token| !token.is_empty())?;
        let channel = self.channel_id.as_deref().filter(|channel| !channel.is_empty())?;
        Some((token, channel))
    }
}

impl ProviderSettings for SlackSettings {
    const LABEL: &'static str = "Slack";
    const DESCRIPTION: &'static str =
        "A message in a channel; with a bot it has buttons and changes when the incident does.";
    const ICON: &'static str = "hash";
    const AUDIENCE: Audience = Audience::People;
    const FOLLOWS: bool = true;
    const FIELDS: &'static [Field] = &[
        Field::new("webhook_url", "Webhook URL", FieldKind::Secret)
            .placeholder("https://hooks.slack.com/services/T…/B…/…")
            .help("The quick way. With a bot token and a channel instead, messages have buttons and are kept up to date."),
        Field::new("bot_token", "Bot token", FieldKind::Secret)
            .placeholder("xoxb-…")
            .help("Of a Slack app with the scope chat:write; it takes the place of the webhook."),
        Field::new("channel_id", "Channel", FieldKind::Text)
            .placeholder("C0123456789")
            .help("The id at the end of the channel's details. Invite the app to the channel."),
        Field::new("api_url", "Web API", FieldKind::Url)
            .default(API_URL)
            .help("GovSlack has it at https://slack-gov.com/api.")
            .advanced(),
    ];

    fn from_form(form: &Form, old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| {
            let webhook_url =
                read_secret_url(reader, "webhook_url", old.and_then(|old| old.webhook_url.as_ref()));
            let bot_token = reader.secret("bot_token", old.and_then(|old| old.bot_token.as_ref()));
            let channel_id = reader.optional_text("channel_id");
            let api_url = reader.text("api_url").trim_end_matches('/').to_owned();
            let kept = old.cloned().unwrap_or_else(Self::empty);
            // The name belongs to the channel that was chosen when the app was installed.
            let channel_name = kept.channel_name.filter(|_| kept.channel_id == channel_id);
            Self { webhook_url, bot_token, channel_id, channel_name, api_url, ..kept }
        })
    }

    fn to_form(&self) -> Form {
        let mut form: Form =
            [("channel_id", self.channel_id.clone().unwrap_or_default()), ("api_url", self.api_url.clone())]
                .map(|(name, value)| (name.to_owned(), value))
                .into();
        put_secret(&mut form, "webhook_url", self.webhook_url.as_ref());
        put_secret(&mut form, "bot_token", self.bot_token.as_ref());
        form
    }

    fn target(&self) -> String {
        let channel = self.channel_name.as_ref().or(self.channel_id.as_ref());
        let words: Vec<_> = self.team_name.iter().chain(channel).map(String::as_str).collect();
        match &self.webhook_url {
            Some(url) if words.is_empty() => shown_host(url.expose()),
            _ => words.join(" "),
        }
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        if let Some(url) = &self.webhook_url {
            examine_secret_url("webhook_url", url, "https://hooks.slack.com/services/T…/B…/…", errors);
        }
        match (&self.bot_token, &self.channel_id) {
            (None, None) if self.webhook_url.is_none() => {
                let message = "Enter a webhook URL, or a bot token and a channel.";
                errors.push(FieldError::new("webhook_url", message));
            }
            (None, Some(_)) if self.webhook_url.is_none() => {
                errors.push(FieldError::new("bot_token", "The channel needs a bot token with it."));
            }
            (Some(_), None) => errors.push(FieldError::new(
                "channel_id",
                "The bot token needs the id of a channel with it, such as C0123456789.",
            )),
            _ => {}
        }
        if let Some(token) = &self.bot_token
            && !BOT_PREFIXES.iter().any(|prefix| token.expose().starts_with(prefix))
        {
            let message =
                "This is no bot token: those begin with xoxb-. It is called Bot User OAuth Token in Slack.";
            errors.push(FieldError::new("bot_token", message));
        }
        if let Some(channel) = &self.channel_id
            && channel.chars().any(char::is_whitespace)
        {
            let message = format!("“{channel}” is no channel; write its id, such as C0123456789.");
            errors.push(FieldError::new("channel_id", message));
        }
        if self.api_url.is_empty() {
            errors.push(FieldError::new("api_url", format!("Please fill this in; usually it is {API_URL}.")));
        }
        examine_url("api_url", &self.api_url, errors);
    }

    fn destination(&self, secret: &str) -> Option<&str> {
        (secret == "bot_token").then_some(self.api_url.as_str())
    }

    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        [&mut self.webhook_url, &mut self.bot_token, &mut self.user_token].into_iter().flatten().collect()
    }
}

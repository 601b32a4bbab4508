//! telegram: `sendMessage` of the Bot API (core.telegram.org/bots/api), as HTML.

use std::time::Duration;

use domain::integration::TelegramSettings;
use domain::message::Message;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::http::{Answer, Call, Outbound};
use super::words::{self, entity, escaped, event_json, fit, named, with_pause};
use super::{Attempting, DeliveryError, Provider, Receipt};

/// Characters of a message's text after its marks are read. Telegram takes 4,096 with headline and link.
const MAX_TEXT: usize = 3_500;
/// Characters of the headline.
const MAX_TITLE: usize = 300;
/// A chat takes about one message a second.
const PACE: Duration = Duration::from_secs(1);

impl Provider for TelegramSettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            let mut body = body(self, message, attempting);
            let mut answer = call(self, "sendMessage", &body, outbound, attempting).await?;
            let mut learned = None;
            // A group that became a supergroup has another number; Telegram says which.
            if let Some(chat) = named(answer.json().as_ref(), "/parameters/migrate_to_chat_id") {
                body["chat_id"] = chat.as_str().into();
                // What was answered to had a number of the old group.
                if let Some(body) = body.as_object_mut() {
                    body.remove("reply_parameters");
                }
                answer = call(self, "sendMessage", &body, outbound, attempting).await?;
                learned = Some(Box::new(Self { chat_id: chat, ..self.clone() }.into()));
            }
            let answer = judged(answer)?;
            Ok(Receipt {
                external_id: named(answer.json().as_ref(), "/result/message_id"),
                learned,
                ..Receipt::default()
            })
        }
        .boxed()
    }

    fn pace(&self) -> Option<Duration> {
        Some(PACE)
    }

    fn timeout(&self) -> Duration {
        // There may be two calls.
        Duration::from_secs(20)
    }

    fn probe<'a>(
        &'a self,
        outbound: &'a Outbound,
        attempting: &'a Attempting<'a>,
    ) -> Option<BoxFuture<'a, Result<String, DeliveryError>>> {
        Some(
            async move {
                let chat = json!({ "chat_id": self.chat_id });
                let answer = judged(call(self, "getChat", &chat, outbound, attempting).await?)?;
                let json = answer.json();
                let name = ["/result/title", "/result/username", "/result/first_name"];
                let name = name.iter().find_map(|pointer| named(json.as_ref(), pointer));
                Ok(format!("The bot knows the chat “{}”.", name.unwrap_or_else(|| self.chat_id.clone())))
            }
            .boxed(),
        )
    }
}

async fn call(
    settings: &TelegramSettings,
    method: &str,
    body: &Value,
    outbound: &Outbound,
    attempting: &Attempting<'_>,
) -> Result<Answer, DeliveryError> {
    let token = settings.bot_token.expose();
    let url = format!("{}/bot{token}/{method}", settings.api_url);
    outbound.send(Call::json(url, body).secret(token), attempting).await
}

fn judged(answer: Answer) -> Result<Answer, DeliveryError> {
    let answer = with_pause(answer, "/parameters/retry_after");
    let json = answer.json();
    let said = named(json.as_ref(), "/description");
    answer.verdict(&[]).map_err(|error| match error {
        DeliveryError::Permanent { reason } => {
            let remedy = said.as_deref().and_then(|said| remedy(answer.status, said));
            match (said, remedy) {
                (Some(said), Some(remedy)) => DeliveryError::permanent(format!(
                    "HTTP {}: Telegram says “{}”: {remedy}.",
                    answer.status,
                    fit(&said, 200)
                )),
                _ => DeliveryError::Permanent { reason },
            }
        }
        error @ DeliveryError::Retry { .. } => error,
    })?;
    Ok(answer)
}

/// What the operator has to do about what Telegram says.
fn remedy(status: u16, said: &str) -> Option<&'static str> {
    let said = said.to_lowercase();
    let remedies = [
        ("chat not found", "check the chat, and add the bot to it or write to the bot first"),
        ("thread not found", "the topic is gone; check its number"),
        ("topic_closed", "the topic is closed; open it, or choose another"),
        ("blocked by the user", "whoever has the chat blocked the bot; it must be unblocked there"),
        ("kicked", "the bot was removed from the chat; add it again"),
        ("not a member", "the bot is no member of the chat; add it"),
        ("deactivated", "the chat or its user does not exist any more; choose another"),
        ("can't initiate conversation", "whoever has the chat must write to the bot first"),
        ("not enough rights", "the bot may not write there; allow it in the chat's settings"),
        ("unauthorized", "check the bot token; @BotFather shows it"),
    ];
    let found = remedies.iter().find(|(word, _)| said.contains(word)).map(|(_, remedy)| *remedy);
    found.or_else(|| (status == 404).then_some("check the bot token and the address of the Bot API"))
}

fn body(settings: &TelegramSettings, message: &Message, attempting: &Attempting<'_>) -> Value {
    let title = escaped(&words::title(message, MAX_TITLE), usize::MAX, entity);
    let text = match event_json(message) {
        Some(json) => {
            let json = escaped(&fit(&json, MAX_TEXT), usize::MAX, entity);
            format!("<pre><code class=\"language-json\">{json}</code></pre>")
        }
        None => escaped(&fit(&message.text(attempting.now), MAX_TEXT), usize::MAX, entity),
    };
    let mut html = format!("<b>{title}</b>\n\n{text}");
    if let Some(link) = words::link(message) {
        // Not a button: Telegram refuses the whole message when a button's address is one of a private network.
        let link = escaped(&link, usize::MAX, |character| match character {
            '"' => Some("&quot;"),
            other => entity(other),
        });
        html = format!("{html}\n\n<a href=\"{link}\">Open</a>");
    }
    let mut body = json!({
        "chat_id": settings.chat_id,
        "text": html,
        "parse_mode": "HTML",
        "link_preview_options": { "is_disabled": true },
    });
    if settings.silent {
        body["disable_notification"] = true.into();
    }
    if let Some(topic) = settings.message_thread_id {
        body["message_thread_id"] = topic.into();
    }
    if let Some(first) = attempting.external_id.and_then(|id| id.parse::<i64>().ok()) {
        // Somebody may have deleted it.
        body["reply_parameters"] = json!({ "message_id": first, "allow_sending_without_reply": true });
    }
    body
}

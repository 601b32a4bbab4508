//! slack: `chat.postMessage` and `chat.update` of a bot, or an incoming webhook (contracts.md 8.2).

mod blocks;
mod verdict;

use std::time::Duration;

use domain::alert::AlertKind;
use domain::integration::SlackSettings;
use domain::message::{Body, Message};
use domain::secret::Secret;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::http::{Answer, Call, Outbound};
use super::words::named;
use super::{Attempting, DeliveryError, Provider, Receipt};

pub use blocks::{ACKNOWLEDGE, RESOLVE, blocks, summary};

/// Slack takes about one message a second in a channel.
const PACE: Duration = Duration::from_secs(1);
/// Errors of `chat.update` after which only a new message tells people.
const CANNOT_UPDATE: [&str; 3] = ["message_not_found", "cant_update_message", "edit_window_closed"];

impl Provider for SlackSettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            let external_id = match (self.bot(), &self.webhook_url) {
                (Some((token, channel)), _) => {
                    let bot = Bot { settings: self, token, outbound, attempting };
                    let posted = bot.tell(channel, message).await?;
                    // The message about a storm is not the message of any one incident of it: nothing of it may be replaced.
                    posted.filter(|_| !matches!(message.body, Body::Group(_)))
                }
                (None, Some(url)) => {
                    let body =
                        json!({ "text": summary(message, attempting.now), "blocks": blocks::without_buttons(message, attempting.now) });
                    let answer = outbound
                        .send(Call::json(url.expose(), &body).secret_url(url.expose()), attempting)
                        .await?;
                    verdict::of_webhook(&answer)?;
                    None
                }
                (None, None) => {
                    let reason = "There is neither a webhook URL nor a bot token with a channel; enter one.";
                    return Err(DeliveryError::permanent(reason));
                }
            };
            Ok(Receipt { external_id, ..Receipt::default() })
        }
        .boxed()
    }

    fn pace(&self) -> Option<Duration> {
        Some(PACE)
    }

    fn timeout(&self) -> Duration {
        // An update that fails is followed by a message, and others by an answer in the thread.
        Duration::from_secs(30)
    }

    fn changes_messages(&self) -> bool {
        self.bot().is_some()
    }

    fn probe<'a>(
        &'a self,
        outbound: &'a Outbound,
        attempting: &'a Attempting<'a>,
    ) -> Option<BoxFuture<'a, Result<String, DeliveryError>>> {
        let (token, _) = self.bot()?;
        let bot = Bot { settings: self, token, outbound, attempting };
        Some(
            async move {
                let json = verdict::of_method(&bot.call("auth.test", &json!({})).await?)?;
                let word = |name| json.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
                Ok(format!("Connected to {} as {}.", word("team"), word("user")))
            }
            .boxed(),
        )
    }
}

/// A bot that writes one message.
struct Bot<'a> {
    settings: &'a SlackSettings,
    token: &'a Secret,
    outbound: &'a Outbound,
    attempting: &'a Attempting<'a>,
}

impl Bot<'_> {
    /// Posts, answers in the thread of the first message, or replaces that; says what the message is called.
    async fn tell(&self, channel: &str, message: &Message) -> Result<Option<String>, DeliveryError> {
        let mut body = json!({ "channel": channel, "text": summary(message, self.attempting.now), "blocks": blocks(message, self.attempting.now) });
        if let Some((channel, ts)) = self.attempting.external_id.and_then(|id| id.split_once(':')) {
            let replaces = match &message.body {
                Body::Alert(alert) => alert.kind == AlertKind::Ok,
                Body::Acknowledged(_) => true,
                Body::Group(_) | Body::Event(_) => false,
            };
            if replaces {
                let updated = self.update(&body, channel, ts).await?;
                // Those of an escalation stand in the channel too, red and with buttons.
                for (channel, ts) in self.attempting.further_ids.iter().filter_map(|id| id.split_once(':')) {
                    self.update(&body, channel, ts).await?;
                }
                // What is posted comes last: when it fails, all of this is done again, and only changes may be.
                if let Some(json) = updated {
                    self.say_it_is_over(message, channel, ts).await?;
                    return Ok(id_of(&json));
                }
            } else {
                // Where the incident was told first, whatever the settings say now.
                body["channel"] = channel.into();
                body["thread_ts"] = ts.into();
                // A further level of an escalation must be seen by whoever does not follow the thread.
                let escalated = message.alert().is_some_and(|alert| alert.kind == AlertKind::Error);
                body["reply_broadcast"] = escalated.into();
            }
        }
        // What is down is not worth a preview.
        body["unfurl_links"] = false.into();
        let answer = self.call("chat.postMessage", &body).await?;
        verdict::of_method(&answer).map(|json| id_of(&json))
    }

    /// Replaces a message; `None` when that cannot be done any more.
    async fn update(&self, body: &Value, channel: &str, ts: &str) -> Result<Option<Value>, DeliveryError> {
        let mut update = body.clone();
        update["channel"] = channel.into();
        update["ts"] = ts.into();
        let answer = self.call("chat.update", &update).await?;
        if verdict::error_of(&answer).is_some_and(|word| CANNOT_UPDATE.contains(&word.as_str())) {
            return Ok(None);
        }
        verdict::of_method(&answer).map(Some)
    }

    /// Answers in the thread that an outage is over: nobody hears of a message that is changed.
    async fn say_it_is_over(&self, message: &Message, channel: &str, ts: &str) -> Result<(), DeliveryError> {
        let Some(text) = blocks::over(message) else { return Ok(()) };
        let body = json!({
            "channel": channel,
            "thread_ts": ts,
            "text": text,
            // Who saw that it escalated and does not follow the thread sees that it is over.
            "reply_broadcast": !self.attempting.further_ids.is_empty(),
            "unfurl_links": false,
        });
        let answer = self.call("chat.postMessage", &body).await?;
        verdict::of_method(&answer).map(|_| ())
    }

    async fn call(&self, method: &str, body: &Value) -> Result<Answer, DeliveryError> {
        let url = format!("{}/{method}", self.settings.api_url);
        let token = self.token.expose();
        let headers = vec![
            // Without the charset Slack answers with a warning.
            ("content-type".to_owned(), "application/json; charset=utf-8".to_owned()),
            ("authorization".to_owned(), format!("Bearer {token}")),
        ];
        let call = Call { headers, ..Call::json(url, body) }.secret(token);
        self.outbound.send(call, self.attempting).await
    }
}

/// What [`Receipt::external_id`] holds: the channel's id and the message's time stamp, which together name a message.
fn id_of(json: &Value) -> Option<String> {
    Some(format!("{}:{}", named(Some(json), "/channel")?, named(Some(json), "/ts")?))
}

//! telegram: a stand-in that holds to `sendMessage` and `getChat` of the Bot API.

use std::time::Duration;

use domain::integration::{IntegrationSettings, TelegramSettings};
use serde_json::{Value, json};

use crate::support::{
    CONSOLE, Reply, Server, acknowledged, deliver, deliver_after, error, error_with, event, event_with,
    group, holds_to_the_table_of_statuses, incident_id, ok, probe, reminder,
};

const TOKEN: &str = "123456:AA_S3CRET";

/// Telegram: one bot in one group; -2 became the supergroup -1002, -3 is busy, -4 has removed the bot.
async fn telegram() -> Server {
    let fails = |status: u16, description: &str, parameters: Value| {
        let body = json!({ "ok": false, "error_code": status, "description": description, "parameters": parameters });
        Reply::json(status, &body)
    };
    Server::start(move |heard| {
        let Some(method) = heard.path.strip_prefix(&format!("/bot{TOKEN}/")) else {
            return fails(401, "Unauthorized", Value::Null);
        };
        let body = heard.json();
        match body["chat_id"].as_str().unwrap() {
            "-1001" | "-1002" => {}
            "-2" => {
                let description = "Bad Request: group chat was upgraded to a supergroup chat";
                return fails(400, description, json!({ "migrate_to_chat_id": -1002 }));
            }
            "-3" => return fails(429, "Too Many Requests: retry after 5", json!({ "retry_after": 5 })),
            "-4" => return fails(403, "Forbidden: bot was kicked from the supergroup chat", Value::Null),
            _ => return fails(400, "Bad Request: chat not found", Value::Null),
        }
        match method {
            "getChat" => Reply::json(200, &json!({ "ok": true, "result": { "id": -1001, "title": "Ops" } })),
            "sendMessage" => match plain(body["text"].as_str().unwrap()) {
                Err(why) => fails(400, &format!("Bad Request: can't parse entities: {why}"), Value::Null),
                Ok(text) if text.is_empty() => fails(400, "Bad Request: message text is empty", Value::Null),
                Ok(text) if text.encode_utf16().count() > 4_096 => {
                    fails(400, "Bad Request: message is too long", Value::Null)
                }
                Ok(_) if body["parse_mode"] != "HTML" => fails(400, "Bad Request: parse mode", Value::Null),
                Ok(_) => Reply::json(200, &json!({ "ok": true, "result": { "message_id": 41 } })),
            },
            _ => fails(404, "Not Found", Value::Null),
        }
    })
    .await
}

/// The text without its marks; what is wrong with them otherwise. Only the marks that Telegram knows are taken.
fn plain(html: &str) -> Result<String, String> {
    let (mut text, mut open, mut rest) = (String::new(), Vec::new(), html);
    while let Some(at) = rest.find(['<', '&', '>']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(entity) =
            ["&lt;", "&gt;", "&amp;", "&quot;"].iter().find(|entity| rest.starts_with(**entity))
        {
            text.push('x');
            rest = &rest[entity.len()..];
            continue;
        }
        let end = rest.find('>').filter(|_| rest.starts_with('<')).ok_or("a mark that is none")?;
        let mark = &rest[1..end];
        match mark.strip_prefix('/') {
            Some(name) if open.pop() == Some(name) => {}
            Some(name) => return Err(format!("{name} was not open")),
            None => open.push(
                mark.split(' ')
                    .next()
                    .filter(|name| ["b", "a", "pre", "code"].contains(name))
                    .ok_or("an unknown mark")?,
            ),
        }
        rest = &rest[end + 1..];
    }
    if open.is_empty() { Ok(text + rest) } else { Err(format!("{open:?} is not closed")) }
}

fn to(server: &Server, token: &str, chat: &str) -> TelegramSettings {
    TelegramSettings { api_url: server.url.clone(), ..TelegramSettings::to(token, chat) }
}

#[tokio::test]
async fn statuses_mean_what_they_mean_everywhere() {
    let settings = |url: &str| {
        TelegramSettings { api_url: url.to_owned(), ..TelegramSettings::to(TOKEN, "-1001") }.into()
    };
    let taken = Reply::json(200, &json!({ "ok": true, "result": { "message_id": 41 } }));
    holds_to_the_table_of_statuses(settings, &taken, &[]).await;
}

#[tokio::test]
async fn an_outage_is_a_message_and_what_follows_answers_to_it() {
    let server = telegram().await;
    let settings: IntegrationSettings = to(&server, TOKEN, "-1001").into();
    let told = deliver(&settings, &error()).await;
    assert_eq!(told.external_id(), Some("41"));
    told.hides(&["S3CRET"]);
    let heard = server.one();
    assert_eq!((heard.method.as_str(), heard.path.as_str()), ("POST", "/bot123456:AA_S3CRET/sendMessage"));
    let link = format!("{CONSOLE}/console/incidents/{}", incident_id());
    assert_eq!(
        heard.json(),
        json!({
            "chat_id": "-1001",
            "parse_mode": "HTML",
            "link_preview_options": { "is_disabled": true },
            "text": format!(
                "<b>🔴 Shop &lt;EU&gt; &amp; more is down</b>\n\nDown since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.\n\
                 https://shop.example.com/?a=1&amp;b=2\n\n<a href=\"{link}\">Open</a>"
            ),
        })
    );
    for (message, title) in [
        (reminder(), "<b>🟠 Shop &lt;EU&gt; &amp; more is still down</b>"),
        (ok(), "<b>🟢 Shop &lt;EU&gt; &amp; more is up again</b>"),
        (acknowledged(), "<b>🔵 Shop &lt;EU&gt; &amp; more is down, and Ada takes care of it</b>"),
    ] {
        deliver_after(&settings, &message, Some("41")).await.result.unwrap();
        let body = server.one().json();
        assert!(body["text"].as_str().unwrap().starts_with(title), "{body}");
        assert_eq!(
            body["reply_parameters"],
            json!({ "message_id": 41, "allow_sending_without_reply": true })
        );
    }
}

#[tokio::test]
async fn topics_and_silence_are_passed_on() {
    let server = telegram().await;
    let settings =
        TelegramSettings { message_thread_id: Some(7), silent: true, ..to(&server, TOKEN, "-1001") };
    deliver(&settings.into(), &group(3)).await.result.unwrap();
    let body = server.one().json();
    assert_eq!((&body["message_thread_id"], &body["disable_notification"]), (&json!(7), &json!(true)));
    assert!(
        body["text"].as_str().unwrap().starts_with("<b>🔴 3 more monitors are down</b>\n\nAll of them are")
    );
}

#[tokio::test]
async fn an_event_is_its_headline_and_json() {
    let server = telegram().await;
    let settings: IntegrationSettings = to(&server, TOKEN, "-1001").into();
    deliver(&settings, &event()).await.result.unwrap();
    let text = server.one().json()["text"].as_str().unwrap().to_owned();
    let expected = "<b>🔴 Incident created: Checkout &lt;fails&gt;</b>\n\n<pre><code class=\"language-json\">{\n  \
                    \"incidentId\": \"inc1\",\n  \"title\": \"Checkout &lt;fails&gt;\"\n}</code></pre>";
    assert!(text.starts_with(expected), "{text}");
    deliver(&settings, &event_with(json!({ "title": "</code>&".repeat(5_000) }))).await.result.unwrap();
}

#[tokio::test]
async fn long_texts_are_cut_to_what_telegram_takes() {
    let server = telegram().await;
    for text in ["<&>".repeat(5_000), "🔴ä".repeat(5_000), "</b>".repeat(5_000)] {
        deliver(&to(&server, TOKEN, "-1001").into(), &error_with(&text, &text)).await.result.unwrap();
    }
    deliver(&to(&server, TOKEN, "-1001").into(), &group(250)).await.result.unwrap();
}

#[tokio::test]
async fn a_group_that_has_another_number_now_is_learned() {
    let server = telegram().await;
    let told = deliver_after(&to(&server, TOKEN, "-2").into(), &ok(), Some("3")).await;
    assert_eq!(told.external_id(), Some("41"));
    let learned = told.result.unwrap().learned.unwrap();
    assert_eq!(*learned, to(&server, TOKEN, "-1002").into());
    let heard = server.heard();
    assert_eq!((heard.len(), &heard[1].json()["chat_id"]), (2, &json!("-1002")));
    assert_eq!(
        heard[1].json().get("reply_parameters"),
        None,
        "the old number of a message means nothing there"
    );
}

#[tokio::test]
async fn what_telegram_refuses_says_what_to_do_and_what_may_pass_is_waited_for() {
    let server = telegram().await;
    let reason = async |token, chat| {
        let settings = to(&server, token, chat).into();
        deliver(&settings, &error()).await.permanent().to_owned()
    };
    assert_eq!(
        reason("9:wrong", "-1001").await,
        "HTTP 401: Telegram says “Unauthorized”: check the bot token; @BotFather shows it."
    );
    assert!(reason(TOKEN, "-9").await.contains("“Bad Request: chat not found”: check the chat"));
    assert!(reason(TOKEN, "-4").await.contains("add it again"));
    let busy = deliver(&to(&server, TOKEN, "-3").into(), &error()).await;
    assert_eq!(busy.retry().0, Some(Duration::from_secs(5)));
}

#[tokio::test]
async fn bot_and_chat_can_be_tried_without_a_message() {
    let server = telegram().await;
    let said = probe(&to(&server, TOKEN, "-1001").into()).await.unwrap();
    assert_eq!(said.unwrap(), "The bot knows the chat “Ops”.");
    assert!(server.one().path.ends_with("/getChat"));
    probe(&to(&server, TOKEN, "-9").into()).await.unwrap().unwrap_err();
}

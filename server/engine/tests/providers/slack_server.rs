//! A stand-in for Slack that holds to the Web API, to Block Kit and to incoming webhooks, as contracts.md 8.2 has them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::support::{Heard, Reply, Server};

/// The token of the bot.
pub(crate) const TOKEN: &str = "xoxb-1-S3CRET";

/// Slack: one workspace, one channel in which the app is, messages that are kept.
pub(crate) async fn slack() -> Server {
    let posted = Mutex::new(BTreeMap::<String, Value>::new());
    Server::start(move |heard| {
        if heard.path.starts_with("/services/") {
            return webhook(heard);
        }
        assert_eq!(heard.header("content-type"), "application/json; charset=utf-8");
        if heard.header("authorization") != format!("Bearer {TOKEN}") {
            return fails("invalid_auth");
        }
        let body = heard.json();
        let mut posted = posted.lock().unwrap();
        match heard.path.as_str() {
            "/api/auth.test" => Reply::json(200, &json!({ "ok": true, "team": "Ops", "user": "pharos" })),
            "/api/chat.postMessage" | "/api/chat.update" => {
                match body["channel"].as_str() {
                    Some("C1") => {}
                    Some("C2") => return fails("not_in_channel"),
                    Some("C3") => {
                        return Reply::json(429, &json!({ "ok": false, "error": "ratelimited" }))
                            .header("retry-after", "30");
                    }
                    Some("C4") => return fails("internal_error"),
                    _ => return fails("channel_not_found"),
                }
                if let Some(wrong) = wrong_blocks(&body) {
                    return Reply::json(
                        200,
                        &json!({ "ok": false, "error": "invalid_blocks", "why": wrong }),
                    );
                }
                if heard.path.ends_with("update") {
                    let Some(ts) = body["ts"].as_str().filter(|ts| posted.contains_key(*ts)) else {
                        return fails("message_not_found");
                    };
                    posted.insert(ts.to_owned(), body.clone());
                    return Reply::json(200, &json!({ "ok": true, "channel": "C1", "ts": ts }));
                }
                let ts = format!("1503435956.{:06}", posted.len() + 1);
                posted.insert(ts.clone(), body);
                Reply::json(200, &json!({ "ok": true, "channel": "C1", "ts": ts, "message": {} }))
            }
            _ => fails("unknown_method"),
        }
    })
    .await
}

fn fails(word: &str) -> Reply {
    Reply::json(200, &json!({ "ok": false, "error": word }))
}

fn webhook(heard: &Heard) -> Reply {
    match heard.path.as_str() {
        "/services/T1/B1/XYZ" => match wrong_blocks(&heard.json()) {
            Some(wrong) => Reply::text(400, &format!("invalid_blocks: {wrong}")),
            None => Reply::text(200, "ok"),
        },
        "/services/T1/B1/archived" => Reply::text(410, "channel_is_archived"),
        "/services/T1/B1/busy" => Reply::text(429, "rate_limited").header("retry-after", "30"),
        "/services/T1/B1/rollup" => Reply::text(500, "rollup_error"),
        _ => Reply::text(404, "no_service"),
    }
}

/// What Block Kit would refuse.
fn wrong_blocks(body: &Value) -> Option<String> {
    let Some(text) = body["text"].as_str() else { return Some("no_text".to_owned()) };
    if body.get("blocks").is_none() {
        return (text.encode_utf16().count() > 4_000).then(|| "msg_too_long".to_owned());
    }
    let blocks = body["blocks"].as_array().unwrap();
    let long = |text: &Value, limit: usize| {
        let text = text.as_str().unwrap();
        text.is_empty() || text.encode_utf16().count() > limit
    };
    if text.encode_utf16().count() > 4_000 || blocks.is_empty() || blocks.len() > 50 {
        return Some("text or blocks".to_owned());
    }
    let wrong = |block: &Value| match block["type"].as_str().unwrap() {
        "header" => block["text"]["type"] != "plain_text" || long(&block["text"]["text"], 150),
        "section" => {
            let fields = block["fields"].as_array().cloned().unwrap_or_default();
            (fields.is_empty() && long(&block["text"]["text"], 3_000))
                || fields.len() > 10
                || fields.iter().any(|field| field["type"] != "mrkdwn" || long(&field["text"], 2_000))
        }
        "context" => {
            let elements = block["elements"].as_array().unwrap();
            elements.is_empty() || elements.len() > 10
        }
        "actions" => {
            let elements = block["elements"].as_array().unwrap();
            elements.is_empty()
                || elements.len() > 25
                || elements.iter().any(|button| {
                    button["type"] != "button"
                        || long(&button["text"]["text"], 75)
                        || long(&button["action_id"], 255)
                        || button.get("value").is_some_and(|value| long(value, 2_000))
                        || button.get("url").is_some_and(|url| long(url, 3_000))
                })
        }
        other => panic!("no block {other} was expected"),
    };
    let all = body.to_string();
    // Everything people wrote is escaped in mrkdwn; in plain text it must not be.
    let escaped = !all.contains("*Shop <EU>") && !all.contains("\\nShop <EU>");
    blocks.iter().find(|block| wrong(block)).map(ToString::to_string).or((!escaped).then_some(all))
}

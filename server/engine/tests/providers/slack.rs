//! slack: one message that changes, its thread, and what Slack refuses.

use std::time::Duration;

use domain::integration::{IntegrationSettings, SlackSettings};
use engine::providers::slack::{ACKNOWLEDGE, RESOLVE, blocks};
use serde_json::{Value, json};

use crate::slack_server::{TOKEN, slack};
use crate::support::{
    CONSOLE, Heard, NOW, Reply, Server, acknowledged, deliver, deliver_after, deliver_escalated, error,
    error_with, event, event_with, group, group_over, holds_to_the_table_of_statuses, incident_id, noted, ok,
    planned_at_once, probe, reminder, test,
};

fn bot(server: &Server, token: &str, channel: &str) -> IntegrationSettings {
    SlackSettings { api_url: format!("{}/api", server.url), ..SlackSettings::by_bot(token, channel) }.into()
}

fn hook(server: &Server, last: &str) -> IntegrationSettings {
    SlackSettings::by_webhook(&format!("{}/services/T1/B1/{last}", server.url)).into()
}

/// The action ids of the buttons.
fn buttons(body: &Value) -> Vec<String> {
    let blocks = body["blocks"].as_array().unwrap();
    let actions = blocks.iter().find(|block| block["type"] == "actions");
    let elements = actions.map(|block| block["elements"].as_array().unwrap().clone()).unwrap_or_default();
    elements.iter().map(|button| button["action_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn statuses_mean_what_they_mean_everywhere() {
    let by_bot = |url: &str| {
        SlackSettings { api_url: format!("{url}/api"), ..SlackSettings::by_bot(TOKEN, "C1") }.into()
    };
    let taken = Reply::json(200, &json!({ "ok": true, "channel": "C1", "ts": "1.2" }));
    // Without a body nobody knows whether a method worked.
    holds_to_the_table_of_statuses(by_bot, &taken, &[204]).await;
    let by_webhook = |url: &str| SlackSettings::by_webhook(&format!("{url}/services/T1/B1/XYZ")).into();
    holds_to_the_table_of_statuses(by_webhook, &Reply::text(200, "ok"), &[]).await;
}

#[tokio::test]
async fn an_outage_is_one_message_that_changes_with_a_thread_of_reminders() {
    let server = slack().await;
    let settings = bot(&server, TOKEN, "C1");
    let told = deliver(&settings, &error()).await;
    let id = told.external_id().unwrap().to_owned();
    assert_eq!(id, "C1:1503435956.000001");
    told.hides(&["S3CRET"]);
    let heard = server.one();
    assert_eq!((heard.method.as_str(), heard.path.as_str()), ("POST", "/api/chat.postMessage"));
    assert_eq!(
        heard.json(),
        json!({
            "channel": "C1",
            "unfurl_links": false,
            "text": "🔴 Shop &lt;EU&gt; &amp; more is down: Down since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.",
            "blocks": [
                { "type": "header", "text": { "type": "plain_text", "text": "🔴 Shop <EU> & more is down", "emoji": false } },
                { "type": "section", "text": { "type": "mrkdwn", "text": "Down since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.\nhttps://shop.example.com/?a=1&amp;b=2" } },
                { "type": "section", "fields": [
                    { "type": "mrkdwn", "text": "*Monitor*\nShop &lt;EU&gt; &amp; more" },
                    { "type": "mrkdwn", "text": "*Check*\nhttp" },
                    { "type": "mrkdwn", "text": "*Target*\nhttps://shop.example.com/?a=1&amp;b=2" },
                    { "type": "mrkdwn", "text": "*Began*\n<!date^1772409300^{date_short_pretty} {time_secs}|2026-03-01T23:55:00.000Z>" },
                    { "type": "mrkdwn", "text": "*So far*\n5 min" },
                ] },
                { "type": "context", "elements": [{ "type": "mrkdwn", "text": format!("Incident {}", incident_id()) }] },
                { "type": "actions", "elements": [
                    { "type": "button", "action_id": ACKNOWLEDGE, "text": { "type": "plain_text", "text": "Acknowledge" }, "value": incident_id() },
                    { "type": "button", "action_id": RESOLVE, "text": { "type": "plain_text", "text": "Resolve incident" }, "value": incident_id(), "style": "primary" },
                    { "type": "button", "action_id": "open", "text": { "type": "plain_text", "text": "Open" }, "url": format!("{CONSOLE}/console/incidents/{}", incident_id()) },
                ] },
            ],
        })
    );

    deliver_after(&settings, &reminder(), Some(&id)).await.result.unwrap();
    let heard = server.one();
    assert_eq!(heard.path, "/api/chat.postMessage");
    let body = heard.json();
    assert_eq!((&body["thread_ts"], &body["reply_broadcast"]), (&json!("1503435956.000001"), &json!(false)));
    assert_eq!(
        body["text"],
        "🟠 Shop &lt;EU&gt; &amp; more is still down: Down since 2026-03-01 23:55 UTC (5 min): No answer within 10 s."
    );

    // A further level of an escalation.
    deliver_after(&settings, &error(), Some(&id)).await.result.unwrap();
    let body = server.one().json();
    assert_eq!((&body["thread_ts"], &body["reply_broadcast"]), (&json!("1503435956.000001"), &json!(true)));

    let told = deliver_after(&settings, &acknowledged(), Some(&id)).await;
    assert_eq!(told.external_id(), Some(id.as_str()));
    let heard = server.one();
    let body = heard.json();
    assert_eq!((heard.path.as_str(), &body["ts"]), ("/api/chat.update", &json!("1503435956.000001")));
    assert_eq!(buttons(&body), [RESOLVE, "open"]);
    assert!(body.to_string().contains("Ada takes care of it"), "{body}");

    let told = deliver_after(&settings, &ok(), Some(&id)).await;
    assert_eq!(told.external_id(), Some(id.as_str()));
    let heard = server.heard();
    assert_eq!(heard.len(), 2, "{heard:#?}");
    let body = heard[0].json();
    assert_eq!((heard[0].path.as_str(), &body["channel"]), ("/api/chat.update", &json!("C1")));
    assert_eq!(body["text"], "🟢 Shop &lt;EU&gt; &amp; more is up again: It was down for 5 min.");
    assert_eq!(buttons(&body), ["open"]);
    // Nobody is notified of a change.
    assert_eq!(heard[1].path, "/api/chat.postMessage");
    assert_eq!(heard[1].json(), over("1503435956.000001", false));
}

/// The answer in the thread that an outage is over.
fn over(thread: &str, broadcast: bool) -> Value {
    json!({
        "channel": "C1",
        "thread_ts": thread,
        "text": "🟢 Shop &lt;EU&gt; &amp; more is up again (down for 5 min)",
        "reply_broadcast": broadcast,
        "unfurl_links": false,
    })
}

#[tokio::test]
async fn every_message_of_an_escalation_changes_and_the_end_is_posted_once() {
    let server = slack().await;
    let settings = bot(&server, TOKEN, "C1");
    let first = deliver(&settings, &error()).await.external_id().unwrap().to_owned();
    let mut further = Vec::new();
    for _ in 0..2 {
        let told = deliver_after(&settings, &error(), Some(&first)).await;
        further.push(told.external_id().unwrap().to_owned());
    }
    // Somebody deleted one of them.
    further.push("C1:9.9".to_owned());
    server.heard();
    let told = deliver_escalated(&settings, &acknowledged(), &first, &further).await;
    assert_eq!(told.external_id(), Some(first.as_str()));
    let changed = |heard: &[Heard]| {
        heard
            .iter()
            .map(|heard| (heard.path.clone(), heard.json()["ts"].as_str().unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    let update = |ts: &str| ("/api/chat.update".to_owned(), ts.to_owned());
    let updates = ["1503435956.000001", "1503435956.000002", "1503435956.000003", "9.9"].map(update).to_vec();
    let heard = server.heard();
    assert_eq!(changed(&heard), updates);
    assert!(heard.iter().all(|heard| buttons(&heard.json()) == [RESOLVE, "open"]));
    let told = deliver_escalated(&settings, &ok(), &first, &further).await;
    assert_eq!(told.external_id(), Some(first.as_str()));
    let mut heard = server.heard();
    let end = heard.pop().unwrap();
    assert_eq!((end.path.as_str(), end.json()), ("/api/chat.postMessage", over("1503435956.000001", true)));
    assert_eq!(changed(&heard), updates);
    assert!(heard.iter().all(|heard| buttons(&heard.json()) == ["open"]), "{heard:#?}");

    // Whatever fails before it, nothing has been posted that a retry would post again.
    further[1] = "C4:1.1".to_owned();
    deliver_escalated(&settings, &ok(), &first, &further).await.retry();
    assert!(server.heard().iter().all(|heard| heard.path == "/api/chat.update"));
}

#[tokio::test]
async fn what_is_told_late_says_how_long_it_has_lasted_by_then() {
    let server = slack().await;
    deliver(&bot(&server, TOKEN, "C1"), &planned_at_once(error())).await.result.unwrap();
    let body = server.one().body;
    assert!(body.contains("*So far*\\n5 min") && body.contains("23:55 UTC (5 min)"), "{body}");
    deliver(&bot(&server, TOKEN, "C1"), &planned_at_once(acknowledged())).await.result.unwrap();
    let body = server.one().body;
    assert!(body.contains("*So far*\\n5 min"), "{body}");
}

#[tokio::test]
async fn notes_say_what_to_do_as_long_as_it_is_down() {
    let server = slack().await;
    for (message, is_shown) in [(error(), true), (reminder(), true), (ok(), false)] {
        let settings = bot(&server, TOKEN, "C1");
        deliver(&settings, &noted(message, "Ask <Ada>.\nThen Bob.")).await.result.unwrap();
        let blocks = server.one().json()["blocks"].as_array().unwrap().clone();
        let notes = json!({ "type": "mrkdwn", "text": "*Notes*\nAsk &lt;Ada&gt;.\nThen Bob." });
        assert_eq!(blocks.iter().any(|block| block["text"] == notes), is_shown, "{blocks:#?}");
    }
    deliver(&bot(&server, TOKEN, "C1"), &noted(error(), &"<é🔴".repeat(1_000))).await.result.unwrap();
}

#[tokio::test]
async fn what_cannot_be_changed_any_more_is_told_anew() {
    let server = slack().await;
    let told = deliver_after(&bot(&server, TOKEN, "C1"), &ok(), Some("C1:9.9")).await;
    assert_eq!(told.external_id(), Some("C1:1503435956.000001"));
    let paths: Vec<_> = server.heard().into_iter().map(|heard| heard.path).collect();
    assert_eq!(paths, ["/api/chat.update", "/api/chat.postMessage"]);
    // Without a first message there is nothing to change.
    deliver(&bot(&server, TOKEN, "C1"), &ok()).await.result.unwrap();
    assert_eq!(server.one().path, "/api/chat.postMessage");
}

#[tokio::test]
async fn a_storm_is_one_message_that_no_incident_replaces() {
    let server = slack().await;
    let settings = bot(&server, TOKEN, "C1");
    assert_eq!(deliver(&settings, &group(3)).await.external_id(), None);
    let body = server.one().json();
    let blocks = body["blocks"].as_array().unwrap();
    assert_eq!(blocks[0]["text"]["text"], "🔴 3 more monitors are down");
    assert_eq!(blocks[1]["text"]["text"], "All of them are behind 192.0.2.80.");
    let list = blocks[2]["text"]["text"].as_str().unwrap();
    assert_eq!(list.lines().next(), Some("• *Shop 1*: No answer within 10 s."));
    assert_eq!(buttons(&body), ["open"]);
    deliver(&settings, &group(200)).await.result.unwrap();
    assert!(server.one().body.contains("and 180 more"));
    deliver(&settings, &group_over(2)).await.result.unwrap();
    let blocks = server.one().json()["blocks"].clone();
    assert_eq!(blocks[0]["text"]["text"], "🟢 2 more monitors are up again");
    assert_eq!(blocks[1]["text"]["text"], "• *Shop 1*: was down for 5 min\n• *Shop 2*: was down for 5 min");
}

#[tokio::test]
async fn an_event_comes_in_the_form_of_the_seed() {
    let server = slack().await;
    deliver(&bot(&server, TOKEN, "C1"), &event()).await.result.unwrap();
    assert_eq!(
        server.one().json()["text"],
        "*incident.incident.created*\n```{\n  \"incidentId\": \"inc1\",\n  \"title\": \"Checkout &lt;fails&gt;\"\n}```"
    );
    let long = event_with(json!({ "title": "<```>".repeat(5_000) }));
    deliver(&hook(&server, "XYZ"), &long).await.result.unwrap();
    let text = server.one().json()["text"].as_str().unwrap().to_owned();
    assert_eq!(text.matches("```").count(), 2, "the block of code ends once, at its end");
}

#[tokio::test]
async fn a_webhook_takes_the_same_blocks_without_buttons_that_nobody_hears() {
    let server = slack().await;
    let settings = hook(&server, "XYZ");
    for message in [error(), reminder(), ok(), group(3), acknowledged(), event()] {
        let told = deliver_after(&settings, &message, Some("C1:1.2")).await;
        assert_eq!(told.external_id(), None);
        told.hides(&["XYZ"]);
        let heard = server.one();
        assert_eq!(heard.path, "/services/T1/B1/XYZ");
        assert_eq!(buttons(&heard.json()), ["open"]);
    }
}

#[tokio::test]
async fn a_test_has_no_buttons_since_its_incident_never_was() {
    let server = slack().await;
    deliver(&bot(&server, TOKEN, "C1"), &test()).await.result.unwrap();
    let body = server.one().json();
    assert!(buttons(&body).is_empty());
    assert!(body["text"].as_str().unwrap().starts_with("🔴 Test: "), "{body}");
    assert!(
        blocks(&ok(), NOW).to_string().contains("is up again"),
        "the interactivity of the server draws the same"
    );
}

#[tokio::test]
async fn long_texts_are_cut_to_what_block_kit_takes() {
    let server = slack().await;
    for text in ["<&>".repeat(5_000), "🔴ä".repeat(5_000), "\n".repeat(5_000)] {
        deliver(&bot(&server, TOKEN, "C1"), &error_with(&text, &text)).await.result.unwrap();
    }
    deliver(&bot(&server, TOKEN, "C1"), &error_with("", "")).await.result.unwrap();
}

#[tokio::test]
async fn what_slack_refuses_says_what_to_do() {
    let server = slack().await;
    let reason = async |settings| deliver(&settings, &error()).await.permanent().to_owned();
    assert_eq!(
        reason(bot(&server, "xoxb-wrong", "C1")).await,
        "Slack says invalid_auth: Slack does not accept the bot token; connect Slack once more, or enter a new token."
    );
    assert!(
        reason(bot(&server, TOKEN, "C2")).await.contains("not_in_channel: the app is not in the channel")
    );
    assert!(
        reason(bot(&server, TOKEN, "C9")).await.contains("channel_not_found: the channel does not exist")
    );
    assert!(
        reason(hook(&server, "archived"))
            .await
            .contains("HTTP 410: Slack says channel_is_archived: the channel")
    );
    assert!(
        reason(hook(&server, "gone"))
            .await
            .contains("HTTP 404: Slack says no_service: the webhook was removed")
    );
    let elsewhere = Server::saying(Reply::text(200, "<html>welcome</html>")).await;
    assert!(reason(bot(&elsewhere, TOKEN, "C1")).await.contains("check the address of the API"));
    assert_eq!(
        reason(SlackSettings { webhook_url: None, ..SlackSettings::by_webhook("") }.into()).await,
        "There is neither a webhook URL nor a bot token with a channel; enter one."
    );
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let server = slack().await;
    let half_a_minute = Some(Duration::from_secs(30));
    assert_eq!(deliver(&bot(&server, TOKEN, "C3"), &error()).await.retry().0, half_a_minute);
    assert_eq!(
        deliver(&bot(&server, TOKEN, "C4"), &error()).await.retry(),
        (None, "Slack says internal_error.")
    );
    assert_eq!(deliver(&hook(&server, "busy"), &error()).await.retry().0, half_a_minute);
    deliver(&hook(&server, "rollup"), &error()).await.retry();
}

#[tokio::test]
async fn a_bot_can_be_tried_without_a_message() {
    let server = slack().await;
    let said = probe(&bot(&server, TOKEN, "C1")).await.unwrap();
    assert_eq!(said.unwrap(), "Connected to Ops as pharos.");
    assert_eq!(server.one().path, "/api/auth.test");
    let refused = probe(&bot(&server, "xoxb-wrong", "C1")).await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("invalid_auth"), "{refused}");
    assert!(probe(&hook(&server, "XYZ")).await.is_none());
}

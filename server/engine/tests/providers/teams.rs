//! teams: a stand-in for a workflow that posts the cards it is sent, with the limits of Teams.

use std::time::Duration;

use domain::integration::{IntegrationSettings, TeamsSettings};
use serde_json::{Value, json};

use crate::support::{
    CONSOLE, Reply, Server, acknowledged, deliver, error, error_with, event, event_with, group, group_over,
    holds_to_the_table_of_statuses, incident_id, ok, probe, reminder,
};

async fn teams() -> Server {
    Server::start(|heard| match heard.path.as_str() {
        "/workflows/1/invoke?sig=S1G" => {
            let body = heard.json();
            if heard.body.len() > 28 * 1024 {
                return Reply::text(413, "Request Entity Too Large");
            }
            let card = &body["attachments"][0];
            let fits = body["type"] == "message"
                && card["contentType"] == "application/vnd.microsoft.card.adaptive"
                && card["content"]["type"] == "AdaptiveCard"
                && card["content"]["version"] == "1.4"
                && card["content"]["body"].as_array().is_some_and(|items| !items.is_empty());
            if fits { Reply::text(202, "") } else { Reply::text(400, "TriggerInputSchemaMismatch") }
        }
        "/workflows/1/invoke?sig=BUSY" => Reply::text(429, "").header("retry-after", "12"),
        "/workflows/2/invoke?sig=S1G" => {
            Reply::json(404, &json!({ "error": { "code": "WorkflowNotFound", "message": "The workflow could not be found." } }))
        }
        _ => Reply::json(401, &json!({ "error": { "code": "DirectApiAuthorizationRequired" } })),
    })
    .await
}

fn to(server: &Server, path: &str) -> IntegrationSettings {
    TeamsSettings::to(&format!("{}/workflows/{path}", server.url)).into()
}

fn card(server: &Server) -> Value {
    server.one().json()["attachments"][0]["content"].clone()
}

/// The texts of a card, a line each.
fn texts(card: &Value) -> Vec<String> {
    let items = card["body"].as_array().unwrap().iter();
    items.map(|item| item["inlines"][0]["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn statuses_mean_what_they_mean_everywhere() {
    let settings = |url: &str| TeamsSettings::to(&format!("{url}/workflows/1/invoke?sig=S1G")).into();
    holds_to_the_table_of_statuses(settings, &Reply::text(202, ""), &[]).await;
}

#[tokio::test]
async fn each_message_is_a_card_in_the_colour_of_its_news() {
    let server = teams().await;
    let settings = to(&server, "1/invoke?sig=S1G");
    deliver(&settings, &error()).await.hides(&["S1G"]).result.as_ref().unwrap();
    let line = |run: Value| json!({ "type": "RichTextBlock", "spacing": "small", "inlines": [run] });
    let run = |text: &str| line(json!({ "type": "TextRun", "text": text, "fontType": "default" }));
    let title = "🔴 Shop <EU> & more is down";
    assert_eq!(
        server.one().json(),
        json!({
            "type": "message",
            "summary": title,
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "fallbackText": title,
                    "msteams": { "width": "Full" },
                    "body": [
                        line(json!({ "type": "TextRun", "text": title, "weight": "bolder", "size": "large", "color": "attention" })),
                        run("Down since 2026-03-01 23:55 UTC (5 min): No answer within 10 s."),
                        run("https://shop.example.com/?a=1&b=2"),
                        line(json!({ "type": "TextRun", "text": format!("Incident {}", incident_id()), "isSubtle": true, "size": "small" })),
                    ],
                    "actions": [{
                        "type": "Action.OpenUrl",
                        "title": "Open",
                        "url": format!("{CONSOLE}/console/incidents/{}", incident_id()),
                    }],
                },
            }],
        })
    );
    for (message, title, colour) in [
        (reminder(), "🟠 Shop <EU> & more is still down", "warning"),
        (ok(), "🟢 Shop <EU> & more is up again", "good"),
        (acknowledged(), "🔵 Shop <EU> & more is down, and Ada takes care of it", "accent"),
        (group(3), "🔴 3 more monitors are down", "attention"),
        (group_over(3), "🟢 3 more monitors are up again", "good"),
    ] {
        deliver(&settings, &message).await.result.unwrap();
        let first = card(&server)["body"][0]["inlines"][0].clone();
        assert_eq!((&first["text"], &first["color"]), (&json!(title), &json!(colour)));
    }
}

#[tokio::test]
async fn an_event_is_its_headline_and_json() {
    let server = teams().await;
    deliver(&to(&server, "1/invoke?sig=S1G"), &event()).await.result.unwrap();
    let card = card(&server);
    assert_eq!(
        texts(&card),
        [
            "🔴 Incident created: Checkout <fails>",
            "{",
            "\u{a0}\u{a0}\"incidentId\": \"inc1\",",
            "\u{a0}\u{a0}\"title\": \"Checkout <fails>\"",
            "}",
            "incident.incident.created",
        ]
    );
    assert_eq!(card["body"][1]["inlines"][0]["fontType"], "monospace");
}

#[tokio::test]
async fn long_texts_are_cut_to_what_teams_takes() {
    let server = teams().await;
    let settings = to(&server, "1/invoke?sig=S1G");
    for text in ["\"\\".repeat(20_000), "🔴".repeat(20_000), "\"\n".repeat(20_000)] {
        deliver(&settings, &error_with(&text, &text)).await.result.unwrap();
        assert_eq!(server.heard().len(), 1);
    }
    deliver(&settings, &group(250)).await.result.unwrap();
    let many: Vec<_> = (0..5_000).map(|number| json!({ "number": number })).collect();
    deliver(&settings, &event_with(json!(many))).await.result.unwrap();
    server.heard();
}

#[tokio::test]
async fn what_teams_refuses_says_what_to_do() {
    let server = teams().await;
    let gone = deliver(&to(&server, "2/invoke?sig=S1G"), &error()).await;
    assert!(gone.permanent().contains("WorkflowNotFound"), "{}", gone.permanent());
    assert!(gone.permanent().contains("switch it on in Teams"), "{}", gone.permanent());
    let unsigned = deliver(&to(&server, "1/invoke"), &error()).await;
    assert!(unsigned.permanent().contains("everything behind the “?”"), "{}", unsigned.permanent());
    let busy = deliver(&to(&server, "1/invoke?sig=BUSY"), &error()).await;
    assert_eq!(busy.retry().0, Some(Duration::from_secs(12)));
    assert!(probe(&to(&server, "1/invoke?sig=S1G")).await.is_none(), "a workflow only knows how to post");
}

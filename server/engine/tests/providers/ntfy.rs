//! ntfy: a stand-in that holds to “Publish as JSON”, with the server's own error codes.

use std::time::Duration;

use domain::integration::ntfy::NtfyPriority;
use domain::integration::{IntegrationSettings, NtfySettings};
use serde_json::json;

use crate::support::{
    CONSOLE, Heard, Reply, Server, acknowledged, deliver, error, error_with, event, event_with, group,
    group_over, holds_to_the_table_of_statuses, incident_id, ok, probe, reminder,
};

const TOKEN: &str = "tk_S3CRET";

/// A server on which one user may write, with a topic that everybody may write to and one that is busy.
async fn ntfy() -> Server {
    let fails = |code: u32, status: u16, message: &str| {
        Reply::json(status, &json!({ "code": code, "http": status, "error": message }))
    };
    Server::start(move |heard| {
        let known = known(heard);
        if heard.method == "GET" {
            return match (heard.path.as_str(), known) {
                ("/v1/health", _) => Reply::json(200, &json!({ "healthy": true })),
                ("/v1/account", Some(true)) => Reply::json(200, &json!({ "username": "phil" })),
                ("/v1/account", None) => Reply::json(200, &json!({ "username": "*" })),
                ("/v1/account", Some(false)) => fails(40_101, 401, "unauthorized"),
                _ => fails(40_401, 404, "page not found"),
            };
        }
        let body = heard.json();
        let (topic, message) = (body["topic"].as_str().unwrap(), body["message"].as_str().unwrap());
        let priority = body["priority"].as_u64().unwrap();
        if heard.path != "/" || !(1..=5).contains(&priority) {
            return fails(40_007, 400, "invalid priority parameter");
        }
        match (topic, known) {
            ("busy", _) => return fails(42_901, 429, "limit reached: too many requests"),
            ("open", _) | ("closed", Some(true)) => {}
            (_, Some(false)) => return fails(40_101, 401, "unauthorized"),
            _ => return fails(40_301, 403, "forbidden"),
        }
        if message.len() > 4_096 {
            return fails(41_301, 413, "attachment too large, or bandwidth limit reached");
        }
        if body
            .get("actions")
            .is_some_and(|actions| actions[0]["action"] != "view" || actions[0]["url"].is_null())
        {
            return fails(40_018, 400, "invalid request: actions invalid");
        }
        Reply::json(
            200,
            &json!({ "id": "hwQ2YpKdmg", "time": 1_635_528_741, "event": "message", "topic": topic }),
        )
    })
    .await
}

/// Whether the credentials are good; `None` when there are none.
fn known(heard: &Heard) -> Option<bool> {
    match heard.header("authorization") {
        "" => None,
        // phil:mypass
        "Bearer tk_S3CRET" | "Basic cGhpbDpteXBhc3M=" => Some(true),
        _ => Some(false),
    }
}

fn with_token(server: &Server, token: &str, topic: &str) -> IntegrationSettings {
    NtfySettings { token: Some(token.into()), ..NtfySettings::to(&server.url, topic) }.into()
}

#[tokio::test]
async fn a_short_topic_is_hidden_and_no_word_that_it_is_part_of() {
    let server =
        Server::saying(Reply::json(200, &json!({ "id": "1", "topic": "x", "at": "example.com/x" }))).await;
    let told =
        deliver(&NtfySettings::to(&server.url, "x").into(), &error_with("Example box", "x is down")).await;
    assert_eq!(server.one().json()["topic"], "x");
    assert!(told.request.contains("Example box is down") && told.request.contains("********"), "{told:#?}");
    assert!(told.response.contains("example.com/********"), "{told:#?}");
    told.hides(&["\"x\"", "/x\"", " x "]);
}

#[tokio::test]
async fn statuses_mean_what_they_mean_everywhere() {
    let settings = |url: &str| NtfySettings::to(url, "open").into();
    holds_to_the_table_of_statuses(settings, &Reply::json(200, &json!({ "id": "a" })), &[]).await;
}

#[tokio::test]
async fn each_message_is_as_loud_as_its_news() {
    let server = ntfy().await;
    let settings = with_token(&server, TOKEN, "closed");
    let told = deliver(&settings, &error()).await;
    assert_eq!(told.external_id(), Some("hwQ2YpKdmg"));
    told.hides(&["S3CRET", "closed"]);
    let heard = server.one();
    assert_eq!((heard.method.as_str(), heard.path.as_str()), ("POST", "/"));
    let link = format!("{CONSOLE}/console/incidents/{}", incident_id());
    assert_eq!(
        heard.json(),
        json!({
            "topic": "closed",
            "title": "Shop <EU> & more is down",
            "message": "Down since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.\nhttps://shop.example.com/?a=1&b=2",
            "priority": 4,
            "tags": ["rotating_light"],
            "click": link,
            "actions": [{ "action": "view", "label": "Open", "url": link, "clear": true }],
        })
    );
    for (message, title, priority, tag) in [
        (reminder(), "Shop <EU> & more is still down", 4, "warning"),
        (ok(), "Shop <EU> & more is up again", 3, "white_check_mark"),
        (acknowledged(), "Shop <EU> & more is down, and Ada takes care of it", 3, "information_source"),
        (group(3), "3 more monitors are down", 4, "rotating_light"),
        (group_over(3), "3 more monitors are up again", 3, "white_check_mark"),
        (event(), "Incident created: Checkout <fails>", 4, "rotating_light"),
    ] {
        deliver(&settings, &message).await.result.unwrap();
        let body = server.one().json();
        assert_eq!(
            (&body["title"], &body["priority"], &body["tags"]),
            (&json!(title), &json!(priority), &json!([tag]))
        );
    }
}

#[tokio::test]
async fn the_priority_of_outages_can_be_chosen() {
    let server = ntfy().await;
    let settings = NtfySettings { priority: NtfyPriority::Max, ..NtfySettings::to(&server.url, "open") };
    for (message, priority) in [(error(), 5), (ok(), 3)] {
        deliver(&settings.clone().into(), &message).await.result.unwrap();
        assert_eq!(server.one().json()["priority"], priority);
    }
}

#[tokio::test]
async fn an_event_is_its_json_and_long_texts_are_cut_in_bytes() {
    let server = ntfy().await;
    let settings: IntegrationSettings = NtfySettings::to(&server.url, "open").into();
    deliver(&settings, &event()).await.result.unwrap();
    assert_eq!(
        server.one().json()["message"],
        "{\n  \"incidentId\": \"inc1\",\n  \"title\": \"Checkout <fails>\"\n}"
    );
    deliver(&settings, &event_with(json!({ "title": "ä🔴".repeat(5_000) }))).await.result.unwrap();
    deliver(&settings, &error_with(&"ä".repeat(5_000), &"🔴".repeat(5_000))).await.result.unwrap();
    deliver(&settings, &group(250)).await.result.unwrap();
}

#[tokio::test]
async fn credentials_are_asked_for_and_limits_are_waited_for() {
    let server = ntfy().await;
    let user = NtfySettings {
        username: Some("phil".to_owned()),
        password: Some("mypass".into()),
        ..NtfySettings::to(&server.url, "closed")
    };
    let told = deliver(&user.into(), &error()).await;
    told.hides(&["mypass", "cGhpbDpteXBhc3M="]).result.as_ref().unwrap();
    let wrong = deliver(&with_token(&server, "tk_wrong", "closed"), &error()).await;
    assert!(wrong.permanent().contains("HTTP 401") && wrong.permanent().contains("check the credentials"));
    let nobody = deliver(&NtfySettings::to(&server.url, "closed").into(), &error()).await;
    assert!(nobody.permanent().contains("HTTP 403"), "{}", nobody.permanent());
    let busy = deliver(&NtfySettings::to(&server.url, "busy").into(), &error()).await;
    assert_eq!(busy.retry().0, None);
    let elsewhere = Server::saying(Reply::text(200, "<!doctype html><p>Welcome</p>")).await;
    let told = deliver(&NtfySettings::to(&elsewhere.url, "open").into(), &error()).await;
    assert!(told.permanent().contains("check the address"), "{}", told.permanent());
    // What the server itself would say to waits of its own.
    let slow = Server::saying(Reply::text(429, "").header("retry-after", "3")).await;
    let told = deliver(&NtfySettings::to(&slow.url, "open").into(), &error()).await;
    assert_eq!(told.retry().0, Some(Duration::from_secs(3)));
}

#[tokio::test]
async fn credentials_can_be_tried_without_a_message() {
    let server = ntfy().await;
    let said = async |settings| probe(&settings).await.unwrap().map_err(|error| error.to_string());
    assert_eq!(said(with_token(&server, TOKEN, "closed")).await.unwrap(), "The server knows us as phil.");
    assert_eq!(said(NtfySettings::to(&server.url, "open").into()).await.unwrap(), "The server is there.");
    assert!(said(with_token(&server, "tk_wrong", "closed")).await.unwrap_err().contains("HTTP 401"));
}

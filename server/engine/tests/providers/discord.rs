//! discord: a stand-in that holds to “Execute Webhook” and to the limits of embeds.

use std::time::Duration;

use domain::integration::{DiscordSettings, IntegrationSettings};
use serde_json::{Value, json};

use crate::support::{
    CONSOLE, Heard, Reply, Server, acknowledged, deliver, error, error_with, event, event_with, group,
    group_over, holds_to_the_table_of_statuses, incident_id, ok, probe, reminder,
};

/// Discord: one webhook, with a busy one and a forum beside it.
async fn discord() -> Server {
    Server::start(|heard| {
        let (path, query) = heard.path.split_once('?').unwrap_or((&heard.path, ""));
        match (heard.method.as_str(), path) {
            ("GET", "/api/webhooks/17/T0KEN") => {
                Reply::json(200, &json!({ "id": "17", "type": 1, "name": "Ops", "token": "T0KEN" }))
            }
            ("POST", "/api/webhooks/17/T0KEN") => match wrong(heard) {
                Some(wrong) => Reply::json(
                    400,
                    &json!({ "message": "Invalid Form Body", "code": 50_035, "errors": wrong }),
                ),
                None if query.contains("wait=true") => {
                    Reply::json(200, &json!({ "id": "1234", "channel_id": "9" }))
                }
                None => Reply::text(204, ""),
            },
            ("POST", "/api/webhooks/18/BUSY") => Reply::json(
                429,
                &json!({ "message": "You are being rate limited.", "retry_after": 64.57, "global": false }),
            ),
            _ => Reply::json(404, &json!({ "message": "Unknown Webhook", "code": 10_015 })),
        }
    })
    .await
}

fn wrong(heard: &Heard) -> Option<String> {
    let body = heard.json();
    let length = |text: &Value| text.as_str().unwrap_or_default().encode_utf16().count();
    let embeds = body["embeds"].as_array().unwrap();
    let embed = &embeds[0];
    let (title, description, footer) =
        (length(&embed["title"]), length(&embed["description"]), length(&embed["footer"]["text"]));
    if title == 0
        || title > 256
        || description > 4_096
        || footer > 2_048
        || title + description + footer > 6_000
    {
        return Some(format!("title {title}, description {description}, footer {footer}"));
    }
    if embed["color"].as_u64().is_none_or(|colour| colour > 0x00ff_ffff) || length(&body["content"]) > 2_000 {
        return Some("colour or content".to_owned());
    }
    body["allowed_mentions"]["parse"].is_null().then(|| "anybody could be mentioned".to_owned())
}

fn to(server: &Server, last: &str) -> DiscordSettings {
    DiscordSettings::to(&format!("{}/api/webhooks/{last}", server.url))
}

#[tokio::test]
async fn statuses_mean_what_they_mean_everywhere() {
    let settings = |url: &str| DiscordSettings::to(&format!("{url}/api/webhooks/17/T0KEN")).into();
    holds_to_the_table_of_statuses(settings, &Reply::json(200, &json!({ "id": "1" })), &[]).await;
}

#[tokio::test]
async fn each_message_is_an_embed_in_the_colour_of_its_news() {
    let server = discord().await;
    let settings: IntegrationSettings = to(&server, "17/T0KEN").into();
    let told = deliver(&settings, &error()).await;
    assert_eq!(told.external_id(), Some("1234"));
    told.hides(&["T0KEN"]);
    let heard = server.one();
    assert_eq!(heard.path, "/api/webhooks/17/T0KEN?wait=true");
    assert_eq!(
        heard.json(),
        json!({
            "embeds": [{
                "title": "🔴 Shop \\<EU\\> & more is down",
                "description": "Down since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.\nhttps://shop.example.com/?a=1&b=2",
                "color": 0x00dc_2626,
                "timestamp": "2026-03-02T00:00:00.000Z",
                "url": format!("{CONSOLE}/console/incidents/{}", incident_id()),
                "footer": { "text": format!("Incident {}", incident_id()) },
            }],
            "allowed_mentions": { "parse": [] },
        })
    );
    for (message, title, colour) in [
        (reminder(), "🟠 Shop \\<EU\\> & more is still down", 0x00ea_580c),
        (ok(), "🟢 Shop \\<EU\\> & more is up again", 0x0016_a34a),
        (acknowledged(), "🔵 Shop \\<EU\\> & more is down, and Ada takes care of it", 0x0025_63eb),
        (group(3), "🔴 3 more monitors are down", 0x00dc_2626),
        (group_over(3), "🟢 3 more monitors are up again", 0x0016_a34a),
    ] {
        deliver(&settings, &message).await.result.unwrap();
        let embed = server.one().json()["embeds"][0].clone();
        assert_eq!((&embed["title"], &embed["color"]), (&json!(title), &json!(colour)));
    }
}

#[tokio::test]
async fn an_event_is_its_headline_and_json_that_stays_in_its_block() {
    let server = discord().await;
    let settings: IntegrationSettings = to(&server, "17/T0KEN").into();
    deliver(&settings, &event()).await.result.unwrap();
    let embed = server.one().json()["embeds"][0].clone();
    assert_eq!(embed["title"], "🔴 Incident created: Checkout \\<fails\\>");
    assert_eq!(
        embed["description"],
        "```json\n{\n  \"incidentId\": \"inc1\",\n  \"title\": \"Checkout <fails>\"\n}\n```"
    );
    assert_eq!(embed["footer"]["text"], "incident.incident.created");
    deliver(&settings, &event_with(json!({ "title": "```".repeat(5_000) }))).await.result.unwrap();
    let text = server.one().json()["embeds"][0]["description"].as_str().unwrap().to_owned();
    assert_eq!(text.matches("```").count(), 2);
}

#[tokio::test]
async fn only_who_was_chosen_is_mentioned_and_only_when_it_begins() {
    let server = discord().await;
    for (mention, allowed) in [
        ("@here", json!({ "parse": ["everyone"] })),
        ("<@&42>", json!({ "parse": [], "roles": ["42"] })),
        ("<@43>", json!({ "parse": [], "users": ["43"] })),
    ] {
        let settings = DiscordSettings {
            mention: Some(mention.to_owned()),
            username: Some("Pharos".to_owned()),
            thread_id: Some("77".to_owned()),
            ..to(&server, "17/T0KEN")
        };
        let settings: IntegrationSettings = settings.into();
        settings.validate().unwrap();
        deliver(&settings, &error()).await.result.unwrap();
        let heard = server.one();
        assert_eq!(heard.path, "/api/webhooks/17/T0KEN?wait=true&thread_id=77");
        let body = heard.json();
        assert_eq!((&body["content"], &body["allowed_mentions"]), (&json!(mention), &allowed));
        assert_eq!(body["username"], "Pharos");
        deliver(&settings, &ok()).await.result.unwrap();
        assert_eq!(server.one().json()["content"], Value::Null);
    }
}

#[tokio::test]
async fn long_texts_are_cut_to_what_an_embed_takes() {
    let server = discord().await;
    for text in ["*_~".repeat(5_000), "🔴ä".repeat(5_000), "a\n".repeat(5_000), "https://a/".repeat(900)] {
        deliver(&to(&server, "17/T0KEN").into(), &error_with(&text, &text)).await.result.unwrap();
    }
    deliver(&to(&server, "17/T0KEN").into(), &group(200)).await.result.unwrap();
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_given_up_and_a_busy_one_is_waited_for() {
    let server = discord().await;
    let gone = deliver(&to(&server, "17/wrong").into(), &error()).await;
    assert_eq!(
        gone.permanent(),
        "HTTP 404: Discord does not know the webhook (any more); create a new one and enter its URL."
    );
    let busy = deliver(&to(&server, "18/BUSY").into(), &error()).await;
    assert_eq!(busy.retry().0, Some(Duration::from_secs_f64(64.57)));
}

#[tokio::test]
async fn a_webhook_can_be_looked_at_without_a_message() {
    let server = discord().await;
    let said = probe(&to(&server, "17/T0KEN").into()).await.unwrap();
    assert_eq!(said.unwrap(), "The webhook “Ops” is there.");
    let refused = probe(&to(&server, "17/wrong").into()).await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("create a new one"), "{refused}");
}

//! telex: a stand-in for the webhook of a channel, with the envelope of its API (contracts.md 1.7).

use domain::integration::{IntegrationSettings, TelexSettings};
use serde_json::{Value, json};

use crate::support::{
    CONSOLE, Reply, Server, acknowledged, deliver, error, error_with, event, group, group_over,
    holds_to_the_table_of_statuses, incident_id, ok, probe, reminder, test,
};

async fn telex() -> Server {
    let says = |http: u16, status: &str, code: u16, message: &str| {
        Reply::json(http, &json!({ "status": status, "status_code": code, "message": message, "data": null }))
    };
    Server::start(move |heard| match heard.path.as_str() {
        "/v1/webhooks/slug" => {
            let body = heard.json();
            let texts = ["event_name", "message", "username"];
            let whole = texts.iter().all(|name| body[name].as_str().is_some_and(|text| !text.is_empty()));
            let status = matches!(body["status"].as_str(), Some("success" | "error" | "warning"));
            let fields = body.as_object().is_some_and(|body| body.len() == 4);
            if whole && status && fields {
                says(200, "success", 200, "Data sent successfully")
            } else {
                says(422, "error", 422, "Validation failed")
            }
        }
        "/v1/webhooks/inner" => says(200, "error", 404, "Webhook not found"),
        "/v1/webhooks/busy" => says(200, "error", 503, "Try later"),
        _ => says(401, "error", 401, "Unauthorized"),
    })
    .await
}

fn to(server: &Server, slug: &str) -> IntegrationSettings {
    TelexSettings::to(&format!("{}/v1/webhooks/{slug}", server.url)).into()
}

#[tokio::test]
async fn statuses_mean_what_they_mean_everywhere() {
    let settings = |url: &str| TelexSettings::to(&format!("{url}/v1/webhooks/slug")).into();
    let taken = Reply::json(200, &json!({ "status": "success", "status_code": 200 }));
    holds_to_the_table_of_statuses(settings, &taken, &[]).await;
}

#[tokio::test]
async fn a_message_has_the_four_fields_of_telex() {
    let server = telex().await;
    deliver(&to(&server, "slug"), &error()).await.hides(&["slug"]).result.as_ref().unwrap();
    let heard = server.one();
    assert_eq!((heard.method.as_str(), heard.path.as_str()), ("POST", "/v1/webhooks/slug"));
    let link = format!("{CONSOLE}/console/incidents/{}", incident_id());
    assert_eq!(
        heard.json(),
        json!({
            "event_name": "Error alert",
            "message": format!(
                "🔴 Shop <EU> & more is down\nDown since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.\nhttps://shop.example.com/?a=1&b=2\n{link}"
            ),
            "status": "error",
            "username": "Pharos",
        })
    );
    for (message, name, status) in [
        (reminder(), "Reminder alert", "error"),
        (ok(), "OK alert", "success"),
        (test(), "Test", "error"),
        (acknowledged(), "Acknowledged", "warning"),
        (group(3), "Many outages", "error"),
        (group_over(3), "Many outages", "success"),
        (event(), "incident.incident.created", "error"),
    ] {
        deliver(&to(&server, "slug"), &message).await.result.unwrap();
        let body = server.one().json();
        assert_eq!((&body["event_name"], &body["status"]), (&json!(name), &json!(status)));
    }
}

#[tokio::test]
async fn an_event_is_its_headline_and_json_and_long_texts_are_cut() {
    let server = telex().await;
    deliver(&to(&server, "slug"), &event()).await.result.unwrap();
    let text = server.one().json()["message"].as_str().unwrap().to_owned();
    assert!(
        text.starts_with("🔴 Incident created: Checkout <fails>\n{\n  \"incidentId\": \"inc1\",\n"),
        "{text}"
    );
    deliver(&to(&server, "slug"), &error_with("name", &"ä".repeat(100_000))).await.result.unwrap();
    let body: Value = server.one().json();
    assert!(body["message"].as_str().unwrap().chars().count() < 9_000);
}

#[tokio::test]
async fn the_envelope_is_judged_as_well_as_the_status() {
    let server = telex().await;
    let inner = deliver(&to(&server, "inner"), &error()).await;
    assert!(inner.permanent().contains("HTTP 404") && inner.permanent().contains("Webhook not found"));
    assert!(deliver(&to(&server, "busy"), &error()).await.retry().1.contains("Try later"));
    let wrong = deliver(&to(&server, "wrong"), &error()).await;
    assert!(wrong.permanent().contains("HTTP 401"), "{}", wrong.permanent());
    assert!(probe(&to(&server, "slug")).await.is_none(), "a webhook can only post");
}

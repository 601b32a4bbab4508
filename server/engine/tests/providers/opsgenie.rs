//! Opsgenie against a stand-in that holds to the Alert API v2.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::integration::{IntegrationSettings, OpsgenieSettings};
use serde_json::{Value, json};

use super::support::{self, CONSOLE, Heard, Reply, Server, deliver, incident_id};

const KEY: &str = "eb243592-faa2-4ba2-a551-1afdf565c889";

/// Alerts by alias: how often they were created, and whether they are acknowledged.
type Alerts = Mutex<BTreeMap<String, (u32, bool)>>;

fn settings(url: &str) -> IntegrationSettings {
    OpsgenieSettings { base_url: Some(url.to_owned()), ..OpsgenieSettings::with_key(KEY) }.into()
}

fn said(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "message": message, "took": 0.001, "requestId": "rq1" }))
}

fn taken() -> Reply {
    Reply::json(202, &json!({ "result": "Request will be processed", "took": 0.302, "requestId": "rq1" }))
}

/// What the documentation demands of a request.
fn api(heard: &Heard, alerts: &Alerts) -> Reply {
    if heard.header("authorization") != format!("GenieKey {KEY}") {
        return said(401, "Could not authenticate");
    }
    let (path, query) = heard.path.split_once('?').unwrap_or((&heard.path, ""));
    let parts: Vec<_> = path.trim_start_matches("/v2/alerts").trim_start_matches('/').split('/').collect();
    let body = heard.json();
    let length = |name: &str| body[name].as_str().unwrap_or_default().chars().count();
    match (heard.method.as_str(), parts.as_slice()) {
        ("GET", ["count"]) => {
            Reply::json(200, &json!({ "data": { "count": 7 }, "took": 0.1, "requestId": "rq1" }))
        }
        ("POST", [""]) => {
            let fits = (1..=130).contains(&length("message"))
                && (1..=512).contains(&length("alias"))
                && length("description") <= 15_000
                && length("entity") <= 512
                && body["details"].as_object().is_none_or(|details| details.values().all(Value::is_string))
                && ["P1", "P2", "P3", "P4", "P5"].contains(&body["priority"].as_str().unwrap_or_default());
            if !fits {
                let errors = json!({ "message": "Message can not be empty." });
                let refusal = json!({ "message": "Request body is not processable. Please check the errors.", "errors": errors });
                return Reply::json(422, &refusal);
            }
            alerts.lock().unwrap().entry(body["alias"].as_str().unwrap().to_owned()).or_default().0 += 1;
            taken()
        }
        ("POST", [alias, action]) if query == "identifierType=alias" && length("note") <= 25_000 => {
            let mut alerts = alerts.lock().unwrap();
            match *action {
                "acknowledge" => alerts.entry((*alias).to_owned()).or_default().1 = true,
                "close" => drop(alerts.remove(*alias)),
                _ => return said(404, "no such action"),
            }
            taken()
        }
        _ => said(404, "Not found"),
    }
}

#[tokio::test]
async fn an_alert_is_created_once_acknowledged_and_closed() {
    let alerts = Arc::new(Alerts::default());
    let kept = Arc::clone(&alerts);
    let server = Server::start(move |heard| api(heard, &kept)).await;
    let (settings, id) = (settings(&server.url), incident_id());

    let told = deliver(&settings, &support::error()).await;
    assert_eq!(told.external_id(), Some(id.as_str()), "{told:#?}");
    told.hides(&[KEY]);
    let created = json!({
        "message": "Shop <EU> & more is down: No answer within 10 s.",
        "alias": id,
        "description": format!(
            "{CONSOLE}/console/incidents/{id}\n\nDown since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.\nhttps://shop.example.com/?a=1&b=2"
        ),
        "source": "Pharos",
        "priority": "P1",
        "entity": "Shop <EU> & more",
        "details": {
            "monitor": "Shop <EU> & more",
            "target": "https://shop.example.com/?a=1&b=2",
            "check": "http",
            "failure": "timeout",
            "started_at": "2026-03-01T23:55:00.000Z",
        },
    });
    assert_eq!(server.one().json(), created);

    deliver(&settings, &support::reminder()).await.result.unwrap();
    let again = server.one().json();
    assert_eq!(
        (&again["alias"], &again["message"]),
        (&created["alias"], &json!("Shop <EU> & more is still down: No answer within 10 s."))
    );
    assert!(again["note"].as_str().unwrap().starts_with("Down since 2026-03-01 23:55 UTC (5 min): "));

    deliver(&settings, &support::acknowledged()).await.result.unwrap();
    let heard = server.one();
    assert_eq!(heard.path, format!("/v2/alerts/{id}/acknowledge?identifierType=alias"));
    let note = "Shop <EU> & more is down, and Ada takes care of it\nNo answer within 10 s.";
    assert_eq!(heard.json(), json!({ "source": "Pharos", "user": "Pharos", "note": note }));
    assert_eq!(alerts.lock().unwrap()[&id], (2, true));

    deliver(&settings, &support::ok()).await.result.unwrap();
    let heard = server.one();
    assert_eq!(heard.path, format!("/v2/alerts/{id}/close?identifierType=alias"));
    assert!(heard.json()["note"].as_str().unwrap().contains("It was down for 5 min."));
    assert!(alerts.lock().unwrap().is_empty());
}

#[tokio::test]
async fn notes_are_among_the_details_within_their_limit() {
    let alerts = Arc::new(Alerts::default());
    let kept = Arc::clone(&alerts);
    let server = Server::start(move |heard| api(heard, &kept)).await;
    let told = support::noted(support::error(), "Ask Ada.\nThen Bob.");
    deliver(&settings(&server.url), &told).await.result.unwrap();
    assert_eq!(server.one().json()["details"]["notes"], "Ask Ada.\nThen Bob.");
    let long = support::noted(support::error_with(&"ü".repeat(3_000), ""), &"🦀".repeat(4_000));
    deliver(&settings(&server.url), &long).await.result.unwrap();
    let details = server.one().json()["details"].as_object().unwrap().clone();
    let length = |text: &str| text.encode_utf16().count();
    let all: usize = details.iter().map(|(name, value)| length(name) + length(value.as_str().unwrap())).sum();
    assert!(all <= 8_000, "{all}");
}

#[tokio::test]
async fn events_teams_and_long_texts_fit_the_api() {
    let alerts = Arc::new(Alerts::default());
    let kept = Arc::clone(&alerts);
    let server = Server::start(move |heard| api(heard, &kept)).await;
    let settings = OpsgenieSettings {
        base_url: Some(server.url.clone()),
        teams: vec!["Ops".to_owned()],
        tags: vec!["pharos".to_owned()],
        ..OpsgenieSettings::with_key(KEY)
    };
    let settings = IntegrationSettings::from(settings);
    let message = support::error_with(&"ü".repeat(2_000), &"🦀".repeat(20_000));
    deliver(&settings, &message).await.result.unwrap();
    let heard = server.one().json();
    assert_eq!(heard["responders"], json!([{ "type": "team", "name": "Ops" }]));
    assert_eq!(heard["tags"], json!(["pharos"]));

    let event = support::event_with(
        json!({ "incidentId": "INC 7/8?", "title": "Checkout fails", "severity": "minor" }),
    );
    deliver(&settings, &event).await.result.unwrap();
    let heard = server.one().json();
    assert_eq!((&heard["alias"], &heard["priority"]), (&json!("INC7/8?"), &json!("P3")));
    deliver(&settings, &support::group(2)).await.permanent();
}

#[tokio::test]
async fn a_refusal_is_explained_and_a_limit_is_waited_for() {
    let server = Server::start(|heard| api(heard, &Alerts::default())).await;
    let wrong =
        OpsgenieSettings { base_url: Some(server.url.clone()), ..OpsgenieSettings::with_key("other") };
    let told = deliver(&wrong.clone().into(), &support::error()).await;
    assert_eq!(
        told.permanent(),
        "HTTP 401: Opsgenie says: Could not authenticate. Check the API key, its rights and the region."
    );
    let probed = support::probe(&wrong.into()).await.unwrap().unwrap_err();
    assert!(probed.to_string().contains("401"), "{probed}");
    assert_eq!(
        support::probe(&settings(&server.url)).await.unwrap(),
        Ok("Opsgenie knows the key.".to_owned())
    );

    let limited = said(429, "You are making too many requests!");
    let limited = Server::saying(
        limited.header("x-ratelimit-state", "THROTTLED").header("x-ratelimit-period-in-sec", "60"),
    )
    .await;
    let told = deliver(&settings(&limited.url), &support::error()).await;
    assert_eq!(told.retry().0, Some(Duration::from_mins(1)));
}

#[tokio::test]
async fn the_shared_table_of_statuses_holds() {
    support::holds_to_the_table_of_statuses(settings, &taken(), &[]).await;
}

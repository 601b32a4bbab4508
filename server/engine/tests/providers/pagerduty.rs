//! PagerDuty against a stand-in that holds to the Events API v2.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::integration::pagerduty::PagerDutySeverity;
use domain::integration::{IntegrationSettings, PagerDutySettings};
use domain::message::{Body, Message};
use serde_json::{Value, json};

use super::support::{self, CONSOLE, Heard, Reply, Server, deliver, incident_id};

const KEY: &str = "R0123456789ABCDEFGHIJKLMNOPQRSTU";

fn settings(url: &str) -> IntegrationSettings {
    PagerDutySettings { base_url: Some(format!("{url}/")), ..PagerDutySettings::with_key(KEY) }.into()
}

fn accepted(key: &str) -> Reply {
    Reply::json(202, &json!({ "status": "success", "message": "Event processed", "dedup_key": key }))
}

/// What the documentation demands of an event.
fn enqueue(heard: &Heard, open: &Mutex<Vec<String>>) -> Reply {
    if (heard.method.as_str(), heard.path.as_str()) != ("POST", "/v2/enqueue") {
        return Reply::text(404, "not found");
    }
    let (event, mut wrong) = (heard.json(), Vec::new());
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    if text("/routing_key") != KEY {
        wrong.push("Invalid routing key");
    }
    let (action, key) = (text("/event_action"), text("/dedup_key"));
    if key.is_empty() || key.len() > 255 {
        wrong.push("'dedup_key' is missing or too long");
    }
    match action.as_str() {
        "trigger" => {
            let summary = text("/payload/summary");
            if summary.is_empty() || summary.chars().count() > 1_024 {
                wrong.push("'payload.summary' is missing or too long");
            }
            if text("/payload/source").is_empty() {
                wrong.push("'payload.source' is missing or blank");
            }
            if !["critical", "error", "warning", "info"].contains(&text("/payload/severity").as_str()) {
                wrong.push("'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')");
            }
        }
        "acknowledge" | "resolve" => {}
        _ => wrong.push("'event_action' is invalid"),
    }
    if heard.body.len() > 512 * 1024 {
        return Reply::text(413, "");
    }
    if !wrong.is_empty() {
        let refusal =
            json!({ "status": "invalid event", "message": "Event object is invalid", "errors": wrong });
        return Reply::json(400, &refusal);
    }
    let mut open = open.lock().unwrap();
    match action.as_str() {
        "trigger" if !open.contains(&key) => open.push(key.clone()),
        "resolve" => open.retain(|known| *known != key),
        _ => {}
    }
    accepted(&key)
}

#[tokio::test]
async fn an_incident_is_triggered_once_acknowledged_and_resolved() {
    let open = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&open);
    let server = Server::start(move |heard| enqueue(heard, &kept)).await;
    let (settings, id) = (settings(&server.url), incident_id());
    let link = format!("{CONSOLE}/console/incidents/{id}");
    let trigger = |summary: &str, text: &str| {
        json!({
            "routing_key": KEY,
            "event_action": "trigger",
            "dedup_key": id,
            "client": "Pharos",
            "client_url": link,
            "links": [{ "href": link, "text": "Show it in Pharos" }],
            "payload": {
                "summary": summary,
                "source": "https://shop.example.com/?a=1&b=2",
                "severity": "critical",
                "timestamp": "2026-03-01T23:55:00.000Z",
                "component": "Shop <EU> & more",
                "class": "timeout",
                "custom_details": {
                    "text": text,
                    "monitor": "Shop <EU> & more",
                    "target": "https://shop.example.com/?a=1&b=2",
                    "check": "http",
                    "errors": 5,
                },
            },
        })
    };
    let plain = |action: &str| json!({ "routing_key": KEY, "event_action": action, "dedup_key": id });
    for (message, expected, still_open) in [
        (
            support::error(),
            trigger(
                "Shop <EU> & more is down: No answer within 10 s.",
                "Down since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.\nhttps://shop.example.com/?a=1&b=2",
            ),
            1,
        ),
        (
            support::reminder(),
            trigger(
                "Shop <EU> & more is still down: No answer within 10 s.",
                "Down since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.\nhttps://shop.example.com/?a=1&b=2",
            ),
            1,
        ),
        (support::acknowledged(), plain("acknowledge"), 1),
        (support::ok(), plain("resolve"), 0),
    ] {
        let told = deliver(&settings, &message).await;
        assert_eq!(told.external_id(), Some(id.as_str()), "{told:#?}");
        assert_eq!(server.one().json(), expected);
        assert_eq!(open.lock().unwrap().len(), still_open);
        told.hides(&[KEY]);
    }
}

#[tokio::test]
async fn events_open_and_close_the_incident_that_they_name() {
    let open = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&open);
    let server = Server::start(move |heard| enqueue(heard, &kept)).await;
    let event = |id: &str, payload: Value| {
        let mut message = support::event_with(payload);
        let Body::Event(note) = &mut message.body else { panic!("an event") };
        id.clone_into(&mut note.event);
        message
    };
    let tell = async |message: Message| deliver(&settings(&server.url), &message).await;
    let payload = json!({ "incidentId": "INC7", "title": "Checkout fails", "severity": "major" });
    tell(event("incident.incident.created", payload.clone())).await.result.unwrap();
    let heard = server.one().json();
    assert_eq!(heard["payload"]["severity"], "error");
    assert_eq!(heard["payload"]["summary"], "Incident created: Checkout fails");
    assert_eq!(heard["payload"]["custom_details"]["event"], payload);
    assert_eq!(*open.lock().unwrap(), ["INC7"]);
    tell(event("incident.incident.resolved", payload)).await.result.unwrap();
    assert!(open.lock().unwrap().is_empty());
    let system = json!({ "systemId": "db", "systemName": "Database" });
    tell(event("healthcheck.healthcheck.system.degraded", system)).await.result.unwrap();
    assert_eq!(*open.lock().unwrap(), ["system-db"]);
    let told = tell(event("maintenance.maintenance.created", json!({ "maintenanceId": "M1" }))).await;
    // The fault of the subscription: neither a failure of the integration nor a success.
    let why = told.nothing();
    assert!(why.starts_with("Nothing: PagerDuty keeps incidents, and ") && why.contains("webhook"), "{why}");
    for storm in [support::group(3), support::group_over(3)] {
        tell(storm).await.permanent();
    }
}

#[tokio::test]
async fn long_texts_are_cut_to_what_is_taken() {
    let open = Mutex::new(Vec::new());
    let server = Server::start(move |heard| enqueue(heard, &open)).await;
    let message = support::error_with(&"ü".repeat(2_000), &"🦀".repeat(9_000));
    deliver(&settings(&server.url), &message).await.result.unwrap();
    let huge = support::event_with(json!({ "incidentId": "INC7", "description": "x".repeat(600_000) }));
    deliver(&settings(&server.url), &huge).await.result.unwrap();
}

#[tokio::test]
async fn notes_come_with_whatever_wakes_somebody() {
    let open = Mutex::new(Vec::new());
    let server = Server::start(move |heard| enqueue(heard, &open)).await;
    let notes = "Ask Ada.\nThen Bob.";
    for message in [support::error(), support::reminder()] {
        deliver(&settings(&server.url), &support::noted(message, notes)).await.result.unwrap();
        assert_eq!(server.one().json()["payload"]["custom_details"]["notes"], notes);
    }
}

#[tokio::test]
async fn a_wrong_key_is_explained_and_a_limit_is_waited_for() {
    let open = Mutex::new(Vec::new());
    let server = Server::start(move |heard| enqueue(heard, &open)).await;
    let wrong = PagerDutySettings {
        base_url: Some(server.url.clone()),
        severity: PagerDutySeverity::Warning,
        ..PagerDutySettings::with_key("R0123456789ABCDEFGHIJKLMNOPQRST0")
    };
    let told = deliver(&wrong.into(), &support::error()).await;
    assert_eq!(
        told.permanent(),
        "HTTP 400: PagerDuty refuses the event: Invalid routing key. Check the integration key."
    );
    let limited = Server::saying(Reply::json(429, &json!({ "message": "Throttle limit reached" }))).await;
    assert_eq!(deliver(&settings(&limited.url), &support::error()).await.retry().0, None);
    let limited = Server::saying(Reply::text(429, "").header("retry-after", "30")).await;
    let told = deliver(&settings(&limited.url), &support::error()).await;
    assert_eq!(told.retry().0, Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn the_connection_is_tried_without_an_incident() {
    let open = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&open);
    let server = Server::start(move |heard| enqueue(heard, &kept)).await;
    support::probe(&settings(&server.url)).await.unwrap().unwrap();
    assert_eq!(server.one().json()["event_action"], "resolve");
    let refusing = Server::saying(Reply::text(403, "")).await;
    support::probe(&settings(&refusing.url)).await.unwrap().unwrap_err();
}

#[tokio::test]
async fn the_shared_table_of_statuses_holds() {
    support::holds_to_the_table_of_statuses(settings, &accepted("x"), &[]).await;
}

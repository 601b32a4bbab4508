//! Incidents, and what was told of them, over the API.

use domain::alert::{DefinitionDraft, Level};
use domain::check::{CheckReport, Evidence, Failure, Outcome};
use domain::id::{IncidentId, MonitorKey};
use domain::person::Viewer;
use domain::time::Timestamp;
use engine::store::{evidence, incidents};
use reqwest::Method;
use serde_json::{Value, json};

use super::{call, monitor, webhook};
use crate::support::TestApp;

/// Opens an incident of a monitor, with what was seen.
pub(super) async fn outage(app: &TestApp, monitor: &Value) -> IncidentId {
    let state = &app.running.state;
    let (key, at) = (MonitorKey(monitor["id"].as_i64().unwrap()), state.clock.now());
    let id = IncidentId::new(state.chance.bytes());
    let opening = incidents::Opening {
        id: &id,
        monitor: key,
        title: "Shop is down",
        reason: "HTTP 500",
        started_at: at,
        at,
    };
    let report = CheckReport {
        evidence: Evidence {
            request: Some("GET https://example.com/".to_owned()),
            status: Some(500),
            headers: vec![("content-type".to_owned(), "text/html".to_owned())],
            ..Evidence::default()
        },
        ..CheckReport::bare(Outcome::down(Failure::Withheld))
    };
    let mut tx = state.db.write().await.unwrap();
    incidents::open(&mut tx, &opening).await.unwrap().expect("an incident");
    evidence::insert(&mut tx, key, Timestamp(at.0), true, &report).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn an_incident_is_read_taken_on_put_off_and_resolved() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let made =
        monitor(&app, &program, json!({ "name": "Shop", "url": "https://example.com/", "paused": true }))
            .await;
    let id = outage(&app, &made).await;
    let (status, page) =
        call(&app, &program, Method::GET, "/api/v1/incidents?status=ongoing", &Value::Null).await;
    let seen = &page["data"][0];
    assert_eq!((status, &page["meta"]["total_count"]), (200, &json!(1)));
    for (name, expected) in [
        ("uuid", json!(id.as_str())),
        ("status", json!("ongoing")),
        ("error_message", json!("HTTP 500")),
        ("closed_at", Value::Null),
        ("monitorable_type", json!("NetworkMonitor")),
        ("monitorable_uuid", made["uuid"].clone()),
        ("monitorable_name", json!("Shop")),
        ("request", json!("GET https://example.com/")),
        ("response", json!("500 Internal Server Error")),
        ("response_headers", json!({ "content-type": "text/html" })),
    ] {
        assert_eq!(seen[name], expected, "{name}");
    }
    assert!(seen["request_headers"]["User-Agent"].as_str().unwrap().starts_with("Pharos/"));
    let path = format!("/api/v1/incidents/{id}");
    let post = async |word: &str, body: Value| {
        call(&app, &program, Method::POST, &format!("{path}/{word}"), &body).await
    };
    let (status, taken) = post("acknowledge", Value::Null).await;
    assert_eq!((status, &taken["acknowledged_by"]), (200, &json!("test")));
    let (status, off) = post("snooze", json!({ "minutes": 30 })).await;
    assert!(status == 200 && off["snooze_until"].is_string(), "{off}");
    for wrong in [
        json!({}),
        json!({ "minutes": 0 }),
        json!({ "until": "soon" }),
        json!({ "until": "2020-01-01T00:00:00Z" }),
    ] {
        assert_eq!(post("snooze", wrong.clone()).await.0, 422, "{wrong}");
    }
    assert_eq!(post("unsnooze", Value::Null).await.1["snooze_until"], Value::Null);
    assert_eq!(post("snooze", json!({ "minutes": 5 })).await.0, 200);
    assert_eq!(call(&app, &program, Method::DELETE, &format!("{path}/snooze"), &Value::Null).await.0, 204);
    let (status, over) = post("resolve", Value::Null).await;
    assert_eq!((status, &over["status"]), (200, &json!("resolved")));
    assert!(over["closed_at"].is_string());
    assert_eq!(post("resolve", Value::Null).await.0, 200, "a second time changes nothing");
    assert_eq!(post("snooze", json!({ "minutes": 5 })).await.0, 409);
    let (_, none) = call(&app, &program, Method::GET, "/api/v1/incidents?status=ongoing", &Value::Null).await;
    assert_eq!(none["data"], json!([]));
    app.close().await;
}

#[tokio::test]
async fn deliveries_can_be_searched_counted_and_replayed() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let get = async |path: &str| call(&app, &program, Method::GET, path, &Value::Null).await;
    let (status, page) = get("/api/v1/deliveries?status=failed&search=x&per_page=5").await;
    assert_eq!((status, &page["data"], &page["meta"]["per_page"]), (200, &json!([]), &json!(5)));
    let (status, refused) = get("/api/v1/deliveries?status=lost&integration_id=5").await;
    assert_eq!((status, refused["errors"].as_object().unwrap().len()), (422, 1), "{refused}");
    let (status, counted) = get("/api/v1/deliveries/stats?hours=48").await;
    assert_eq!((status, &counted["total"], &counted["by_provider"]), (200, &json!(0), &json!([])));
    assert_eq!(get("/api/v1/deliveries/stats?hours=721").await.0, 422);
    let chosen = json!({ "ids": ["DL00000000000000000000"] });
    let replayed = call(&app, &program, Method::POST, "/api/v1/deliveries/replay", &chosen).await;
    assert_eq!(replayed, (200, json!({ "replayed": 0 })));
    let wrong = json!({ "ids": ["x"] });
    let (status, refused) = call(&app, &program, Method::POST, "/api/v1/deliveries/replay", &wrong).await;
    assert_eq!(status, 422);
    assert!(refused["errors"]["ids.0"].is_array(), "{refused}");
    app.close().await;
}

#[tokio::test]
async fn a_monitor_that_nobody_hears_of_says_so_and_its_incident_too() {
    let app = TestApp::spawn().await;
    let (program, viewer) = (app.token().await, app.viewer().await);
    let fields = json!({ "name": "Shop", "url": "https://example.com/", "paused": true });
    let made = monitor(&app, &program, fields).await;
    let uuid = made["uuid"].as_str().unwrap();
    let read = async |path: String| {
        app.request(&viewer, Method::GET, &path).send().await.unwrap().text().await.unwrap()
    };
    let card = async || read(format!("/console/monitors/{uuid}")).await;
    let page = card().await;
    assert!(page.contains("Nobody hears of it") && page.contains("There is no integration yet."), "{page}");
    let hook = webhook(&app, &program).await;
    assert!(!card().await.contains("Nobody hears of it"), "the first one is told of everything");
    let definition = DefinitionDraft {
        name: "Nobody".to_owned(),
        active: true,
        monitors: vec![uuid.parse().unwrap()],
        levels: vec![Level::at_once(Vec::new())],
    };
    let services = &app.running.state.services;
    services.save_definition(&Viewer::System, None, &definition).await.unwrap();
    let page = card().await;
    assert!(page.contains("Nobody hears of it") && page.contains("Attach an integration here"), "{page}");
    let incident = outage(&app, &made).await;
    let page = read(format!("/console/incidents/{incident}")).await;
    assert!(page.contains("Nobody was told") && !page.contains("Nobody else is told"), "{page}");

    let path = format!("/api/v1/network_monitors/{uuid}/integrations");
    let body = json!({ "integration_id": hook });
    let (status, answer) = call(&app, &program, Method::POST, &path, &body).await;
    assert!(status < 300, "{answer}");
    assert!(!card().await.contains("Nobody hears of it"));
    let off = json!({ "integration": { "enabled": false } });
    let (status, answer) =
        call(&app, &program, Method::PATCH, &format!("/api/v1/integrations/{hook}"), &off).await;
    assert_eq!(status, 200, "{answer}");
    let page = card().await;
    assert!(page.contains("Nobody hears of it") && page.contains("is switched off"), "{page}");
    app.close().await;
}

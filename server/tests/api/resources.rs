//! Monitors, incidents, deliveries, subscriptions and alert definitions over the API.

use domain::check::{CheckReport, Evidence, Failure, Outcome};
use domain::id::{IncidentId, MonitorKey};
use domain::time::Timestamp;
use engine::store::{evidence, incidents};
use reqwest::Method;
use serde_json::{Value, json};

use super::call;
use crate::support::{Actor, TestApp};

async fn webhook(app: &TestApp, program: &Actor) -> String {
    let body = json!({ "integration": { "type": "Integrations::WebhookIntegration",
        "settings": { "webhook_url": "http://127.0.0.1:9/hook" } } });
    let (status, made) = call(app, program, Method::POST, "/api/v1/integrations", &body).await;
    assert_eq!(status, 201, "{made}");
    made["uuid"].as_str().unwrap().to_owned()
}

async fn monitor(app: &TestApp, program: &Actor, fields: Value) -> Value {
    let body = json!({ "network_monitor": fields });
    let (status, made) = call(app, program, Method::POST, "/api/v1/network_monitors", &body).await;
    assert_eq!(status, 201, "{made}");
    made
}

#[tokio::test]
async fn an_integration_is_changed_without_losing_its_secrets() {
    let app = TestApp::spawn_with(&[("api.echo_secrets", "true")]).await;
    let program = app.token().await;
    let body = json!({ "integration": { "type": "Integrations::SshServerRestartIntegration", "name": "Web",
        "settings": { "ip": "192.0.2.1", "username": "admin", "password": "secure", "port": 2222 } } });
    let (_, made) = call(&app, &program, Method::POST, "/api/v1/integrations", &body).await;
    let path = format!("/api/v1/integrations/{}", made["uuid"].as_str().unwrap());
    let change = json!({ "integration": { "enabled": false,
        "settings": { "username": "root", "password": "********" } } });
    let (status, changed) = call(&app, &program, Method::PATCH, &path, &change).await;
    assert_eq!(
        (status, &changed["enabled"], &changed["name"]),
        (200, &json!(false), &json!("Web")),
        "{changed}"
    );
    assert_eq!(changed["settings"]["password"], "secure");
    assert_eq!(
        (&changed["settings"]["username"], &changed["settings"]["port"]),
        (&json!("root"), &json!(2222))
    );
    let other = json!({ "type": "Integrations::EmailIntegration" });
    assert_eq!(call(&app, &program, Method::PUT, &path, &other).await.0, 422);
    app.close().await;
}

#[tokio::test]
async fn a_test_says_what_was_sent_and_answered() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let path = format!("/api/v1/integrations/{}", webhook(&app, &program).await);
    let (status, trial) = call(&app, &program, Method::POST, &format!("{path}/test"), &Value::Null).await;
    assert_eq!((status, &trial["ok"]), (200, &json!(false)), "nobody listens there");
    assert!(trial["request"].as_str().unwrap().contains("incident_status"), "{trial}");
    let log = call(&app, &program, Method::GET, &format!("{path}/deliveries"), &Value::Null).await;
    assert_eq!((log.0, &log.1["data"]), (200, &json!([])), "a test is no delivery");
    app.close().await;
}

#[tokio::test]
async fn notes_and_own_fields_of_a_monitor_are_kept_until_they_are_changed() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let made = monitor(
        &app,
        &program,
        json!({ "url": "https://example.com/", "notes": "Ask Ada.", "custom_fields": { "Team": "web", "Link": "https://x.org/?a=b" } }),
    )
    .await;
    assert_eq!(made["notes"], "Ask Ada.", "{made}");
    let path = format!("/api/v1/network_monitors/{}", made["id"]);
    let (_, renamed) = call(&app, &program, Method::PATCH, &path, &json!({ "name": "Shop" })).await;
    assert_eq!(renamed["custom_fields"], json!({ "Team": "web", "Link": "https://x.org/?a=b" }), "{renamed}");
    assert_eq!(renamed["notes"], "Ask Ada.");
    let change = json!({ "notes": null, "custom_fields": { "Team": "ops" } });
    let (_, changed) = call(&app, &program, Method::PATCH, &path, &change).await;
    assert_eq!(
        (&changed["notes"], &changed["custom_fields"]),
        (&json!(""), &json!({ "Team": "ops" })),
        "{changed}"
    );
    for (wrong, said) in [
        (json!({ "custom_fields": ["Team"] }), "an object of texts"),
        (json!({ "custom_fields": { "Team": 7 } }), "write a text"),
        (json!({ "custom_fields": { "a=b": "x" } }), "is no name"),
        (json!({ "custom_fields": { "a": "x\ny = z" } }), "one plain line"),
        (json!({ "custom_fields": { "A": "1", "a": "2" } }), "stands there already"),
        (json!({ "notes": "x".repeat(4_001) }), "at most 4000"),
    ] {
        let (status, refused) = call(&app, &program, Method::PATCH, &path, &wrong).await;
        assert!(status == 422 && refused.to_string().contains(said), "{wrong}: {refused}");
    }
    app.close().await;
}

#[tokio::test]
async fn a_monitor_is_created_changed_paused_and_deleted() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let made = monitor(
        &app,
        &program,
        json!({ "url": "http://127.0.0.1:9/", "check_type": "keyword", "keyword": "fine", "interval_seconds": 300,
            "timeout_seconds": 2.5, "expected_status_codes": [200, 204], "request_headers": { "X-A": "b" }, "paused": true }),
    )
    .await;
    assert_eq!((&made["check_type"], &made["status"]), (&json!("keyword"), &json!("paused")), "{made}");
    assert_eq!((&made["interval_seconds"], &made["timeout_seconds"]), (&json!(300), &json!(2.5)));
    assert_eq!(made["settings"]["accepted_statuses"], "200,204");
    let by_number = format!("/api/v1/network_monitors/{}", made["id"]);
    let by_id = format!("/api/v1/network_monitors/{}", made["uuid"].as_str().unwrap());
    let read = call(&app, &program, Method::GET, &by_number, &Value::Null).await;
    assert_eq!(read, (200, made.clone()));
    let change = json!({ "network_monitor": { "name": "Shop", "paused": false } });
    let (status, changed) = call(&app, &program, Method::PATCH, &by_id, &change).await;
    assert_eq!((status, &changed["name"]), (200, &json!("Shop")), "{changed}");
    assert_ne!(changed["status"], "paused");
    assert_eq!(changed["settings"]["keyword"], "fine", "what was not sent stays");
    for (word, status) in [("pause", "paused"), ("resume", "")] {
        let answer = call(&app, &program, Method::POST, &format!("{by_id}/{word}"), &Value::Null).await;
        assert_eq!(answer.0, 200);
        assert_eq!(answer.1["status"] == "paused", status == "paused");
    }
    let tcp = json!({ "check_type": "tcp", "url": "127.0.0.1:9" });
    let (status, changed) = call(&app, &program, Method::PUT, &by_id, &tcp).await;
    assert_eq!(
        (status, &changed["check_type"], &changed["url"]),
        (200, &json!("tcp"), &json!("127.0.0.1:9"))
    );
    assert_eq!(call(&app, &program, Method::DELETE, &by_id, &Value::Null).await.0, 204);
    let (status, gone) = call(&app, &program, Method::GET, &by_number, &Value::Null).await;
    assert_eq!((status, &gone["error"]), (404, &json!("network_monitor_not_found")));
    app.close().await;
}

#[tokio::test]
async fn monitors_are_listed_page_by_page() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    for name in ["Alpha", "Beta", "Gamma"] {
        monitor(
            &app,
            &program,
            json!({ "name": name, "check_type": "heartbeat", "paused": name == "Alpha" }),
        )
        .await;
    }
    let path = "/api/v1/network_monitors?per_page=2";
    let (status, page) = call(&app, &program, Method::GET, path, &Value::Null).await;
    let meta =
        json!({ "current_page": 1, "per_page": 2, "total_pages": 2, "total_count": 3, "sort": "status" });
    assert_eq!((status, &page["meta"]), (200, &meta));
    let names = |page: &Value| -> Vec<String> {
        let data = page["data"].as_array().unwrap();
        data.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&page), ["Beta", "Gamma"], "what is paused comes last");
    for (query, expected) in [
        ("?sort=created_at", vec!["Gamma", "Beta", "Alpha"]),
        ("?search=ALPH", vec!["Alpha"]),
        ("?page=9", vec![]),
        ("?page=0&per_page=1000", vec!["Beta", "Gamma", "Alpha"]),
    ] {
        let path = format!("/api/v1/network_monitors{query}");
        assert_eq!(
            names(&call(&app, &program, Method::GET, &path, &Value::Null).await.1),
            expected,
            "{query}"
        );
    }
    let (status, refused) =
        call(&app, &program, Method::GET, "/api/v1/network_monitors?page=two", &Value::Null).await;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_request")));
    let wrong = json!({ "network_monitor": { "check_type": "gopher" } });
    let (status, refused) = call(&app, &program, Method::POST, "/api/v1/network_monitors", &wrong).await;
    assert_eq!(status, 422);
    assert!(refused["errors"]["check_type"][0].as_str().unwrap().contains("gopher"), "{refused}");
    let wrong = json!({ "network_monitor": { "url": "nowhere", "interval_seconds": 0 } });
    let (_, refused) = call(&app, &program, Method::POST, "/api/v1/network_monitors", &wrong).await;
    assert!(
        refused["errors"]["url"].is_array() && refused["errors"]["interval_seconds"].is_array(),
        "{refused}"
    );
    app.close().await;
}

#[tokio::test]
async fn integrations_are_attached_to_monitors() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let integration = webhook(&app, &program).await;
    let made = monitor(&app, &program, json!({ "check_type": "heartbeat" })).await;
    let path = format!("/api/v1/network_monitors/{}/integrations", made["uuid"].as_str().unwrap());
    let body = json!({ "integration_id": integration });
    assert_eq!(call(&app, &program, Method::POST, &path, &body).await.0, 201);
    assert_eq!(call(&app, &program, Method::POST, &path, &body).await.0, 200, "it was attached already");
    let (_, list) = call(&app, &program, Method::GET, &path, &Value::Null).await;
    assert_eq!(list[0]["uuid"], json!(integration));
    let unknown = json!({ "integration_id": "INT00000000000000000000" });
    let (status, refused) = call(&app, &program, Method::POST, &path, &unknown).await;
    assert_eq!((status, &refused["error"]), (404, &json!("integration_not_found")));
    let one = format!("{path}/{integration}");
    assert_eq!(call(&app, &program, Method::DELETE, &one, &Value::Null).await.0, 204);
    assert_eq!(call(&app, &program, Method::DELETE, &one, &Value::Null).await.0, 404);
    app.close().await;
}

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
async fn subscriptions_take_both_spellings_of_an_event() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let integration = webhook(&app, &program).await;
    let path = "/api/v1/event_subscriptions";
    let body = json!({ "event_subscription": { "name": "All", "integration_id": integration,
        "events": ["incident.created", "incident.incident.resolved"] } });
    let (status, made) = call(&app, &program, Method::POST, path, &body).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["events"], json!(["incident.incident.created", "incident.incident.resolved"]));
    let one = format!("{path}/{}", made["uuid"].as_str().unwrap());
    let change = json!({ "event_subscription": { "enabled": false } });
    let (status, changed) = call(&app, &program, Method::PATCH, &one, &change).await;
    assert_eq!((status, &changed["enabled"], &changed["name"]), (200, &json!(false), &json!("All")));
    let wrong = json!({ "name": "", "integration_id": integration, "events": ["no.such.event"] });
    let (status, refused) = call(&app, &program, Method::POST, path, &wrong).await;
    assert_eq!(status, 422);
    assert!(refused["errors"]["name"].is_array() && refused["errors"]["events"].is_array(), "{refused}");
    let (_, events) = call(&app, &program, Method::GET, "/api/v1/events", &Value::Null).await;
    assert!(events.as_array().unwrap().iter().all(|event| event["payload_schema"]["type"] == "object"));
    let (status, event) =
        call(&app, &program, Method::GET, "/api/v1/events/incident.created", &Value::Null).await;
    assert_eq!((status, &event["event_id"]), (200, &json!("incident.incident.created")));
    assert_eq!(call(&app, &program, Method::DELETE, &one, &Value::Null).await.0, 204);
    app.close().await;
}

#[tokio::test]
async fn alert_definitions_are_made_changed_and_deleted() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let integration = webhook(&app, &program).await;
    let made = monitor(&app, &program, json!({ "check_type": "heartbeat" })).await;
    let path = "/api/v1/alert_definitions";
    let body = json!({ "alert_definition": { "name": "Night", "monitors": [made["uuid"]], "levels": [
        { "condition": { "when": "errors", "count": 1 }, "targets": [{ "integration": integration }] },
        { "condition": { "when": "minutes", "minutes": 10 }, "reminders": 3, "targets": [] } ] } });
    let (status, definition) = call(&app, &program, Method::POST, path, &body).await;
    assert_eq!(status, 201, "{definition}");
    assert_eq!(definition["levels"][1]["condition"], json!({ "when": "minutes", "minutes": 10 }));
    let one = format!("{path}/{}", definition["uuid"].as_str().unwrap());
    let (status, changed) = call(&app, &program, Method::PATCH, &one, &json!({ "active": false })).await;
    assert_eq!((status, &changed["active"], &changed["name"]), (200, &json!(false), &json!("Night")));
    let late = json!({ "active": true, "version": definition["version"] });
    assert_eq!(
        call(&app, &program, Method::PATCH, &one, &late).await.0,
        409,
        "somebody else changed it meanwhile"
    );
    let known = json!({ "active": true, "version": changed["version"] });
    assert_eq!(call(&app, &program, Method::PATCH, &one, &known).await.0, 200);
    let (_, list) = call(&app, &program, Method::GET, path, &Value::Null).await;
    assert_eq!(list[0]["is_default"], true);
    let default = format!("{path}/{}", list[0]["uuid"].as_str().unwrap());
    assert_eq!(call(&app, &program, Method::DELETE, &default, &Value::Null).await.0, 409);
    assert_eq!(call(&app, &program, Method::DELETE, &one, &Value::Null).await.0, 204);
    let wrong = json!({ "name": "x", "monitors": [], "levels": [{ "condition": { "when": "errors", "count": "1" } }] });
    let (status, refused) = call(&app, &program, Method::POST, path, &wrong).await;
    assert_eq!(status, 422);
    let fields: Vec<_> = refused["errors"].as_object().unwrap().keys().collect();
    assert!(fields[0].starts_with("levels.0"), "{refused}");
    app.close().await;
}

#[tokio::test]
async fn what_a_level_gives_a_custom_integration_is_asked_for_masked_and_kept() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let made = monitor(&app, &program, json!({ "check_type": "heartbeat" })).await;
    let definition = json!({
        "variables": [
            { "name": "Team", "source": "per_level" },
            { "name": "Key", "source": "per_level", "secret": true },
        ],
        "definitions": [{ "types": { "error": true }, "steps": [
            { "method": "POST", "url": "https://desk.example.org/{{Team}}/{{Key}}" },
        ] }],
    });
    let form = domain::form::Form::from([
        ("name".to_owned(), "Desk".to_owned()),
        ("definition".to_owned(), definition.to_string()),
    ]);
    let services = &app.running.state.services;
    let kind = domain::integration::ProviderKind::Custom;
    let desk = services.add_integration(&domain::person::Viewer::System, kind, &form).await.unwrap();
    let path = "/api/v1/alert_definitions";
    let body = |variables: Value| {
        let targets = json!([{ "integration": desk.as_str(), "variables": variables }]);
        json!({ "name": "Night", "monitors": [made["uuid"]],
            "levels": [{ "condition": { "when": "errors", "count": 1 }, "targets": targets }] })
    };
    for (given, says) in [
        (json!({ "Team": "night" }), "variable “Key”: Please fill this in"),
        (json!({ "Team": "night", "Key": "********" }), "no value is stored"),
        (json!({ "Team": "night", "Key": "x", "Kay": "y" }), "variable “Kay”"),
    ] {
        let (status, refused) = call(&app, &program, Method::POST, path, &body(given)).await;
        assert_eq!(status, 422, "{refused}");
        let text = refused.to_string();
        assert!(text.contains("Level 1, “Desk”") && text.contains(says), "{refused}");
        assert!(text.contains(&format!("levels.0.variable.{desk}.K")), "{refused}");
    }
    let given = json!({ "Team": "night", "Key": "hunter2" });
    let (status, made) = call(&app, &program, Method::POST, path, &body(given)).await;
    let masked = json!({ "Team": "night", "Key": "********" });
    assert_eq!((status, &made["levels"][0]["targets"][0]["variables"]), (201, &masked));
    let one = format!("{path}/{}", made["uuid"].as_str().unwrap());
    for change in [json!({ "name": "Day" }), json!({ "levels": made["levels"] })] {
        let (status, changed) = call(&app, &program, Method::PATCH, &one, &change).await;
        assert_eq!((status, &changed["levels"][0]["targets"][0]["variables"]), (200, &masked), "{changed}");
    }
    let mut tx = app.running.state.db.read().await.unwrap();
    let all = engine::store::definitions::all(&mut tx).await.unwrap();
    let kept = all.iter().find(|known| known.draft.name == "Day").unwrap();
    assert_eq!(kept.draft.levels[0].targets[0].variables["Key"].value.expose(), "hunter2");
    drop(tx);
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
async fn all_telling_stops_and_starts_again() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    for truth in [true, false] {
        let body = json!({ "all_stop": truth });
        assert_eq!(call(&app, &program, Method::PUT, "/api/v1/all_stop", &body).await, (200, body.clone()));
        let read = call(&app, &program, Method::GET, "/api/v1/all_stop", &Value::Null).await;
        assert_eq!(read, (200, body));
    }
    app.close().await;
}

#[tokio::test]
async fn a_token_that_calls_too_often_waits() {
    let app = TestApp::spawn_with(&[("api.rate", "2")]).await;
    let program = app.token().await;
    for expected in [200, 200, 429] {
        let answer = app.request(&program, Method::GET, "/api/v1/events").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected);
        assert_eq!(answer.headers().contains_key("retry-after"), expected == 429);
    }
    app.close().await;
}

#[tokio::test]
async fn what_nobody_wrote_is_answered_in_json_too() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let (status, answer) = call(&app, &program, Method::GET, "/api/v1/no_such_thing", &Value::Null).await;
    assert_eq!((status, &answer["error"]), (404, &json!("not_found")));
    let answer = app.request(&program, Method::PATCH, "/api/v1/events").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["allow"]), (405, &"GET,HEAD".parse().unwrap()));
    assert_eq!(answer.headers()["content-type"], "application/json");
    app.close().await;
}

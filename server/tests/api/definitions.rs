//! Subscriptions and alert definitions over the API: whom to tell of what.

use reqwest::Method;
use serde_json::{Value, json};

use super::{call, monitor, webhook};
use crate::support::TestApp;

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
async fn two_changes_of_a_subscription_at_the_same_time_are_both_kept() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let integration = webhook(&app, &program).await;
    let path = "/api/v1/event_subscriptions";
    let body = json!({ "name": "All", "integration_id": integration, "events": ["incident.created"] });
    let (_, made) = call(&app, &program, Method::POST, path, &body).await;
    let one = format!("{path}/{}", made["uuid"].as_str().unwrap());
    for round in 0..10 {
        let (name, enabled) = (json!({ "name": format!("{round}") }), json!({ "enabled": round % 2 == 1 }));
        let (first, second) = tokio::join!(
            call(&app, &program, Method::PATCH, &one, &name),
            call(&app, &program, Method::PATCH, &one, &enabled),
        );
        assert_eq!((first.0, second.0), (200, 200));
        let (_, kept) = call(&app, &program, Method::GET, &one, &Value::Null).await;
        assert_eq!((&kept["name"], &kept["enabled"]), (&name["name"], &enabled["enabled"]), "{round}");
    }
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

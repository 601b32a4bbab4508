//! What the API does with what hardly anybody sends: refuses it by name, or takes it as it was meant.

use domain::event::Seq;
use domain::integration::ProviderKind;
use domain::integration::draft::empty_form;
use domain::person::Viewer;
use reqwest::Method;
use serde_json::{Value, json};

use super::call;
use crate::support::{Actor, TestApp};

const MONITORS: &str = "/api/v1/network_monitors";
const NOBODY: &str = "NM00000000000000000000";

async fn post(app: &TestApp, program: &Actor, path: &str, body: Value) -> (u16, Value) {
    call(app, program, Method::POST, path, &body).await
}

/// A webhook to an address; its path.
async fn webhook(app: &TestApp, program: &Actor, url: &str) -> (String, Value) {
    let body = json!({ "type": "Integrations::WebhookIntegration", "settings": { "webhook_url": url } });
    let (status, made) = post(app, program, "/api/v1/integrations", body).await;
    assert_eq!(status, 201, "{made}");
    (format!("/api/v1/integrations/{}", made["uuid"].as_str().unwrap()), made["uuid"].clone())
}

#[tokio::test]
async fn a_dns_monitor_keeps_its_name_and_the_name_that_it_looks_up() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let dns = json!({ "name": "My DNS", "url": "example.org", "check_type": "dns", "paused": true });
    let (status, made) = post(&app, &program, MONITORS, dns).await;
    assert_eq!(
        (status, &made["name"], &made["url"]),
        (201, &json!("My DNS"), &json!("example.org A")),
        "{made}"
    );
    let path = format!("{MONITORS}/{}", made["uuid"].as_str().unwrap());
    let change = json!({ "interval_seconds": 120, "name": "Our DNS" });
    let (status, changed) = call(&app, &program, Method::PATCH, &path, &change).await;
    assert_eq!(
        (status, &changed["name"], &changed["url"]),
        (200, &json!("Our DNS"), &json!("example.org A"))
    );
    assert_eq!(changed["settings"]["record_name"], "example.org");
    let wrong = json!({ "url": "192.0.2.1", "check_type": "dns" });
    let (status, refused) = post(&app, &program, MONITORS, wrong).await;
    assert!(status == 422 && refused["errors"]["url"].is_array(), "{refused}");
    app.close().await;
}

#[tokio::test]
async fn a_keyword_monitor_needs_its_keyword() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    for keyword in [Value::Null, json!(" ")] {
        let body = json!({ "url": "http://127.0.0.1:9/", "check_type": "keyword", "keyword": keyword });
        let (status, refused) = post(&app, &program, MONITORS, body).await;
        assert!(status == 422 && refused["errors"]["keyword"].is_array(), "{refused}");
    }
    let body =
        json!({ "url": "http://127.0.0.1:9/", "check_type": "keyword", "settings": { "keyword": "fine" } });
    assert_eq!(post(&app, &program, MONITORS, body).await.0, 201);
    app.close().await;
}

#[tokio::test]
async fn a_refused_change_pauses_nothing_and_a_change_pauses_in_one_go() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let (_, made) =
        post(&app, &program, MONITORS, json!({ "check_type": "heartbeat", "name": "Backup" })).await;
    let path = format!("{MONITORS}/{}", made["uuid"].as_str().unwrap());
    let wrong = json!({ "paused": true, "interval_seconds": 0 });
    assert_eq!(call(&app, &program, Method::PATCH, &path, &wrong).await.0, 422);
    let (_, read) = call(&app, &program, Method::GET, &path, &Value::Null).await;
    assert_ne!(read["status"], "paused");
    let events = async || {
        let mut tx = app.running.state.db.read().await.unwrap();
        engine::store::events::after(&mut tx, Seq(0), 100).await.unwrap().len()
    };
    let before = events().await;
    let change = json!({ "paused": true, "name": "Nightly backup" });
    let (status, changed) = call(&app, &program, Method::PATCH, &path, &change).await;
    assert_eq!(
        (status, &changed["status"], &changed["name"]),
        (200, &json!("paused"), &json!("Nightly backup"))
    );
    assert_eq!(events().await, before + 1, "one transaction, one event");
    app.close().await;
}

#[tokio::test]
async fn monitors_that_do_not_exist_are_named() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let (_, integration) = webhook(&app, &program, "http://127.0.0.1:9/").await;
    let (_, made) = post(&app, &program, MONITORS, json!({ "check_type": "heartbeat" })).await;
    let subscription = |monitors: Value| json!({ "name": "All", "integration_id": integration, "events": ["incident.created"], "monitor_ids": monitors });
    let path = "/api/v1/event_subscriptions";
    let (status, refused) = post(&app, &program, path, subscription(json!([made["uuid"], NOBODY]))).await;
    assert!(status == 422 && refused["errors"]["monitor_ids.1"].is_array(), "{refused}");
    let (status, refused) = post(&app, &program, path, subscription(json!([]))).await;
    assert!(status == 422 && refused["errors"]["monitor_ids"].is_array(), "{refused}");
    let (status, kept) = post(&app, &program, path, subscription(json!([made["uuid"]]))).await;
    assert_eq!(status, 201, "{kept}");

    let levels = json!([{ "condition": { "when": "errors", "count": 1 }, "targets": [{ "integration": integration }] }]);
    let body = json!({ "name": "Shop", "monitors": [NOBODY], "levels": levels });
    let (status, refused) = post(&app, &program, "/api/v1/alert_definitions", body).await;
    assert!(status == 422 && refused["errors"]["monitors.0"].is_array(), "{refused}");

    // One that is gone since does not stand in the way of another change.
    let monitor = format!("{MONITORS}/{}", made["uuid"].as_str().unwrap());
    assert_eq!(call(&app, &program, Method::DELETE, &monitor, &Value::Null).await.0, 204);
    let one = format!("{path}/{}", kept["uuid"].as_str().unwrap());
    let (status, changed) = call(&app, &program, Method::PATCH, &one, &json!({ "name": "Few" })).await;
    assert_eq!((status, &changed["monitor_ids"]), (200, &json!([made["uuid"]])), "{changed}");
    app.close().await;
}

#[tokio::test]
async fn an_integration_is_not_subscribed_to_what_it_cannot_tell() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let services = &app.running.state.services;
    let mut form = empty_form(ProviderKind::Custom);
    let mut definition: Value = serde_json::from_str(&form["definition"]).unwrap();
    definition["variables"][0]["value"] = json!("http://127.0.0.1:9/");
    form.insert("definition".to_owned(), definition.to_string());
    let custom = services.add_integration(&Viewer::System, ProviderKind::Custom, &form).await.unwrap();
    let body = json!({ "name": "All", "integration_id": custom, "events": ["incident.created"] });
    let (status, refused) = post(&app, &program, "/api/v1/event_subscriptions", body).await;
    assert_eq!(status, 422, "{refused}");
    let said = refused["errors"]["events"][0].as_str().unwrap();
    assert_eq!(said, "Custom integration cannot tell of “Incident created”; use a webhook for it.");
    app.close().await;
}

#[tokio::test]
async fn null_switches_nothing_on_and_quiet_hours_are_shown() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let (path, _) = webhook(&app, &program, "http://127.0.0.1:9/").await;
    let off = json!({ "enabled": false, "quiet_from": "22:00", "quiet_until": "07:00", "quiet_zone": "Europe/Berlin" });
    let (status, changed) = call(&app, &program, Method::PATCH, &path, &off).await;
    assert_eq!((status, &changed["enabled"]), (200, &json!(false)), "{changed}");
    let quiet = ["quiet_from", "quiet_until", "quiet_zone"].map(|name| changed[name].clone());
    assert_eq!(quiet, [json!("22:00"), json!("07:00"), json!("Europe/Berlin")]);
    let null = json!({ "enabled": null, "quiet_from": null, "quiet_until": null });
    let (status, changed) = call(&app, &program, Method::PATCH, &path, &null).await;
    assert_eq!((status, &changed["enabled"], &changed["quiet_zone"]), (200, &json!(false), &Value::Null));
    app.close().await;
}

#[tokio::test]
async fn a_trial_that_takes_longer_than_a_request_may_is_answered_as_one_that_failed() {
    let app = TestApp::spawn_with(&[("server.request_timeout", "5")]).await;
    let program = app.token().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (path, _) = webhook(&app, &program, &url).await;
    let (status, trial) = post(&app, &program, &format!("{path}/test"), Value::Null).await;
    assert_eq!((status, &trial["ok"]), (200, &json!(false)), "{trial}");
    assert!(trial["message"].as_str().unwrap().contains("server.request_timeout"), "{trial}");
    let lines = vec![url.clone(); 30];
    let begun = std::time::Instant::now();
    let tried = app.running.state.services.try_addresses(&Viewer::System, &lines).await.unwrap();
    assert!(begun.elapsed().as_secs() < 20, "not one after the other: {:?}", begun.elapsed());
    assert!(
        tried.len() == 30
            && tried.iter().all(|one| one
                .report
                .as_ref()
                .is_some_and(|report| report.outcome != domain::check::Outcome::Up))
    );
    app.close().await;
}

#[tokio::test]
async fn strangers_are_counted_apart_from_programs() {
    let app = TestApp::spawn_with(&[("api.rate", "2")]).await;
    let program = app.token().await;
    let get = async |actor: &Actor| call(&app, actor, Method::GET, "/api/v1/events", &Value::Null).await.0;
    for expected in [200, 200, 429] {
        assert_eq!(get(&program).await, expected);
    }
    let guess = Actor::Token { token: "guessed".to_owned() };
    assert_eq!(
        [get(&guess).await, get(&Actor::Anonymous).await],
        [401, 401],
        "programs do not count as strangers"
    );
    assert_eq!(get(&guess).await, 429, "no token is looked up any more");
    app.close().await;
}

#[tokio::test]
async fn an_integration_names_the_addresses_that_it_leaves_out() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    app.account("Ada@example.org").await;
    let body = json!({ "integration": { "type": "Integrations::EmailIntegration",
        "settings": { "email": "ada@example.org, ops@example.net" } } });
    let (status, made) = call(&app, &program, Method::POST, "/api/v1/integrations", &body).await;
    assert_eq!(status, 201, "{made}");
    assert!(made.get("unconfirmed").is_none(), "the documented fields stay as they are: {made}");
    let path = format!("/api/v1/integrations/{}", made["uuid"].as_str().unwrap());
    let (_, read) = call(&app, &program, Method::GET, &path, &Value::Null).await;
    assert_eq!(
        (&read["verified"], &read["unconfirmed"]),
        (&json!(true), &json!(["ada@example.org"])),
        "{read}"
    );
    let only = json!({ "settings": { "email": "ada@example.org" } });
    let (_, changed) = call(&app, &program, Method::PATCH, &path, &only).await;
    assert_eq!((&changed["verified"], &changed["unconfirmed"]), (&json!(false), &json!(["ada@example.org"])));
    let nobody = json!({ "settings": { "email": "ops@example.net" } });
    let (_, changed) = call(&app, &program, Method::PATCH, &path, &nobody).await;
    assert_eq!((&changed["verified"], &changed["unconfirmed"]), (&json!(true), &json!([])));
    app.close().await;
}

#[tokio::test]
async fn a_line_break_makes_no_second_header() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    for headers in [json!({ "A": "c\nX-Evil: y" }), json!({ "A\r\nX-Evil": "y" }), json!(["A: c\nX-Evil: y"])]
    {
        let body = json!({ "url": "http://127.0.0.1:9/", "request_headers": headers });
        let (status, refused) = post(&app, &program, MONITORS, body).await;
        assert!(status == 422 && refused.to_string().contains("line break"), "{refused}");
        let settings = json!({ "webhook_url": "http://127.0.0.1:9/", "headers": headers });
        let body = json!({ "type": "Integrations::WebhookIntegration", "settings": settings });
        let (status, refused) = post(&app, &program, "/api/v1/integrations", body).await;
        assert!(status == 422 && refused.to_string().contains("line break"), "{refused}");
    }
    app.close().await;
}

#[tokio::test]
async fn a_secret_does_not_follow_a_monitor_to_another_host() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let body = json!({ "url": "http://me:pw@127.0.0.1:9/a", "request_headers": { "X-Api-Key": "k3y" }, "paused": true });
    let (status, made) = post(&app, &program, MONITORS, body).await;
    assert_eq!(status, 201, "{made}");
    let path = format!("{MONITORS}/{}", made["uuid"].as_str().unwrap());
    let moved = json!({ "url": "http://localhost:9/a" });
    let (status, refused) = call(&app, &program, Method::PATCH, &path, &moved).await;
    assert!(status == 422 && refused.to_string().contains("once more"), "{refused}");
    for way in [json!({ "proxy": "http://127.0.0.1:10" }), json!({ "verify_tls": false })] {
        let (status, refused) = call(&app, &program, Method::PATCH, &path, &json!({ "settings": way })).await;
        assert!(status == 422 && refused.to_string().contains("once more"), "{way}: {refused}");
    }
    let (status, changed) =
        call(&app, &program, Method::PATCH, &path, &json!({ "url": "http://127.0.0.1:9/b" })).await;
    assert_eq!(status, 200, "{changed}");
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

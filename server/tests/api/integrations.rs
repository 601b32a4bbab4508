//! Integrations over the API.

use reqwest::Method;
use serde_json::{Value, json};

use super::{call, webhook};
use crate::support::TestApp;

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
async fn a_name_that_nobody_gave_follows_the_settings() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let ssh = json!({ "ip": "192.0.2.1", "username": "u", "password": "pw" });
    for (kind, settings, changed, name) in [
        ("ssh", ssh, json!({ "ip": "192.0.2.2", "password": "pw" }), "192.0.2.2 (u)"),
        (
            "webhook",
            json!({ "webhook_url": "http://127.0.0.1:9/a" }),
            json!({ "webhook_url": "http://127.0.0.1:9/b" }),
            "http://127.0.0.1:9/b",
        ),
        ("email", json!({ "email": "a@example.org" }), json!({ "email": "b@example.org" }), "b@example.org"),
    ] {
        let body = json!({ "type": kind, "settings": settings });
        let (status, made) = call(&app, &program, Method::POST, "/api/v1/integrations", &body).await;
        assert_eq!(status, 201, "{made}");
        let path = format!("/api/v1/integrations/{}", made["uuid"].as_str().unwrap());
        let change = json!({ "settings": changed });
        let (status, followed) = call(&app, &program, Method::PATCH, &path, &change).await;
        assert_eq!((status, &followed["name"]), (200, &json!(name)), "{followed}");
        let named = json!({ "name": "Mine" });
        assert_eq!(call(&app, &program, Method::PATCH, &path, &named).await.1["name"], "Mine");
        let back = json!({ "settings": settings });
        assert_eq!(call(&app, &program, Method::PATCH, &path, &back).await.1["name"], "Mine");
    }
    app.close().await;
}

#[tokio::test]
async fn an_empty_secret_that_is_needed_is_missing_and_a_masked_one_stays() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let path = format!("/api/v1/integrations/{}", webhook(&app, &program).await);
    for nothing in [json!(""), Value::Null] {
        let change = json!({ "settings": { "webhook_url": nothing } });
        let (status, refused) = call(&app, &program, Method::PATCH, &path, &change).await;
        assert_eq!(
            (status, &refused["errors"]["webhook_url"][0]),
            (422, &json!("Please fill this in.")),
            "{refused}"
        );
    }
    let masked = json!({ "settings": { "webhook_url": "********" } });
    let (status, kept) = call(&app, &program, Method::PATCH, &path, &masked).await;
    assert_eq!((status, &kept["settings"]["webhook_url"]), (200, &json!("http://127.0.0.1:9/hook")));

    let body = json!({ "type": "ssh",
        "settings": { "ip": "192.0.2.1", "username": "u", "password": "pw", "passphrase": "pp" } });
    let (_, made) = call(&app, &program, Method::POST, "/api/v1/integrations", &body).await;
    let path = format!("/api/v1/integrations/{}", made["uuid"].as_str().unwrap());
    let change = json!({ "settings": { "password": "" } });
    let (status, refused) = call(&app, &program, Method::PATCH, &path, &change).await;
    assert!(status == 422 && refused["errors"]["password"].is_array(), "{refused}");
    let change = json!({ "settings": { "passphrase": "" } });
    let (status, changed) = call(&app, &program, Method::PATCH, &path, &change).await;
    assert_eq!((status, changed["settings"].get("passphrase")), (200, None), "{changed}");
    assert_eq!(changed["settings"]["password"], "********");
    app.close().await;
}

#[tokio::test]
async fn who_tells_nothing_is_subscribed_to_nothing_and_says_so() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let (_, providers) = call(&app, &program, Method::GET, "/api/v1/providers", &Value::Null).await;
    let of = |kind: &str| {
        let all = providers.as_array().unwrap();
        all.iter().find(|one| one["type"] == kind).unwrap().clone()
    };
    let ssh = of("Integrations::SshServerRestartIntegration");
    assert_eq!((&ssh["supported_events"], &ssh["icon"]), (&json!([]), &json!("server-cog")), "{ssh}");
    let webhook = of("Integrations::WebhookIntegration");
    assert_eq!((&webhook["supported_events"], &webhook["config_version"]), (&Value::Null, &json!(2)));
    let body = json!({ "type": "ssh", "settings": { "ip": "192.0.2.1", "username": "u", "password": "pw" } });
    let (_, made) = call(&app, &program, Method::POST, "/api/v1/integrations", &body).await;
    let body = json!({ "name": "All", "integration_id": made["uuid"], "events": ["incident.created"] });
    let (status, refused) = call(&app, &program, Method::POST, "/api/v1/event_subscriptions", &body).await;
    assert_eq!(status, 422, "{refused}");
    let said = refused["errors"]["events"][0].as_str().unwrap();
    assert_eq!(said, "SSH server restart cannot tell of “Incident created”; use a webhook for it.");
    app.close().await;
}

//! Adding a channel of Slack, and pressing a button in it.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::call;
use super::incidents::outage;
use crate::support::{Actor, TestApp};

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

type Calls = mpsc::UnboundedSender<(String, HeaderMap, String)>;

/// Slack's side: hands out tokens, and remembers what it was asked.
async fn slack() -> (String, mpsc::UnboundedReceiver<(String, HeaderMap, String)>) {
    async fn access(State(calls): State<Calls>, headers: HeaderMap, body: String) -> Json<Value> {
        let is_good = body.contains("code=good");
        let _ = calls.send(("access".to_owned(), headers, body));
        if !is_good {
            return Json(json!({ "ok": false, "error": "invalid_code" }));
        }
        Json(json!({
            "ok": true, "access_token": "xoxb-0123456789", "token_type": "bot", "bot_user_id": "U1234567890",
            "team": { "id": "T1", "name": "My Workspace" },
            "authed_user": { "id": "U1", "access_token": "xoxp-0123456789", "token_type": "user" },
            "incoming_webhook": { "channel": "#alerts", "channel_id": "C1234567890",
                "url": "https://hooks.slack.com/services/T1/B1/x" },
        }))
    }
    async fn response(State(calls): State<Calls>, headers: HeaderMap, body: String) {
        let _ = calls.send(("response".to_owned(), headers, body));
    }
    let (sender, calls) = mpsc::unbounded_channel();
    let routes = Router::new()
        .route("/api/oauth.v2.access", post(access))
        .route("/response", post(response))
        .with_state(sender);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (format!("http://{address}"), calls)
}

async fn app(slack: &str) -> TestApp {
    TestApp::spawn_with(&[
        ("slack.client_id", "1.2"),
        ("slack.client_secret", "hush"),
        ("slack.signing_secret", SECRET),
        ("slack.redirect_base", "https://status.example.org"),
        ("slack.api_url", &format!("{slack}/api")),
    ])
    .await
}

async fn initiate(app: &TestApp, program: &Actor) -> Value {
    let path = "/api/v1/integrations/slack/initiate";
    let (status, begun) = call(app, program, Method::POST, path, &Value::Null).await;
    assert_eq!(status, 200, "{begun}");
    begun
}

/// Where the browser is sent after it came back with this.
async fn back(app: &TestApp, begun: &Value, state: &str, rest: &str) -> String {
    let redirect = begun["redirect_uri"].as_str().unwrap();
    let path = redirect.strip_prefix("https://status.example.org").unwrap();
    let answer = app.get(&format!("{path}&state={state}&{rest}")).await;
    assert_eq!(answer.status(), 303);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_channel_is_added_by_oauth_once_for_each_state() {
    let (slack, mut calls) = slack().await;
    let app = app(&slack).await;
    let program = app.token().await;
    let begun = initiate(&app, &program).await;
    let state = begun["state"].as_str().unwrap();
    let redirect = begun["redirect_uri"].as_str().unwrap();
    assert!(
        redirect.starts_with("https://status.example.org/auth/slack/callback?project_uuid=PRJ"),
        "{redirect}"
    );
    let oauth = begun["oauth_url"].as_str().unwrap();
    assert!(oauth.starts_with("https://slack.com/oauth/v2/authorize?client_id=1.2&"), "{oauth}");
    assert!(
        oauth.contains("&redirect_uri=https%3A%2F%2Fstatus.example.org") && oauth.contains(state),
        "{oauth}"
    );

    assert_eq!(back(&app, &begun, "made-up", "code=good").await, "/console/integrations?slack=expired");
    assert_eq!(back(&app, &begun, state, "code=good").await, "/console/integrations?slack=added");
    let (_, headers, body) = calls.recv().await.unwrap();
    assert_eq!(headers["authorization"], "Basic MS4yOmh1c2g=");
    assert!(
        body.contains("code=good") && body.contains("redirect_uri=https%3A%2F%2Fstatus.example.org"),
        "{body}"
    );
    assert_eq!(back(&app, &begun, state, "code=good").await, "/console/integrations?slack=expired");

    let (_, list) = call(&app, &program, Method::GET, "/api/v1/integrations", &Value::Null).await;
    let made = &list[0];
    assert_eq!(made["name"], "My Workspace #alerts");
    assert_eq!((&made["type"], &made["editable"]), (&json!("Integrations::SlackIntegration"), &json!(false)));
    let settings = json!({
        "bot_token": "********6789", "user_token": "********6789", "channel_id": "C1234567890",
        "webhook_url": "********B1/x", "bot_user_id": "U1234567890",
        "api_url": format!("{slack}/api"),
    });
    assert_eq!(made["settings"], settings);
    let path = format!("/api/v1/integrations/{}", made["uuid"].as_str().unwrap());
    let (status, refused) = call(&app, &program, Method::PATCH, &path, &json!({ "name": "x" })).await;
    assert_eq!((status, refused), (422, json!({ "error": "This integration cannot be edited." })));

    // The same channel once more is the same integration; what Slack refuses adds none.
    for (rest, expected) in
        [("code=good", "added"), ("code=bad", "refused"), ("error=access_denied", "declined")]
    {
        let begun = initiate(&app, &program).await;
        let location = back(&app, &begun, begun["state"].as_str().unwrap(), rest).await;
        assert_eq!(location, format!("/console/integrations?slack={expected}"));
    }
    let (_, list) = call(&app, &program, Method::GET, "/api/v1/integrations", &Value::Null).await;
    assert_eq!(list.as_array().unwrap().len(), 1);
    app.close().await;
}

/// Presses a button; `sign` may spoil the signature.
async fn press(app: &TestApp, payload: &Value, sign: impl Fn(String) -> String) -> u16 {
    let body = format!("payload={}", url_encoded(&payload.to_string()));
    let at = (app.running.state.clock.now().0 / 1_000).to_string();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("v0:{at}:{body}").as_bytes());
    let hex: Vec<_> = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let hex = hex.concat();
    let request = app.request(&Actor::Anonymous, Method::POST, "/hooks/slack/actions");
    let request = request
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-slack-request-timestamp", at)
        .header("x-slack-signature", sign(format!("v0={hex}")));
    request.body(body).send().await.unwrap().status().as_u16()
}

fn url_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn a_button_resolves_the_incident_when_slack_signed_it_and_the_channel_is_ours() {
    let (slack, mut calls) = slack().await;
    let app = app(&slack).await;
    let program = app.token().await;
    let begun = initiate(&app, &program).await;
    back(&app, &begun, begun["state"].as_str().unwrap(), "code=good").await;
    calls.recv().await.unwrap();
    let body = json!({ "network_monitor": { "url": "https://example.com/", "paused": true } });
    let (_, monitor) = call(&app, &program, Method::POST, "/api/v1/network_monitors", &body).await;
    let incident = outage(&app, &monitor).await;
    let path = format!("/api/v1/incidents/{incident}");
    let pressed = |action: &str, channel: &str| {
        json!({ "type": "block_actions", "team": { "id": "T1" }, "channel": { "id": channel, "name": "alerts" },
            "user": { "id": "U1", "username": "ada", "name": "ada" }, "response_url": format!("{slack}/response"),
            "actions": [{ "action_id": action, "type": "button", "value": incident.as_str() }] })
    };
    let status = async || {
        let (_, body) = call(&app, &program, Method::GET, &path, &Value::Null).await;
        (body["status"].clone(), body["acknowledged_by"].clone())
    };
    let resolve = pressed("resolve_incident", "C1234567890");
    assert_eq!(press(&app, &resolve, |_| "v0=00".to_owned()).await, 401);
    assert_eq!(press(&app, &pressed("resolve_incident", "C_OTHER"), |good| good).await, 200);
    let (what, _, word) = calls.recv().await.unwrap();
    assert!(what == "response" && word.contains("not connected") && word.contains("ephemeral"), "{word}");
    assert_eq!(status().await.0, "ongoing");

    assert_eq!(press(&app, &pressed("acknowledge_incident", "C1234567890"), |good| good).await, 200);
    assert_eq!(press(&app, &resolve, |good| good).await, 200);
    for _ in 0..100 {
        if status().await.0 == "resolved" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(status().await.0, "resolved");
    assert_eq!(press(&app, &pressed("acknowledge_incident", "C1234567890"), |good| good).await, 200);
    let (_, _, word) = calls.recv().await.unwrap();
    assert!(word.contains("over already"), "{word}");
    app.close().await;
}

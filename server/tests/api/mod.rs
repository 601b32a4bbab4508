//! The REST API, as programs use it.

mod definitions;
mod description;
mod edges;
mod incidents;
mod integrations;
mod monitors;
mod seed;
mod slack;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Actor, TestApp};

/// Status and body of a call; an empty body is `null`.
async fn call(app: &TestApp, actor: &Actor, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let mut request = app.request(actor, method, path).header("content-type", "application/json");
    if !body.is_null() {
        request = request.body(body.to_string());
    }
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") })
}

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

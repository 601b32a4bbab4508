//! The REST API, as programs use it.

mod description;
mod edges;
mod resources;
mod seed;
mod slack;

use reqwest::Method;
use serde_json::Value;

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

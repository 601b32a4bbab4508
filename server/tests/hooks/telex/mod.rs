//! Telex: the description that it reads, the calls of its clock, and what is posted to it.

mod answering;
mod posting;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{any, get};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::{Actor, TestApp};

/// Long enough for a machine under load.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long nothing must come for it to count as nothing.
const SILENCE: Duration = Duration::from_millis(700);

/// A post as it came: method, content type, body.
type Post = (Method, String, Value);

/// The other side: sites that answer with the status in their path, and a return address that remembers what it is sent.
struct Outside {
    address: SocketAddr,
    posts: mpsc::UnboundedReceiver<Post>,
}

/// Each return address answers 500 as often as its path says, and 200 after that.
#[derive(Clone)]
struct Receiver {
    posts: mpsc::UnboundedSender<Post>,
    failed: std::sync::Arc<AtomicU16>,
}

impl Outside {
    async fn start() -> Self {
        let (sender, posts) = mpsc::unbounded_channel();
        let site = |Path(status): Path<u16>| async move {
            let headers = [(header::LOCATION, "/site/500")];
            (StatusCode::from_u16(status).unwrap(), headers, "a body").into_response()
        };
        let routes = Router::new()
            .route("/site/{status}", get(site))
            .route("/slow", get(async || tokio::time::sleep(Duration::from_secs(2)).await))
            .route("/moment", get(async || tokio::time::sleep(Duration::from_secs(1)).await))
            .route("/hangs", any(async || std::future::pending::<()>().await))
            .route("/patient/{seconds}", any(ask_for_patience))
            .route("/moved", any(async || (StatusCode::FOUND, [(header::LOCATION, "/return/0")])))
            .route("/return/{failures}", any(receive))
            .with_state(Receiver { posts: sender, failed: std::sync::Arc::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, posts }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next post.
    async fn told(&mut self) -> Post {
        tokio::time::timeout(PATIENCE, self.posts.recv()).await.expect("a post in time").unwrap()
    }

    /// The body of the next post, and that no other follows.
    async fn told_once(&mut self) -> Value {
        let (method, content_type, body) = self.told().await;
        assert_eq!((method, content_type.as_str()), (Method::POST, "application/json"));
        self.silent().await;
        body
    }

    async fn silent(&mut self) {
        assert!(tokio::time::timeout(SILENCE, self.posts.recv()).await.is_err(), "nothing more is posted");
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    Path(failures): Path<u16>,
    method: Method,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let content_type = headers[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    let body = serde_json::from_str(&body).expect("JSON");
    receiver.posts.send((method, content_type, body)).unwrap();
    if receiver.failed.fetch_add(1, Ordering::SeqCst) < failures {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::OK
    }
}

/// Asks the first time to come back in so many seconds, and the second time in an hour.
async fn ask_for_patience(
    State(receiver): State<Receiver>,
    Path(seconds): Path<u64>,
    method: Method,
    body: String,
) -> axum::response::Response {
    let body = serde_json::from_str(&body).expect("JSON");
    receiver.posts.send((method, String::new(), body)).unwrap();
    let wait = match receiver.failed.fetch_add(1, Ordering::SeqCst) {
        0 => seconds,
        1 => 3_600,
        _ => return StatusCode::OK.into_response(),
    };
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, wait.to_string())]).into_response()
}

/// A server that may look at and post to the other side.
async fn bench(outside: &Outside, values: &[(&str, &str)]) -> TestApp {
    let hosts = outside.address.to_string();
    let ours = [("telex.hosts", hosts.as_str()), ("telex.allow_private", "true")];
    TestApp::spawn_with(&[&ours, values].concat()).await
}

/// A call as Telex makes it.
fn call(return_url: &str, sites: &[String], only_failures: bool) -> Value {
    let mut settings: Vec<Value> = sites
        .iter()
        .enumerate()
        .map(|(place, site)| {
            json!({ "label": format!("site-{}", place + 1), "type": "text", "required": true, "default": site })
        })
        .collect();
    settings.push(json!({ "label": "interval", "type": "text", "required": true, "default": "* * * * *" }));
    let switch =
        json!({ "label": "only-failures", "type": "checkbox", "required": false, "default": only_failures });
    settings.push(switch);
    json!({ "channel_id": "01936d11-a66f-7230-a907-cb6048ad051f", "return_url": return_url, "settings": settings })
}

async fn send(app: &TestApp, body: String) -> Response {
    let request = app.request(&Actor::Anonymous, Method::POST, "/tick");
    request.header("content-type", "application/json").body(body).send().await.unwrap()
}

async fn tick(app: &TestApp, body: &Value) -> Response {
    send(app, body.to_string()).await
}

/// Where and what, of each complaint of a refused call.
async fn problems(answer: Response) -> Vec<(Value, String)> {
    assert_eq!(answer.status(), 422);
    let body: Value = answer.json().await.unwrap();
    let details = body["detail"].as_array().expect("a list").clone();
    details
        .into_iter()
        .map(|detail| {
            assert!(detail["type"].is_string(), "{detail}");
            (detail["loc"].clone(), detail["msg"].as_str().unwrap().to_owned())
        })
        .collect()
}

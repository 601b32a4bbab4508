//! Telex: the description that it reads, the calls of its clock, and what is posted to it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

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
            .route("/hangs", get(async || std::future::pending::<()>().await))
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

#[tokio::test]
async fn the_description_is_what_telex_asks_for() {
    let app = TestApp::spawn().await;
    let answer = app.get("/integration.json").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    let told: Value = answer.json().await.unwrap();
    let data = &told["data"];
    for name in ["app_name", "app_description", "app_url", "app_logo", "background_color"] {
        assert!(data["descriptions"][name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
    }
    let own = format!("http://{}", app.running.address);
    assert_eq!(data["descriptions"]["app_url"], own.as_str());
    assert_eq!(data["tick_url"], format!("{own}/tick"));
    assert_eq!(data["integration_type"], "interval");
    assert_eq!(data["integration_category"], "Website Uptime");
    let settings = data["settings"].as_array().unwrap();
    for setting in settings {
        for key in ["label", "type", "required", "default"] {
            assert!(setting.get(key).is_some(), "{setting} has no {key}");
        }
    }
    let text = |label: &str, default: &str| json!({ "label": label, "type": "text", "required": true, "default": default });
    assert_eq!(settings[..3], [text("site-1", ""), text("site-2", ""), text("interval", "* * * * *")]);
    app.close().await;
}

#[tokio::test]
async fn behind_a_proxy_the_description_names_the_outer_address() {
    let base = |app: &TestApp, headers: &[(&'static str, &'static str)]| {
        let mut request = app.request(&Actor::Anonymous, Method::GET, "/integration.json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        async { request.send().await.unwrap().json::<Value>().await.unwrap()["data"]["tick_url"].clone() }
    };
    let forwarded = [("x-forwarded-proto", "https"), ("x-forwarded-host", "status.example.org")];
    let app = TestApp::spawn_with(&[("server.trusted_proxies", "loopback")]).await;
    assert_eq!(base(&app, &forwarded).await, "https://status.example.org/tick");
    app.close().await;
    let app = TestApp::spawn_with(&[("server.base_url", "https://watch.example.org")]).await;
    assert_eq!(base(&app, &forwarded).await, "https://watch.example.org/tick");
    app.close().await;
}

#[tokio::test]
async fn a_call_is_accepted_at_once_and_answered_with_one_message() {
    let mut outside = Outside::start().await;
    let app = bench(&outside, &[]).await;
    let [up, moved, down] = ["/site/204", "/site/302", "/site/503"].map(|path| outside.url(path));
    let [slow, gone] = [outside.url("/slow"), "http://127.0.0.1:1/".to_owned()];
    // One after the other the slow ones would take eight seconds.
    let mut sites = vec![up, moved, down.clone(), gone.clone(), "google.com".to_owned()];
    sites.extend(std::iter::repeat_n(slow, 4));
    let begun = Instant::now();
    let answer = tick(&app, &call(&outside.url("/return/0"), &sites, false)).await;
    assert!(begun.elapsed() < Duration::from_millis(1_500), "before a slow site answered");
    assert_eq!(answer.status(), 202);
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.text().await.unwrap(), "{\"status\":\"accepted\"}");

    let (method, content_type, told) = outside.told().await;
    assert!(begun.elapsed() < Duration::from_secs(7), "all sites at the same time: {:?}", begun.elapsed());
    assert_eq!((method, content_type.as_str()), (Method::POST, "application/json"));
    outside.silent().await;
    let fields: Vec<_> = told.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["event_name", "message", "status", "username"]);
    assert_eq!(told["event_name"], "Uptime Check");
    assert_eq!(told["username"], "Uptime Monitor");
    assert_eq!(told["status"], "error");
    let lines: Vec<_> = told["message"].as_str().unwrap().lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0], format!("{down} is down (status 503)"));
    assert!(lines[1].starts_with(&format!("{gone} check failed: ")), "{}", lines[1]);
    assert!(lines[2].starts_with("google.com check failed: "), "{}", lines[2]);
    app.close().await;
}

#[tokio::test]
async fn when_every_site_is_up_that_is_said_unless_only_failures_count() {
    let mut outside = Outside::start().await;
    let app = bench(&outside, &[]).await;
    let (to, up) = (outside.url("/return/0"), outside.url("/site/200"));
    let sites = [up.clone(), up.clone()];
    assert_eq!(tick(&app, &call(&to, &sites, false)).await.status(), 202);
    let told = outside.told_once().await;
    assert_eq!((&told["status"], &told["message"]), (&json!("success"), &json!("All 2 sites are up.")));

    assert_eq!(tick(&app, &call(&to, &sites, true)).await.status(), 202);
    outside.silent().await;

    let down = outside.url("/site/404");
    assert_eq!(tick(&app, &call(&to, &[up, down.clone()], true)).await.status(), 202);
    let told = outside.told_once().await;
    assert_eq!(told["message"], format!("{down} is down (status 404)"));
    app.close().await;
}

#[tokio::test]
async fn a_call_without_sites_says_what_to_do() {
    let mut outside = Outside::start().await;
    let app = bench(&outside, &[]).await;
    let body = call(&outside.url("/return/0"), &[" ".to_owned(), String::new()], true);
    assert_eq!(tick(&app, &body).await.status(), 202);
    let told = outside.told_once().await;
    assert_eq!(told["status"], "warning");
    assert!(told["message"].as_str().unwrap().contains("site-1"), "{told}");
    app.close().await;
}

#[tokio::test]
async fn a_return_address_that_stumbles_is_tried_again_and_a_redirect_is_not_followed() {
    let mut outside = Outside::start().await;
    let app = bench(&outside, &[]).await;
    let sites = [outside.url("/site/200")];
    tick(&app, &call(&outside.url("/return/1"), &sites, false)).await;
    let first = outside.told().await;
    assert_eq!(outside.told().await, first, "the same once more");
    outside.silent().await;
    tick(&app, &call(&outside.url("/moved"), &sites, false)).await;
    outside.silent().await;
    app.close().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_call_is_named() {
    let outside = Outside::start().await;
    let app = bench(&outside, &[]).await;
    let broken = problems(send(&app, "{\"return_url\": ".to_owned()).await).await;
    assert_eq!(broken[0].0, json!(["body"]));
    let missing = problems(tick(&app, &json!({ "channel_id": "x" })).await).await;
    assert_eq!(missing[0], (json!(["body", "return_url"]), "field required".to_owned()));
    assert_eq!(missing[1], (json!(["body", "settings"]), "field required".to_owned()));
    let sites: Vec<String> = (0..21).map(|site| format!("https://site{site}.example")).collect();
    let many = problems(tick(&app, &call(&outside.url("/return/0"), &sites, false)).await).await;
    assert_eq!(many[0].0, json!(["body", "settings"]));
    assert!(many[0].1.contains("21") && many[0].1.contains("at most 20"), "{many:?}");
    assert_eq!(send(&app, " ".repeat(70_000)).await.status(), 413);
    app.close().await;
}

#[tokio::test]
async fn types_order_and_additions_do_not_matter() {
    let mut outside = Outside::start().await;
    let app = bench(&outside, &[]).await;
    let down = outside.url("/site/500");
    let body = json!({
        "settings": [{ "default": [down], "label": "Site 1", "type": "string", "new": {} }, 7],
        "auth": null,
        "return_url": outside.url("/return/0"),
    });
    let request = app.request(&Actor::Anonymous, Method::POST, "/tick").body(body.to_string());
    assert_eq!(request.send().await.unwrap().status(), 202, "without a content type and a channel");
    assert_eq!(outside.told_once().await["message"], format!("{down} is down (status 500)"));
    app.close().await;
}

#[tokio::test]
async fn by_default_only_telex_is_posted_to_and_only_over_https() {
    let app = TestApp::spawn().await;
    for url in [
        "https://evil.example/v1/return/x",
        "http://ping.telex.im/v1/return/x",
        "https://127.0.0.1/",
        "https://me:pw@ping.telex.im/",
        "file:///etc/passwd",
        "",
    ] {
        let refused = problems(tick(&app, &call(url, &[], false)).await).await;
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].0, json!(["body", "return_url"]), "{url}");
        assert!(refused[0].1.contains("ping.telex.im"), "{refused:?}");
    }
    app.close().await;
}

#[tokio::test]
async fn a_private_return_address_is_refused_even_if_its_host_is_known() {
    let app = TestApp::spawn_with(&[("telex.hosts", "*")]).await;
    for url in
        ["https://127.0.0.1/", "https://10.0.0.1/x", "https://[::ffff:192.168.0.1]/", "https://0x7f.1/"]
    {
        let refused = problems(tick(&app, &call(url, &[], false)).await).await;
        assert_eq!(refused[0].0, json!(["body", "return_url"]), "{url}");
        assert!(refused[0].1.contains("private"), "{refused:?}");
    }
    let metadata = problems(tick(&app, &call("https://169.254.169.254/", &[], false)).await).await;
    assert!(metadata[0].1.contains("link-local"), "{metadata:?}");
    app.close().await;
}

#[tokio::test]
async fn a_site_that_the_operator_denies_is_not_looked_at() {
    let mut outside = Outside::start().await;
    let app = bench(&outside, &[("checks.deny", "127.0.0.2")]).await;
    let site = format!("http://127.0.0.2:{}/site/200", outside.address.port());
    tick(&app, &call(&outside.url("/return/0"), std::slice::from_ref(&site), false)).await;
    let told = outside.told_once().await;
    let expected = format!(
        "{site} check failed: It may not be reached from here: the operator of this installation denies the range."
    );
    assert_eq!(told["message"], expected);
    app.close().await;
}

#[tokio::test]
async fn a_client_that_calls_too_often_is_told_when_to_come_back() {
    let app = TestApp::spawn_with(&[("telex.rate", "2")]).await;
    for _ in 0..2 {
        assert_eq!(send(&app, String::new()).await.status(), 422);
    }
    let answer = send(&app, String::new()).await;
    assert_eq!(answer.status(), 429);
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait} s");
    assert!(answer.json::<Value>().await.unwrap()["detail"].is_string());
    assert_eq!(app.get("/integration.json").await.status(), 200, "reading costs nothing");
    app.close().await;
}

#[tokio::test]
async fn only_so_many_calls_are_in_work_and_stopping_abandons_them() {
    let outside = Outside::start().await;
    let app = bench(&outside, &[("telex.rate", "1000")]).await;
    let body = call(&outside.url("/return/0"), &[outside.url("/hangs")], false);
    for _ in 0..32 {
        assert_eq!(tick(&app, &body).await.status(), 202);
    }
    let last = tick(&app, &body).await;
    assert_eq!(last.status(), 503);
    assert_eq!(last.headers()["retry-after"], "10");
    let begun = Instant::now();
    app.close().await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_pages_of_telex_may_read_both_routes_in_a_browser() {
    let app = TestApp::spawn().await;
    let ask = |method: Method, path: &'static str, origin: &'static str| {
        let request = app.request(&Actor::Anonymous, method, path).header("origin", origin);
        let request = request.header("access-control-request-headers", "content-type,x-telex");
        async { request.send().await.unwrap() }
    };
    let allowed = |answer: &Response| {
        answer.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap().to_owned())
    };
    for (path, method) in [("/integration.json", Method::GET), ("/tick", Method::POST)] {
        for origin in [
            "https://telex.im",
            "https://staging.telex.im",
            "http://telextest.im",
            "http://staging.telextest.im",
        ] {
            let answer = ask(Method::OPTIONS, path, origin).await;
            assert_eq!(answer.status(), 204);
            assert_eq!(allowed(&answer).as_deref(), Some(origin));
            let headers = answer.headers();
            assert_eq!(headers["vary"], "Origin");
            assert_eq!(headers["access-control-allow-credentials"], "true");
            assert_eq!(headers["access-control-allow-methods"], "GET, POST, OPTIONS");
            assert_eq!(headers["access-control-allow-headers"], "content-type,x-telex");
        }
        let answer = ask(method.clone(), path, "https://telex.im").await;
        assert_eq!(allowed(&answer).as_deref(), Some("https://telex.im"), "refusals can be read, too");
        let stranger = ask(method, path, "https://evil.example").await;
        assert_eq!((allowed(&stranger), stranger.status().as_u16()), (None, answer.status().as_u16()));
        assert_eq!(stranger.headers()["vary"], "Origin");
        assert_eq!(ask(Method::OPTIONS, path, "https://evil.example").await.status(), 204);
    }
    app.close().await;
}

#[tokio::test]
async fn turned_off_there_is_nothing_there() {
    let app = TestApp::spawn_with(&[("telex.enabled", "false")]).await;
    assert_eq!(app.get("/integration.json").await.status(), 404);
    assert_eq!(send(&app, "{}".to_owned()).await.status(), 404);
    app.close().await;
}

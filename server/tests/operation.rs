//! What machines ask: health, readiness, metrics.

use std::sync::atomic::Ordering;

use domain::person::Viewer;
use domain::time::{MINUTE, Timestamp};
use domain::views::console::PageDraft;
use reqwest::Method;

use crate::support::{Actor, TestApp};

#[tokio::test]
async fn a_server_that_works_is_ready_and_says_why() {
    let app = TestApp::spawn().await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(app.get("/healthz").await.text().await.unwrap(), "ok\n");
    let answer: serde_json::Value = app.get("/readyz").await.json().await.unwrap();
    assert_eq!(answer["ready"], true);
    let names: Vec<_> =
        answer["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["database", "migrations", "scheduler", "recorder"]);
    app.close().await;
}

#[tokio::test]
async fn a_recorder_that_fails_makes_the_server_unready() {
    let app = TestApp::spawn().await;
    app.running.state.vitals.recorder_failing.store(true, Ordering::Relaxed);
    let answer = app.get("/readyz").await;
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await.unwrap().contains("Results cannot be recorded"));
    app.close().await;
}

#[tokio::test]
async fn checks_that_are_due_and_do_not_begin_make_the_server_unready() {
    let app = TestApp::spawn().await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let long_ago = Timestamp(app.running.state.services.now().0 - 10 * MINUTE);
    app.running.state.vitals.check_waits(long_ago);
    let answer = app.get("/readyz").await;
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await.unwrap().contains("Checks are due, and none has begun for 6"));
    app.close().await;
}

#[tokio::test]
async fn metrics_are_for_whoever_has_the_token() {
    let app = TestApp::spawn_with(&[("metrics.token", "hunter2")]).await;
    let ask = |headers: &[(&str, &str)]| {
        let mut request = app.request(&Actor::Anonymous, Method::GET, "/metrics");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        async { request.send().await.unwrap() }
    };
    let proxied = ("x-forwarded-for", "203.0.113.7");
    assert_eq!(ask(&[]).await.status(), 401, "a proxy on this machine lets strangers in");
    assert_eq!(ask(&[proxied]).await.status(), 401, "a proxy on this machine lets strangers in");
    assert_eq!(ask(&[proxied, ("authorization", "Bearer wrong")]).await.status(), 401);
    let answer = ask(&[proxied, ("authorization", "Bearer hunter2")]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.unwrap();
    for name in [
        "pharos_build_info{version=",
        "pharos_sockets{face=\"public\"} 0",
        "pharos_database_bytes ",
        "pharos_outbox_waiting 0",
        "pharos_outbox_age_seconds 0",
        "pharos_database_up 1",
    ] {
        assert!(text.contains(name), "{name} is missing in\n{text}");
    }
    app.close().await;
}

#[tokio::test]
async fn metrics_without_a_token_are_for_this_machine() {
    let app = TestApp::spawn().await;
    let ask = |headers: &[(&'static str, &'static str)]| {
        let mut request = app.request(&Actor::Anonymous, Method::GET, "/metrics");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        async { request.send().await.unwrap().status() }
    };
    assert_eq!(ask(&[]).await, 200);
    assert_eq!(ask(&[("host", "localhost")]).await, 200);
    assert_eq!(ask(&[("host", "status.example.org")]).await, 401, "by a proxy that keeps the name");
    assert_eq!(ask(&[("x-forwarded-proto", "https")]).await, 401, "by a proxy");
    app.close().await;

    // A proxy may add nothing at all, and whoever has a public address has one.
    let app = TestApp::spawn_with(&[("server.base_url", "https://status.example.org")]).await;
    let answer = app.request(&Actor::Anonymous, Method::GET, "/metrics").send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.text().await.unwrap().contains("set metrics.token"));
    app.close().await;
    let app = TestApp::spawn_with(&[("server.base_url", "http://localhost:3000")]).await;
    assert_eq!(app.request(&Actor::Anonymous, Method::GET, "/metrics").send().await.unwrap().status(), 200);
    app.close().await;
}

#[tokio::test]
async fn what_is_rendered_for_one_request_is_made_smaller_for_whoever_can_read_it() {
    let app = TestApp::spawn().await;
    // The usual client unpacks what it gets, and says nothing of it.
    let client = reqwest::Client::builder().no_proxy().no_gzip().no_brotli().build().unwrap();
    let ask = |path: &'static str, accepts: &'static str| {
        let request =
            client.get(format!("http://{}{path}", app.running.address)).header("accept-encoding", accepts);
        async {
            let answer = request.send().await.unwrap();
            let coding =
                answer.headers().get("content-encoding").map(|coding| coding.to_str().unwrap().to_owned());
            (coding, answer.bytes().await.unwrap().len())
        }
    };
    for path in ["/setup", "/api/openapi.json"] {
        let (coding, plain) = ask(path, "identity").await;
        assert_eq!(coding, None, "{path}");
        for name in ["br", "gzip"] {
            let (coding, packed) = ask(path, name).await;
            assert_eq!(coding.as_deref(), Some(name), "{path}");
            assert!(packed < plain / 2, "{path}: {packed} of {plain}");
        }
    }
    app.close().await;
}

#[tokio::test]
async fn the_set_up_link_is_printed_until_somebody_has_an_account() {
    let app = TestApp::spawn().await;
    let token = app.running.setup_token.clone().unwrap();
    assert!(app.running.greeting().ends_with(&format!("/setup?token={token}")));
    app.close().await;

    let values = [
        ("admin.email", "ada@example.org"),
        ("admin.password", "correct horse"),
        ("server.base_url", "https://a.example"),
    ];
    let app = TestApp::spawn_with(&values).await;
    assert_eq!(app.running.greeting(), "Pharos is running at https://a.example");
    assert!(app.running.state.services.is_set_up().await.unwrap());
    app.close().await;
}

#[tokio::test]
async fn a_path_that_names_nothing_is_answered_for_whoever_asks() {
    let app = TestApp::spawn().await;
    let name = "Northwind".to_owned();
    let draft = PageDraft { name, description: String::new(), time_zone: "UTC".to_owned() };
    app.running.state.services.save_page(&Viewer::System, &draft).await.unwrap();
    // The page is drawn anew when its event has gone round.
    while !app.get("/").await.text().await.unwrap().contains("Northwind") {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for path in ["/no-such-page", "/status/main/no-such-page", "/status/none/no-such-page"] {
        let answer = app.get(path).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["cache-control"]),
            (404, &"no-cache".parse().unwrap())
        );
        assert!(!answer.headers().contains_key("set-cookie"));
        let page = answer.text().await.unwrap();
        assert!(page.contains("<header>") && page.contains("This page does not exist"), "{path}: {page}");
        let name = if path.contains("none") { "Not found · Status<" } else { "Not found · Northwind<" };
        assert!(page.contains(name), "{path}: {page}");
    }
    // Programs and forms are told in short.
    for (method, path) in [(Method::GET, "/api/no-such-thing"), (Method::POST, "/no-such-page")] {
        let answer = app.request(&Actor::Anonymous, method, path).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["cache-control"]),
            (404, &"no-store".parse().unwrap())
        );
    }
    app.close().await;
}

//! Who may ask for what: every route, every actor, one table.

use reqwest::Method;

use crate::support::{Actor, TestApp};

/// Method, path, and the statuses for nobody in particular and for somebody who logged in.
const MATRIX: &[(Method, &str, u16, u16)] = &[
    (Method::GET, "/healthz", 200, 200),
    (Method::GET, "/health", 200, 200),
    (Method::POST, "/healthz", 405, 405),
    (Method::GET, "/readyz", 200, 200),
    (Method::GET, "/metrics", 200, 200), // from this machine; strangers are in operation.rs
    (Method::GET, "/api/push/unknown", 404, 404),
    (Method::POST, "/api/push/unknown/fail", 404, 404),
    (Method::GET, "/ping/unknown", 404, 404),
    (Method::POST, "/ping/unknown/0", 404, 404),
    (Method::GET, "/no-such-page", 404, 404),
    (Method::POST, "/no-such-page", 404, 404),
];

#[tokio::test]
async fn every_route_answers_every_actor_as_the_table_says() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    // The scheduler goes round before anybody asks whether it does.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    for (method, path, anonymous, logged_in) in MATRIX {
        for (actor, expected) in [(&Actor::Anonymous, anonymous), (&viewer, logged_in)] {
            let answer = app.request(actor, method.clone(), path).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), *expected, "{method} {path} by {actor:?}");
        }
    }
    app.close().await;
}

#[tokio::test]
async fn every_answer_tells_the_browser_what_it_may_do() {
    let app = TestApp::spawn().await;
    for path in ["/healthz", "/no-such-page"] {
        let answer = app.get(path).await;
        let headers = answer.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "same-origin");
        assert_eq!(headers["x-request-id"].len(), 20);
    }
    app.close().await;
}

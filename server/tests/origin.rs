//! Other sites cannot make a browser change something here.

use reqwest::{Method, Response};

use crate::support::{Actor, PASSWORD, TestApp};

async fn status(app: &TestApp, method: Method, path: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = app.request(&Actor::Anonymous, method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_call_of_a_machine_may_come_from_anywhere() {
    let app = TestApp::spawn().await;
    let foreign = [("origin", "https://evil.example")];
    assert_eq!(status(&app, Method::POST, "/api/push/unknown", &foreign).await, 404);
    assert_eq!(status(&app, Method::POST, "/ping/unknown", &foreign).await, 404);
    assert_eq!(status(&app, Method::POST, "/tick", &foreign).await, 422, "an empty call of Telex");
    app.close().await;
}

const BASE: (&str, &str) = ("server.base_url", "https://status.example.org");
const WORDS: &str = "This page was opened over http, and Pharos is set to https://status.example.org. Open it there, or set \
                     X-Forwarded-Proto in the proxy, and name the proxy in server.trusted_proxies.";

/// Sends a form of a page that was opened over plain HTTP by another name, through a proxy that does not say so.
async fn plainly(app: &TestApp, path: &str, page: &str, form: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = app.request(&Actor::Anonymous, Method::POST, path).header("host", "pharos.lan:3000");
    request = request.header("referer", format!("http://pharos.lan:3000{page}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
    request.send().await.unwrap()
}

/// What the page shows that a form without scripts goes back to.
async fn page_after(app: &TestApp, answer: &Response) -> (String, String) {
    assert_eq!(answer.status(), 303);
    let page = answer.headers()["location"].to_str().unwrap().to_owned();
    let text = app.get(&page).await.text().await.unwrap();
    (page, text)
}

#[tokio::test]
async fn a_log_in_whose_cookie_would_be_dropped_is_refused_with_a_word() {
    let app = TestApp::spawn_with(&[BASE]).await;
    app.account("ada@example.org").await;
    let form = format!("email=ada%40example.org&password={}&next=/console", PASSWORD.replace(' ', "+"));
    let (page, origin) = ("/login?next=/console", ("origin", "http://pharos.lan:3000"));
    // More often than anybody may guess.
    for _ in 0..8 {
        let answer = plainly(&app, "/api/log_in", page, &form, &[origin]).await;
        assert_eq!(answer.status(), 409);
        assert!(!answer.headers().contains_key("set-cookie"));
        assert!(answer.text().await.unwrap().contains(WORDS));
    }
    let html = ("accept", "text/html");
    let answer = plainly(&app, "/api/log_in", page, &form, &[origin, html]).await;
    assert!(!answer.headers().contains_key("set-cookie"));
    let (back, text) = page_after(&app, &answer).await;
    assert_eq!(back, "/login?next=/console&over=http");
    assert!(text.contains(WORDS), "{text}");
    let again = plainly(&app, "/api/log_in", &back, &form, &[origin, html]).await;
    assert_eq!(page_after(&app, &again).await.0, back, "said once");
    assert!(!app.get(page).await.text().await.unwrap().contains(WORDS));

    for fine in [&[("origin", "https://status.example.org")][..], &[]] {
        let answer = plainly(&app, "/api/log_in", page, &form, fine).await;
        assert_eq!(answer.status(), 200, "{fine:?}");
        assert!(answer.headers().contains_key("set-cookie"));
    }
    app.close().await;

    let app = TestApp::spawn_with(&[BASE, ("server.trusted_proxies", "loopback")]).await;
    app.account("ada@example.org").await;
    let proto = |scheme| [origin, ("x-forwarded-proto", scheme)];
    assert_eq!(plainly(&app, "/api/log_in", page, &form, &[origin]).await.status(), 409);
    assert_eq!(plainly(&app, "/api/log_in", page, &form, &proto("https")).await.status(), 409);
    let answer = plainly(&app, "/api/log_in", page, &form, &proto("http")).await;
    assert_eq!(answer.status(), 200, "a proxy that says so");
    assert!(!answer.headers()["set-cookie"].to_str().unwrap().contains("Secure"));
    app.close().await;
}

#[tokio::test]
async fn a_set_up_whose_cookie_would_be_dropped_makes_no_account() {
    let app = TestApp::spawn_with(&[BASE]).await;
    let token = app.running.setup_token.clone().unwrap();
    let form =
        format!("token={token}&name=Ada&email=ada%40example.org&password={}", PASSWORD.replace(' ', "+"));
    let page = format!("/setup?token={token}");
    let origin = ("origin", "http://pharos.lan:3000");
    let answer = plainly(&app, "/api/set_up", &page, &form, &[origin]).await;
    assert_eq!(answer.status(), 409);
    assert!(answer.text().await.unwrap().contains(WORDS));
    let answer = plainly(&app, "/api/set_up", &page, &form, &[origin, ("accept", "text/html")]).await;
    let (back, text) = page_after(&app, &answer).await;
    assert_eq!(back, format!("{page}&over=http"));
    assert!(text.contains(WORDS), "{text}");
    assert!(!app.running.state.services.is_set_up().await.unwrap());
    let answer =
        plainly(&app, "/api/set_up", &page, &form, &[("origin", "https://status.example.org")]).await;
    assert_eq!(answer.status(), 200, "the link still works");
    app.close().await;
}

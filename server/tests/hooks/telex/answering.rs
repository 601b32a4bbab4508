//! What Telex, and a browser on its pages, are answered.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::{Outside, bench, call, problems, send, tick};
use crate::support::{Actor, TestApp};

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

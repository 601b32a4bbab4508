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
    (Method::GET, "/integration.json", 200, 200),
    (Method::OPTIONS, "/integration.json", 204, 204),
    (Method::POST, "/integration.json", 405, 405),
    (Method::POST, "/tick", 422, 422), // an empty call; hooks/telex.rs makes real ones
    (Method::OPTIONS, "/tick", 204, 204),
    (Method::GET, "/tick", 405, 405),
    (Method::GET, "/", 200, 200),
    (Method::GET, "/history", 200, 200),
    (Method::GET, "/status/main", 200, 200),
    (Method::GET, "/status/none", 404, 404),
    (Method::GET, "/status/main/incidents/INC00000000000000000000", 404, 404),
    (Method::GET, "/incidents/INC00000000000000000000", 404, 404),
    (Method::GET, "/logo/main", 404, 404),
    (Method::GET, "/live/main/parts", 200, 200),
    (Method::GET, "/live/none/parts", 404, 404),
    (Method::GET, "/console", 303, 200),
    (Method::GET, "/console/monitors", 303, 200),
    (Method::GET, "/console/monitors/new", 303, 200),
    (Method::GET, "/console/monitors/NM00000000000000000000", 303, 404),
    (Method::GET, "/console/incidents", 303, 200),
    (Method::GET, "/console/incidents/INC00000000000000000000", 303, 404),
    (Method::GET, "/console/alerts", 303, 200),
    (Method::GET, "/console/alerts/new", 303, 200),
    (Method::GET, "/console/alerts/AD00000000000000000000", 303, 404),
    (Method::GET, "/console/subscriptions", 303, 200),
    (Method::GET, "/console/subscriptions/new", 303, 200),
    (Method::GET, "/console/integrations", 303, 200),
    (Method::GET, "/console/integrations/new", 303, 200),
    (Method::GET, "/console/integrations/new?kind=webhook", 303, 200),
    (Method::GET, "/console/integrations/INT00000000000000000000", 303, 404),
    (Method::GET, "/console/deliveries", 303, 200),
    (Method::GET, "/console/deliveries/DL00000000000000000000", 303, 404),
    (Method::GET, "/console/more", 303, 200),
    (Method::GET, "/console/settings/tokens", 303, 200),
    (Method::GET, "/console/page", 303, 200),
    (Method::GET, "/console/settings", 303, 200),
    (Method::GET, "/console/no-such-page", 303, 404),
    (Method::POST, "/console/page/logo", 303, 400),
    (Method::POST, "/console/slack/add", 303, 303), // to the log-in, and back with a sentence
    (Method::GET, "/login", 200, 303),
    (Method::GET, "/confirm/unknown", 200, 200), // whoever has the mail need not be logged in
    (Method::POST, "/confirm/unknown", 405, 405),
    (Method::GET, "/setup", 303, 303),    // somebody has an account
    (Method::GET, "/api/live", 400, 400), // no socket; live/console.rs opens real ones
    (Method::GET, "/api/openapi.json", 200, 200),
    (Method::GET, "/api/docs", 200, 200),
    (Method::GET, "/auth/slack/callback", 404, 404), // there is no app at Slack; api/slack.rs has one
    (Method::POST, "/hooks/slack/actions", 404, 404),
    (Method::GET, "/no-such-page", 404, 404),
    (Method::POST, "/no-such-page", 404, 404),
];

/// Method, path and the status for a program with a token. Everybody else, whatever cookie they send, gets 401.
const API: &[(Method, &str, u16)] = &[
    (Method::GET, "/api/v1/integrations", 200),
    (Method::POST, "/api/v1/integrations", 422),
    (Method::GET, "/api/v1/integrations/{uuid}", 404),
    (Method::PATCH, "/api/v1/integrations/{uuid}", 404),
    (Method::PUT, "/api/v1/integrations/{uuid}", 404),
    (Method::DELETE, "/api/v1/integrations/{uuid}", 404),
    (Method::POST, "/api/v1/integrations/{uuid}/test", 404),
    (Method::GET, "/api/v1/integrations/{uuid}/deliveries", 404),
    (Method::POST, "/api/v1/integrations/sms/send_verification_code", 422),
    (Method::POST, "/api/v1/integrations/slack/initiate", 422), // no app at Slack
    (Method::GET, "/api/v1/network_monitors", 200),
    (Method::POST, "/api/v1/network_monitors", 422),
    (Method::GET, "/api/v1/network_monitors/{uuid}", 404),
    (Method::PATCH, "/api/v1/network_monitors/{uuid}", 404),
    (Method::PUT, "/api/v1/network_monitors/{uuid}", 404),
    (Method::DELETE, "/api/v1/network_monitors/{uuid}", 404),
    (Method::POST, "/api/v1/network_monitors/{uuid}/pause", 404),
    (Method::POST, "/api/v1/network_monitors/{uuid}/renew_heartbeat", 404),
    (Method::POST, "/api/v1/network_monitors/{uuid}/resume", 404),
    (Method::GET, "/api/v1/network_monitors/{uuid}/integrations", 404),
    (Method::POST, "/api/v1/network_monitors/{uuid}/integrations", 404),
    (Method::DELETE, "/api/v1/network_monitors/{uuid}/integrations/{integration_uuid}", 404),
    (Method::GET, "/api/v1/incidents", 200),
    (Method::GET, "/api/v1/incidents/{uuid}", 404),
    (Method::POST, "/api/v1/incidents/{uuid}/resolve", 404),
    (Method::POST, "/api/v1/incidents/{uuid}/acknowledge", 404),
    (Method::POST, "/api/v1/incidents/{uuid}/snooze", 422),
    (Method::DELETE, "/api/v1/incidents/{uuid}/snooze", 404),
    (Method::POST, "/api/v1/incidents/{uuid}/unsnooze", 404),
    (Method::GET, "/api/v1/deliveries", 200),
    (Method::GET, "/api/v1/deliveries/stats", 200),
    (Method::GET, "/api/v1/deliveries/{uuid}", 404),
    (Method::POST, "/api/v1/deliveries/{uuid}/replay", 404),
    (Method::POST, "/api/v1/deliveries/replay", 422),
    (Method::GET, "/api/v1/event_subscriptions", 200),
    (Method::POST, "/api/v1/event_subscriptions", 422),
    (Method::GET, "/api/v1/event_subscriptions/{uuid}", 404),
    (Method::PATCH, "/api/v1/event_subscriptions/{uuid}", 404),
    (Method::PUT, "/api/v1/event_subscriptions/{uuid}", 404),
    (Method::DELETE, "/api/v1/event_subscriptions/{uuid}", 404),
    (Method::GET, "/api/v1/events", 200),
    (Method::GET, "/api/v1/events/{event_id}", 404),
    (Method::GET, "/api/v1/alert_definitions", 200),
    (Method::POST, "/api/v1/alert_definitions", 422),
    (Method::GET, "/api/v1/alert_definitions/{uuid}", 404),
    (Method::PATCH, "/api/v1/alert_definitions/{uuid}", 404),
    (Method::PUT, "/api/v1/alert_definitions/{uuid}", 404),
    (Method::DELETE, "/api/v1/alert_definitions/{uuid}", 404),
    (Method::GET, "/api/v1/all_stop", 200),
    (Method::PUT, "/api/v1/all_stop", 422),
    (Method::GET, "/api/v1/providers", 200),
];

/// A path with an id of the right kind that names nothing.
fn nothing_of(path: &str) -> String {
    let prefix = match path.split('/').nth(3) {
        Some("integrations") => "INT",
        Some("network_monitors") => "NM",
        Some("incidents") => "INC",
        Some("deliveries") => "DL",
        Some("event_subscriptions") => "ES",
        Some("alert_definitions") => "AD",
        _ => "",
    };
    let rest = "0".repeat(20);
    path.replace("{uuid}", &format!("{prefix}{rest}"))
        .replace("{integration_uuid}", &format!("INT{rest}"))
        .replace("{event_id}", "no.such.event")
}

#[tokio::test]
async fn the_api_is_for_programs_with_a_token_alone() {
    let app = TestApp::spawn().await;
    let (viewer, program) = (app.viewer().await, app.token().await);
    let mut wrong = Vec::new();
    for (method, path, expected) in API {
        let path = nothing_of(path);
        let stranger = Actor::Token { token: "pharos_not_one_of_ours".to_owned() };
        let actors = [(&Actor::Anonymous, 401), (&viewer, 401), (&stranger, 401), (&program, *expected)];
        for (actor, expected) in actors {
            let answer = app.request(actor, method.clone(), &path).send().await.unwrap();
            let got = answer.status().as_u16();
            let is_json = answer.headers()["content-type"] == "application/json";
            if got != expected || !is_json {
                wrong.push(format!(
                    "{method} {path} by {actor:?}: {got} instead of {expected}, JSON: {is_json}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    app.close().await;
}

#[test]
fn the_table_of_the_api_has_every_operation_that_is_described() {
    let described = serde_json::to_value(server::api::openapi()).unwrap();
    let mut missing = Vec::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            let method: Method = method.to_uppercase().parse().unwrap();
            if !API.iter().any(|(known, row, _)| *known == method && row == path) {
                missing.push(format!("{method} {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[tokio::test]
async fn every_route_answers_every_actor_as_the_table_says() {
    let app = TestApp::spawn().await;
    let (viewer, program) = (app.viewer().await, app.token().await);
    let mut wrong = Vec::new();
    // The scheduler goes round before anybody asks whether it does.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    for (method, path, anonymous, logged_in) in MATRIX {
        // A token opens the API and nothing else.
        for (actor, expected) in [(&Actor::Anonymous, anonymous), (&viewer, logged_in), (&program, anonymous)]
        {
            let answer = app.request(actor, method.clone(), path).send().await.unwrap();
            let got = answer.status().as_u16();
            if got != *expected {
                wrong.push(format!("{method} {path} by {actor:?}: {got} instead of {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
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

/// Functions that anybody may call: they are how somebody becomes somebody, and nobody again; or they ask for the token of a mail.
const OPEN: [&str; 5] = ["log_in", "log_out", "set_up", "read_confirmation", "confirm_address"];

#[tokio::test]
async fn no_function_of_the_console_works_for_somebody_who_did_not_log_in() {
    let app = TestApp::spawn().await;
    app.account("ada@example.org").await;
    let mut count = 0;
    for (path, method) in leptos::server_fn::axum::server_fn_paths() {
        if OPEN.iter().any(|open| path.contains(open)) {
            continue;
        }
        count += 1;
        let request = app.request(&Actor::Anonymous, method.as_str().parse().unwrap(), path);
        // Something to work on: a function that is given nothing may answer with nothing.
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.body("address=http%3A%2F%2F127.0.0.1&id=NM00000000000000000000");
        let status = request.send().await.unwrap().status().as_u16();
        assert!(status >= 400, "{method} {path} answered {status}");
    }
    assert!(count > 0, "the functions are registered");
    app.close().await;
}

#[tokio::test]
async fn looking_at_the_console_does_not_write_the_session() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let before = app.session(&viewer).await.expect("a session");
    let answer = app.request(&viewer, Method::GET, "/console/settings").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(app.session(&viewer).await, Some(before), "its end moved, so it was written");
    app.close().await;
}

/// What somebody may write in the place of an id.
const NO_IDS: &[&str] = &[
    "x",
    "0",
    "-1",
    "INC",
    "inc00000000000000000000",
    "INC0000000000000000000",
    "INC000000000000000000000",
    "INC0000000000000000000%C3%A4",
    "%00",
    "%FF",
    "%",
    "%20",
    "%27%20or%201=1--",
    "..%2F..",
    "%F0%9F%A6%80",
];

#[tokio::test]
async fn an_address_with_something_in_the_place_of_an_id_is_a_page_that_says_so_and_leads_back() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let long = "N".repeat(4_000);
    let ids = NO_IDS.iter().copied().chain([long.as_str()]);
    for id in ids {
        for path in [
            format!("/console/monitors/{id}"),
            format!("/console/monitors/{id}/edit"),
            format!("/console/incidents/{id}"),
            format!("/console/integrations/{id}"),
            format!("/console/deliveries/{id}"),
            format!("/console/alerts/{id}"),
            format!("/console/subscriptions/{id}"),
            format!("/console/page?edit={id}"),
        ] {
            let answer = app.request(&viewer, Method::GET, &path).send().await.unwrap();
            let (status, html) = (answer.status(), answer.text().await.unwrap());
            assert_eq!(status, 404, "{path}");
            let back = ["To the overview", "To the status page"];
            assert!(back.iter().any(|way| html.contains(way)), "{path} leads nowhere: {html}");
        }
    }
    app.close().await;
}

#[tokio::test]
async fn what_a_page_reads_after_its_session_ended_is_refused_and_no_fault() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let nothing = format!("NM{}", "0".repeat(20));
    for (path, of_viewer) in [
        ("/api/read_frame".to_owned(), 200),
        (format!("/api/read_monitor?monitor={nothing}&range=day"), 404),
        (format!("/api/read_incident?incident=INC{}", "0".repeat(20)), 404),
    ] {
        for (actor, expected) in [(&Actor::Anonymous, 403), (&viewer, of_viewer)] {
            let answer = app.request(actor, Method::GET, &path).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), expected, "{path} {actor:?}");
        }
    }
    app.close().await;
}

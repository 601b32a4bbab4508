//! Every request and every answer of the second seed, to the letter.

use domain::person::Viewer;
use reqwest::Method;
use serde_json::{Value, json};

use super::call;
use crate::support::{Actor, TestApp};

/// Checks the fields that every answer has, and takes them out.
fn taken(mut body: Value) -> Value {
    let object = body.as_object_mut().expect("an object");
    let uuid = object.remove("uuid").unwrap();
    assert!(uuid.as_str().unwrap().starts_with("INT"), "{uuid}");
    for name in ["created_at", "updated_at"] {
        let at = object.remove(name).unwrap();
        let at = at.as_str().unwrap();
        assert!(at.len() == "2024-01-01T00:00:00Z".len() && at.ends_with('Z') && !at.contains('.'), "{at}");
    }
    body
}

async fn create(app: &TestApp, actor: &Actor, kind: &str, settings: Value) -> (u16, Value) {
    let body = json!({ "integration": { "type": kind, "settings": settings } });
    call(app, actor, Method::POST, "/api/v1/integrations", &body).await
}

#[tokio::test]
async fn a_webhook_is_created_listed_and_deleted() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let (status, list) = call(&app, &program, Method::GET, "/api/v1/integrations", &Value::Null).await;
    assert_eq!((status, list), (200, json!([])));
    let url = "https://hooks.slack.com/services/YOUR/WEBHOOK/URL";
    let (status, made) =
        create(&app, &program, "Integrations::WebhookIntegration", json!({ "webhook_url": url })).await;
    assert_eq!(status, 201, "{made}");
    let expected = json!({
        "type": "Integrations::WebhookIntegration",
        "name": url,
        "settings": { "webhook_url": url },
        "editable": true,
        "deletable": true,
    });
    assert_eq!(taken(made.clone()), expected);

    let answer = app.request(&program, Method::GET, "/api/v1/integrations").send().await.unwrap();
    assert_eq!(answer.headers()["x-total-count"], "1");
    let list: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(list, json!([made]));

    let path = format!("/api/v1/integrations/{}", made["uuid"].as_str().unwrap());
    assert_eq!(call(&app, &program, Method::DELETE, &path, &Value::Null).await, (204, Value::Null));
    let (status, gone) = call(&app, &program, Method::DELETE, &path, &Value::Null).await;
    assert_eq!((status, &gone["error"]), (404, &json!("integration_not_found")));
    app.close().await;
}

#[tokio::test]
async fn an_email_integration_is_named_after_its_address() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let settings = json!({ "email": "alerts@example.com" });
    let (status, made) = create(&app, &program, "Integrations::EmailIntegration", settings.clone()).await;
    let expected = json!({
        "type": "Integrations::EmailIntegration",
        "name": "alerts@example.com",
        "settings": settings,
        "editable": true,
        "deletable": true,
    });
    assert_eq!((status, taken(made)), (201, expected));
    let (status, refused) =
        create(&app, &program, "Integrations::EmailIntegration", json!({ "email": "nobody" })).await;
    assert_eq!((status, &refused["error"]), (422, &json!("unprocessable_entity")));
    assert!(refused["errors"]["email"][0].as_str().unwrap().contains("nobody"), "{refused}");
    app.close().await;
}

#[tokio::test]
async fn an_ssh_integration_shows_its_password_only_when_that_is_configured() {
    let settings =
        json!({ "ip": "192.168.1.100", "username": "admin", "password": "secure_password", "port": 22 });
    for (echo, password) in [("false", "********"), ("true", "secure_password")] {
        let app = TestApp::spawn_with(&[("api.echo_secrets", echo)]).await;
        let program = app.token().await;
        let kind = "Integrations::SshServerRestartIntegration";
        let (status, made) = create(&app, &program, kind, settings.clone()).await;
        let mut shown = settings.clone();
        shown["password"] = password.into();
        let expected = json!({
            "type": kind,
            "name": "192.168.1.100 (admin)",
            "settings": shown,
            "editable": true,
            "deletable": true,
        });
        assert_eq!((status, taken(made)), (201, expected));
        // Without a port, it is 22.
        let (status, made) =
            create(&app, &program, kind, json!({ "ip": "h", "username": "u", "password": "p" })).await;
        assert_eq!((status, &made["settings"]["port"]), (201, &json!(22)), "{made}");
        app.close().await;
    }
}

#[tokio::test]
async fn sms_needs_a_paid_plan_a_number_and_its_code() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let path = "/api/v1/integrations/sms/send_verification_code";
    let (status, missing) = call(&app, &program, Method::POST, path, &json!({})).await;
    let expected =
        json!({ "success": false, "error": "phone_number_required", "message": "Phone number is required" });
    assert_eq!((status, missing), (422, expected));
    // Nobody carries text messages here.
    let number = json!({ "phone_number": "+15550100199" });
    let (status, failed) = call(&app, &program, Method::POST, path, &number).await;
    assert_eq!((status, &failed["error"]), (422, &json!("sms_not_configured")));

    let kind = "Integrations::SmsIntegration";
    let (status, uncoded) = create(&app, &program, kind, number.clone()).await;
    assert_eq!(status, 422);
    assert!(uncoded["errors"]["verification_code"].is_array(), "{uncoded}");
    let guessed = json!({ "phone_number": "+15550100199", "verification_code": "123456" });
    let (status, wrong) = create(&app, &program, kind, guessed).await;
    assert_eq!(status, 422);
    assert!(wrong["errors"]["verification_code"].is_array(), "{wrong}");

    app.running.state.services.set_paid(&Viewer::System, false).await.unwrap();
    let (status, unpaid) = call(&app, &program, Method::POST, path, &number).await;
    let expected = json!({
        "success": false,
        "error": "paid_plan_required",
        "message": "SMS integrations require a paid plan",
    });
    assert_eq!((status, unpaid), (403, expected));
    app.close().await;
}

/// Twilio, as far as codes need it; keeps what it was asked for.
async fn twilio() -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let (sender, texts) = tokio::sync::mpsc::unbounded_channel();
    let take = async move |body: String| {
        let _ = sender.send(body);
        let answer = json!({ "sid": "SM1", "status": "queued" });
        (axum::http::StatusCode::CREATED, axum::Json(answer))
    };
    let routes =
        axum::Router::new().route("/2010-04-01/Accounts/AC1/Messages.json", axum::routing::post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (format!("http://{address}"), texts)
}

#[tokio::test]
async fn a_number_is_added_with_the_code_that_was_sent_to_it() {
    let (url, mut texts) = twilio().await;
    let app = TestApp::spawn_with(&[
        ("sms.account_sid", "AC1"),
        ("sms.auth_token", "token"),
        ("sms.from", "+15550100100"),
        ("sms.api_url", &url),
    ])
    .await;
    let program = app.token().await;
    let path = "/api/v1/integrations/sms/send_verification_code";
    let (status, bad) = call(&app, &program, Method::POST, path, &json!({ "phone_number": "12" })).await;
    assert_eq!((status, &bad["error"]), (422, &json!("invalid_phone_number")));
    let number = json!({ "phone_number": "+1234567890" });
    let sent = call(&app, &program, Method::POST, path, &number).await;
    let expected = json!({ "success": true, "message": "Verification code sent successfully" });
    assert_eq!(sent, (200, expected));
    let text = texts.recv().await.unwrap();
    let body = text.split("Body=").nth(1).unwrap();
    let code = body[..6].to_owned();
    let (status, again) = call(&app, &program, Method::POST, path, &number).await;
    assert_eq!((status, &again["error"]), (429, &json!("too_many_requests")));

    let settings = json!({ "phone_number": "+1234567890", "verification_code": code });
    let wrong = json!({ "phone_number": "+1234567890", "verification_code": "000000x" });
    assert_eq!(create(&app, &program, "Integrations::SmsIntegration", wrong).await.0, 422);
    let (status, made) = create(&app, &program, "Integrations::SmsIntegration", settings.clone()).await;
    let expected = json!({
        "type": "Integrations::SmsIntegration",
        "name": "SMS +1234567890",
        "settings": { "phone_number": "+1234567890" },
        "editable": true,
        "deletable": true,
    });
    assert_eq!((status, taken(made)), (201, expected));
    let (status, _) = create(&app, &program, "Integrations::SmsIntegration", settings).await;
    assert_eq!(status, 422, "a code holds once");
    app.close().await;
}

#[tokio::test]
async fn outside_of_production_no_code_is_asked_for() {
    let app = TestApp::spawn_with(&[("server.environment", "development")]).await;
    let program = app.token().await;
    let settings = json!({ "phone_number": "+1234567890", "verification_code": "123456" });
    let (status, made) = create(&app, &program, "Integrations::SmsIntegration", settings).await;
    assert_eq!((status, &made["settings"]), (201, &json!({ "phone_number": "+1234567890" })));
    app.close().await;
}

#[tokio::test]
async fn a_token_is_wanted_and_taken_with_its_scheme_or_without() {
    let app = TestApp::spawn().await;
    let Actor::Token { token } = app.token().await else { unreachable!() };
    let (status, refused) =
        call(&app, &Actor::Anonymous, Method::GET, "/api/v1/integrations", &Value::Null).await;
    assert_eq!((status, &refused["error"]), (401, &json!("unauthorized")));
    for (header, expected) in [
        (format!("Bearer {token}"), 200),
        (format!("bearer {token}"), 200),
        (token.clone(), 200),
        (format!("Basic {token}"), 401),
        ("Bearer ".to_owned(), 401),
        (format!("{token}x"), 401),
    ] {
        let request = app.request(&Actor::Anonymous, Method::GET, "/api/v1/integrations");
        let answer = request.header("authorization", &header).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{header}");
        if expected == 401 {
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        }
    }
    app.close().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_with_what_would_be_right() {
    let app = TestApp::spawn().await;
    let program = app.token().await;
    let path = "/api/v1/integrations";
    for body in ["{", "[]", "\"text\"", "{\"integration\": 5}", "{\"integration\": {\"type\": \"\\u0000\"}}"]
    {
        let answer = app.request(&program, Method::POST, path).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{body}");
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(answer["error"], "invalid_request", "{body}");
    }
    let (status, unknown) = create(&app, &program, "Integrations::GopherIntegration", json!({})).await;
    assert_eq!(status, 422);
    let words = unknown["errors"]["type"][0].as_str().unwrap();
    assert!(
        words.contains("GopherIntegration") && words.contains("Integrations::WebhookIntegration"),
        "{words}"
    );
    let (status, missing) = create(&app, &program, "Integrations::WebhookIntegration", json!({})).await;
    assert_eq!(status, 422);
    assert!(missing["errors"]["webhook_url"].is_array(), "{missing}");
    // Without the name of the resource around it, and with keys that nobody knows.
    let bare = json!({ "type": "Integrations::WebhookIntegration", "colour": "red",
        "settings": { "webhook_url": "https://example.org/hook", "colour": "red" } });
    assert_eq!(call(&app, &program, Method::POST, path, &bare).await.0, 201);
    app.close().await;
}

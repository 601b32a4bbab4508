//! webhook: seed 001's fields, the envelope of seed 003, and the shared table.

use domain::check::request::Header;
use domain::integration::webhook::{ContentType, WebhookBody};
use domain::integration::{IntegrationSettings, WebhookSettings};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{
    Reply, Server, acknowledged, deliver, deliver_after, delivery, error, error_with, event, event_with,
    group, holds_to_the_table_of_statuses, incident_id, ok, probe, reminder, test,
};

#[tokio::test]
async fn statuses_mean_what_they_mean_everywhere() {
    let settings = |url: &str| WebhookSettings::to(&format!("{url}/hook")).into();
    holds_to_the_table_of_statuses(settings, &Reply::text(200, "thanks"), &[]).await;
}

#[tokio::test]
async fn an_outage_is_told_in_the_fields_of_the_seed() {
    let server = Server::saying(Reply::json(201, &json!({ "id": 17 }))).await;
    let settings: IntegrationSettings = WebhookSettings::to(&format!("{}/hook/T0KEN", server.url)).into();
    for (message, status, duration) in [
        (error(), "ongoing", Value::Null),
        (reminder(), "ongoing", Value::Null),
        (ok(), "resolved", json!(300)),
    ] {
        let told = deliver(&settings, &message).await;
        assert_eq!(told.external_id(), Some("17"));
        told.hides(&["T0KEN"]);
        let heard = server.one();
        assert_eq!((heard.method.as_str(), heard.path.as_str()), ("POST", "/hook/T0KEN"));
        assert_eq!(heard.header("x-delivery-id"), delivery().to_string());
        assert_eq!(
            heard.json(),
            json!({
                "resource_name": "Shop <EU> & more",
                "resource_url": "https://shop.example.com/?a=1&b=2",
                "resource_type": "NetworkMonitor",
                "incident_type": "timeout",
                "incident_status": status,
                "incident_duration": duration,
                "incident_message": "No answer within 10 s.",
            })
        );
    }
}

#[tokio::test]
async fn everything_else_comes_in_the_envelope() {
    let server = Server::saying(Reply::text(200, "")).await;
    let settings = WebhookSettings { body: WebhookBody::Envelope, ..WebhookSettings::to(&server.url) };
    let settings: IntegrationSettings = settings.into();
    for (message, kind) in [
        (error(), "alert.error"),
        (group(3), "alert.group"),
        (acknowledged(), "alert.acknowledged"),
        (event(), "incident.incident.created"),
    ] {
        deliver(&settings, &message).await.result.unwrap();
        let heard = server.one();
        assert_eq!(heard.header("x-event-type"), kind);
        let body = heard.json();
        assert_eq!(
            (&body["eventType"], &body["timestamp"]),
            (&json!(kind), &json!("2026-03-02T00:00:00.000Z"))
        );
        assert_eq!(body["id"], json!(delivery()));
    }
}

#[tokio::test]
async fn a_form_carries_the_same_json_in_one_field() {
    let server = Server::saying(Reply::text(200, "")).await;
    let settings = WebhookSettings { content_type: ContentType::Form, ..WebhookSettings::to(&server.url) };
    let settings: IntegrationSettings = settings.into();
    let payload = || serde_json::from_str::<Value>(&server.one().form()["payload"]).unwrap();
    deliver(&settings, &error_with("A & B", "100 % lost + more")).await.result.unwrap();
    assert_eq!(payload()["incident_message"], "100 % lost + more");
    deliver_after(&settings, &test(), Some("17")).await.result.unwrap();
    assert_eq!(payload()["incident_status"], "ongoing");
    deliver(&settings, &event_with(json!({ "incidentId": incident_id() }))).await.result.unwrap();
    assert_eq!(payload()["data"], json!({ "incidentId": incident_id() }));
}

#[tokio::test]
async fn the_values_of_secret_headers_are_sent_and_never_logged() {
    let server = Server::saying(Reply::text(500, "you said s3cret-word")).await;
    let header = |name: &str, value: &str| Header { name: name.to_owned(), value: value.into() };
    let headers = vec![header("X-Api-Key", "s3cret-word"), header("X-Team", "ops")];
    let settings = WebhookSettings { headers, ..WebhookSettings::to(&server.url) };
    let told = deliver(&settings.into(), &error()).await;
    told.hides(&["s3cret-word"]);
    assert!(told.request.contains("X-Team: ops"), "{told:#?}");
    let heard = server.one();
    assert_eq!((heard.header("x-api-key"), heard.header("x-team")), ("s3cret-word", "ops"));
}

#[tokio::test]
async fn a_receiver_that_repeats_parts_of_the_address_puts_none_into_the_log() {
    let server = Server::start(|heard| {
        let credentials = heard.header("authorization").to_owned();
        Reply::text(400, &format!("400 for {} by {credentials}: query w1=CANARYw1", heard.path))
    })
    .await;
    let to = |user: &str, rest: &str| server.url.replace("://", &format!("://{user}")) + rest;
    let url = to("u:CANARYw3@", "/echo/CANARY-in-the-path?st=400&token=CANARYw1&x=b%20CANARYw2");
    let told = deliver(&WebhookSettings::to(&url).into(), &error()).await;
    told.hides(&["CANARY", "dTpDQU5BUll3Mw=="]);
    assert!(told.permanent().starts_with("HTTP 400: 400 for ********"), "{told:#?}");
    // What a message fills in is not taken for a secret.
    let url = to("", "/{{payload.resource_name}}?token=CANARYw1&name={{payload.resource_name}}");
    let told = deliver(&WebhookSettings::to(&url).into(), &error_with("Checkout page", "down")).await;
    told.hides(&["CANARY"]);
    assert!(told.request.contains("Checkout page"), "{told:#?}");
}

#[tokio::test]
async fn only_a_message_can_try_a_webhook() {
    assert!(probe(&WebhookSettings::to("http://127.0.0.1:9/").into()).await.is_none());
}

#[tokio::test]
async fn what_was_refused_says_why_and_what_may_pass_says_when() {
    let server = Server::start(|heard| match heard.path.as_str() {
        "/busy" => Reply::text(429, "slow down").header("retry-after", "30"),
        _ => Reply::text(403, "not you"),
    })
    .await;
    let to = |path: &str| WebhookSettings::to(&format!("{}{path}", server.url)).into();
    let told = deliver(&to("/busy"), &error()).await;
    assert_eq!(told.retry(), (Some(std::time::Duration::from_secs(30)), "HTTP 429: slow down"));
    let told = deliver(&to("/other"), &error()).await;
    assert_eq!(told.permanent(), "HTTP 403: not you: check the credentials.");
}

#[tokio::test]
async fn templates_are_filled_in_the_address_the_headers_and_the_body() {
    let server = Server::saying(Reply::text(200, "")).await;
    let header = |name: &str, value: &str| Header { name: name.to_owned(), value: value.into() };
    let settings = WebhookSettings {
        headers: vec![
            header("X-Title", "{{payload.title}} of {{subscriptionName}}"),
            header("X-Api-Key", "k3y-{{eventId}}"),
            header("Content-Type", "text/plain"),
        ],
        template: Some(
            "{{deliveryId}}|{{eventId}}|{{eventType}}|{{timestamp}}|{{subscriptionId}}|{{subscriptionName}}|{{payload.gone}}|{{payload}}"
                .to_owned(),
        ),
        ..WebhookSettings::to(&format!("{}/T0KEN/{{{{eventId}}}}/{{{{payload.title}}}}?s={{{{subscriptionName}}}}", server.url))
    };
    let settings: IntegrationSettings = settings.into();
    settings.validate().unwrap();
    let payload = json!({ "title": "A/b ü\r\nX-Evil: y" });
    let told = deliver(&settings, &event_with(payload.clone())).await;
    told.hides(&["T0KEN", "k3y"]).result.as_ref().unwrap();
    let heard = server.one();
    assert_eq!(
        heard.path,
        "/T0KEN/incident.incident.created/A%2Fb%20%C3%BC%0D%0AX-Evil%3A%20y?s=All%20incidents"
    );
    assert_eq!(heard.header("x-title"), "A/b ü  X-Evil: y of All incidents");
    assert_eq!(heard.header("x-api-key"), "k3y-incident.incident.created");
    let id = delivery();
    let event = "incident.incident.created";
    assert_eq!(
        heard.body,
        format!("{id}|{event}|{event}|2026-03-02T00:00:00.000Z|sub1|All incidents||{payload}")
    );
    // What would lead elsewhere does not leave.
    let told = deliver(&settings, &event_with(json!({ "title": ".." }))).await;
    assert!(told.permanent().contains("would lead elsewhere"), "{told:#?}");
    assert!(server.heard().is_empty());
    // Of an alert there is no subscription.
    deliver(&settings, &error()).await.result.unwrap();
    let heard = server.one();
    assert_eq!(heard.path, "/T0KEN/alert.error/?s=");
    assert!(heard.body.starts_with(&format!("{id}|alert.error|alert.error|")), "{}", heard.body);
}

#[tokio::test]
async fn a_template_does_not_choose_where_a_message_goes() {
    for url in ["https://{{eventId}}/a", "https://{{eventId}}@example.org/"] {
        let settings: IntegrationSettings = WebhookSettings::to(url).into();
        assert!(settings.validate().is_err(), "{url}");
        let told = deliver(&settings, &error()).await;
        assert!(told.permanent().contains("would lead elsewhere"), "{told:#?}");
    }
}

#[tokio::test]
async fn what_a_message_tells_never_breaks_a_body_of_json() {
    let server = Server::saying(Reply::text(200, "")).await;
    let template = r#"{"text": "{{payload.monitor.name}}: {{payload.incident.reason}}", "all": {{payload.monitor}}, "errors": {{payload.errors}}}"#;
    let with = |template: &str| {
        let settings =
            WebhookSettings { template: Some(template.to_owned()), ..WebhookSettings::to(&server.url) };
        IntegrationSettings::from(settings)
    };
    let settings = with(template);
    settings.validate().unwrap();
    let (name, reason) = ("Shop \"EU\" \\ {{payload}}", "first\r\nsecond\tline \u{1} ü🔴");
    let message = error_with(name, reason);
    deliver(&settings, &message).await.result.unwrap();
    let body = server.one().json();
    assert_eq!(body["text"], format!("{name}: {reason}"));
    assert_eq!((&body["all"]["name"], &body["errors"]), (&json!(name), &json!(5)));
    // Saving says what is wrong with a template, and so does whoever tries one that was saved before.
    let broken = with(r#"{"text": {{payload.monitor.name}}}"#);
    let errors = broken.validate().unwrap_err();
    assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), ["template"]);
    let told = deliver(&broken, &test()).await;
    assert!(told.permanent().starts_with("Body template: Filled in, this is no JSON ("), "{told:#?}");
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn who_does_not_answer_is_told_apart_with_what_to_do() {
    let greeting = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ssh = greeting.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = greeting.accept().await {
            // Not before it was asked, which the client would take for the answer to nothing.
            let _ = socket.read(&mut [0; 4_096]).await;
            let _ = socket.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await;
        }
    });
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = closed.local_addr().unwrap();
    drop(closed);
    let check = "Check the address: its port, and whether it begins with http or https.";
    for (url, said) in [
        (
            format!("https://{ssh}"),
            format!("The TLS handshake failed: the server does not speak TLS on this port. {check}"),
        ),
        (
            format!("http://{ssh}"),
            format!("The answer was not understood: invalid HTTP version parsed. {check}"),
        ),
        (
            format!("http://{nobody}"),
            format!("{nobody} refused the connection: nothing listens there. Check the address."),
        ),
    ] {
        let told = deliver(&WebhookSettings::to(&format!("{url}/hook/T0KEN")).into(), &error()).await;
        assert_eq!(told.retry(), (None, said.as_str()), "{url}");
        told.hides(&["T0KEN"]);
    }
    let told = deliver(&WebhookSettings::to("http://nowhere.invalid/T0KEN").into(), &error()).await;
    let reason = told.hides(&["T0KEN"]).retry().1;
    assert!(reason.starts_with("The name nowhere.invalid could not be resolved: "), "{reason}");
    assert!(reason.ends_with(". Check the address."), "{reason}");
}

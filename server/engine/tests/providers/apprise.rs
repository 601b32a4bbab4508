//! apprise: a stand-in for a server of the Apprise API, stateless and with stored configurations.

use domain::integration::{AppriseSettings, IntegrationSettings};
use serde_json::json;

use crate::support::{
    CONSOLE, Reply, Server, acknowledged, deliver, error, error_with, event, group, group_over,
    holds_to_the_table_of_statuses, incident_id, ok, probe, reminder,
};

/// A server behind a proxy that asks for a password, with a configuration `k3y` in which one service has the tag `broken`.
async fn apprise() -> Server {
    Server::start(|heard| {
        // ops:pass
        if heard.header("authorization") != "Basic b3BzOnBhc3M=" {
            return Reply::text(401, "");
        }
        if heard.method == "GET" {
            return match heard.path.as_str() {
                "/json/urls/k3y?privacy=1" => {
                    Reply::json(200, &json!({ "tags": ["oncall"], "urls": [{ "url": "slack://****" }] }))
                }
                _ => Reply::text(204, ""),
            };
        }
        let body = heard.json();
        let kind = matches!(body["type"].as_str(), Some("info" | "success" | "warning" | "failure"));
        let format = matches!(body["format"].as_str(), Some("text" | "markdown" | "html"));
        if !kind || !format || body["body"].as_str().is_none_or(str::is_empty) {
            return Reply::json(400, &json!({ "error": "Payload lacks minimum requirements." }));
        }
        match (heard.path.as_str(), body["tag"].as_str(), body["urls"].as_array()) {
            ("/notify/k3y", Some("broken"), _) => {
                Reply::json(424, &json!({ "error": "One or more notification could not be sent." }))
            }
            ("/notify/k3y", None | Some("oncall"), None) => Reply::text(200, "sent"),
            ("/notify", None, Some(urls))
                if urls.iter().any(|url| url.as_str().unwrap().starts_with("mailto:")) =>
            {
                Reply::text(200, "sent")
            }
            _ => Reply::text(204, ""),
        }
    })
    .await
}

fn signed(settings: AppriseSettings) -> AppriseSettings {
    AppriseSettings { username: Some("ops".to_owned()), password: Some("pass".into()), ..settings }
}

fn by_key(server: &Server, key: &str) -> IntegrationSettings {
    signed(AppriseSettings::by_key(&server.url, key)).into()
}

#[tokio::test]
async fn statuses_mean_what_they_mean_everywhere() {
    // 204 says that nobody was told, see below.
    let by_key = |url: &str| AppriseSettings::by_key(url, "k3y").into();
    holds_to_the_table_of_statuses(by_key, &Reply::text(200, "sent"), &[204]).await;
    let by_urls = |url: &str| AppriseSettings::by_urls(url, "mailto://a:b@example.org").into();
    holds_to_the_table_of_statuses(by_urls, &Reply::text(200, "sent"), &[204]).await;
}

#[tokio::test]
async fn a_message_goes_to_a_stored_configuration_with_its_type() {
    let server = apprise().await;
    let settings =
        AppriseSettings { tag: Some("oncall".to_owned()), ..AppriseSettings::by_key(&server.url, "k3y") };
    let settings: IntegrationSettings = signed(settings).into();
    settings.validate().unwrap();
    deliver(&settings, &error()).await.hides(&["k3y", "b3BzOnBhc3M="]).result.as_ref().unwrap();
    let heard = server.one();
    assert_eq!((heard.method.as_str(), heard.path.as_str()), ("POST", "/notify/k3y"));
    let link = format!("{CONSOLE}/console/incidents/{}", incident_id());
    assert_eq!(
        heard.json(),
        json!({
            "title": "Shop <EU> & more is down",
            "body": format!("Down since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.\nhttps://shop.example.com/?a=1&b=2\n{link}"),
            "type": "failure",
            "format": "text",
            "tag": "oncall",
        })
    );
    for (message, kind, title) in [
        (reminder(), "warning", "Shop <EU> & more is still down"),
        (ok(), "success", "Shop <EU> & more is up again"),
        (acknowledged(), "info", "Shop <EU> & more is down, and Ada takes care of it"),
        (group(3), "failure", "3 more monitors are down"),
        (group_over(3), "success", "3 more monitors are up again"),
        (event(), "failure", "Incident created: Checkout <fails>"),
        (error_with("name", &"ä".repeat(100_000)), "failure", "name is down"),
    ] {
        deliver(&settings, &message).await.result.unwrap();
        let body = server.one().json();
        assert_eq!((&body["type"], &body["title"]), (&json!(kind), &json!(title)));
    }
}

#[tokio::test]
async fn without_a_key_the_urls_come_with_each_message() {
    let server = apprise().await;
    let settings =
        AppriseSettings::by_urls(&server.url, "mailto://me:S3CRET@example.org\n\n json://example.org/T0KEN ");
    let told = deliver(&signed(settings).into(), &event()).await;
    told.hides(&["S3CRET", "T0KEN"]).result.as_ref().unwrap();
    let heard = server.one();
    assert_eq!(heard.path, "/notify");
    let body = heard.json();
    assert_eq!(body["urls"], json!(["mailto://me:S3CRET@example.org", "json://example.org/T0KEN"]));
    let begin = "{\n  \"incidentId\": \"inc1\",\n  \"title\": \"Checkout <fails>\"\n}";
    assert!(body["body"].as_str().unwrap().starts_with(begin), "{body}");
}

#[tokio::test]
async fn a_success_that_told_nobody_is_none() {
    let server = apprise().await;
    let unknown = deliver(&by_key(&server, "other"), &error()).await;
    assert!(unknown.permanent().contains("nothing stored under this key"), "{}", unknown.permanent());
    let strange = signed(AppriseSettings::by_urls(&server.url, "strange://x")).into();
    assert!(deliver(&strange, &error()).await.permanent().contains("none of the URLs"));
    let broken =
        AppriseSettings { tag: Some("broken".to_owned()), ..AppriseSettings::by_key(&server.url, "k3y") };
    let told = deliver(&signed(broken).into(), &error()).await;
    assert!(told.retry().1.contains("One of the services behind Apprise"), "{told:?}");
    let nobody = deliver(&AppriseSettings::by_key(&server.url, "k3y").into(), &error()).await;
    assert!(nobody.permanent().contains("check the credentials"), "{}", nobody.permanent());
}

#[tokio::test]
async fn a_configuration_can_be_looked_at_without_a_message() {
    let server = apprise().await;
    let said = probe(&by_key(&server, "k3y")).await.unwrap();
    assert_eq!(said.unwrap(), "The configuration has 1 URLs.");
    assert!(probe(&by_key(&server, "other")).await.unwrap().is_err());
    assert!(probe(&AppriseSettings::by_urls(&server.url, "mailto://a").into()).await.is_none());
}

use super::*;
use crate::integration::{IntegrationSettings, ProviderKind};

fn webhook(settings: IntegrationSettings) -> WebhookSettings {
    let IntegrationSettings::Webhook(settings) = settings else { panic!("another kind") };
    *settings
}

#[test]
fn headers_that_were_stored_as_lines_are_still_read() {
    let old = json!({ "url": "https://a.example", "method": "POST", "content_type": "application/json",
        "body": "incident", "auth": "none", "timeout_ms": 10_000, "headers": ["X-Api-Key: a:b ", "X-Team:ops"] });
    let read = webhook(IntegrationSettings::load(ProviderKind::Webhook, 1, old).unwrap());
    let pairs: Vec<_> =
        read.headers.iter().map(|header| (header.name.as_str(), header.value.expose())).collect();
    assert_eq!(pairs, [("X-Api-Key", "a:b"), ("X-Team", "ops")]);
    let now = IntegrationSettings::from(read.clone());
    let again = IntegrationSettings::load(ProviderKind::Webhook, 2, now.data().unwrap()).unwrap();
    assert_eq!(webhook(again), read);
}

#[test]
fn the_values_of_secret_headers_are_sealed_shown_masked_and_kept() {
    let form = |headers: &str| {
        let mut form = WebhookSettings::to("https://a.example").to_form();
        form.insert("url".to_owned(), "https://a.example".to_owned());
        form.insert("headers".to_owned(), headers.to_owned());
        form
    };
    let first = form("Authorization: Bearer s3cret\nX-Team: ops");
    let mut settings = WebhookSettings::from_form(&first, None).unwrap();
    assert_eq!(settings.to_form()["headers"], "Authorization: ********\nX-Team: ops");
    assert!(!format!("{settings:?}").contains("s3cret"));
    let sealed: Vec<_> =
        settings.secrets_mut().into_iter().map(|secret| secret.expose().to_owned()).collect();
    assert_eq!(sealed, ["https://a.example", "Bearer s3cret"]);
    let shown = form(&settings.to_form()["headers"]);
    assert_eq!(WebhookSettings::from_form(&shown, Some(&settings)), Ok(settings));
}

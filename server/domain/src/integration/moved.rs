//! A stored secret goes only where it was meant to go: whoever may edit an integration, or try one, need not know its secrets, and could
//! otherwise have them sent to an address of their own.

use crate::form::{FieldError, Form, keeps_secret};

use super::ProviderSettings;

/// What is said of a secret that would follow a changed address.
pub(crate) const ONCE_MORE: &str = "Enter the secret once more: the address changed.";

/// Refuses settings in which a secret that was not sent would go to another scheme, host or port than before.
pub(super) fn refuse<T: ProviderSettings>(
    form: &Form,
    settings: T,
    old: Option<&T>,
) -> Result<T, Vec<FieldError>> {
    let Some(old) = old else { return Ok(settings) };
    let mut errors = settings.misdirected(form, old);
    if errors.is_empty() {
        return Ok(settings);
    }
    errors.dedup();
    Err(errors)
}

/// The secrets of a form with fields that were not sent, were stored before, and have another destination now.
pub(super) fn misdirected<T: ProviderSettings>(settings: &T, form: &Form, old: &T) -> Vec<FieldError> {
    let stored = old.to_form();
    let moved = |name: &str| match (old.destination(name), settings.destination(name)) {
        (Some(before), Some(now)) => origin(before) != origin(now),
        // The secret had no address before, so there is nowhere that it was meant to go.
        (None, Some(_)) => true,
        (_, None) => false,
    };
    let fields = T::FIELDS.iter().map(|field| field.name);
    fields
        .filter(|name| keeps_secret(form, &stored, name) && moved(name))
        .map(|name| FieldError::new(name, ONCE_MORE))
        .collect()
}

/// Scheme, host and port of a URL.
pub(crate) fn origin(url: &str) -> Option<String> {
    url::Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;

    const TOKEN: &str = "123456789:AAFfD3KbXVLzC4Wc0YkP1sQmN8tJrE5uHoI";

    /// Settings with a stored secret, the field of their address, the same address otherwise written, and the fields of secrets.
    fn table() -> Vec<(IntegrationSettings, &'static str, &'static str, Vec<&'static str>)> {
        let webhook = WebhookSettings {
            auth: webhook::WebhookAuth::Bearer,
            bearer_token: Some("T0KEN".into()),
            basic_password: Some("PA55".into()),
            ..WebhookSettings::to("https://example.org/hook")
        };
        let jira = JiraSettings::in_project("https://example.org", "a@example.org", "T0KEN", "OPS");
        let pagerduty = PagerDutySettings {
            base_url: Some("https://example.org".to_owned()),
            ..PagerDutySettings::with_key(&"a".repeat(32))
        };
        let opsgenie = OpsgenieSettings {
            base_url: Some("https://example.org".to_owned()),
            ..OpsgenieSettings::with_key("eb243592-faa2")
        };
        let slack = SlackSettings {
            api_url: "https://example.org/api".to_owned(),
            ..SlackSettings::by_bot("xoxb-1", "C1")
        };
        let telegram = TelegramSettings {
            api_url: "https://example.org".to_owned(),
            ..TelegramSettings::to(TOKEN, "42")
        };
        let ntfy =
            NtfySettings { token: Some("tk_1".into()), ..NtfySettings::to("https://example.org", "shop") };
        let apprise = AppriseSettings::by_key("https://example.org", "key");
        vec![
            (webhook.into(), "url", "https://EXAMPLE.org:443/other", vec!["bearer_token", "basic_password"]),
            (jira.into(), "base_url", "https://example.org:443/", vec!["api_token"]),
            (pagerduty.into(), "base_url", "https://example.org:443", vec!["routing_key"]),
            (opsgenie.into(), "base_url", "https://example.org:443", vec!["api_key"]),
            (slack.into(), "api_url", "https://example.org/api/v2", vec!["bot_token"]),
            (telegram.into(), "api_url", "https://example.org/bots", vec!["bot_token"]),
            (ntfy.into(), "server", "https://example.org:443", vec!["topic", "token"]),
            (apprise.into(), "server", "https://example.org:443", vec!["key"]),
        ]
    }

    #[test]
    fn a_stored_secret_stays_where_it_was_meant_to_go() {
        for (old, address, same, secrets) in table() {
            let kind = old.kind();
            let with = |value: &str| {
                let mut form = old.to_form();
                form.insert(address.to_owned(), value.to_owned());
                form
            };
            let unchanged = IntegrationSettings::from_form(kind, &old.to_form(), Some(&old));
            assert_eq!(unchanged, Ok(old.clone()), "{kind}");
            assert!(IntegrationSettings::from_form(kind, &with(same), Some(&old)).is_ok(), "{kind}");
            for elsewhere in
                ["https://example.com/hook", "https://example.org:8443/hook", "http://example.org/hook"]
            {
                let errors = IntegrationSettings::from_form(kind, &with(elsewhere), Some(&old)).unwrap_err();
                let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
                assert_eq!(fields, secrets, "{kind} {elsewhere}");
                assert!(errors.iter().all(|error| error.message == ONCE_MORE), "{kind}: {errors:?}");
            }
            // Without what was stored, and so without anything to lose, it is only not filled in.
            let errors = IntegrationSettings::from_form(kind, &with("https://example.com"), None);
            assert!(
                errors.is_err_and(|errors| errors.iter().all(|error| error.message != ONCE_MORE)),
                "{kind}"
            );
        }
    }

    #[test]
    fn a_secret_that_is_entered_once_more_or_removed_goes_with_the_address() {
        for (old, address, _, secrets) in table() {
            let mut form = old.to_form();
            form.insert(address.to_owned(), "https://example.com/hook".to_owned());
            let stored =
                old.clone().secrets_mut().iter().map(|secret| secret.expose().to_owned()).collect::<Vec<_>>();
            for name in &secrets {
                // Each fits its own field; the address of a webhook is the first of its secrets.
                let value = match *name {
                    "bearer_token" | "basic_password" => "new".to_owned(),
                    "token" => "tk_2".to_owned(),
                    _ => stored[0].clone(),
                };
                form.insert((*name).to_owned(), value);
            }
            let moved = IntegrationSettings::from_form(old.kind(), &form, Some(&old));
            assert!(moved.is_ok(), "{}: {moved:?}", old.kind());
        }
        let old = WebhookSettings {
            basic_password: Some("PA55".into()),
            ..WebhookSettings::to("https://example.org")
        };
        let mut form = old.to_form();
        form.insert("url".to_owned(), "https://example.com".to_owned());
        form.insert("basic_password.clear".to_owned(), "true".to_owned());
        let moved = IntegrationSettings::from_form(ProviderKind::Webhook, &form, Some(&old.into()));
        assert_eq!(moved, Ok(WebhookSettings::to("https://example.com").into()));
    }

    #[test]
    fn the_secret_of_a_header_does_not_follow_a_changed_address() {
        use crate::check::request::Header;

        let header = |name: &str, value: &str| Header { name: name.to_owned(), value: value.into() };
        let headers = vec![header("X-Api-Key", "s3cret"), header("X-Team", "ops")];
        let old = IntegrationSettings::from(WebhookSettings {
            headers,
            ..WebhookSettings::to("https://a.example/1")
        });
        let read = |url: &str, headers: &str| {
            let mut form = old.to_form();
            form.extend(
                [("url", url), ("headers", headers)].map(|(name, text)| (name.to_owned(), text.to_owned())),
            );
            IntegrationSettings::from_form(ProviderKind::Webhook, &form, Some(&old))
        };
        let shown = old.to_form()["headers"].clone();
        assert!(read("https://a.example/2", &shown).is_ok(), "the same host");
        assert_eq!(read("https://b.example/1", &shown), Err(vec![FieldError::new("headers", ONCE_MORE)]));
        assert!(read("https://b.example/1", "X-Api-Key: other\nX-Team: ops").is_ok());
    }
}

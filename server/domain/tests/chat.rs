//! The forms of the providers for chats and push messages: what they take, what they refuse, and what they never show.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::form::Form;
use domain::integration::{IntegrationSettings, ProviderKind, SlackSettings};

/// What a form sends.
type Pairs<'a> = &'a [(&'a str, &'a str)];

fn form(pairs: Pairs<'_>) -> Form {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn read(kind: ProviderKind, pairs: Pairs<'_>) -> IntegrationSettings {
    IntegrationSettings::from_form(kind, &form(pairs), None).unwrap()
}

/// The fields that are wrong, and what would be right.
fn refused(kind: ProviderKind, pairs: Pairs<'_>) -> Vec<(String, String)> {
    let errors = IntegrationSettings::from_form(kind, &form(pairs), None).unwrap_err();
    errors.into_iter().map(|error| (error.field, error.message)).collect()
}

fn fields(kind: ProviderKind, pairs: Pairs<'_>) -> Vec<String> {
    refused(kind, pairs).into_iter().map(|(field, _)| field).collect()
}

/// A whole form of each provider; whatever is secret in it has `S3CRET` inside.
const WHOLE: &[(ProviderKind, Pairs<'static>, &str)] = &[
    (
        ProviderKind::Slack,
        &[("webhook_url", "https://hooks.slack.com/services/T1/B1/S3CRET")],
        "hooks.slack.com",
    ),
    (ProviderKind::Slack, &[("bot_token", "xoxb-S3CRET"), ("channel_id", "C0123456789")], "C0123456789"),
    (
        ProviderKind::Discord,
        &[
            ("url", " https://discord.com/api/webhooks/17/S3CRET "),
            ("username", "Pharos"),
            ("thread_id", "18"),
            ("mention", "<@&19>"),
        ],
        "discord.com 17",
    ),
    (
        ProviderKind::Teams,
        &[("url", "https://prod-00.westeurope.logic.azure.com:443/workflows/1?sig=S3CRET")],
        "prod-00.westeurope.logic.azure.com",
    ),
    (
        ProviderKind::Telegram,
        &[
            ("bot_token", "123456:AA-S3CRET"),
            ("chat_id", "-1001234567890"),
            ("message_thread_id", "42"),
            ("silent", "true"),
            ("api_url", "http://bots.internal:8081/"),
        ],
        "Telegram -1001234567890",
    ),
    (ProviderKind::Ntfy, &[("topic", "pharos-S3CRET"), ("token", "tk_S3CRET"), ("priority", "5")], "ntfy.sh"),
    (
        ProviderKind::Ntfy,
        &[
            ("server", "https://push.example.org:8443/"),
            ("topic", "S3CRET"),
            ("username", "ops"),
            ("password", "S3CRET"),
        ],
        "push.example.org:8443",
    ),
    (ProviderKind::Telex, &[("url", "https://ping.telex.im/v1/webhooks/S3CRET")], "ping.telex.im"),
    (
        ProviderKind::Apprise,
        &[("server", "http://apprise:8000/"), ("key", "S3CRET"), ("tag", "oncall")],
        "http://apprise:8000/ oncall",
    ),
    (
        ProviderKind::Apprise,
        &[("server", "http://apprise:8000"), ("urls", "mailto://me:S3CRET@example.org")],
        "http://apprise:8000/",
    ),
];

#[test]
fn a_form_comes_back_as_it_was_sent_but_for_secrets() {
    for (kind, pairs, target) in WHOLE {
        let settings = read(*kind, pairs);
        assert_eq!(settings.target(), *target);
        let shown = settings.to_form();
        assert!(shown.values().all(|value| !value.contains("S3CRET")), "{kind}: {shown:?}");
        for (name, value) in *pairs {
            let shown = &shown[*name];
            let same = shown == value || shown == value.trim_end_matches('/');
            assert!(same || value.contains("S3CRET"), "{kind}: {name} came back as {shown}");
        }
        // What a page shows and sends back changes nothing.
        let again = IntegrationSettings::from_form(*kind, &shown, Some(&settings)).unwrap();
        assert_eq!(again, settings, "{kind}");
    }
}

#[test]
fn settings_read_back_from_what_was_stored_and_show_no_secret() {
    for (kind, pairs, _) in WHOLE {
        let settings = read(*kind, pairs);
        let stored = settings.data().unwrap();
        assert_eq!(IntegrationSettings::load(*kind, kind.version(), stored).unwrap(), settings);
        let redacted = settings.redacted().data().unwrap().to_string();
        assert!(!redacted.contains("S3CRET"), "{kind}: {redacted}");
        assert!(!format!("{settings:?}").contains("S3CRET"), "{kind}");
    }
}

#[test]
fn an_empty_form_says_which_fields_are_missing() {
    for (kind, missing) in [
        (ProviderKind::Slack, vec!["webhook_url"]),
        (ProviderKind::Discord, vec!["url"]),
        (ProviderKind::Teams, vec!["url"]),
        (ProviderKind::Telegram, vec!["chat_id", "bot_token"]),
        (ProviderKind::Ntfy, vec!["topic"]),
        (ProviderKind::Telex, vec!["url"]),
        (ProviderKind::Apprise, vec!["server", "key"]),
    ] {
        assert_eq!(fields(kind, &[]), missing, "{kind}");
    }
}

#[test]
fn what_is_wrong_is_named_with_what_would_be_right() {
    use ProviderKind::{Apprise, Discord, Ntfy, Slack, Teams, Telegram, Telex};
    let bot = ("bot_token", "xoxb-1");
    let hook = ("url", "https://discord.com/api/webhooks/1/a");
    let (token, chat) = (("bot_token", "1:a"), ("chat_id", "1"));
    let cases: &[(ProviderKind, Pairs<'_>, &str, &str)] = &[
        (Slack, &[("webhook_url", "S3CRET")], "webhook_url", "https://hooks.slack.com/services/"),
        (Slack, &[bot], "channel_id", "such as C0123456789"),
        (Slack, &[("channel_id", "C1")], "bot_token", "needs a bot token"),
        (Slack, &[("bot_token", "xoxp-1"), ("channel_id", "C1")], "bot_token", "begin with xoxb-"),
        (Slack, &[bot, ("channel_id", "the ops channel")], "channel_id", "write its id"),
        (Slack, &[bot, ("channel_id", "C1"), ("api_url", "")], "api_url", "https://slack.com/api"),
        (Discord, &[("url", "S3CRET")], "url", "https://discord.com/api/webhooks/"),
        (Discord, &[hook, ("mention", "everybody")], "mention", "@here"),
        (Discord, &[hook, ("username", "My Discord")], "username", "“discord”"),
        (Discord, &[hook, ("thread_id", "general")], "thread_id", "numbers"),
        (Teams, &[("url", "S3CRET")], "url", "logic.azure.com"),
        (Telegram, &[("bot_token", "S3CRET"), chat], "bot_token", "@BotFather"),
        (Telegram, &[("bot_token", "1:a/../b"), chat], "bot_token", "@BotFather"),
        (Telegram, &[token, ("chat_id", "ops")], "chat_id", "@name"),
        (Telegram, &[token, chat, ("message_thread_id", "ops")], "message_thread_id", "such as 42"),
        (Ntfy, &[("topic", "a/b")], "topic", "letters, digits"),
        (Ntfy, &[("topic", "a"), ("username", "ops")], "password", "both"),
        (Ntfy, &[("topic", "a"), ("server", "ntfy.sh")], "server", "is no web address"),
        (Telex, &[("url", "S3CRET")], "url", "https://ping.telex.im/"),
        (Apprise, &[("server", "http://a"), ("key", "a/b")], "key", "letters, digits"),
        (Apprise, &[("server", "http://a"), ("key", "a"), ("urls", "json://a")], "urls", "remove one"),
        (Apprise, &[("server", "http://a"), ("urls", "S3CRET")], "urls", "mailto://"),
        (Apprise, &[("server", "http://a"), ("urls", "json://a"), ("tag", "b")], "tag", "enter its key"),
    ];
    for (kind, pairs, field, words) in cases {
        let errors = refused(*kind, pairs);
        let found = errors.iter().find(|(name, _)| name == field);
        assert!(found.is_some_and(|(_, message)| message.contains(words)), "{kind} {pairs:?}: {errors:?}");
        assert!(errors.iter().all(|(_, message)| !message.contains("S3CRET")), "{kind}: {errors:?}");
    }
}

#[test]
fn what_slack_told_when_it_was_connected_survives_a_form() {
    let connected = SlackSettings {
        webhook_url: Some("https://hooks.slack.com/services/T1/B1/S3CRET".into()),
        user_token: Some("xoxp-S3CRET".into()),
        bot_user_id: Some("U1".to_owned()),
        team_id: Some("T1".to_owned()),
        team_name: Some("Ops".to_owned()),
        channel_name: Some("#alerts".to_owned()),
        ..SlackSettings::by_bot("xoxb-S3CRET", "C1")
    };
    let settings = IntegrationSettings::from(connected);
    assert_eq!(settings.target(), "Ops #alerts");
    assert!(!settings.redacted().data().unwrap().to_string().contains("S3CRET"));
    let again = IntegrationSettings::from_form(ProviderKind::Slack, &settings.to_form(), Some(&settings));
    assert_eq!(again.unwrap(), settings);
    let mut moved = settings.to_form();
    moved.insert("channel_id".to_owned(), "C2".to_owned());
    let moved = IntegrationSettings::from_form(ProviderKind::Slack, &moved, Some(&settings)).unwrap();
    assert_eq!(moved.target(), "Ops C2");
}

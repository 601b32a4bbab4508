//! What holds for every kind.

use proptest::{collection::vec, option, prelude::*};

use super::{
    dns::{MatchMode, RecordType},
    http::HttpMethod,
    request::{Auth, Header},
    target::IpVersion,
    tls::{MinimumTls, OnFewDays},
    *,
};
use crate::form::{Choice, FieldKind};
use crate::integration::ProviderKind;

fn any_choice<T: Choice + std::fmt::Debug>() -> impl Strategy<Value = T> {
    proptest::sample::select(T::OPTIONS.iter().filter_map(|(value, _)| T::parse(value)).collect::<Vec<_>>())
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9]{0,8}(\\.[a-z]{2,5}){0,2}",
        Just("192.0.2.7".to_owned()),
        Just("2001:db8::7".to_owned())
    ]
}

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9äß]([ a-zA-Z0-9äß.:=\"-]{0,20}[a-zA-Z0-9äß])?"
}

fn auth() -> impl Strategy<Value = Auth> {
    prop_oneof![
        Just(Auth::None),
        ("[a-z]{1,8}", "[ -~]{0,12}")
            .prop_map(|(username, password)| Auth::Basic { username, password: password.into() }),
        "[a-zA-Z0-9._-]{1,20}".prop_map(|token| Auth::Bearer { token: token.into() }),
    ]
}

fn headers() -> impl Strategy<Value = Vec<Header>> {
    // One of each name: a masked value is found again by its name.
    (option::of(word()), option::of(word())).prop_map(|(accept, token)| {
        let header = |name: &str, value: String| Header { name: name.to_owned(), value: value.into() };
        let accept = accept.map(|value| header("Accept", value));
        accept.into_iter().chain(token.map(|value| header("X-Api-Token", value))).collect()
    })
}

fn http() -> impl Strategy<Value = CheckSettings> {
    let assertion =
        prop_oneof![(any_choice::<Operator>(), "[1-9][0-9]{0,4}").prop_map(|(operator, value)| Assertion {
            path: "$.a[?(@.b == 1)].c".to_owned(),
            operator,
            value: if operator.needs_value() { value } else { String::new() },
        })];
    let first = (host(), headers(), auth(), 0..=20_u8, option::of(word()), option::of(word()));
    let second = (
        vec(assertion, 0..3),
        any::<bool>(),
        option::of(client_certificate()),
        any_choice::<IpVersion>(),
        option::of(Just(Secret::from("http://me:pw@proxy.example:3128/"))),
        1..=16_384_u32,
        "[a-z\n {}\"]{0,20}",
    );
    (first, second).prop_map(|((host, headers, auth, max_redirects, keyword, regex), second)| {
        let (assertions, verify_tls, client_certificate, ip_version, proxy, body_limit_kb, body) = second;
        let host = super::target::host_port(&host, 8_443);
        HttpSettings {
            url: format!("https://{host}/a?b=c"),
            method: HttpMethod::Post,
            headers,
            body,
            auth,
            max_redirects,
            accepted_statuses: "200-204,301".parse().unwrap(),
            keyword: keyword.clone(),
            absent_keyword: keyword,
            regex,
            assertions,
            verify_tls,
            client_certificate,
            ip_version,
            proxy,
            body_limit_kb,
        }
        .into()
    })
}

/// A client certificate.
fn client_certificate() -> impl Strategy<Value = ClientCertificate> {
    ("[a-zA-Z]{1,20}").prop_map(|text| ClientCertificate {
        certificate: format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----"),
        key: format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n").into(),
    })
}

fn others() -> impl Strategy<Value = CheckSettings> {
    let port = 1..=u16::MAX;
    let version = any_choice::<IpVersion>;
    let tcp = (host(), port.clone(), any::<bool>(), any::<bool>(), option::of(word()), version()).prop_map(
        |(host, port, tls, verify_tls, text, ip_version)| {
            let (send, expect) = (text.clone(), text);
            TcpSettings { host, port, tls, verify_tls, send, expect, ip_version }.into()
        },
    );
    let ping = (host(), 1..=10_u8, version())
        .prop_map(|(host, count, ip_version)| PingSettings { host, count, ip_version }.into());
    let dns = (any_choice::<RecordType>(), vec(word(), 0..3), any_choice::<MatchMode>(), any::<bool>())
        .prop_map(|(record_type, words, match_mode, chosen)| {
            let expected = match record_type {
                RecordType::A => vec!["192.0.2.1".to_owned()],
                RecordType::Aaaa => vec!["2001:db8::1".to_owned()],
                _ => words,
            };
            let resolver = chosen.then(|| "9.9.9.9:53".to_owned());
            DnsSettings { name: "_dmarc.example.org".to_owned(), record_type, expected, match_mode, resolver }
                .into()
        });
    let tls = (host(), port, option::of("[a-z]{1,9}\\.org"), 0..=398_u32, any::<bool>(), version()).prop_map(
        |(host, port, server_name, min_days, flag, ip_version)| {
            TlsSettings {
                host,
                port,
                server_name,
                min_days,
                on_few_days: if flag { OnFewDays::Down } else { OnFewDays::Degraded },
                check_chain: flag,
                minimum_tls: if flag { MinimumTls::Tls12 } else { MinimumTls::Tls13 },
                ip_version,
            }
            .into()
        },
    );
    let shown = option::of(client_certificate());
    let websocket = (headers(), auth(), option::of(word()), any::<bool>(), shown, version()).prop_map(
        |(headers, auth, text, verify_tls, client_certificate, ip_version)| {
            let (send, expect) = (text.clone(), text);
            let url = "wss://example.org/socket".to_owned();
            WebSocketSettings { url, headers, auth, send, expect, verify_tls, client_certificate, ip_version }
                .into()
        },
    );
    let push = prop_oneof![
        (5..=31_622_400_u32, 0..=31_622_400_u32)
            .prop_map(|(period_s, grace_s)| PushSettings::every(period_s, grace_s).into()),
        (0..60_u32).prop_map(|minute| {
            let schedule = PushSchedule::Cron {
                expression: format!("{minute} 2 * * 1"),
                time_zone: "Europe/Berlin".to_owned(),
            };
            PushSettings { schedule, grace_s: 60 }.into()
        }),
    ];
    prop_oneof![tcp, ping, dns, tls, websocket, push]
}

fn settings() -> impl Strategy<Value = CheckSettings> {
    prop_oneof![http(), others()]
}

proptest! {
    #[test]
    fn stored_settings_come_back_as_they_were(settings in settings()) {
        let json = serde_json::to_string(&settings).unwrap();
        prop_assert_eq!(serde_json::from_str::<CheckSettings>(&json).unwrap(), settings);
    }

    #[test]
    fn a_form_that_is_sent_unchanged_changes_nothing(settings in settings()) {
        prop_assert_eq!(settings.validate(), Ok(()));
        let again = CheckSettings::from_form_keeping(settings.kind(), &settings.to_form(), Some(&settings));
        prop_assert_eq!(again, Ok(settings));
    }

    #[test]
    fn no_form_target_or_print_shows_a_secret(settings in settings()) {
        let form: Vec<String> = settings.to_form().into_values().collect();
        let shown = format!("{form:?} {} {settings:?}", settings.target());
        let mut same = settings.clone();
        let counted: Vec<_> = same.secrets_mut().into_iter().map(|secret| secret.expose().to_owned()).collect();
        prop_assert_eq!(counted, settings.secrets().into_iter().map(|secret| secret.expose().to_owned()).collect::<Vec<_>>());
        let redacted = serde_json::to_string(&settings.redacted()).unwrap();
        for secret in settings.secrets().into_iter().map(Secret::expose).filter(|secret| secret.len() > 12) {
            prop_assert!(!shown.contains(secret), "{} shows {}", shown, secret);
            prop_assert!(!redacted.contains(secret), "{} holds {}", redacted, secret);
        }
    }

    #[test]
    fn no_form_makes_reading_panic(values in vec("\\PC{0,30}", 20), index in 0..CheckKind::ALL.len()) {
        let kind = CheckKind::ALL[index];
        let form = kind.fields().iter().map(|field| field.name.to_owned()).zip(values).collect();
        let _ = CheckSettings::from_form(kind, &form);
    }
}

#[test]
fn the_name_of_a_kind_is_the_same_in_text_json_and_settings() {
    for &kind in CheckKind::ALL {
        assert_eq!(kind.as_str().parse::<CheckKind>().unwrap(), kind);
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        assert!(!kind.label().is_empty() && !kind.description().is_empty() && !kind.icon().is_empty());
    }
    let settings = recognise("wss://example.org/").unwrap().settings;
    assert_eq!(serde_json::to_value(settings).unwrap()["kind"], "websocket");
    assert!("nonsense".parse::<CheckKind>().unwrap_err().message.contains("http, tcp, ping"));
}

#[test]
fn every_form_declares_each_field_once_and_every_default_is_one_of_the_options() {
    for &kind in CheckKind::ALL {
        let mut seen = std::collections::BTreeSet::new();
        for field in kind.fields() {
            assert!(seen.insert(field.name), "{kind} declares {} twice", field.name);
            match field.kind {
                FieldKind::Select(options) => {
                    assert!(
                        options.iter().any(|(value, _)| *value == field.default),
                        "{kind} {}",
                        field.name
                    );
                }
                FieldKind::Number { min, max, .. } if !field.default.is_empty() => {
                    assert!((min..=max).contains(&field.default.parse().unwrap()), "{kind} {}", field.name);
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_field_that_belongs_to_a_choice_names_one_that_is_offered_before_it() {
    let forms = CheckKind::ALL.iter().map(|kind| kind.fields());
    let forms = forms.chain(ProviderKind::ALL.iter().map(|kind| kind.fields()));
    let mut found = 0;
    for fields in forms {
        for (place, field) in fields.iter().enumerate() {
            let Some((select, value)) = field.when else { continue };
            let chosen = fields[..place].iter().find(|field| field.name == select);
            let Some(FieldKind::Select(options)) = chosen.map(|field| field.kind) else {
                panic!("{}: no select {select} before it", field.name)
            };
            assert!(options.iter().any(|(option, _)| *option == value), "{}: {select}={value}", field.name);
            found += 1;
        }
    }
    assert!(found > 8, "{found}");
}

#[test]
fn an_empty_secret_keeps_the_stored_one_of_the_same_kind_only() {
    let old: CheckSettings = HttpSettings {
        auth: Auth::Bearer { token: "stored-token".into() },
        headers: vec![Header { name: "X-Api-Key".to_owned(), value: "stored-key".into() }],
        ..HttpSettings::get("https://example.org/")
    }
    .into();
    let form = old.to_form();
    assert_eq!(form["token"], "");
    assert_eq!(form["token.stored"], "true");
    assert_eq!(form["headers"], "X-Api-Key: ********");
    assert_eq!(CheckSettings::from_form_keeping(CheckKind::Http, &form, Some(&old)).unwrap(), old);
    let errors = CheckSettings::from_form(CheckKind::Http, &form).unwrap_err();
    assert!(errors.iter().any(|error| error.field == "token"), "{errors:?}");
}

#[test]
fn credentials_pasted_into_a_url_become_authentication() {
    let form: Form = [("url".to_owned(), "https://me:p%40ss@example.org/".to_owned())].into();
    let CheckSettings::Http(settings) = CheckSettings::from_form(CheckKind::Http, &form).unwrap() else {
        panic!()
    };
    assert_eq!(settings.url, "https://example.org/");
    let Auth::Basic { username, password } = &settings.auth else { panic!("{:?}", settings.auth) };
    assert_eq!((username.as_str(), password.expose()), ("me", "p@ss"));
}

#[test]
fn everything_wrong_with_a_form_is_reported_at_once() {
    let form: Form = [
        ("url", "example.org"),
        ("accepted_statuses", "ok"),
        ("regex", "("),
        ("assertions", "status is ok"),
        ("headers", "nonsense"),
        ("proxy", "ftp://x"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let errors = CheckSettings::from_form(CheckKind::Http, &form).unwrap_err();
    let fields: std::collections::BTreeSet<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(
        fields.into_iter().collect::<Vec<_>>(),
        ["accepted_statuses", "assertions", "headers", "proxy", "regex", "url"]
    );
}

#[test]
fn a_text_record_is_expected_as_dig_prints_it_or_as_it_reads() {
    let answer = [r#"v=DKIM1; p="AAABBB\"#.to_owned()];
    for expected in
        [r#"v=DKIM1; p="AAABBB\"#, r#""v=DKIM1; p=\"AAA" "BBB\\""#, r#""v=DKIM1; p=\034AAABBB\092""#]
    {
        let settings = DnsSettings {
            expected: vec![expected.to_owned()],
            ..DnsSettings::new("example.org", RecordType::Txt)
        };
        assert!(settings.accepts(&answer), "{settings:?}");
    }
}

#[test]
fn a_dns_answer_is_compared_as_people_mean_it() {
    let mut settings = DnsSettings::new("example.org", RecordType::Mx);
    let answer = ["10 Mail.example.org.".to_owned(), "20 backup.example.org.".to_owned()];
    assert!(settings.accepts(&answer) && !settings.accepts(&[]));
    settings.expected = vec!["10 mail.example.org".to_owned()];
    assert!(settings.accepts(&answer));
    settings.match_mode = MatchMode::Exact;
    assert!(!settings.accepts(&answer));
    settings.expected = vec!["30 other.example.org".to_owned(), "20  backup.example.org".to_owned()];
    settings.match_mode = MatchMode::Any;
    assert!(settings.accepts(&answer));
    settings.match_mode = MatchMode::All;
    assert!(!settings.accepts(&answer));
}

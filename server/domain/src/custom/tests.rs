//! A custom integration from its settings to what is sent and what is read.

use std::collections::BTreeMap;

use super::*;
use crate::{
    check::request::Header,
    secret::{MASK, Secret},
    template::{AlertFacts, AlertKind, HashAlgorithm, Scope, UserFunction, UserFunctionKind, VARIABLES},
    time::Timestamp,
};

pub(super) fn stock() -> CustomSettings {
    let mut settings = CustomSettings::default();
    settings.variables[0].source = VariableSource::Fixed { value: "https://example.org/hook".into() };
    settings
}

pub(super) fn scope(settings: &CustomSettings, facts: &AlertFacts) -> Scope {
    settings.scope(facts, &BTreeMap::new(), Timestamp(1_519_511_400_000), || 7).unwrap()
}

pub(super) fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.into() }
}

pub(super) fn answer(body: &str) -> Response {
    Response { completed: true, status: 200, body: body.to_owned(), ..Response::default() }
}

fn errors(settings: &CustomSettings) -> Vec<String> {
    settings.validate().unwrap_err().into_iter().map(|error| error.field).collect()
}

#[test]
fn the_stock_definition_is_valid_and_sends_json_to_the_address() {
    let settings = stock();
    assert_eq!(settings.validate(), Ok(()));
    assert_eq!(settings.warnings(), []);
    for kind in [AlertKind::Error, AlertKind::Ok, AlertKind::Reminder] {
        let facts = AlertFacts::example(kind);
        let mut scope = scope(&settings, &facts);
        let step = &settings.definition_for(kind).unwrap().steps[0];
        let request = render_request(step, &mut scope).unwrap();
        assert_eq!((request.method, request.url.as_str()), (StepMethod::Post, "https://example.org/hook"));
        assert_eq!(request.headers, [("Content-Type".to_owned(), "application/json".to_owned())]);
        assert_eq!(request.remarks, []);
        let json: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(json["alert"]["type"], kind_name(kind));
        assert_eq!(json["monitor"]["notes"], facts.monitor_notes);
        assert_eq!(json["account"]["id"], "299840");
        assert_eq!(json["alert"].as_object().unwrap().len(), 19);
        assert_eq!((&json["source"], &json["version"]), (&"Uptrends".into(), &"1.0".into()));
    }
}

fn kind_name(kind: AlertKind) -> &'static str {
    kind.title()
}

#[test]
fn the_default_body_encodes_exactly_what_people_or_servers_wrote() {
    for variable in VARIABLES {
        let names = [Some(variable.name), variable.alias];
        for name in
            names.into_iter().flatten().filter(|name| DEFAULT_BODY.contains(&format!("{{{{@{name}}}}}")))
        {
            let encoded = DEFAULT_BODY.contains(&format!("{{{{@JsonEncode({{{{@{name}}}}})}}}}"));
            assert_eq!(encoded, variable.free_text, "{name}");
        }
    }
}

#[test]
fn the_address_is_all_that_the_default_settings_lack() {
    assert_eq!(errors(&CustomSettings::default()), ["variables.0.value"]);
}

#[test]
fn a_type_of_message_is_ticked_once_and_error_must_be() {
    let mut settings = stock();
    settings.definitions.push(settings.definitions[0].clone());
    settings.definitions[1].types = MessageTypes { ok: true, reminder: true, ..MessageTypes::default() };
    assert_eq!(errors(&settings), ["definitions.1.types.ok", "definitions.1.types.reminder"]);
    settings.definitions[0].types = MessageTypes::default();
    assert_eq!(errors(&settings), ["definitions"]);
    assert_eq!(settings.warnings()[0].field, "definitions.0.types");
    settings.definitions[0].types.error = true;
    assert_eq!(settings.validate(), Ok(()));
    assert_eq!(settings.definition_for(AlertKind::Ok), Some(&settings.definitions[1]));
    settings.definitions.truncate(1);
    assert_eq!(settings.definition_for(AlertKind::Ok), None);
}

#[test]
fn every_mistake_is_reported_with_its_path() {
    let mut settings = stock();
    let variable = |name: &str, value: &str| PredefinedVariable {
        name: name.to_owned(),
        source: VariableSource::Fixed { value: value.into() },
        secret: false,
    };
    settings.variables.push(variable("apiurl", "x"));
    settings.variables.push(variable("a b", "{{"));
    settings.functions.push(UserFunction {
        name: "f".to_owned(),
        kind: UserFunctionKind::Regex { pattern: "(".to_owned() },
    });
    let step = &mut settings.definitions[0].steps[0];
    step.url = "ftp://example.org/{{ApiUrl}}".to_owned();
    step.headers.push(header("Bad Name", "x"));
    step.headers.push(header("X-Fine", "{{g(x)}}"));
    step.body = "{{@JsonEncode}}".to_owned();
    step.auth = StepAuth::Digest { username: String::new(), password: Secret::default() };
    let capture = |source, property: &str| Capture {
        variable: "v".to_owned(),
        source,
        property: property.to_owned(),
        secret: false,
    };
    step.captures = vec![
        capture(Source::Json, "a..b"),
        capture(Source::Header, ""),
        capture(Source::Xml, "//a|//b"),
        capture(Source::Text, "("),
        capture(Source::Json, "a[{{ApiUrl}}]"),
        capture(Source::StatusCode, "ignored"),
    ];
    step.assertions.push(StepAssertion {
        source: Source::Duration,
        property: String::new(),
        comparison: Comparison::Less,
        target: "fast".to_owned(),
    });
    assert_eq!(
        errors(&settings),
        [
            "functions.0.pattern",
            "variables.1.name",
            "variables.2.name",
            "variables.2.value",
            "definitions.0.steps.0.url",
            "definitions.0.steps.0.headers.1.name",
            "definitions.0.steps.0.headers.2.value",
            "definitions.0.steps.0.body",
            "definitions.0.steps.0.auth.username",
            "definitions.0.steps.0.captures.0.property",
            "definitions.0.steps.0.captures.1.property",
            "definitions.0.steps.0.captures.2.property",
            "definitions.0.steps.0.captures.3.property",
            "definitions.0.steps.0.assertions.0.target",
        ]
    );
}

#[test]
fn a_secret_that_is_too_short_to_be_hidden_is_warned_of() {
    let mut settings = stock();
    let pin = |value: &str, secret| PredefinedVariable {
        name: "Pin".to_owned(),
        source: VariableSource::Fixed { value: value.into() },
        secret,
    };
    for (value, secret, warned) in [("123", true, true), ("1234", true, false), ("123", false, false)] {
        settings.variables.truncate(1);
        settings.variables.push(pin(value, secret));
        let warnings: Vec<_> = settings.warnings().into_iter().map(|warning| warning.field).collect();
        assert_eq!(warnings.contains(&"variables.1.value".to_owned()), warned, "{value} {secret}");
        assert_eq!(settings.validate(), Ok(()), "a PIN may be that short");
    }
}

#[test]
fn a_variable_is_known_from_the_step_that_captures_it() {
    let mut settings = stock();
    let first = &mut settings.definitions[0].steps[0];
    first.body = "{{token}}".to_owned();
    first.captures.push(Capture {
        variable: "token".to_owned(),
        source: Source::Json,
        property: "access_token".to_owned(),
        secret: false,
    });
    let mut second = HttpStep::to("{{ApiUrl}}/next");
    second.body = "{{Token}}".to_owned();
    settings.definitions[0].steps.push(second);
    let warnings: Vec<_> = settings.warnings().into_iter().map(|warning| warning.field).collect();
    assert_eq!(warnings, ["definitions.0.steps.0.body"]);
    assert_eq!(settings.validate(), Ok(()));
}

#[test]
fn settings_read_back_from_json_and_defaults_fill_what_is_missing() {
    let settings = stock();
    let json = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<CustomSettings>(&json).unwrap(), settings);
    let small = r#"{"variables":[{"name":"Team","source":"per_level"}],
        "definitions":[{"types":{"error":true},"steps":[{"method":"PUT","url":"https://example.org"}]}]}"#;
    let read: CustomSettings = serde_json::from_str(small).unwrap();
    assert_eq!(read.variables[0].source, VariableSource::PerLevel);
    assert_eq!(read.validate(), Ok(()));
}

#[test]
fn a_level_gives_the_values_that_are_left_to_it() {
    let mut settings = stock();
    settings.variables.insert(
        0,
        PredefinedVariable { name: "Team".to_owned(), source: VariableSource::PerLevel, secret: true },
    );
    settings.variables[1].source =
        VariableSource::Fixed { value: "https://{{team}}.example.org/{{@alert.type}}".into() };
    let level = |pairs: &[(&str, &str)]| -> BTreeMap<String, Secret> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
    };
    let fields = |pairs: &[(&str, &str)]| -> Vec<String> {
        settings.validate_level(&level(pairs)).unwrap_err().into_iter().map(|error| error.field).collect()
    };
    assert_eq!(fields(&[("other", "x")]), ["Team", "other"]);
    assert_eq!(settings.validate_level(&level(&[("team", "night")])), Ok(()));
    let facts = AlertFacts::example(AlertKind::Error);
    let mut scope = settings.scope(&facts, &level(&[("TEAM", "night")]), Timestamp(0), || 0).unwrap();
    let request = render_request(&settings.definitions[0].steps[0], &mut scope).unwrap();
    assert_eq!(request.url.as_str(), "https://night.example.org/Alert");
    assert_eq!(request.shown(&scope).url, format!("https://{MASK}.example.org/Alert"));
}

#[test]
fn steps_pass_values_on_from_answer_to_request() {
    let settings = stock();
    let mut scope = scope(&settings, &AlertFacts::example(AlertKind::Error));
    let capture = |variable: &str, source, property: &str| Capture {
        variable: variable.to_owned(),
        source,
        property: property.to_owned(),
        secret: false,
    };
    let mut first = HttpStep::to("{{ApiUrl}}");
    first.captures = vec![
        capture("access_token", Source::Json, "response.access_token"),
        capture("price", Source::Json, "list[{{@RandomInt(0,0)}}].Price"),
        capture("word", Source::Text, r#""word":"(\w+)""#),
        capture("status", Source::StatusCode, ""),
        capture("length", Source::ContentLength, ""),
        capture("time", Source::Duration, ""),
        capture("done", Source::Completed, ""),
        capture("where", Source::Header, "location"),
        capture("visitor", Source::Cookie, "sid"),
        capture("all", Source::Expression, "{{status}}-{{price}}-{{word}}"),
    ];
    let mut response =
        answer(r#"{"response":{"access_token":"hunter2"},"list":[{"Price":20000}],"word":"yes"}"#);
    response.headers = vec![
        ("Location".to_owned(), "/next".to_owned()),
        ("Set-Cookie".to_owned(), "sid=c1; Path=/".to_owned()),
    ];
    response.content_length = 99;
    response.duration_ms = 12;
    let captured = captures(&first, &response, &mut scope).unwrap();
    let shown: Vec<_> = captured.iter().map(|captured| captured.shown.as_str()).collect();
    assert_eq!(shown, [MASK, "20000", "yes", "200", "99", "12", "true", "/next", "c1", "200-20000-yes"]);

    let mut second = HttpStep::to("https://example.org{{where}}?n={{price}}");
    second.headers.push(header("Authorization", "Bearer {{access_token}}"));
    second.body = "{{all}} {{access_token}}".to_owned();
    let request = render_request(&second, &mut scope).unwrap();
    assert_eq!(request.url.as_str(), "https://example.org/next?n=20000");
    assert_eq!(request.headers[0].1, "Bearer hunter2");
    assert_eq!(request.body, "200-20000-yes hunter2");
    let shown = request.shown(&scope);
    assert!(!serde_json::to_string(&shown).unwrap().contains("hunter2"));
    assert!(!format!("{request:?} {scope:?}").contains("hunter2"));
}

#[test]
fn a_capture_that_fails_says_why() {
    for (source, property, body, part) in [
        (Source::Json, "a", "{}", "nothing there"),
        (Source::Json, "a", "<a/>", "not JSON"),
        (Source::Xml, "/a/b", "<a/>", "nothing there"),
        (Source::Xml, "/a", "{}", "not XML"),
        (Source::Xml, "/a", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "not XML"),
        (Source::Text, "x+", "none", "nothing there"),
        (Source::Header, "X-None", "", "nothing there"),
        (Source::Json, "{{ApiUrl}}..", "{}", "no path into JSON"),
    ] {
        let mut step = HttpStep::to("{{ApiUrl}}");
        let capture =
            Capture { variable: "v".to_owned(), source, property: property.to_owned(), secret: false };
        step.captures.push(capture);
        let mut scope = scope(&stock(), &AlertFacts::example(AlertKind::Error));
        let error = captures(&step, &answer(body), &mut scope).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        let error = captures(&step, &Response::failed(5), &mut scope).unwrap_err();
        assert_eq!((error.number, error.variable.as_str()), (0, "v"));
    }
}

#[test]
fn an_xml_answer_is_read() {
    let mut step = HttpStep::to("{{ApiUrl}}");
    step.captures.push(Capture {
        variable: "access".to_owned(),
        source: Source::Xml,
        property: "/AuthInfo/access_token/text()".to_owned(),
        secret: false,
    });
    let body = "<AuthInfo>\n <access_token>MjAx==</access_token></AuthInfo>";
    let mut scope = scope(&stock(), &AlertFacts::example(AlertKind::Error));
    // What comes from a place of this name is a secret, whatever the variable is called.
    assert_eq!(captures(&step, &answer(body), &mut scope).unwrap()[0].shown, MASK);
    assert_eq!(scope.get("access"), Some("MjAx=="));
}

#[test]
fn a_request_that_cannot_be_sent_is_refused_with_its_field() {
    let mut scope = scope(&stock(), &AlertFacts::example(AlertKind::Error));
    scope.set("empty", "");
    scope.set("lines", "a\r\nX-Evil: 1");
    for (url, value, username, field) in [
        ("{{empty}}", "", "me", "url"),
        ("ftp://example.org", "", "me", "url"),
        ("javascript:alert(1)", "", "me", "url"),
        ("example.org/path", "", "me", "url"),
        ("https://", "", "me", "url"),
        ("https://example.org/{{lines}}", "", "me", "url"),
        ("{{ApiUrl}}", "{{lines}}", "me", "headers.0.value"),
        ("{{ApiUrl}}", "{{@monitor.notes}}", "me", "headers.0.value"),
        ("{{ApiUrl}}", "", "a{{@JsonDecode(\\u003a)}}b", "auth.username"),
    ] {
        let mut step = HttpStep::to(url);
        step.headers.push(header("X-Note", value));
        step.auth = StepAuth::Basic { username: username.to_owned(), password: "pw".into() };
        let error = render_request(&step, &mut scope).unwrap_err();
        assert_eq!(error.field, field, "{url} {value}: {error}");
    }
}

#[test]
fn a_form_body_is_encoded_only_with_the_type_of_a_form() {
    let mut scope = scope(&stock(), &AlertFacts::example(AlertKind::Error));
    scope.set("name", "Ben & Jerry's");
    let mut step = HttpStep::to("{{ApiUrl}}?q={{@UrlEncode({{name}})}}");
    step.body = "name={{name}}&once={{@UrlEncode({{name}})}}".to_owned();
    let plain = render_request(&step, &mut scope).unwrap();
    assert_eq!(plain.body, "name=Ben & Jerry's&once=Ben+%26+Jerry's");
    assert_eq!(plain.url.query(), Some("q=Ben+%26+Jerry%27s"));
    step.headers.push(header("content-type", "Application/X-WWW-form-urlencoded; charset=utf-8"));
    let form = render_request(&step, &mut scope).unwrap();
    assert_eq!(form.body, "name=Ben+%26+Jerry's&once=Ben+%26+Jerry's");
}

#[test]
fn credentials_in_the_address_become_basic_authentication() {
    let mut scope = scope(&stock(), &AlertFacts::example(AlertKind::Error));
    let request = render_request(&HttpStep::to("https://me:hunter2@example.org/"), &mut scope).unwrap();
    assert_eq!(request.url.as_str(), "https://example.org/");
    let expected = RenderedAuth::Basic { username: "me".to_owned(), password: "hunter2".into() };
    assert_eq!(request.auth, expected);
    assert_eq!(scope.mask("hunter2"), MASK);
}

#[test]
fn secrets_are_masked_and_come_back_from_a_form() {
    let mut settings = stock();
    settings.variables.push(PredefinedVariable {
        name: "Key".to_owned(),
        source: VariableSource::Fixed { value: "hunter2".into() },
        secret: true,
    });
    let kind = UserFunctionKind::Hash { algorithm: HashAlgorithm::HmacSha256, key: "signing".into() };
    settings.functions.push(UserFunction { name: "sign".to_owned(), kind });
    let step = &mut settings.definitions[0].steps[0];
    step.headers.push(header("Authorization", "Basic c2VjcmV0OnNlY3JldA=="));
    step.headers.push(header("X-Api-Key", "{{Key}}"));
    step.headers.push(header("X-Auth", "Bearer {{Key}}"));
    step.auth = StepAuth::Basic { username: "me".to_owned(), password: "pass word".into() };
    assert_eq!(settings.secrets().len(), 4);

    let redacted = settings.redacted();
    let shown = serde_json::to_string(&redacted).unwrap();
    for secret in ["hunter2", "signing", "c2VjcmV0", "pass word"] {
        assert!(!shown.contains(secret) && !format!("{settings:?}").contains(secret), "{secret}");
    }
    assert!(shown.contains("Bearer {{Key}}"));

    let mut sent = redacted.clone();
    sent.variables.swap(0, 1);
    sent.keep_secrets(&settings);
    sent.variables.swap(0, 1);
    assert_eq!(sent, settings);

    let mut unticked = redacted;
    unticked.variables[1].secret = false;
    unticked.definitions[0].steps[0].headers[1].name = "Cookie".to_owned();
    unticked.keep_secrets(&settings);
    assert_eq!(errors(&unticked), ["variables.1.value", "definitions.0.steps.0.headers.1.value"]);
}

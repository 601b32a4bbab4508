//! No secret stands in a request as it is shown, whatever a template makes of it.

use super::{
    tests::{header, scope, stock},
    *,
};
use crate::{
    secret::MASK,
    template::{AlertFacts, AlertKind, HashAlgorithm, UserFunction, UserFunctionKind},
};

fn shown(key: &str, step: &HttpStep) -> (RenderedRequest, ShownRequest) {
    let mut settings = stock();
    settings.variables.push(PredefinedVariable {
        name: "Key".to_owned(),
        source: VariableSource::Fixed { value: key.into() },
        secret: true,
    });
    let function = |name: &str, kind| UserFunction { name: name.to_owned(), kind };
    settings.functions = vec![
        function("hash", UserFunctionKind::Hash { algorithm: HashAlgorithm::Sha256, key: "".into() }),
        function("rest", UserFunctionKind::Regex { pattern: "^.{4}(.*)$".to_owned() }),
    ];
    settings.definitions[0].steps = vec![step.clone()];
    assert_eq!(settings.validate(), Ok(()));
    let mut scope = scope(&settings, &AlertFacts::example(AlertKind::Error));
    let request = render_request(step, &mut scope).unwrap();
    let shown = request.shown(&scope);
    (request, shown)
}

#[test]
fn a_secret_in_an_address_is_not_shown() {
    for key in ["pä$$word!", "a/b c", "Tok~en*(1)", "xoxb-12|34", "abcd&efgh", "abcd#efgh", "abcd?efgh"] {
        let step =
            HttpStep::to("https://example.org/m/{{Key}}/{{@UrlEncode({{Key}})}}?k={{@UrlEncode({{Key}})}}");
        let (_, shown) = shown(key, &step);
        assert_eq!(shown.url, format!("https://example.org/m/{MASK}/{MASK}?k={MASK}"), "{key}");
    }
    // A parameter whose name announces a secret ends with its value, not with an & inside it.
    let (_, shown) = shown("abcd&efgh", &HttpStep::to("https://example.org/?key={{Key}}&z={{Key}}"));
    assert_eq!(shown.url, format!("https://example.org/?key={MASK}&z={MASK}"));
}

#[test]
fn what_functions_make_of_a_secret_is_not_shown() {
    let key = "top \"secret\"<1>";
    for call in [
        "{{@XmlEncode({{Key}})}}",
        "{{@JsonEncode({{@JsonEncode({{Key}})}})}}",
        "{{@XmlEncode({{@XmlEncode({{Key}})}})}}",
        "{{@UrlEncode({{@UrlEncode({{@UrlEncode({{Key}})}})}})}}",
        "{{@Base64Encode({{Key}})}}",
        "{{@Base64Encode(u:{{Key}})}}",
        "{{@UrlEncode({{@Base64Encode({{@Base64Encode(user:{{Key}})}})}})}}",
        "{{hash({{Key}})}}",
        "{{hash(salt{{@JsonEncode({{Key}})}})}}",
        "{{@HexToBase64({{hash(a{{Key}})}})}}",
        "{{@Base64Decode({{@Base64Encode(a{{Key}})}})}}",
        "{{rest({{Key}})}}",
    ] {
        let mut step = HttpStep::to("https://example.org/?q=Shop");
        step.headers.push(header("X-Note", call));
        step.body = format!("Shop: {call}.");
        let (request, masked) = shown(key, &step);
        assert_eq!(masked.body, format!("Shop: {MASK}."), "{call} gives {}", request.body);
        assert_eq!(masked.headers[0].1, MASK, "{call}");
        assert_eq!(masked.url, "https://example.org/?q=Shop", "{call}");
        // In a form it is encoded once more.
        step.headers = vec![header("Content-Type", "application/x-www-form-urlencoded")];
        step.body = format!("shop={call}");
        let (request, masked) = shown(key, &step);
        assert_eq!(masked.body, format!("shop={MASK}"), "{call} gives {}", request.body);
    }
}

#[test]
fn what_stands_beside_a_secret_is_shown() {
    let mut step = HttpStep::to("https://example.org/");
    step.body = "{{@JsonEncode({{@monitor.name}} {{Key}} words)}} {{@Base64Encode(words)}} {{hash(words)}}"
        .to_owned();
    let (request, masked) = shown("hunter \"2\"", &step);
    let expected = request.body.replace("hunter \\\"2\\\"", MASK);
    assert_eq!(masked.body, expected);
    assert!(masked.body.starts_with("Example shop ******** words d29yZHM= "), "{}", masked.body);
    // A secret of three bytes is no secret, and neither is what is made of it.
    step.body = "{{@Base64Encode({{Key}})}} {{@JsonEncode({{Key}})}}".to_owned();
    assert_eq!(shown("abc", &step).1.body, "YWJj abc");
}

#[test]
fn name_and_password_are_not_shown_as_they_are_sent() {
    let mut step = HttpStep::to("https://example.org/");
    step.auth = StepAuth::Basic { username: "me".to_owned(), password: "{{Key}}".into() };
    let mut scope = scope(&stock(), &AlertFacts::example(AlertKind::Error));
    scope.set("Key", "pass word");
    render_request(&step, &mut scope).unwrap();
    let echoed = scope.mask("you sent Basic bWU6cGFzcyB3b3Jk and pass+word");
    assert_eq!(echoed, format!("you sent Basic {MASK} and {MASK}"));
}

//! What holds for every custom integration, whatever people and servers write.

use proptest::prelude::*;

use super::{
    tests::{answer, header, scope, stock},
    *,
};
use crate::{
    template::{AlertFacts, AlertKind, Template},
    time::Timestamp,
};

/// Text that breaks JSON unless it is encoded.
fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\"\\\\\r\n\t\u{0}-\u{1f}\u{7f}{}@()🦀é\u{2028}/<&]{0,40}",
        Just("\"}, {{@monitor.name}} \\".to_owned()),
    ]
}

proptest! {
    #[test]
    fn the_default_body_is_json_whatever_people_or_servers_wrote(
        texts in proptest::collection::vec(nasty(), 7),
        millis in any::<i64>(),
    ) {
        let mut facts = AlertFacts::example(AlertKind::Error);
        let mut texts = texts.into_iter();
        for field in [
            &mut facts.description, &mut facts.failure_message, &mut facts.response_body, &mut facts.monitor_notes,
            &mut facts.monitor_name, &mut facts.definition_name, &mut facts.level_message,
        ] {
            *field = texts.next().unwrap();
        }
        facts.at = Timestamp(millis);
        let mut scope = scope(&stock(), &facts);
        let body = Template::parse(DEFAULT_BODY).unwrap().render(&mut scope).unwrap().text;
        let json: serde_json::Value = serde_json::from_str(&body).unwrap();
        prop_assert_eq!(&json["alert"]["description"], &facts.description);
        prop_assert_eq!(&json["alert"]["failureMessage"], &facts.failure_message);
        prop_assert_eq!(&json["alert"]["responseBody"], &facts.response_body);
        prop_assert_eq!(&json["monitor"]["notes"], &facts.monitor_notes);
        prop_assert_eq!(&json["monitor"]["name"], &facts.monitor_name);
        prop_assert_eq!(&json["alertDefinition"]["name"], &facts.definition_name);
        prop_assert_eq!(&json["escalationLevel"]["message"], &facts.level_message);
    }

    #[test]
    fn no_property_and_no_answer_makes_reading_panic(
        property in prop_oneof![any::<String>(), "[a-z0-9\\[\\]().'\"/@*=:$ ,-]{0,24}"],
        body in prop_oneof![any::<String>(), Just("<a b='1'><c/>x<c>2</c></a>".to_owned()), Just("{\"a\":[1,null]}".to_owned())],
        source in proptest::sample::select(vec![Source::Json, Source::Xml, Source::Text, Source::Header, Source::Cookie]),
    ) {
        let mut step = HttpStep::to("{{ApiUrl}}");
        step.captures.push(Capture { variable: "v".to_owned(), source, property: property.clone(), secret: false });
        step.assertions.push(StepAssertion {
            source,
            property,
            comparison: Comparison::Equal,
            target: body.clone(),
        });
        let mut scope = scope(&stock(), &AlertFacts::example(AlertKind::Error));
        let response = answer(&body);
        let _ = captures(&step, &response, &mut scope);
        assertions(&step, &response, &mut scope);
        let mut settings = stock();
        settings.definitions[0].steps.push(step);
        let _ = settings.validate();
    }

    #[test]
    fn what_is_rendered_never_breaks_a_header(value in any::<String>()) {
        let mut scope = scope(&stock(), &AlertFacts::example(AlertKind::Error));
        scope.set("value", value);
        let mut step = HttpStep::to("{{ApiUrl}}");
        step.headers.push(header("X-Value", "a {{value}}"));
        if let Ok(request) = render_request(&step, &mut scope) {
            prop_assert!(!request.headers[0].1.contains(['\r', '\n', '\0']));
        }
    }
}

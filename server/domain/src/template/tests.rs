//! What holds for every template.

use proptest::prelude::*;

use super::*;
use crate::time::Timestamp;

/// 2018-02-24T22:30:00Z.
const NOW: Timestamp = Timestamp(1_519_511_400_000);

fn functions() -> Functions {
    let function = |name: &str, kind| UserFunction { name: name.to_owned(), kind };
    let entries = vec![user::MappingEntry { from: "Alert".into(), to: "critical".into() }];
    Functions::compile(&[
        function("severity", UserFunctionKind::Mapping { entries }),
        function("digits", UserFunctionKind::Regex { pattern: r"\d+".into() }),
        function("sign", UserFunctionKind::Hash { algorithm: HashAlgorithm::HmacSha256, key: "Jefe".into() }),
    ])
    .unwrap()
}

fn scope() -> Scope {
    let mut seed = 7_u64;
    let random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed
    };
    let facts = AlertFacts::example(AlertKind::Error);
    let mut scope = Scope::new(NOW, random).with_facts(&facts).with_functions(functions());
    scope.set("ApiUrl", "https://example.org/hook");
    scope.set("x", "{{@monitor.name}}");
    scope.set_vault("1.Password", "pass word");
    scope
}

fn render(source: &str) -> Rendered {
    Template::parse(source).unwrap().render(&mut scope()).unwrap()
}

#[test]
fn names_are_found_in_any_case_and_by_both_names() {
    for (source, expected) in [
        ("{{@monitor.name}}", "Example shop"),
        ("{{ @MONITOR.Name }}", "Example shop"),
        ("{{@account.id}}={{@account.accountId}}", "299840=299840"),
        ("{{@monitor.guid}}", "849b2046-213d-43ad-9efc-5af1faaeb222"),
        ("{{apiURL}}/{{@alert.type}}", "https://example.org/hook/Alert"),
        ("{{@customfield(componentid)}}", "7149488f-0b33-460d-85eb-210c0e80d7ba"),
        ("{{@VaultItem.1.password}}", "pass word"),
    ] {
        let rendered = render(source);
        assert_eq!((rendered.text.as_str(), rendered.remarks.len()), (expected, 0), "{source}");
    }
}

#[test]
fn arguments_are_filled_from_the_inside_out() {
    for (source, expected) in [
        (
            r#"{ "notes": "{{@JsonEncode({{@monitor.notes}})}}" }"#,
            r#"{ "notes": "Ask the \"web\" team first.\nThen the database team." }"#,
        ),
        ("{{severity({{@alert.type}})}}", "critical"),
        ("{{@UrlEncode({{digits(a 12 b)}} & {{severity(Ok)}})}}", "12+%26+Ok"),
        (
            "{{@HexToBase64({{sign(what do ya want for nothing?)}})}}",
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=",
        ),
        ("{{@DateTime(dd-MM-yyyy HH:mm,-18000)}}", "24-02-2018 17:30"),
        ("{{@RandomInt({{digits(7)}},7)}}", "7"),
        ("{{@JsonDecode(\\u007b\\u007b)}}", "{{"),
        ("{{{@alert.type}}}", "{Alert}"),
        ("{{@Base64Encode(user:{{@VaultItem.1.Password}})}}", "dXNlcjpwYXNzIHdvcmQ="),
    ] {
        assert_eq!(render(source).text, expected, "{source}");
    }
}

#[test]
fn what_is_unknown_or_unusable_stays_empty_and_is_remarked() {
    for source in [
        "{{nothing}}",
        "{{@nothing}}",
        "{{@nothing(a)}}",
        "{{nothing(a)}}",
        "{{@HexToBase64(zz)}}",
        "{{@Base64Decode(*)}}",
        "{{@RandomInt(2,1)}}",
        "{{@CustomField(none)}}",
        "{{@JsonEncode}}",
        "{{@VaultItem.2.Username}}",
    ] {
        let rendered = render(&format!("[{source}]"));
        assert_eq!((rendered.text.as_str(), rendered.remarks.len()), ("[]", 1), "{source}");
        assert_eq!(rendered.remarks[0].position.column, 2, "{source}");
    }
    assert_eq!(render("[{{@RedirectUrl}}]").remarks, []);
}

#[test]
fn values_are_never_read_as_templates() {
    assert_eq!(render("{{x}} {{@JsonEncode({{x}})}}").text, "{{@monitor.name}} {{@monitor.name}}");
}

#[test]
fn one_guid_stays_and_the_other_changes() {
    let mut scope = scope();
    let both = Template::parse("{{@UniqueGuid}} {{@RandomGuid}}").unwrap();
    let (first, second) = (both.render(&mut scope).unwrap().text, both.render(&mut scope).unwrap().text);
    let ((unique, random), (same, other)) = (first.split_once(' ').unwrap(), second.split_once(' ').unwrap());
    assert_eq!(unique, same);
    assert_ne!(random, other);
}

#[test]
fn a_form_body_encodes_what_is_filled_in_once() {
    let template = Template::parse("a b={{@monitor.name}}&c={{@UrlEncode({{@monitor.name}})}}").unwrap();
    let rendered = template.render_encoded(&mut scope(), Encoding::Form).unwrap();
    assert_eq!(rendered.text, "a b=Example+shop&c=Example+shop");
}

#[test]
fn growing_and_endless_work_end_with_a_place() {
    let mut scope = scope();
    scope.set("big", "\u{1}".repeat(1 << 20));
    let nested = "{{@UrlEncode({{@UrlEncode({{@UrlEncode({{@UrlEncode({{big}})}})}})}})}}";
    for (source, column) in [
        (format!("xy{nested}"), 3),
        (format!("x\n{}", "{{sign({{@JsonEncode({{big}})}})}}".repeat(100)), 137),
        ("{{digits({{big}})}}".repeat(300), 979),
        ("{{big}}".repeat(9), 57),
        (format!("{} {}", "{{big}}".repeat(8), "text"), 50),
    ] {
        let error = Template::parse(&source).unwrap().render(&mut scope).unwrap_err();
        assert_eq!(error.position.column, column, "{error}");
    }
}

/// Text that often looks like a template.
fn source() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z ü\n\"\\\\{}(),@.]{0,6}",
        proptest::sample::select(vec![
            "{{",
            "}}",
            "(",
            ")",
            ")}}",
            "{{@",
            "{{@JsonEncode(",
            "{{@DateTime(",
            "{{@RandomInt(1,9)}}",
            "{{severity(",
            "{{digits(",
            "{{@UrlEncode(",
            "{{@RandomChar(1000)}}",
            "{{x}}",
            "{{@monitor.notes}}",
            "{{sign(",
            ",",
            "LastDayOfMonth",
            "{{@XmlDecode(",
            "{{@Base64Decode(",
            "&#x41;",
            "\\u007b",
            "yyyy ddd 'a",
            "{{@RandomFloat(1.5,",
        ])
        .prop_map(str::to_owned),
    ];
    prop_oneof![any::<String>(), proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())]
}

/// A template that can be read, with calls in calls.
fn template() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z0-9 ü\n\"\\\\&;%]{0,8}",
        Just("{{x}}".to_owned()),
        Just("{{ @alert.responseBody }}".to_owned()),
        Just("{{@RandomGuid}}".to_owned()),
    ];
    leaf.prop_recursive(6, 64, 4, |inner| {
        let names = vec![
            "@JsonEncode",
            "@XmlEncode",
            "@UrlEncode",
            "@JsonDecode",
            "@DateTime",
            "sign",
            "digits",
            "@Base64Encode",
        ];
        prop_oneof![
            (proptest::sample::select(names), inner.clone())
                .prop_map(|(name, inner)| format!("{{{{{name}({inner})}}}}")),
            (inner.clone(), inner).prop_map(|(first, second)| format!("{first}{second}")),
        ]
    })
}

/// Functions as somebody may have written them: patterns of all kinds, the expensive ones too.
fn own_functions() -> impl Strategy<Value = Vec<UserFunction>> {
    let pattern = prop_oneof![
        any::<String>(),
        "[a-c.*+?|()\\[\\]{}0-9,^$\\\\dwsb]{0,24}",
        proptest::sample::select(vec![
            "(a+)+$",
            "(a|aa)*c",
            "(.*)*x",
            r"(?:\w{1,50}){1,20}",
            r"(x{0,200}){0,200}",
            r"[\s\S]*",
            "",
            r"(?i)\p{L}+",
        ])
        .prop_map(str::to_owned),
    ];
    let algorithm = proptest::sample::select(vec![
        HashAlgorithm::Md5,
        HashAlgorithm::Sha1,
        HashAlgorithm::Sha512,
        HashAlgorithm::HmacSha256,
    ]);
    let entry = (any::<String>(), any::<String>()).prop_map(|(from, to)| user::MappingEntry { from, to });
    let kind = prop_oneof![
        pattern.prop_map(|pattern| UserFunctionKind::Regex { pattern }),
        (algorithm, any::<String>())
            .prop_map(|(algorithm, key)| UserFunctionKind::Hash { algorithm, key: key.as_str().into() }),
        proptest::collection::vec(entry, 0..8).prop_map(|entries| UserFunctionKind::Mapping { entries }),
    ];
    proptest::collection::vec(kind, 3).prop_map(|kinds| {
        let names = ["severity", "digits", "sign"];
        kinds
            .into_iter()
            .zip(names)
            .map(|(kind, name)| UserFunction { name: name.to_owned(), kind })
            .collect()
    })
}

/// Longer than one rendering may take: 3 s on a common machine, and tests run unoptimised beside each other.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);

proptest! {
    #[test]
    fn own_functions_of_any_kind_end_in_time(
        functions in own_functions(),
        source in prop_oneof![source(), template()],
        value in prop_oneof![any::<String>(), "[ab ]{0,200}", "(ab){0,2000}"],
    ) {
        // What cannot be compiled is refused when it is saved.
        let Ok(functions) = Functions::compile(&functions) else { return Ok(()) };
        let Ok(template) = Template::parse(&source) else { return Ok(()) };
        let mut scope = scope().with_functions(functions);
        scope.set("x", value);
        let begun = std::time::Instant::now();
        let rendered = template.render(&mut scope);
        prop_assert!(begun.elapsed() < PATIENCE, "{:?} for {source:?}", begun.elapsed());
        if let Ok(rendered) = rendered {
            prop_assert!(rendered.text.len() <= MAX_OUTPUT_BYTES);
            prop_assert!(rendered.steps <= MAX_EXPRESSIONS);
            prop_assert!(rendered.work <= MAX_WORK);
        }
    }

    #[test]
    fn no_text_makes_it_panic_or_grow_without_end(source in prop_oneof![source(), template()]) {
        let Ok(template) = Template::parse(&source) else { return Ok(()) };
        template.check(&Names::default());
        if let Ok(rendered) = template.render(&mut scope()) {
            prop_assert!(rendered.text.len() <= MAX_OUTPUT_BYTES);
            prop_assert!(rendered.steps <= MAX_EXPRESSIONS);
            prop_assert!(rendered.work <= MAX_WORK);
        }
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_template(source in prop_oneof![source(), template()]) {
        let Ok(template) = Template::parse(&source) else { return Ok(()) };
        let printed = template.to_string();
        let again = Template::parse(&printed).unwrap();
        prop_assert_eq!(&again, &template);
        prop_assert_eq!(again.to_string(), printed);
    }

    #[test]
    fn encoding_and_decoding_give_the_text_back(text in any::<String>()) {
        let mut scope = scope();
        scope.set("text", text.clone());
        for codec in ["Json", "Base64"] {
            let source = format!("{{{{@{codec}Decode({{{{@{codec}Encode({{{{text}}}})}}}})}}}}");
            prop_assert_eq!(Template::parse(&source).unwrap().render(&mut scope).unwrap().text, text.as_str());
        }
    }

    #[test]
    fn any_date_format_is_written(format in "[dMyHhmstfFgKz'\"\\\\%:/, a-c]{0,40}", now in any::<i64>(), offset in any::<i64>()) {
        let mut scope = Scope::new(Timestamp(now), || 0);
        scope.set("format", format);
        let source = format!("{{{{@DateTime({{{{format}}}},{offset})}}}}");
        Template::parse(&source).unwrap().render(&mut scope).unwrap();
    }
}

/// The same at full size: an expensive pattern and others, over the largest body of an answer, as often as a template may ask.
#[test]
fn the_most_expensive_rendering_ends() {
    let function = |name: &str, kind| UserFunction { name: name.to_owned(), kind };
    let functions = [
        function("digits", UserFunctionKind::Regex { pattern: "(a|aa)*c".into() }),
        function("sign", UserFunctionKind::Hash { algorithm: HashAlgorithm::HmacSha512, key: "Jefe".into() }),
    ];
    let mut scope = scope().with_functions(Functions::compile(&functions).unwrap());
    scope.set("x", "a".repeat(facts::MAX_RESPONSE_BODY_BYTES));
    for call in ["{{digits({{x}})}}", "{{sign({{x}})}}", "{{@Base64Encode({{x}})}}", "{{x}}"] {
        let source = call.repeat(MAX_EXPRESSIONS / 2);
        let begun = std::time::Instant::now();
        let refused = Template::parse(&source).unwrap().render(&mut scope);
        assert!(refused.is_err(), "{call}");
        assert!(begun.elapsed() < PATIENCE, "{call}: {:?}", begun.elapsed());
    }
}

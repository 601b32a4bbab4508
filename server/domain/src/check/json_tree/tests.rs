use std::time::{Duration, Instant};

use jsonpath_rust::parser::parse_json_path;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn find(path: &str, json: &str) -> Option<Vec<String>> {
    let tree = Tree::parse(json).unwrap();
    let found = tree.find(&parse_json_path(path).unwrap())?;
    Some(found.into_iter().map(|node| serde_json::to_string(node).unwrap()).collect())
}

/// The same without bounds.
fn unbounded(path: &str, json: &str) -> Vec<String> {
    let json: Value = serde_json::from_str(json).unwrap();
    let found = js_path_process(&parse_json_path(path).unwrap(), &json).unwrap();
    found.into_iter().map(|found| found.val().to_string()).collect()
}

fn nested(depth: usize, inner: &str) -> String {
    format!("{}{inner}{}", r#"{"a":"#.repeat(depth), "}".repeat(depth))
}

/// Much longer than a search takes, also without optimisation beside other tests.
const LONG: Duration = Duration::from_secs(30);

/// Paths of every sort, cheap and dear.
const PATHS: &[&str] = &[
    "$",
    "$.a.b",
    "$.a[0]",
    "$.*",
    "$..a",
    "$..*",
    "$..a..b",
    "$..*..*..*..*",
    "$['a','b',0:2]",
    "$..[?@.a]",
    "$..[?@.a == 1 || @.b > 'x']",
    "$..[?$..a]",
    "$..[?count(@..*) > 1]",
    "$..[?length(@) > 1]",
    "$..[?match(@, 'a.*')]",
    "$..[?search(@.a, @.b)]",
    "$..[?@.a == $.a]",
    "$.a[?in(@, $.b)]",
    "$..[?none_of(@, $.a)]",
    "$..[?subset_of(@.a, @.b)]",
];

#[test]
fn what_a_site_answers_makes_no_search_long() {
    let many = format!("[{}]", vec![r#"{"b":1}"#; 4_000].join(","));
    let numbers = format!("[{}]", vec!["1"; 100_000].join(","));
    let texts = format!(r#"{{"a":[{0}],"b":[{0}]}}"#, vec![r#""x[a-z]{9}""#; 5_000].join(","));
    let documents = [
        nested(100, &many),
        nested(120, "1"),
        format!("{}1{}", "[".repeat(120), "]".repeat(120)),
        nested(1, &numbers),
        texts,
        // The way to each value would have a long name in it.
        format!(r#"{{"{}":{numbers}}}"#, "k".repeat(100_000)),
    ];
    for document in &documents {
        for path in PATHS {
            let begun = Instant::now();
            let found = find(path, document).map(|found| found.len());
            let took = begun.elapsed();
            assert!(took < LONG, "{path}: {took:?} for {} bytes, {found:?} values", document.len());
        }
    }
    assert_eq!(find("$..a..b", &documents[0]), None);
    assert_eq!(find("$..*..*..*..*", &documents[1]), None);
}

#[test]
fn what_is_found_in_large_documents_of_the_usual_sort_is_found() {
    let item =
        json!({ "id": 1, "name": "web", "checks": [{ "status": "ok", "ms": 12 }, { "status": "ok" }] });
    let document = json!({ "data": { "items": vec![item; 3_000] } }).to_string();
    for (path, count) in [
        ("$..status", 6_000),
        ("$..checks..status", 6_000),
        ("$.data.items[*].checks[*].ms", 3_000),
        ("$..items[?@.name == 'web'].id", 3_000),
        ("$..[?@.status == 'ok']", 6_000),
    ] {
        assert_eq!(find(path, &document).map(|found| found.len()), Some(count), "{path}");
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        Just(json!(1.5)),
        "[a-c]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_bounded_search_finds_what_an_unbounded_one_finds(document in json(), path in prop::sample::select(PATHS)) {
        let document = document.to_string();
        prop_assert_eq!(find(path, &document), Some(unbounded(path, &document)));
    }
}

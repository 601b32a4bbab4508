//! The call that says that it is time to look. Read leniently: Telex' documents, its clients and its community do not agree on
//! types, and a watch must not stop because a switch came as a text.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{ONLY_FAILURES, SITE};

/// The most sites of one call: more belong into monitors of their own.
pub const MAX_SITES: usize = 20;
/// What people write into a switch to turn it on.
const ON: [&str; 4] = ["true", "yes", "on", "1"];

/// A call of Telex' clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// Where the result is to be posted; not judged yet.
    pub return_url: String,
    /// What is to be looked at, as the user typed it, trimmed.
    pub sites: Vec<String>,
    /// Whether nothing is to be posted while every site is up.
    pub only_failures: bool,
}

/// What is wrong with a call, in the shape of `FastAPI`, on which Telex' own examples are built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The way to what is wrong, from the outside in: `["body", "return_url"]`.
    pub loc: Vec<&'static str>,
    /// A sentence for people.
    pub msg: String,
    /// The machine's word.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

impl Problem {
    /// Something is wrong with a field of the body.
    pub fn of_field(field: &'static str, kind: &'static str, msg: impl Into<String>) -> Self {
        Self { loc: vec!["body", field], msg: msg.into(), kind }
    }

    fn of_body(kind: &'static str, msg: impl Into<String>) -> Self {
        Self { loc: vec!["body"], msg: msg.into(), kind }
    }

    fn missing(field: &'static str) -> Self {
        Self::of_field(field, "missing", "field required")
    }
}

impl Tick {
    /// Reads the body of a call.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(body: &[u8]) -> Result<Self, Vec<Problem>> {
        let fields: Map<String, Value> = match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => return Err(vec![Problem::of_body("dict_type", "the body should be a JSON object")]),
            Err(error) => {
                return Err(vec![Problem::of_body("json_invalid", format!("JSON decode error: {error}"))]);
            }
        };
        let mut problems = Vec::new();
        let return_url = match fields.get("return_url") {
            None | Some(Value::Null) => Err(Problem::missing("return_url")),
            Some(Value::String(url)) => Ok(url.trim()),
            Some(_) => Err(Problem::of_field("return_url", "string_type", "this should be a text")),
        };
        let return_url = return_url.unwrap_or_else(|problem| {
            problems.push(problem);
            ""
        });
        let settings = match fields.get("settings") {
            None | Some(Value::Null) => Err(Problem::missing("settings")),
            Some(Value::Array(settings)) => Ok(settings.as_slice()),
            Some(_) => Err(Problem::of_field("settings", "list_type", "this should be the list of settings")),
        };
        let settings = settings.unwrap_or_else(|problem| {
            problems.push(problem);
            &[]
        });
        let sites = sites(settings);
        if sites.len() > MAX_SITES {
            let msg = format!("these are {} sites; one call may name at most {MAX_SITES}", sites.len());
            problems.push(Problem::of_field("settings", "too_long", msg));
        }
        if problems.is_empty() {
            let only_failures = only_failures(settings);
            Ok(Self { return_url: return_url.to_owned(), sites, only_failures })
        } else {
            Err(problems)
        }
    }
}

/// The sites of the settings, in their order; blank ones were not filled in.
fn sites(settings: &[Value]) -> Vec<String> {
    settings
        .iter()
        .filter(|setting| label(setting).starts_with(SITE))
        .flat_map(values)
        .map(|site| site.trim().to_owned())
        .filter(|site| !site.is_empty())
        .collect()
}

fn only_failures(settings: &[Value]) -> bool {
    settings
        .iter()
        .filter(|setting| label(setting).replace([' ', '_'], "-") == ONLY_FAILURES)
        .flat_map(values)
        .any(|value| ON.contains(&value.trim().to_lowercase().as_str()))
}

/// The label of a setting; empty when it has none. Case differs between the documents.
fn label(setting: &Value) -> String {
    setting.get("label").and_then(Value::as_str).unwrap_or_default().trim().to_lowercase()
}

/// What the user chose: it comes as the `default`, and there is no other field for it.
fn values(setting: &Value) -> Vec<String> {
    setting.get("default").map(texts).unwrap_or_default()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Null | Value::Object(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Result<Tick, Vec<Problem>> {
        Tick::read(body.to_string().as_bytes())
    }

    fn with_settings(settings: &Value) -> Tick {
        read(&json!({ "return_url": "https://ping.telex.im/v1/return/x", "settings": settings })).unwrap()
    }

    #[test]
    fn the_call_of_telex_own_page_is_read() {
        let tick = read(&json!({
            "channel_id": "01936d11-a66f-7230-a907-cb6048ad051f",
            "return_url": "https://ping.telex.im/v1/return/01936d11-a66f-7230-a907-cb6048ad051f",
            "settings": [
                { "label": "site-1", "type": "text", "required": true, "default": "https://google.com" },
                { "label": "site-2", "default": "https://fake.example", "type": "text", "required": true },
                { "label": "interval", "type": "text", "required": true, "default": "* * * * *" },
            ],
        }))
        .unwrap();
        assert_eq!(tick.sites, ["https://google.com", "https://fake.example"]);
        assert!(!tick.only_failures);
    }

    #[test]
    fn sites_are_trimmed_blanks_skipped_and_labels_read_in_any_case() {
        let tick = with_settings(&json!([
            { "label": "site-1-url", "default": "  https://a.example " },
            { "label": " Site 2", "default": "https://b.example" },
            { "label": "site-3", "default": " " },
            { "label": "site-4", "default": null },
            { "label": "site-5" },
            { "label": "sites", "default": ["https://c.example", ""] },
            { "label": "website", "default": "https://no.example" },
            "nonsense",
            { "default": "https://no.example" },
            { "label": 7, "default": "https://no.example" },
        ]));
        assert_eq!(tick.sites, ["https://a.example", "https://b.example", "https://c.example"]);
    }

    #[test]
    fn the_switch_may_come_as_anything_that_means_yes() {
        for yes in [json!(true), json!("Yes"), json!("on"), json!(1), json!(["true"])] {
            assert!(
                with_settings(&json!([{ "label": "Only failures", "default": yes }])).only_failures,
                "{yes}"
            );
        }
        for no in [json!(false), json!("No"), json!(""), json!(0), json!(null), json!({})] {
            assert!(
                !with_settings(&json!([{ "label": "only-failures", "default": no }])).only_failures,
                "{no}"
            );
        }
    }

    #[test]
    fn what_is_missing_is_named_as_fastapi_would() {
        let problems = read(&json!({ "channel_id": "x" })).unwrap_err();
        let expected = json!([
            { "loc": ["body", "return_url"], "msg": "field required", "type": "missing" },
            { "loc": ["body", "settings"], "msg": "field required", "type": "missing" },
        ]);
        assert_eq!(serde_json::to_value(problems).unwrap(), expected);
        assert_eq!(Tick::read(b"{\"return").unwrap_err()[0].kind, "json_invalid");
        assert_eq!(Tick::read(b"").unwrap_err()[0].kind, "json_invalid");
        assert_eq!(Tick::read(b"[]").unwrap_err()[0].loc, ["body"]);
        let problems = read(&json!({ "return_url": 7, "settings": {} })).unwrap_err();
        assert_eq!([problems[0].kind, problems[1].kind], ["string_type", "list_type"]);
    }

    #[test]
    fn more_sites_than_a_call_may_name_are_refused_with_the_limit() {
        let settings = |count: usize| -> Vec<Value> {
            let site = |number| json!({ "label": format!("site-{number}"), "default": "https://a.example" });
            (0..count).map(site).collect()
        };
        assert_eq!(with_settings(&json!(settings(MAX_SITES))).sites.len(), MAX_SITES);
        let problems = read(&json!({ "return_url": "x", "settings": settings(MAX_SITES + 1) })).unwrap_err();
        assert_eq!(problems[0].loc, ["body", "settings"]);
        assert_eq!(problems[0].msg, "these are 21 sites; one call may name at most 20");
    }
}

//! What stands in an issue: templates filled in, and texts as Jira's documents.

use domain::message::{Body, Message};
use domain::time::Timestamp;
use serde_json::{Map, Value, json};

use crate::providers::words::{fit, link};

/// The longest text of a description or a comment, in characters.
const MAX_TEXT: usize = 32_000;

/// The values that templates may use, below `payload`.
pub(super) fn payload(message: &Message, now: Timestamp) -> Value {
    let mut payload = match &message.body {
        Body::Event(event) => event.payload.clone(),
        Body::Alert(alert) => {
            let mut data = serde_json::to_value(alert).unwrap_or_default();
            if let (Value::Object(data), Value::Object(fields)) = (&mut data, alert.uptinio(message.at)) {
                data.extend(fields);
            }
            data
        }
        Body::Acknowledged(taken) => serde_json::to_value(taken).unwrap_or_default(),
        Body::Group(group) => serde_json::to_value(group).unwrap_or_default(),
    };
    if !payload.is_object() {
        payload = Value::Object(Map::new());
    }
    if let Value::Object(fields) = &mut payload {
        for (name, text) in [
            ("headline", message.headline()),
            ("text", message.text(now)),
            ("link", link(message).unwrap_or_default()),
        ] {
            // What an event brings itself comes first.
            fields.entry(name).or_insert(Value::String(text));
        }
    }
    payload
}

/// Fills `{{payload.path.to.value}}`; what is not known stays as it is written, as does anything else between braces.
pub(super) fn fill(template: &str, payload: &Value) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(begin) = rest.find("{{") {
        let Some(length) = rest[begin..].find("}}") else { break };
        let (before, from) = rest.split_at(begin);
        let (written, after) = from.split_at(length + 2);
        text.push_str(before);
        let path = written[2..length].trim().strip_prefix("payload.");
        let value = path.and_then(|path| {
            path.split('.').try_fold(payload, |value, key| match value {
                Value::Array(items) => items.get(key.parse::<usize>().ok()?),
                other => other.get(key),
            })
        });
        match value {
            None | Some(Value::Null) => text.push_str(written),
            Some(Value::String(value)) => text.push_str(value),
            Some(value) => text.push_str(&value.to_string()),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// The value of a mapped field: JSON whose texts are filled in when the template is JSON of an object or a list, else a text.
pub(super) fn value(template: &str, payload: &Value) -> Value {
    match serde_json::from_str::<Value>(template) {
        Ok(json @ (Value::Object(_) | Value::Array(_))) => filled(json, payload),
        _ => Value::String(fill(template, payload)),
    }
}

fn filled(json: Value, payload: &Value) -> Value {
    match json {
        Value::String(template) => Value::String(fill(&template, payload)),
        Value::Array(items) => items.into_iter().map(|item| filled(item, payload)).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, filled(value, payload))).collect()
        }
        other => other,
    }
}

/// A text as a document (the Atlassian Document Format): empty lines part paragraphs, and a line that is an address is a link.
pub(super) fn document(text: &str) -> Value {
    let text = fit(text.trim(), MAX_TEXT);
    let mut paragraphs: Vec<Vec<Value>> = vec![Vec::new()];
    for line in text.lines() {
        let line = line.trim_end();
        let Some(last) = paragraphs.last_mut() else { break };
        if line.is_empty() {
            if !last.is_empty() {
                paragraphs.push(Vec::new());
            }
            continue;
        }
        if !last.is_empty() {
            last.push(json!({ "type": "hardBreak" }));
        }
        let mut node = json!({ "type": "text", "text": line });
        let is_address = line.starts_with("https://") || line.starts_with("http://");
        if is_address && !line.contains(char::is_whitespace) {
            node["marks"] = json!([{ "type": "link", "attrs": { "href": line } }]);
        }
        last.push(node);
    }
    let content: Vec<_> = paragraphs
        .into_iter()
        .filter(|nodes| !nodes.is_empty())
        .map(|nodes| json!({ "type": "paragraph", "content": nodes }))
        .collect();
    json!({ "type": "doc", "version": 1, "content": content })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_template_does_not_know_stays() {
        let payload = json!({ "a": { "b": [1, { "c": "x" }], "n": null } });
        assert_eq!(
            fill(
                "{{payload.a.b.1.c}} {{ payload.a.b }} {{payload.a.n}} {{payload.none}} {{other}} {{",
                &payload
            ),
            "x [1,{\"c\":\"x\"}] {{payload.a.n}} {{payload.none}} {{other}} {{"
        );
    }

    #[test]
    fn a_value_that_is_json_stays_json_whatever_fills_it() {
        let payload = json!({ "name": "a \"b\"" });
        assert_eq!(
            value(r#"{"value": "{{payload.name}}", "n": 1}"#, &payload),
            json!({ "value": "a \"b\"", "n": 1 })
        );
        assert_eq!(value(r#"["{{payload.name}}"]"#, &payload), json!(["a \"b\""]));
        assert_eq!(value("{{payload.name}}", &payload), json!("a \"b\""));
        assert_eq!(value("7", &payload), json!("7"));
    }

    #[test]
    fn a_document_has_no_empty_texts() {
        assert_eq!(document("  \n\n"), json!({ "type": "doc", "version": 1, "content": [] }));
        let text = |text: &str| json!({ "type": "text", "text": text });
        let link = "https://example.org/a";
        assert_eq!(
            document("one\ntwo\n\n\n\nhttps://example.org/a\n"),
            json!({ "type": "doc", "version": 1, "content": [
                { "type": "paragraph", "content": [text("one"), { "type": "hardBreak" }, text("two")] },
                { "type": "paragraph", "content": [
                    { "type": "text", "text": link, "marks": [{ "type": "link", "attrs": { "href": link } }] },
                ] },
            ] })
        );
    }
}

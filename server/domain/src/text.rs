//! What texts from outside may hold before they are kept.

use std::borrow::Cow;

use serde_json::Value;

/// What stands in the place of what cannot be kept: U+FFFD, as for bytes that are no text.
const REPLACEMENT: &str = "\u{fffd}";

/// A text without NUL characters, which PostgreSQL keeps neither in a text nor in JSON.
pub fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', REPLACEMENT)) } else { Cow::Borrowed(text) }
}

/// Does the same to every text inside a JSON value, names of fields included.
pub fn clean_json(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(clean) = without_nul(text) {
                *text = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(clean_json),
        Value::Object(fields) => {
            if fields.keys().any(|name| name.contains('\0')) {
                let named = std::mem::take(fields).into_iter();
                *fields = named.map(|(name, value)| (without_nul(&name).into_owned(), value)).collect();
            }
            fields.values_mut().for_each(clean_json);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_nul_is_left_anywhere() {
        assert_eq!(without_nul("a\0b"), "a\u{fffd}b");
        assert!(matches!(without_nul("grüße"), Cow::Borrowed("grüße")));
        let mut value = serde_json::json!({ "a\0": ["\0", { "b": "c\0" }], "d": 1 });
        clean_json(&mut value);
        assert_eq!(value, serde_json::json!({ "a\u{fffd}": ["\u{fffd}", { "b": "c\u{fffd}" }], "d": 1 }));
    }
}

//! Paths into JSON as upstream writes them (contracts.md, section 3.4).
//!
//! `response.access_token`, `[0].Price`, `Destinations.[0].Name`, `Destinations[0].Name`; a name with a dot or a bracket
//! in it stands in quotes: `['odd.name']`. A leading `$` may stand there and means nothing; an empty path is the whole.

use serde_json::Value;

/// The most parts of a path: deeper JSON is not read either (`serde_json` stops at 128).
const MAX_PARTS: usize = 64;
const SHAPE: &str = "write it as response.access_token, [0].Price or Destinations[0].Name";

/// A part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Name(String),
    Index(usize),
}

/// A path that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonPath(Vec<Part>);

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// A sentence that says how it should look.
    pub(super) fn parse(path: &str) -> Result<Self, String> {
        let wrong = || format!("“{}” is no path into JSON; {SHAPE}.", path.escape_debug());
        let mut parts = Vec::new();
        let mut rest = path.trim();
        if let Some(behind) = rest.strip_prefix('$')
            && (behind.is_empty() || behind.starts_with(['.', '[']))
        {
            rest = behind.strip_prefix('.').unwrap_or(behind);
            if rest.is_empty() && !behind.is_empty() {
                return Err(wrong());
            }
        }
        while !rest.is_empty() {
            if parts.len() >= MAX_PARTS {
                return Err(format!("A path has at most {MAX_PARTS} parts."));
            }
            let (part, behind) = bracket(rest).or_else(|| name(rest)).ok_or_else(wrong)?;
            parts.push(part);
            rest = behind;
            if let Some(behind) = rest.strip_prefix('.') {
                if behind.is_empty() || behind.starts_with('.') {
                    return Err(wrong());
                }
                rest = behind;
            } else if !rest.is_empty() && !rest.starts_with('[') {
                return Err(wrong());
            }
        }
        Ok(Self(parts))
    }

    /// What the path leads to.
    pub(super) fn find<'a>(&self, json: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(json, |value, part| match part {
            Part::Name(name) => value.as_object()?.get(name),
            Part::Index(index) => value.as_array()?.get(*index),
        })
    }
}

fn bracket(text: &str) -> Option<(Part, &str)> {
    let inside = text.strip_prefix('[')?;
    for quote in ['\'', '"'] {
        if let Some(quoted) = inside.strip_prefix(quote) {
            let (name, behind) = quoted.split_once(quote)?;
            return Some((Part::Name(name.to_owned()), behind.strip_prefix(']')?));
        }
    }
    let (index, behind) = inside.split_once(']')?;
    Some((Part::Index(index.trim().parse().ok()?), behind))
}

fn name(text: &str) -> Option<(Part, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, behind) = text.split_at(end);
    (!name.is_empty() && !name.contains(']')).then(|| (Part::Name(name.to_owned()), behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_the_documentation_finds_its_value() {
        let json: Value = serde_json::from_str(
            r#"{"response":{"access_token":"T"},"Destinations":[{"Name":"Alpha"},{"Name":"Risa"}],"a.b":{"c]":1},"$x":2}"#,
        )
        .unwrap();
        for (path, expected) in [
            ("response.access_token", Some("\"T\"")),
            ("$.response.access_token", Some("\"T\"")),
            ("Destinations.[0].Name", Some("\"Alpha\"")),
            ("Destinations[1].Name", Some("\"Risa\"")),
            ("['a.b'][\"c]\"]", Some("1")),
            ("$x", Some("2")),
            ("Destinations[2].Name", None),
            ("response[0]", None),
            ("Response", None),
        ] {
            let found = JsonPath::parse(path).unwrap().find(&json).map(ToString::to_string);
            assert_eq!(found.as_deref(), expected, "{path}");
        }
        let list: Value = serde_json::from_str(r#"[{"Price":20000}]"#).unwrap();
        assert_eq!(JsonPath::parse("[0].Price").unwrap().find(&list).unwrap(), 20_000);
        assert_eq!(JsonPath::parse("").unwrap().find(&list), Some(&list));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["a..b", ".a", "a.", "a[", "a[x]", "a[-1]", "a]", "[0]a", "['a'", "$.", &"a.".repeat(100)]
        {
            assert!(JsonPath::parse(path).is_err(), "{path}");
        }
    }
}

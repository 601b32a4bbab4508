//! Where a value comes from: parts of an answer (contracts.md, section 3.4).

use std::cell::{Cell, OnceCell};

use roxmltree::{Document, ParsingOptions};
use serde_json::Value;

use super::{MAX_BODY_BYTES, Response, json_path::JsonPath, xpath::XPath};
use crate::{
    choices,
    template::{Pattern, pattern::MAX_COST},
};

/// The most nodes of an XML answer.
const MAX_XML_NODES: u32 = 200_000;

/// How many searches of the highest cost one answer is worth: 1.6 s at worst.
const MAX_SEARCHES: u64 = 4;

choices! {
    /// A part of an answer.
    Source {
        /// A value of a JSON body; the property is a path such as `response.access_token`, see [`super::json_path`].
        Json = "json", "Response body as JSON";
        /// A value of an XML body; the property is a path such as `/AuthInfo/token/text()`, see [`super::xpath`].
        Xml = "xml", "Response body as XML";
        /// The body; or, when the property is a pattern, its first group or match.
        Text = "text", "Response body as text";
        /// The number of the status.
        StatusCode = "status_code", "Status code";
        /// The words of the status.
        StatusDescription = "status_description", "Status description";
        /// Whether there was an answer: `true` or `false`.
        Completed = "completed", "Response completed";
        /// A header; the property is its name.
        Header = "header", "Response header";
        /// A cookie; the property is its name.
        Cookie = "cookie", "Cookie";
        /// The bytes of the body, decompressed.
        ContentLength = "content_length", "Content length";
        /// How long it took, in milliseconds.
        Duration = "duration", "Duration";
        /// What a template gives, such as `{{severity({{status}})}}`; the property is the template.
        Expression = "expression", "Execute function";
    }
}

impl Source {
    /// Whether a property must say which value is meant.
    pub fn needs_property(self) -> bool {
        matches!(self, Self::Json | Self::Xml | Self::Header | Self::Cookie | Self::Expression)
    }

    /// Whether a property means anything.
    pub fn has_property(self) -> bool {
        self.needs_property() || self == Self::Text
    }

    /// Judges a property that has been filled in.
    ///
    /// # Errors
    /// A sentence that says how it should look.
    pub(super) fn check_property(self, property: &str) -> Result<(), String> {
        match self {
            Self::Json => JsonPath::parse(property).map(|_| ()),
            Self::Xml => XPath::parse(property).map(|_| ()),
            Self::Text if !property.is_empty() => Pattern::parse(property).map(|_| ()),
            Self::Header | Self::Cookie if property.trim().is_empty() => {
                Err("Please fill in the name.".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// What stands at a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing.
    Missing,
    /// JSON's `null`.
    Null,
    /// A value; JSON lists and objects are their JSON.
    Text(String),
}

/// Reads an answer; JSON and XML are read once, however many values are asked for.
pub(super) struct Reader<'a> {
    response: &'a Response,
    json: OnceCell<Result<Value, String>>,
    xml: OnceCell<Result<Document<'a>, String>>,
    /// What patterns cost so far.
    searched: Cell<u64>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(response: &'a Response) -> Self {
        Self { response, json: OnceCell::new(), xml: OnceCell::new(), searched: Cell::new(0) }
    }

    /// The value at a source other than [`Source::Expression`].
    ///
    /// # Errors
    /// A sentence that says why nothing can be read there.
    pub(super) fn read(&self, source: Source, property: &str) -> Result<Found, String> {
        let Response { completed, status, reason, content_length, duration_ms, .. } = self.response;
        let text = |found: Option<String>| found.map_or(Found::Missing, Found::Text);
        match source {
            Source::Completed => return Ok(Found::Text(completed.to_string())),
            Source::Duration => return Ok(Found::Text(duration_ms.to_string())),
            _ if !completed => return Err("There was no answer.".to_owned()),
            _ => {}
        }
        Ok(match source {
            Source::Json => match JsonPath::parse(property)?.find(self.json()?) {
                None => Found::Missing,
                Some(Value::Null) => Found::Null,
                Some(Value::String(text)) => Found::Text(text.clone()),
                Some(other) => Found::Text(other.to_string()),
            },
            Source::Xml => XPath::parse(property)?.find(self.xml()?)?,
            Source::Text if property.is_empty() => Found::Text(self.body()?.to_owned()),
            Source::Text => text(self.search(&Pattern::parse(property)?)?),
            Source::StatusCode => Found::Text(status.to_string()),
            Source::StatusDescription => Found::Text(reason.clone()),
            Source::Header => text(self.response.header(property.trim())),
            Source::Cookie => text(self.response.cookie(property.trim()).map(str::to_owned)),
            Source::ContentLength => Found::Text(content_length.to_string()),
            Source::Completed | Source::Duration | Source::Expression => Found::Missing,
        })
    }

    fn body(&self) -> Result<&'a str, String> {
        let body = self.response.body.as_str();
        if body.len() > MAX_BODY_BYTES {
            return Err(format!("The body is longer than {} MB.", MAX_BODY_BYTES >> 20));
        }
        Ok(body)
    }

    fn search(&self, pattern: &Pattern) -> Result<Option<String>, String> {
        let body = self.body()?;
        let cost = pattern.cost(body);
        self.searched.set(self.searched.get().saturating_add(cost));
        if cost > MAX_COST || self.searched.get() > MAX_SEARCHES * MAX_COST {
            return Err(
                "The body is too long for patterns of this size and number; use smaller ones.".to_owned()
            );
        }
        Ok(pattern.first_match(body).map(str::to_owned))
    }

    fn json(&self) -> Result<&Value, String> {
        let read =
            || serde_json::from_str(self.body()?).map_err(|error| format!("The body is not JSON: {error}."));
        self.json.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    fn xml(&self) -> Result<&Document<'a>, String> {
        let read = || {
            // No DTD: it could define entities that grow without end.
            let options =
                ParsingOptions { allow_dtd: false, nodes_limit: MAX_XML_NODES, ..Default::default() };
            Document::parse_with_options(self.body()?, options)
                .map_err(|error| format!("The body is not XML: {error}."))
        };
        self.xml.get_or_init(read).as_ref().map_err(Clone::clone)
    }
}

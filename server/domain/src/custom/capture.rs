//! Taking variables out of an answer, for the steps that follow.

use serde::{Deserialize, Serialize};

use super::{
    HttpStep, Response, Source,
    source::{Found, Reader},
};
use crate::{
    check::{evidence::clip, redact::is_sensitive},
    secret::MASK,
    template::{Scope, Template},
};

/// The most of a value that is shown, in bytes.
const MAX_SHOWN_BYTES: usize = 256;

/// A variable that is taken from an answer, over an earlier one of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// The name by which the steps behind use it.
    pub variable: String,
    /// Where its value stands.
    pub source: Source,
    /// Which value there, a template; see [`Source`].
    #[serde(default)]
    pub property: String,
    /// Whether it is masked wherever it would be shown. A name that announces a secret, such as `access_token`, is enough, be it the
    /// variable's own or that of the place it comes from.
    #[serde(default)]
    pub secret: bool,
}

impl Capture {
    /// Whether the value is masked wherever it would be shown.
    pub fn is_secret(&self) -> bool {
        let named = matches!(self.source, Source::Json | Source::Xml | Source::Header);
        self.secret || is_sensitive(&self.variable) || (named && is_sensitive(&self.property))
    }
}

/// A variable that was captured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// Its name.
    pub variable: String,
    /// The start of its value, masked when it is secret.
    pub shown: String,
}

/// Why a variable could not be captured; it fails the step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The variable “{variable}” could not be captured: {reason}")]
pub struct CaptureError {
    /// Which, counted from 0.
    pub number: usize,
    /// Its name.
    pub variable: String,
    /// A sentence.
    pub reason: String,
}

/// Takes the variables of a step out of its answer and sets them in the scope, one after the other.
///
/// # Errors
/// The first that fails; the ones before it stay set.
pub fn captures(
    step: &HttpStep,
    response: &Response,
    scope: &mut Scope,
) -> Result<Vec<Captured>, CaptureError> {
    let reader = Reader::new(response);
    let mut captured = Vec::with_capacity(step.captures.len());
    for (number, capture) in step.captures.iter().enumerate() {
        let variable = capture.variable.clone();
        let value = value(capture.source, &capture.property, &reader, scope).and_then(|found| match found {
            Found::Text(text) => Ok(text),
            Found::Null => Ok(String::new()),
            Found::Missing => Err("the answer has nothing there.".to_owned()),
        });
        let value = match value {
            Ok(value) => value,
            Err(reason) => return Err(CaptureError { number, variable, reason: scope.mask(&reason) }),
        };
        if capture.is_secret() {
            scope.set_secret(&variable, value);
            captured.push(Captured { variable, shown: MASK.to_owned() });
        } else {
            let shown = clip(&scope.mask(&value), MAX_SHOWN_BYTES).to_owned();
            scope.set(&variable, value);
            captured.push(Captured { variable, shown });
        }
    }
    Ok(captured)
}

/// The value of a source whose property is a template.
pub(super) fn value(
    source: Source,
    property: &str,
    reader: &Reader<'_>,
    scope: &mut Scope,
) -> Result<Found, String> {
    let property = if source.has_property() { fill(property, scope)? } else { String::new() };
    match source {
        Source::Expression => Ok(Found::Text(property)),
        _ => reader.read(source, &property),
    }
}

/// Fills a short template in.
pub(super) fn fill(source: &str, scope: &mut Scope) -> Result<String, String> {
    let template = Template::parse(source).map_err(|error| error.to_string())?;
    template.render(scope).map(|rendered| rendered.text).map_err(|error| error.to_string())
}

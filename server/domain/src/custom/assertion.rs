//! What must be true of an answer (contracts.md, section 3.4).

use serde::{Deserialize, Serialize};

use super::{
    HttpStep, Response, Source,
    capture::{fill, value},
    source::{Found, Reader},
};
use crate::{
    check::{AssertionResult, evidence::clip},
    choices,
    form::Choice as _,
    template::Scope,
};

/// The most of a found value that is kept, in bytes.
const MAX_ACTUAL_BYTES: usize = 256;
/// The first status that means that the message was not taken. A redirect is not followed, so behind it nobody was told.
const FIRST_NOT_TAKEN: &str = "300";
/// What to do about a redirect.
pub const NOT_FOLLOWED: &str = "redirects are not followed; use the address that it leads to.";

choices! {
    /// How a value is compared. What is missing satisfies only "does not exist".
    Comparison {
        /// The same text, whatever the case, or the same number.
        Equal = "equal", "is equal to";
        /// The opposite.
        NotEqual = "not_equal", "is not equal to";
        /// The target is a part of the text.
        Contains = "contains", "contains";
        /// The opposite.
        NotContains = "not_contains", "does not contain";
        /// A smaller number.
        Less = "less", "is less than";
        /// A smaller or the same number.
        LessOrEqual = "less_or_equal", "is less than or equal to";
        /// A larger number.
        Greater = "greater", "is greater than";
        /// A larger or the same number.
        GreaterOrEqual = "greater_or_equal", "is greater than or equal to";
        /// A text of no length.
        Empty = "empty", "is empty";
        /// A text of any length.
        NotEmpty = "not_empty", "is not empty";
        /// JSON's `null`.
        Null = "null", "is null";
        /// Anything else.
        NotNull = "not_null", "is not null";
        /// There is a value, even `null`.
        Exists = "exists", "exists";
        /// There is none.
        NotExists = "not_exists", "does not exist";
        /// Nothing: it only cancels the default assertion about the same source.
        Ignored = "ignored", "should be ignored";
    }
}

impl Comparison {
    /// Whether it compares with a target.
    pub fn needs_target(self) -> bool {
        self.is_numeric() || matches!(self, Self::Equal | Self::NotEqual | Self::Contains | Self::NotContains)
    }

    /// Whether both sides must be numbers.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual)
    }

    fn label(self) -> &'static str {
        Self::OPTIONS.iter().find(|(value, _)| *value == self.as_str()).map_or("", |(_, label)| *label)
    }

    fn holds(self, found: &Found, target: &str) -> bool {
        let text = match found {
            Found::Missing => return self == Self::NotExists,
            Found::Null => match self {
                Self::Null | Self::Exists | Self::NotEqual | Self::NotContains => return true,
                _ => return false,
            },
            Found::Text(text) => text,
        };
        let numbers = || Some((number(text)?, number(target)?));
        let equal = || {
            text.to_lowercase() == target.to_lowercase()
                || numbers().is_some_and(|(found, target)| found.total_cmp(&target).is_eq())
        };
        match self {
            Self::Equal => equal(),
            Self::NotEqual => !equal(),
            Self::Contains => text.contains(target),
            Self::NotContains => !text.contains(target),
            Self::Less => numbers().is_some_and(|(found, target)| found < target),
            Self::LessOrEqual => numbers().is_some_and(|(found, target)| found <= target),
            Self::Greater => numbers().is_some_and(|(found, target)| found > target),
            Self::GreaterOrEqual => numbers().is_some_and(|(found, target)| found >= target),
            Self::Empty => text.is_empty(),
            Self::NotEmpty => !text.is_empty(),
            Self::Null | Self::NotExists => false,
            Self::NotNull | Self::Exists | Self::Ignored => true,
        }
    }
}

/// Something that must be true of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepAssertion {
    /// Where the value stands.
    pub source: Source,
    /// Which value there, a template; see [`Source`].
    #[serde(default)]
    pub property: String,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what, a template.
    #[serde(default)]
    pub target: String,
}

impl StepAssertion {
    fn on(source: Source, comparison: Comparison, target: &str) -> Self {
        Self { source, property: String::new(), comparison, target: target.to_owned() }
    }
}

/// Judges the assertions of a step and the two default ones: "response completed is equal to true" and "status code is
/// less than 300". Each default is dropped when the author wrote an assertion about the same source, and that of the status
/// also when there was no answer to have one.
pub fn assertions(step: &HttpStep, response: &Response, scope: &mut Scope) -> Vec<AssertionResult> {
    let reader = Reader::new(response);
    let wrote = |source| step.assertions.iter().any(|assertion| assertion.source == source);
    let completed =
        (!wrote(Source::Completed)).then(|| StepAssertion::on(Source::Completed, Comparison::Equal, "true"));
    let status = (response.completed && !wrote(Source::StatusCode))
        .then(|| StepAssertion::on(Source::StatusCode, Comparison::Less, FIRST_NOT_TAKEN));
    let defaults = completed.iter().chain(&status);
    let written = step.assertions.iter().filter(|assertion| assertion.comparison != Comparison::Ignored);
    defaults.chain(written).map(|assertion| judge(assertion, &reader, scope)).collect()
}

/// The first assertion that does not hold, as a sentence.
pub fn failure(results: &[AssertionResult]) -> Option<String> {
    let result = results.iter().find(|result| !result.passed)?;
    let AssertionResult { subject, comparison, expected, actual, .. } = result;
    let limited = subject == label(Source::StatusCode)
        && comparison == Comparison::Less.label()
        && expected == FIRST_NOT_TAKEN;
    if let Some(status) = actual.as_deref().filter(|actual| limited && actual.starts_with('3')) {
        return Some(format!("HTTP {status}: {NOT_FOLLOWED}"));
    }
    let target = if expected.is_empty() { String::new() } else { format!(" “{expected}”") };
    let found =
        actual.as_ref().map_or_else(|| "there is nothing".to_owned(), |actual| format!("it is “{actual}”"));
    Some(format!("“{subject}” should hold: {comparison}{target}; {found}."))
}

fn judge(assertion: &StepAssertion, reader: &Reader<'_>, scope: &mut Scope) -> AssertionResult {
    let StepAssertion { source, property, comparison, target } = assertion;
    let label = label(*source);
    let subject = if property.is_empty() { label.to_owned() } else { format!("{label} {property}") };
    let target = if comparison.needs_target() { fill(target, scope) } else { Ok(String::new()) };
    let judged = target.and_then(|target| Ok((value(*source, property, reader, scope)?, target)));
    let (passed, actual, expected) = match judged {
        Ok((found, target)) => {
            let passed = comparison.holds(&found, &target);
            let actual = match found {
                Found::Missing => None,
                Found::Null => Some("null".to_owned()),
                Found::Text(text) => Some(text),
            };
            (passed, actual, target)
        }
        Err(reason) => (false, Some(reason), assertion.target.clone()),
    };
    let shown = |text: &str| clip(&scope.mask(text), MAX_ACTUAL_BYTES).to_owned();
    AssertionResult {
        subject: shown(&subject),
        comparison: comparison.label().to_owned(),
        expected: shown(&expected),
        actual: actual.as_deref().map(shown),
        passed,
    }
}

fn label(source: Source) -> &'static str {
    Source::OPTIONS.iter().find(|(value, _)| *value == source.as_str()).map_or("", |(_, label)| *label)
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn answer(body: &str) -> Response {
        Response {
            completed: true,
            status: 200,
            reason: "OK".to_owned(),
            headers: vec![("X-Id".to_owned(), "7".to_owned())],
            body: body.to_owned(),
            content_length: body.len() as u64,
            duration_ms: 120,
            ..Response::default()
        }
    }

    fn step(assertions: Vec<StepAssertion>) -> HttpStep {
        HttpStep { assertions, ..HttpStep::to("https://example.org") }
    }

    fn scope() -> Scope {
        let mut scope = Scope::new(Timestamp(0), || 0);
        scope.set("id", "7");
        scope
    }

    #[test]
    fn every_comparison_judges_as_its_name_says() {
        use Comparison::*;
        let response = answer(r#"{"text":"Chocolate","n":12,"none":null,"empty":"","list":[1]}"#);
        for (property, comparison, target, expected) in [
            ("text", Equal, "chocolate", true),
            ("text", Equal, "choco", false),
            ("n", Equal, "12.0", true),
            ("text", NotEqual, "x", true),
            ("missing", NotEqual, "x", false),
            ("text", Contains, "colat", true),
            ("text", Contains, "COLAT", false),
            ("text", NotContains, "x", true),
            ("n", Less, "13", true),
            ("n", LessOrEqual, "12", true),
            ("n", Greater, "12", false),
            ("n", GreaterOrEqual, "12", true),
            ("text", Less, "13", false),
            ("empty", Empty, "", true),
            ("none", Empty, "", false),
            ("text", NotEmpty, "", true),
            ("n", NotEmpty, "", true),
            ("none", Null, "", true),
            ("none", NotNull, "", false),
            ("n", NotNull, "", true),
            ("missing", NotNull, "", false),
            ("none", Exists, "", true),
            ("missing", NotExists, "", true),
            ("n", NotExists, "", false),
            ("list", Equal, "[1]", true),
            ("n", Equal, "{{@RandomInt(12,12)}}", true),
        ] {
            let assertion = StepAssertion {
                source: Source::Json,
                property: property.into(),
                comparison,
                target: target.into(),
            };
            let results = assertions(&step(vec![assertion]), &response, &mut scope());
            assert_eq!(results[2].passed, expected, "{property} {comparison:?} {target}: {:?}", results[2]);
        }
    }

    #[test]
    fn the_defaults_hold_until_the_author_says_otherwise() {
        let mut response = answer("");
        let names = |step: &HttpStep, response: &Response| -> Vec<(String, bool)> {
            assertions(step, response, &mut scope()).into_iter().map(|r| (r.subject, r.passed)).collect()
        };
        response.status = 500;
        let expected = [("Response completed".to_owned(), true), ("Status code".to_owned(), false)];
        assert_eq!(names(&step(vec![]), &response), expected);
        let own = step(vec![StepAssertion::on(Source::StatusCode, Comparison::Equal, "500")]);
        assert_eq!(
            names(&own, &response),
            [("Response completed".to_owned(), true), ("Status code".to_owned(), true)]
        );
        let ignored = step(vec![StepAssertion::on(Source::StatusCode, Comparison::Ignored, "")]);
        assert_eq!(names(&ignored, &response), [("Response completed".to_owned(), true)]);
        assert_eq!(names(&step(vec![]), &Response::failed(9)), [("Response completed".to_owned(), false)]);
        let turned = step(vec![StepAssertion::on(Source::Completed, Comparison::Equal, "false")]);
        assert_eq!(names(&turned, &Response::failed(9)), [("Response completed".to_owned(), true)]);
    }

    #[test]
    fn a_redirect_is_no_success_unless_the_author_says_so() {
        let said = |step: &HttpStep, status| {
            failure(&assertions(step, &Response { status, ..answer("") }, &mut scope()))
        };
        for status in [300, 301, 302, 304, 307, 308, 399] {
            let sentence = format!("HTTP {status}: {NOT_FOLLOWED}");
            assert_eq!(said(&step(vec![]), status), Some(sentence));
            for own in [
                StepAssertion::on(Source::StatusCode, Comparison::Less, "400"),
                StepAssertion::on(Source::StatusCode, Comparison::Ignored, ""),
            ] {
                assert_eq!(said(&step(vec![own]), status), None);
            }
        }
        assert_eq!([200, 204, 299].map(|status| said(&step(vec![]), status)), [None, None, None]);
        assert!(said(&step(vec![]), 500).unwrap().contains("it is “500”"));
    }

    #[test]
    fn a_failure_is_a_sentence_without_secrets() {
        let mut scope = scope();
        scope.set_secret("token", "hunter2");
        let assertion = StepAssertion::on(Source::Text, Comparison::Equal, "{{token}}");
        let results = assertions(&step(vec![assertion]), &answer("you sent hunter2"), &mut scope);
        let sentence = failure(&results).unwrap();
        assert!(sentence.contains("Response body as text") && sentence.contains("is equal to"), "{sentence}");
        assert!(!sentence.contains("hunter2"), "{sentence}");
        assert_eq!(failure(&[]), None);
    }
}

//! Rules over a body: keywords, a pattern, and assertions.

use regex::Regex;

use super::{
    assertion::{Assertion, AssertionResult, CompiledAssertion, compile_regex},
    failure::Failure,
    json_tree::Tree,
};
use crate::form::FieldError;

/// The rules over a body, ready to be judged any number of times.
#[derive(Debug, Default)]
pub struct BodyRules {
    keyword: Option<String>,
    absent_keyword: Option<String>,
    regex: Option<Regex>,
    assertions: Vec<CompiledAssertion>,
}

impl BodyRules {
    /// Compiles the rules.
    ///
    /// # Errors
    /// The field (`regex` or `assertions`) and a sentence for each rule that cannot be compiled.
    pub fn compile(
        keyword: Option<&str>,
        absent_keyword: Option<&str>,
        regex: Option<&str>,
        assertions: &[Assertion],
    ) -> Result<Self, Vec<FieldError>> {
        let mut rules = Self {
            keyword: keyword.map(str::to_owned),
            absent_keyword: absent_keyword.map(str::to_owned),
            ..Self::default()
        };
        let mut errors = Vec::new();
        match regex.map(compile_regex).transpose() {
            Ok(regex) => rules.regex = regex,
            Err(message) => errors.push(FieldError::new("regex", message)),
        }
        for assertion in assertions {
            match assertion.compile() {
                Ok(compiled) => rules.assertions.push(compiled),
                Err(message) => errors.push(FieldError::new("assertions", message)),
            }
        }
        if errors.is_empty() { Ok(rules) } else { Err(errors) }
    }

    /// Whether the body has to be looked at.
    pub fn is_empty(&self) -> bool {
        self.keyword.is_none()
            && self.absent_keyword.is_none()
            && self.regex.is_none()
            && self.assertions.is_empty()
    }

    /// Whether the start of a body that holds what they look for is enough.
    pub fn only_look_for_something(&self) -> bool {
        self.absent_keyword.is_none() && self.assertions.is_empty()
    }

    /// Whether judging may take long: it does not belong on a thread on which others wait.
    pub fn may_take_long(&self) -> bool {
        !self.assertions.is_empty()
    }

    /// Judges a body: each rule's result, and the failure of the first that does not hold.
    pub fn judge(&self, body: &str) -> (Vec<AssertionResult>, Option<Failure>) {
        let mut results = Vec::new();
        let mut failure = None;
        let mut note =
            |subject: &str, comparison: &str, expected: &str, passed: bool, because: &dyn Fn() -> Failure| {
                results.push(AssertionResult {
                    subject: subject.to_owned(),
                    comparison: comparison.to_owned(),
                    expected: expected.to_owned(),
                    actual: None,
                    passed,
                });
                if !passed && failure.is_none() {
                    failure = Some(because());
                }
            };
        if let Some(keyword) = &self.keyword {
            let because = || Failure::KeywordMissing { keyword: keyword.clone() };
            note("body", "contains", keyword, body.contains(keyword.as_str()), &because);
        }
        if let Some(keyword) = &self.absent_keyword {
            let because = || Failure::KeywordPresent { keyword: keyword.clone() };
            note("body", "does not contain", keyword, !body.contains(keyword.as_str()), &because);
        }
        if let Some(regex) = &self.regex {
            let because = || Failure::RegexMismatch { pattern: regex.as_str().to_owned() };
            note("body", "matches", regex.as_str(), regex.is_match(body), &because);
        }
        if !self.assertions.is_empty() {
            match Tree::parse(body) {
                Ok(json) => {
                    for assertion in &self.assertions {
                        let (result, failed) = assertion.judge(&json);
                        results.push(result);
                        failure = failure.or(failed);
                    }
                }
                Err(error) => failure = failure.or(Some(Failure::NotJson { reason: error.to_string() })),
            }
        }
        (results, failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"status":"ok"}"#;

    #[test]
    fn the_first_rule_that_does_not_hold_is_the_failure() {
        let assertions = [Assertion::parse_line("$.status equals down").unwrap()];
        let rules = BodyRules::compile(Some("ok"), Some("error"), None, &assertions).unwrap();
        let (results, failure) = rules.judge(BODY);
        assert_eq!(results.iter().map(|result| result.passed).collect::<Vec<_>>(), [true, true, false]);
        let Some(Failure::AssertionFailed { actual, .. }) = failure else { panic!("{failure:?}") };
        assert_eq!(actual.as_deref(), Some("ok"));
        assert!(matches!(rules.judge("not json ok").1, Some(Failure::NotJson { .. })));
    }
}

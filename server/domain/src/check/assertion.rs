//! Assertions about values in a JSON body, found by JSONPath (RFC 9535).

use std::fmt;

use jsonpath_rust::parser::{model::JpQuery, parse_json_path};
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::{
    evidence::clip,
    failure::Failure,
    json_tree::{Node, Tree},
};
use crate::{choices, form::Choice as _};

/// The most memory that a compiled pattern may take, in bytes: more means a pattern that would also be slow.
const MAX_REGEX_BYTES: usize = 1 << 20;
/// The most of a found value that is kept, in bytes.
const MAX_ACTUAL_BYTES: usize = 256;

choices! {
    /// How a found value is compared with the asserted one. Numbers written as text compare as numbers.
    Operator {
        /// The same text or number.
        Equals = "equals", "equals";
        /// Another text or number; with several values found, none of them is the same.
        NotEquals = "notEquals", "does not equal";
        /// A part of the text, or an item of the list.
        Contains = "contains", "contains";
        /// The start of the text.
        StartsWith = "startsWith", "starts with";
        /// The end of the text.
        EndsWith = "endsWith", "ends with";
        /// Matches the regular expression.
        Matches = "matches", "matches";
        /// Something is found.
        Exists = "exists", "exists";
        /// Nothing is found.
        NotExists = "notExists", "does not exist";
        /// A smaller number.
        LessThan = "lessThan", "is less than";
        /// A smaller or the same number.
        LessThanOrEqual = "lessThanOrEqual", "is at most";
        /// A larger number.
        GreaterThan = "greaterThan", "is greater than";
        /// A larger or the same number.
        GreaterThanOrEqual = "greaterThanOrEqual", "is at least";
    }
}

impl Operator {
    /// Whether it compares with a value at all.
    pub fn needs_value(self) -> bool {
        !matches!(self, Self::Exists | Self::NotExists)
    }

    fn is_numeric(self) -> bool {
        matches!(self, Self::LessThan | Self::LessThanOrEqual | Self::GreaterThan | Self::GreaterThanOrEqual)
    }

    fn from_token(token: &str) -> Option<Self> {
        match token {
            "==" | "=" => Some(Self::Equals),
            "!=" => Some(Self::NotEquals),
            "=~" => Some(Self::Matches),
            "<" => Some(Self::LessThan),
            "<=" => Some(Self::LessThanOrEqual),
            ">" => Some(Self::GreaterThan),
            ">=" => Some(Self::GreaterThanOrEqual),
            word => Self::parse(word),
        }
    }
}

/// A value in a JSON body and what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertion {
    /// The JSONPath, such as `$.status`.
    pub path: String,
    /// The comparison.
    pub operator: Operator,
    /// What is asserted; empty for `exists` and `notExists`.
    #[serde(default)]
    pub value: String,
}

impl Assertion {
    /// Reads `PATH OPERATOR VALUE`, such as `$.queue.length lessThan 100`; `== != =~ < <= > >=` are understood too.
    ///
    /// # Errors
    /// A sentence that says what is missing and how it should look.
    pub fn parse_line(line: &str) -> Result<Self, String> {
        const SHAPE: &str = "write it as PATH OPERATOR VALUE, such as $.status equals ok";
        let mut from = 0;
        while let Some(gap) = line[from..].find(char::is_whitespace).map(|at| at + from) {
            let rest = line[gap..].trim_start();
            let token = rest.split_whitespace().next().unwrap_or_default();
            let path = line[..gap].trim();
            // A filter such as `$[?(@.a == 1)]` has operators in it: only one behind a whole path counts.
            if let Some(operator) = Operator::from_token(token)
                && parse_json_path(path).is_ok()
            {
                let value = rest[token.len()..].trim().to_owned();
                let assertion = Self { path: path.to_owned(), operator, value };
                return assertion.compile().map(|_| assertion);
            }
            from = line.len() - rest.len();
        }
        Err(format!("“{line}” has no path followed by an operator; {SHAPE}."))
    }

    pub(super) fn compile(&self) -> Result<CompiledAssertion, String> {
        let path = parse_json_path(&self.path).map_err(|_| {
            format!(
                "“{}” is not a JSONPath; it starts with $ and looks like $.status or $.items[0].name.",
                self.path
            )
        })?;
        if self.operator.needs_value() && self.value.is_empty() && self.operator != Operator::Equals {
            return Err(format!("“{} {}” needs a value behind it.", self.path, self.operator.as_str()));
        }
        let number = self.value.trim().parse::<f64>().ok();
        if number.is_none() && self.operator.is_numeric() {
            return Err(format!("“{}” needs a number, not “{}”.", self.operator.as_str(), self.value));
        }
        let regex = match self.operator {
            Operator::Matches => Some(compile_regex(&self.value)?),
            _ => None,
        };
        let nested = serde_json::from_str(&self.value).ok().filter(Node::is_nested);
        Ok(CompiledAssertion { assertion: self.clone(), path, number, nested, regex })
    }
}

impl fmt::Display for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.operator.as_str())?;
        if self.value.is_empty() { Ok(()) } else { write!(f, " {}", self.value) }
    }
}

/// How one rule was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssertionResult {
    /// What was looked at: a JSONPath, or `body`.
    pub subject: String,
    /// The comparison, in words.
    pub comparison: String,
    /// What was asserted.
    pub expected: String,
    /// What was there; `None` when nothing was, or when it is the whole body.
    pub actual: Option<String>,
    /// Whether it holds.
    pub passed: bool,
}

/// A regular expression within the memory limit.
///
/// # Errors
/// A sentence that says where the pattern is wrong.
pub fn compile_regex(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(MAX_REGEX_BYTES).build().map_err(|error| {
        // The last line of a syntax error is the reason; the lines before draw a pointer.
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!("“{pattern}” is not a regular expression: {reason}.")
    })
}

/// An assertion, ready to be judged any number of times.
#[derive(Debug)]
pub(super) struct CompiledAssertion {
    assertion: Assertion,
    path: JpQuery,
    number: Option<f64>,
    /// The asserted value, when it is a list or an object.
    nested: Option<Node>,
    regex: Option<Regex>,
}

impl CompiledAssertion {
    pub(super) fn judge(&self, json: &Tree) -> (AssertionResult, Option<Failure>) {
        let Assertion { path, operator, value } = &self.assertion;
        let result = |actual, passed| AssertionResult {
            subject: path.clone(),
            comparison: operator.as_str().to_owned(),
            expected: value.clone(),
            actual,
            passed,
        };
        let Some(found) = json.find(&self.path) else {
            return (result(None, false), Some(Failure::SearchTooLong { path: path.clone() }));
        };
        let passed = match operator {
            Operator::Exists => !found.is_empty(),
            Operator::NotExists => found.is_empty(),
            Operator::NotEquals => !found.is_empty() && found.iter().all(|node| !self.equals(node)),
            _ => found.iter().any(|node| self.holds(node)),
        };
        let actual = match found.as_slice() {
            [] => None,
            [one] => Some(clip(&one.text(), MAX_ACTUAL_BYTES).to_owned()),
            many => {
                let all: Vec<String> = many.iter().take(10).map(|node| node.text()).collect();
                Some(clip(&all.join(", "), MAX_ACTUAL_BYTES).to_owned())
            }
        };
        let result = result(actual.clone(), passed);
        let failure = (!passed).then(|| Failure::AssertionFailed {
            path: path.clone(),
            operator: *operator,
            expected: value.clone(),
            actual,
        });
        (result, failure)
    }

    fn holds(&self, node: &Node) -> bool {
        let expected = self.assertion.value.as_str();
        let numbers = || Some((node.number()?, self.number?));
        match self.assertion.operator {
            Operator::Equals => self.equals(node),
            Operator::NotEquals => !self.equals(node),
            Operator::Contains => match node.items() {
                Some(items) => items.iter().any(|item| self.equals(item)),
                None => node.text().contains(expected),
            },
            Operator::StartsWith => node.text().starts_with(expected),
            Operator::EndsWith => node.text().ends_with(expected),
            Operator::Matches => self.regex.as_ref().is_some_and(|regex| regex.is_match(&node.text())),
            Operator::LessThan => numbers().is_some_and(|(found, limit)| found < limit),
            Operator::LessThanOrEqual => numbers().is_some_and(|(found, limit)| found <= limit),
            Operator::GreaterThan => numbers().is_some_and(|(found, limit)| found > limit),
            Operator::GreaterThanOrEqual => numbers().is_some_and(|(found, limit)| found >= limit),
            Operator::Exists => true,
            Operator::NotExists => false,
        }
    }

    fn equals(&self, node: &Node) -> bool {
        let expected = self.assertion.value.as_str();
        node.text() == expected
            || matches!((node.number(), self.number), (Some(found), Some(wanted)) if found.total_cmp(&wanted).is_eq())
            || self.nested.as_ref() == Some(node)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::rules::BodyRules, *};

    const BODY: &str =
        r#"{"status":"ok","queue":{"length":7,"limit":"100"},"tags":["a","b"],"items":[{"n":1},{"n":2}]}"#;

    fn passes(line: &str) -> bool {
        let rules = BodyRules::compile(None, None, None, &[Assertion::parse_line(line).unwrap()]).unwrap();
        rules.judge(BODY).1.is_none()
    }

    #[test]
    fn every_operator_judges_as_its_name_says() {
        for (line, expected) in [
            ("$.status equals ok", true),
            ("$.status == down", false),
            ("$.status notEquals down", true),
            ("$.missing notEquals down", false),
            ("$.status contains k", true),
            ("$.tags contains b", true),
            ("$.tags contains c", false),
            ("$.status startsWith o", true),
            ("$.status endsWith x", false),
            ("$.status matches ^(ok|fine)$", true),
            ("$.queue exists", true),
            ("$.nothing notExists", true),
            ("$.queue.length < 10", true),
            ("$.queue.length lessThanOrEqual 7.0", true),
            ("$.queue.limit greaterThan 99", true),
            ("$.queue.limit equals 100.0", true),
            ("$.queue.length greaterThanOrEqual 8", false),
            ("$.tags equals [\"a\", \"b\"]", true),
            ("$.items[?(@.n == 2)].n equals 2", true),
            ("$.items[*].n notEquals 2", false),
        ] {
            assert_eq!(passes(line), expected, "{line}");
        }
    }

    #[test]
    fn a_bad_assertion_says_what_would_be_right() {
        for (line, part) in [
            ("status equals ok", "PATH OPERATOR VALUE"),
            ("$.status", "PATH OPERATOR VALUE"),
            ("$.n lessThan many", "needs a number"),
            ("$.n matches (", "not a regular expression"),
            ("$.n contains", "needs a value"),
        ] {
            let message = Assertion::parse_line(line).unwrap_err();
            assert!(message.contains(part), "{line}: {message}");
        }
    }
}

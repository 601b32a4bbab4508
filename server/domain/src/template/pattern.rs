//! Patterns whose cost is known before they run.
//!
//! A pattern never runs forever (the `regex` crate is linear in the text), but a large one is slow: `[ab]*a[ab]{5000}x`
//! needs a minute for 1 MB, because at each byte it keeps 5,000 positions in mind. So the positions are counted when the
//! pattern is read, and positions times bytes is its cost: about 12 ns each (measured, release build, worst pattern).

use regex::Regex;
use regex_syntax::hir::{Hir, HirKind};

use crate::{check::assertion::compile_regex, form::MAX_TEXT_BYTES};

/// The most positions of a pattern: characters and classes, repeated ones as often as they may repeat.
const MAX_POSITIONS: u64 = 1_000;
/// The most cost of one search: 0.4 s at worst. It is enough for 1 MB with 32 positions, such as a GUID.
pub const MAX_COST: u64 = 32 << 20;

/// A regular expression and what it costs.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    positions: u64,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        if pattern.is_empty() {
            return Err("Please fill this in, for example with code=(\\w+).".to_owned());
        }
        if pattern.len() > MAX_TEXT_BYTES {
            return Err(format!("This is longer than {MAX_TEXT_BYTES} bytes."));
        }
        let regex = compile_regex(pattern)?;
        let syntax = regex_syntax::parse(pattern)
            .map_err(|error| format!("This is not a regular expression: {error}."))?;
        let positions = positions(&syntax).max(1);
        if positions > MAX_POSITIONS {
            return Err(format!(
                "With its repetitions this pattern has {positions} characters, which would be slow; use at most \
                 {MAX_POSITIONS}, for example + instead of {{1,5000}}."
            ));
        }
        Ok(Self { regex, positions })
    }

    /// What a search in this text costs at most.
    pub fn cost(&self, text: &str) -> u64 {
        self.positions.saturating_mul(u64::try_from(text.len()).unwrap_or(u64::MAX))
    }

    /// The first capture group of the first match, or the whole match when the pattern has no group.
    pub fn first_match<'a>(&self, text: &'a str) -> Option<&'a str> {
        if self.regex.captures_len() < 2 {
            return self.regex.find(text).map(|found| found.as_str());
        }
        // A group that took no part in the match is an empty text, as upstream.
        self.regex.captures(text).map(|groups| groups.get(1).map_or("", |group| group.as_str()))
    }
}

fn positions(syntax: &Hir) -> u64 {
    match syntax.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => u64::try_from(literal.0.len()).unwrap_or(u64::MAX),
        HirKind::Class(_) => 1,
        HirKind::Capture(group) => positions(&group.sub),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            positions(&repetition.sub).saturating_mul(times.into())
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(0, |sum, part| positions(part).saturating_add(sum))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_costs_its_positions_for_each_byte() {
        for (pattern, positions) in [
            (r"code=(\w+)", 6),
            ("(?i)error", 5),
            ("a|bc", 3),
            ("^$", 1),
            (r"[0-9a-f]{8}-[0-9a-f]{4}", 13),
            (r"(\d{1,20}x){3,}", 63),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().cost("0123456789"), positions * 10, "{pattern}");
        }
    }

    #[test]
    fn a_slow_pattern_is_refused() {
        for pattern in ["[ab]*a[ab]{5000}x", "((a{100}){100}){100}", "(", "", &"a".repeat(10_000)] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn the_first_group_or_the_match_is_found() {
        let first =
            |pattern: &str, text: &str| Pattern::parse(pattern).unwrap().first_match(text).map(str::to_owned);
        assert_eq!(first(r"code=(\w+)", "a?code=x1&code=y2").as_deref(), Some("x1"));
        assert_eq!(first(r"\d+", "no 12, 34").as_deref(), Some("12"));
        assert_eq!(first(r"\d+", "none"), None);
        assert_eq!(first("a|(b)", "a").as_deref(), Some(""));
    }
}

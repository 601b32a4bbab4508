//! Ranges of HTTP statuses.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Accepted statuses, written as `200-299,301`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StatusRanges(Vec<(u16, u16)>);

impl StatusRanges {
    /// Whether a status is accepted.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|&(low, high)| (low..=high).contains(&status))
    }
}

impl Default for StatusRanges {
    fn default() -> Self {
        Self(vec![(200, 299)])
    }
}

impl FromStr for StatusRanges {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |part: &str| {
            format!(
                "“{part}” is not a status or a range of statuses; write for example 200-299,301 (100 to 599)."
            )
        };
        let status =
            |digits: &str| digits.trim().parse::<u16>().ok().filter(|status| (100..=599).contains(status));
        let mut ranges = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let range = match part.split_once('-') {
                Some((low, high)) => status(low).zip(status(high)).filter(|(low, high)| low <= high),
                None => match part.strip_suffix("xx").and_then(|class| class.parse::<u16>().ok()) {
                    Some(class @ 1..=5) => Some((class * 100, class * 100 + 99)),
                    _ => status(part).map(|status| (status, status)),
                },
            };
            ranges.push(range.ok_or_else(|| wrong(part))?);
        }
        if ranges.is_empty() { Err(wrong(text)) } else { Ok(Self(ranges)) }
    }
}

impl fmt::Display for StatusRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (low, high)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            if low == high { write!(f, "{comma}{low}")? } else { write!(f, "{comma}{low}-{high}")? }
        }
        Ok(())
    }
}

impl TryFrom<String> for StatusRanges {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<StatusRanges> for String {
    fn from(ranges: StatusRanges) -> Self {
        ranges.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_classes_and_single_statuses_are_read() {
        let ranges: StatusRanges = "200-299, 301,4xx".parse().unwrap();
        assert_eq!(ranges.to_string(), "200-299,301,400-499");
        assert!(ranges.contains(204) && ranges.contains(301) && ranges.contains(404));
        assert!(!ranges.contains(300) && !ranges.contains(500));
    }

    #[test]
    fn what_is_no_status_is_refused() {
        for text in ["", "abc", "99", "600", "300-200", "200-", "9xx"] {
            assert!(text.parse::<StatusRanges>().unwrap_err().contains("200-299,301"), "{text}");
        }
    }
}

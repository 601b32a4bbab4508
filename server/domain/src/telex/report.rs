//! The one message that answers a call.

use serde::Serialize;

use super::finding::{Finding, shown_site};
use super::tick::Tick;

/// How things stand, in the words that Telex knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Everything is well.
    Success,
    /// Nothing is broken, but somebody should look.
    Warning,
    /// Something is broken.
    Error,
}

/// What is posted to Telex: these four fields and no others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What it is about.
    pub event_name: &'static str,
    /// What people read; never empty.
    pub message: String,
    /// How things stand.
    pub status: Status,
    /// Who speaks.
    pub username: &'static str,
}

impl Report {
    /// The answer to a call whose sites were looked at, in their order; `None` when nothing is to be said.
    ///
    /// Telex' own page posts an empty `error` while every site is up. That reads as an alarm, so it is a `success` with a sentence.
    pub fn of(tick: &Tick, findings: &[Finding]) -> Option<Self> {
        let lines: Vec<String> =
            tick.sites.iter().zip(findings).filter_map(|(site, finding)| finding.line(site)).collect();
        if !lines.is_empty() {
            return Some(Self::new(Status::Error, lines.join("\n")));
        }
        match tick.sites.as_slice() {
            // Said even when only failures are to be told: a watch over nothing must not look like a quiet one.
            [] => {
                let message = "No site is watched: fill in site-1 in the settings of this integration.";
                Some(Self::new(Status::Warning, message.to_owned()))
            }
            _ if tick.only_failures => None,
            [site] => Some(Self::new(Status::Success, format!("{} is up.", shown_site(site)))),
            sites => Some(Self::new(Status::Success, format!("All {} sites are up.", sites.len()))),
        }
    }

    fn new(status: Status, message: String) -> Self {
        Self { event_name: "Uptime Check", message, status, username: "Uptime Monitor" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(sites: &[&str], findings: &[Finding], only_failures: bool) -> Option<Report> {
        let sites = sites.iter().map(|site| (*site).to_owned()).collect();
        Report::of(&Tick { return_url: String::new(), sites, only_failures }, findings)
    }

    #[test]
    fn each_site_in_trouble_has_its_line() {
        let findings = [Finding::Up, Finding::Down(503), Finding::Failed("No answer.".into())];
        for only_failures in [false, true] {
            let report = report(&["https://a", "https://b", "https://c"], &findings, only_failures).unwrap();
            let expected = serde_json::json!({
                "event_name": "Uptime Check",
                "message": "https://b is down (status 503)\nhttps://c check failed: No answer.",
                "status": "error",
                "username": "Uptime Monitor",
            });
            assert_eq!(serde_json::to_value(report).unwrap(), expected);
        }
    }

    #[test]
    fn good_news_are_a_success_or_silence() {
        let said = |sites: &[&str], findings: &[Finding]| report(sites, findings, false).unwrap();
        let one = said(&["https://a"], &[Finding::Up]);
        assert_eq!((one.status, one.message.as_str()), (Status::Success, "https://a is up."));
        let two = said(&["https://a", "https://b"], &[Finding::Up, Finding::Up]);
        assert_eq!((two.status, two.message.as_str()), (Status::Success, "All 2 sites are up."));
        assert_eq!(report(&["https://a"], &[Finding::Up], true), None);
    }

    #[test]
    fn a_watch_over_nothing_says_so() {
        for only_failures in [false, true] {
            let report = report(&[], &[], only_failures).unwrap();
            assert_eq!(report.status, Status::Warning);
            assert!(report.message.contains("site-1"));
        }
    }
}

//! What is looked for at a site, and what was found there, in Telex' words.

use url::Url;

use crate::check::evidence::clip;
use crate::check::redact::shown_url;
use crate::check::{CheckSettings, Failure, HttpSettings, Outcome};

/// The statuses that count as up: below 400, and a redirect is not followed but is itself an answer.
const UP: &str = "100-399";
/// How much of an answer is read, in kB: only the status is judged.
const BODY_KB: u32 = 1;
/// The most of a site's address that is repeated, in bytes: what is longer was no address that people know a site by.
const MAX_SHOWN: usize = 500;

/// What was found at a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It answered with a status below 400.
    Up,
    /// It answered with another status.
    Down(u16),
    /// It did not answer, or could not be asked; the sentence says why.
    Failed(String),
}

/// The check of a site: one GET, no redirects followed, no retries.
///
/// # Errors
/// The finding, when this is no address that can be asked.
pub fn request(site: &str) -> Result<CheckSettings, Finding> {
    let settings = HttpSettings {
        max_redirects: 0,
        accepted_statuses: UP.parse().unwrap_or_default(),
        body_limit_kb: BODY_KB,
        ..HttpSettings::get(site)
    };
    let settings = CheckSettings::from(settings);
    match settings.validate() {
        Ok(()) => Ok(settings),
        Err(errors) => Err(Finding::Failed(
            errors.into_iter().next().map(|error| shown(&error.message)).unwrap_or_default(),
        )),
    }
}

impl Finding {
    /// What the outcome of a check means here.
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Up | Outcome::Degraded { .. } => Self::Up,
            Outcome::Down { failure: Failure::HttpStatus { got, .. } } => Self::Down(*got),
            // Without the address: it may be one that a name has in our own network, and anybody may have asked.
            Outcome::Down { failure: Failure::ForbiddenTarget { why, .. } } => {
                Self::Failed(format!("It may not be reached from here: {why}."))
            }
            Outcome::Down { .. } | Outcome::Unknown { .. } => Self::Failed(outcome.sentence()),
        }
    }

    /// The line about a site; `None` when it is up. The words are those of Telex' own page.
    pub fn line(&self, site: &str) -> Option<String> {
        let site = shown_site(site);
        match self {
            Self::Up => None,
            Self::Down(status) => Some(format!("{site} is down (status {status})")),
            Self::Failed(why) => Some(format!("{site} check failed: {why}")),
        }
    }
}

/// A site as the user typed it, unless that would show a password or a token to the whole channel.
pub(super) fn shown_site(site: &str) -> String {
    match Url::parse(site) {
        Ok(url) if shown_url(&url) != url.as_str() => shown(&shown_url(&url)),
        _ => shown(site),
    }
}

/// On one line, and not endless: a line of the message is a site.
fn shown(text: &str) -> String {
    clip(text, MAX_SHOWN).replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Blindness, Phase};

    #[test]
    fn the_words_are_those_of_telex_own_page() {
        let of = |failure| Finding::of(&Outcome::down(failure)).line("https://a.example");
        let status = Failure::HttpStatus { got: 503, expected: UP.into() };
        assert_eq!(of(status).as_deref(), Some("https://a.example is down (status 503)"));
        assert_eq!(
            of(Failure::Timeout { after_ms: 10_000, phase: Phase::Wait }).as_deref(),
            Some("https://a.example check failed: No answer within 10 s while waiting for the answer.")
        );
        assert_eq!(Finding::of(&Outcome::Up).line("https://a.example"), None);
        let blind = Outcome::Unknown { why: Blindness::NoConnectivity };
        assert!(Finding::of(&blind).line("a").is_some_and(|line| line.starts_with("a check failed: ")));
    }

    #[test]
    fn a_forbidden_site_does_not_tell_where_its_name_points() {
        let forbidden = Failure::ForbiddenTarget { address: "10.1.2.3".into(), why: "private".into() };
        let line = Finding::of(&Outcome::down(forbidden)).line("http://wiki.corp").unwrap();
        assert_eq!(line, "http://wiki.corp check failed: It may not be reached from here: private.");
    }

    #[test]
    fn every_status_below_400_is_up_and_redirects_are_not_followed() {
        let Ok(CheckSettings::Http(settings)) = request("https://a.example") else { panic!("an http check") };
        assert_eq!(settings.max_redirects, 0);
        assert!(settings.accepted_statuses.contains(302) && settings.accepted_statuses.contains(399));
        assert!(!settings.accepted_statuses.contains(400));
    }

    #[test]
    fn what_is_no_address_fails_with_what_would_be_right() {
        for site in ["google.com", "ftp://a.example", "https://"] {
            let Err(Finding::Failed(why)) = request(site) else { panic!("{site} is accepted") };
            assert!(why.contains("https://example.org"), "{why}");
        }
    }

    #[test]
    fn a_password_is_used_and_not_repeated() {
        assert!(request("https://me:hunter2@a.example/").is_ok());
        let line = Finding::Down(500).line("https://me:hunter2@a.example/x?token=abcd").unwrap();
        assert_eq!(line, "https://a.example/x?token=******** is down (status 500)");
        assert_eq!(
            Finding::Down(500).line("HTTPS://A.example"),
            Some("HTTPS://A.example is down (status 500)".into())
        );
    }

    #[test]
    fn a_site_stays_on_its_line() {
        let line = Finding::Down(500).line("https://a.example/\nhttps://b.example is up").unwrap();
        assert_eq!(line.lines().count(), 1);
    }
}

//! Posting the result. It goes through the checks' own client: that one judges every address it dials, follows no redirect
//! unless told to, reads no more than asked, and always ends in time.

use std::time::Duration;

use domain::check::http::HttpMethod;
use domain::check::request::Header;
use domain::check::{Blindness, CheckReport, CheckSettings, Failure, HttpSettings, Outcome};
use domain::secret::Secret;
use domain::telex::Report;
use url::Url;

use crate::checks::Checks;

/// How long Telex may take to answer a post.
const POST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long is waited before each further try. With the time-outs less than a minute in all: the next call of the same
/// integration may come after one.
const WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(9)];

/// What became of a try.
#[derive(Debug, PartialEq, Eq)]
enum Posted {
    Taken,
    /// It may work later.
    Again(String),
    /// It will not.
    Never(String),
}

/// Posts a report, with a few tries.
///
/// # Errors
/// Why it could not be posted.
pub(super) async fn deliver(checks: &Checks, url: &Url, report: &Report) -> Result<(), String> {
    let settings = settings(url, report).map_err(|error| error.to_string())?;
    let mut waits = WAITS.into_iter();
    loop {
        let error = match posted(&checks.run(&settings, POST_TIMEOUT).await) {
            Posted::Taken => return Ok(()),
            Posted::Never(error) => return Err(error),
            Posted::Again(error) => error,
        };
        let Some(wait) = waits.next() else { return Err(error) };
        tracing::debug!(error, retry_ms = wait.as_millis(), "a result for Telex could not be posted yet");
        tokio::time::sleep(wait).await;
    }
}

fn settings(url: &Url, report: &Report) -> Result<CheckSettings, serde_json::Error> {
    let json = Header { name: "Content-Type".to_owned(), value: Secret::new("application/json") };
    let settings = HttpSettings {
        url: url.to_string(),
        method: HttpMethod::Post,
        headers: vec![json],
        body: serde_json::to_string(report)?,
        max_redirects: 0,
        body_limit_kb: 1,
        ..HttpSettings::default()
    };
    Ok(settings.into())
}

/// Judged by the status when there is one, even if the answer broke off after it: what was taken must not be posted twice.
fn posted(report: &CheckReport) -> Posted {
    let said = || report.outcome.sentence();
    match report.evidence.status {
        Some(200..=299) => return Posted::Taken,
        Some(408 | 425 | 429 | 500..) => return Posted::Again(said()),
        Some(_) => return Posted::Never(said()),
        None => {}
    }
    match &report.outcome {
        Outcome::Down { failure: Failure::ForbiddenTarget { .. } }
        | Outcome::Unknown { why: Blindness::Misconfigured { .. } } => Posted::Never(said()),
        _ => Posted::Again(said()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: Option<u16>, outcome: Outcome) -> Posted {
        let mut report = CheckReport::bare(outcome);
        report.evidence.status = status;
        posted(&report)
    }

    fn refused(got: u16) -> Outcome {
        Outcome::down(Failure::HttpStatus { got, expected: "200-299".into() })
    }

    #[test]
    fn what_may_work_later_is_tried_again() {
        for status in [408, 429, 500, 503] {
            assert!(matches!(answered(Some(status), refused(status)), Posted::Again(_)), "{status}");
        }
        let unreachable = Outcome::down(Failure::ConnectRefused { address: "a:443".into() });
        assert!(matches!(answered(None, unreachable), Posted::Again(_)));
    }

    #[test]
    fn a_refusal_and_a_redirect_are_final() {
        for status in [301, 400, 404, 422] {
            assert!(matches!(answered(Some(status), refused(status)), Posted::Never(_)), "{status}");
        }
        let forbidden = Failure::ForbiddenTarget { address: "10.0.0.1".into(), why: "private".into() };
        assert!(matches!(answered(None, Outcome::down(forbidden)), Posted::Never(_)));
    }

    #[test]
    fn what_was_taken_is_not_posted_again_when_the_answer_breaks_off() {
        let lost = Failure::ConnectionLost { phase: domain::check::Phase::Download, reason: "x".into() };
        assert_eq!(answered(Some(202), Outcome::down(lost)), Posted::Taken);
        assert_eq!(answered(Some(200), Outcome::Up), Posted::Taken);
    }
}

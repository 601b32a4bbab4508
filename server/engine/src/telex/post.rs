//! Posting the result. It goes through the checks' own client: that one judges every address it dials, follows no redirect
//! unless told to, reads no more than asked, and always ends in time.

use std::time::Duration;

use domain::check::http::HttpMethod;
use domain::check::request::Header;
use domain::check::{Blindness, CheckReport, CheckSettings, Failure, HttpSettings, Outcome};
use domain::secret::Secret;
use domain::telex::Report;
use domain::time::Timestamp;
use url::Url;

use crate::checks::Checks;
use crate::clock::Clock;
use crate::providers::pause;

/// How long Telex may take to answer a post.
const POST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long is waited before each further try. With the time-outs less than a minute in all: the next call of the same
/// integration may come after one.
const WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(9)];

/// The longest pause that the other side may ask for: a longer one reaches past the next call, which brings newer results.
const MAX_ASKED: Duration = Duration::from_secs(30);

/// What became of a try.
#[derive(Debug, PartialEq, Eq)]
enum Posted {
    Taken,
    /// It may work later; perhaps the other side said when.
    Again(String, Option<Duration>),
    /// It will not.
    Never(String),
}

/// Posts a report, with a few tries.
///
/// # Errors
/// Why it could not be posted.
pub(super) async fn deliver(
    checks: &Checks,
    clock: &Clock,
    url: &Url,
    report: &Report,
) -> Result<(), String> {
    let settings = settings(url, report).map_err(|error| error.to_string())?;
    let mut waits = WAITS.into_iter();
    // Believed once: whoever asks for more each time would keep a place for ever.
    let mut believed = false;
    loop {
        let answer = checks.run(&settings, POST_TIMEOUT).await;
        let (error, asked) = match posted(&answer, clock.now()) {
            Posted::Taken => return Ok(()),
            Posted::Never(error) => return Err(error),
            Posted::Again(error, asked) => (error, asked.filter(|_| !believed)),
        };
        let Some(usual) = waits.next() else { return Err(error) };
        believed |= asked.is_some();
        let wait = asked.unwrap_or(usual);
        if wait > MAX_ASKED {
            return Err(format!("{error} It asks to come back in {} s, which is too late.", wait.as_secs()));
        }
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
fn posted(report: &CheckReport, now: Timestamp) -> Posted {
    let said = || report.outcome.sentence();
    match report.evidence.status {
        Some(200..=299) => return Posted::Taken,
        Some(408 | 425 | 429 | 500..) => return Posted::Again(said(), retry_after(report, now)),
        Some(_) => return Posted::Never(said()),
        None => {}
    }
    match &report.outcome {
        Outcome::Down { failure: Failure::ForbiddenTarget { .. } }
        | Outcome::Unknown { why: Blindness::Misconfigured { .. } } => Posted::Never(said()),
        _ => Posted::Again(said(), None),
    }
}

/// When the other side asks to come back.
fn retry_after(report: &CheckReport, now: Timestamp) -> Option<Duration> {
    let header = |wanted: &str| {
        let found = report.evidence.headers.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    pause::asked(header("retry-after")?, header("date"), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1994-11-06T08:49:00Z.
    const NOW: Timestamp = Timestamp(784_111_740_000);

    fn answered(status: Option<u16>, outcome: Outcome) -> Posted {
        let mut report = CheckReport::bare(outcome);
        report.evidence.status = status;
        posted(&report, NOW)
    }

    fn refused(got: u16) -> Outcome {
        Outcome::down(Failure::HttpStatus { got, expected: "200-299".into() })
    }

    #[test]
    fn what_may_work_later_is_tried_again() {
        for status in [408, 429, 500, 503] {
            assert!(matches!(answered(Some(status), refused(status)), Posted::Again(..)), "{status}");
        }
        let unreachable = Outcome::down(Failure::ConnectRefused { address: "a:443".into() });
        assert!(matches!(answered(None, unreachable), Posted::Again(..)));
    }

    #[test]
    fn the_other_side_may_say_when() {
        let asked = |value: &str| {
            let mut report = CheckReport::bare(refused(429));
            report.evidence.status = Some(429);
            report.evidence.headers = vec![("retry-after".to_owned(), value.to_owned())];
            match posted(&report, NOW) {
                Posted::Again(_, asked) => asked,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(asked(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:12 GMT"), Some(Duration::from_secs(12)));
        assert!(asked("Fri, 31 Dec 1999 23:59:59 GMT") > Some(MAX_ASKED), "which is too late");
        for nothing in ["", "-1", "soon", "Sun, 06 Nov 1994 08:48:59 GMT"] {
            assert_eq!(asked(nothing), None, "{nothing}");
        }
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

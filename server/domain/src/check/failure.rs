//! The ways in which a target can be down, as data.

use serde::{Deserialize, Serialize};

use super::{assertion::Operator, outcome::Phase};
use crate::form::Choice as _;

/// Why a target is down. The machine's word ([`Failure::incident_type`]) and the sentence for people
/// ([`Failure::sentence`]) both come from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Failure {
    /// No answer in time.
    Timeout {
        /// The time allowed, in milliseconds.
        after_ms: u64,
        /// What was going on when it ran out.
        phase: Phase,
    },
    /// The name could not be resolved.
    DnsError {
        /// The name.
        name: String,
        /// In which way.
        reason: String,
    },
    /// Nobody listens there.
    ConnectRefused {
        /// The address.
        address: String,
    },
    /// No connection could be made.
    ConnectError {
        /// The address or the host.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// The connection ended early.
    ConnectionLost {
        /// What was going on.
        phase: Phase,
        /// What the system said.
        reason: String,
    },
    /// The TLS handshake failed.
    TlsError {
        /// What went wrong.
        reason: String,
    },
    /// The best TLS version of the server is below what is asked for.
    WeakProtocol {
        /// What the server offered, or how it refused.
        got: String,
        /// The least that is asked for.
        minimum: String,
    },
    /// The certificate has expired.
    CertificateExpired {
        /// Whole days ago.
        days_ago: i64,
    },
    /// The certificate is not valid yet.
    CertificateNotYetValid {
        /// Whole days until it is.
        days: i64,
    },
    /// The certificate is for other names.
    CertificateWrongHost {
        /// The name that was asked for.
        expected: String,
        /// The names that it is for.
        presented: Vec<String>,
    },
    /// No trusted authority vouches for the certificate.
    CertificateUntrusted {
        /// Who issued it; empty when that is not known.
        issuer: String,
        /// Whether it signed itself.
        self_signed: bool,
    },
    /// The certificate runs out soon.
    CertificateExpiresSoon {
        /// Whole days left.
        days: i64,
        /// The days that should be left.
        min_days: u32,
    },
    /// The status is not an accepted one.
    HttpStatus {
        /// The status.
        got: u16,
        /// The accepted ones, such as `200-299`.
        expected: String,
    },
    /// What came back is not HTTP or WebSocket.
    ProtocolError {
        /// What is wrong with it.
        reason: String,
    },
    /// The body lacks the keyword.
    KeywordMissing {
        /// The keyword.
        keyword: String,
    },
    /// The body has the keyword that it must not have.
    KeywordPresent {
        /// The keyword.
        keyword: String,
    },
    /// The body does not match the pattern.
    RegexMismatch {
        /// The regular expression.
        pattern: String,
    },
    /// The body should be JSON.
    NotJson {
        /// Where it stops being JSON.
        reason: String,
    },
    /// A value in the body is not as asserted.
    AssertionFailed {
        /// The JSONPath.
        path: String,
        /// The comparison.
        operator: Operator,
        /// What was asserted.
        expected: String,
        /// What was there; `None` when nothing was.
        actual: Option<String>,
    },
    /// The JSON body is such that looking for the value of an assertion takes too long.
    SearchTooLong {
        /// The JSONPath.
        path: String,
    },
    /// The body is longer than may be read, so its rules could not be judged.
    BodyTooLarge {
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// More redirects than are followed.
    TooManyRedirects {
        /// The limit.
        limit: u8,
    },
    /// A redirect leads nowhere.
    BadRedirect {
        /// Where it points.
        location: String,
    },
    /// The DNS answer is not the expected one.
    DnsMismatch {
        /// The record type.
        record_type: String,
        /// The expected values.
        expected: Vec<String>,
        /// The values that were answered.
        got: Vec<String>,
    },
    /// The reply lacks what was expected.
    ExpectMismatch {
        /// What was expected.
        expected: String,
        /// The start of the reply.
        got: String,
    },
    /// No echo request was answered.
    PingLost {
        /// Echo requests sent.
        sent: u32,
    },
    /// A heartbeat did not come in time. Times are Unix milliseconds.
    PushLate {
        /// When it last came; `None` when never.
        last_ping_ms: Option<i64>,
        /// When it was due, grace included.
        due_ms: i64,
    },
    /// A heartbeat said that the job failed.
    PushFailed {
        /// The exit code, when one was given.
        exit: Option<i32>,
        /// What the job said.
        message: String,
    },
    /// The policy of this installation forbids the target.
    ForbiddenTarget {
        /// The address or host.
        address: String,
        /// Which rule forbids it.
        why: String,
    },
    /// The details would have shown a secret.
    Withheld,
}

impl Failure {
    /// The machine's word: one of the incident types that the Uptinio-compatible API speaks.
    pub fn incident_type(&self) -> &'static str {
        match self {
            Self::Timeout { .. } => "timeout",
            Self::DnsError { .. } | Self::DnsMismatch { .. } => "dns_error",
            Self::ConnectRefused { .. }
            | Self::ConnectError { .. }
            | Self::ConnectionLost { .. }
            | Self::ProtocolError { .. }
            | Self::ForbiddenTarget { .. } => "connection_error",
            Self::TlsError { .. }
            | Self::WeakProtocol { .. }
            | Self::CertificateExpired { .. }
            | Self::CertificateNotYetValid { .. }
            | Self::CertificateWrongHost { .. }
            | Self::CertificateUntrusted { .. }
            | Self::CertificateExpiresSoon { .. } => "ssl_error",
            Self::HttpStatus { .. } | Self::TooManyRedirects { .. } | Self::BadRedirect { .. } => {
                "http_status"
            }
            Self::KeywordMissing { .. }
            | Self::KeywordPresent { .. }
            | Self::RegexMismatch { .. }
            | Self::NotJson { .. }
            | Self::AssertionFailed { .. }
            | Self::SearchTooLong { .. }
            | Self::BodyTooLarge { .. }
            | Self::ExpectMismatch { .. } => "keyword",
            Self::PingLost { .. } | Self::PushLate { .. } | Self::PushFailed { .. } | Self::Withheld => {
                "downtime"
            }
        }
    }

    /// A sentence for people, with the numbers in it.
    pub fn sentence(&self) -> String {
        match self {
            Self::Timeout { after_ms, phase } => {
                format!("No answer within {} while {}.", seconds(*after_ms), phase.doing())
            }
            Self::DnsError { name, reason } => format!("The name {name} could not be resolved: {reason}."),
            Self::ConnectRefused { address } => {
                format!("{address} refused the connection: nothing listens there.")
            }
            Self::ConnectError { address, reason } => format!("Could not connect to {address}: {reason}."),
            Self::ConnectionLost { phase, reason } => {
                format!("The connection was lost while {}: {reason}.", phase.doing())
            }
            Self::TlsError { reason } => format!("The TLS handshake failed: {reason}."),
            Self::WeakProtocol { got, minimum } => {
                format!("The server's TLS is too old ({got}); at least {minimum} is asked for.")
            }
            Self::CertificateExpired { days_ago: 0 } => {
                "The certificate expired within the last day.".to_owned()
            }
            Self::CertificateExpired { days_ago } => format!("The certificate expired {days_ago} days ago."),
            Self::CertificateNotYetValid { days } => {
                format!("The certificate will be valid in {days} days only.")
            }
            Self::CertificateWrongHost { expected, presented } => {
                format!("The certificate is not for {expected} but for {}.", listed(presented))
            }
            Self::CertificateUntrusted { self_signed: true, .. } => {
                "The certificate is self-signed, so nobody vouches for it.".to_owned()
            }
            Self::CertificateUntrusted { issuer, .. } => format!(
                "The certificate is not trusted: its issuer{} is unknown, or an intermediate is missing.",
                if issuer.is_empty() { String::new() } else { format!(" “{issuer}”") }
            ),
            Self::CertificateExpiresSoon { days, min_days } => {
                format!("The certificate expires in {days} days; at least {min_days} should be left.")
            }
            Self::HttpStatus { got, expected } => format!("Answered with status {got}; expected {expected}."),
            Self::ProtocolError { reason } => format!("The answer was not understood: {reason}."),
            Self::KeywordMissing { keyword } => format!("The answer does not contain “{keyword}”."),
            Self::KeywordPresent { keyword } => {
                format!("The answer contains “{keyword}”, which it must not.")
            }
            Self::RegexMismatch { pattern } => format!("The answer does not match “{pattern}”."),
            Self::NotJson { reason } => format!("The answer is not JSON: {reason}."),
            Self::AssertionFailed { path, operator, expected, actual } => {
                let actual = actual.as_ref().map_or("nothing".to_owned(), |actual| format!("“{actual}”"));
                match operator {
                    Operator::Exists => format!("{path} is missing."),
                    Operator::NotExists => format!("{path} is there with {actual}, which it must not be."),
                    _ => format!("{path} is {actual}; expected: {} “{expected}”.", operator.as_str()),
                }
            }
            Self::SearchTooLong { path } => format!(
                "The answer has so many values within others that looking for {path} takes too long: write a path with fewer “..” and “*”."
            ),
            Self::BodyTooLarge { limit_bytes } => {
                format!(
                    "The answer is longer than {limit_bytes} bytes, so its content could not be judged: raise the body limit."
                )
            }
            Self::TooManyRedirects { limit } => format!("More than {limit} redirects."),
            Self::BadRedirect { location } => format!("A redirect leads nowhere: “{location}”."),
            Self::DnsMismatch { record_type, expected, got } => {
                format!("The {record_type} answer is {}; expected {}.", listed(got), listed(expected))
            }
            Self::ExpectMismatch { expected, got } if got.is_empty() => {
                format!("The reply should contain “{expected}” but was empty.")
            }
            Self::ExpectMismatch { expected, got } => {
                format!("The reply should contain “{expected}” but was “{got}”.")
            }
            Self::PingLost { sent } => format!("None of {sent} echo requests was answered."),
            Self::PushLate { last_ping_ms: None, .. } => "No heartbeat has come yet.".to_owned(),
            Self::PushLate { last_ping_ms: Some(last), due_ms } => {
                format!("No heartbeat for more than {}.", seconds(u64::try_from(due_ms - last).unwrap_or(0)))
            }
            Self::PushFailed { exit: Some(exit), message } if message.is_empty() => {
                format!("The job ended with exit code {exit}.")
            }
            Self::PushFailed { exit: Some(exit), message } => {
                ended(format!("The job ended with exit code {exit}: {message}"))
            }
            Self::PushFailed { exit: None, message } if message.is_empty() => {
                "The job said that it failed.".to_owned()
            }
            Self::PushFailed { exit: None, message } => {
                ended(format!("The job said that it failed: {message}"))
            }
            Self::ForbiddenTarget { address, why } => {
                format!("{address} may not be reached from here: {why}.")
            }
            Self::Withheld => {
                "The check failed; the details are withheld because they contain a secret.".to_owned()
            }
        }
    }
}

/// A sentence whose end somebody else wrote, with a full stop if that has none of its own.
fn ended(mut sentence: String) -> String {
    sentence.truncate(sentence.trim_end().len());
    if !sentence.ends_with(['.', '!', '?', '…']) {
        sentence.push('.');
    }
    sentence
}

fn seconds(ms: u64) -> String {
    if ms < 1_000 {
        format!("{ms} ms")
    } else if ms.is_multiple_of(1_000) {
        format!("{} s", ms / 1_000)
    } else {
        format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
    }
}

fn listed(items: &[String]) -> String {
    const SHOWN: usize = 5;
    match items.len() {
        0 => "nothing".to_owned(),
        1..=SHOWN => items.join(", "),
        more => format!("{} and {} more", items[..SHOWN].join(", "), more - SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_has_the_numbers_in_it() {
        let timeout = Failure::Timeout { after_ms: 9_600, phase: Phase::Tls };
        assert_eq!(timeout.sentence(), "No answer within 9.6 s while in the TLS handshake.");
        assert_eq!(timeout.incident_type(), "timeout");
        let status = Failure::HttpStatus { got: 503, expected: "200-299".into() };
        assert_eq!(status.sentence(), "Answered with status 503; expected 200-299.");
        let said = |message: &str| Failure::PushFailed { exit: Some(3), message: message.into() }.sentence();
        assert_eq!(said("disk full\n"), "The job ended with exit code 3: disk full.");
        assert_eq!(said("why?"), "The job ended with exit code 3: why?");
        let late = Failure::PushLate { last_ping_ms: Some(0), due_ms: 90_000 };
        assert_eq!(late.sentence(), "No heartbeat for more than 90 s.");
    }

    #[test]
    fn a_long_list_is_cut() {
        let names: Vec<String> = (0..9).map(|n| format!("a{n}")).collect();
        let failure = Failure::CertificateWrongHost { expected: "b".into(), presented: names };
        assert_eq!(failure.sentence(), "The certificate is not for b but for a0, a1, a2, a3, a4 and 4 more.");
    }

    #[test]
    fn failures_are_stored_by_their_name() {
        let failure = Failure::PingLost { sent: 3 };
        let json = serde_json::to_string(&failure).unwrap();
        assert_eq!(json, r#"{"type":"ping_lost","sent":3}"#);
        assert_eq!(serde_json::from_str::<Failure>(&json).unwrap(), failure);
    }
}

//! What a certificate says about itself.

use serde::{Deserialize, Serialize};

/// Milliseconds in a day.
pub const DAY_MS: i64 = 86_400_000;

/// The facts of a presented certificate. Times are Unix milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CertificateFacts {
    /// The subject's distinguished name.
    pub subject: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The DNS names and IP addresses it is for; at most the first hundred.
    pub names: Vec<String>,
    /// The start of its validity.
    pub not_before_ms: i64,
    /// The end of its validity.
    pub not_after_ms: i64,
    /// The serial number in hexadecimal.
    pub serial: String,
    /// SHA-256 over the certificate, in hexadecimal.
    pub fingerprint_sha256: String,
    /// The key's algorithm and size, such as `EC 256` or `RSA 2048`.
    pub key: String,
    /// Whether it signed itself.
    pub self_signed: bool,
    /// The certificates that came with it, in the order sent.
    pub chain: Vec<ChainLink>,
}

impl CertificateFacts {
    /// Whole days until it expires; negative when it has.
    pub fn days_left(&self, now_ms: i64) -> i64 {
        (self.not_after_ms - now_ms).div_euclid(DAY_MS)
    }

    /// The earliest end of validity in what was sent: an intermediate may run out before the leaf. One above the leaf that has run out
    /// already does not count: whoever needs it finds no valid path, and others send old cross-signed roots that nobody needs.
    pub fn earliest_expiry_ms(&self, now_ms: i64) -> i64 {
        let above = self.chain.iter().map(|link| link.not_after_ms).filter(|end| *end > now_ms);
        above.fold(self.not_after_ms, i64::min)
    }
}

/// A certificate above the leaf.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChainLink {
    /// The subject's distinguished name.
    pub subject: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The end of its validity, in Unix milliseconds.
    pub not_after_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_left_are_whole_and_turn_negative_at_the_end() {
        let facts = CertificateFacts { not_after_ms: 10 * DAY_MS, ..Default::default() };
        assert_eq!(facts.days_left(0), 10);
        assert_eq!(facts.days_left(1), 9);
        assert_eq!(facts.days_left(10 * DAY_MS), 0);
        assert_eq!(facts.days_left(10 * DAY_MS + 1), -1);
    }

    #[test]
    fn the_first_to_run_out_counts_but_none_above_that_has_run_out() {
        let above = |days| ChainLink { not_after_ms: days * DAY_MS, ..Default::default() };
        let facts = CertificateFacts {
            not_after_ms: 10 * DAY_MS,
            chain: vec![above(5), above(-3)],
            ..Default::default()
        };
        assert_eq!(facts.earliest_expiry_ms(0), 5 * DAY_MS);
        assert_eq!(facts.earliest_expiry_ms(6 * DAY_MS), 10 * DAY_MS);
        assert_eq!(facts.earliest_expiry_ms(11 * DAY_MS), 10 * DAY_MS, "its own end always counts");
    }
}

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

    /// The earliest end of validity in what was sent: an intermediate may run out before the leaf.
    pub fn earliest_expiry_ms(&self) -> i64 {
        self.chain
            .iter()
            .map(|link| link.not_after_ms)
            .chain([self.not_after_ms])
            .min()
            .unwrap_or(self.not_after_ms)
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
}

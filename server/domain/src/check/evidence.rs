//! What a check saw, kept for transitions and recent failures. It never holds a secret.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::assertion::AssertionResult;
use crate::text::without_nul;

/// The most of an answer that is kept, in bytes.
pub const MAX_EXCERPT_BYTES: usize = 4_096;
/// The most headers that are kept.
pub const MAX_HEADERS: usize = 64;
/// The longest header value that is kept, in bytes.
pub const MAX_HEADER_VALUE_BYTES: usize = 512;

/// What a check saw. Which parts are filled depends on the kind and on how far the check came.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// The addresses that the name resolved to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// The address that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<SocketAddr>,
    /// What was asked, such as `GET https://example.org/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The protocol that was spoken, such as `HTTP/2.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// The TLS version and cipher suite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// Response headers; the values of secret ones are masked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The start of the answer, at most [`MAX_EXCERPT_BYTES`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// The bytes of the answer that were read, after decompression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_bytes: Option<u64>,
    /// The redirects that were followed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirects: Vec<Hop>,
    /// The judgement of each rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<AssertionResult>,
    /// The DNS records that were answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<String>,
    /// The echo statistics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ping: Option<PingStatistics>,
    /// Anything else worth knowing, as sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A redirect that was followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The status that sent us on.
    pub status: u16,
    /// Where to.
    pub to: String,
}

/// Echo requests and replies; times in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PingStatistics {
    /// Requests sent.
    pub sent: u32,
    /// Replies received.
    pub received: u32,
    /// The fastest reply.
    pub min_us: i64,
    /// The mean of the replies.
    pub mean_us: i64,
    /// The slowest reply.
    pub max_us: i64,
}

/// The start of an answer as text, cut at [`MAX_EXCERPT_BYTES`] on a character. NUL bytes, of which binary answers are full, are
/// replaced like those that are no text.
pub fn excerpt(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(MAX_EXCERPT_BYTES)];
    clip(&without_nul(&String::from_utf8_lossy(cut)), MAX_EXCERPT_BYTES).to_owned()
}

/// The longest start of a text that fits into so many bytes, cut on a character.
pub fn clip(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_bounded_even_when_every_byte_is_replaced() {
        assert!(excerpt(&[0xFF; 10_000]).len() <= MAX_EXCERPT_BYTES);
        assert!(excerpt(&[0; 10_000]).len() <= MAX_EXCERPT_BYTES);
        assert_eq!(excerpt(b"5.7.44\0mysql"), "5.7.44\u{fffd}mysql");
        assert_eq!(excerpt("grüße".as_bytes()), "grüße");
    }
}

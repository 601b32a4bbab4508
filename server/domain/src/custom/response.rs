//! The answer to a step, as whoever sent it reports it.

/// The most of an answer that is read, in bytes: more is no answer to a message, and XML and patterns cost more than
/// reading. A longer body is left for nothing but its length.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// An answer, or the lack of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// Whether there was an answer in time at all.
    pub completed: bool,
    /// The status code.
    pub status: u16,
    /// The reason behind it; may be empty, as HTTP/2 has none.
    pub reason: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// Cookies of the session so far, which earlier steps were given.
    pub cookies: Vec<(String, String)>,
    /// The body, decompressed, as text.
    pub body: String,
    /// The bytes of the body, decompressed.
    pub content_length: u64,
    /// From the start of the request to the end of the answer.
    pub duration_ms: u64,
}

impl Response {
    /// No answer.
    pub fn failed(duration_ms: u64) -> Self {
        Self { duration_ms, ..Self::default() }
    }

    /// The value of a header; several of one name are joined by commas (RFC 9110, section 5.3).
    pub fn header(&self, name: &str) -> Option<String> {
        let found: Vec<&str> = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        if found.is_empty() { None } else { Some(found.join(", ")) }
    }

    /// The current value of a cookie: the last that this answer sets, or that of an earlier step.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.set_cookies().filter(|(known, _)| *known == name).last().map(|(_, value)| value).or_else(|| {
            self.cookies.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.as_str())
        })
    }

    /// Name and value of each cookie that this answer sets; attributes do not matter, as all live through the steps of one
    /// message and no longer.
    pub fn set_cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")).filter_map(
            |(_, line)| {
                let (name, value) = line.split(';').next()?.split_once('=')?;
                Some((name.trim(), value.trim()))
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_the_last_that_was_set() {
        let header = |value: &str| ("Set-Cookie".to_owned(), value.to_owned());
        let response = Response {
            headers: vec![header("a=1; Path=/"), header("a=2; HttpOnly"), header("broken")],
            cookies: vec![("a".to_owned(), "0".to_owned()), ("b".to_owned(), "3".to_owned())],
            ..Response::default()
        };
        assert_eq!(response.cookie("a"), Some("2"));
        assert_eq!(response.cookie("b"), Some("3"));
        assert_eq!(response.cookie("c"), None);
    }
}

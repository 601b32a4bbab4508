//! The texts that must not be shown, in every form in which they may stand in a message.

use std::fmt::Write as _;

use url::{Position, Url};

use super::functions;
use crate::secret::MASK;

/// A secret that is shorter would also mask plain words, so it is left.
pub(crate) const MIN_SECRET_BYTES: usize = 4;
/// The shortest piece of a secret that is hidden for itself: `https` or `token` are words too.
const MIN_PIECE_BYTES: usize = 9;
/// The most texts that functions made of secrets, and the most bytes of them; what comes after them is not known any more.
const MAX_DERIVED: usize = 128;
const MAX_DERIVED_BYTES: usize = 16 << 20;

/// Secrets, and what was made of them.
#[derive(Default)]
pub(super) struct Hidden {
    /// The longest first: a part of a secret must not break up the rest of it.
    texts: Vec<String>,
    derived: usize,
    derived_bytes: usize,
}

impl Hidden {
    /// Hides a secret, also where it stands encoded: in JSON, XML, URLs and forms, and Base64 of the whole.
    pub(super) fn secret(&mut self, secret: &str) {
        if secret.len() < MIN_SECRET_BYTES || self.knows(secret) {
            return;
        }
        let form = functions::form_encode(secret).unwrap_or_default();
        let base64 = functions::base64_encode(secret);
        let json = ascii_json(secret);
        let texts = [
            secret.to_owned(),
            functions::json_encode(secret).unwrap_or_default(),
            functions::xml_encode(secret).unwrap_or_default(),
            json.replace('/', "\\/"),
            json,
            form.replace('+', "%20"),
            form,
            percent(secret),
            base64.trim_end_matches('=').to_owned(),
            base64,
        ];
        self.add(texts.into_iter().chain(in_url(secret)).chain(in_host(secret)));
    }

    /// Hides what a function made of a text with a secret in it, also in a URL.
    pub(super) fn derived(&mut self, text: &str) {
        let full = self.derived >= MAX_DERIVED || self.derived_bytes + text.len() > MAX_DERIVED_BYTES;
        if text.len() < MIN_SECRET_BYTES || full || self.knows(text) {
            return;
        }
        self.derived += 1;
        self.derived_bytes += text.len();
        self.add(in_url(text).chain(in_host(text)).chain([text.to_owned()]));
    }

    /// Hides what was cut out of a text, if it is a piece of a secret.
    pub(super) fn piece(&mut self, piece: &str) {
        if piece.len() >= MIN_PIECE_BYTES && self.texts.iter().any(|text| text.contains(piece)) {
            self.derived(piece);
        }
    }

    /// How many texts are looked for.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Those that stand in a text.
    pub(super) fn inside(&self, text: &str) -> Vec<String> {
        self.texts.iter().filter(|hidden| text.contains(hidden.as_str())).cloned().collect()
    }

    /// The text with all of them masked.
    pub(super) fn mask(&self, text: &str) -> String {
        self.texts.iter().fold(text.to_owned(), |text, hidden| {
            if text.contains(hidden) { text.replace(hidden, MASK) } else { text }
        })
    }

    fn knows(&self, text: &str) -> bool {
        self.texts.iter().any(|known| known == text)
    }

    fn add(&mut self, texts: impl Iterator<Item = String>) {
        for text in texts {
            if text.len() >= MIN_SECRET_BYTES && !self.knows(&text) {
                self.texts.push(text);
            }
        }
        self.texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    }
}

/// The text as a URL shows it that was read with the text in its path, and in its query.
fn in_url(text: &str) -> impl Iterator<Item = String> {
    ["https://h/", "https://h/?"].into_iter().filter_map(move |before| {
        let url = Url::parse(&format!("{before}{text}")).ok()?;
        url[..Position::AfterQuery].strip_prefix(before).map(str::to_owned)
    })
}

/// The text as a URL shows it that was read with the text in its host: in small letters, and what is not ASCII in Punycode.
fn in_host(text: &str) -> Option<String> {
    let url = Url::parse(&format!("https://{text}.h/")).ok()?;
    let is_all = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    url.host_str().filter(|_| is_all)?.strip_suffix(".h").map(str::to_owned)
}

/// As servers write JSON that keep to ASCII, when they say again what they were sent.
fn ascii_json(text: &str) -> String {
    let json = functions::json_encode(text).unwrap_or_default();
    let mut units = [0; 2];
    json.chars().fold(String::with_capacity(json.len()), |mut out, character| {
        if character.is_ascii() {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
        out
    })
}

/// Everything in percent but what RFC 3986 never encodes.
fn percent(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            plain if plain.is_ascii_alphanumeric() => out.push(char::from(plain)),
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secret: &str, text: &str) -> String {
        let mut hidden = Hidden::default();
        hidden.secret(secret);
        hidden.mask(text)
    }

    #[test]
    fn a_secret_is_masked_as_urls_show_it() {
        for secret in
            ["pä$$word!", "a/b c", "xoxb-12|34", "o'brien \"x\"", "back\\slash", "what?now is", "a b&c=d"]
        {
            let url = Url::parse(&format!("https://example.org/-{secret}-?{secret}")).unwrap();
            let text = masked(secret, url.as_str());
            assert_eq!(text, format!("https://example.org/-{MASK}-?{MASK}"), "{secret}: {url}");
        }
    }

    #[test]
    fn a_secret_is_masked_as_servers_write_it() {
        let secret = "pä/s <1> \"&\"🦀";
        for text in [
            "pä/s &lt;1&gt; &quot;&amp;&quot;🦀",
            r#"p\u00e4/s <1> \"&\"\ud83e\udd80"#,
            r#"p\u00e4\/s <1> \"&\"\ud83e\udd80"#,
            "p%C3%A4%2Fs%20%3C1%3E%20%22%26%22%F0%9F%A6%80",
            "p%C3%A4%2Fs+%3C1%3E+%22%26%22%F0%9F%A6%80",
            "cMOkL3MgPDE+ICImIvCfpoA",
        ] {
            assert_eq!(masked(secret, &format!("[{text}]")), format!("[{MASK}]"), "{text}");
        }
    }

    #[test]
    fn a_secret_is_masked_as_the_host_of_a_url_shows_it() {
        for secret in ["T0KENabc", "Hook.T0KEN", "Schlüssel7"] {
            let url = Url::parse(&format!("https://eu-{secret}.example.org/a")).unwrap();
            if secret.is_ascii() {
                assert_eq!(masked(secret, url.as_str()), format!("https://eu-{MASK}.example.org/a"));
            }
            let url = Url::parse(&format!("https://{secret}.example.org/a")).unwrap();
            assert_eq!(masked(secret, url.as_str()), format!("https://{MASK}.example.org/a"), "{secret}");
        }
        assert_eq!(masked("user@Word", "a word"), "a word", "only a part of it would be the host");
    }

    #[test]
    fn plain_words_stay() {
        assert_eq!(masked("abc", "abc YWJj"), "abc YWJj");
        // What a URL would leave of it is too short.
        assert_eq!(masked("a/../b", "b and a"), "b and a");
        let mut hidden = Hidden::default();
        hidden.secret("https://example.org/T0KEN");
        hidden.derived("abc");
        hidden.piece("https");
        hidden.piece("something else");
        assert_eq!(hidden.mask("https abc something else"), "https abc something else");
        hidden.piece("example.org/T0KEN");
        assert_eq!(hidden.mask("to example.org/T0KEN"), format!("to {MASK}"));
    }

    #[test]
    fn what_is_made_of_secrets_has_an_end() {
        let mut hidden = Hidden::default();
        for number in 0..2 * MAX_DERIVED {
            hidden.derived(&format!("derived {number}"));
        }
        assert!(hidden.len() <= 3 * MAX_DERIVED, "{}", hidden.len());
        let mut hidden = Hidden::default();
        for letter in ["a", "b", "c"] {
            hidden.derived(&letter.repeat(MAX_DERIVED_BYTES / 2));
        }
        assert_eq!(hidden.len(), 2);
    }
}

//! Digest authentication by challenge (RFC 7616): MD5 and SHA-256, with and without session, quality `auth` or none (RFC 2069).
//!
//! Written here because the crates for it draw chance by themselves and bring older hashes; it is a hundred lines.

use md5::Md5;
use sha2::{Digest, Sha256};

/// What hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha256,
}

/// What a server asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// Whether the hash of name and password is bound to the nonces.
    session: bool,
    /// How the server wrote the algorithm, if it did.
    written: Option<String>,
    /// Whether it wants a nonce of ours; servers before 1999 do not.
    quality: bool,
}

/// Who asks, and for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// The user name.
    pub(super) username: &'a str,
    /// The password.
    pub(super) password: &'a str,
    /// The method of the request.
    pub(super) method: &'a str,
    /// Path and query of the request.
    pub(super) uri: &'a str,
    /// A nonce of ours: letters and digits, new each time.
    pub(super) cnonce: &'a str,
}

/// The strongest challenge in the `WWW-Authenticate` headers that can be answered.
pub(super) fn challenge<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut known: Vec<Challenge> = headers.flat_map(challenges).collect();
    known.sort_by_key(|challenge| challenge.algorithm == Algorithm::Md5);
    known.into_iter().next()
}

impl Challenge {
    /// The value of `Authorization`.
    pub(super) fn answer(&self, asked: Asked<'_>) -> String {
        let Asked { username, password, method, uri, cnonce } = asked;
        let Self { realm, nonce, .. } = self;
        let mut who = self.hash(&format!("{username}:{realm}:{password}"));
        if self.session {
            who = self.hash(&format!("{who}:{nonce}:{cnonce}"));
        }
        let what = self.hash(&format!("{method}:{uri}"));
        let response = if self.quality {
            self.hash(&format!("{who}:{nonce}:00000001:{cnonce}:auth:{what}"))
        } else {
            self.hash(&format!("{who}:{nonce}:{what}"))
        };
        let name = if username.is_ascii() {
            format!("username={}", quoted(username))
        } else {
            format!("username*=UTF-8''{}", percent(username))
        };
        let mut header = format!(
            "Digest {name}, realm={}, nonce={}, uri={}, response=\"{response}\"",
            quoted(realm),
            quoted(nonce),
            quoted(uri)
        );
        if let Some(written) = &self.written {
            header.extend([", algorithm=", written]);
        }
        if let Some(opaque) = &self.opaque {
            header.extend([", opaque=", &quoted(opaque)]);
        }
        if self.quality {
            header.extend([", qop=auth, nc=00000001, cnonce=", &quoted(cnonce)]);
        } else if self.session {
            header.extend([", cnonce=", &quoted(cnonce)]);
        }
        header
    }

    fn hash(&self, text: &str) -> String {
        match self.algorithm {
            Algorithm::Md5 => hex(&Md5::digest(text)),
            Algorithm::Sha256 => hex(&Sha256::digest(text)),
        }
    }
}

/// The digest challenges of one header: a header may hold several of any scheme, separated by commas like their parameters.
fn challenges(header: &str) -> Vec<Challenge> {
    let mut found = Vec::new();
    let mut digest: Option<Vec<(String, String)>> = None;
    for part in split(header) {
        let (name, value) =
            part.split_once('=').map_or((part, ""), |(name, value)| (name.trim(), value.trim()));
        // A scheme stands before the first of its parameters, separated by a space.
        let name = match name.split_once(char::is_whitespace) {
            Some((scheme, name)) => {
                found.extend(digest.take().and_then(|parameters| read(&parameters)));
                digest = scheme.eq_ignore_ascii_case("digest").then(Vec::new);
                name.trim()
            }
            None => name,
        };
        if let Some(parameters) = &mut digest {
            parameters.push((name.to_ascii_lowercase(), unquoted(value)));
        }
    }
    found.extend(digest.and_then(|parameters| read(&parameters)));
    found
}

fn read(parameters: &[(String, String)]) -> Option<Challenge> {
    let value =
        |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let written = value("algorithm");
    let (algorithm, session) = match written.as_deref().unwrap_or("MD5").to_ascii_uppercase().as_str() {
        "MD5" => (Algorithm::Md5, false),
        "MD5-SESS" => (Algorithm::Md5, true),
        "SHA-256" => (Algorithm::Sha256, false),
        "SHA-256-SESS" => (Algorithm::Sha256, true),
        _ => return None,
    };
    let qualities = value("qop");
    let has_auth = |text: &String| text.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth"));
    // The body's integrity (auth-int) alone is more than anybody asks for, and is not answered.
    if qualities.as_ref().is_some_and(|text| !has_auth(text)) {
        return None;
    }
    Some(Challenge {
        realm: value("realm")?,
        nonce: value("nonce")?,
        opaque: value("opaque"),
        algorithm,
        session,
        written,
        quality: qualities.is_some(),
    })
}

/// The parts between commas that stand outside of quotes.
fn split(header: &str) -> impl Iterator<Item = &str> {
    let (mut inside, mut escaped) = (false, false);
    header
        .split(move |character| {
            let separates = character == ',' && !inside;
            if character == '"' && !escaped {
                inside = !inside;
            }
            escaped = character == '\\' && inside && !escaped;
            separates
        })
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        text.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
    }
    text
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// As RFC 8187 writes values that are not ASCII.
fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte);
    let written = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(written).collect::<Vec<_>>().concat()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7616, section 3.9.1.
    const MUFASA: Asked<'_> = Asked {
        username: "Mufasa",
        password: "Circle of Life",
        method: "GET",
        uri: "/dir/index.html",
        cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    };

    fn rfc(algorithm: &str) -> String {
        format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    }

    #[test]
    fn the_answers_are_those_of_the_standard() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let answer = challenge([rfc(algorithm).as_str()].into_iter()).unwrap().answer(MUFASA);
            assert_eq!(
                answer,
                format!(
                    "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
                     nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", response=\"{response}\", \
                     algorithm={algorithm}, opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", qop=auth, nc=00000001, \
                     cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\""
                )
            );
        }
    }

    #[test]
    fn an_old_server_gets_an_answer_without_a_nonce_of_ours() {
        let header = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
                      opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
        let asked = Asked { password: "CircleOfLife", ..MUFASA };
        let answer = challenge([header].into_iter()).unwrap().answer(asked);
        assert!(answer.contains("response=\"1949323746fe6a43ef61f9606e7febea\""), "{answer}");
        assert!(!answer.contains("qop") && !answer.contains("algorithm"), "{answer}");
    }

    #[test]
    fn the_strongest_of_several_challenges_is_answered() {
        let both = format!("Basic realm=\"a, b\", {}, {}", rfc("MD5"), rfc("SHA-256"));
        let found = challenge([both.as_str()].into_iter()).unwrap();
        assert_eq!((found.algorithm, found.session), (Algorithm::Sha256, false));
        let (first, second) = (rfc("MD5-sess"), rfc("SHA-512-256"));
        let found = challenge([second.as_str(), first.as_str()].into_iter()).unwrap();
        assert_eq!((found.algorithm, found.session), (Algorithm::Md5, true));
        for none in [
            "",
            "Basic realm=\"x\"",
            "Digest",
            "Digest nonce=\"x\"",
            "Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"",
        ] {
            assert_eq!(challenge([none].into_iter()), None, "{none}");
        }
    }

    #[test]
    fn quotes_and_other_alphabets_in_names_do_not_break_the_header() {
        let found =
            challenge(["Digest realm=\"a \\\"b\\\", c\", nonce=\"n\", qop=auth"].into_iter()).unwrap();
        assert_eq!(found.realm, "a \"b\", c");
        let answer = found.answer(Asked { username: "Jäger", ..MUFASA });
        assert!(
            answer.starts_with("Digest username*=UTF-8''J%C3%A4ger, realm=\"a \\\"b\\\", c\""),
            "{answer}"
        );
    }
}

//! What of an address must not stand in the log: whoever is asked may repeat it, whole or in parts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::check::redact::is_sensitive;
use domain::integration::webhook::template::BEGIN;
use reqwest::Url;
use url::Position;

/// Characters from which on a part is taken for a secret: shorter ones are words such as `hooks`, or numbers.
const PART: usize = 16;
/// The same for the value of a parameter, and for path and query together.
const VALUE: usize = 8;
/// The same for a value whose name announces a secret, and for a password.
const ANNOUNCED: usize = 4;

/// The most addresses that are remembered.
const REMEMBERED: usize = 1_024;

/// What is known of an address.
#[derive(Debug)]
pub(super) struct Address {
    /// What must not stand in the log.
    pub(super) secrets: Vec<String>,
    /// The address as it was read, if it is one.
    pub(super) url: Option<Url>,
}

/// Addresses that messages went to: to read one for each message costs as much as to write a body. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses(Arc<Mutex<HashMap<String, Arc<Address>>>>);

impl Addresses {
    /// What is known of an address.
    pub(super) fn of(&self, text: &str) -> Arc<Address> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = known.get(text) {
            return address.clone();
        }
        // Those that are still in use are read once more.
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let (secrets, url) = of_url(text);
        known.entry(text.to_owned()).or_insert_with(|| Arc::new(Address { secrets, url })).clone()
    }
}

/// The address as it is written and as it is sent, and those of its parts that may be secret alone; and the address as it was read. What a
/// message fills in is no secret of the address.
pub(super) fn of_url(text: &str) -> (Vec<String>, Option<Url>) {
    let mut secrets = vec![text.to_owned()];
    let Ok(url) = Url::parse(text) else { return (secrets, None) };
    if url.as_str() != text {
        secrets.push(url.as_str().to_owned());
    }
    let mut add = |part: &str, least: usize| {
        if part.chars().count() >= least && !part.contains(BEGIN) {
            secrets.push(part.to_owned());
        }
    };
    add(&url[Position::BeforePath..Position::AfterQuery], VALUE);
    for segment in url.path().split('/') {
        add(segment, PART);
        if is_escaped(segment) {
            add(&decoded(segment), PART);
        }
    }
    for pair in url.query().into_iter().flat_map(|query| query.split('&')) {
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let least = if is_sensitive(name) { ANNOUNCED } else { VALUE };
        add(value, least);
        if is_escaped(value) {
            add(&decoded(value), least);
            add(&decoded(&value.replace('+', "%20")), least);
        }
    }
    let (user, password) = (url.username(), url.password());
    if !user.is_empty() || password.is_some() {
        let password = password.unwrap_or_default();
        let (plain_user, plain_password) = (decoded(user), decoded(password));
        // As it stands in the header, and in the address.
        add(&BASE64.encode(format!("{plain_user}:{plain_password}")), ANNOUNCED);
        add(&format!("{user}:{password}"), ANNOUNCED);
        add(password, ANNOUNCED);
        add(&plain_password, ANNOUNCED);
    }
    (secrets, Some(url))
}

/// Whether a part may say something else without its escapes. Most do not, and this is asked for each message.
fn is_escaped(part: &str) -> bool {
    part.contains(['%', '+'])
}

/// A part of an address without its escapes.
fn decoded(part: &str) -> String {
    // A plus sign is one there.
    let name = part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(name.as_bytes()).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_parts_are_found_and_words_are_left() {
        let (secrets, _) = of_url(
            "https://us%40er:p%2Bw+d@h.example/hooks/T0KEN-0123456789abc/x?st=400&token=abcd&a=b%20cdefgh&n=",
        );
        for secret in [
            "/hooks/T0KEN-0123456789abc/x?st=400&token=abcd&a=b%20cdefgh&n=",
            "T0KEN-0123456789abc",
            "abcd",
            "b%20cdefgh",
            "b cdefgh",
            "p%2Bw+d",
            "p+w+d",
        ] {
            assert!(secrets.iter().any(|known| known == secret), "{secret}: {secrets:?}");
        }
        assert!(secrets.contains(&BASE64.encode("us@er:p+w+d")));
        for word in ["hooks", "400", "x", ""] {
            assert!(!secrets.iter().any(|known| known == word), "{word}");
        }
        assert!(
            !of_url("https://h.example/{{payload.t}}?a={{payload.title}}")
                .0
                .iter()
                .any(|part| part.starts_with("{{"))
        );
    }
}

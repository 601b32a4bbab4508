//! Addresses in settings: reading, judging and showing URLs, many of which hold a token.

use crate::form::{FieldError, FormReader};
use crate::secret::Secret;

/// Adds an error unless the text is an absolute http(s) URL.
pub(crate) fn examine_url(field: &str, text: &str, errors: &mut Vec<FieldError>) {
    let parsed = url::Url::parse(text);
    let fits = parsed.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !fits && !text.is_empty() {
        errors.push(FieldError::new(
            field,
            format!("“{text}” is no web address; write one such as https://example.org/hook."),
        ));
    }
}

/// The URL that a form sent as a secret, without the spaces around it.
pub(crate) fn read_secret_url(
    reader: &mut FormReader<'_>,
    name: &'static str,
    old: Option<&Secret>,
) -> Option<Secret> {
    reader.secret(name, old).map(|url| url.expose().trim().into())
}

/// Adds an error unless the secret text is an absolute http(s) URL; the text is not repeated.
pub(crate) fn examine_secret_url(field: &str, url: &Secret, example: &str, errors: &mut Vec<FieldError>) {
    let mut wrong = Vec::new();
    examine_url(field, url.expose(), &mut wrong);
    if url.is_empty() {
        errors.push(FieldError::new(field, "Please fill this in."));
    } else if !wrong.is_empty() {
        errors.push(FieldError::new(field, format!("This is no web address; it looks like {example}.")));
    }
}

/// Host and port of a URL whose path is secret.
pub(crate) fn shown_host(text: &str) -> String {
    let url = url::Url::parse(text).ok();
    let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default();
    match url.as_ref().and_then(url::Url::port) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The URL without what may be secret in it: credentials, query, and the last part of the path, which often is a token.
pub(crate) fn shown_url(text: &str) -> String {
    let Ok(mut url) = url::Url::parse(text) else { return text.to_owned() };
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

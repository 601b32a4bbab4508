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

/// Adds an error when a `{{…}}` stands before the path of a URL: what a message tells must not choose where it goes.
pub(crate) fn examine_template(field: &str, text: &str, errors: &mut Vec<FieldError>) {
    let Ok(url) = url::Url::parse(text) else { return };
    let before = &url[..url::Position::BeforePath];
    if before.contains("{{") || before.contains("%7B%7B") {
        let message = "A {{…}} may stand in the path and the query of the address, and not before them.";
        errors.push(FieldError::new(field, message));
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

/// The URL without what may be secret in it: credentials, query, and parts of the path that look like tokens.
pub(crate) fn shown_url(text: &str) -> String {
    let Ok(mut url) = url::Url::parse(text) else { return text.to_owned() };
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    // What is put into a URL is escaped there, so the parts that are left out are marked afterwards.
    let hidden: Vec<_> =
        url.path_segments().into_iter().flatten().filter(|part| is_token(part)).map(str::to_owned).collect();
    hidden.iter().fold(url.to_string(), |shown, token| shown.replace(token.as_str(), "…"))
}

/// Whether a part of a path looks as if somebody's machine had made it up: long, without a word's end in it, and with a digit.
fn is_token(part: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'=' | b'~');
    part.len() >= 16 && part.bytes().all(fits) && part.bytes().any(|byte| byte.is_ascii_digit())
        || uuid_like(part)
}

/// Whether it is written as a UUID.
fn uuid_like(part: &str) -> bool {
    let lengths: Vec<_> = part.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_url_has_no_credentials_no_query_and_no_token() {
        let shown = [
            (
                "https://hooks.slack.com/services/YOUR/WEBHOOK/URL",
                "https://hooks.slack.com/services/YOUR/WEBHOOK/URL",
            ),
            ("https://a:b@example.org/in?token=x#y", "https://example.org/in"),
            ("https://example.org/hooks/abcdef0123456789abcdef/go", "https://example.org/hooks/…/go"),
            ("https://example.org/h/6F9619FF-8B86-D011-B42D-00CF4FC964FF", "https://example.org/h/…"),
            (
                "https://example.org/status-of-all-the-shops-2026",
                "https://example.org/status-of-all-the-shops-2026",
            ),
        ];
        for (url, expected) in shown {
            assert_eq!(shown_url(url), expected);
        }
    }

    #[test]
    fn a_template_stands_in_the_path_or_the_query() {
        let errors = |text: &str| {
            let mut errors = Vec::new();
            examine_url("url", text, &mut errors);
            examine_template("url", text, &mut errors);
            errors.len()
        };
        for fine in [
            "https://example.org/{{eventId}}/{{ payload.a.0.b }}?c={{deliveryId}}#{{timestamp}}",
            "http://me:pw@example.org:8080?{{eventId}}",
        ] {
            assert_eq!(errors(fine), 0, "{fine}");
        }
        for wrong in [
            "https://{{eventId}}/a",
            "https://{{eventId}}.example.org/",
            "https:///{{eventId}}/a",
            "https://{{eventId}}@example.org/",
            "https://example.org:{{eventId}}/",
            "{{eventId}}://example.org/",
        ] {
            assert_eq!(errors(wrong), 1, "{wrong}");
        }
    }
}

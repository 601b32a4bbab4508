//! What a browser says it can read and has already.

use axum::http::{HeaderMap, header};

/// Whether `Accept-Encoding` names the coding with a weight above zero. `*` is not read: who means a coding says so.
pub(crate) fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    items(headers, &header::ACCEPT_ENCODING).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
        is_named && weight > 0.0
    })
}

/// Whether `If-None-Match` holds the tag, by weak comparison (RFC 9110 section 13.1.2): proxies weaken tags.
pub(crate) fn knows(headers: &HeaderMap, etag: &str) -> bool {
    items(headers, &header::IF_NONE_MATCH).any(|item| item == "*" || item.trim_start_matches("W/") == etag)
}

fn items<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

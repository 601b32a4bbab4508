//! The cookie of a browser that somebody logged in with: it shows its mark at the next log-in. It stays when the session ends.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use engine::services::known::MARK_FOR;

/// The cookie over plain HTTP.
const PLAIN: &str = "pharos-known";
/// The cookie over TLS, see [`crate::session::SECURE_COOKIE`].
const SECURE: &str = "__Host-pharos-known";

/// A mark for the browser; stands in the answer's extensions until it is known which cookie holds it.
#[derive(Clone)]
pub(crate) struct Known(pub(crate) String);

/// The mark that a browser shows.
pub(crate) fn mark_of(headers: &HeaderMap, https: bool) -> Option<String> {
    let name = if https { SECURE } else { PLAIN };
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, mark)| mark.to_owned())
}

/// Gives the browser the mark that is meant for it.
pub(crate) fn hand_out(mut response: Response, https: bool) -> Response {
    let Some(Known(mark)) = response.extensions_mut().remove::<Known>() else { return response };
    let (name, secure) = if https { (SECURE, "; Secure") } else { (PLAIN, "") };
    // Lax, as the session's: whoever comes by a link logs in like anybody else.
    let age = MARK_FOR / 1_000;
    let cookie = format!("{name}={mark}; HttpOnly; SameSite=Lax{secure}; Path=/; Max-Age={age}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_over_tls_is_not_taken_from_a_neighbour() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=b; pharos-known=plain"));
        headers.append(COOKIE, HeaderValue::from_static("__Host-pharos-known=sealed:1:ab:x+/=; c=d"));
        assert_eq!(mark_of(&headers, true).as_deref(), Some("sealed:1:ab:x+/="));
        assert_eq!(mark_of(&headers, false).as_deref(), Some("plain"));
        for (https, begin, is_secure) in
            [(true, "__Host-pharos-known=m;", true), (false, "pharos-known=m;", false)]
        {
            let mut response = Response::default();
            response.extensions_mut().insert(Known("m".to_owned()));
            let response = hand_out(response, https);
            let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
            assert!(cookie.starts_with(begin) && cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
            assert_eq!(cookie.contains("; Secure; Path=/"), is_secure, "{cookie}");
        }
        assert!(!hand_out(Response::default(), true).headers().contains_key(SET_COOKIE));
    }
}

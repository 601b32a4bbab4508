//! What keeps other sites out: the check of where a request comes from, and the headers that tell browsers what a page may do.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::client::Client;
use crate::config::BaseUrl;
use crate::error;
use crate::router::AppState;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// What a page may do that does not say otherwise: the public pages and everything that is no page.
const PLAIN_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
                            connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// A year, in seconds.
const HSTS: &str = "max-age=31536000";

/// The policy of a console page, whose own inline scripts carry this nonce; set it on the response as
/// `content-security-policy`, and `headers` leaves it alone.
///
/// `away` is an origin that a form may lead to: browsers hold a form to its policy on the redirects that follow, too.
pub fn console_policy(nonce: &str, away: Option<&str>) -> String {
    let away = away.map(|origin| format!(" {origin}")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'{away}; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Refuses requests that change something, and sockets, when a page of another site makes a browser send them. Together with
/// `SameSite=Lax` on the cookie this is the whole defence against forged requests: there are no tokens in forms.
pub(crate) async fn check_origin(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some(client) = request.extensions().get::<Client>() else {
        return error::internal("a request without a client");
    };
    let harmless = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
        && !request.headers().contains_key(header::UPGRADE);
    if harmless || is_from_here(request.headers(), client, state.config.server.base_url.as_ref()) {
        return next.run(request).await;
    }
    tracing::warn!(
        origin = ?request.headers().get(header::ORIGIN),
        host = ?client.host,
        "a request from another site was refused; behind a proxy, keep the Host header, or set server.base_url"
    );
    let sentence = "This request came from another site. Open Pharos itself and try again; if a proxy stands in between, \
                    it must pass the Host header on, or server.base_url must be set.";
    error::page(StatusCode::FORBIDDEN, "Not from here", sentence)
}

/// Whether no browser sent it on behalf of another site. Programs that are no browsers send neither header, and carry no cookie
/// that somebody could abuse.
fn is_from_here(headers: &HeaderMap, client: &Client, base_url: Option<&BaseUrl>) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("null"));
    // Browsers send this over TLS and to localhost only; no page can forge it.
    if let Some(site) = text(&SEC_FETCH_SITE) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(&header::ORIGIN) else { return true };
    if base_url.is_some_and(|base| base.as_str().eq_ignore_ascii_case(origin)) {
        return true;
    }
    let Some((scheme, host)) = origin.split_once("://") else { return false };
    let port = if scheme == "https" { ":443" } else { ":80" };
    let asked = client.host.as_deref().unwrap_or_default();
    !asked.is_empty() && asked.trim_end_matches(port).eq_ignore_ascii_case(host)
}

/// Adds the headers that every answer carries, unless it says otherwise itself. Not a layer of its own: each costs an answer
/// about a microsecond.
pub(crate) fn add_headers(headers: &mut HeaderMap, https: bool) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, PLAIN_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (OPENER_POLICY, "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if https {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HeaderValue::from_static(HSTS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    fn allowed(pairs: &[(&'static str, &str)], base: &str) -> bool {
        let flags = vec![(String::new(), "server.base_url".to_owned(), base.to_owned())];
        let config = Config::load(&Sources { flags, ..Sources::default() }).unwrap();
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let client = Client::new([203, 0, 113, 9].into(), &"/".parse().unwrap(), &headers, &config);
        is_from_here(&headers, &client, config.server.base_url.as_ref())
    }

    #[test]
    fn a_page_of_another_site_is_refused() {
        assert!(!allowed(&[("host", "a.example"), ("origin", "https://evil.example")], ""));
        assert!(!allowed(&[("host", "a.example"), ("origin", "null")], ""));
        assert!(!allowed(
            &[("host", "a.example"), ("sec-fetch-site", "cross-site"), ("origin", "https://a.example")],
            ""
        ));
        assert!(!allowed(&[("host", "a.example"), ("sec-fetch-site", "same-site")], ""));
        assert!(!allowed(&[("host", "a.example:3000"), ("origin", "http://a.example:3001")], ""));
    }

    #[test]
    fn our_own_pages_are_allowed_without_configuring_an_origin() {
        assert!(allowed(&[("host", "a.example"), ("sec-fetch-site", "same-origin")], ""));
        assert!(allowed(&[("host", "10.0.0.2:3000"), ("origin", "http://10.0.0.2:3000")], ""));
        assert!(allowed(&[("host", "a.example:443"), ("origin", "https://a.example")], ""));
    }

    #[test]
    fn behind_a_proxy_that_rewrites_the_host_the_base_url_counts() {
        let headers = [("host", "pharos:3000"), ("origin", "https://status.example.org")];
        assert!(!allowed(&headers, ""));
        assert!(allowed(&headers, "https://status.example.org"));
    }

    #[test]
    fn a_program_that_is_no_browser_is_allowed() {
        assert!(allowed(&[("host", "a.example")], ""));
    }
}

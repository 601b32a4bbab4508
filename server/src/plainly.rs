//! Log-ins from pages that were opened over plain HTTP while the session's cookie would be marked `Secure`: the browser would drop
//! the cookie, and come back to the log-in without a word. So they are refused with one.
//!
//! What a refused form leaves for its page is kept under that very cookie. Without scripts the address says it instead.

use app::error::AppError;
use app::flash::Flash;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;

use crate::client::Client;
use crate::config::Config;

/// The pages with a log-in or the set-up, and the forms on them.
const FORMS: [(&str, &str); 2] = [("/login", "login"), ("/setup", "account")];
/// Stands in the address of a page whose form was refused.
const SIGN: &str = "over=http";
/// Browsers send it over TLS, and not over plain HTTP.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why the browser that sent this form would lose its session, and what to do; `None` when it would not.
pub(crate) fn refusal(client: &Client, headers: &HeaderMap, config: &Config) -> Option<String> {
    client.drops_secure_cookies(headers).then(|| words(config))
}

fn words(config: &Config) -> String {
    match config.server.base_url.as_ref().filter(|base| base.is_https()) {
        Some(base) => format!(
            "This page was opened over http, and Pharos is set to {}. Open it there, or set X-Forwarded-Proto in the proxy, and \
             name the proxy in server.trusted_proxies.",
            base.as_str()
        ),
        None => "This page was opened over http, and the proxy says https in X-Forwarded-Proto. Open it over https, or correct \
                 that in the proxy."
            .to_owned(),
    }
}

/// Lets the page that a refused form without scripts goes back to say why.
pub(crate) fn sign(response: &mut Response, left: &Flash) {
    if left.error.is_none() || !FORMS.iter().any(|(_, form)| *form == left.form) {
        return;
    }
    let Some(page) = response.headers().get(header::LOCATION).and_then(|page| page.to_str().ok()) else {
        return;
    };
    if !is_signed(page.split_once('?').map_or("", |(_, query)| query)) {
        let separator = if page.contains('?') { '&' } else { '?' };
        if let Ok(signed) = HeaderValue::from_str(&format!("{page}{separator}{SIGN}")) {
            response.headers_mut().insert(header::LOCATION, signed);
        }
    }
}

/// What the form of a page says whose address is signed.
pub(crate) fn flash(request: &Request, client: &Client, config: &Config) -> Option<Flash> {
    let (_, form) = FORMS.into_iter().find(|(page, _)| *page == request.uri().path())?;
    let is_plain = client.https && !request.headers().contains_key(FETCH_SITE);
    (is_plain && is_signed(request.uri().query().unwrap_or_default())).then(|| Flash {
        form: form.to_owned(),
        error: Some(AppError::Conflict { message: words(config) }),
        ..Flash::default()
    })
}

fn is_signed(query: &str) -> bool {
    query.split('&').any(|pair| pair == SIGN)
}

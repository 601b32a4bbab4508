//! The log, and what each request leaves in it.

use std::io::IsTerminal as _;

use axum::extract::{MatchedPath, Request};
use axum::http::HeaderValue;
use engine::chance::Chance;
use tower_http::request_id::{MakeRequestId, RequestId};
use tracing::Span;
use tracing_subscriber::EnvFilter;

use crate::config::environment::wants_no_color;
use crate::config::{Log, LogFormat};

/// Where the name of a request stands.
const REQUEST_ID: &str = "x-request-id";
/// Modules that are quieter than the rest when only a level is given: sqlx reports each slow statement, and tower-sessions takes
/// every session that ended for an attack.
const QUIETER: &str =
    "sqlx=warn,hyper=warn,h2=warn,rustls=warn,tower_sessions=error,tower_sessions_core=error";

/// Begins to write the log; to be called once a process. A second call changes nothing.
pub(crate) fn init(log: &Log) {
    let level = &log.level.0;
    let directives = match level.as_str() {
        "error" | "warn" | "info" => format!("{level},{QUIETER}"),
        _ => level.clone(),
    };
    // In a file or a journal the codes of colours would stand between the words.
    let colours = std::io::stderr().is_terminal() && !wants_no_color();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(directives))
        .with_ansi(colours)
        .with_writer(std::io::stderr);
    let begun = match log.format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if begun.is_err() {
        tracing::debug!("the log is written already");
    }
}

/// The span of a request. It names the route and not the path, because paths hold the tokens of heartbeats, and never the
/// query, because that of the set-up link holds one too.
pub(crate) fn request_span(request: &Request) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str);
    let id = request
        .extensions()
        .get::<RequestId>()
        .and_then(|id| id.header_value().to_str().ok())
        .unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), route, id)
}

/// The longest name of a request that is taken over from outside, in bytes: room for what proxies and clouds write.
const MAX_REQUEST_ID: usize = 128;

/// Takes away a name that came with a request unless it is short and plain: it goes into the log and into the answer. The
/// request gets one of ours then.
pub(crate) fn vet_request_id(mut request: Request) -> Request {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:;=+/@".contains(byte);
    let headers = request.headers_mut();
    let mut sent = headers.get_all(REQUEST_ID).iter();
    let fine = match (sent.next(), sent.next()) {
        (Some(id), None) => {
            let id = id.as_bytes();
            (1..=MAX_REQUEST_ID).contains(&id.len()) && id.iter().all(plain)
        }
        (None, _) => true,
        (Some(_), Some(_)) => false,
    };
    if !fine {
        headers.remove(REQUEST_ID);
    }
    request
}

/// Names requests, so that an answer can be found in the log.
#[derive(Clone, Debug)]
pub(crate) struct Names(pub(crate) Chance);

impl MakeRequestId for Names {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        let name = domain::id::digits(self.0.bytes());
        HeaderValue::from_str(&name).ok().map(RequestId::new)
    }
}

//! Heartbeats of jobs, in the forms that jobs already speak (field.md, section 4).

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::services::ServiceError;
use engine::services::push::{Beat, MAX_MESSAGE_BYTES, Taken};
use serde::Serialize;

use super::beginning::Beginning;
use crate::error::Refusal;
use crate::router::AppState;

/// Tells senders in the form of Healthchecks how much of a body is kept, in bytes.
const BODY_LIMIT: HeaderName = HeaderName::from_static("ping-body-limit");
/// Healthchecks has keys of projects, with which a job names its check instead of knowing its token. Here are none.
const NO_SLUGS: &str =
    "not found: checks have no names here; call /ping/{token} with the token of the monitor";
/// A run of more than a year is a mistake of the sender; in milliseconds.
const MAX_PING_MS: f64 = 366.0 * 86_400_000.0;

/// What Kuma's form carries in its query. Every value is optional, and a value that makes no sense is passed over, as Kuma does;
/// but what is no good news never becomes it.
#[derive(Debug, Default)]
struct KumaQuery {
    /// The first status that is not up, if there is one.
    status: Option<String>,
    msg: Option<String>,
    ping: Option<String>,
}

/// What Kuma's form answers.
#[derive(Debug, Serialize)]
struct KumaAnswer {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<&'static str>,
}

impl KumaQuery {
    /// Reads a query whatever it looks like: a name that comes twice or an encoding that breaks off must not lose the rest.
    fn read(query: Option<&str>) -> Self {
        let mut read = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "status" if !is_up(read.status.as_deref()) => {}
                "status" => read.status = Some(value.into_owned()),
                "msg" => read.msg = Some(value.into_owned()),
                "ping" => read.ping = Some(value.into_owned()),
                _ => {}
            }
        }
        read
    }

    fn beat(self, body: &Bytes) -> Beat {
        let message = self.msg.unwrap_or_else(|| text(body));
        if is_up(self.status.as_deref()) {
            Beat::Success { latency_us: self.ping.as_deref().and_then(microseconds), message }
        } else {
            Beat::Failure { exit: None, message }
        }
    }
}

/// Whatever is not up is down; `pending` and misspellings must not pass for good news.
fn is_up(status: Option<&str>) -> bool {
    matches!(status, None | Some("" | "up"))
}

/// `/api/push/{token}?status=up|down&msg=OK&ping=12`, by any method: our own form of "it worked", and Kuma's.
pub(super) async fn kuma(
    State(state): State<AppState>,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
    Beginning(body): Beginning,
) -> Response {
    let query = KumaQuery::read(query.as_deref());
    let unknown = KumaAnswer { ok: false, msg: Some("Monitor not found or not active.") };
    match state.services.push(&token, query.beat(&body)).await {
        Ok(Taken::Counted) => fresh(Json(KumaAnswer { ok: true, msg: None })),
        Ok(Taken::Paused) | Err(ServiceError::NotFound) => fresh((StatusCode::NOT_FOUND, Json(unknown))),
        Err(error) => Refusal(error).into_response(),
    }
}

/// `/api/push/{token}/start`, `/fail` or an exit code, by any method.
pub(super) async fn signal(
    State(state): State<AppState>,
    Path((token, signal)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    Beginning(body): Beginning,
) -> Response {
    let message = KumaQuery::read(query.as_deref()).msg.unwrap_or_else(|| text(&body));
    let unknown = KumaAnswer { ok: false, msg: Some("Monitor not found or not active.") };
    let Some(beat) = beat_of(&signal, message) else {
        let msg = Some("Use start, fail, log or an exit code from 0 to 255.");
        return fresh((StatusCode::BAD_REQUEST, Json(KumaAnswer { ok: false, msg })));
    };
    match state.services.push(&token, beat).await {
        // A job that reports the end of a run should not fail because somebody paused the monitor.
        Ok(Taken::Counted | Taken::Paused) => fresh(Json(KumaAnswer { ok: true, msg: None })),
        Err(ServiceError::NotFound) => fresh((StatusCode::NOT_FOUND, Json(unknown))),
        Err(error) => Refusal(error).into_response(),
    }
}

/// `/ping/{token}` by HEAD, GET or POST.
pub(super) async fn ping(
    state: State<AppState>,
    method: Method,
    Path(token): Path<String>,
    Beginning(body): Beginning,
) -> Response {
    let beat = Beat::Success { latency_us: None, message: text(&body) };
    healthchecks(&state, &method, &token, Some(beat)).await
}

/// `/ping/{token}/start`, `/fail`, `/log` or an exit code, by HEAD, GET or POST. Anything else behind what is no token is the name of a
/// check: `/ping/{key}/{slug}`.
pub(super) async fn ping_signal(
    state: State<AppState>,
    method: Method,
    Path((token, signal)): Path<(String, String)>,
    Beginning(body): Beginning,
) -> Response {
    let beat = beat_of(&signal, text(&body));
    healthchecks(&state, &method, &token, beat).await
}

/// `/ping/{key}/{slug}/start` and so on, by HEAD, GET or POST.
pub(super) async fn ping_slug(method: Method) -> Response {
    not_allowed(&method).unwrap_or_else(|| fresh((StatusCode::NOT_FOUND, NO_SLUGS)))
}

fn not_allowed(method: &Method) -> Option<Response> {
    let allow = [(header::ALLOW, "HEAD, GET, POST")];
    let refusal = || (StatusCode::METHOD_NOT_ALLOWED, allow, "use HEAD, GET or POST").into_response();
    (!matches!(*method, Method::HEAD | Method::GET | Method::POST)).then(refusal)
}

async fn healthchecks(state: &AppState, method: &Method, token: &str, beat: Option<Beat>) -> Response {
    if let Some(refusal) = not_allowed(method) {
        return refusal;
    }
    let Some(beat) = beat else {
        return match state.services.is_push_token(token).await {
            Ok(true) => fresh((StatusCode::BAD_REQUEST, "invalid url format")),
            Ok(false) => fresh((StatusCode::NOT_FOUND, NO_SLUGS)),
            Err(error) => Refusal(error).into_response(),
        };
    };
    match state.services.push(token, beat).await {
        Ok(_) => fresh(([(BODY_LIMIT, MAX_MESSAGE_BYTES.to_string())], "OK")),
        Err(ServiceError::NotFound) => fresh((StatusCode::NOT_FOUND, "not found")),
        Err(error) => Refusal(error).into_response(),
    }
}

/// What the last part of the path says; `None` when it says nothing.
fn beat_of(signal: &str, message: String) -> Option<Beat> {
    Some(match signal {
        "start" => Beat::Start,
        "fail" => Beat::Failure { exit: None, message },
        "log" => Beat::Log { message },
        code => match code.parse::<u8>().ok()? {
            0 => Beat::Success { latency_us: None, message },
            exit => Beat::Failure { exit: Some(i32::from(exit)), message },
        },
    })
}

/// Milliseconds as a job writes them.
fn microseconds(ping: &str) -> Option<i64> {
    let ms: f64 = ping.trim().parse().ok().filter(|ms| (0.0..=MAX_PING_MS).contains(ms))?;
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    let us = (ms * 1_000.0) as i64;
    Some(us)
}

fn text(body: &Bytes) -> String {
    String::from_utf8_lossy(body).into_owned()
}

/// No cache may answer in our place.
fn fresh(answer: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], answer).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_a_word_or_an_exit_code() {
        let said = || "x".to_owned();
        assert_eq!(beat_of("start", said()), Some(Beat::Start));
        assert_eq!(beat_of("0", said()), Some(Beat::Success { latency_us: None, message: said() }));
        assert_eq!(beat_of("137", said()), Some(Beat::Failure { exit: Some(137), message: said() }));
        assert_eq!(beat_of("256", said()), None);
        assert_eq!(beat_of("stop", said()), None);
    }

    #[test]
    fn a_duration_that_makes_no_sense_is_passed_over() {
        assert_eq!(microseconds("12.5"), Some(12_500));
        assert_eq!(microseconds(""), None);
        assert_eq!(microseconds("-1"), None);
        assert_eq!(microseconds("NaN"), None);
        assert_eq!(microseconds("1e300"), None);
    }

    #[test]
    fn whatever_is_not_up_is_down() {
        let beat = |query: &str| KumaQuery::read(Some(query)).beat(&Bytes::new());
        for query in [
            "status=dwon",
            "status=down&status=up",
            "status=up&status=down",
            "status=down&msg=%ff",
            "%&status=%zz",
        ] {
            assert!(matches!(beat(query), Beat::Failure { .. }), "{query}");
        }
        for query in ["", "status=up", "status=&ping=12&ping=13&%", "msg=a&msg=b"] {
            assert!(matches!(beat(query), Beat::Success { .. }), "{query}");
        }
    }
}

//! The interval integration of Telex (contracts.md, section 1): its description, and the calls of Telex' clock.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::telex::integration;
use engine::telex::{Telex, TickRefusal};
use serde_json::json;

use crate::client::Client;
use crate::config::Origins;
use crate::error;
use crate::router::AppState;

/// The longest body of a call, in bytes: twenty sites with long addresses fit many times over.
pub(super) const MAX_BODY: usize = 64 << 10;
/// What the routes take.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, OPTIONS");
/// How long a browser may remember what it was allowed, in seconds.
const REMEMBER: HeaderValue = HeaderValue::from_static("3600");

/// The way in: there is none when the integration is turned off. Knows what the page that asks may read.
pub(super) struct Door {
    telex: Telex,
    cors: HeaderMap,
}

impl FromRequestParts<AppState> for Door {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        match &state.telex {
            Some(telex) => {
                let cors = cors(&state.config.telex.origins, &parts.method, &parts.headers);
                Ok(Self { telex: telex.clone(), cors })
            }
            None => Err(error::not_found()),
        }
    }
}

impl Door {
    fn answer(self, answer: impl IntoResponse) -> Response {
        (self.cors, [(header::CACHE_CONTROL, "no-store")], answer).into_response()
    }
}

/// `GET /integration.json`: what Telex, and its users' browsers, read when somebody adds the integration.
pub(super) async fn description(
    door: Door,
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
) -> Response {
    let answer = match client.base_url(&state.config) {
        Some(base) => Json(integration(base.as_str())).into_response(),
        None => plain(
            StatusCode::BAD_REQUEST,
            "the request does not say which host it is for; set server.base_url",
        ),
    };
    door.answer(answer)
}

/// `POST /tick`: the time has come. Answered at once; the result is posted later.
pub(super) async fn tick(
    door: Door,
    Extension(client): Extension<Client>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let answer = match body {
        Ok(body) => match door.telex.accept(&client.key(), &body) {
            Ok(()) => (StatusCode::ACCEPTED, Json(json!({ "status": "accepted" }))).into_response(),
            Err(refusal) => refused(refusal),
        },
        Err(rejection) => plain(rejection.status(), &rejection.body_text()),
    };
    door.answer(answer)
}

/// `OPTIONS` of both: the question of a browser whether a page of another site may ask.
pub(super) async fn preflight(door: Door) -> Response {
    door.answer(StatusCode::NO_CONTENT)
}

fn refused(refusal: TickRefusal) -> Response {
    let later = |status, retry_after: std::time::Duration, why| {
        // Rounded up: whoever comes back at that second is let in.
        let seconds = retry_after.as_millis().div_ceil(1_000).max(1).to_string();
        ([(header::RETRY_AFTER, seconds)], plain(status, why)).into_response()
    };
    match refusal {
        TickRefusal::Invalid(problems) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "detail": problems }))).into_response()
        }
        TickRefusal::TooMany { retry_after } => {
            later(StatusCode::TOO_MANY_REQUESTS, retry_after, "too many calls from this address")
        }
        TickRefusal::Busy { retry_after } => {
            later(StatusCode::SERVICE_UNAVAILABLE, retry_after, "too many calls are in work")
        }
    }
}

/// A refusal without a field, in the shape of `FastAPI`.
fn plain(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "detail": why }))).into_response()
}

/// What a page of another site may do: Telex' own pages anything, all others nothing. (They are answered; their browsers keep
/// the answer from them.)
fn cors(allowed: &Origins, method: &Method, asked: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = asked.get(header::ORIGIN).filter(|origin| allowed.contains(origin.as_bytes())) else {
        return headers;
    };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    if method == Method::OPTIONS {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBER);
        if let Some(wanted) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
    }
    headers
}

//! Answers to what went wrong at the edge: plain pages, which need neither script nor session.

use std::any::Any;
use std::fmt;

use app::error::AppError;
use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use engine::services::ServiceError;
use engine::store::StoreError;

use crate::{assets, session};

/// A plain page that says what happened and what to do. `title` and `sentence` are ours, and are not escaped.
pub fn page(status: StatusCode, title: &'static str, sentence: &'static str) -> Response {
    let (code, style) = (status.as_u16(), assets::url("/pkg/pharos.css"));
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
         <link rel=\"stylesheet\" href=\"{style}\"><title>{title}</title><main><h1>{title}</h1><p>{sentence}</p><p>{code} · <a href=\"/\">To the status page</a></p></main>"
    );
    let mut response = (status, Html(body)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// For paths that name nothing.
pub(crate) fn not_found() -> Response {
    page(StatusCode::NOT_FOUND, "Not found", "There is no page at this address.")
}

/// For our own faults; what happened goes to the log, never to the reader.
pub fn internal(what: impl fmt::Display) -> Response {
    tracing::error!(error = %what, "a request failed");
    page(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong here",
        "It is not your fault, and it has been noted in the log. Please try again.",
    )
}

/// For a page of whatever kind whose work failed: when to come back while the database is away, and else our own fault.
pub(crate) fn failed(error: &anyhow::Error, request: &HeaderMap) -> Response {
    if !is_away(error) {
        return internal(format_args!("{error:#}"));
    }
    tracing::error!(error = format_args!("{error:#}"), "a page could not reach the database");
    let accepts = request.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let response = if accepts.starts_with("application/json") {
        // A function that a page in the browser called: it shows what the error says.
        (StatusCode::SERVICE_UNAVAILABLE, Json(AppError::Unavailable)).into_response()
    } else {
        page(
            StatusCode::SERVICE_UNAVAILABLE,
            "The database does not answer",
            "Pharos itself runs and goes on checking. Please try again in a moment.",
        )
    };
    come_back(response)
}

/// Says when to try again while the database is away.
pub(crate) fn come_back(mut response: Response) -> Response {
    let wait = HeaderValue::from(ServiceError::RETRY_UNAVAILABLE.as_secs());
    response.headers_mut().insert(header::RETRY_AFTER, wait);
    response
}

/// Whether something failed because the database cannot be reached just now.
fn is_away(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(|error| matches!(error, ServiceError::Unavailable(_)))
        || error.downcast_ref().is_some_and(StoreError::is_unavailable)
        || error.downcast_ref().is_some_and(session::is_away)
}

/// For a handler that panicked: the trace stays in the log.
#[expect(clippy::needless_pass_by_value, reason = "the layer calls it like that")]
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response<Body> {
    internal(format_args!("a handler panicked: {}", engine::words_of_panic(panic.as_ref())))
}

/// For whatever took longer than `server.request_timeout`.
pub(crate) fn timed_out() -> Response {
    page(
        StatusCode::SERVICE_UNAVAILABLE,
        "This took too long",
        "The server gave up waiting. Please go back and try again; what you asked for may have been done.",
    )
}

/// An error of a service as an answer without a form to show it in: a status and a sentence in plain text.
#[derive(Debug)]
pub struct Refusal(pub ServiceError);

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let sentence = self.0.to_string();
        match self.0 {
            ServiceError::NotFound => (StatusCode::NOT_FOUND, sentence).into_response(),
            ServiceError::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, sentence).into_response(),
            ServiceError::Forbidden => (StatusCode::FORBIDDEN, sentence).into_response(),
            ServiceError::Conflict(_) => (StatusCode::CONFLICT, sentence).into_response(),
            ServiceError::TooMany { retry_after } => {
                let wait = [(header::RETRY_AFTER, retry_after.as_secs().max(1).to_string())];
                (StatusCode::TOO_MANY_REQUESTS, wait, sentence).into_response()
            }
            ServiceError::Unavailable(details) => {
                tracing::error!(error = details, "a request could not reach the database");
                let sentence = "the database does not answer; try again\n";
                come_back((StatusCode::SERVICE_UNAVAILABLE, sentence).into_response())
            }
            ServiceError::Internal(details) => {
                tracing::error!(error = details, "a request failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response()
            }
        }
    }
}

//! Answers to what went wrong at the edge: plain pages, which need neither script nor session.

use std::any::Any;
use std::fmt;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use engine::services::ServiceError;

use crate::assets;

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
pub(crate) async fn not_found() -> Response {
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
                let wait = [(header::RETRY_AFTER, ServiceError::RETRY_UNAVAILABLE.as_secs().to_string())];
                (StatusCode::SERVICE_UNAVAILABLE, wait, "the database does not answer; try again\n")
                    .into_response()
            }
            ServiceError::Internal(details) => {
                tracing::error!(error = details, "a request failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response()
            }
        }
    }
}

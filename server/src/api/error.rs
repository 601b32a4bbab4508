//! What the API answers instead of what was asked for: a status, a code that stays the same, and a sentence (contracts.md 2.5).

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::form::FieldError;
use engine::services::ServiceError;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// The result of a handler.
pub(super) type Result<T, E = ApiError> = std::result::Result<T, E>;

/// Why something was not done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// A code that stays the same, such as `integration_not_found`; where the API is documented with a sentence only, that sentence.
    #[schema(example = "unprocessable_entity")]
    error: Cow<'static, str>,
    /// What happened and what would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// What is wrong with each field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    errors: BTreeMap<String, Vec<String>>,
}

/// The answers that every operation may give.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the macro only")]
pub(super) enum Problems {
    /// The request cannot be read; the message says where.
    #[response(status = 400)]
    InvalidRequest(ErrorBody),
    /// There is no token, or it is none of ours.
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// Not allowed.
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// There is no such thing.
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// The state of things forbids it; the message says what to do.
    #[response(status = 409)]
    Conflict(ErrorBody),
    /// It can be read, but breaks a rule: which field, and what would be right.
    #[response(status = 422)]
    Unprocessable(ErrorBody),
    /// Too many calls; `Retry-After` says when to come back.
    #[response(status = 429)]
    TooMany(ErrorBody),
    /// The database does not answer, or an answer took too long; `Retry-After` says when to come back, if that is known.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// An answer that is no success.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: Box<ErrorBody>,
    /// Seconds after which to come back.
    retry_after: Option<u64>,
}

/// What an operation is about, as codes name it.
pub(super) type Noun = &'static str;

impl ApiError {
    /// A code with its sentence.
    pub(super) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        let body = ErrorBody { error: code.into(), message: Some(message.into()), errors: BTreeMap::new() };
        Self { status, body: Box::new(body), retry_after: None }
    }

    /// A sentence alone, as the API is documented for a few refusals.
    pub(super) fn sentence(sentence: &'static str) -> Self {
        let body = ErrorBody { error: sentence.into(), message: None, errors: BTreeMap::new() };
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, body: Box::new(body), retry_after: None }
    }

    /// The request cannot be read.
    pub(super) fn unreadable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    /// There is no token, or it is none of ours.
    pub(super) fn unauthorized() -> Self {
        let message = "Invalid or missing authentication token";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    /// There is no such thing.
    pub(super) fn not_found(noun: Noun) -> Self {
        let message = format!("The specified {} does not exist", noun.replace('_', " "));
        Self::new(StatusCode::NOT_FOUND, format!("{noun}_not_found"), message)
    }

    /// Too many calls.
    pub(super) fn too_many(wait: std::time::Duration) -> Self {
        // Rounded up: whoever comes back at that second is let in.
        let seconds = u64::try_from(wait.as_millis().div_ceil(1_000).max(1)).unwrap_or(1);
        let message = format!("Too many requests; try again in {seconds} s.");
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", message);
        Self { retry_after: Some(seconds), ..error }
    }

    /// What is wrong with fields.
    pub(super) fn fields(errors: Vec<FieldError>) -> Self {
        let message = match errors.as_slice() {
            [one] => format!("{}: {}", one.field, one.message),
            several => {
                let fields: Vec<_> = several.iter().map(|error| error.field.as_str()).collect();
                format!("Several fields are not valid: {}", fields.join(", "))
            }
        };
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable_entity", message);
        for FieldError { field, message } in errors {
            error.body.errors.entry(field).or_default().push(message);
        }
        error
    }

    /// One field that is wrong.
    pub(super) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldError::new(field, message)])
    }

    /// What a service answered about `noun`.
    pub(super) fn of(noun: Noun, error: ServiceError) -> Self {
        match error {
            ServiceError::NotFound => Self::not_found(noun),
            ServiceError::Invalid(errors) => Self::fields(errors),
            ServiceError::Forbidden => {
                Self::new(StatusCode::FORBIDDEN, "forbidden", "This token may not do that.")
            }
            ServiceError::Conflict(sentence) => Self::new(StatusCode::CONFLICT, "conflict", sentence),
            ServiceError::TooMany { retry_after } => Self::too_many(retry_after),
            ServiceError::Unavailable(details) => {
                tracing::error!(error = details, "a request could not reach the database");
                let message = "The database does not answer just now; try again in a moment.";
                let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message);
                Self { retry_after: Some(ServiceError::RETRY_UNAVAILABLE.as_secs()), ..error }
            }
            ServiceError::Internal(details) => {
                tracing::error!(error = details, "a request failed");
                let message =
                    "Something went wrong here. It is not your fault, and it has been noted in the log.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
            }
        }
    }
}

/// The answer to a call that took longer than `server.request_timeout`.
pub(crate) fn timed_out() -> Response {
    let message = "This took too long here (server.request_timeout). What was asked for may still be done.";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", message).into_response()
}

/// The answer of a handler that panicked: the trace stays in the log.
#[expect(clippy::needless_pass_by_value, reason = "the layer calls it like that")]
pub(super) fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let details = format!("a handler panicked: {}", engine::words_of_panic(panic.as_ref()));
    ApiError::of("", ServiceError::Internal(details)).into_response()
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Names what a service's answer is about.
pub(super) trait About<T> {
    /// The answer, or what to say instead.
    fn about(self, noun: Noun) -> Result<T>;
}

impl<T> About<T> for engine::services::Result<T> {
    fn about(self, noun: Noun) -> Result<T> {
        self.map_err(|error| ApiError::of(noun, error))
    }
}

/// What axum itself answers (no such method, a body that is too large) in the API's shape.
pub(super) fn in_our_shape(response: Response) -> Response {
    let status = response.status();
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes().starts_with(b"application/json") || kind.as_bytes().starts_with(b"text/html")
    });
    if is_json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (code, message) = match status {
        StatusCode::METHOD_NOT_ALLOWED => (
            "method_not_allowed",
            "This address does not take this method; the header Allow lists those that it takes.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => ("payload_too_large", "The body is too large."),
        _ => ("invalid_request", "The request cannot be read."),
    };
    let mut ours = ApiError::new(status, code, message).into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        ours.headers_mut().insert(header::ALLOW, allow.clone());
    }
    ours
}

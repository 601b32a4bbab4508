//! What a service may answer instead of what was asked for.

use std::time::Duration;

use domain::form::FieldError;

use crate::store::StoreError;

/// The result of a service.
pub type Result<T, E = ServiceError> = std::result::Result<T, E>;

/// Why a service did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// There is no such thing, or the viewer may not know of it.
    #[error("not found")]
    NotFound,
    /// The input breaks rules: which field, and what would be right.
    #[error("the input is not valid: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// The viewer may not do that.
    #[error("not allowed")]
    Forbidden,
    /// Somebody else was first. The sentence says what to do.
    #[error("{0}")]
    Conflict(String),
    /// Asked too often.
    #[error("too many attempts; try again in {} s", .retry_after.as_secs())]
    TooMany {
        /// When to try again.
        retry_after: Duration,
    },
    /// The database cannot be reached, or takes nobody just now; the details are for the log.
    #[error("{0}")]
    Unavailable(String),
    /// Our own fault; the details are for the log.
    #[error("internal error: {0}")]
    Internal(String),
}

impl ServiceError {
    /// When to try again after [`ServiceError::Unavailable`]: soon, because a database that comes back is there at once.
    pub const RETRY_UNAVAILABLE: Duration = Duration::from_secs(5);

    /// One broken rule.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        if error.is_unavailable() {
            Self::Unavailable(error.to_string())
        } else {
            Self::Internal(error.to_string())
        }
    }
}

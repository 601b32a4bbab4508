//! What a person may be told when something did not work.

use std::fmt;

use domain::form::FieldError;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::{Bytes, Encodes as _};
use serde::{Deserialize, Serialize};

use crate::codec::JsonText;

/// Why a page or a form did not get what it asked for. Travels to the browser as JSON and keeps its variants there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppError {
    /// There is no such thing, or the person may not know of it.
    NotFound,
    /// Fields break rules; each says what would be right.
    Invalid {
        /// By field.
        errors: Vec<FieldError>,
    },
    /// The person is not logged in, or may not do that.
    Forbidden,
    /// Somebody else was first.
    Conflict {
        /// What to do, in a sentence.
        message: String,
    },
    /// Asked too often.
    TooMany {
        /// When to try again, in seconds.
        retry_after_s: u64,
    },
    /// The server could not be reached, or its answer could not be read.
    Unreachable,
    /// The database cannot be reached just now.
    Unavailable,
    /// Our own fault. The log has the details.
    Internal,
}

impl AppError {
    /// What is wrong with a field, if that is what is wrong.
    pub fn of_field(&self, name: &str) -> Option<&str> {
        match self {
            Self::Invalid { errors } => {
                errors.iter().find(|error| error.field == name).map(|error| error.message.as_str())
            }
            _ => None,
        }
    }

    /// The HTTP status of an answer that carries it.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::Invalid { .. } => 422,
            Self::Forbidden => 403,
            Self::Conflict { .. } => 409,
            Self::TooMany { .. } => 429,
            Self::Unreachable => 400,
            Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("There is nothing here; perhaps it was deleted."),
            Self::Invalid { errors } if errors.len() == 1 => f.write_str("One field needs a look."),
            Self::Invalid { errors } => write!(f, "{} fields need a look.", errors.len()),
            Self::Forbidden => f.write_str("You are logged out."),
            Self::Conflict { message } => f.write_str(message),
            Self::TooMany { retry_after_s } => {
                write!(f, "Too many attempts. Try again in {retry_after_s} s.")
            }
            Self::Unreachable => f.write_str("The server cannot be reached, or its answer makes no sense."),
            Self::Unavailable => f.write_str("The database does not answer just now. Try again in a moment."),
            Self::Internal => f.write_str("The server could not do that. Its log says why."),
        }
    }
}

impl std::error::Error for AppError {}

impl FromServerFnError for AppError {
    type Encoder = JsonText;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::ServerError(_) | ServerFnErrorErr::MiddlewareError(_) => Self::Internal,
            _ => Self::Unreachable,
        }
    }

    fn ser(&self) -> Bytes {
        // Here an error becomes an answer: of what a page reads nobody else says which.
        #[cfg(feature = "ssr")]
        crate::context::status_if_none(self);
        JsonText::encode(self).unwrap_or_default()
    }
}

#[cfg(feature = "ssr")]
impl From<engine::services::ServiceError> for AppError {
    fn from(error: engine::services::ServiceError) -> Self {
        use engine::services::ServiceError;

        match error {
            ServiceError::NotFound => Self::NotFound,
            ServiceError::Invalid(errors) => Self::Invalid { errors },
            ServiceError::Forbidden => Self::Forbidden,
            ServiceError::Conflict(message) => Self::Conflict { message },
            ServiceError::TooMany { retry_after } => {
                Self::TooMany { retry_after_s: retry_after.as_secs().max(1) }
            }
            ServiceError::Unavailable(cause) => {
                tracing::error!(%cause, "a page's function could not reach the database");
                Self::Unavailable
            }
            ServiceError::Internal(cause) => {
                tracing::error!(%cause, "a page's function failed");
                Self::Internal
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_wire_with_its_fields() {
        let error = AppError::Invalid { errors: vec![FieldError::new("url", "Write an address.")] };
        let text = serde_json::to_string(&error).unwrap();
        let back: AppError = serde_json::from_str(&text).unwrap();
        assert_eq!(back, error);
        assert_eq!(back.of_field("url"), Some("Write an address."));
        assert_eq!(back.of_field("name"), None);
    }
}

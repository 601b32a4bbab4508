//! Values that must never reach a log, a page or an error message.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What stands in the place of a secret wherever one would be shown.
pub const MASK: &str = "********";

/// A password, token or private key.
///
/// It serialises as the plain text, because what is stored is sealed by the store; `Debug` and `Display` print
/// [`MASK`], so that a careless `{settings:?}` leaks nothing.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The plain text. Every call is a place to look at when asking where a secret may go.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A secret that holds [`MASK`], to be shown in the place of this one; an empty one stays empty.
    #[must_use]
    pub fn masked(&self) -> Self {
        if self.0.is_empty() { Self::default() } else { Self(MASK.to_owned()) }
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {secret}"), "******** ********");
        assert_eq!(secret.masked().expose(), MASK);
    }

    #[test]
    fn a_secret_is_stored_as_its_text() {
        let secret = Secret::new("hunter2");
        let json = serde_json::to_string(&secret).unwrap();
        assert_eq!(json, "\"hunter2\"");
        assert_eq!(serde_json::from_str::<Secret>(&json).unwrap(), secret);
    }
}

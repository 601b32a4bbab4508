//! Providers by their words.

use std::fmt;
use std::str::FromStr;

use super::ProviderKind;
use crate::form::FieldError;

impl fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ProviderKind {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            let message =
                format!("“{text}” is no integration that is known here; use one of {}.", known.join(", "));
            FieldError::new("kind", message)
        })
    }
}

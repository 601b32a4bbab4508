//! The language.

pub mod check;
pub mod form;
pub mod secret;

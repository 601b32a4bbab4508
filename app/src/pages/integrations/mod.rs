//! Integrations: where messages go.

pub mod fields;
pub mod form;
pub mod gallery;
pub mod list;
mod side;
pub mod slack;

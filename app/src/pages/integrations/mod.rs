//! Integrations: where messages go.

mod code;
pub mod custom;
pub mod fields;
pub mod form;
pub mod gallery;
pub mod list;
mod side;
pub mod slack;
mod unconfirmed;

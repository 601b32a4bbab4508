//! The server.

pub mod live;
pub mod public;

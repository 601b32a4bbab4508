//! The server.

pub mod assets;
pub mod live;
pub mod public;

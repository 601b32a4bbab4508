//! The server: configuration, wiring, sessions, the routes that are no pages, and the command line.

pub mod assets;
pub mod cli;
pub mod client;
pub mod config;
pub mod error;
mod health;
mod hooks;
mod metrics;
pub mod router;
pub mod security;
pub mod session;
pub mod start;
mod telemetry;
pub mod viewer;
pub mod live;
pub mod public;

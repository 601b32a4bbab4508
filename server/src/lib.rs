//! The server: configuration, wiring, sessions, the routes that are no pages, and the command line.

pub mod api;
pub mod assets;
pub mod cli;
pub mod client;
pub mod config;
pub mod error;
mod flash;
mod health;
mod hooks;
mod journal;
mod known;
pub mod live;
mod logo;
mod metrics;
mod negotiation;
pub mod pages;
mod place;
mod plainly;
pub mod public;
pub mod router;
pub mod security;
pub mod serving;
pub mod session;
mod slack;
pub mod start;
mod telemetry;
pub mod viewer;

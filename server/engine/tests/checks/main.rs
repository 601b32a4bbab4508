//! Checks against real servers on loopback.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod dns;
mod http;
mod names;
mod network;
mod ping;
mod rebinding;
mod redirects;
mod support;
mod tcp;
mod tls;
mod websocket;

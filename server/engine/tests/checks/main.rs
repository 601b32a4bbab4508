//! Checks against real servers on loopback.
#![expect(clippy::unwrap_used, reason = "the servers of the tests may panic like the tests themselves")]

mod dns;
mod http;
mod ping;
mod redirects;
mod support;
mod tcp;
mod tls;
mod websocket;

//! Checks against real servers on loopback.

mod dns;
mod http;
mod ping;
mod redirects;
mod support;
mod tcp;
mod tls;
mod websocket;

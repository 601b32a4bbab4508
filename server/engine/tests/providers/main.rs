//! Providers against stand-ins that hold to what each service documents.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod apprise;
mod discord;
mod ntfy;
mod slack;
mod support;
mod teams;
mod telegram;
mod telex;
mod webhook;

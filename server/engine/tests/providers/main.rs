//! Providers against stand-ins that hold to what each service documents.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod slack;
mod support;
mod webhook;

//! Providers against stand-ins that hold to what each service documents.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;
mod webhook;

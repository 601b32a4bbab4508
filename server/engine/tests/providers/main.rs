//! Providers against stand-ins that hold to what each service documents.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod custom;
mod jira;
mod opsgenie;
mod pagerduty;
mod support;
mod webhook;

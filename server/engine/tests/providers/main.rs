//! Providers against stand-ins that hold to what each service documents.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod apprise;
mod custom;
mod discord;
mod email;
mod jira;
mod mail_server;
mod names;
mod ntfy;
mod opsgenie;
mod pagerduty;
mod rebinding;
mod slack;
mod slack_server;
mod sms;
mod ssh;
mod ssh_server;
mod support;
mod teams;
mod telegram;
mod telex;
mod webhook;

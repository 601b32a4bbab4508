//! The language of Pharos: what a monitor, an outcome, a health, an incident and a status page are, and the rules between
//! them. No IO and no async, so it compiles for the server and for the browser, and every rule can be tested by itself.
//!
//! **Invariant**: this crate never names a database, a runtime or a web framework.

pub mod alert;
pub mod check;
mod choice;
pub mod custom;
pub mod days;
pub mod definition_form;
pub mod delivery;
pub mod event;
pub mod event_id;
pub mod form;
pub mod health;
pub mod id;
pub mod incident;
pub mod incident_words;
pub mod integration;
pub mod level_values;
pub mod mask;
pub mod message;
pub mod monitor;
pub mod monitor_form;
pub mod notes;
pub mod origin;
pub mod person;
pub mod secret;
pub mod status_page;
pub mod storm;
pub mod tally;
pub mod telex;
pub mod template;
pub mod text;
pub mod time;
pub mod uptime;
pub mod views;

//! Tests against a running server: the real router behind a real port, on a fresh SQLite file. And of the tree that it is
//! built from, so that nothing is linked for that alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod access;
mod api;
mod away;
mod backup;
mod commands;
mod editor;
mod forms;
mod heartbeats;
mod hooks;
mod known;
mod lists;
mod live;
mod looking;
#[cfg(target_os = "linux")]
mod making;
mod migrating;
mod nodes;
mod operation;
mod origin;
mod people;
#[path = "../engine/tests/store/postgres.rs"]
mod postgres;
mod refused;
mod serving;
mod showing;
mod starting;
mod support;
mod ticks;
mod tidy;

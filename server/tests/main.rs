//! Tests against a running server: the real router behind a real port, on a fresh SQLite file.

mod access;
mod commands;
mod hooks;
mod live;
mod operation;
mod origin;
mod people;
mod support;

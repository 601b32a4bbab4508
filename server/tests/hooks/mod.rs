//! Calls from outside.

mod push;
mod telex;

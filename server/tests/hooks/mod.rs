//! Calls from outside.

mod push;

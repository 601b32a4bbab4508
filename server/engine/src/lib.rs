//! The engine.

pub mod checks;

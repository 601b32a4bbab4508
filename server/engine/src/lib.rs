//! Everything in Pharos that happens without HTTP serving: the store, the checks, the scheduler, the recorder, the bus and
//! the services that an edge (console, API, command line) may ask.
//!
//! **Invariant**: this crate never names axum or leptos.

mod answers;
pub mod bus;
pub mod chance;
pub mod checks;
pub mod clock;
pub mod connectivity;
pub mod dispatch;
pub mod engine;
pub mod housekeeping;
pub mod keys;
mod lease_keeper;
mod links;
pub mod owner;
pub mod planner;
pub mod providers;
pub mod rate;
pub mod recorder;
pub mod registry;
pub mod scheduler;
pub mod seal;
pub mod services;
pub mod store;
pub mod telex;
pub mod vitals;

pub use engine::{Engine, EngineConfig, EngineError};

/// What a panic said, for the log.
pub fn words_of_panic(panic: &(dyn std::any::Any + Send)) -> &str {
    let message =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    message.unwrap_or("without a message")
}

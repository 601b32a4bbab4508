//! Reads that pages need. Each is one statement over an index; what a page shows of fifty monitors is asked for once, not
//! fifty times.

pub mod deliveries;
pub mod incidents;
pub mod metrics;
pub mod monitors;
pub mod programs;
pub mod public;
pub(in crate::store) mod search;
pub mod telling;

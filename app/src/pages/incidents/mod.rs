//! Incidents: the list, and one of them with what was sent to whom.

mod actions;
mod detail;
mod list;
mod story;
mod url;

pub use detail::Incident;
pub use list::Incidents;

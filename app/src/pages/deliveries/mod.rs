//! The log of deliveries: what was sent to whom, and what became of it.

mod detail;
mod list;
mod rows;
mod toolbar;
mod url;

pub use detail::Delivery;
pub use list::Deliveries;

//! The public status page: what visitors see, drawn on the server only.
//!
//! A page is a tree of [`Part`]s. The same functions draw a part for the first load and for the frames that follow, so the page
//! after any number of frames is the page that a fresh load would show.
//!
//! Nothing here is interactive for Leptos: no signals, no resources, no wasm. `public/live.js` swaps parts in.

mod banner;
mod bar;
mod component;
mod document;
mod incident;
mod log;
mod markup;
mod page;
mod part;
mod plain;

pub use document::{Assets, Live, Shell, Theme};
pub use incident::incident_page;
pub use log::history_page;
pub use page::{Summary, parts, status_page, summary};
pub use part::Part;
pub use plain::{failure, not_found};

#[cfg(test)]
mod tests;

//! Monitors: the list, one monitor, and its form.

pub mod detail;
pub mod form;
pub mod list;
mod row;
mod toolbar;
mod trial;
mod url;

//! A folder or a file for each area of pages.

pub mod auth;
pub mod login;
pub mod missing;
pub mod monitors;
pub mod overview;
pub mod page_editor;
pub mod settings;
pub mod setup;
#[cfg(feature = "ssr")]
pub mod status;

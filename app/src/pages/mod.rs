//! A folder or a file for each area of pages.

pub mod alerts;
pub mod auth;
pub mod confirm;
pub mod deliveries;
pub mod incidents;
pub mod integrations;
pub mod login;
pub mod missing;
pub mod monitors;
pub mod more;
pub mod overview;
pub mod page_editor;
pub mod settings;
pub mod setup;
#[cfg(feature = "ssr")]
pub mod status;
pub mod tokens;

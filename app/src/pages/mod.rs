//! A folder for each area of pages.

#[cfg(feature = "ssr")]
pub mod status;

//! The pages of Pharos.

pub mod pages;
pub mod words;

//! What pages about telling people share.

pub mod banner;
pub mod lacking;
pub mod ladder;
pub mod messages;
pub mod picture;
pub mod said;
pub mod state;
pub mod trial;
pub mod words;

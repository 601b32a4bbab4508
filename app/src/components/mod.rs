//! The parts that pages are made of.

pub mod chart;
pub mod confirm;
pub mod evidence;
pub mod failure;
pub mod feed;
pub mod field;
pub mod figures;
pub mod form;
pub mod health;
pub mod icon;
pub mod input;
pub mod keyboard;
pub mod layout;
pub mod leave;
pub mod loaded;
pub mod nav;
pub mod notice;
pub mod page_head;
pub mod state;
pub mod theme;
pub mod time;
pub mod toast;
pub mod tries;

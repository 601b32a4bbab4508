//! What pages and programs are shown: plain data, ready to be drawn. The public views cannot hold an address, a header or a
//! failure's text, by type.

pub mod console;
pub mod public;

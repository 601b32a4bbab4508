//! The public pages and their streams: the hub's rules on views made by hand, and everything together behind a real port.

mod console;
mod face;
mod pages;
mod stream;
mod support;

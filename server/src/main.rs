//! Pharos.
fn main() {}

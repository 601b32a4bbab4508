//! The streams of the public pages.

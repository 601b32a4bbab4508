//! The pages of Pharos.

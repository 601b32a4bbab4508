//! Stories: what happens to a monitor from its outcomes to the record, with a clock that the story moves.

mod confirming;
mod crash;
mod racing;
mod support;

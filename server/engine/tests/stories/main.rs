//! Stories: what happens to a monitor from its outcomes to the record, with a clock that the story moves.

#![cfg(test)]

mod confirming;
mod crash;
mod outbox;
mod racing;
mod support;

//! Reads that pages need. Each is one statement over an index; what a page shows of fifty monitors is asked for once, not
//! fifty times.

/// Where a delivery of some name stands, as people take it: what had arrived is not lost because it did not arrive once more.
macro_rules! standing {
    ($row:literal) => {
        concat!(
            "case when ",
            $row,
            ".delivered_at is not null and ",
            $row,
            ".state in ('failed', 'skipped') then 'delivered' else ",
            $row,
            ".state end"
        )
    };
}

/// The state of a monitor `m` with the health `h` that a page's components follow: while a failure is being confirmed, what was settled
/// before it.
macro_rules! followed_state {
    () => {
        "case when m.paused then 'paused' when h.state = 'confirming' then h.settled else h.state end"
    };
}

pub mod deliveries;
pub mod editor;
pub mod incidents;
pub mod metrics;
pub mod monitors;
pub mod programs;
pub mod public;
pub(in crate::store) mod search;
pub mod telling;

//! The language of interval integrations of Telex (telex.im): Telex reads a description, calls `/tick` whenever its clock says
//! so, and is told the result at the address that came with the call. The sources are Telex' page "Interval Custom Integration"
//! and its documentation of settings; contracts.md, section 1, restates them.

mod description;
mod finding;
mod report;
mod return_to;
mod tick;

pub use description::integration;
pub use finding::{Finding, request};
pub use report::{Report, Status};
pub use return_to::ReturnHosts;
pub use tick::{MAX_SITES, Problem, Tick};

/// The label of the switch that keeps quiet while every site is up.
pub const ONLY_FAILURES: &str = "only-failures";
/// What the label of every setting that holds a site begins with.
pub const SITE: &str = "site";

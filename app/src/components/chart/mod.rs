//! Response times over time, stacked by phase; and the row of the latest results.

pub mod beats;
mod latency;
mod scale;
pub mod spark;

pub use latency::LatencyChart;

use domain::check::Phases;
use domain::views::console::ChartPoint;

/// A phase: its style, its name, and where its time stands.
pub(crate) struct PhaseRow {
    /// The class in the styles.
    pub(crate) class: &'static str,
    /// What people read.
    pub(crate) label: &'static str,
    of_point: fn(&ChartPoint) -> Option<i64>,
    /// Its time in one check, in microseconds.
    pub(crate) of_check: fn(&Phases) -> Option<i64>,
}

/// The phases in the order in which they happen.
pub(crate) const PHASES: [PhaseRow; 5] = [
    PhaseRow { class: "dns", label: "DNS", of_point: |point| point.dns_us, of_check: |phases| phases.dns_us },
    PhaseRow {
        class: "connect",
        label: "Connect",
        of_point: |point| point.connect_us,
        of_check: |phases| phases.connect_us,
    },
    PhaseRow { class: "tls", label: "TLS", of_point: |point| point.tls_us, of_check: |phases| phases.tls_us },
    PhaseRow {
        class: "wait",
        label: "Wait",
        of_point: |point| point.wait_us,
        of_check: |phases| phases.wait_us,
    },
    PhaseRow {
        class: "download",
        label: "Download",
        of_point: |point| point.download_us,
        of_check: |phases| phases.download_us,
    },
];

//! What results add up to over a stretch of time: one row of a roll-up, or many of them together.

use crate::check::Phases;
use crate::uptime::{Counts, Histogram, ResultState};
use crate::views::console::Figures;

/// Results, added up. Sums are exact; percentiles come from the histogram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many results there were of each state.
    pub counts: Counts,
    /// The latencies.
    pub histogram: Histogram,
    /// How many results had a latency.
    pub latency_n: i64,
    /// The sum of their latencies, in microseconds.
    pub latency_us: i64,
    /// The sums of their phases.
    pub phases: PhaseSums,
}

/// Sums of the phases of many checks, in microseconds; a phase that did not take place adds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhaseSums {
    /// Looking the name up.
    pub dns_us: i64,
    /// Connecting.
    pub connect_us: i64,
    /// The TLS handshake.
    pub tls_us: i64,
    /// From the request to the first byte of the answer.
    pub wait_us: i64,
    /// From the first byte to the last.
    pub download_us: i64,
}

impl PhaseSums {
    /// Adds the phases of one check.
    pub fn add(&mut self, phases: &Phases) {
        self.dns_us += phases.dns_us.unwrap_or(0);
        self.connect_us += phases.connect_us.unwrap_or(0);
        self.tls_us += phases.tls_us.unwrap_or(0);
        self.wait_us += phases.wait_us.unwrap_or(0);
        self.download_us += phases.download_us.unwrap_or(0);
    }

    /// Adds all of `other` too.
    pub fn merge(&mut self, other: &Self) {
        self.dns_us += other.dns_us;
        self.connect_us += other.connect_us;
        self.tls_us += other.tls_us;
        self.wait_us += other.wait_us;
        self.download_us += other.download_us;
    }
}

impl Tally {
    /// Adds one result. The phases of a result without a latency are left out: it did not get to the end.
    pub fn record(&mut self, state: ResultState, latency_us: Option<i64>, phases: &Phases) {
        self.counts.add(state, 1);
        self.record_latency(latency_us, phases);
    }

    /// Adds the latency of one result, and nothing else: of an extra one, whose slot is counted already.
    pub fn record_latency(&mut self, latency_us: Option<i64>, phases: &Phases) {
        if let Some(latency_us) = latency_us {
            self.latency_n += 1;
            self.latency_us += latency_us;
            self.histogram.record(latency_us);
            self.phases.add(phases);
        }
    }

    /// Adds all of `other` too.
    pub fn merge(&mut self, other: &Self) {
        self.counts.merge(&other.counts);
        self.histogram.merge(&other.histogram);
        self.latency_n += other.latency_n;
        self.latency_us += other.latency_us;
        self.phases.merge(&other.phases);
    }

    /// Uptime and percentiles.
    pub fn figures(&self) -> Figures {
        Figures {
            uptime: self.counts.uptime(),
            p50_us: self.histogram.quantile(0.5),
            p95_us: self.histogram.quantile(0.95),
            p99_us: self.histogram.quantile(0.99),
        }
    }

    /// The mean of something that was summed over the results with a latency; `None` when it never took place.
    pub fn mean(&self, sum: i64) -> Option<i64> {
        (self.latency_n > 0 && sum > 0).then(|| sum / self.latency_n)
    }

    /// The worst that was found, for a mark in a chart: confirmed failures, then slow answers, then what could not be told.
    pub fn worst(&self) -> Option<ResultState> {
        let Counts { up, degraded, down, confirming, unknown, maintenance } = self.counts;
        [
            (down, ResultState::Down),
            (confirming, ResultState::Confirming),
            (degraded, ResultState::Degraded),
            (maintenance, ResultState::Maintenance),
            (unknown, ResultState::Unknown),
            (up, ResultState::Up),
        ]
        .into_iter()
        .find_map(|(count, state)| (count > 0).then_some(state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_merged_are_the_whole() {
        let phases = Phases { dns_us: Some(5), wait_us: Some(20), ..Phases::default() };
        let (mut one, mut two, mut whole) = (Tally::default(), Tally::default(), Tally::default());
        for latency in 1..100 {
            let part = if latency % 3 == 0 { &mut one } else { &mut two };
            part.record(ResultState::Up, Some(latency * 100), &phases);
            whole.record(ResultState::Up, Some(latency * 100), &phases);
        }
        one.merge(&two);
        assert_eq!(one, whole);
        assert_eq!(whole.mean(whole.phases.wait_us), Some(20));
        assert_eq!(whole.mean(whole.phases.tls_us), None);
    }

    #[test]
    fn one_failure_outshines_many_successes() {
        let mut tally = Tally::default();
        tally.counts.add(ResultState::Up, 100);
        assert_eq!(tally.worst(), Some(ResultState::Up));
        tally.counts.add(ResultState::Down, 1);
        assert_eq!(tally.worst(), Some(ResultState::Down));
        assert_eq!(Tally::default().worst(), None);
    }
}

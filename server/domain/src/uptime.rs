//! Counting: how results are rolled up, and what uptime and percentiles come out.

use serde::{Deserialize, Serialize};

/// What a raw result counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultState {
    /// Answered as wanted.
    Up,
    /// Answered, too slowly.
    Degraded,
    /// Failed, and the outage was confirmed.
    Down,
    /// Failed, and not (yet) confirmed: neither up nor down.
    Confirming,
    /// We could not tell.
    Unknown,
    /// Fell into announced work.
    Maintenance,
}

impl ResultState {
    /// Every state, in the order of its code.
    pub const ALL: [Self; 6] =
        [Self::Up, Self::Degraded, Self::Down, Self::Confirming, Self::Unknown, Self::Maintenance];

    /// The number in the database.
    pub fn code(self) -> i64 {
        match self {
            Self::Up => 0,
            Self::Degraded => 1,
            Self::Down => 2,
            Self::Confirming => 3,
            Self::Unknown => 4,
            Self::Maintenance => 5,
        }
    }

    /// The state of that number.
    pub fn from_code(code: i64) -> Option<Self> {
        usize::try_from(code).ok().and_then(|code| Self::ALL.get(code).copied())
    }
}

/// What is recorded of a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// It answered.
    good: bool,
    /// It failed.
    bad: bool,
    /// It failed, which is not (yet) confirmed.
    suspected: bool,
}

impl Recorded {
    /// What is recorded of a slot after one more result, and whether that one is *extra*: a slot counts once as good and once as bad
    /// in uptime, however often it was looked at, so what is found again is left out of the counts. `before` is `None` for the first
    /// result.
    ///
    /// A failure that is confirmed within the slot is extra as well, because the suspicion before it becomes a failure then.
    #[must_use]
    pub fn after(before: Option<Self>, state: ResultState) -> (Self, bool) {
        let mut now = before.unwrap_or_default();
        let extra = match state {
            ResultState::Up | ResultState::Degraded => std::mem::replace(&mut now.good, true),
            ResultState::Down => std::mem::replace(&mut now.bad, true) || now.suspected,
            ResultState::Confirming => std::mem::replace(&mut now.suspected, true) || now.bad,
            // It says nothing about the target, so it counts only where there is nothing else.
            ResultState::Unknown | ResultState::Maintenance => before.is_some(),
        };
        (now, extra)
    }
}

/// How many results there were of each state, extra ones left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Answered as wanted.
    pub up: i64,
    /// Answered too slowly.
    pub degraded: i64,
    /// Confirmed failures.
    pub down: i64,
    /// Failures that were not confirmed.
    pub confirming: i64,
    /// Could not tell.
    pub unknown: i64,
    /// During announced work.
    pub maintenance: i64,
}

impl Counts {
    /// Counts one more result.
    pub fn add(&mut self, state: ResultState, times: i64) {
        match state {
            ResultState::Up => self.up += times,
            ResultState::Degraded => self.degraded += times,
            ResultState::Down => self.down += times,
            ResultState::Confirming => self.confirming += times,
            ResultState::Unknown => self.unknown += times,
            ResultState::Maintenance => self.maintenance += times,
        }
    }

    /// Counts all of `other` too.
    pub fn merge(&mut self, other: &Self) {
        for (state, times) in [
            (ResultState::Up, other.up),
            (ResultState::Degraded, other.degraded),
            (ResultState::Down, other.down),
            (ResultState::Confirming, other.confirming),
            (ResultState::Unknown, other.unknown),
            (ResultState::Maintenance, other.maintenance),
        ] {
            self.add(state, times);
        }
    }

    /// The share of the time in which the target worked, from 0 to 1. Slow counts as working; unknown, maintenance and
    /// failures that were never confirmed are left out. `None` when nothing is known.
    pub fn uptime(&self) -> Option<f64> {
        let works = self.up + self.degraded;
        let known = works + self.down;
        #[expect(clippy::cast_precision_loss, reason = "counts of checks stay far below 2^52")]
        (known > 0).then(|| works as f64 / known as f64)
    }
}

/// A histogram of latencies. Bucket `n` holds what is above `bound(n - 1)` and at most `bound(n)` microseconds; the bounds
/// grow by the eighth root of two, so a percentile is wrong by at most 4.5 %.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Count by bucket, sorted by bucket, without empty ones.
    buckets: Vec<(u16, u32)>,
}

/// Buckets for each doubling.
const PER_DOUBLING: f64 = 8.0;
/// The lowest bucket holds everything up to so many microseconds.
const FLOOR_US: f64 = 16.0;
/// The highest bucket number: about 2 hours, far above every time-out.
const LAST_BUCKET: u16 = 230;

fn bucket(latency_us: i64) -> u16 {
    #[expect(clippy::cast_precision_loss, reason = "latencies stay far below 2^52 microseconds")]
    let doublings = (latency_us.max(1) as f64 / FLOOR_US).log2();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the range of buckets"
    )]
    let bucket = (doublings * PER_DOUBLING).ceil().clamp(0.0, f64::from(LAST_BUCKET)) as u16;
    bucket
}

/// The middle of a bucket on the logarithmic scale, in microseconds.
fn middle(bucket: u16) -> i64 {
    let exponent = (f64::from(bucket) - 0.5) / PER_DOUBLING;
    #[expect(clippy::cast_possible_truncation, reason = "the last bucket is below 2^40 microseconds")]
    let middle = (FLOOR_US * exponent.exp2()).round() as i64;
    middle
}

impl Histogram {
    /// Counts one latency, in microseconds.
    pub fn record(&mut self, latency_us: i64) {
        self.add(bucket(latency_us), 1);
    }

    /// Counts all of `other` too.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            self.add(*bucket, *count);
        }
    }

    fn add(&mut self, bucket: u16, count: u32) {
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(found) => self.buckets[found].1 = self.buckets[found].1.saturating_add(count),
            Err(place) => self.buckets.insert(place, (bucket, count)),
        }
    }

    /// How many latencies were recorded.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// The latency, in microseconds, that the share `quantile` (0 to 1) of all stays at or below; `None` when empty.
    pub fn quantile(&self, quantile: f64) -> Option<i64> {
        let total = self.count();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank is between 0 and the count"
        )]
        let rank = (total as f64 * quantile.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
        let mut seen = 0;
        self.buckets.iter().find_map(|(bucket, count)| {
            seen += u64::from(*count);
            (seen >= rank).then(|| middle(*bucket))
        })
    }

    /// The bytes kept in the database: pairs of LEB128 numbers, the distance to the previous bucket and the count.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.buckets.len() * 3);
        let mut previous = 0;
        for (bucket, count) in &self.buckets {
            write_leb128(&mut bytes, u32::from(bucket - previous));
            write_leb128(&mut bytes, *count);
            previous = *bucket;
        }
        bytes
    }

    /// Reads [`Histogram::to_bytes`]; `None` when the bytes are no histogram.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut histogram = Self::default();
        let mut bucket = 0_u16;
        while !bytes.is_empty() {
            let step = u16::try_from(read_leb128(&mut bytes)?).ok()?;
            bucket = bucket.checked_add(step).filter(|bucket| *bucket <= LAST_BUCKET)?;
            let count = read_leb128(&mut bytes)?;
            histogram.add(bucket, count);
        }
        Some(histogram)
    }
}

fn write_leb128(bytes: &mut Vec<u8>, mut number: u32) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn read_leb128(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0_u32;
    for shift in (0..35).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u32::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank is between 0 and the count"
    )]
    fn exact(sorted: &[i64], share: f64) -> f64 {
        let rank = ((sorted.len() as f64 * share).ceil() as usize).max(1);
        sorted[rank - 1] as f64
    }

    #[test]
    fn uptime_leaves_out_what_is_not_known() {
        let counts = Counts { up: 8, degraded: 1, down: 1, confirming: 5, unknown: 50, maintenance: 50 };
        assert_eq!(counts.uptime(), Some(0.9));
        assert_eq!(Counts { unknown: 3, ..Counts::default() }.uptime(), None);
    }

    /// The states of a slot that count, in order.
    fn counted(states: &[ResultState]) -> Vec<ResultState> {
        let mut recorded = None;
        let one = |state: &ResultState| {
            let (after, extra) = Recorded::after(recorded, *state);
            recorded = Some(after);
            (!extra).then_some(*state)
        };
        states.iter().filter_map(one).collect()
    }

    #[test]
    fn a_slot_counts_once() {
        use ResultState::{Confirming, Degraded, Down, Unknown, Up};
        assert_eq!(counted(&[Up, Up, Down, Down]), [Up, Down]);
        assert_eq!(counted(&[Down, Down, Up, Down, Up]), [Down, Up]);
        assert_eq!(counted(&[Degraded, Degraded, Up]), [Degraded]);
        assert_eq!(counted(&[Confirming, Confirming, Down, Down]), [Confirming], "it becomes the failure");
        assert_eq!(counted(&[Confirming, Confirming, Up, Up, Confirming]), [Confirming, Up], "a blip");
        assert_eq!(counted(&[Unknown, Unknown, Up, Unknown]), [Unknown, Up]);
        assert_eq!(counted(&[Confirming, Unknown, Confirming]), [Confirming]);
        assert_eq!(counted(&[Unknown, Confirming, Down]), [Unknown, Confirming]);
    }

    proptest! {
        #[test]
        fn of_a_slot_at_most_one_result_is_good_and_one_is_bad(codes in prop::collection::vec(0i64..6, 0..20)) {
            let states: Vec<_> = codes.into_iter().filter_map(ResultState::from_code).collect();
            let counted = counted(&states);
            let count = |wanted: &[ResultState]| counted.iter().filter(|state| wanted.contains(state)).count();
            prop_assert!(count(&[ResultState::Up, ResultState::Degraded]) <= 1);
            // A suspicion becomes a failure.
            prop_assert!(count(&[ResultState::Down, ResultState::Confirming]) <= 1);
        }

        #[test]
        fn a_histogram_survives_its_bytes(latencies in prop::collection::vec(0i64..100_000_000, 0..200)) {
            let mut histogram = Histogram::default();
            for latency in &latencies {
                histogram.record(*latency);
            }
            prop_assert_eq!(histogram.count(), latencies.len() as u64);
            prop_assert_eq!(Histogram::from_bytes(&histogram.to_bytes()), Some(histogram));
        }

        #[test]
        fn a_percentile_is_within_five_percent(mut latencies in prop::collection::vec(20i64..60_000_000, 1..200), share in 0.01f64..1.0) {
            let mut histogram = Histogram::default();
            for latency in &latencies {
                histogram.record(*latency);
            }
            latencies.sort_unstable();
            let exact = exact(&latencies, share);
            #[expect(clippy::cast_precision_loss, reason = "latencies stay far below 2^52 microseconds")]
            let found = histogram.quantile(share).expect("not empty") as f64;
            prop_assert!((found - exact).abs() / exact < 0.05 || (found - exact).abs() <= 1.0, "{} for {}", found, exact);
        }

        #[test]
        fn bytes_that_are_no_histogram_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Histogram::from_bytes(&bytes);
        }
    }
}

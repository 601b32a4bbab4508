//! Places for listeners: counted, and limited.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use engine::vitals::Vitals;

/// A listener's place; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    counters: Vec<Arc<AtomicUsize>>,
    vitals: Arc<Vitals>,
    gauge: fn(&Vitals) -> &AtomicI64,
}

impl Seat {
    /// Takes a place; `None` when one of the counters has reached its limit.
    pub(crate) fn take(
        counters: &[(&Arc<AtomicUsize>, usize)],
        vitals: &Arc<Vitals>,
        gauge: fn(&Vitals) -> &AtomicI64,
    ) -> Option<Self> {
        // Counted before it is compared: the drop takes it back.
        let taken = counters.iter().map(|(counter, _)| Arc::clone(counter)).collect();
        let seat = Self { counters: taken, vitals: vitals.clone(), gauge };
        gauge(vitals).fetch_add(1, Ordering::Relaxed);
        let mut room = true;
        for (counter, limit) in counters {
            room &= counter.fetch_add(1, Ordering::Relaxed) < *limit;
        }
        room.then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        (self.gauge)(&self.vitals).fetch_sub(1, Ordering::Relaxed);
        for counter in &self.counters {
            counter.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

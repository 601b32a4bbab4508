//! The calls of Telex' clock.

use std::sync::atomic::Ordering;

use engine::telex::Telex;

use super::exposition::{Exposition, Kind, float};

/// Writes what became of calls.
pub(super) fn write(text: &mut Exposition, telex: &Telex) {
    let numbers = telex.numbers();
    let name = "pharos_telex_ticks_total";
    text.family(name, Kind::Counter, "Calls of /tick, by what was answered.");
    for (answer, counter) in [
        ("accepted", &numbers.taken),
        ("invalid", &numbers.invalid),
        ("too_many", &numbers.too_many),
        ("busy", &numbers.busy),
    ] {
        text.sample(name, &[("answer", answer)], float(counter.load(Ordering::Relaxed)));
    }
    let name = "pharos_telex_results_total";
    text.family(name, Kind::Counter, "What became of calls that were accepted.");
    for (outcome, counter) in [
        ("posted", &numbers.posted),
        ("dropped", &numbers.dropped),
        ("nothing_to_say", &numbers.silent),
        ("abandoned", &numbers.abandoned),
    ] {
        text.sample(name, &[("outcome", outcome)], float(counter.load(Ordering::Relaxed)));
    }
    let name = "pharos_telex_sites_total";
    text.family(name, Kind::Counter, "Sites that were looked at for Telex.");
    text.sample(name, &[], float(numbers.sites.load(Ordering::Relaxed)));
    let name = "pharos_telex_ticks_running";
    text.family(name, Kind::Gauge, "Calls of /tick that are in work.");
    text.sample(name, &[], float(i64::try_from(telex.in_work()).unwrap_or(i64::MAX)));
}

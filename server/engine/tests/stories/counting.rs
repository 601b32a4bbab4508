//! What the recorder wrote, as it is counted afterwards.

use std::sync::Arc;
use std::time::Duration;

use domain::check::{CheckReport, Degradation, Outcome};
use domain::health::Thresholds;
use domain::id::MonitorKey;
use domain::monitor::Policy;
use domain::time::{DAY, HOUR, MINUTE, SECOND, Timestamp};
use domain::uptime::Counts;
use engine::housekeeping::{Housekeeping, Retention};
use engine::recorder::Submission;
use engine::store::rollups;

use crate::support::{START, Story, down};

const TWO: Thresholds = Thresholds { failure: 2, recovery: 1 };

/// The counts from the beginning until `until`, rolled up as far as can be.
async fn counts(story: &Story, monitor: MonitorKey, until: Timestamp) -> Counts {
    let mut tx = story.db.read().await.unwrap();
    let counts = rollups::counts(&mut tx, &[monitor], START, until).await.unwrap();
    counts.get(&monitor).copied().unwrap_or_default()
}

async fn keep_house(story: &Story) {
    let mut housekeeping = Housekeeping::new(story.db.clone(), Retention::default());
    housekeeping.catch_up(story.writer.clock.now()).await.unwrap();
}

fn found(monitor: MonitorKey, slot: Timestamp, outcome: Outcome) -> Submission {
    Submission { monitor, slot, report: Arc::new(CheckReport::bare(outcome)) }
}

#[tokio::test]
async fn what_waited_while_the_database_was_away_is_counted() {
    let story = Story::begin().await;
    let monitor = story.monitor("Shop", TWO).await;
    story.outcome(monitor, Outcome::Up).await;
    story.writer.clock.advance(Duration::from_hours(2));
    // The database is back, and the housekeeping is faster than the recorder.
    keep_house(&story).await;
    let waited: Vec<_> = (2..60)
        .map(|minute| {
            let outcome = if (10..20).contains(&minute) { down() } else { Outcome::Up };
            found(monitor, Timestamp(START.0 + minute * MINUTE), outcome)
        })
        .collect();
    for batch in waited.chunks(7) {
        story.writer.record(batch).await.unwrap();
    }
    let all = Counts { up: 1 + 58 - 10, down: 10, ..Counts::default() };
    assert_eq!(counts(&story, monitor, Timestamp(START.0 + HOUR)).await, all);
    keep_house(&story).await;
    assert_eq!(counts(&story, monitor, story.writer.clock.now()).await, all, "and not twice");
}

/// Lives through `slots` slots as the scheduler does: a check at each, and another one whenever the recorder asks to look again.
/// `outcome` says what a check finds by the milliseconds since the first slot and its place, from 0, among the checks of its
/// slot. Returns how many checks there were, and what they count as.
async fn watch(policy: Policy, slots: i64, outcome: impl Fn(i64, usize) -> Outcome) -> (usize, Counts) {
    let mut story = Story::begin().await;
    let monitor = story.monitor_with("Shop", policy).await;
    let watched = story.writer.registry.get(monitor).unwrap().monitor;
    let first = watched.next_slot(START);
    let until = Timestamp(first.0 + slots * policy.interval);
    let (mut due, mut place, mut checks) = (first, 0, 0);
    while due < until {
        story
            .writer
            .clock
            .advance(Duration::from_millis(due.since(story.writer.clock.now()).cast_unsigned()));
        let report =
            CheckReport { latency_us: Some(70_000), ..CheckReport::bare(outcome(due.since(first), place)) };
        story.writer.record(&[Submission { monitor, slot: due, report: Arc::new(report) }]).await.unwrap();
        checks += 1;
        let slot = watched.next_slot(due);
        let again = story.rechecks.try_recv().map_or(slot, |recheck| Timestamp(due.0 + recheck.within));
        place = if again < slot { place + 1 } else { 0 };
        due = again.min(slot);
    }
    let raw = counts(&story, monitor, until).await;
    let mut tx = story.db.read().await.unwrap();
    let tally = rollups::tally(&mut tx, monitor, START, until).await.unwrap();
    assert_eq!(i64::try_from(checks).unwrap(), tally.latency_n, "charts show every answer");
    drop(tx);
    story.writer.clock.advance(Duration::from_hours(48));
    keep_house(&story).await;
    assert_eq!(counts(&story, monitor, until).await, raw, "rolled up it is the same");
    let mut tx = story.db.read().await.unwrap();
    assert_eq!(rollups::tally(&mut tx, monitor, START, until).await.unwrap(), tally);
    (checks, raw)
}

fn policy(interval: i64, failure: u32, recovery: u32) -> Policy {
    Policy { interval, thresholds: Thresholds { failure, recovery }, ..Policy::default() }
}

/// Down from the first time until before the second.
fn fails(from: i64, until: i64) -> impl Fn(i64, usize) -> Outcome {
    move |at, _| if (from..until).contains(&at) { down() } else { Outcome::Up }
}

#[tokio::test]
async fn looking_again_within_a_slot_weighs_nothing() {
    let minute = watch(policy(MINUTE, 4, 1), 4, fails(MINUTE, 2 * MINUTE)).await;
    assert_eq!(minute, (7, Counts { up: 3, down: 1, ..Counts::default() }), "one minute of four");
    let hour = watch(policy(HOUR, 3, 1), 24, fails(5 * HOUR, 6 * HOUR)).await;
    assert_eq!(hour, (26, Counts { up: 23, down: 1, ..Counts::default() }));
    let day = watch(policy(DAY, 3, 1), 2, fails(DAY, 2 * DAY)).await;
    assert_eq!(day.1.uptime(), Some(0.5));
}

#[tokio::test]
async fn an_outage_counts_as_long_as_it_lasts_whatever_the_thresholds() {
    let ten = Counts { up: 20, down: 10, ..Counts::default() };
    for (failure, recovery) in [(1, 1), (2, 1), (4, 1), (5, 1), (9, 1)] {
        let (_, found) = watch(policy(MINUTE, failure, recovery), 30, fails(5 * MINUTE, 15 * MINUTE)).await;
        assert_eq!(found, ten, "{failure} {recovery}");
    }
    let (checks, found) = watch(policy(MINUTE, 2, 3), 30, fails(5 * MINUTE, 15 * MINUTE)).await;
    assert_eq!((checks, found), (31, ten), "a recovery is waited for without looking again");
}

#[tokio::test]
async fn short_intervals_have_nothing_extra() {
    for interval in [SECOND, 5 * SECOND, 15 * SECOND] {
        let found = watch(policy(interval, 3, 1), 20, fails(5 * interval, 10 * interval)).await;
        assert_eq!(found, (20, Counts { up: 15, down: 5, ..Counts::default() }), "{interval}");
    }
}

#[tokio::test]
async fn a_suspicion_that_passes_within_its_slot_leaves_the_slot_to_what_was_found_then() {
    // The first look at a sleepy target fails every time, the second does not.
    let sleepy = |_, place| if place == 0 { down() } else { Outcome::Up };
    let (checks, found) = watch(policy(HOUR, 2, 1), 6, sleepy).await;
    assert_eq!((checks, found), (12, Counts { up: 6, confirming: 6, ..Counts::default() }));
    assert_eq!(found.uptime(), Some(1.0));
    // It passes with the next slot: nothing is known of the first.
    let (_, found) = watch(policy(MINUTE, 9, 1), 3, fails(0, MINUTE)).await;
    assert_eq!(found, Counts { up: 2, confirming: 1, ..Counts::default() });
}

#[tokio::test]
async fn slow_answers_count_once_a_slot() {
    let slow = |at, _| {
        let reason = Degradation::Slow { latency_ms: 900, limit_ms: 500 };
        if at / MINUTE == 1 { Outcome::Degraded { reason } } else { Outcome::Up }
    };
    let (checks, found) = watch(policy(MINUTE, 3, 1), 4, slow).await;
    assert_eq!((checks, found), (6, Counts { up: 3, degraded: 1, ..Counts::default() }));
}

#[tokio::test]
async fn a_batch_counts_a_slot_once_and_so_does_the_next() {
    let story = Story::begin().await;
    let monitor = story.monitor("Shop", TWO).await;
    let slot = story.writer.registry.get(monitor).unwrap().monitor.next_slot(START);
    let at = |second: i64| Timestamp(slot.0 + second * SECOND);
    story.writer.clock.advance(Duration::from_mins(3));
    let batch =
        [found(monitor, at(0), down()), found(monitor, at(15), down()), found(monitor, at(20), down())];
    story.writer.record(&batch).await.unwrap();
    story.writer.record(&[found(monitor, at(25), Outcome::Up)]).await.unwrap();
    // The check of the next slot was passed over; one that was not regular stands for it.
    story
        .writer
        .record(&[found(monitor, at(61), Outcome::Up), found(monitor, at(70), Outcome::Up)])
        .await
        .unwrap();
    // It was down and up within the first slot.
    let all = Counts { up: 2, down: 1, ..Counts::default() };
    assert_eq!(counts(&story, monitor, at(120)).await, all);
}

//! What the recorder wrote, as it is counted afterwards.

use std::sync::Arc;
use std::time::Duration;

use domain::check::{CheckReport, Outcome};
use domain::health::Thresholds;
use domain::id::MonitorKey;
use domain::time::{HOUR, MINUTE, Timestamp};
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

//! What the recorder does when somebody else was first.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::check::{CheckReport, Outcome};
use domain::event::Event;
use domain::health::{State, Thresholds};
use domain::time::{SECOND, Timestamp};
use engine::clock::Clock;
use engine::recorder::Submission;
use engine::store;

use crate::restarting::engine_over;
use crate::stage::Stage;
use crate::support::{START, Story, down};

const ONE: Thresholds = Thresholds { failure: 1, recovery: 1 };

fn submission(monitor: domain::id::MonitorKey, outcome: Outcome) -> Submission {
    let slot = Timestamp(START.0 + 60_000);
    Submission { monitor, slot, report: Arc::new(CheckReport::bare(outcome)) }
}

#[tokio::test]
async fn an_outcome_that_comes_second_is_dropped_alone() {
    let story = Story::begin().await;
    let (contested, calm) = (story.monitor("A", ONE).await, story.monitor("B", ONE).await);
    // Another node writes the health of one monitor meanwhile.
    let mut tx = story.db.write().await.unwrap();
    let kept = store::health::get(&mut tx, contested).await.unwrap().unwrap();
    assert!(store::health::update(&mut tx, &kept).await.unwrap());
    tx.commit().await.unwrap();

    story.writer.record(&[submission(contested, down()), submission(calm, down())]).await.unwrap();
    assert_eq!(story.state(contested).await, State::Pending);
    assert_eq!(story.state(calm).await, State::Down);
    let saved = story
        .events()
        .await
        .into_iter()
        .any(|event| matches!(event, Event::MonitorSaved { monitor, .. } if monitor == contested));
    assert!(saved, "the contested monitor is read again");
}

#[tokio::test]
async fn what_was_found_while_no_lease_could_be_renewed_is_kept_until_another_node_takes_over() {
    let Some(mut stage) = Stage::postgres().await else { return };
    let monitor = stage.monitor("Shop").await;
    let opened = async |stage: &Stage| {
        let events = crate::support::all_events(&stage.db).await;
        events.iter().filter(|numbered| matches!(numbered.event, Event::IncidentOpened { .. })).count()
    };
    let mut tx = stage.db.write().await.unwrap();
    store::leases::release(&mut tx, "only").await.unwrap();
    tx.commit().await.unwrap();
    stage.sees(monitor, down()).await;
    assert_eq!(opened(&stage).await, 1, "nobody else has it");
    assert_eq!(stage.counted(), (1, 0));
    stage.sees_later(monitor, Outcome::Up, std::time::Duration::from_mins(1)).await;

    let (now, mut tx) = (stage.clock.now(), stage.db.write().await.unwrap());
    for shard in 0..i64::from(domain::monitor::SHARDS) {
        let until = Timestamp(now.0 + 1);
        store::leases::claim(&mut tx, shard, "other", now, until).await.unwrap().expect("it was let go");
    }
    tx.commit().await.unwrap();
    stage.sees_later(monitor, down(), std::time::Duration::from_mins(1)).await;
    assert_eq!(opened(&stage).await, 1, "the other node looks after it now");
    assert_eq!(stage.counted(), (2, 1), "and what this one found is not counted as recorded");
}

#[tokio::test]
async fn leases_go_by_the_clock_that_all_nodes_share() {
    for ahead_s in [20, -20] {
        let Some(url) = crate::postgres::new_database().await else { return };
        let db = crate::stage::open(&url).await;
        db.migrate().await.unwrap();
        let clock = Clock::manual(Timestamp(Clock::System.now().0 + ahead_s * SECOND));
        let engine = engine_over(crate::stage::open(&url).await, &clock).await;
        let mut tx = db.read().await.unwrap();
        let now = tx.time(clock.now()).await.unwrap();
        let until = store::leases::held_until(&mut tx, Timestamp(0)).await.unwrap().unwrap();
        let left = until.0 - now.0;
        assert!((5 * SECOND..=15 * SECOND).contains(&left), "held for {left} ms by a node {ahead_s} s ahead");
        let noticed = engine.vitals().clock_ahead.load(Ordering::Relaxed);
        assert!((noticed - ahead_s * SECOND).abs() < 5 * SECOND, "{noticed}");
        engine.stop().await;
    }
}

#[tokio::test]
async fn an_outcome_of_a_deleted_monitor_is_dropped_alone() {
    let story = Story::begin().await;
    let (deleted, calm) = (story.monitor("A", ONE).await, story.monitor("B", ONE).await);
    let mut tx = story.db.write().await.unwrap();
    assert!(store::monitors::delete(&mut tx, deleted).await.unwrap());
    tx.commit().await.unwrap();

    story.writer.recorder.submit(submission(deleted, down()));
    story.writer.recorder.submit(submission(calm, down()));
    story.writer.drain(&tokio_util::sync::CancellationToken::new()).await;
    assert_eq!(story.state(calm).await, State::Down);
}

#[tokio::test]
async fn a_slot_is_recorded_once() {
    let story = Story::begin().await;
    let monitor = story.monitor("A", ONE).await;
    story.writer.record(&[submission(monitor, Outcome::Up)]).await.unwrap();
    story.writer.record(&[submission(monitor, Outcome::Up)]).await.unwrap();
    assert_eq!(story.results(monitor).await.len(), 1);
}

#[tokio::test]
async fn several_outcomes_of_one_monitor_in_a_batch_are_applied_in_order() {
    let story = Story::begin().await;
    let monitor = story.monitor("A", Thresholds { failure: 2, recovery: 1 }).await;
    let outcomes = [Outcome::Up, down(), down(), Outcome::Up, down()];
    let batch: Vec<_> = (1..)
        .zip(outcomes)
        .map(|(minute, outcome)| Submission {
            slot: Timestamp(START.0 + minute * 60_000),
            ..submission(monitor, outcome)
        })
        .collect();
    story.writer.record(&batch).await.unwrap();
    assert_eq!(story.state(monitor).await, State::Confirming);
    let kinds: Vec<_> = story.events().await.iter().map(Event::kind).collect();
    let opened = kinds.iter().filter(|kind| **kind == "incident_opened").count();
    let resolved = kinds.iter().filter(|kind| **kind == "incident_resolved").count();
    assert_eq!((opened, resolved), (1, 1), "{kinds:?}");
}

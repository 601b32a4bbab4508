//! From the first failure to the incident and back.

use std::time::Duration;

use domain::check::{Blindness, Outcome};
use domain::event::Event;
use domain::health::{State, Thresholds};
use domain::time::{MINUTE, Timestamp};
use domain::uptime::ResultState;
use engine::store;

use crate::support::{START, Story, down};

const DOWN: ResultState = ResultState::Down;
const TWO: Thresholds = Thresholds { failure: 2, recovery: 1 };

#[tokio::test]
async fn a_blip_is_neither_up_nor_down_and_opens_nothing() {
    let story = Story::begin().await;
    let monitor = story.monitor("Shop", TWO).await;
    for outcome in [Outcome::Up, down(), Outcome::Up] {
        story.outcome(monitor, outcome).await;
    }
    assert_eq!(story.state(monitor).await, State::Up);
    assert_eq!(story.results(monitor).await, [ResultState::Up, ResultState::Confirming, ResultState::Up]);
    assert!(!story.events().await.iter().any(|event| matches!(event, Event::IncidentOpened { .. })));
}

#[tokio::test]
async fn an_outage_opens_one_incident_that_begins_at_the_first_failure() {
    let story = Story::begin().await;
    let monitor = story.monitor("Shop", TWO).await;
    for outcome in [Outcome::Up, down(), down(), down(), down()] {
        story.outcome(monitor, outcome).await;
    }
    assert_eq!(story.state(monitor).await, State::Down);
    assert_eq!(
        story.results(monitor).await,
        [ResultState::Up, DOWN, DOWN, DOWN, DOWN],
        "the suspected failure counts too"
    );
    let opened =
        story.events().await.iter().filter(|event| matches!(event, Event::IncidentOpened { .. })).count();
    assert_eq!(opened, 1);

    story.outcome(monitor, Outcome::Up).await;
    let mut tx = story.db.write().await.unwrap();
    let nothing = store::incidents::resolve(&mut tx, monitor, START, START).await.unwrap();
    assert!(nothing.is_none(), "the recovery resolved it");
    let resolved =
        story.events().await.into_iter().filter(|event| matches!(event, Event::IncidentResolved { .. }));
    assert_eq!(resolved.count(), 1);
    let changes: Vec<_> = story
        .events()
        .await
        .into_iter()
        .filter_map(|event| match event {
            Event::StateChanged { change, .. } => change,
            _ => None,
        })
        .collect();
    assert_eq!(changes[1].since, Timestamp(START.0 + 2 * MINUTE), "the first failure, not the second");
}

#[tokio::test]
async fn a_suspicion_asks_for_a_quicker_look_and_a_certainty_does_not() {
    let mut story = Story::begin().await;
    let monitor = story.monitor("Shop", TWO).await;
    story.outcome(monitor, Outcome::Up).await;
    assert!(story.rechecks.try_recv().is_err());
    story.outcome(monitor, down()).await;
    assert_eq!(story.rechecks.try_recv().unwrap().within, 15_000);
    story.outcome(monitor, down()).await;
    assert!(story.rechecks.try_recv().is_err());
}

#[tokio::test]
async fn blindness_opens_nothing_and_resolves_nothing() {
    let story = Story::begin().await;
    let monitor = story.monitor("Shop", TWO).await;
    let blind = || Outcome::Unknown { why: Blindness::NoConnectivity };
    for outcome in [Outcome::Up, down(), down(), blind(), blind()] {
        story.outcome(monitor, outcome).await;
    }
    assert_eq!(story.state(monitor).await, State::Unknown);
    assert_eq!(story.results(monitor).await.last(), Some(&ResultState::Unknown));
    story.outcome(monitor, down()).await;
    assert_eq!(story.state(monitor).await, State::Down);
    let opened =
        story.events().await.iter().filter(|event| matches!(event, Event::IncidentOpened { .. })).count();
    assert_eq!(opened, 1);
}

#[tokio::test]
async fn an_outage_goes_on_over_a_restart() {
    let story = Story::begin().await;
    let monitor = story.monitor("Shop", TWO).await;
    story.outcome(monitor, Outcome::Up).await;
    story.outcome(monitor, down()).await;
    // The program starts again: memory comes from the database.
    story.writer.registry.remove(monitor);
    crate::support::load(&story.db, &story.writer.registry, monitor).await;
    story.outcome(monitor, down()).await;
    assert_eq!(story.state(monitor).await, State::Down);
}

#[tokio::test]
async fn evidence_is_kept_of_changes_and_failures_but_not_of_every_success() {
    let story = Story::begin().await;
    let monitor = story.monitor("Shop", TWO).await;
    for _ in 0..5 {
        story.outcome(monitor, Outcome::Up).await;
    }
    for _ in 0..30 {
        story.outcome(monitor, down()).await;
    }
    let mut tx = story.db.read().await.unwrap();
    let kept = store::evidence::latest(&mut tx, monitor, 100).await.unwrap();
    assert!((4..=12).contains(&kept.len()), "{}", kept.len());
}

#[tokio::test]
async fn a_failure_before_a_long_stop_confirms_nothing_after_it() {
    let story = Story::begin().await;
    let monitor = story.monitor("Shop", TWO).await;
    story.outcome(monitor, Outcome::Up).await;
    story.outcome(monitor, down()).await;
    story.writer.clock.advance(Duration::from_hours(1));
    story.outcome(monitor, down()).await;
    assert_eq!(story.state(monitor).await, State::Confirming);
    let again = story.writer.clock.now();
    story.outcome(monitor, down()).await;
    assert_eq!(story.state(monitor).await, State::Down);
    let mut tx = story.db.read().await.unwrap();
    let kept = store::health::get(&mut tx, monitor).await.unwrap().unwrap();
    assert_eq!(kept.health.since, again, "it began after the stop, as far as anybody knows");
}

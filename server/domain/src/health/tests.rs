use proptest::prelude::*;

use super::*;

const STANDARD: Thresholds = Thresholds { failure: 2, recovery: 1 };

fn walk(findings: &[Finding], thresholds: Thresholds) -> (Health, Vec<Change>) {
    let mut health = Health::default();
    let mut changes = Vec::new();
    for (second, finding) in (1..).zip(findings) {
        let step = health.after(*finding, Timestamp(second * 1_000), thresholds);
        health = step.health;
        changes.extend(step.change);
    }
    (health, changes)
}

#[test]
fn the_first_success_settles_at_once() {
    let (health, changes) = walk(&[Finding::Up], STANDARD);
    assert_eq!(health.state(false), State::Up);
    assert_eq!(changes.len(), 1);
}

#[test]
fn one_failure_is_confirming_and_asks_for_a_quicker_look() {
    let (health, _) = walk(&[Finding::Up], STANDARD);
    let step = health.after(Finding::Down, Timestamp(9_000), STANDARD);
    assert_eq!(step.health.state(false), State::Confirming);
    assert!(step.recheck);
    assert_eq!(step.change, None);
}

#[test]
fn an_outage_begins_at_its_first_failure() {
    let (health, changes) = walk(&[Finding::Up, Finding::Down, Finding::Down], STANDARD);
    assert_eq!(health.state(false), State::Down);
    assert_eq!(
        changes.last(),
        Some(&Change { from: Settled::Up, to: Settled::Down, since: Timestamp(2_000) })
    );
}

#[test]
fn a_blip_leaves_no_trace() {
    let (health, changes) = walk(&[Finding::Up, Finding::Down, Finding::Up], STANDARD);
    assert_eq!(health.state(false), State::Up);
    assert_eq!(health.since, Timestamp(1_000));
    assert_eq!(changes.len(), 1);
}

#[test]
fn blindness_keeps_what_is_settled_and_the_count_of_failures() {
    let (health, changes) = walk(&[Finding::Up, Finding::Down, Finding::Unknown], STANDARD);
    assert_eq!(health.state(false), State::Unknown);
    assert_eq!(changes.len(), 1);
    let step = health.after(Finding::Down, Timestamp(9_000), STANDARD);
    assert_eq!(step.change.map(|change| change.since), Some(Timestamp(2_000)));
}

#[test]
fn a_slow_answer_ends_an_outage() {
    let thresholds = Thresholds { failure: 1, recovery: 2 };
    let (health, changes) = walk(&[Finding::Down, Finding::Up, Finding::Degraded], thresholds);
    assert_eq!(health.settled, Settled::Degraded);
    assert_eq!(changes.last().map(|change| change.since), Some(Timestamp(2_000)));
}

#[test]
fn one_slow_answer_does_not_degrade() {
    let (health, changes) = walk(&[Finding::Up, Finding::Degraded], STANDARD);
    assert_eq!(health.state(false), State::Up);
    assert_eq!(changes.len(), 1);
}

#[test]
fn a_streak_is_not_continued_over_a_time_in_which_nobody_looked() {
    const MINUTE: i64 = 60 * SECOND;
    let (health, _) = walk(&[Finding::Up, Finding::Down], STANDARD);
    let began = health.streak.expect("it is confirming").since;
    let fails_after = |wait: i64| {
        let at = Timestamp(began.0 + wait);
        (at, health.as_of(at, MINUTE).after(Finding::Down, at, STANDARD))
    };
    let (_, soon) = fails_after(3 * MINUTE);
    assert_eq!(soon.change.map(|change| change.since), Some(began), "two findings may be missing");
    let (at, late) = fails_after(3 * MINUTE + 1);
    assert_eq!(
        (late.change, late.health.streak.map(|streak| (streak.count, streak.since))),
        (None, Some((1, at)))
    );
    assert!(late.recheck);
}

#[test]
fn late_checks_of_a_short_interval_continue_a_streak() {
    let (health, _) = walk(&[Finding::Up, Finding::Down], STANDARD);
    let at = Timestamp(20 * SECOND);
    assert_eq!(health.as_of(at, SECOND), health);
}

#[test]
fn paused_is_shown_before_anything_else() {
    let (health, _) = walk(&[Finding::Down, Finding::Down], STANDARD);
    assert_eq!(health.state(true), State::Paused);
}

fn finding() -> impl Strategy<Value = Finding> {
    prop_oneof![Just(Finding::Up), Just(Finding::Degraded), Just(Finding::Down), Just(Finding::Unknown)]
}

proptest! {
    #[test]
    fn down_takes_as_many_failures_as_the_threshold_says(
        findings in prop::collection::vec(finding(), 0..60), failure in 1u32..6, recovery in 1u32..6,
    ) {
        let thresholds = Thresholds { failure, recovery };
        let mut health = Health::default();
        let mut failures = 0;
        for (second, finding) in (1..).zip(&findings) {
            let step = health.after(*finding, Timestamp(second), thresholds);
            match finding {
                Finding::Down => failures += 1,
                Finding::Unknown => {}
                Finding::Up | Finding::Degraded => failures = 0,
            }
            if let Some(change) = step.change {
                prop_assert_ne!(change.from, change.to);
                prop_assert_eq!(change.to, step.health.settled);
                prop_assert!(change.since <= Timestamp(second));
                if change.to == Settled::Down {
                    prop_assert_eq!(failures, failure);
                }
            } else {
                prop_assert_eq!(step.health.settled, health.settled);
                prop_assert_eq!(step.health.since, health.since);
            }
            prop_assert!(!(step.recheck && step.health.streak.is_none()));
            health = step.health;
        }
    }

    #[test]
    fn unknown_findings_never_change_what_is_settled(findings in prop::collection::vec(finding(), 0..60)) {
        let seen: Vec<_> = findings.iter().copied().filter(|f| *f != Finding::Unknown).collect();
        prop_assert_eq!(walk(&findings, STANDARD).0.settled, walk(&seen, STANDARD).0.settled);
    }
}

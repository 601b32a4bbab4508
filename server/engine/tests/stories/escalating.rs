//! Levels, reminders, and who hears of the end.

use domain::alert::Level;
use domain::check::Outcome;

use crate::on_both;
use crate::stage::{Stage, after, errors, minutes};
use crate::support::down;

const NOTHING: [&str; 0] = [];

on_both! {
    async fn the_second_level_is_reached_when_the_first_helped_nobody(mut stage: Stage) {
        let shop = stage.monitor("Shop").await;
        let (first, second) = (stage.teller().await, stage.teller().await);
        stage.define(vec![first.level(errors(1)), second.level(after(10))]).await;
        stage.sees(shop, down()).await;
        stage.pass(minutes(9)).await;
        assert_eq!((first.heard(), second.heard()), (vec!["error Shop".to_owned()], vec![]));
        stage.pass(minutes(1)).await;
        assert_eq!(second.heard(), ["error Shop"]);
        stage.pass(minutes(60)).await;
        assert_eq!((first.heard(), second.heard()), (vec![], vec![]), "each level tells once");
        stage.sees(shop, Outcome::Up).await;
        stage.pass(minutes(1)).await;
        assert_eq!((first.heard(), second.heard()), (vec!["ok Shop".to_owned()], vec!["ok Shop".to_owned()]));
    }

    async fn an_outage_that_ends_in_time_never_reaches_the_second_level(mut stage: Stage) {
        let shop = stage.monitor("Shop").await;
        let (first, second) = (stage.teller().await, stage.teller().await);
        stage.define(vec![first.level(errors(1)), second.level(after(10))]).await;
        stage.sees(shop, down()).await;
        stage.pass(minutes(9)).await;
        stage.sees(shop, Outcome::Up).await;
        stage.pass(minutes(30)).await;
        assert_eq!(first.heard(), ["error Shop", "ok Shop"]);
        assert_eq!(second.heard(), NOTHING, "neither the beginning nor the end");
    }
}

#[tokio::test]
async fn a_level_waits_for_so_many_errors() {
    let mut stage = Stage::sqlite().await;
    let shop = stage.monitor("Shop").await;
    let teller = stage.teller().await;
    stage.define(vec![teller.level(errors(4))]).await;
    for _ in 0..3 {
        stage.sees(shop, down()).await;
        stage.pass(minutes(1)).await;
    }
    assert_eq!(teller.heard(), NOTHING);
    stage.sees(shop, down()).await;
    stage.pass(minutes(1)).await;
    assert_eq!(teller.heard(), ["error Shop"]);
    // A new outage counts from one.
    stage.sees(shop, Outcome::Up).await;
    stage.pass(minutes(1)).await;
    stage.sees(shop, down()).await;
    stage.pass(minutes(5)).await;
    assert_eq!(teller.heard(), ["ok Shop"]);
}

#[tokio::test]
async fn reminders_come_so_often_and_then_never_again() {
    let mut stage = Stage::sqlite().await;
    let shop = stage.monitor("Shop").await;
    let (keen, calm) = (stage.teller().await, stage.teller().await);
    let mut target = calm.target();
    target.reminders = false;
    let mut level = Level { reminders: 3, reminder_minutes: 20, ..keen.level(errors(1)) };
    level.targets.push(target);
    stage.define(vec![level]).await;
    stage.sees(shop, down()).await;
    stage.pass(minutes(19)).await;
    assert_eq!(keen.heard(), ["error Shop"]);
    for _ in 0..3 {
        stage.pass(minutes(1)).await;
        assert_eq!(keen.heard(), ["reminder Shop"]);
        stage.pass(minutes(19)).await;
        assert_eq!(keen.heard(), NOTHING);
    }
    stage.pass(minutes(120)).await;
    assert_eq!(keen.heard(), NOTHING, "three, and no more");
    assert_eq!(calm.heard(), ["error Shop"], "that one wants none");
    stage.sees(shop, Outcome::Up).await;
    stage.pass(minutes(120)).await;
    assert_eq!((keen.heard(), calm.heard()), (vec!["ok Shop".to_owned()], vec!["ok Shop".to_owned()]));
}

#[tokio::test]
async fn whoever_takes_care_ends_escalation_and_reminders_but_not_the_good_news() {
    let mut stage = Stage::sqlite().await;
    let shop = stage.monitor("Shop").await;
    let (first, second) = (stage.teller().await, stage.teller().await);
    let reminding = Level { reminders: 9, reminder_minutes: 5, ..first.level(errors(1)) };
    stage.define(vec![reminding, second.level(after(10))]).await;
    stage.sees(shop, down()).await;
    stage.pass(minutes(6)).await;
    assert_eq!(first.heard(), ["error Shop", "reminder Shop"]);
    stage.acknowledge().await;
    stage.pass(minutes(60)).await;
    assert_eq!((first.heard(), second.heard()), (vec![], vec![]));
    stage.sees(shop, Outcome::Up).await;
    stage.pass(minutes(1)).await;
    assert_eq!(first.heard(), ["ok Shop"]);
    assert_eq!(second.heard(), NOTHING, "it never heard of the outage");
    // The next outage is nobody's yet.
    stage.sees(shop, down()).await;
    stage.pass(minutes(11)).await;
    assert_eq!(second.heard(), ["error Shop"]);
}

#[tokio::test]
async fn who_wants_no_good_news_gets_none() {
    let mut stage = Stage::sqlite().await;
    let shop = stage.monitor("Shop").await;
    let teller = stage.teller().await;
    let mut target = teller.target();
    target.ok = false;
    stage.define(vec![Level { targets: vec![target], ..teller.level(errors(1)) }]).await;
    stage.sees(shop, down()).await;
    stage.pass(minutes(2)).await;
    stage.sees(shop, Outcome::Up).await;
    stage.pass(minutes(2)).await;
    assert_eq!(teller.heard(), ["error Shop"]);
}

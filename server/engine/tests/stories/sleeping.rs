//! Quiet hours: what is held back in the night, and what is left of it in the morning.

use domain::alert::{Level, QuietHours};
use domain::check::Outcome;

use crate::on_both;
use crate::stage::{Stage, after, errors, minutes};
use crate::support::down;

const NOTHING: [&str; 0] = [];

/// From midnight, when each story begins, until seven.
fn night() -> QuietHours {
    QuietHours { time_zone: "UTC".to_owned(), from: 22 * 60, until: 7 * 60 }
}

on_both! {
    async fn the_morning_brings_what_still_goes_on_once_and_without_a_heap_of_reminders(mut stage: Stage) {
        let shop = stage.monitor("Shop").await;
        let teller = stage.quiet_teller(Some(night())).await;
        stage.define(vec![Level { reminders: 20, reminder_minutes: 60, ..teller.level(errors(1)) }]).await;
        stage.pass(minutes(30)).await;
        stage.sees(shop, down()).await;
        stage.pass(minutes(6 * 60)).await;
        assert_eq!(teller.heard(), NOTHING, "people sleep");
        stage.pass(minutes(31)).await;
        assert_eq!(teller.heard(), ["error Shop"], "seven o'clock");
        stage.pass(minutes(60)).await;
        assert_eq!(teller.heard(), ["reminder Shop"], "by day they come as usual");
        stage.sees(shop, Outcome::Up).await;
        stage.pass(minutes(1)).await;
        assert_eq!(teller.heard(), ["ok Shop"]);
    }
}

#[tokio::test]
async fn of_reminders_that_pile_up_in_the_night_one_is_left() {
    let mut stage = Stage::sqlite().await;
    let shop = stage.monitor("Shop").await;
    let quiet = QuietHours { time_zone: "UTC".to_owned(), from: 60, until: 7 * 60 };
    let teller = stage.quiet_teller(Some(quiet)).await;
    stage.define(vec![Level { reminders: 50, reminder_minutes: 45, ..teller.level(errors(1)) }]).await;
    stage.sees(shop, down()).await;
    stage.pass(minutes(59)).await;
    assert_eq!(teller.heard(), ["error Shop", "reminder Shop"], "before one o'clock");
    stage.pass(minutes(6 * 60 - 1)).await;
    assert_eq!(teller.heard(), NOTHING);
    stage.pass(minutes(5)).await;
    assert_eq!(teller.heard(), ["reminder Shop"]);
}

#[tokio::test]
async fn what_was_over_or_taken_on_by_the_morning_is_not_told() {
    let mut stage = Stage::sqlite().await;
    let (shop, mail) = (stage.monitor("Shop").await, stage.monitor("Mail").await);
    let (sleeper, watch) = (stage.quiet_teller(Some(night())).await, stage.teller().await);
    let mut level = sleeper.level(errors(1));
    level.targets.push(watch.target());
    stage.define(vec![level]).await;
    stage.sees(shop, down()).await;
    stage.pass(minutes(10)).await;
    stage.sees(shop, Outcome::Up).await;
    stage.sees(mail, down()).await;
    stage.pass(minutes(10)).await;
    stage.acknowledge().await;
    stage.pass(minutes(7 * 60)).await;
    assert_eq!(watch.heard(), ["error Shop", "ok Shop", "error Mail"]);
    assert_eq!(sleeper.heard(), NOTHING);
    stage.sees(mail, Outcome::Up).await;
    stage.pass(minutes(1)).await;
    assert_eq!((watch.heard(), sleeper.heard()), (vec!["ok Mail".to_owned()], vec![]));
}

#[tokio::test]
async fn whoever_heard_in_the_evening_hears_of_the_end_in_the_morning() {
    let mut stage = Stage::sqlite().await;
    let shop = stage.monitor("Shop").await;
    let quiet = QuietHours { time_zone: "UTC".to_owned(), from: 30, until: 7 * 60 };
    let teller = stage.quiet_teller(Some(quiet)).await;
    stage.define(vec![teller.level(errors(1)), teller.level(after(60))]).await;
    stage.sees(shop, down()).await;
    stage.pass(minutes(90)).await;
    stage.sees(shop, Outcome::Up).await;
    stage.pass(minutes(5 * 60)).await;
    assert_eq!(teller.heard(), ["error Shop"], "the second level and the end fall into the night");
    stage.pass(minutes(60)).await;
    assert_eq!(teller.heard(), ["ok Shop"]);
}

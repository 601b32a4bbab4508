//! Order, and what comes of messages that fail.

use std::time::Duration;

use domain::check::Outcome;

use crate::on_both;
use crate::stage::{Stage, errors, minutes};
use crate::support::down;

const NOTHING: [&str; 0] = [];
const SECOND: Duration = Duration::from_secs(1);

on_both! {
    async fn the_end_waits_for_its_beginning_through_every_retry(mut stage: Stage) {
        let shop = stage.monitor("Shop").await;
        let teller = stage.teller().await;
        stage.define(vec![teller.level(errors(1))]).await;
        teller.receiver.answers(&[(503, ""), (503, ""), (503, ""), (200, "")]);
        stage.sees(shop, down()).await;
        stage.settle().await;
        assert_eq!(teller.heard(), ["error Shop"]);
        stage.pass(Duration::from_secs(30)).await;
        stage.sees(shop, Outcome::Up).await;
        // A minute, five more, and fifteen more after the first attempt.
        for (wait, retry) in [(29, 1), (299, 1), (899, 1)] {
            stage.pass(SECOND * wait).await;
            assert_eq!(teller.heard(), NOTHING, "{wait} s are not enough");
            stage.pass(SECOND * retry).await;
            assert_eq!(teller.heard().first().map(String::as_str), Some("error Shop"));
        }
        stage.pass(minutes(1)).await;
        assert_eq!(teller.heard(), NOTHING);
    }
}

#[tokio::test]
async fn after_the_last_retry_the_end_follows_at_once() {
    let mut stage = Stage::sqlite().await;
    let shop = stage.monitor("Shop").await;
    let teller = stage.teller().await;
    stage.define(vec![teller.level(errors(1))]).await;
    teller.receiver.answers(&[(503, ""), (503, ""), (200, "")]);
    stage.sees(shop, down()).await;
    stage.settle().await;
    stage.sees_later(shop, Outcome::Up, minutes(2)).await;
    stage.pass(minutes(5)).await;
    assert_eq!(teller.heard(), ["error Shop", "error Shop", "error Shop", "ok Shop"]);
}

#[tokio::test]
async fn without_a_beginning_there_is_no_end() {
    let mut stage = Stage::sqlite().await;
    let shop = stage.monitor("Shop").await;
    let teller = stage.teller().await;
    stage.define(vec![teller.level(errors(1))]).await;
    teller.receiver.answers(&[(500, "")]);
    stage.sees(shop, down()).await;
    stage.settle().await;
    stage.sees_later(shop, Outcome::Up, minutes(1)).await;
    stage.pass(minutes(60)).await;
    assert_eq!(teller.heard(), ["error Shop"; 4], "one attempt and three more");
    // The next outage is a new beginning.
    teller.receiver.answers(&[(200, "")]);
    stage.sees(shop, down()).await;
    stage.pass(minutes(1)).await;
    stage.sees(shop, Outcome::Up).await;
    stage.pass(minutes(1)).await;
    assert_eq!(teller.heard(), ["error Shop", "ok Shop"]);
}

#[tokio::test]
async fn the_other_side_says_when_to_come_again() {
    let mut stage = Stage::sqlite().await;
    let shop = stage.monitor("Shop").await;
    let teller = stage.teller().await;
    stage.define(vec![teller.level(errors(1))]).await;
    teller.receiver.answers(&[(429, "retry-after: 120\r\n"), (503, "retry-after: 7\r\n"), (200, "")]);
    stage.sees(shop, down()).await;
    stage.pass(SECOND * 119).await;
    assert_eq!(teller.ids().len(), 1, "later than the usual minute");
    stage.pass(SECOND).await;
    assert_eq!(teller.ids().len(), 2);
    stage.pass(SECOND * 6).await;
    assert_eq!(teller.ids().len(), 2);
    stage.pass(SECOND).await;
    let ids = teller.ids();
    assert_eq!(ids.len(), 3, "sooner than the usual five minutes");
    assert!(ids.iter().all(|id| *id == ids[0]), "one message: {ids:?}");
}

#[tokio::test]
async fn who_asks_for_no_time_or_for_very_little_does_not_use_up_a_message() {
    for (asked, sooner) in [("retry-after: 0\r\n", 59), ("retry-after: 1\r\n", 0)] {
        let mut stage = Stage::sqlite().await;
        let shop = stage.monitor("Shop").await;
        let teller = stage.teller().await;
        stage.define(vec![teller.level(errors(1))]).await;
        teller.receiver.answers(&[(503, asked), (503, asked), (503, asked), (200, "")]);
        stage.sees(shop, down()).await;
        stage.pass(SECOND * sooner).await;
        assert_eq!(teller.ids().len(), 1, "{asked}");
        stage.pass(SECOND).await;
        assert_eq!(teller.ids().len(), 2, "{asked}");
        for _ in 0..20 {
            stage.pass(SECOND).await;
        }
        assert!(teller.ids().len() < 4, "{asked}: the last attempt is still to come");
        stage.pass(minutes(5)).await;
        stage.pass(minutes(15)).await;
        assert_eq!(teller.ids().len(), 4, "{asked}");
    }
}

#[tokio::test]
async fn one_that_fails_does_not_keep_others_waiting() {
    let mut stage = Stage::sqlite().await;
    let (shop, mail) = (stage.monitor("Shop").await, stage.monitor("Mail").await);
    let (broken, sound) = (stage.teller().await, stage.teller().await);
    let mut level = broken.level(errors(1));
    level.targets.push(sound.target());
    stage.define(vec![level]).await;
    broken.receiver.answers(&[(503, ""), (200, "")]);
    stage.sees(shop, down()).await;
    stage.settle().await;
    stage.sees(mail, down()).await;
    stage.settle().await;
    assert_eq!(sound.heard(), ["error Shop", "error Mail"]);
    assert_eq!(broken.heard(), ["error Shop", "error Mail"], "order is kept within an outage");
    stage.pass(minutes(1)).await;
    assert_eq!(broken.heard(), ["error Shop"]);
}

//! Monitors that hang on others: what the outage of a parent explains is not told, and is looked at and recorded all the same.

use std::time::Duration;

use domain::check::{Blindness, Outcome};
use domain::health::State;
use domain::id::MonitorKey;
use engine::store;

use crate::on_both;
use crate::stage::{Stage, Teller, minutes};
use crate::support::down;

const NOTHING: [&str; 0] = [];

/// A router, and a shop behind it; one receiver for both.
async fn router_and_shop(stage: &mut Stage) -> (MonitorKey, MonitorKey, Teller) {
    let (router, shop) = (stage.monitor("Router").await, stage.monitor("Shop").await);
    let teller = stage.teller().await;
    stage.attach(router, &teller).await;
    stage.attach(shop, &teller).await;
    stage.hangs_on(shop, router).await;
    for monitor in [router, shop] {
        stage.sees(monitor, Outcome::Up).await;
    }
    stage.pass(minutes(1)).await;
    (router, shop, teller)
}

async fn state(stage: &Stage, monitor: MonitorKey) -> State {
    let mut tx = stage.db.read().await.unwrap();
    store::health::get(&mut tx, monitor).await.unwrap().unwrap().health.state(false)
}

on_both! {
    async fn the_outage_of_a_parent_silences_its_children_and_nothing_else(mut stage: Stage) {
        let (router, shop, teller) = router_and_shop(&mut stage).await;
        stage.sees(router, down()).await;
        stage.sees(shop, down()).await;
        stage.pass(minutes(10)).await;
        assert_eq!(teller.heard(), ["error Router"]);
        assert_eq!(state(&stage, shop).await, State::Down, "it is checked and recorded");
        stage.sees(router, Outcome::Up).await;
        stage.sees(shop, Outcome::Up).await;
        stage.pass(minutes(10)).await;
        assert_eq!(teller.heard(), ["ok Router"], "of the shop nobody ever heard");
    }

    async fn a_child_that_stays_down_is_told_once_it_was_looked_at_again(mut stage: Stage) {
        let (router, shop, teller) = router_and_shop(&mut stage).await;
        stage.sees(router, down()).await;
        stage.sees(shop, down()).await;
        stage.pass(minutes(5)).await;
        stage.sees(router, Outcome::Up).await;
        // What is known of the shop is from before: it may have come back, too.
        stage.pass(minutes(1)).await;
        assert_eq!(teller.heard(), ["error Router", "ok Router"]);
        stage.sees(shop, down()).await;
        stage.pass(minutes(1)).await;
        assert_eq!(teller.heard(), ["error Shop"]);
        stage.sees(shop, Outcome::Up).await;
        stage.pass(minutes(1)).await;
        assert_eq!(teller.heard(), ["ok Shop"]);
    }
}

on_both! {
    async fn whichever_is_checked_first_no_child_is_told_before_its_parent(mut stage: Stage) {
        let (router, teller) = (stage.monitor("Router").await, stage.teller().await);
        stage.attach(router, &teller).await;
        let mut shops = Vec::new();
        for number in 0..4 {
            let shop = stage.monitor(&format!("Shop {number}")).await;
            stage.attach(shop, &teller).await;
            stage.hangs_on(shop, router).await;
            shops.push(shop);
        }
        for before in 0..=shops.len() {
            stage.sees(router, Outcome::Up).await;
            for shop in &shops {
                stage.sees(*shop, Outcome::Up).await;
            }
            stage.pass(minutes(1)).await;
            teller.heard();
            for (place, shop) in shops.iter().enumerate() {
                if place == before {
                    stage.sees(router, down()).await;
                }
                stage.sees(*shop, down()).await;
                stage.pass(Duration::from_secs(12)).await;
            }
            if before == shops.len() {
                stage.sees(router, down()).await;
            }
            stage.pass(minutes(10)).await;
            assert_eq!(teller.heard(), ["error Router"], "{before} before it");
        }
    }

    async fn a_child_is_told_once_its_parent_was_found_well_or_nobody_looked_in_time(mut stage: Stage) {
        let (router, shop, teller) = router_and_shop(&mut stage).await;
        stage.sees(shop, down()).await;
        stage.pass(minutes(1)).await;
        assert_eq!(teller.heard(), NOTHING, "the router was looked at before");
        stage.sees(router, Outcome::Up).await;
        stage.pass(Duration::from_secs(15)).await;
        assert_eq!(teller.heard(), ["error Shop"]);
        stage.sees(shop, Outcome::Up).await;
        stage.pass(minutes(1)).await;
        assert_eq!(teller.heard(), ["ok Shop"]);
        stage.sees(shop, down()).await;
        stage.pass(minutes(2)).await;
        // That we could not tell says nothing of it.
        stage.sees(router, Outcome::Unknown { why: Blindness::NoConnectivity }).await;
        stage.pass(Duration::from_secs(45)).await;
        assert_eq!(teller.heard(), NOTHING);
        stage.pass(Duration::from_secs(15)).await;
        assert_eq!(teller.heard(), ["error Shop"], "whoever cannot look at the router is not silent for ever");
    }
}

#[tokio::test]
async fn a_child_that_is_looked_at_no_more_is_not_held_back_for_ever() {
    let mut stage = Stage::sqlite().await;
    let (router, shop, teller) = router_and_shop(&mut stage).await;
    stage.sees(router, down()).await;
    stage.sees(shop, down()).await;
    stage.set_paused(shop, true).await;
    stage.sees_later(router, Outcome::Up, minutes(5)).await;
    stage.pass(minutes(1)).await;
    assert_eq!(teller.heard(), ["error Router", "ok Router"]);
    stage.pass(minutes(10)).await;
    assert_eq!(teller.heard(), ["error Shop"]);
}

#[tokio::test]
async fn recoveries_of_children_are_told_while_the_parent_is_down() {
    let mut stage = Stage::sqlite().await;
    let (router, shop, teller) = router_and_shop(&mut stage).await;
    stage.sees(shop, down()).await;
    stage.sees(router, Outcome::Up).await;
    stage.pass(minutes(1)).await;
    assert_eq!(teller.heard(), ["error Shop"], "its own fault: the router works");
    stage.sees(router, down()).await;
    stage.pass(minutes(1)).await;
    stage.sees(shop, Outcome::Up).await;
    stage.pass(minutes(1)).await;
    assert_eq!(teller.heard(), ["error Router", "ok Shop"]);
}

#[tokio::test]
async fn a_grandparent_counts_and_a_paused_parent_does_not() {
    let mut stage = Stage::sqlite().await;
    let (router, shop, teller) = router_and_shop(&mut stage).await;
    let line = stage.monitor("Line").await;
    stage.hangs_on(router, line).await;
    stage.sees(line, down()).await;
    stage.sees(shop, down()).await;
    stage.sees(router, Outcome::Up).await;
    stage.pass(minutes(5)).await;
    assert_eq!(teller.heard(), NOTHING, "nobody is told of the line, and the shop hangs on it");
    stage.set_paused(line, true).await;
    stage.pass(minutes(1)).await;
    assert_eq!(teller.heard(), ["error Shop"], "what nobody looks at explains nothing");
}

#[tokio::test]
async fn a_parent_that_is_suspected_holds_the_child_back_until_it_is_settled() {
    let mut stage = Stage::sqlite().await;
    let (_, shop, teller) = router_and_shop(&mut stage).await;
    let line = stage.careful_monitor("Line").await;
    stage.hangs_on(shop, line).await;
    stage.sees(line, Outcome::Up).await;
    stage.pass(minutes(1)).await;
    // The shop is checked first after the line broke, or confirms sooner.
    stage.sees(line, down()).await;
    stage.sees(shop, down()).await;
    stage.settle().await;
    assert_eq!(teller.heard(), NOTHING);
    stage.sees_later(line, Outcome::Up, minutes(1)).await;
    stage.sees(shop, down()).await;
    stage.pass(minutes(1)).await;
    assert_eq!(teller.heard(), ["error Shop"], "it was a blip of the line");
}

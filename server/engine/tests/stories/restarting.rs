//! The program ends in the middle of something, and goes on where it stopped: nothing twice, nothing lost.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use domain::alert::Level;
use domain::check::Outcome;
use engine::chance::Chance;
use engine::checks::ChecksConfig;
use engine::clock::Clock;
use engine::housekeeping::Retention;
use engine::providers::Carriers;
use engine::scheduler::Concurrency;
use engine::store::Db;
use engine::{Engine, EngineConfig};

use crate::on_both;
use crate::stage::{Stage, Teller, after, errors, minutes};
use crate::support::down;

const NOTHING: [&str; 0] = [];

on_both! {
    async fn escalation_and_reminders_go_on_where_they_stopped(mut stage: Stage) {
        let shop = stage.monitor("Shop").await;
        let (first, second) = (stage.teller().await, stage.teller().await);
        let reminding = Level { reminders: 2, reminder_minutes: 10, ..first.level(errors(1)) };
        stage.define(vec![reminding, second.level(after(15))]).await;
        stage.sees(shop, down()).await;
        stage.pass(minutes(12)).await;
        assert_eq!(first.heard(), ["error Shop", "reminder Shop"]);
        let stage = stage.restart().await;
        stage.pass(minutes(2)).await;
        assert_eq!((first.heard(), second.heard()), (vec![], vec![]), "nothing is told twice");
        stage.pass(minutes(1)).await;
        assert_eq!(second.heard(), ["error Shop"]);
        let stage = stage.restart().await;
        stage.pass(minutes(60)).await;
        assert_eq!(first.heard(), ["reminder Shop"], "the second of two");
        stage.sees(shop, Outcome::Up).await;
        // Recorded, and the program ends before anybody heard of it.
        let stage = stage.restart().await;
        stage.pass(minutes(1)).await;
        assert_eq!((first.heard(), second.heard()), (vec!["ok Shop".to_owned()], vec!["ok Shop".to_owned()]));
    }

    async fn what_fell_due_while_nothing_ran_is_made_up_for_once(mut stage: Stage) {
        let shop = stage.monitor("Shop").await;
        let (first, second) = (stage.teller().await, stage.teller().await);
        let reminding = Level { reminders: 5, reminder_minutes: 10, ..first.level(errors(1)) };
        stage.define(vec![reminding, second.level(after(15))]).await;
        stage.sees(shop, down()).await;
        stage.pass(minutes(1)).await;
        assert_eq!(first.heard(), ["error Shop"]);
        stage.clock.advance(minutes(45));
        let stage = stage.restart().await;
        stage.sees(shop, down()).await;
        stage.settle().await;
        assert_eq!(first.heard(), ["reminder Shop"], "one, not the four that were missed");
        assert_eq!(second.heard(), ["error Shop"]);
    }

    async fn what_ended_while_nothing_ran_is_not_told_after_the_start(mut stage: Stage) {
        let shop = stage.monitor("Shop").await;
        let (first, second) = (stage.teller().await, stage.teller().await);
        let reminding = Level { reminders: 5, reminder_minutes: 2, ..first.level(errors(1)) };
        stage.define(vec![reminding, second.level(after(2))]).await;
        stage.sees(shop, down()).await;
        stage.pass(minutes(1)).await;
        assert_eq!(first.heard(), ["error Shop"]);
        stage.clock.advance(minutes(2));
        let stage = stage.restart().await;
        stage.pass(Duration::from_secs(30)).await;
        assert_eq!((first.heard(), second.heard()), (vec![], vec![]), "nobody has looked yet");
        stage.sees(shop, Outcome::Up).await;
        stage.pass(minutes(5)).await;
        assert_eq!((first.heard(), second.heard()), (vec!["ok Shop".to_owned()], vec![]));
    }

    async fn one_that_cannot_be_checked_after_the_start_is_told_in_the_end(mut stage: Stage) {
        let (shop, teller) = (stage.monitor("Shop").await, stage.teller().await);
        stage.define(vec![teller.level(after(2))]).await;
        stage.sees(shop, down()).await;
        stage.clock.advance(minutes(5));
        let stage = stage.restart().await;
        stage.pass(Duration::from_secs(165)).await;
        assert_eq!(teller.heard(), NOTHING);
        stage.pass(Duration::from_secs(15)).await;
        assert_eq!(teller.heard(), ["error Shop"]);
    }

    async fn a_short_stop_delays_nothing(mut stage: Stage) {
        let (shop, teller) = (stage.monitor("Shop").await, stage.teller().await);
        stage.define(vec![teller.level(after(1))]).await;
        stage.sees(shop, down()).await;
        stage.pass(Duration::from_secs(45)).await;
        stage.sees(shop, down()).await;
        stage.clock.advance(Duration::from_secs(15));
        let stage = stage.restart().await;
        stage.settle().await;
        assert_eq!(teller.heard(), ["error Shop"], "no check was missed");
    }
}

#[tokio::test]
async fn a_retry_comes_at_its_time_and_under_its_id() {
    let mut stage = Stage::sqlite().await;
    let shop = stage.monitor("Shop").await;
    let teller = stage.teller().await;
    stage.define(vec![teller.level(errors(1))]).await;
    teller.receiver.answers(&[(503, ""), (503, ""), (200, "")]);
    stage.sees(shop, down()).await;
    stage.pass(Duration::from_secs(30)).await;
    let stage = stage.restart().await;
    stage.pass(Duration::from_secs(29)).await;
    assert_eq!(teller.ids().len(), 1);
    stage.pass(Duration::from_secs(1)).await;
    assert_eq!(teller.ids().len(), 2);
    let stage = stage.restart().await;
    stage.pass(minutes(5)).await;
    let ids = teller.ids();
    assert_eq!((ids.len(), &ids[0]), (3, &ids[2]));
    stage.pass(minutes(60)).await;
    assert_eq!(teller.heard(), ["error Shop"; 3]);
}

#[tokio::test]
async fn what_was_planned_and_not_sent_leaves_after_the_start() {
    let mut stage = Stage::sqlite().await;
    let shop = stage.monitor("Shop").await;
    let teller = stage.teller().await;
    stage.define(vec![teller.level(errors(1))]).await;
    stage.sees(shop, down()).await;
    stage.plan().await;
    let stage = stage.restart().await;
    assert_eq!(teller.heard(), NOTHING);
    stage.settle().await;
    assert_eq!(teller.heard(), ["error Shop"]);
}

/// An engine over the database and the clock of a stage.
async fn engine(stage: &Stage) -> Engine {
    engine_over(crate::stage::open(&stage.url).await, &stage.clock).await
}

/// An engine over a database, as `main` starts it.
pub(crate) async fn engine_over(db: Db, clock: &Clock) -> Engine {
    // Outside of tests, the program installs it at its start.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let many = NonZeroUsize::new(8).unwrap();
    let config = EngineConfig {
        carriers: Carriers::default(),
        checks: ChecksConfig::default(),
        concurrency: Concurrency { total: many, per_host: many },
        anchors: Vec::new(),
        retention: Retention::default(),
        base_url: String::new(),
    };
    Engine::start(config, db, clock.clone(), Chance::System).await.unwrap()
}

/// Waits until a receiver has heard so much; the engine looks at the clock every two seconds at least.
async fn wait(teller: &Teller, count: usize) {
    let begun = Instant::now();
    while teller.ids().len() < count {
        assert!(begun.elapsed() < Duration::from_secs(30), "heard {:?}", teller.heard());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

on_both! {
    async fn an_engine_that_is_stopped_hands_over_to_the_next_one(mut stage: Stage) {
        let shop = stage.monitor("Shop").await;
        let (first, second) = (stage.teller().await, stage.teller().await);
        stage.define(vec![first.level(errors(1)), second.level(after(5))]).await;
        stage.sees(shop, down()).await;
        // The story says what is seen.
        stage.set_paused(shop, true).await;

        let one = engine(&stage).await;
        wait(&first, 1).await;
        stage.clock.advance(minutes(3));
        one.stop().await;
        second.receiver.answers(&[(503, ""), (200, "")]);
        stage.clock.advance(minutes(3));
        let two = engine(&stage).await;
        wait(&second, 1).await;
        two.stop().await;
        stage.clock.advance(minutes(1));
        let three = engine(&stage).await;
        wait(&second, 2).await;
        stage.sees(shop, Outcome::Up).await;
        wait(&first, 2).await;
        wait(&second, 3).await;
        three.stop().await;

        let ids = second.ids();
        assert_eq!(ids[0], ids[1], "a retry is the same message");
        assert_eq!(first.heard(), ["error Shop", "ok Shop"]);
        assert_eq!(second.heard(), ["error Shop", "error Shop", "ok Shop"]);
    }
}

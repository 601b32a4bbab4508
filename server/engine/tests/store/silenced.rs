//! Outages that are snoozed, muted or taken on while what tells of them waits, on both databases.

use domain::alert::{Condition, QuietHours};
use domain::integration::{DiscordSettings, IntegrationDraft};
use domain::time::{DAY, HOUR, MINUTE, SECOND, Timestamp};
use domain::views::console::DeliveryQuery;
use engine::services::telling::Changes;

use crate::on_both;
use crate::tellers::{Receiver, Telling, attach, define, insert, integration, level};
use crate::world::{OPERATOR, World};

/// It is midnight.
fn night() -> QuietHours {
    QuietHours { time_zone: "UTC".to_owned(), from: 22 * 60, until: 7 * 60 }
}

/// Lets time pass until an hour of the day.
async fn at(world: &World, telling: &Telling, hour: i64) {
    let passed = world.now().0.rem_euclid(DAY);
    world.pass(hour * HOUR + SECOND - passed);
    telling.pass().await;
    telling.pass().await;
}

on_both! {
    async fn what_is_snoozed_in_the_night_is_not_told_in_the_morning(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, Some(night())).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        let incident = world.outage(monitor).await;
        telling.pass().await;
        at(&world, &telling, 6).await;
        let until = Timestamp(world.now().0 + 4 * HOUR);
        world.services.snooze(OPERATOR, &incident, Some(until)).await.unwrap();
        at(&world, &telling, 8).await;
        assert!(receiver.statuses().is_empty());
        at(&world, &telling, 11).await;
        assert_eq!(receiver.statuses(), ["ongoing"], "it still goes on when the snooze ends");
    }

    async fn what_is_muted_in_the_night_is_not_told_in_the_morning(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, id) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, Some(night())).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        at(&world, &telling, 6).await;
        world.services.mute(OPERATOR, &id, Some(Timestamp(world.now().0 + 4 * HOUR))).await.unwrap();
        at(&world, &telling, 8).await;
        at(&world, &telling, 9).await;
        assert!(receiver.statuses().is_empty());
        world.recovery(monitor).await;
        at(&world, &telling, 11).await;
        assert!(receiver.statuses().is_empty(), "it was over before it could be told");
    }

    async fn of_many_in_the_night_those_that_are_taken_on_or_snoozed_are_left_out_in_the_morning(world: World) {
        let receiver = Receiver::open().await;
        let settings = DiscordSettings::to(&receiver.url).into();
        let draft = IntegrationDraft { name: "chat".to_owned(), settings, enabled: true, quiet: Some(night()) };
        let (_, chat) = insert(&world, &draft).await;
        define(&world, vec![level(Condition::Minutes { minutes: 0 }, &chat)]).await;
        let telling = Telling::over(&world);
        let mut incidents = Vec::new();
        for number in 0..8 {
            let (monitor, _) = world.monitor(&format!("m{number}")).await;
            incidents.push(world.outage(monitor).await);
        }
        telling.pass().await;
        at(&world, &telling, 6).await;
        for incident in &incidents[..5] {
            world.services.acknowledge(OPERATOR, incident).await.unwrap();
        }
        world.services.snooze(OPERATOR, &incidents[5], Some(Timestamp(world.now().0 + 4 * HOUR))).await.unwrap();
        at(&world, &telling, 8).await;
        let headlines = || {
            let heard = std::mem::take(&mut *receiver.heard.lock().unwrap());
            let title = |heard: &crate::receiver::Heard| heard.body["embeds"][0]["title"].as_str().unwrap().to_owned();
            heard.iter().map(title).collect::<Vec<_>>()
        };
        assert_eq!(headlines(), ["🔴 2 more monitors are down"]);
        at(&world, &telling, 11).await;
        let told = headlines();
        assert!(told.len() == 1 && told[0].contains("m5"), "{told:?}");
    }

    async fn good_news_follows_bad_news_of_many_however_long_ago_it_was(world: World) {
        let receiver = Receiver::open().await;
        let settings = DiscordSettings::to(&receiver.url).into();
        let draft = IntegrationDraft { name: "chat".to_owned(), settings, enabled: true, quiet: None };
        let (_, chat) = insert(&world, &draft).await;
        define(&world, vec![level(Condition::Minutes { minutes: 0 }, &chat)]).await;
        let telling = Telling::over(&world);
        let mut monitors = Vec::new();
        for number in 0..5 {
            monitors.push(world.monitor(&format!("m{number}")).await.0);
            world.outage(monitors[number]).await;
        }
        telling.pass().await;
        world.pass(MINUTE);
        telling.pass().await;
        assert_eq!(receiver.heard.lock().unwrap().len(), 4, "three by themselves, two together");
        world.pass(3 * DAY);
        let mut tx = world.db.write().await.unwrap();
        while engine::store::deliveries::forget(&mut tx, world.now(), 100).await.unwrap() > 0 {}
        tx.commit().await.unwrap();
        for monitor in monitors {
            world.recovery(monitor).await;
        }
        telling.pass().await;
        world.pass(MINUTE);
        telling.pass().await;
        assert_eq!(receiver.heard.lock().unwrap().len(), 8);
    }
}

on_both! {
    async fn what_quiet_hours_hold_leaves_when_they_are_taken_back(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, id) = integration(&world, &receiver, Some(night())).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        let hours = async |from: &str, until: &str| {
            let fields = [("quiet_from", from), ("quiet_until", until)];
            let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let changes = Changes { fields, ..Changes::default() };
            world.services.change_integration(OPERATOR, &id, &changes).await.unwrap();
        };
        world.outage(monitor).await;
        telling.pass().await;
        // Others, in which it is quiet as well.
        hours("23:00", "08:00").await;
        telling.pass().await;
        assert!(receiver.statuses().is_empty());
        let row = world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap().rows.remove(0);
        assert_eq!(row.due_at.map(|at| at.since(world.now())), Some(8 * HOUR));
        hours("", "").await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"]);
    }
}

//! What becomes of messages when things have changed since they were planned, on both databases.

use domain::alert::{Condition, Level};
use domain::delivery::DeliveryState;
use domain::event::Event;
use domain::health::{Change, Settled, State};
use domain::id::{DeliveryId, MonitorId, MonitorKey};
use domain::integration::{DiscordSettings, IntegrationDraft};
use domain::person::Viewer;
use domain::time::{DAY, MINUTE, SECOND, Timestamp};
use domain::views::console::{DeliveryQuery, SubscriptionDraft};

use engine::store::events;

use crate::on_both;
use crate::tellers::{Receiver, Telling, attach, define, insert, integration, level};
use crate::world::World;

const SYSTEM: Viewer = Viewer::System;

/// A chat, whose messages share one in a storm.
fn chat(receiver: &Receiver) -> IntegrationDraft {
    let settings = DiscordSettings::to(&receiver.url).into();
    IntegrationDraft { name: "chat".to_owned(), settings, enabled: true, quiet: None }
}

/// The headlines that a chat was told since the last time.
fn headlines(receiver: &Receiver) -> Vec<String> {
    let heard = std::mem::take(&mut *receiver.heard.lock().unwrap());
    heard.iter().map(|heard| heard.body["embeds"][0]["title"].as_str().unwrap().to_owned()).collect()
}

/// The log, the oldest first.
async fn log(world: &World) -> Vec<(DeliveryId, DeliveryState)> {
    let page = world.services.deliveries(&SYSTEM, &DeliveryQuery::default()).await.unwrap();
    let mut log: Vec<_> = page.rows.into_iter().map(|row| (row.id, row.state)).collect();
    log.reverse();
    log
}

on_both! {
    async fn a_reminder_is_the_beginning_for_whoever_could_not_be_told_of_it(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (_, hook) = integration(&world, &receiver, None).await;
        let reminding = Level { reminders: 1, reminder_minutes: 10, ..level(Condition::Minutes { minutes: 0 }, &hook) };
        define(&world, vec![reminding]).await;
        let telling = Telling::over(&world);
        receiver.answers(&[(404, ""), (200, "")]);
        world.outage(monitor).await;
        telling.pass().await;
        world.pass(10 * MINUTE);
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing", "ongoing"], "somebody has mended the address");
        world.recovery(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["resolved"]);
    }
}

on_both! {
    async fn who_takes_a_snooze_back_hears_at_once_again(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (_, hook) = integration(&world, &receiver, None).await;
        let reminding = Level { reminders: 3, reminder_minutes: 10, ..level(Condition::Minutes { minutes: 0 }, &hook) };
        define(&world, vec![reminding, level(Condition::Minutes { minutes: 20 }, &hook)]).await;
        let telling = Telling::over(&world);
        let incident = world.outage(monitor).await;
        telling.pass().await;
        let until = Timestamp(world.now().0 + 20 * DAY);
        world.services.snooze(&SYSTEM, &incident, Some(until)).await.unwrap();
        world.pass(30 * MINUTE);
        telling.pass().await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"]);
        world.services.snooze(&SYSTEM, &incident, None).await.unwrap();
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"], "the second level was reached long ago");
        world.pass(9 * MINUTE);
        telling.pass().await;
        assert!(receiver.statuses().is_empty());
        world.pass(MINUTE);
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"], "and a reminder comes after its pause");
    }
}

on_both! {
    async fn the_end_is_told_to_whoever_was_told_whatever_became_of_monitor_and_definition(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, id) = world.monitor("Shop").await;
        let (mail, _) = world.monitor("Mail").await;
        let (_, hook) = integration(&world, &receiver, None).await;
        define(&world, vec![level(Condition::Minutes { minutes: 0 }, &hook)]).await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        world.outage(mail).await;
        telling.pass().await;
        assert_eq!(receiver.statuses().len(), 2);
        let definition = &world.services.definitions(&SYSTEM).await.unwrap()[0];
        let mut draft = definition.draft.clone();
        draft.active = false;
        world.services.save_definition(&SYSTEM, Some((&definition.id, definition.version)), &draft).await.unwrap();
        world.pass(MINUTE);
        world.recovery(mail).await;
        world.services.delete_monitor(&SYSTEM, &id).await.unwrap();
        telling.pass().await;
        let heard = std::mem::take(&mut *receiver.heard.lock().unwrap());
        let told: Vec<_> = heard
            .iter()
            .map(|heard| (heard.body["resource_name"].as_str().unwrap(), heard.body["incident_status"].as_str().unwrap()))
            .collect();
        assert_eq!(told, [("Mail", "resolved"), ("Shop", "resolved")]);
    }
}

on_both! {
    async fn a_level_that_is_switched_on_again_goes_on(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (_, hook) = integration(&world, &receiver, None).await;
        define(&world, vec![level(Condition::Minutes { minutes: 5 }, &hook)]).await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        let definition = world.services.definitions(&SYSTEM).await.unwrap().remove(0);
        let mut draft = definition.draft.clone();
        draft.active = false;
        world.services.save_definition(&SYSTEM, Some((&definition.id, definition.version)), &draft).await.unwrap();
        world.pass(6 * MINUTE);
        telling.pass().await;
        draft.active = true;
        let definition = world.services.definitions(&SYSTEM).await.unwrap().remove(0);
        world.services.save_definition(&SYSTEM, Some((&definition.id, definition.version)), &draft).await.unwrap();
        assert!(receiver.statuses().is_empty());
        world.pass(MINUTE);
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"]);
    }
}

on_both! {
    async fn what_somebody_asks_for_once_more_leaves_though_it_is_over(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        receiver.answers(&[(404, ""), (200, "")]);
        world.outage(monitor).await;
        telling.pass().await;
        world.pass(MINUTE);
        world.recovery(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"]);
        world.pass(DAY / 2);
        let failed = log(&world).await;
        assert_eq!(failed.iter().map(|(_, state)| *state).collect::<Vec<_>>(), [DeliveryState::Failed, DeliveryState::Skipped]);
        let ids: Vec<_> = failed.into_iter().map(|(id, _)| id).collect();
        for id in &ids {
            world.services.replay(&SYSTEM, std::slice::from_ref(id)).await.unwrap();
        }
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing", "resolved"]);
    }
}

on_both! {
    async fn good_news_of_many_waits_for_the_bad_news_and_leaves_out_what_was_never_told(world: World) {
        let receiver = Receiver::open().await;
        let (_, id) = insert(&world, &chat(&receiver)).await;
        define(&world, vec![level(Condition::Minutes { minutes: 0 }, &id)]).await;
        let mut monitors = Vec::new();
        for number in 0..8 {
            monitors.push(world.monitor(&format!("m{number}")).await.0);
        }
        let telling = Telling::over(&world);
        for monitor in &monitors {
            world.outage(*monitor).await;
        }
        telling.pass().await;
        assert_eq!(headlines(&receiver).len(), 3);
        // The message of the other five has to be tried again in a minute; meanwhile three of them are well, and then all.
        receiver.answers(&[(503, ""), (200, "")]);
        world.pass(15 * SECOND);
        telling.pass().await;
        world.pass(5 * SECOND);
        for monitor in &monitors[5..] {
            world.recovery(*monitor).await;
        }
        telling.pass().await;
        world.pass(30 * SECOND);
        telling.pass().await;
        assert_eq!(headlines(&receiver), ["🔴 5 more monitors are down"], "the bad news was not taken");
        world.pass(30 * SECOND);
        telling.pass().await;
        assert_eq!(headlines(&receiver), ["🔴 2 more monitors are down"], "the others were over before they could be told");
        world.pass(10 * SECOND);
        telling.pass().await;
        assert!(headlines(&receiver).is_empty(), "and so is their end");
        for monitor in &monitors[..5] {
            world.recovery(*monitor).await;
        }
        telling.pass().await;
        world.pass(20 * SECOND);
        telling.pass().await;
        let told = headlines(&receiver);
        assert_eq!((told.len(), told.last().unwrap().as_str()), (4, "🟢 2 more monitors are up again"), "{told:?}");
    }
}

on_both! {
    async fn reminders_of_many_share_a_message_too(world: World) {
        let receiver = Receiver::open().await;
        let (_, id) = insert(&world, &chat(&receiver)).await;
        let reminding = Level { reminders: 1, reminder_minutes: 10, ..level(Condition::Minutes { minutes: 0 }, &id) };
        define(&world, vec![reminding]).await;
        for number in 0..10 {
            let (monitor, _) = world.monitor(&format!("m{number}")).await;
            world.outage(monitor).await;
        }
        let telling = Telling::over(&world);
        telling.pass().await;
        world.pass(15 * SECOND);
        telling.pass().await;
        assert_eq!(headlines(&receiver).len(), 4);
        world.pass(10 * MINUTE);
        telling.pass().await;
        world.pass(15 * SECOND);
        telling.pass().await;
        let told = headlines(&receiver);
        assert_eq!((told.len(), told.last().unwrap().contains("7 more monitors are still down")), (4, true), "{told:?}");
    }
}

/// Settles a monitor, as the recorder does.
async fn changed(world: &World, monitor: MonitorKey, id: &MonitorId, from: Settled, to: Settled) {
    let state = |settled| if settled == Settled::Up { State::Up } else { State::Degraded };
    let event = Event::StateChanged {
        monitor,
        id: id.clone(),
        from: state(from),
        to: state(to),
        change: Some(Change { from, to, since: world.now() }),
        reason: None,
    };
    let mut tx = world.db.write().await.unwrap();
    events::append(&mut tx, world.now(), &[event]).await.unwrap();
    tx.commit().await.unwrap();
}

/// An integration that follows the health of monitors.
async fn follow_health(world: &World, receiver: &Receiver) {
    let (_, hook) = integration(world, receiver, None).await;
    let events =
        ["degraded", "healthy"].map(|word| format!("healthcheck.healthcheck.system.{word}")).to_vec();
    let draft = SubscriptionDraft {
        name: "Health".to_owned(),
        integration: hook,
        events,
        monitors: None,
        enabled: true,
    };
    world.services.save_subscription(&SYSTEM, None, &draft).await.unwrap();
}

/// The last words of the events that were heard since the last time.
fn events_heard(receiver: &Receiver) -> Vec<String> {
    let heard = std::mem::take(&mut *receiver.heard.lock().unwrap());
    let word = |heard: &crate::receiver::Heard| {
        heard.body["eventType"].as_str().unwrap().rsplit('.').next().unwrap().to_owned()
    };
    heard.iter().map(word).collect()
}

on_both! {
    async fn whoever_hears_that_a_monitor_fails_hears_that_it_works_again_though_it_began_afresh(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, id) = world.monitor("Shop").await;
        follow_health(&world, &receiver).await;
        let telling = Telling::over(&world);
        changed(&world, monitor, &id, Settled::Pending, Settled::Down).await;
        telling.pass().await;
        assert_eq!(events_heard(&receiver), ["degraded"], "what was never checked counts as healthy");
        // It is paused and resumed meanwhile, and so forgets that it was down.
        changed(&world, monitor, &id, Settled::Pending, Settled::Up).await;
        telling.pass().await;
        assert_eq!(events_heard(&receiver), ["healthy"]);
        changed(&world, monitor, &id, Settled::Pending, Settled::Up).await;
        telling.pass().await;
        assert!(events_heard(&receiver).is_empty());
    }
}

on_both! {
    async fn events_of_a_monitor_keep_their_order(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, id) = world.monitor("Shop").await;
        follow_health(&world, &receiver).await;
        let telling = Telling::over(&world);
        receiver.answers(&[(503, ""), (200, "")]);
        changed(&world, monitor, &id, Settled::Up, Settled::Degraded).await;
        telling.pass().await;
        world.pass(10 * SECOND);
        changed(&world, monitor, &id, Settled::Degraded, Settled::Up).await;
        telling.pass().await;
        world.pass(MINUTE);
        telling.pass().await;
        telling.pass().await;
        assert_eq!(events_heard(&receiver), ["degraded", "degraded", "healthy"]);
    }
}

on_both! {
    async fn what_was_over_while_nobody_told_is_not_told_later(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.planner.round().await.unwrap();
        // Here everything stands still for an hour.
        world.recovery(monitor).await;
        world.pass(60 * MINUTE);
        telling.pass().await;
        telling.pass().await;
        assert!(receiver.statuses().is_empty());
    }
}

on_both! {
    async fn an_integration_on_two_ways_is_told_once(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, id) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        define(&world, vec![
            level(Condition::Minutes { minutes: 0 }, &id),
            level(Condition::Minutes { minutes: 10 }, &id),
        ])
        .await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"]);
        world.pass(10 * MINUTE);
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"], "another level tells it again on purpose");
        world.recovery(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["resolved"]);
    }
}

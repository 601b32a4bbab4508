//! Messages that tell many outages at once: what is in them when they leave, and what the log says of that, on both databases.

use domain::alert::{Condition, Level, QuietHours};
use domain::delivery::DeliveryState;
use domain::id::{IncidentId, MonitorKey};
use domain::integration::{DiscordSettings, IntegrationDraft};
use domain::person::Viewer;
use domain::time::{HOUR, MINUTE, SECOND};
use domain::views::console::{DeliveryQuery, DeliveryRow};

use crate::on_both;
use crate::tellers::{Receiver, Telling, define, insert, level};
use crate::world::World;

const SYSTEM: Viewer = Viewer::System;

/// Many monitors, and a chat that hears of all of them.
struct Storm {
    receiver: Receiver,
    telling: Telling,
    monitors: Vec<MonitorKey>,
}

impl Storm {
    async fn of(world: &World, monitors: usize, reminders: u32, quiet: Option<QuietHours>) -> Self {
        let receiver = Receiver::open().await;
        let settings = DiscordSettings::to(&receiver.url).into();
        let draft = IntegrationDraft { name: "chat".to_owned(), settings, enabled: true, quiet };
        let (_, id) = insert(world, &draft).await;
        let level = level(Condition::Minutes { minutes: 0 }, &id);
        define(world, vec![Level { reminders, reminder_minutes: 2, ..level }]).await;
        let mut all = Vec::new();
        for number in 0..monitors {
            all.push(world.monitor(&format!("m{number}")).await.0);
        }
        Self { receiver, telling: Telling::over(world), monitors: all }
    }

    async fn break_all(&self, world: &World) -> Vec<IncidentId> {
        let mut incidents = Vec::new();
        for monitor in &self.monitors {
            incidents.push(world.outage(*monitor).await);
        }
        incidents
    }

    async fn pass(&self, world: &World, millis: i64) {
        world.pass(millis);
        self.telling.pass().await;
    }

    /// The headlines that were told since the last time.
    fn headlines(&self) -> Vec<String> {
        let heard = std::mem::take(&mut *self.receiver.heard.lock().unwrap());
        heard.iter().map(|heard| heard.body["embeds"][0]["title"].as_str().unwrap().to_owned()).collect()
    }
}

/// The messages of a kind, the oldest first.
async fn log(world: &World, kind: &str) -> Vec<DeliveryRow> {
    let page = world.services.deliveries(&SYSTEM, &DeliveryQuery::default()).await.unwrap();
    let mut rows: Vec<_> = page.rows.into_iter().filter(|row| row.kind == kind).collect();
    rows.reverse();
    rows
}

/// From one o'clock; the world begins at midnight.
fn quiet() -> QuietHours {
    QuietHours { time_zone: "UTC".to_owned(), from: 60, until: 75 }
}

on_both! {
    async fn after_quiet_hours_one_reminder_of_each_is_enough(world: World) {
        let storm = Storm::of(&world, 5, 100, Some(quiet())).await;
        world.pass(HOUR - MINUTE);
        storm.break_all(&world).await;
        storm.pass(&world, SECOND).await;
        storm.pass(&world, 15 * SECOND).await;
        assert_eq!(storm.headlines().len(), 4, "three by themselves, two together");
        world.pass(44 * SECOND);
        for _ in 0..59 {
            storm.pass(&world, 15 * SECOND).await;
            assert!(storm.headlines().is_empty(), "people rest");
        }
        storm.pass(&world, 16 * SECOND).await;
        let mut told = storm.headlines();
        told.sort();
        assert_eq!(told.len(), 4, "{told:?}");
        let of_each = told.iter().filter(|headline| headline.ends_with("is still down")).count();
        assert_eq!(of_each, 3, "{told:?}");
        assert!(told.iter().any(|headline| headline.ends_with("2 more monitors are still down")), "{told:?}");
    }

    async fn reminders_of_many_say_nothing_beside_a_beginning_that_is_told_only_now(world: World) {
        let storm = Storm::of(&world, 6, 100, Some(quiet())).await;
        world.pass(HOUR);
        storm.break_all(&world).await;
        for _ in 0..59 {
            storm.pass(&world, 15 * SECOND).await;
        }
        assert!(storm.headlines().is_empty());
        storm.pass(&world, 20 * SECOND).await;
        storm.pass(&world, 20 * SECOND).await;
        let told = storm.headlines();
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told.iter().all(|headline| !headline.contains("still")), "{told:?}");
        assert!(told.iter().any(|headline| headline.ends_with("3 more monitors are down")), "{told:?}");
    }

    async fn the_log_says_what_a_message_of_many_told_when_it_left(world: World) {
        let storm = Storm::of(&world, 8, 0, None).await;
        storm.break_all(&world).await;
        storm.pass(&world, SECOND).await;
        storm.receiver.answers(&[(503, ""), (200, "")]);
        storm.pass(&world, 15 * SECOND).await;
        for monitor in &storm.monitors[5..] {
            world.recovery(*monitor).await;
        }
        storm.pass(&world, 61 * SECOND).await;
        assert_eq!(storm.headlines().last().unwrap(), "🔴 2 more monitors are down");
        let group = log(&world, "group").await.remove(0);
        assert_eq!((group.state, group.headline.as_str()), (DeliveryState::Delivered, "2 more monitors are down"));
        // Whoever asks for it once more gets the same.
        world.services.replay(&SYSTEM, &[group.id]).await.unwrap();
        storm.pass(&world, SECOND).await;
        assert!(storm.headlines().contains(&"🔴 2 more monitors are down".to_owned()));
    }

    async fn what_a_message_of_many_did_not_reach_anybody_with_is_not_shown_as_told(world: World) {
        let storm = Storm::of(&world, 5, 0, None).await;
        let incidents = storm.break_all(&world).await;
        storm.pass(&world, SECOND).await;
        let member = async || {
            let told = world.services.incident(&SYSTEM, &incidents[4]).await.unwrap().deliveries.remove(0);
            (told.state, told.fate(), told.error)
        };
        assert_eq!(member().await, (DeliveryState::Grouped, DeliveryState::Waiting, None));
        storm.receiver.answers(&[(404, ""), (200, "")]);
        storm.pass(&world, 16 * SECOND).await;
        let (state, fate, error) = member().await;
        assert_eq!((state, fate), (DeliveryState::Grouped, DeliveryState::Failed));
        assert!(error.is_some_and(|error| error.contains("404")));
        let counts = world.services.delivery_counts(&SYSTEM, 1).await.unwrap();
        assert_eq!((counts.delivered, counts.failed), (3, 3), "the message, and the two outages that it tells");
        assert_eq!(world.services.integrations(&SYSTEM).await.unwrap()[0].last.map(|last| last.1), Some(DeliveryState::Failed));
        let group = log(&world, "group").await.remove(0);
        world.services.replay(&SYSTEM, &[group.id]).await.unwrap();
        storm.pass(&world, SECOND).await;
        let (_, fate, error) = member().await;
        assert_eq!((fate, error), (DeliveryState::Grouped, None));
        assert_eq!(world.services.delivery_counts(&SYSTEM, 1).await.unwrap().delivered, 6);
    }

    async fn what_a_message_of_many_told_is_told_though_nobody_takes_it_a_second_time(world: World) {
        let storm = Storm::of(&world, 5, 0, None).await;
        storm.break_all(&world).await;
        storm.pass(&world, SECOND).await;
        storm.pass(&world, 16 * SECOND).await;
        let group = log(&world, "group").await.remove(0);
        storm.receiver.answers(&[(404, ""), (200, "")]);
        world.services.replay(&SYSTEM, &[group.id]).await.unwrap();
        storm.pass(&world, SECOND).await;
        storm.headlines();
        for monitor in &storm.monitors {
            world.recovery(*monitor).await;
        }
        storm.pass(&world, MINUTE).await;
        storm.pass(&world, 16 * SECOND).await;
        assert_eq!(storm.headlines().last().unwrap(), "🟢 2 more monitors are up again");
    }

    async fn the_end_of_many_is_not_told_after_the_next_beginning_of_one_of_them(world: World) {
        let storm = Storm::of(&world, 6, 0, None).await;
        storm.break_all(&world).await;
        storm.pass(&world, SECOND).await;
        storm.pass(&world, 16 * SECOND).await;
        assert_eq!(storm.headlines().len(), 4);
        storm.receiver.answers(&[(503, "")]);
        for monitor in &storm.monitors {
            world.recovery(*monitor).await;
        }
        storm.pass(&world, SECOND).await;
        storm.pass(&world, 16 * SECOND).await;
        storm.pass(&world, 61 * SECOND).await;
        // It is tried again in five minutes. Meanwhile one is down again, and the receiver is back.
        storm.pass(&world, 90 * SECOND).await;
        storm.headlines();
        storm.receiver.answers(&[(200, "")]);
        world.outage(storm.monitors[5]).await;
        for _ in 0..10 {
            storm.pass(&world, SECOND).await;
        }
        let heard: Vec<_> = std::mem::take(&mut *storm.receiver.heard.lock().unwrap());
        let heard: Vec<_> = heard.into_iter().map(|heard| heard.body["embeds"][0].to_string()).collect();
        let down = heard.iter().position(|text| text.contains("m5 is down")).unwrap();
        assert!(heard[down + 1..].iter().all(|text| !text.contains("m5")), "{heard:#?}");
        assert!(heard.iter().any(|text| text.contains("2 more monitors are up again")), "{heard:#?}");
        let left_out = log(&world, "ok").await.remove(5);
        assert_eq!((left_out.state, left_out.error.unwrap().contains("failed again")), (DeliveryState::Skipped, true));
        // Its end is told as ever.
        world.recovery(storm.monitors[5]).await;
        storm.pass(&world, SECOND).await;
        assert_eq!(storm.headlines(), ["🟢 m5 is up again"]);
    }

    async fn many_beginnings_are_told_after_the_last_end_of_one_of_them(world: World) {
        let storm = Storm::of(&world, 5, 0, None).await;
        world.outage(storm.monitors[4]).await;
        storm.pass(&world, SECOND).await;
        storm.receiver.answers(&[(503, "")]);
        world.recovery(storm.monitors[4]).await;
        storm.pass(&world, SECOND).await;
        storm.pass(&world, 61 * SECOND).await;
        storm.pass(&world, 90 * SECOND).await;
        storm.break_all(&world).await;
        storm.pass(&world, SECOND).await;
        storm.headlines();
        storm.receiver.answers(&[(200, "")]);
        for _ in 0..30 {
            storm.pass(&world, SECOND).await;
        }
        let told = storm.headlines();
        let place = |words: &str| told.iter().position(|told| told.contains(words)).unwrap_or_else(|| panic!("{told:?}"));
        assert!(place("m4 is up again") < place("2 more monitors are down"), "{told:?}");
    }

    async fn one_that_is_left_alone_is_told_by_a_message_of_its_own(world: World) {
        let storm = Storm::of(&world, 4, 0, None).await;
        let incidents = storm.break_all(&world).await;
        storm.pass(&world, SECOND).await;
        assert_eq!(storm.headlines().len(), 3);
        storm.pass(&world, 16 * SECOND).await;
        let told = storm.headlines();
        assert!(told.len() == 1 && told[0].contains("m3"), "{told:?}");
        let group = log(&world, "group").await.remove(0);
        assert_eq!(group.state, DeliveryState::Skipped);
        let of_it = log(&world, "error").await.remove(3);
        assert_eq!((of_it.state, of_it.incident), (DeliveryState::Delivered, Some(incidents[3].clone())));
        for monitor in &storm.monitors {
            world.recovery(*monitor).await;
        }
        storm.pass(&world, 2 * MINUTE).await;
        storm.pass(&world, 16 * SECOND).await;
        let told = storm.headlines();
        assert!(told.len() == 4 && told[3].contains("m3"), "{told:?}");
    }
}

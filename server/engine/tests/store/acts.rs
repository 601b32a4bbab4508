//! What people did about an incident stands in its log, and what a monitor had to do with it outlives the monitor: on both databases.

use domain::event::Event;
use domain::id::TokenId;
use domain::incident::{Act, Deed};
use domain::person::Viewer;
use domain::time::{HOUR, MINUTE, Timestamp};
use domain::views::console::SubscriptionDraft;
use engine::store::events;

use crate::on_both;
use crate::tellers::{Receiver, Telling, integration, open_incident};
use crate::world::{OPERATOR, START, World};

fn program(name: &str) -> Viewer {
    Viewer::Program { token: TokenId::new([7; 13]), name: name.to_owned() }
}

on_both! {
    async fn who_puts_an_incident_off_or_silences_its_monitor_stands_in_its_log(world: World) {
        let (monitor, id) = world.monitor("Shop").await;
        let (ada, bob) = (program("Ada"), program("Bob"));
        let later = |millis: i64| Timestamp(world.now().0 + millis);
        // Of another incident, and before this one.
        let before = world.outage(monitor).await;
        world.services.snooze(&bob, &before, Some(later(HOUR))).await.unwrap();
        world.recovery(monitor).await;
        world.pass(MINUTE);
        world.services.mute(&bob, &id, Some(later(MINUTE))).await.unwrap();
        world.pass(HOUR);

        let incident = world.outage(monitor).await;
        let until = later(30 * MINUTE);
        // There is nothing to take back yet, so nobody did.
        world.services.snooze(&ada, &incident, None).await.unwrap();
        world.services.mute(&ada, &id, None).await.unwrap();
        world.services.snooze(&ada, &incident, Some(until)).await.unwrap();
        world.pass(MINUTE);
        world.services.snooze(&bob, &incident, None).await.unwrap();
        world.pass(MINUTE);
        world.services.mute(&ada, &id, Some(until)).await.unwrap();
        world.services.mute(&ada, &id, None).await.unwrap();
        let told = [
            (0, Deed::Snoozed { until }, "Ada"),
            (1, Deed::SnoozeEnded, "Bob"),
            (2, Deed::Muted { until }, "Ada"),
            (2, Deed::MuteEnded, "Ada"),
        ];
        let began = START.0 + MINUTE + HOUR;
        let told = told.map(|(minutes, deed, by)| (Timestamp(began + minutes * MINUTE), Act { deed, by: by.to_owned() }));
        assert_eq!(world.services.incident(OPERATOR, &incident).await.unwrap().acts, told);

        // What is done to the monitor afterwards is no part of it; and the log outlives the monitor.
        world.pass(MINUTE);
        world.recovery(monitor).await;
        world.pass(MINUTE);
        world.services.mute(&bob, &id, Some(later(HOUR))).await.unwrap();
        assert_eq!(world.services.incident(OPERATOR, &incident).await.unwrap().acts, told);
        world.services.delete_monitor(OPERATOR, &id).await.unwrap();
        assert_eq!(world.services.incident(OPERATOR, &incident).await.unwrap().acts, told);
        let first = world.services.incident(OPERATOR, &before).await.unwrap().acts;
        assert_eq!(first.len(), 1, "{first:?}");
    }

    async fn a_mute_that_began_before_an_incident_stands_in_its_log(world: World) {
        let (monitor, id) = world.monitor("Shop").await;
        let (_, other) = world.monitor("Mail").await;
        let (ada, bob) = (program("Ada"), program("Bob"));
        let later = |millis: i64| Timestamp(world.now().0 + millis);
        let acts = async |incident| world.services.incident(OPERATOR, &incident).await.unwrap().acts;
        // The last one counts, and the other monitor's does not.
        world.services.mute(&bob, &id, Some(later(HOUR))).await.unwrap();
        world.pass(MINUTE);
        let (since, until) = (world.now(), later(3 * HOUR));
        world.services.mute(&ada, &id, Some(until)).await.unwrap();
        world.services.mute(&bob, &other, Some(later(HOUR))).await.unwrap();
        world.pass(HOUR);
        let muted = world.outage(monitor).await;
        let told = [(since, Act { deed: Deed::Muted { until }, by: "Ada".to_owned() })];
        assert_eq!(acts(muted.clone()).await, told);
        world.recovery(monitor).await;

        // Taken back before the next one, or over.
        world.pass(MINUTE);
        world.services.mute(&bob, &id, None).await.unwrap();
        world.pass(MINUTE);
        let sounding = world.outage(monitor).await;
        assert_eq!(acts(sounding).await, []);
        world.recovery(monitor).await;
        world.services.mute(&bob, &id, Some(later(MINUTE))).await.unwrap();
        world.pass(HOUR);
        assert_eq!(acts(world.outage(monitor).await).await, []);
        assert_eq!(acts(muted).await, told, "what came after changes nothing");
    }

    async fn a_subscription_to_a_monitor_hears_of_everything_though_the_monitor_was_removed_meanwhile(world: World) {
        let receiver = Receiver::open().await;
        let (shop, shop_id) = world.monitor("Shop").await;
        let (_, mail_id) = world.monitor("Mail").await;
        let (_, hook) = integration(&world, &receiver, None).await;
        for (name, monitor) in [("shop", &shop_id), ("mail", &mail_id)] {
            let draft = SubscriptionDraft {
                name: name.to_owned(),
                integration: hook.clone(),
                events: ["created", "updated", "resolved"].map(|event| format!("incident.incident.{event}")).to_vec(),
                monitors: Some(vec![monitor.clone()]),
                enabled: true,
            };
            world.services.save_subscription(OPERATOR, None, &draft).await.unwrap();
        }
        let incident = world.outage(shop).await;
        world.services.snooze(OPERATOR, &incident, Some(Timestamp(world.now().0 + HOUR))).await.unwrap();
        world.services.acknowledge(OPERATOR, &incident).await.unwrap();
        // As an older program wrote it.
        let old = Event::IncidentUpdated { incident: open_incident(&world).await, id: incident, monitor: None, act: None };
        let mut tx = world.db.write().await.unwrap();
        events::append(&mut tx, world.now(), &[old]).await.unwrap();
        tx.commit().await.unwrap();
        world.pass(MINUTE);
        world.services.delete_monitor(OPERATOR, &shop_id).await.unwrap();
        let telling = Telling::over(&world);
        for _ in 0..8 {
            telling.pass().await;
        }
        let heard = std::mem::take(&mut *receiver.heard.lock().unwrap());
        let told: Vec<_> = heard
            .iter()
            .map(|heard| {
                assert_eq!(heard.body["subscription"]["name"], "shop");
                assert_eq!(heard.body["data"]["systemIds"][0], shop_id.as_str());
                heard.body["eventType"].as_str().unwrap().rsplit('.').next().unwrap()
            })
            .collect();
        // Put off, taken on, the old one; and with the end comes one more.
        assert_eq!(told, ["created", "updated", "updated", "updated", "updated", "resolved"]);
    }
}

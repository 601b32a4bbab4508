//! In which order messages reach who was away for a while, and when: on both databases.

use domain::delivery::DeliveryState;
use domain::id::MonitorKey;
use domain::time::{HOUR, MINUTE, SECOND};
use domain::views::console::DeliveryQuery;
use engine::store::integrations;

use crate::on_both;
use crate::tellers::{Receiver, Telling, attach, integration};
use crate::world::{OPERATOR, World};

/// Monitors of which a receiver is told.
struct Stand {
    receiver: Receiver,
    telling: Telling,
    monitors: Vec<MonitorKey>,
}

impl Stand {
    async fn of(world: &World, names: &[&str]) -> Self {
        let receiver = Receiver::open().await;
        let (hook, _) = integration(world, &receiver, None).await;
        let mut monitors = Vec::new();
        for name in names {
            let monitor = world.monitor(name).await.0;
            attach(world, monitor, hook).await;
            monitors.push(monitor);
        }
        Self { receiver, telling: Telling::over(world), monitors }
    }

    fn answers(&self, status: u16) {
        self.receiver.answers(&[(status, "")]);
    }

    /// Lets so much time pass, second by second.
    async fn pass(&self, world: &World, millis: i64) {
        for _ in 0..millis / SECOND {
            world.pass(SECOND);
            self.telling.pass().await;
        }
    }

    async fn breaks(&self, world: &World, monitor: usize) {
        world.outage(self.monitors[monitor]).await;
        self.telling.pass().await;
    }

    async fn mends(&self, world: &World, monitor: usize) {
        world.recovery(self.monitors[monitor]).await;
        self.telling.pass().await;
    }

    /// What was heard since the last time: the kind of each message, and of which outage, from 1 on.
    async fn heard(&self, world: &World) -> Vec<String> {
        let mut rows = world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap().rows;
        rows.reverse();
        let mut outages = Vec::new();
        for row in &rows {
            if !outages.contains(&row.incident) {
                outages.push(row.incident.clone());
            }
        }
        let heard = std::mem::take(&mut *self.receiver.heard.lock().unwrap());
        let told = |heard: &crate::receiver::Heard| {
            let row = rows.iter().find(|row| row.id.as_str() == heard.delivery).unwrap();
            let outage = outages.iter().position(|incident| *incident == row.incident).unwrap();
            format!("{} {}", row.kind, outage + 1)
        };
        heard.iter().map(told).collect()
    }
}

const NOTHING: [&str; 0] = [];

on_both! {
    async fn who_was_away_hears_of_one_outage_after_the_other(world: World) {
        let stand = Stand::of(&world, &["Shop"]).await;
        stand.answers(503);
        stand.breaks(&world, 0).await;
        stand.pass(&world, 7 * MINUTE).await;
        stand.mends(&world, 0).await;
        assert_eq!(stand.heard(&world).await, ["error 1"; 3]);
        // The next attempt would be in fourteen minutes.
        stand.breaks(&world, 0).await;
        stand.pass(&world, 2 * SECOND).await;
        assert_eq!(stand.heard(&world).await, ["error 1", "error 2"], "what is old has its chance and holds up nothing");
        stand.pass(&world, 50 * SECOND).await;
        assert_eq!(stand.heard(&world).await, NOTHING);
        stand.answers(200);
        stand.pass(&world, 15 * SECOND).await;
        assert_eq!(stand.heard(&world).await, ["error 1", "ok 1", "error 2"]);
        stand.mends(&world, 0).await;
        stand.pass(&world, 5 * SECOND).await;
        assert_eq!(stand.heard(&world).await, ["ok 2"]);
        stand.pass(&world, 20 * MINUTE).await;
        assert_eq!(stand.heard(&world).await, NOTHING);
    }

    async fn who_was_away_when_everything_was_stopped_hears_of_one_outage_after_the_other(world: World) {
        let stand = Stand::of(&world, &["Shop", "Mail"]).await;
        stand.answers(503);
        stand.breaks(&world, 0).await;
        world.services.set_all_stop(OPERATOR, true).await.unwrap();
        world.pass(HOUR);
        stand.mends(&world, 0).await;
        stand.breaks(&world, 0).await;
        world.services.set_all_stop(OPERATOR, false).await.unwrap();
        stand.answers(200);
        stand.pass(&world, 10 * SECOND).await;
        assert_eq!(stand.heard(&world).await, ["error 1", "error 1", "ok 1", "error 2"]);
        // All is well again, and is known to be a little later.
        world.pass(HOUR);
        stand.breaks(&world, 1).await;
        let mut tx = world.db.read().await.unwrap();
        assert_eq!(integrations::all(&mut tx).await.unwrap()[0].retries_until, None);
    }

    async fn what_is_tried_before_its_time_loses_no_attempt(world: World) {
        let stand = Stand::of(&world, &["Shop"]).await;
        stand.answers(503);
        for _ in 0..7 {
            stand.breaks(&world, 0).await;
            stand.pass(&world, 10 * SECOND).await;
            stand.mends(&world, 0).await;
        }
        assert!(stand.heard(&world).await.iter().filter(|word| *word == "error 1").count() >= 4);
        stand.answers(200);
        stand.pass(&world, MINUTE).await;
        let heard = stand.heard(&world).await;
        let place = |word: &str, outage: usize| heard.iter().position(|heard| *heard == format!("{word} {outage}"));
        assert_eq!(heard.len(), 14, "{heard:?}");
        assert!((1..8).all(|outage| place("error", outage).unwrap() < place("ok", outage).unwrap()), "{heard:?}");
        assert_eq!(heard[12..], ["error 7", "ok 7"], "the last word is about the last outage");
    }

    async fn one_message_that_is_refused_again_and_again_does_not_hold_up_the_next_outage(world: World) {
        let stand = Stand::of(&world, &["Shop"]).await;
        stand.receiver.answers(&[(503, ""), (503, ""), (200, "")]);
        stand.breaks(&world, 0).await;
        stand.pass(&world, 30 * SECOND).await;
        stand.mends(&world, 0).await;
        stand.breaks(&world, 0).await;
        stand.pass(&world, SECOND).await;
        assert_eq!(stand.heard(&world).await, ["error 1", "error 1", "error 2"]);
    }
}

on_both! {
    async fn whoever_is_back_hears_at_once_what_waited(world: World) {
        let stand = Stand::of(&world, &["Shop", "Mail", "Wiki"]).await;
        stand.receiver.answers(&[(503, ""), (503, ""), (503, ""), (503, "retry-after: 1000\r\n"), (200, "")]);
        stand.breaks(&world, 0).await;
        stand.pass(&world, MINUTE).await;
        stand.breaks(&world, 1).await;
        stand.breaks(&world, 2).await;
        assert_eq!(stand.heard(&world).await, ["error 1", "error 1", "error 2", "error 3"]);
        // The second is tried again in a minute and arrives; the first would be in four more.
        stand.pass(&world, MINUTE).await;
        assert_eq!(stand.heard(&world).await, ["error 2", "error 1"], "and who asks for time gets it");
        stand.pass(&world, 14 * MINUTE).await;
        assert_eq!(stand.heard(&world).await, NOTHING);
        stand.pass(&world, 2 * MINUTE).await;
        assert_eq!(stand.heard(&world).await, ["error 3"]);
        let rows = world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap().rows;
        assert!(rows.iter().all(|row| row.state == DeliveryState::Delivered), "{rows:?}");
    }
}

on_both! {
    async fn what_waits_for_an_earlier_message_says_so_and_is_not_late(world: World) {
        let stand = Stand::of(&world, &["Shop"]).await;
        stand.answers(503);
        stand.breaks(&world, 0).await;
        world.pass(MINUTE);
        stand.mends(&world, 0).await;
        world.pass(2 * MINUTE);
        stand.telling.pass().await;
        let rows = world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap().rows;
        let [ok, error] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((error.state, ok.state), (DeliveryState::Retrying, DeliveryState::Waiting));
        assert_eq!(ok.error.as_deref(), Some("It waits for an earlier message, which has not arrived yet."));
        assert_eq!(ok.due_at, error.due_at, "that is when it may leave");
        assert_eq!(world.services.outbox(OPERATOR).await.unwrap(), (2, None), "nothing is stuck");
        world.pass(5 * MINUTE);
        assert_eq!(world.services.outbox(OPERATOR).await.unwrap(), (2, error.due_at));
    }
}

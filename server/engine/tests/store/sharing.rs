//! How many messages of a full outbox a node takes for whom, and what is written when many have ended.

use std::collections::HashMap;

use domain::delivery::DeliveryState;
use domain::id::{DeliveryId, IntegrationKey};
use domain::message::{Body, EventNote, Message};
use domain::time::{MINUTE, Timestamp};
use engine::store::claiming::{self, Claimed, Limits};
use engine::store::deliveries::{self, Attempt, NewDelivery, Settlement};
use engine::store::settling::{self, Settled};
use engine::store::views;

use crate::on_both;
use crate::tellers::{Receiver, integration};
use crate::world::World;

on_both! {
    async fn who_takes_messages_fast_is_given_more_of_them(world: World) {
        let receiver = Receiver::open().await;
        let (slow, _) = integration(&world, &receiver, None).await;
        let (fast, _) = integration(&world, &receiver, None).await;
        let (full, _) = integration(&world, &receiver, None).await;
        for key in [slow, fast, full] {
            fill(&world, key, 8).await;
        }
        let limits = Limits { total: 20, each: 2, full: &[full], fast: &[fast], each_fast: 5 };
        let mut counts: HashMap<IntegrationKey, usize> = HashMap::new();
        for one in claim(&world, &limits).await {
            *counts.entry(one.integration).or_default() += 1;
        }
        assert_eq!(counts, HashMap::from([(slow, 2), (fast, 5)]));
    }

    async fn any_number_that_ended_is_written_with_its_attempts(world: World) {
        let receiver = Receiver::open().await;
        let (hook, _) = integration(&world, &receiver, None).await;
        // None of them a number that a statement has as it is.
        for count in [1, 3, 31, 33, 300] {
            fill(&world, hook, count).await;
            let limits = Limits { total: 1_000, each: 1_000, full: &[], fast: &[], each_fast: 1_000 };
            let claimed = claim(&world, &limits).await;
            assert_eq!(claimed.len(), count);
            let attempt = Attempt {
                at: world.now(),
                duration_ms: 7,
                status: Some(200),
                request: "POST".to_owned(),
                response: "HTTP 200".to_owned(),
                error: None,
            };
            let settlement =
                Settlement { state: DeliveryState::Delivered, due_at: None, external_id: None, error: None };
            let mut rows: Vec<_> = claimed
                .iter()
                .map(|claimed| Settled { claimed, attempt: Some(&attempt), settlement: &settlement })
                .collect();
            // One is nobody's attempt, and one is not held by who settles it.
            rows[0].attempt = None;
            let mut taken = claimed[count - 1].clone();
            taken.lease = Timestamp(taken.lease.0 + 1);
            if count > 1 {
                rows[count - 1].claimed = &taken;
            }
            let mut tx = world.db.write().await.unwrap();
            let ours = settling::settle(&mut tx, "here", &rows, world.now()).await.unwrap();
            assert_eq!(ours.len(), if count > 1 { count - 1 } else { 1 });
            tx.commit().await.unwrap();

            let mut tx = world.db.write().await.unwrap();
            for (number, one) in claimed.iter().enumerate() {
                let detail = views::deliveries::detail(&mut tx, one.id.as_str()).await.unwrap().unwrap();
                let expected = usize::from(number != 0 && number != count - 1);
                assert_eq!(detail.attempts.len(), expected, "message {number} of {count}");
            }
            if count > 1 {
                let last = Settled { claimed: &claimed[count - 1], attempt: None, settlement: &settlement };
                assert_eq!(settling::settle(&mut tx, "here", &[last], world.now()).await.unwrap().len(), 1);
            }
            tx.commit().await.unwrap();
            assert!(claim(&world, &limits).await.is_empty());
        }
    }
}

async fn claim(world: &World, limits: &Limits<'_>) -> Vec<Claimed> {
    let mut tx = world.db.write().await.unwrap();
    let until = Timestamp(world.now().0 + MINUTE);
    let claimed = claiming::claim(&mut tx, "here", world.now(), until, limits).await.unwrap();
    tx.commit().await.unwrap();
    claimed
}

/// Puts so many messages for an integration into the outbox.
async fn fill(world: &World, integration: IntegrationKey, count: usize) {
    let message = Message {
        at: world.now(),
        base_url: "https://status.example.org".to_owned(),
        time_zone: "UTC".to_owned(),
        project: None,
        only: Vec::new(),
        body: Body::Event(EventNote {
            event: "incident.created".to_owned(),
            payload: serde_json::json!({ "title": "Shop is down" }),
            subscription: "ES00000000000000000001".to_owned(),
            name: "all".to_owned(),
        }),
    };
    let mut tx = world.db.write().await.unwrap();
    for _ in 0..count {
        let id = DeliveryId::new(world.chance.bytes());
        let new = NewDelivery {
            id: &id,
            integration,
            address: "",
            cause: &format!("test:{id}"),
            incident: None,
            monitor: None,
            message: &message,
            due_at: world.now(),
            at: world.now(),
        };
        assert!(deliveries::insert(&mut tx, &new).await.unwrap());
    }
    tx.commit().await.unwrap();
}

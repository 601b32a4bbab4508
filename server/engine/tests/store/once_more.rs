//! What becomes of messages that somebody asks for once more, on both databases.

use domain::delivery::DeliveryState;
use domain::form::Form;
use domain::time::MINUTE;
use domain::views::console::{DeliveryQuery, DeliveryRow};
use engine::services::telling::Changes;

use crate::on_both;
use crate::tellers::{Receiver, Telling, attach, integration};
use crate::world::{OPERATOR, World};

/// The log, the oldest first.
async fn log(world: &World) -> Vec<DeliveryRow> {
    let page = world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap();
    page.rows.into_iter().rev().collect()
}

/// Asks for one once more.
async fn replay(world: &World, row: &DeliveryRow) -> usize {
    world.services.replay(OPERATOR, std::slice::from_ref(&row.id)).await.unwrap()
}

on_both! {
    async fn whoever_heard_of_an_outage_hears_of_its_end_though_the_replay_is_refused(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        receiver.answers(&[(200, ""), (400, ""), (200, "")]);
        let incident = world.outage(monitor).await;
        telling.pass().await;
        let error = log(&world).await.remove(0);
        assert_eq!(replay(&world, &error).await, 1);
        world.pass(MINUTE);
        telling.pass().await;
        let row = log(&world).await.remove(0);
        assert_eq!((row.state, row.sent_in_vain), (DeliveryState::Delivered, true));
        let why = row.error.unwrap();
        assert!(why.starts_with("It arrived at first; only sending it again failed: HTTP 400"), "{why}");
        // It is not forgotten at the next one either.
        receiver.answers(&[(400, ""), (200, "")]);
        assert_eq!(replay(&world, &error).await, 1);
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"; 3]);
        world.services.acknowledge(OPERATOR, &incident).await.unwrap();
        world.recovery(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["resolved"]);
    }

    async fn whoever_heard_of_an_outage_hears_of_its_end_though_it_was_off_at_the_replay(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, id) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        let switch = async |on| {
            let changes = Changes { name: None, enabled: Some(on), fields: Form::default() };
            world.services.change_integration(OPERATOR, &id, &changes).await.unwrap();
        };
        world.outage(monitor).await;
        telling.pass().await;
        switch(false).await;
        let error = log(&world).await.remove(0);
        assert_eq!(replay(&world, &error).await, 1);
        telling.pass().await;
        let row = log(&world).await.remove(0);
        assert_eq!(row.state, DeliveryState::Delivered);
        let why = row.error.unwrap();
        assert_eq!(why, "It arrived at first; it was not sent again: The integration is switched off.");
        assert_eq!(states(&world).await, [0, 0, 1]);
        switch(true).await;
        world.recovery(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing", "resolved"]);
    }
}

/// How many messages a filter finds: what failed, what was not sent, what was delivered. The counts must say the same.
async fn states(world: &World) -> [i64; 3] {
    let mut found = [0; 3];
    for (place, state) in
        [DeliveryState::Failed, DeliveryState::Skipped, DeliveryState::Delivered].into_iter().enumerate()
    {
        let query = DeliveryQuery { state: Some(state), ..DeliveryQuery::default() };
        let page = world.services.deliveries(OPERATOR, &query).await.unwrap();
        assert_eq!(i64::try_from(page.rows.len()).unwrap(), page.found);
        found[place] = page.found;
    }
    let counts = world.services.delivery_counts(OPERATOR, 1).await.unwrap();
    assert_eq!([counts.failed, counts.skipped, counts.delivered], found);
    found
}

on_both! {
    async fn what_arrived_is_not_shown_as_lost_when_sending_it_again_fails(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        receiver.answers(&[(200, ""), (503, ""), (400, "")]);
        world.outage(monitor).await;
        telling.pass().await;
        let error = log(&world).await.remove(0);
        let arrived = error.updated_at;
        assert!(!error.sent_in_vain);
        replay(&world, &error).await;
        world.pass(MINUTE);
        telling.pass().await;
        let row = log(&world).await.remove(0);
        assert_eq!((row.state, row.sent_in_vain), (DeliveryState::Retrying, true));
        let why = row.error.unwrap();
        assert!(why.starts_with("It arrived at first; sending it again has not worked yet: HTTP 503"), "{why}");
        world.pass(MINUTE);
        telling.pass().await;
        assert_eq!(states(&world).await, [0, 0, 1]);
        let detail = world.services.delivery(OPERATOR, &error.id).await.unwrap();
        assert_eq!((detail.row.state, detail.attempts.len()), (DeliveryState::Delivered, 3));
        // The integration does not take messages at the moment, and says which one it did not take.
        let row = world.services.integrations(OPERATOR).await.unwrap().remove(0);
        assert_eq!(row.last, Some((arrived, DeliveryState::Delivered)));
        let why = row.failing.unwrap();
        assert!(why.starts_with("A message that was sent again was not taken: HTTP 400"), "{why}");
        // What never arrived is lost all the same.
        receiver.answers(&[(400, ""), (400, "")]);
        world.recovery(monitor).await;
        telling.pass().await;
        let ok = log(&world).await.remove(1);
        replay(&world, &ok).await;
        telling.pass().await;
        let row = log(&world).await.remove(1);
        assert_eq!((row.state, row.sent_in_vain), (DeliveryState::Failed, false));
        assert_eq!(states(&world).await, [1, 0, 1]);
    }
}

on_both! {
    async fn what_an_integration_that_is_gone_was_sent_is_not_sent_once_more(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, id) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        let error = log(&world).await.remove(0);
        world.services.delete_integration(OPERATOR, &id).await.unwrap();
        assert_eq!(replay(&world, &error).await, 0);
        assert_eq!(world.services.outbox(OPERATOR).await.unwrap().0, 0);
    }
}

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
        assert_eq!(row.state, DeliveryState::Failed);
        let why = row.error.unwrap();
        assert!(why.starts_with("It had arrived before it was replayed; the replay did not: HTTP 400"), "{why}");
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
        assert_eq!(log(&world).await[0].state, DeliveryState::Skipped);
        switch(true).await;
        world.recovery(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing", "resolved"]);
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

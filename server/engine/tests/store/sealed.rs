//! What becomes of secrets whose key is not there, for a while or for good: on both databases.

use std::time::Duration;

use domain::delivery::DeliveryState;
use domain::person::Viewer;
use domain::time::MINUTE;
use domain::views::console::DeliveryQuery;
use engine::chance::Chance;
use engine::seal::{self, Sealer};
use engine::store::{Db, integrations};

use crate::on_both;
use crate::tellers::{Receiver, Telling, attach, integration, loaded};
use crate::world::World;

fn with(world: &World, key: &str) -> Db {
    world.db.clone().sealing_with(Sealer::new([key], Chance::System).unwrap())
}

on_both! {
    async fn a_key_that_is_missing_holds_messages_back_until_it_is_there(world: World) {
        let receiver = Receiver::open().await;
        let (hook, _) = integration(&world, &receiver, None).await;
        let (shop, _) = world.monitor("Shop").await;
        attach(&world, shop, hook).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let old = seal::keys_of_file(&path, &Chance::System).unwrap();
        let reread = path.clone();
        let sealer = Sealer::new([old[0].as_str()], Chance::System).unwrap();
        let sealer = sealer.rereading(move || seal::known_keys(&reread).ok().flatten());

        let new = seal::new_key(&Chance::System);
        let settings = loaded(&world, hook).await.settings.unwrap();
        let mut tx = with(&world, &new).write().await.unwrap();
        integrations::reseal(&mut tx, hook, &settings).await.unwrap();
        tx.commit().await.unwrap();
        let mut telling = Telling::over(&world);
        telling.dispatcher.db = world.db.clone().sealing_with(sealer);
        world.outage(shop).await;
        telling.pass().await;
        assert!(receiver.statuses().is_empty());
        let log = world.services.deliveries(&Viewer::System, &DeliveryQuery::default()).await.unwrap();
        assert_eq!(log.rows[0].state, DeliveryState::Waiting, "{:?}", log.rows);
        assert!(log.rows[0].error.as_ref().unwrap().contains("Put that key back"), "{:?}", log.rows);
        assert!(loaded(&world, hook).await.failing.unwrap().contains("Put that key back"));

        seal::write_keys(&path, &[new, old[0].clone()]).unwrap();
        // It is looked for every few seconds at most.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        world.pass(MINUTE);
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"]);
        assert_eq!(loaded(&world, hook).await.failing, None);
    }
}

//! What becomes of secrets whose key is not there, for a while or for good: on both databases.

use std::time::Duration;

use domain::check::CheckSettings;
use domain::check::request::Auth;
use domain::delivery::DeliveryState;
use domain::person::Viewer;
use domain::time::MINUTE;
use domain::views::console::DeliveryQuery;
use engine::chance::Chance;
use engine::seal::{self, Sealer};
use engine::store::{Db, integrations, monitors};
use engine::{keys, store::StoreError};

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

    async fn what_a_lost_key_sealed_is_given_up_and_named(world: World) {
        let receiver = Receiver::open().await;
        let (hook, hook_id) = integration(&world, &receiver, None).await;
        let (shop, shop_id) = world.monitor("Shop").await;
        let (mail, _) = world.monitor("Mail").await;
        let (lost, new) = (with(&world, &seal::new_key(&Chance::System)), seal::new_key(&Chance::System));
        keys::agree(&lost).await.unwrap();
        assert!(keys::are_in_use(&lost).await.unwrap());
        let settings = loaded(&world, hook).await.settings.unwrap();
        let mut monitor = world.load(shop).await.unwrap();
        if let CheckSettings::Http(http) = &mut monitor.draft.settings {
            http.auth = Auth::Bearer { token: "hunter2".into() };
        }
        let mut tx = lost.write().await.unwrap();
        integrations::reseal(&mut tx, hook, &settings).await.unwrap();
        monitors::reseal(&mut tx, &monitor).await.unwrap();
        tx.commit().await.unwrap();

        let new = with(&world, &new);
        assert!(keys::reseal(&new).await.unwrap_err().to_string().contains("rotate --lost"));
        let mut tx = new.read().await.unwrap();
        assert!(matches!(monitors::by_key(&mut tx, shop).await, Err(StoreError::Corrupt { .. })));
        drop(tx);
        let done = keys::give_up_lost(&new, world.now()).await.unwrap();
        assert_eq!(done.emptied, [format!("the monitor {shop_id} “Shop”")]);
        assert_eq!(done.unreadable, [format!("the integration {hook_id} “hook”")]);
        keys::agree(&new).await.unwrap();
        let mut tx = new.read().await.unwrap();
        let emptied = monitors::by_key(&mut tx, shop).await.unwrap().unwrap();
        assert!(emptied.draft.settings.secrets()[0].is_empty());
        assert!(monitors::by_key(&mut tx, mail).await.unwrap().is_some());
    }
}

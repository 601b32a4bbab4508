//! What is forgotten of a monitor when nobody looks at it for a while, or it is asked something else.

use domain::check::CheckKind;
use domain::form::Form;
use domain::health::{Finding, Health, Settled, State, Streak};
use domain::id::{MonitorId, MonitorKey};
use domain::monitor_form;
use domain::time::MINUTE;
use engine::store;

use crate::on_both;
use crate::world::{OPERATOR, World};

async fn health(world: &World, key: MonitorKey) -> Health {
    let mut tx = world.db.read().await.unwrap();
    store::health::get(&mut tx, key).await.unwrap().unwrap().health
}

/// One failure of several, and then nobody could tell.
async fn confirming(world: &World, key: MonitorKey) -> Health {
    let streak = Streak { toward: Finding::Down, count: 1, since: world.now() };
    let blind_since = Some(world.now());
    let settled = Health { settled: Settled::Up, since: world.now(), streak: Some(streak), blind_since };
    let mut tx = world.db.write().await.unwrap();
    let mut kept = store::health::get(&mut tx, key).await.unwrap().unwrap();
    (kept.health, kept.failure) = (settled, Some("why".to_owned()));
    assert!(store::health::update(&mut tx, &kept).await.unwrap());
    tx.commit().await.unwrap();
    settled
}

async fn edit(world: &World, id: &MonitorId, kind: CheckKind, changes: &[(&str, &str)]) {
    let old = world.services.monitor_form(OPERATOR, Some(id), kind).await.unwrap();
    let mut form: Form = if old.kind == kind { old.values } else { monitor_form::empty_form(kind) };
    for (name, value) in changes {
        form.insert((*name).to_owned(), (*value).to_owned());
    }
    world.services.edit_monitor(OPERATOR, id, old.version, &form).await.unwrap();
}

on_both! {
    async fn a_pause_ends_what_was_being_confirmed(world: World) {
        let (key, id) = world.monitor("Shop").await;
        let before = confirming(&world, key).await;
        world.services.pause_monitor(OPERATOR, &id).await.unwrap();
        assert_eq!(health(&world, key).await, Health { streak: None, blind_since: None, ..before });
        // A check that was under way ends.
        let before = confirming(&world, key).await;
        world.pass(3 * MINUTE);
        world.services.resume_monitor(OPERATOR, &id).await.unwrap();
        assert_eq!(health(&world, key).await, Health { streak: None, blind_since: None, ..before });
        let row = world.services.monitor_row(OPERATOR, key).await.unwrap().unwrap();
        assert_eq!((row.state, row.reason), (State::Up, None));
    }

    async fn another_target_ends_what_was_being_confirmed_and_another_name_does_not(world: World) {
        let (key, id) = world.monitor("Shop").await;
        let before = confirming(&world, key).await;
        edit(&world, &id, CheckKind::Http, &[("name", "Store")]).await;
        assert_eq!(health(&world, key).await, before);
        edit(&world, &id, CheckKind::Http, &[("url", "https://example.org/")]).await;
        assert_eq!(health(&world, key).await, Health { streak: None, blind_since: None, ..before });
        let incident = world.outage(key).await;
        edit(&world, &id, CheckKind::Http, &[("url", "https://example.org/other")]).await;
        let row = world.services.monitor_row(OPERATOR, key).await.unwrap().unwrap();
        assert_eq!((row.state, row.reason.as_deref()), (State::Down, Some("secret reason")), "it is still down");
        assert!(world.services.incident(OPERATOR, &incident).await.unwrap().ended.is_none());
    }
}

//! What is forgotten of a monitor when nobody looks at it for a while, or it is asked something else.

use domain::check::CheckKind;
use domain::form::Form;
use domain::health::{Finding, Health, Settled, State, Streak};
use domain::id::{MonitorId, MonitorKey};
use domain::incident::{Ending, IncidentPhase};
use domain::monitor_form;
use domain::time::MINUTE;
use domain::views::console::Range;
use engine::store::{self, pushes::PushRow};

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

    async fn a_monitor_of_another_kind_starts_afresh(world: World) {
        let (key, id) = world.monitor("Shop").await;
        let incident = world.outage(key).await;
        world.pass(MINUTE);
        edit(&world, &id, CheckKind::Push, &[("name", "Shop")]).await;
        let pending = |since| Health { since, ..Health::default() };
        assert_eq!(health(&world, key).await, pending(world.now()));
        let detail = world.services.incident(OPERATOR, &incident).await.unwrap();
        assert_eq!(detail.ended.map(|ended| ended.how), Some(Ending::Changed));
        let seen = world.services.monitor(OPERATOR, &id, Range::Day).await.unwrap();
        assert_eq!(seen.incidents[0].phase, IncidentPhase::Resolved);
        let last = detail.updates.iter().max_by_key(|update| update.at).unwrap();
        assert_eq!(last.body, "What was affected is checked in another way now; this report ends here.");
        let resolved = world.events().await.into_iter().filter(|event| event.event.kind() == "incident_resolved").count();
        assert_eq!(resolved, 1);

        let row = PushRow { at: world.now().0, ..PushRow::default() };
        let mut tx = world.db.write().await.unwrap();
        store::pushes::put(&mut tx, key, &row).await.unwrap();
        tx.commit().await.unwrap();
        world.settle(key, Settled::Up).await;
        world.pass(MINUTE);
        edit(&world, &id, CheckKind::Push, &[("name", "Store")]).await;
        assert_eq!(health(&world, key).await.settled, Settled::Up, "it is of the same kind");
        edit(&world, &id, CheckKind::Http, &[("name", "Shop"), ("url", "https://example.org/")]).await;
        assert_eq!(health(&world, key).await, pending(world.now()), "nobody has asked yet");
        let kept = store::pushes::get(&mut world.db.read().await.unwrap(), key).await.unwrap();
        assert_eq!(kept, None, "nor heard");
    }
}

//! What people change while others change it too, and what this program cannot read.

use std::time::Duration;

use domain::alert::Condition;
use domain::delivery::DeliveryState;
use domain::event::{Event, Seq};
use domain::form::Form;
use domain::health::Settled;
use domain::integration::ProviderKind;
use domain::time::{DAY, MINUTE, SECOND, Timestamp};
use domain::views::console::{DeliveryQuery, MOST_COUNTED};
use engine::services::ServiceError;
use engine::services::telling::Changes;
use engine::store;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use crate::on_both;
use crate::tellers::{Receiver, Telling, attach, define, integration, level};
use crate::world::{OPERATOR, World};

/// Runs a statement past the store.
async fn raw(world: &World, statement: &str) -> u64 {
    let statement = AssertSqlSafe(statement.to_owned());
    if world.url.starts_with("sqlite") {
        let mut db = SqliteConnection::connect(&world.url).await.unwrap();
        sqlx::query(statement).execute(&mut db).await.unwrap().rows_affected()
    } else {
        let mut db = PgConnection::connect(&world.url).await.unwrap();
        sqlx::query(statement).execute(&mut db).await.unwrap().rows_affected()
    }
}

/// How many rows a table has.
async fn count(world: &World, table: &str) -> i64 {
    let statement = AssertSqlSafe(format!("select count(*) from {table}"));
    if world.url.starts_with("sqlite") {
        let mut db = SqliteConnection::connect(&world.url).await.unwrap();
        sqlx::query_scalar(statement).fetch_one(&mut db).await.unwrap()
    } else {
        let mut db = PgConnection::connect(&world.url).await.unwrap();
        sqlx::query_scalar(statement).fetch_one(&mut db).await.unwrap()
    }
}

fn hook(name: &str) -> Form {
    [("name", name), ("url", "https://hooks.example/x")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

on_both! {
    async fn integrations_that_are_added_at_once_are_all_on_the_default_definition(world: World) {
        let receiver = Receiver::open().await;
        let (_, first) = integration(&world, &receiver, None).await;
        define(&world, vec![level(Condition::Errors { count: 1 }, &first)]).await;
        let adding: Vec<_> = (0..8)
            .map(|number| {
                let services = world.services.clone();
                tokio::spawn(async move {
                    let form = hook(&format!("hook {number}"));
                    services.add_integration(OPERATOR, ProviderKind::Webhook, &form).await.unwrap()
                })
            })
            .collect();
        for added in adding {
            added.await.unwrap();
        }
        let definitions = world.services.definitions(OPERATOR).await.unwrap();
        assert_eq!(definitions[0].draft.levels[0].targets.len(), 9);
        assert_eq!(definitions[0].version, 9);
    }

    async fn one_that_restarts_a_server_does_so_at_every_outage_only_when_asked_to(world: World) {
        let receiver = Receiver::open().await;
        let (_, first) = integration(&world, &receiver, None).await;
        define(&world, vec![level(Condition::Errors { count: 1 }, &first)]).await;
        let mut form: Form = [("ip", "192.0.2.1"), ("port", "22"), ("username", "deploy"), ("password", "hunter2")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let told = async || world.services.definitions(OPERATOR).await.unwrap()[0].draft.levels[0].targets.len();
        world.services.add_integration(OPERATOR, ProviderKind::Ssh, &form).await.unwrap();
        assert_eq!(told().await, 1);
        form.insert("in_default".to_owned(), "true".to_owned());
        world.services.add_integration(OPERATOR, ProviderKind::Ssh, &form).await.unwrap();
        assert_eq!(told().await, 2);
    }

    async fn a_form_of_an_integration_that_changed_meanwhile_is_refused(world: World) {
        let receiver = Receiver::open().await;
        let (_, id) = integration(&world, &receiver, None).await;
        let form = async || world.services.integration_form(OPERATOR, Some(&id), ProviderKind::Webhook).await.unwrap().values;
        let (mut first, mut second) = (form().await, form().await);
        world.pass(SECOND);
        first.insert("name".to_owned(), "first".to_owned());
        world.services.edit_integration(OPERATOR, &id, &first).await.unwrap();
        second.insert("name".to_owned(), "second".to_owned());
        let refused = world.services.edit_integration(OPERATOR, &id, &second).await.unwrap_err();
        assert!(matches!(refused, ServiceError::Conflict(_)), "{refused:?}");
        assert_eq!(form().await["name"], "first");
    }

    async fn two_changes_of_an_integration_at_the_same_time_are_both_kept(world: World) {
        let receiver = Receiver::open().await;
        let (_, id) = integration(&world, &receiver, None).await;
        for round in 0..10 {
            let name = Changes { name: Some(format!("hook {round}")), ..Changes::default() };
            let enabled = Changes { enabled: Some(round % 2 == 1), ..Changes::default() };
            let (first, second) = tokio::join!(
                world.services.change_integration(OPERATOR, &id, &name),
                world.services.change_integration(OPERATOR, &id, &enabled),
            );
            first.and(second).unwrap();
            let (row, _) = world.services.integration(OPERATOR, &id).await.unwrap();
            assert_eq!((Some(row.name), Some(row.enabled)), (name.name, enabled.enabled), "{round}");
        }
    }

    async fn a_form_of_a_definition_that_changed_meanwhile_is_refused(world: World) {
        let receiver = Receiver::open().await;
        let (_, first) = integration(&world, &receiver, None).await;
        define(&world, vec![level(Condition::Errors { count: 1 }, &first)]).await;
        let opened = world.services.definitions(OPERATOR).await.unwrap().remove(0);
        let second = world.services.add_integration(OPERATOR, ProviderKind::Webhook, &hook("new")).await.unwrap();
        let saved = world.services.save_definition(OPERATOR, Some((&opened.id, opened.version)), &opened.draft).await;
        assert!(matches!(saved, Err(ServiceError::Conflict(_))), "{saved:?}");
        let now = world.services.definitions(OPERATOR).await.unwrap().remove(0);
        assert_eq!(now.draft.levels[0].targets[1].integration, second, "the form would have removed it again");
        let edited = Some((&now.id, now.version));
        world.services.save_definition(OPERATOR, edited, &now.draft).await.unwrap();
        let again = world.services.save_definition(OPERATOR, edited, &now.draft).await;
        assert!(matches!(again, Err(ServiceError::Conflict(_))), "of two editors the second hears of the first");
        world.services.delete_integration(OPERATOR, &second).await.unwrap();
        let after = world.services.definitions(OPERATOR).await.unwrap().remove(0);
        assert_eq!((after.draft.levels[0].targets.len(), after.version), (1, now.version + 2));
    }

    async fn who_closes_or_pauses_does_not_say_that_all_is_well(world: World) {
        let receiver = Receiver::open().await;
        let (key, id) = world.monitor("Shop").await;
        let (teller, _) = integration(&world, &receiver, None).await;
        attach(&world, key, teller).await;
        let telling = Telling::over(&world);
        let newest = async || {
            let list = world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap();
            list.rows[0].headline.clone()
        };
        let closed = world.outage(key).await;
        telling.pass().await;
        world.services.resolve_as(OPERATOR, &closed, "Ada in Slack").await.unwrap();
        telling.pass().await;
        assert_eq!(newest().await, "Shop: closed by Ada in Slack while it was down");
        let detail = world.services.incident(OPERATOR, &closed).await.unwrap();
        assert_eq!(detail.ended.unwrap().by, "Ada in Slack");
        world.pass(10 * MINUTE);
        let paused = world.outage(key).await;
        telling.pass().await;
        world.services.pause_monitor(OPERATOR, &id).await.unwrap();
        telling.pass().await;
        assert_eq!(newest().await, "Shop: no longer watched (paused by Pharos)");
        assert!(world.services.incident(OPERATOR, &paused).await.unwrap().ended.is_some());
        assert_eq!(receiver.statuses(), ["ongoing", "resolved", "ongoing", "resolved"], "programs close theirs");
        world.services.resume_monitor(OPERATOR, &id).await.unwrap();
        world.pass(10 * MINUTE);
        let recovered = world.outage(key).await;
        telling.pass().await;
        world.recovery(key).await;
        telling.pass().await;
        assert_eq!(newest().await, "Shop is up again");
        assert!(world.services.incident(OPERATOR, &recovered).await.unwrap().ended.is_none());
        receiver.statuses();
        world.pass(10 * MINUTE);
        world.outage(key).await;
        telling.pass().await;
        world.services.delete_monitor(OPERATOR, &id).await.unwrap();
        telling.pass().await;
        assert_eq!(newest().await, "Shop: no longer watched (deleted by Pharos)");
        assert_eq!(receiver.statuses(), ["ongoing", "resolved"]);
    }

    async fn a_monitor_that_is_paused_after_its_incident_was_closed_starts_afresh(world: World) {
        let (key, id) = world.monitor("Shop").await;
        let incident = world.outage(key).await;
        world.services.resolve(OPERATOR, &incident).await.unwrap();
        world.services.pause_monitor(OPERATOR, &id).await.unwrap();
        world.services.resume_monitor(OPERATOR, &id).await.unwrap();
        let mut tx = world.db.read().await.unwrap();
        let kept = store::health::get(&mut tx, key).await.unwrap().unwrap();
        assert_eq!((kept.health.settled, kept.failure), (Settled::Pending, None));
    }

    async fn what_a_later_program_wrote_stops_nobody(world: World) {
        let receiver = Receiver::open().await;
        let (key, _) = world.monitor("Shop").await;
        let (_, id) = integration(&world, &receiver, None).await;
        define(&world, vec![level(Condition::Errors { count: 1 }, &id)]).await;
        // An event in a form of tomorrow, between two of today; more of them than one page of a follower.
        raw(
            &world,
            "insert into events (seq, at, kind, monitor_id, payload) \
             with recursive n(i) as (select 1 union all select i + 1 from n where i < 300) \
             select i, 0, 'tomorrow', null, '{\"type\":\"tomorrow\"}' from n"
                .replace("'{\"type\":\"tomorrow\"}'", if world.url.starts_with("sqlite") {
                    "'{\"type\":\"tomorrow\"}'"
                } else {
                    "'{\"type\":\"tomorrow\"}'::jsonb"
                })
                .as_str(),
        )
        .await;
        raw(&world, "update counters set value = 300 where name = 'events'").await;
        world.outage(key).await;
        let mut tx = world.db.read().await.unwrap();
        let after = store::events::after(&mut tx, Seq(0), 10).await.unwrap();
        assert!(matches!(after[..], [_]) && matches!(after[0].event, Event::IncidentOpened { .. }), "{after:?}");
        drop(tx);
        Telling::over(&world).pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"]);

        // A provider of tomorrow is shown, and why it is not used; the others are as they were.
        raw(&world, "update integrations set kind = 'pigeon' where name = 'hook'").await;
        let (_, _) = integration(&world, &receiver, None).await;
        let rows = world.services.integrations(OPERATOR).await.unwrap();
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().any(|row| row.target.contains("pigeon")), "{rows:?}");
        assert!(rows.iter().any(|row| row.target.contains("127.0.0.1")));

        // A definition with a condition of tomorrow is left out.
        let levels = "'[{\"condition\":{\"when\":\"moon\"}}]'";
        let cast = if world.url.starts_with("sqlite") { "" } else { "::jsonb" };
        raw(&world, &format!("update alert_definitions set levels = {levels}{cast}")).await;
        assert!(world.services.definitions(OPERATOR).await.unwrap().is_empty());
        let mut tx = world.db.read().await.unwrap();
        assert!(store::definitions::of_monitor(&mut tx, key).await.unwrap().is_empty());
    }
}

/// Puts copies of the only delivery into the log.
async fn fill_log(world: &World, copies: i64) {
    let statement = format!(
        "insert into deliveries (public_id, integration_id, incident_id, monitor_id, cause, kind, state, message, attempts, \
         due_at, created_at, updated_at) \
         with recursive n(i) as (select 100001 union all select i + 1 from n where i < 100000 + {copies}) \
         select substr(d.public_id, 1, 16) || i, d.integration_id, null, null, 'copy:' || i, d.kind, 'delivered', d.message, \
         1, null, d.created_at, d.updated_at from n cross join (select * from deliveries order by id limit 1) as d"
    );
    assert_eq!(raw(world, &statement).await, u64::try_from(copies).unwrap());
}

on_both! {
    async fn a_long_log_is_counted_and_searched_in_bounds(world: World) {
        let receiver = Receiver::open().await;
        let (key, id) = world.monitor("Shop").await;
        let (teller, hook) = integration(&world, &receiver, None).await;
        attach(&world, key, teller).await;
        receiver.answers(&[(404, "")]);
        let incident = world.outage(key).await;
        Telling::over(&world).pass().await;
        fill_log(&world, MOST_COUNTED + 50).await;
        let ask = async |query: DeliveryQuery| world.services.deliveries(OPERATOR, &query).await.unwrap();
        let all = ask(DeliveryQuery::default()).await;
        assert_eq!((all.found, all.more, all.rows.len()), (MOST_COUNTED, true, 50));
        let deep = ask(DeliveryQuery { page: 201, ..DeliveryQuery::default() }).await;
        assert_eq!(deep.rows.len(), 50, "what is not counted can be read");
        for (query, found) in [
            (DeliveryQuery { monitor: Some(id), ..DeliveryQuery::default() }, 1),
            (DeliveryQuery { incident: Some(incident), ..DeliveryQuery::default() }, 1),
            (DeliveryQuery { state: Some(DeliveryState::Failed), ..DeliveryQuery::default() }, 1),
            (DeliveryQuery { state: Some(DeliveryState::Waiting), ..DeliveryQuery::default() }, 0),
            (DeliveryQuery { state: Some(DeliveryState::Skipped), ..DeliveryQuery::default() }, 0),
            (DeliveryQuery { search: "HTTP 404".to_owned(), ..DeliveryQuery::default() }, 1),
            (DeliveryQuery { search: "nothing like it".to_owned(), ..DeliveryQuery::default() }, 0),
            (DeliveryQuery { integration: Some(hook), state: Some(DeliveryState::Failed), search: "shop".to_owned(),
                ..DeliveryQuery::default() }, 1),
            (DeliveryQuery { integration: Some("IN00000000000000000000".parse().unwrap_or_else(|_|
                domain::id::IntegrationId::new([9; 13]))), ..DeliveryQuery::default() }, 0),
        ] {
            let list = ask(query.clone()).await;
            assert_eq!((list.found, list.more, list.rows.len()), (found, false, usize::try_from(found).unwrap()), "{query:?}");
        }
    }

    async fn a_removed_integration_is_gone_at_once_and_its_log_in_slices(world: World) {
        let receiver = Receiver::open().await;
        let (key, _) = world.monitor("Shop").await;
        let (teller, id) = integration(&world, &receiver, None).await;
        attach(&world, key, teller).await;
        let telling = Telling::over(&world);
        world.outage(key).await;
        telling.pass().await;
        fill_log(&world, 5_000).await;
        // One more that waits.
        world.recovery(key).await;
        telling.planner.round().await.unwrap();
        world.services.delete_integration(OPERATOR, &id).await.unwrap();
        assert!(matches!(world.services.delete_integration(OPERATOR, &id).await, Err(ServiceError::NotFound)));
        assert!(world.services.integrations(OPERATOR).await.unwrap().is_empty());
        let log = world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap();
        assert_eq!((log.found, log.rows.len()), (0, 0));
        assert_eq!(count(&world, "deliveries").await, 5_002, "one transaction does not remove them");
        assert!(!crate::telling::raw_settings(&world).await.contains("sealed"), "its secrets are gone");
        world.keep_house().await;
        assert_eq!((count(&world, "deliveries").await, count(&world, "integrations").await), (1, 1), "one still waits");
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"], "nothing more is sent");
        world.pass(DAY);
        world.keep_house().await;
        assert_eq!((count(&world, "deliveries").await, count(&world, "integrations").await), (0, 0));
    }

    async fn who_removes_an_integration_does_not_wait_for_its_messages(world: World) {
        if world.db.kind() == store::Kind::Sqlite {
            return; // It has one writer, so nobody waits in two orders.
        }
        let receiver = Receiver::open().await;
        let (key, _) = world.monitor("Shop").await;
        let (teller, id) = integration(&world, &receiver, None).await;
        attach(&world, key, teller).await;
        world.outage(key).await;
        Telling::over(&world).planner.round().await.unwrap();
        // The dispatcher locks its messages and then their integration.
        let mut settling = world.db.write().await.unwrap();
        let limits = store::claiming::Limits { total: 10, each: 10, full: &[], fast: &[], each_fast: 10 };
        let until = Timestamp(world.now().0 + MINUTE);
        let claimed = store::claiming::claim(&mut settling, "here", world.now(), until, &limits).await.unwrap();
        assert_eq!(claimed.len(), 1);
        let removing = world.services.delete_integration(OPERATOR, &id);
        tokio::time::timeout(Duration::from_secs(20), removing).await.expect("it waits for nothing").unwrap();
        store::integrations::set_failing(&mut settling, teller, Some("gone"), world.now()).await.unwrap();
        settling.commit().await.unwrap();
    }

    async fn a_stored_secret_is_not_tried_at_another_address(world: World) {
        let (ours, theirs) = (Receiver::open().await, Receiver::open().await);
        let mut form = hook("ours");
        form.insert("url".to_owned(), ours.url.clone());
        form.insert("auth".to_owned(), "bearer".to_owned());
        form.insert("bearer_token".to_owned(), "T0KEN".to_owned());
        let kind = ProviderKind::Webhook;
        let id = world.services.add_integration(OPERATOR, kind, &form).await.unwrap();
        let mut moved = world.services.integration_form(OPERATOR, Some(&id), kind).await.unwrap().values;
        moved.insert("url".to_owned(), theirs.url.clone());
        let example = domain::alert::AlertKind::Error;
        let refused = |error: ServiceError| match error {
            ServiceError::Invalid(errors) => errors[0].field == "bearer_token" && errors[0].message.contains("once more"),
            other => panic!("{other}"),
        };
        let tried = world.services.try_integration(OPERATOR, Some(&id), kind, &moved, example).await;
        assert!(refused(tried.unwrap_err()));
        assert!(refused(world.services.edit_integration(OPERATOR, &id, &moved).await.unwrap_err()));
        let fields = [("url".to_owned(), theirs.url.clone())].into();
        let changes = engine::services::telling::Changes { fields, ..Default::default() };
        assert!(refused(world.services.change_integration(OPERATOR, &id, &changes).await.unwrap_err()));
        assert!(theirs.heard.lock().unwrap().is_empty());
        moved.insert("bearer_token".to_owned(), "0THER".to_owned());
        let tried = world.services.try_integration(OPERATOR, Some(&id), kind, &moved, example).await.unwrap();
        assert!(tried.ok);
    }
}

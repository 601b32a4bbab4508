//! From an outage to a receiver that has heard of it: planner, outbox and dispatcher, on both databases.

use std::time::Duration;

use domain::alert::{Condition, Level, QuietHours};
use domain::delivery::DeliveryState;
use domain::integration::WebhookSettings;
use domain::monitor::MonitorDraft;
use domain::notes::Notes;
use domain::time::{MINUTE, SECOND};
use engine::store::claiming::{self, Limits};
use engine::store::deliveries::{self, Settlement};
use engine::store::settling::{self, Settled};
use engine::store::{monitors, outages, projects};

use crate::on_both;
use crate::tellers::{Receiver, Telling, attach, define, integration, level, loaded, open_incident};
use crate::world::World;

on_both! {
    async fn an_outage_is_told_once_and_so_is_its_end(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        let heard = receiver.heard.lock().unwrap().clone();
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].body["resource_name"], "Shop");
        assert_eq!(heard[0].body["incident_message"], "secret reason");
        // Another planner begins where this one stopped.
        Telling::over(&world).pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"]);
        world.pass(3 * MINUTE);
        world.recovery(monitor).await;
        telling.pass().await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["resolved"]);
        world.outage(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"], "each outage is told anew");
    }
}

on_both! {
    async fn what_was_written_down_about_a_monitor_is_kept_and_told(world: World) {
        let receiver = Receiver::open().await;
        let (key, id) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, key, hook).await;
        let mut tx = world.db.write().await.unwrap();
        assert_eq!(deliveries::last_alert(&mut tx).await.unwrap(), None);
        let stored = monitors::by_key(&mut tx, key).await.unwrap().unwrap();
        assert!(stored.draft.notes.is_empty());
        let notes = Notes::read("Ask “Ada”.\nThen Bob.", "Team = web").unwrap();
        let draft = MonitorDraft { notes: notes.clone(), ..stored.draft };
        assert!(monitors::update(&mut tx, key, stored.version, &draft, None, world.now()).await.unwrap());
        tx.commit().await.unwrap();
        world.outage(key).await;
        Telling::over(&world).pass().await;

        let mut tx = world.db.read().await.unwrap();
        assert_eq!(monitors::by_id(&mut tx, &id).await.unwrap().unwrap().draft.notes, notes);
        let message = deliveries::last_alert(&mut tx).await.unwrap().unwrap();
        let alert = message.alert().unwrap();
        let facts = domain::custom::facts(&message, alert);
        assert_eq!((&facts.monitor_notes, facts.custom_fields["Team"].as_str()), (&notes.text, "web"));
        let project = projects::only(&mut tx).await.unwrap().unwrap();
        assert_eq!(facts.account_id, project.id.to_string());
    }
}

on_both! {
    async fn what_fails_is_tried_again_by_the_same_id_and_the_end_waits_for_its_beginning(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        receiver.answers(&[(503, ""), (429, "retry-after: 7\r\n"), (200, "")]);
        world.outage(monitor).await;
        telling.pass().await;
        world.pass(30 * SECOND);
        world.recovery(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.heard.lock().unwrap().len(), 1, "a minute has not passed");
        world.pass(30 * SECOND);
        telling.pass().await;
        world.pass(6 * SECOND);
        telling.pass().await;
        assert_eq!(receiver.heard.lock().unwrap().len(), 2, "the other side asked for seven seconds");
        world.pass(SECOND);
        telling.pass().await;
        let heard = receiver.heard.lock().unwrap().clone();
        let ids: std::collections::HashSet<_> = heard[..3].iter().map(|heard| heard.delivery.clone()).collect();
        assert_eq!((heard.len(), ids.len()), (4, 1), "{heard:?}");
        assert_eq!(receiver.statuses(), ["ongoing", "ongoing", "ongoing", "resolved"]);
    }
}

on_both! {
    async fn what_never_helps_marks_the_integration_and_its_end_is_not_told(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        receiver.answers(&[(404, ""), (200, "")]);
        world.outage(monitor).await;
        telling.pass().await;
        let marked = loaded(&world, hook).await;
        assert!(marked.failing.as_deref().is_some_and(|reason| reason.contains("HTTP 404")), "{marked:?}");
        world.pass(MINUTE);
        world.recovery(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"], "no end without a beginning");
        let incident = open_incident(&world).await;
        let mut tx = world.db.write().await.unwrap();
        let told = deliveries::told(&mut tx, incident, domain::id::DeliveryKey(0)).await.unwrap();
        let told: Vec<_> = told.iter().map(|told| (told.integration, told.address.as_str(), told.state)).collect();
        assert_eq!(told, [(hook, "", DeliveryState::Failed)]);
        tx.commit().await.unwrap();
    }
}

on_both! {
    async fn levels_are_reached_by_time_remind_and_stop_when_somebody_takes_care(world: World) {
        let (first, second) = (Receiver::open().await, Receiver::open().await);
        let (monitor, _) = world.monitor("Shop").await;
        let (_, one) = integration(&world, &first, None).await;
        let (_, two) = integration(&world, &second, None).await;
        let reminding = Level { reminders: 2, reminder_minutes: 10, ..level(Condition::Errors { count: 1 }, &one) };
        define(&world, vec![reminding, level(Condition::Minutes { minutes: 15 }, &two)]).await;
        let telling = Telling::over(&world);
        world.record(&[crate::world::result(monitor, world.now().0, domain::uptime::ResultState::Down, None)]).await;
        world.outage(monitor).await;
        telling.pass().await;
        assert_eq!((first.statuses().len(), second.statuses().len()), (1, 0));
        world.pass(10 * MINUTE);
        telling.pass().await;
        assert_eq!((first.statuses().len(), second.statuses().len()), (1, 0), "the first reminder");
        world.pass(5 * MINUTE);
        telling.pass().await;
        assert_eq!((first.statuses().len(), second.statuses().len()), (0, 1), "the second level");
        let incident = open_incident(&world).await;
        let mut tx = world.db.write().await.unwrap();
        assert!(outages::acknowledge(&mut tx, incident, "Ada", world.now()).await.unwrap());
        assert!(!outages::acknowledge(&mut tx, incident, "Eve", world.now()).await.unwrap());
        tx.commit().await.unwrap();
        world.pass(60 * MINUTE);
        telling.pass().await;
        assert_eq!((first.statuses().len(), second.statuses().len()), (0, 0), "somebody takes care");
        world.recovery(monitor).await;
        telling.pass().await;
        assert_eq!((first.statuses(), second.statuses()), (vec!["resolved".to_owned()], vec!["resolved".to_owned()]));
    }
}

on_both! {
    async fn only_beginnings_that_something_was_done_about_count_for_a_cool_down(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        let limits = Limits { total: 10, each: 10, full: &[], fast: &[], each_fast: 10 };
        let mut last_run = None;
        // A beginning that nothing was done about, its end, a run, and its end, which something was done about too.
        for (step, external_id) in [None, None, Some("run:1"), Some("closed")].into_iter().enumerate() {
            world.pass(MINUTE);
            if step % 2 == 0 {
                world.outage(monitor).await;
            } else {
                world.recovery(monitor).await;
            }
            telling.planner.round().await.unwrap();
            let mut tx = world.db.write().await.unwrap();
            let until = domain::time::Timestamp(world.now().0 + MINUTE);
            let claimed = claiming::claim(&mut tx, "here", world.now(), until, &limits).await.unwrap();
            assert_eq!(claimed.len(), 1);
            let settlement = Settlement {
                state: DeliveryState::Delivered,
                due_at: None,
                external_id: external_id.map(str::to_owned),
                error: None,
            };
            let settled = Settled { claimed: &claimed[0], attempt: None, settlement: &settlement };
            assert_eq!(settling::settle(&mut tx, "here", &[settled], world.now()).await.unwrap().len(), 1);
            if external_id == Some("run:1") {
                last_run = Some(world.now());
                let without = deliveries::last_delivered(&mut tx, hook, claimed[0].key).await.unwrap();
                assert_eq!(without, None, "a delivery does not cool itself down");
            } else {
                let last = deliveries::last_delivered(&mut tx, hook, claimed[0].key).await.unwrap();
                assert_eq!(last, last_run, "step {step}");
            }
            tx.commit().await.unwrap();
        }
        assert!(last_run.is_some());
    }
}

on_both! {
    async fn what_was_claimed_by_somebody_who_died_is_sent_by_another_with_the_same_id(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.planner.round().await.unwrap();
        let mut tx = world.db.write().await.unwrap();
        let limits = Limits { total: 10, each: 10, full: &[], fast: &[], each_fast: 10 };
        let until = domain::time::Timestamp(world.now().0 + MINUTE);
        let claimed = claiming::claim(&mut tx, "dead", world.now(), until, &limits).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(claimed.len(), 1);
        telling.pass().await;
        assert_eq!(receiver.heard.lock().unwrap().len(), 0, "somebody has it");
        world.pass(MINUTE + 1);
        telling.pass().await;
        let heard = receiver.heard.lock().unwrap().clone();
        assert_eq!((heard.len(), heard[0].delivery.as_str()), (1, claimed[0].id.as_str()));
    }
}

on_both! {
    async fn quiet_hours_put_off_and_what_is_over_by_then_is_not_told(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        // The world begins at midnight.
        let quiet = QuietHours { time_zone: "UTC".to_owned(), from: 22 * 60, until: 7 * 60 };
        let (hook, _) = integration(&world, &receiver, Some(quiet)).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        world.pass(MINUTE);
        world.recovery(monitor).await;
        telling.pass().await;
        world.pass(MINUTE);
        world.outage(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), Vec::<String>::new(), "people sleep");
        world.pass(7 * 60 * MINUTE);
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"], "the first outage was over before they woke");
    }
}

on_both! {
    async fn secrets_are_sealed_in_the_database_and_whole_outside(world: World) {
        let receiver = Receiver::open().await;
        let (hook, _) = integration(&world, &receiver, None).await;
        let stored = crate::telling::raw_settings(&world).await;
        assert!(stored.contains("sealed:1:") && !stored.contains(&receiver.url), "{stored}");
        let settings = loaded(&world, hook).await.settings.unwrap();
        assert_eq!(settings, WebhookSettings::to(&receiver.url).into());
        assert!(!format!("{settings:?}").contains(&receiver.url));
    }
}

/// The settings as they stand in the table.
pub(crate) async fn raw_settings(world: &World) -> String {
    use sqlx::{Connection, PgConnection, SqliteConnection};
    let statement = "select cast(settings as text) from integrations";
    if world.url.starts_with("sqlite") {
        let mut db = SqliteConnection::connect(&world.url).await.unwrap();
        sqlx::query_scalar(statement).fetch_one(&mut db).await.unwrap()
    } else {
        let mut db = PgConnection::connect(&world.url).await.unwrap();
        sqlx::query_scalar(statement).fetch_one(&mut db).await.unwrap()
    }
}

on_both! {
    async fn many_messages_leave_in_bounds_and_each_once(world: World) {
        let receiver = Receiver::open().await;
        let (hook, _) = integration(&world, &receiver, None).await;
        for number in 0..120 {
            let (monitor, _) = world.monitor(&format!("Shop {number}")).await;
            attach(&world, monitor, hook).await;
            world.outage(monitor).await;
        }
        let telling = Telling::over(&world);
        tokio::time::timeout(Duration::from_mins(1), telling.pass()).await.unwrap();
        let heard = receiver.heard.lock().unwrap().clone();
        let ids: std::collections::HashSet<_> = heard.iter().map(|heard| &heard.delivery).collect();
        assert_eq!((heard.len(), ids.len()), (120, 120));
    }
}

on_both! {
    async fn what_comes_next_names_its_definition_and_its_level(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (_, hook) = integration(&world, &receiver, None).await;
        let levels = vec![
            level(Condition::Errors { count: 1 }, &hook),
            level(Condition::Minutes { minutes: 15 }, &hook),
        ];
        define(&world, levels).await;
        world.outage(monitor).await;
        let incident = open_incident(&world).await;
        Telling::over(&world).pass().await;
        let mut tx = world.db.read().await.unwrap();
        let planned = engine::store::views::telling::planned(&mut tx, incident).await.unwrap();
        let next: Vec<_> = planned.iter().map(|alert| (alert.level, alert.reminder)).collect();
        assert_eq!(next, [(2, false)]);
        assert_eq!(planned[0].definition.as_ref().unwrap().name, "All");
    }
}

on_both! {
    async fn who_is_gone_for_good_is_told_nothing_more(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, id) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        receiver.answers(&[(410, "")]);
        world.outage(monitor).await;
        telling.pass().await;
        let marked = loaded(&world, hook).await;
        assert!(!marked.enabled && marked.failing_since.is_some(), "{marked:?}");
        assert_eq!(marked.failing.as_deref(), Some("HTTP 410: the receiver is gone for good. So it was switched off."));
        let viewer = domain::person::Viewer::System;
        let health = world.services.telling_health(&viewer).await.unwrap();
        assert_eq!((health.failing.len(), health.why), (1, marked.failing));
        world.pass(MINUTE);
        world.recovery(monitor).await;
        world.outage(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.heard.lock().unwrap().len(), 1, "the next outage is not sent there");
        // Whoever mends it switches it on again, and the mark is gone.
        receiver.answers(&[(200, "")]);
        let on = engine::services::telling::Changes { enabled: Some(true), ..Default::default() };
        world.services.change_integration(&viewer, &id, &on).await.unwrap();
        let mended = loaded(&world, hook).await;
        assert!(mended.enabled && mended.failing.is_none(), "{mended:?}");
        // Another status of a failure leaves it on.
        receiver.answers(&[(404, "")]);
        world.recovery(monitor).await;
        world.outage(monitor).await;
        telling.pass().await;
        assert!(loaded(&world, hook).await.enabled);
    }
}

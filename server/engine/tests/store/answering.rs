//! What people do about an outage, what subscriptions hear, and the keys that seal: on both databases.

use domain::alert::{AlertKind, Condition};
use domain::check::CheckKind;
use domain::delivery::DeliveryState;
use domain::form::Form;
use domain::integration::ProviderKind;
use domain::person::Viewer;
use domain::time::{MINUTE, Timestamp};
use domain::views::console::{DeliveryQuery, Silence, SubscriptionDraft};
use engine::chance::Chance;
use engine::keys;
use engine::seal::Sealer;
use engine::services::ServiceError;
use engine::store::settings;

use crate::on_both;
use crate::tellers::{Receiver, Telling, attach, define, insert, integration, level};
use crate::world::World;

const SYSTEM: Viewer = Viewer::System;

fn form(pairs: &[(&str, &str)]) -> Form {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

on_both! {
    async fn a_subscription_hears_of_its_events_in_their_words_and_of_its_monitors_only(world: World) {
        let receiver = Receiver::open().await;
        let (shop, shop_id) = world.monitor("Shop").await;
        let (mail, _) = world.monitor("Mail").await;
        let (_, hook) = integration(&world, &receiver, None).await;
        let draft = SubscriptionDraft {
            name: "All of the shop".to_owned(),
            integration: hook,
            events: vec!["incident.created".to_owned(), "incident.incident.updated".to_owned(), "incident.resolved".to_owned()],
            monitors: Some(vec![shop_id.clone()]),
            enabled: true,
        };
        let id = world.services.save_subscription(&SYSTEM, None, &draft).await.unwrap();
        let wrong = SubscriptionDraft { events: vec!["incident.exploded".to_owned()], ..draft };
        let refused = world.services.save_subscription(&SYSTEM, None, &wrong).await;
        assert!(matches!(refused, Err(ServiceError::Invalid(errors)) if errors[0].field == "events"));
        let telling = Telling::over(&world);
        world.outage(shop).await;
        world.outage(mail).await;
        telling.pass().await;
        telling.pass().await;
        let heard = std::mem::take(&mut *receiver.heard.lock().unwrap());
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert_eq!(heard[0].body["eventType"], "incident.incident.created");
        assert_eq!(heard[0].body["subscription"]["id"], id.as_str());
        assert_eq!(heard[0].body["data"]["systemIds"][0], shop_id.as_str());
        assert_eq!(heard[0].body["data"]["status"], "investigating");
        world.pass(MINUTE);
        world.recovery(shop).await;
        telling.pass().await;
        let heard = std::mem::take(&mut *receiver.heard.lock().unwrap());
        let events: Vec<_> = heard.iter().map(|heard| heard.body["eventType"].as_str().unwrap()).collect();
        assert_eq!(events, ["incident.incident.updated", "incident.incident.resolved"], "in that order");
        assert_eq!(heard[0].body["data"]["statusChange"], "resolved");
    }
}

on_both! {
    async fn who_takes_an_outage_on_ends_its_escalation_and_it_can_be_put_off_and_ended_by_hand(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (_, hook) = integration(&world, &receiver, None).await;
        define(&world, vec![
            level(Condition::Errors { count: 1 }, &hook),
            level(Condition::Minutes { minutes: 10 }, &hook),
        ])
        .await;
        let telling = Telling::over(&world);
        let first = world.outage(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"]);
        let detail = world.services.incident(&SYSTEM, &first).await.unwrap();
        assert_eq!(detail.next.len(), 1, "the second level is still to come");
        assert_eq!((detail.next[0].level, detail.next[0].reminder), (2, false));
        assert_eq!(detail.deliveries.len(), 1);
        // Put off: nothing leaves before the end of it, and then it does.
        let until = Timestamp(world.now().0 + 30 * MINUTE);
        world.services.snooze(&SYSTEM, &first, Some(until)).await.unwrap();
        world.pass(20 * MINUTE);
        telling.pass().await;
        assert!(receiver.statuses().is_empty());
        world.pass(11 * MINUTE);
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"]);
        world.services.resolve(&SYSTEM, &first).await.unwrap();
        world.services.resolve(&SYSTEM, &first).await.unwrap();
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["resolved"], "whoever was told hears once that it is over");
        let late = world.services.snooze(&SYSTEM, &first, Some(Timestamp(world.now().0 + MINUTE))).await;
        assert!(matches!(late, Err(ServiceError::Conflict(_))));
        let second = world.outage(monitor).await;
        telling.pass().await;
        world.services.acknowledge(&SYSTEM, &second).await.unwrap();
        world.pass(60 * MINUTE);
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"], "the second level is silent");
        let detail = world.services.incident(&SYSTEM, &second).await.unwrap();
        assert_eq!(detail.acknowledged.unwrap().1, "Pharos");
        assert!(detail.next.is_empty());
        world.recovery(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["resolved"]);
    }
}

on_both! {
    async fn a_muted_monitor_and_one_whose_parent_is_down_raise_nothing_until_that_ends(world: World) {
        let receiver = Receiver::open().await;
        let (router, router_id) = world.monitor("Router").await;
        let (shop, shop_id) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, shop, hook).await;
        world.services.set_parents(&SYSTEM, &shop_id, std::slice::from_ref(&router_id)).await.unwrap();
        let round = world.services.set_parents(&SYSTEM, &router_id, std::slice::from_ref(&shop_id)).await;
        assert!(matches!(round, Err(ServiceError::Invalid(_))), "nothing hangs on itself");
        let telling = Telling::over(&world);
        world.outage(router).await;
        let first = world.outage(shop).await;
        telling.pass().await;
        assert!(receiver.statuses().is_empty());
        let detail = world.services.incident(&SYSTEM, &first).await.unwrap();
        assert_eq!((detail.next.len(), detail.silence), (1, Some(Silence::HangsOn)));
        world.services.set_all_stop(&SYSTEM, true).await.unwrap();
        let detail = world.services.incident(&SYSTEM, &first).await.unwrap();
        assert_eq!(detail.silence, Some(Silence::AllStop));
        world.services.set_all_stop(&SYSTEM, false).await.unwrap();
        world.recovery(router).await;
        world.pass(MINUTE);
        telling.pass().await;
        assert!(receiver.statuses().is_empty(), "nobody has looked at the shop since");
        let again = crate::world::result(shop, world.now().0, domain::uptime::ResultState::Down, None);
        world.record(&[again]).await;
        world.pass(MINUTE);
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"], "the router is well, and the shop is not");
        world.recovery(shop).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["resolved"]);
        let quiet_until = Timestamp(world.now().0 + 5 * MINUTE);
        world.services.mute(&SYSTEM, &shop_id, Some(quiet_until)).await.unwrap();
        let second = world.outage(shop).await;
        telling.pass().await;
        assert!(receiver.statuses().is_empty());
        let detail = world.services.incident(&SYSTEM, &second).await.unwrap();
        assert_eq!(detail.silence, Some(Silence::Muted(quiet_until)));
        assert_eq!(detail.next[0].at, quiet_until, "not when it is looked at again");
        let (until, parents) = world.services.quiet_of(&SYSTEM, &shop_id).await.unwrap();
        assert_eq!((until.is_some(), parents[0].id == router_id), (true, true));
        world.pass(6 * MINUTE);
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"]);
    }
}

on_both! {
    async fn in_a_storm_people_get_one_message_and_programs_one_for_each(world: World) {
        let receiver = Receiver::open().await;
        let settings = domain::integration::DiscordSettings::to(&receiver.url);
        let draft = domain::integration::IntegrationDraft {
            name: "chat".to_owned(),
            settings: settings.into(),
            enabled: true,
            quiet: None,
        };
        let (_, hook) = integration(&world, &receiver, None).await;
        let (_, chat) = insert(&world, &draft).await;
        let both = [level(Condition::Errors { count: 1 }, &hook), level(Condition::Errors { count: 1 }, &chat)];
        define(&world, both.to_vec()).await;
        let mut monitors = Vec::new();
        for number in 0..12 {
            monitors.push(world.monitor(&format!("m{number}")).await.0);
        }
        let telling = Telling::over(&world);
        for monitor in &monitors {
            world.outage(*monitor).await;
            telling.pass().await;
        }
        let heard = |receiver: &Receiver| {
            let heard = std::mem::take(&mut *receiver.heard.lock().unwrap());
            let (chat, hook): (Vec<_>, Vec<_>) = heard.into_iter().partition(|heard| heard.body.get("embeds").is_some());
            (chat.len(), hook.len(), chat.last().map(|last| last.body.to_string()).unwrap_or_default())
        };
        let (chat, hook, _) = heard(&receiver);
        assert_eq!((chat, hook), (3, 12), "three leave at once, and programs hear of each");
        world.pass(20_000);
        telling.pass().await;
        let (chat, hook, text) = heard(&receiver);
        assert_eq!((chat, hook), (1, 0));
        assert!(text.contains("9 more monitors are down") && text.contains("secret.test"), "{text}");
        world.pass(MINUTE);
        for monitor in &monitors {
            world.recovery(*monitor).await;
        }
        telling.pass().await;
        world.pass(20_000);
        telling.pass().await;
        let (chat, hook, text) = heard(&receiver);
        assert_eq!((chat, hook), (4, 12), "and so does the end");
        assert!(text.contains("9 more monitors are up again"), "{text}");
    }
}

on_both! {
    async fn an_integration_is_added_tried_changed_and_removed_with_what_names_it(world: World) {
        let receiver = Receiver::open().await;
        world.services.ensure_project().await.unwrap();
        assert!(world.services.telling_health(&SYSTEM).await.unwrap().nobody);
        let sent = form(&[("url", &receiver.url), ("auth", "bearer"), ("bearer_token", "hunter2")]);
        let kind = ProviderKind::Webhook;
        let trial = world.services.try_integration(&SYSTEM, None, kind, &sent, AlertKind::Error).await.unwrap();
        assert!(trial.ok && trial.status == Some(200), "{trial:?}");
        assert!(trial.request.contains("POST ") && !trial.request.contains("hunter2"), "{}", trial.request);
        let id = world.services.add_integration(&SYSTEM, kind, &sent).await.unwrap();
        assert!(!world.services.telling_health(&SYSTEM).await.unwrap().nobody, "the default definition names it");
        let kept = world.services.integration_form(&SYSTEM, Some(&id), kind).await.unwrap();
        assert_eq!(kept.values["bearer_token"], "");
        assert_eq!(kept.used_by.definitions.len(), 1);
        // What is not sent stays.
        let mut again = kept.values.clone();
        again.insert("name".to_owned(), "Ours".to_owned());
        world.services.edit_integration(&SYSTEM, &id, &again).await.unwrap();
        let trial = world.services.try_stored_integration(&SYSTEM, &id, AlertKind::Ok).await.unwrap();
        assert!(trial.ok);
        let rows = world.services.integrations(&SYSTEM).await.unwrap();
        assert_eq!((rows[0].name.as_str(), rows[0].levels), ("Ours", 1));
        let refused = world.services.add_integration(&SYSTEM, kind, &form(&[("url", "x")])).await;
        assert!(matches!(refused, Err(ServiceError::Invalid(_))));
        world.services.delete_integration(&SYSTEM, &id).await.unwrap();
        assert!(world.services.definitions(&SYSTEM).await.unwrap()[0].draft.levels[0].targets.is_empty());
    }
}

on_both! {
    async fn the_log_is_searched_and_what_failed_is_sent_once_more_with_its_id(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, monitor_id) = world.monitor("Shop").await;
        let (hook, hook_id) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        receiver.answers(&[(404, ""), (200, "")]);
        let telling = Telling::over(&world);
        let incident = world.outage(monitor).await;
        telling.pass().await;
        let failed = DeliveryQuery { state: Some(DeliveryState::Failed), ..DeliveryQuery::default() };
        let list = world.services.deliveries(&SYSTEM, &failed).await.unwrap();
        assert_eq!((list.found, list.counts.failed, list.rows[0].attempts), (1, 1, 1));
        assert_eq!(world.services.telling_health(&SYSTEM).await.unwrap().failing[0].id, hook_id);
        let renamed = monitor_id.clone();
        let mut name = world.services.monitor_form(&SYSTEM, Some(&renamed), CheckKind::Http).await.unwrap().values;
        name.insert("name".to_owned(), "Büro".to_owned());
        let queries = [
            DeliveryQuery { search: "SHOP".to_owned(), ..DeliveryQuery::default() },
            DeliveryQuery { incident: Some(incident), ..DeliveryQuery::default() },
            DeliveryQuery { monitor: Some(monitor_id), ..DeliveryQuery::default() },
            DeliveryQuery { integration: Some(hook_id), ..DeliveryQuery::default() },
            DeliveryQuery { search: "404".to_owned(), ..DeliveryQuery::default() },
        ];
        for query in queries {
            assert_eq!(world.services.deliveries(&SYSTEM, &query).await.unwrap().found, 1, "{query:?}");
        }
        world.services.edit_monitor(&SYSTEM, &renamed, 1, &name).await.unwrap();
        for search in ["büro", "BÜRO"] {
            let query = DeliveryQuery { search: search.to_owned(), ..DeliveryQuery::default() };
            assert_eq!(world.services.deliveries(&SYSTEM, &query).await.unwrap().found, 1, "{search}");
        }
        let nothing = DeliveryQuery { search: "100%".to_owned(), ..DeliveryQuery::default() };
        assert_eq!(world.services.deliveries(&SYSTEM, &nothing).await.unwrap().found, 0);
        let id = list.rows[0].id.clone();
        let ids = [id.clone(), id.clone()];
        assert_eq!(world.services.replay(&SYSTEM, &ids).await.unwrap(), 1, "the second one is on its way");
        telling.pass().await;
        let detail = world.services.delivery(&SYSTEM, &id).await.unwrap();
        assert_eq!(detail.row.state, DeliveryState::Delivered);
        let statuses: Vec<_> = detail.attempts.iter().map(|attempt| attempt.status).collect();
        assert_eq!(statuses, [Some(200), Some(404)], "both attempts are kept");
        let heard = receiver.heard.lock().unwrap().clone();
        assert_eq!(heard[0].delivery, heard[1].delivery);
        assert!(world.services.telling_health(&SYSTEM).await.unwrap().failing.is_empty());
    }
}

on_both! {
    async fn all_stop_holds_everything_until_it_ends(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        world.services.set_all_stop(&SYSTEM, true).await.unwrap();
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        assert!(receiver.statuses().is_empty());
        assert!(world.services.telling_health(&SYSTEM).await.unwrap().all_stop);
        world.services.set_all_stop(&SYSTEM, false).await.unwrap();
        world.pass(MINUTE);
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"]);
    }
}

on_both! {
    async fn a_token_speaks_for_a_program_until_it_is_taken_back(world: World) {
        let (id, token) = world.services.create_token(&SYSTEM, "CI").await.unwrap();
        let viewer = world.services.viewer_of_token(token.expose()).await.unwrap();
        assert!(matches!(&viewer, Viewer::Program { name, .. } if name == "CI"));
        assert!(world.services.tokens(&viewer).await.unwrap()[0].last_used_at.is_some());
        assert_eq!(world.services.viewer_of_token("pharos_nothing").await.unwrap(), Viewer::Anonymous);
        world.services.delete_token(&SYSTEM, &id).await.unwrap();
        assert_eq!(world.services.viewer_of_token(token.expose()).await.unwrap(), Viewer::Anonymous);
        let nameless = world.services.create_token(&SYSTEM, " ").await;
        assert!(matches!(nameless, Err(ServiceError::Invalid(_))));
    }
}

on_both! {
    async fn new_keys_take_over_and_foreign_ones_are_refused(world: World) {
        let keys = [engine::seal::new_key(&Chance::System), engine::seal::new_key(&Chance::System)];
        let with = |keys: &[&String]| {
            let keys = keys.iter().map(|key| key.as_str());
            world.db.clone().sealing_with(Sealer::new(keys, Chance::System).unwrap())
        };
        let old = with(&[&keys[0]]);
        keys::agree(&old).await.unwrap();
        let mut monitor = world.load(world.monitor("Shop").await.0).await.unwrap();
        if let domain::check::CheckSettings::Http(http) = &mut monitor.draft.settings {
            http.auth = domain::check::request::Auth::Bearer { token: "hunter2".into() };
        }
        let mut tx = old.write().await.unwrap();
        engine::store::monitors::reseal(&mut tx, &monitor).await.unwrap();
        tx.commit().await.unwrap();
        assert!(keys::agree(&with(&[&keys[1]])).await.unwrap_err().to_string().contains("another key"));
        let done = keys::reseal(&with(&[&keys[1], &keys[0]])).await.unwrap();
        assert_eq!(done.monitors, 1);
        // The old key is no longer needed, and no longer enough.
        let new = with(&[&keys[1]]);
        keys::agree(&new).await.unwrap();
        assert!(keys::agree(&old).await.is_err());
        let mut tx = new.read().await.unwrap();
        let again = engine::store::monitors::by_key(&mut tx, monitor.key).await.unwrap().unwrap();
        assert_eq!(again.draft.settings.secrets()[0].expose(), "hunter2");
        assert!(settings::get(&mut tx, "seal_sample").await.unwrap().unwrap().starts_with("sealed:1:"));
    }
}

on_both! {
    async fn messages_that_are_over_go_with_time_and_those_of_an_open_incident_stay(world: World) {
        let receiver = Receiver::open().await;
        let (hook, _) = integration(&world, &receiver, None).await;
        let (shop, mail) = (world.monitor("Shop").await.0, world.monitor("Mail").await.0);
        attach(&world, shop, hook).await;
        attach(&world, mail, hook).await;
        let telling = Telling::over(&world);
        world.outage(shop).await;
        world.outage(mail).await;
        telling.pass().await;
        world.recovery(mail).await;
        telling.pass().await;
        let all = DeliveryQuery::default();
        assert_eq!(world.services.deliveries(&SYSTEM, &all).await.unwrap().found, 3);
        world.pass(100 * domain::time::DAY);
        world.keep_house().await;
        let left = world.services.deliveries(&SYSTEM, &all).await.unwrap();
        assert_eq!(left.found, 1, "{:?}", left.rows);
        world.recovery(shop).await;
        telling.pass().await;
        assert_eq!(receiver.statuses().last().map(String::as_str), Some("resolved"), "its end is told");
        assert_eq!(world.services.outbox(&SYSTEM).await.unwrap(), (0, None));
    }
}

//! Whom a message reaches, and what the log says of whom it does not: on both databases.

use std::time::{Duration, Instant};

use domain::alert::AlertKind;
use domain::custom::{CustomSettings, MessageTypes, PredefinedVariable, VariableSource};
use domain::delivery::{DeliveryState, UNREADABLE};
use domain::id::{DeliveryId, IntegrationId, MonitorId, SubscriptionId};
use domain::integration::{IntegrationDraft, ProviderKind, WebhookSettings};
use domain::time::{MINUTE, SECOND};
use domain::views::console::{DeliveryQuery, DeliveryRow, SubscriptionDraft};
use engine::store::{integrations, projects, subscriptions};
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::confirming::{HOME, Mailbox, ada, mail_to, mailing};
use crate::on_both;
use crate::receiver::slow_page;
use crate::tellers::{Receiver, Telling, attach, insert, integration, loaded};
use crate::world::{OPERATOR, World};

/// The log, the oldest first.
async fn log(world: &World) -> Vec<DeliveryRow> {
    let page = world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap();
    page.rows.into_iter().rev().collect()
}

/// Runs a statement as somebody does who has the database open.
async fn meddle(world: &World, statement: &'static str) {
    if world.url.starts_with("sqlite") {
        let mut db = SqliteConnection::connect(&world.url).await.unwrap();
        sqlx::query(statement).execute(&mut db).await.unwrap();
    } else {
        let mut db = PgConnection::connect(&world.url).await.unwrap();
        sqlx::query(statement).execute(&mut db).await.unwrap();
    }
}

/// A custom integration whose only definition is for some messages.
fn custom(url: &str, types: MessageTypes) -> IntegrationDraft {
    let url = PredefinedVariable {
        name: "ApiUrl".to_owned(),
        source: VariableSource::Fixed { value: url.into() },
        secret: false,
    };
    let mut settings = CustomSettings { variables: vec![url], ..CustomSettings::default() };
    settings.definitions.truncate(1);
    settings.definitions[0].types = types;
    IntegrationDraft { name: "own".to_owned(), settings: settings.into(), enabled: true, quiet: None }
}

fn subscription(to: &IntegrationId, events: &[&str], monitors: Option<Vec<MonitorId>>) -> SubscriptionDraft {
    SubscriptionDraft {
        name: "All of it".to_owned(),
        integration: to.clone(),
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        monitors,
        enabled: true,
    }
}

on_both! {
    async fn an_event_that_a_provider_cannot_tell_of_is_neither_delivered_nor_a_failure(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (key, id) = insert(&world, &custom(&receiver.url, MessageTypes::ALL)).await;
        // One from before such were refused.
        let draft = subscription(&id, &["incident.incident.created"], None);
        let mut tx = world.db.write().await.unwrap();
        let project = projects::only(&mut tx).await.unwrap().unwrap();
        subscriptions::insert(&mut tx, project.key, &SubscriptionId::new([5; 13]), key, &draft, world.now()).await.unwrap();
        integrations::set_failing(&mut tx, key, Some("HTTP 404"), world.now()).await.unwrap();
        tx.commit().await.unwrap();
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        let row = log(&world).await.remove(0);
        assert_eq!((row.kind.as_str(), row.state, row.attempts), ("event", DeliveryState::Skipped, 0));
        let why = row.error.clone().unwrap();
        assert!(why.starts_with("Nothing: its templates speak of alerts. Remove the subscription"), "{why}");
        assert!(world.services.delivery(OPERATOR, &row.id).await.unwrap().attempts.is_empty(), "nothing was sent");
        let counts = world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap().counts;
        assert_eq!((counts.delivered, counts.failed, counts.skipped), (0, 0, 1));
        assert_eq!(loaded(&world, key).await.failing.as_deref(), Some("HTTP 404"), "no success that would clear it");

        let mut tx = world.db.write().await.unwrap();
        integrations::set_failing(&mut tx, key, None, world.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.services.replay(OPERATOR, &[row.id]).await.unwrap(), 1);
        telling.pass().await;
        assert_eq!(log(&world).await[0].state, DeliveryState::Skipped);
        assert_eq!(loaded(&world, key).await.failing, None, "no failure either");
        assert!(receiver.heard.lock().unwrap().is_empty());
    }

    async fn what_no_definition_is_for_is_not_sent(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (key, id) = insert(&world, &custom(&receiver.url, MessageTypes { error: true, ..MessageTypes::default() })).await;
        attach(&world, monitor, key).await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        world.recovery(monitor).await;
        telling.pass().await;
        let heard = std::mem::take(&mut *receiver.heard.lock().unwrap());
        let types: Vec<_> = heard.iter().map(|heard| heard.body["alert"]["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["Alert"]);
        let row = log(&world).await.remove(1);
        assert_eq!((row.kind.as_str(), row.state), ("ok", DeliveryState::Skipped));
        let nothing = "Nothing: no definition of this integration is for “OK alert”.";
        assert_eq!(row.error.as_deref(), Some(nothing));
        let trial = world.services.try_stored_integration(OPERATOR, &id, AlertKind::Ok).await.unwrap();
        assert_eq!((trial.ok, trial.words.as_deref(), trial.request.as_str()), (false, Some(nothing), ""));
    }
}

on_both! {
    async fn a_message_that_cannot_be_read_stands_among_the_others(world: World) {
        let receiver = Receiver::open().await;
        let (hook, hook_id) = integration(&world, &receiver, None).await;
        let (shop, shop_id) = world.monitor("Shop").await;
        let (mail, _) = world.monitor("Mail").await;
        attach(&world, shop, hook).await;
        attach(&world, mail, hook).await;
        let telling = Telling::over(&world);
        let incident = world.outage(shop).await;
        telling.pass().await;
        let broken = log(&world).await.remove(0).id;
        // JSON of another shape, and in SQLite no JSON at all.
        meddle(&world, if world.url.starts_with("sqlite") {
            "update deliveries set message = '{\"at\":'"
        } else {
            "update deliveries set message = '{\"at\":1}'"
        })
        .await;
        world.outage(mail).await;
        telling.pass().await;
        let rows = log(&world).await;
        assert_eq!((rows[0].id.clone(), rows[0].headline.as_str()), (broken.clone(), UNREADABLE));
        assert_eq!((rows[0].state, rows[0].integration.id.clone()), (DeliveryState::Delivered, hook_id.clone()));
        assert_eq!((rows.len(), rows[1].headline.contains("Mail is down")), (2, true), "{rows:?}");
        let query = DeliveryQuery { monitor: Some(shop_id), search: "shop".to_owned(), ..DeliveryQuery::default() };
        assert_eq!(world.services.deliveries(OPERATOR, &query).await.unwrap().rows.len(), 1);

        let detail = world.services.delivery(OPERATOR, &broken).await.unwrap();
        assert_eq!((detail.row.headline.as_str(), detail.attempts.len()), (UNREADABLE, 1));
        assert!(detail.message.is_null());
        assert_eq!(world.services.incident(OPERATOR, &incident).await.unwrap().deliveries[0].headline, UNREADABLE);
        let form = world.services.integration_form(OPERATOR, Some(&hook_id), ProviderKind::Webhook).await.unwrap();
        assert_eq!(form.deliveries.len(), 2);

        // Nobody can be told of the end of what nobody can read, and everybody else is.
        receiver.statuses();
        world.recovery(shop).await;
        world.recovery(mail).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["resolved"]);
        assert_eq!(world.services.replay(OPERATOR, std::slice::from_ref(&broken)).await.unwrap(), 1);
        telling.pass().await;
        let row = world.services.delivery(OPERATOR, &broken).await.unwrap().row;
        assert_eq!((row.state, row.sent_in_vain), (DeliveryState::Delivered, true), "it had arrived");
        assert!(row.error.is_some_and(|why| why.contains("makes no sense")));
        // The preview of a custom integration shows an example in the place of the last alert.
        meddle(&world, "update deliveries set message = '{}'").await;
        assert_eq!(world.services.preview_custom(OPERATOR, None, "").await.unwrap().from, None);
        assert_eq!(world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap().rows.len(), 3);
    }
}

on_both! {
    async fn one_address_that_is_not_confirmed_does_not_hold_back_the_mail_of_the_others(world: World) {
        let mailbox = Mailbox::open().await;
        let services = mailing(&world, Some(&mailbox));
        ada(&services).await;
        services.set_link_address(OPERATOR, HOME).await.unwrap();
        let id = mail_to(&services, "ops@example.org, Ada@example.org").await;
        let token = mailbox.token().await;
        let row = services.integrations(OPERATOR).await.unwrap().remove(0);
        assert_eq!((row.unverified, row.unconfirmed), (false, vec!["ada@example.org".to_owned()]));
        assert!(services.telling_health(OPERATOR).await.unwrap().failing.is_empty(), "it is not broken");

        let words = "Not sent to Ada@example.org, which has not been confirmed. Open the link";
        let trial = services.try_stored_integration(OPERATOR, &id, AlertKind::Error).await.unwrap();
        assert!(trial.ok && trial.words.as_deref().unwrap().starts_with(words), "{trial:?}");
        assert!(!mailbox.next().await.to_lowercase().contains("ada@example.org"));

        let (monitor, _) = world.monitor("Shop").await;
        let key = integrations::by_id(&mut world.db.read().await.unwrap(), &id).await.unwrap().unwrap().key;
        attach(&world, monitor, key).await;
        let mut telling = Telling::over(&world);
        telling.dispatcher.outbound = telling.dispatcher.outbound.clone().with_mail(Some(mailbox.settings.clone()));
        world.outage(monitor).await;
        telling.pass().await;
        let mail = mailbox.next().await;
        assert!(mail.contains("To: ops@example.org\r\n") && !mail.to_lowercase().contains("ada@example.org"), "{mail}");
        let row = log(&world).await.remove(0);
        assert_eq!(row.state, DeliveryState::Delivered);
        assert!(row.error.as_deref().unwrap().starts_with(words), "{row:?}");
        let request = services.delivery(OPERATOR, &row.id).await.unwrap().attempts.remove(0).request;
        assert!(request.contains("RCPT TO:<ops@example.org>") && !request.contains("Ada@"), "{request}");
        let page = services.integration_form(OPERATOR, Some(&id), ProviderKind::Email).await.unwrap();
        assert_eq!((page.failing, page.unconfirmed), (None, vec!["ada@example.org".to_owned()]));
        assert!(mailbox.is_empty());

        services.confirm(&token).await.unwrap();
        world.recovery(monitor).await;
        telling.pass().await;
        assert!(mailbox.next().await.contains("To: ops@example.org, Ada@example.org\r\n"));
        let row = log(&world).await.remove(1);
        assert_eq!((row.state, row.error), (DeliveryState::Delivered, None));
        assert!(services.integrations(OPERATOR).await.unwrap().remove(0).unconfirmed.is_empty());
    }
}

on_both! {
    async fn a_subscription_to_a_monitor_hears_of_the_end_when_the_monitor_is_removed(world: World) {
        let receiver = Receiver::open().await;
        let (shop, shop_id) = world.monitor("Shop").await;
        let (mail, mail_id) = world.monitor("Mail").await;
        let (_, hook) = integration(&world, &receiver, None).await;
        let events = ["incident.incident.created", "incident.incident.updated", "incident.incident.resolved"];
        let draft = subscription(&hook, &events, Some(vec![shop_id.clone()]));
        world.services.save_subscription(OPERATOR, None, &draft).await.unwrap();
        let telling = Telling::over(&world);
        let heard = || {
            let heard = std::mem::take(&mut *receiver.heard.lock().unwrap());
            let one = |heard: &crate::receiver::Heard| {
                assert_eq!(heard.body["data"]["systemIds"], serde_json::json!([shop_id]), "{}", heard.body);
                heard.body["eventType"].as_str().unwrap().rsplit('.').next().unwrap().to_owned()
            };
            heard.iter().map(one).collect::<Vec<_>>()
        };
        let incident = world.outage(shop).await;
        world.outage(mail).await;
        telling.pass().await;
        assert_eq!(heard(), ["created"]);
        world.services.delete_monitor(OPERATOR, &shop_id).await.unwrap();
        world.services.delete_monitor(OPERATOR, &mail_id).await.unwrap();
        telling.pass().await;
        assert_eq!(heard(), ["updated", "resolved"], "and of no other monitor");
        let query = DeliveryQuery { incident: Some(incident), ..DeliveryQuery::default() };
        assert_eq!(world.services.deliveries(OPERATOR, &query).await.unwrap().found, 3);
    }

    async fn what_began_and_ended_before_anybody_planned_is_told_though_its_monitor_is_gone(world: World) {
        let receiver = Receiver::open().await;
        let (shop, shop_id) = world.monitor("Shop").await;
        let (_, hook) = integration(&world, &receiver, None).await;
        let events = ["incident.incident.created", "incident.incident.resolved"];
        let draft = subscription(&hook, &events, Some(vec![shop_id.clone()]));
        world.services.save_subscription(OPERATOR, None, &draft).await.unwrap();
        world.outage(shop).await;
        world.services.delete_monitor(OPERATOR, &shop_id).await.unwrap();
        Telling::over(&world).pass().await;
        assert_eq!(receiver.heard.lock().unwrap().len(), 2);
    }
}

on_both! {
    async fn a_trial_without_an_answer_in_time_shows_what_was_sent(world: World) {
        let url = slow_page(20_000).await;
        let settings = WebhookSettings { signing_secret: None, ..WebhookSettings::to(&url) };
        let draft = IntegrationDraft { name: "slow".to_owned(), settings: settings.into(), enabled: true, quiet: None };
        let (_, id) = insert(&world, &draft).await;
        let services = world.services.clone().trials_within(Duration::from_secs(1));
        let begun = Instant::now();
        let trial = services.try_stored_integration(OPERATOR, &id, AlertKind::Error).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(8), "it is not waited for longer");
        let words = trial.words.unwrap();
        assert!(!trial.ok && words.starts_with("no answer within 1 s, "), "{words}");
        assert!(words.ends_with("it may still arrive"), "{words}");
        assert!(trial.request.starts_with("POST ") && trial.request.contains("\n\n{"), "{}", trial.request);
        assert!((1_000..8_000).contains(&trial.duration_ms), "{}", trial.duration_ms);
        assert_eq!((trial.response.as_str(), trial.status), ("", None));
    }

    async fn what_is_asked_for_at_a_date_is_sent_again_then(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        // The world begins at midnight.
        receiver.answers(&[(503, "retry-after: Mon, 02 Mar 2026 00:02:00 GMT\r\n"), (200, "")]);
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        world.pass(2 * MINUTE - SECOND);
        telling.pass().await;
        assert_eq!(receiver.statuses().len(), 1, "the usual pause would be over");
        world.pass(SECOND);
        telling.pass().await;
        assert_eq!(receiver.statuses().len(), 1);
        let ids: Vec<DeliveryId> = log(&world).await.into_iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), 1);
    }
}

//! What belongs together and what does not: levels that lead one integration to several places, and events beside alerts, on both
//! databases.

use domain::alert::{Condition, Level, LevelTarget};
use domain::custom::{CustomSettings, PredefinedVariable, VariableSource};
use domain::id::IntegrationId;
use domain::integration::IntegrationDraft;
use domain::time::{MINUTE, SECOND};
use domain::views::console::SubscriptionDraft;

use crate::on_both;
use crate::tellers::{Receiver, Telling, attach, define, insert, integration, level};
use crate::world::{OPERATOR, World};

/// A custom integration whose levels say where it leads.
async fn desk(world: &World) -> IntegrationId {
    let mut settings = CustomSettings {
        variables: vec![PredefinedVariable {
            name: "Url".to_owned(),
            source: VariableSource::PerLevel,
            secret: false,
        }],
        ..CustomSettings::default()
    };
    for definition in &mut settings.definitions {
        for step in &mut definition.steps {
            step.url = String::from("{{Url}}");
            step.body = String::from(r#"{"type":"{{@alert.type}}","id":"{{@alert.alertGuid}}"}"#);
        }
    }
    let draft =
        IntegrationDraft { name: "Desk".to_owned(), settings: settings.into(), enabled: true, quiet: None };
    insert(world, &draft).await.1
}

fn leading(minutes: u32, integration: &IntegrationId, to: &Receiver) -> Level {
    let variables = [("Url".to_owned(), to.url.as_str().into())].into();
    let target = LevelTarget { integration: integration.clone(), ok: true, reminders: true, variables };
    Level { condition: Condition::Minutes { minutes }, ..Level::at_once(vec![target]) }
}

/// The types of the alerts that were heard since the last time.
fn types(receiver: &Receiver) -> Vec<String> {
    let heard = std::mem::take(&mut *receiver.heard.lock().unwrap());
    heard.iter().map(|heard| heard.body["type"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    async fn each_place_that_levels_lead_to_hears_beginning_reminders_and_end(world: World) {
        let (first, second) = (Receiver::open().await, Receiver::open().await);
        let desk = desk(&world).await;
        let reminding = Level { reminders: 2, reminder_minutes: 2, ..leading(0, &desk, &first) };
        let twice = leading(3, &desk, &second);
        define(&world, vec![reminding, leading(1, &desk, &second), twice]).await;
        let (monitor, _) = world.monitor("Shop").await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        for _ in 0..9 {
            telling.pass().await;
            world.pass(30 * SECOND);
        }
        world.recovery(monitor).await;
        telling.pass().await;
        telling.pass().await;
        let ids: Vec<_> =
            first.heard.lock().unwrap().iter().map(|heard| heard.body["id"].to_string()).collect();
        assert_eq!(types(&first), ["Alert", "Reminder", "Reminder", "Ok"]);
        assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), 4, "each has an id of its own: {ids:?}");
        assert_eq!(types(&second), ["Alert", "Alert", "Ok"], "two levels lead to it, and it ends once");
    }

    async fn one_place_does_not_wait_for_another_that_fails(world: World) {
        let (first, second) = (Receiver::open().await, Receiver::open().await);
        let desk = desk(&world).await;
        define(&world, vec![leading(0, &desk, &first), leading(1, &desk, &second)]).await;
        let (monitor, _) = world.monitor("Shop").await;
        let telling = Telling::over(&world);
        first.answers(&[(500, "")]);
        world.outage(monitor).await;
        telling.pass().await;
        world.pass(MINUTE + SECOND);
        telling.pass().await;
        assert_eq!(types(&second), ["Alert"]);
        world.recovery(monitor).await;
        world.pass(10 * SECOND);
        telling.pass().await;
        assert_eq!(types(&second), ["Ok"]);
        assert!(!types(&first).contains(&"Ok".to_owned()), "it never took the beginning");
    }

    async fn an_alert_does_not_wait_for_an_event_that_nobody_takes(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (key, hook) = integration(&world, &receiver, None).await;
        attach(&world, monitor, key).await;
        let draft = SubscriptionDraft {
            name: "Incidents".to_owned(),
            integration: hook,
            events: vec!["incident.incident.created".to_owned()],
            monitors: None,
            enabled: true,
        };
        world.services.save_subscription(OPERATOR, None, &draft).await.unwrap();
        let telling = Telling::over(&world);
        receiver.answers(&[(500, "")]);
        world.outage(monitor).await;
        telling.pass().await;
        let heard = std::mem::take(&mut *receiver.heard.lock().unwrap());
        let alerts = heard.iter().filter(|heard| heard.body["incident_status"] == "ongoing").count();
        assert_eq!((heard.len(), alerts), (2, 1), "{heard:?}");
    }

    async fn who_wants_no_end_hears_none_though_the_monitor_is_removed(world: World) {
        let (quiet, told) = (Receiver::open().await, Receiver::open().await);
        let (monitor, id) = world.monitor("Shop").await;
        let (_, first) = integration(&world, &quiet, None).await;
        let (second, _) = integration(&world, &told, None).await;
        let mut without = level(Condition::Minutes { minutes: 0 }, &first);
        without.targets[0].ok = false;
        define(&world, vec![without]).await;
        attach(&world, monitor, second).await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        world.services.delete_monitor(OPERATOR, &id).await.unwrap();
        telling.pass().await;
        assert_eq!((quiet.statuses(), told.statuses()), (vec!["ongoing".to_owned()], vec!["ongoing".to_owned(), "resolved".to_owned()]));
    }
}

//! Lists of definitions, integrations, tokens and incidents: searched, and shown page by page.

use domain::alert::{DefinitionDraft, Level, LevelTarget};
use domain::form::Form;
use domain::id::{IntegrationId, MonitorId};
use domain::integration::ProviderKind;
use domain::views::console::{DEFINITIONS_PER_PAGE, DeliveryQuery, ListQuery, PER_PAGE, SubscriptionDraft};
use engine::services::ServiceError;

use crate::on_both;
use crate::world::{OPERATOR, VISITOR, World};

fn ask(search: &str, page: u32) -> ListQuery {
    ListQuery { search: search.to_owned(), page }
}

/// Adds an integration that no definition names.
async fn integration(world: &World, kind: ProviderKind, name: &str) -> IntegrationId {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut form = Form::from([pair("name", name), pair("in_default", "false")]);
    match kind {
        ProviderKind::PagerDuty => form.extend([pair("routing_key", "0123456789abcdef0123456789abcdef")]),
        _ => form.extend([pair("url", "http://127.0.0.1:9/")]),
    }
    world.services.add_integration(OPERATOR, kind, &form).await.unwrap()
}

async fn definition(world: &World, name: &str, monitors: &[MonitorId], levels: &[&[&IntegrationId]]) {
    let target = |id: &&IntegrationId| LevelTarget {
        integration: (*id).clone(),
        ok: true,
        reminders: true,
        variables: std::collections::BTreeMap::new(),
    };
    let levels = levels.iter().map(|level| Level::at_once(level.iter().map(target).collect())).collect();
    let draft = DefinitionDraft { name: name.to_owned(), active: true, monitors: monitors.to_vec(), levels };
    world.services.save_definition(OPERATOR, None, &draft).await.unwrap();
}

on_both! {
    async fn definitions_are_searched_and_paged(world: World) {
        world.services.ensure_project().await.unwrap();
        let mut monitors = Vec::new();
        for name in ["zebra", "Apple", "mango", "kiwi", "fig", "date"] {
            monitors.push(world.monitor(name).await.1);
        }
        let (hook, other) = (
            integration(&world, ProviderKind::Webhook, "Hook").await,
            integration(&world, ProviderKind::Webhook, "Other").await,
        );
        definition(&world, "Größe_100%", &monitors, &[&[&hook], &[]]).await;
        for number in 0..DEFINITIONS_PER_PAGE {
            definition(&world, &format!("Team {number:02}"), &monitors[..1], &[&[]]).await;
        }
        let services = &world.services;
        let names = async |search: &str, page: u32| {
            let (list, _) = services.definition_list(OPERATOR, &ask(search, page)).await.unwrap();
            assert_eq!((list.total, list.per_page, list.search.as_str()), (27, DEFINITIONS_PER_PAGE, search));
            (list.found, list.page, list.rows.into_iter().map(|row| row.name).collect::<Vec<_>>())
        };
        let (found, page, first) = names("", 0).await;
        assert_eq!((found, page, first.len(), first[0].as_str(), first[1].as_str()), (27, 1, 25, "Everything", "Größe_100%"));
        let at_end = (27, 2, vec!["Team 23".to_owned(), "Team 24".to_owned()]);
        assert_eq!(names("", 2).await, at_end);
        assert_eq!(names("", 9_000).await, at_end, "behind the last page is the last one");
        for search in ["größe_1", "RÖSSE_1", "0%", "_"] {
            // An ß has no single letter in upper case.
            assert_eq!(names(search, 1).await.0, i64::from(search != "RÖSSE_1"), "{search}");
        }
        assert_eq!(names("GRÖ", 7).await, (1, 1, vec!["Größe_100%".to_owned()]));
        assert_eq!(names("team 1", 1).await.0, 10);
        assert_eq!(names("nobody", 3).await, (0, 1, Vec::new()));

        let (list, told) = services.definition_list(OPERATOR, &ask("größe", 1)).await.unwrap();
        let row = &list.rows[0];
        assert_eq!((row.monitors.join(" "), row.named), ("Apple date fig kiwi".to_owned(), 6));
        assert_eq!(row.levels.iter().map(|level| level.targets.len()).collect::<Vec<_>>(), [1, 0]);
        assert!(told.iter().map(|one| &one.id).eq([&hook]), "{other} is named by nothing here");
        let (list, _) = services.definition_list(OPERATOR, &ask("everything", 1)).await.unwrap();
        assert!(list.rows[0].is_default && list.rows[0].named == 0);
        assert!(matches!(services.definition_list(VISITOR, &ask("", 1)).await, Err(ServiceError::Forbidden)));
    }

    async fn integrations_are_searched_by_name_and_by_type(world: World) {
        let pager = integration(&world, ProviderKind::PagerDuty, "Night shift").await;
        let mut hooks = Vec::new();
        for number in 0..PER_PAGE {
            hooks.push(integration(&world, ProviderKind::Webhook, &format!("Hook {number:02}")).await);
        }
        let (_, monitor) = world.monitor("Shop").await;
        definition(&world, "Team", &[monitor], &[&[&pager, &hooks[0]], &[&pager]]).await;
        let services = &world.services;
        let found = async |search: &str, page: u32| {
            let list = services.integration_list(OPERATOR, &ask(search, page)).await.unwrap();
            assert_eq!((list.total, list.search.as_str()), (51, search));
            (list.found, list.page, list.rows)
        };
        let (count, page, rows) = found("", 1).await;
        assert_eq!((count, page, rows.len(), rows[0].name.as_str(), rows[0].levels), (51, 1, 50, "Hook 00", 1));
        let (_, page, rows) = found("", 3).await;
        assert_eq!((page, rows.len(), rows[0].id.clone(), rows[0].levels), (2, 1, pager.clone(), 2));
        for search in ["NIGHT", " pagerduty ", "ERDU"] {
            let list = services.integration_list(OPERATOR, &ask(search, 1)).await.unwrap();
            assert!(list.rows.iter().map(|row| &row.id).eq([&pager]), "{search}");
        }
        assert_eq!(found("webhook", 1).await.0, 50);
        assert_eq!((found("hook 1", 1).await.0, found("%", 1).await.0), (10, 0));
        services.delete_integration(OPERATOR, &pager).await.unwrap();
        assert_eq!(services.integration_list(OPERATOR, &ask("", 2)).await.unwrap().total, 50);
        assert!(matches!(services.integration_list(VISITOR, &ask("", 1)).await, Err(ServiceError::Forbidden)));
    }

    async fn tokens_are_searched_and_paged(world: World) {
        for number in 0..=PER_PAGE {
            world.services.create_token(OPERATOR, &format!("Job {number:02}")).await.unwrap();
        }
        let services = &world.services;
        let list = services.token_list(OPERATOR, &ask("", 1)).await.unwrap();
        assert_eq!((list.found, list.rows.len(), list.rows[0].name.as_str()), (51, 50, "Job 50"));
        let list = services.token_list(OPERATOR, &ask("", 8)).await.unwrap();
        assert_eq!((list.page, list.rows.len(), list.rows[0].name.as_str()), (2, 1, "Job 00"));
        let list = services.token_list(OPERATOR, &ask("JOB 0", 2)).await.unwrap();
        assert_eq!((list.found, list.total, list.page), (10, 51, 1));
        assert_eq!(services.token_list(OPERATOR, &ask("_", 1)).await.unwrap().found, 0);
        assert!(matches!(services.token_list(VISITOR, &ask("", 1)).await, Err(ServiceError::Forbidden)));
    }

    async fn incidents_are_searched_by_headline_and_by_monitor(world: World) {
        for name in ["Shop", "Mail_100%", "Größe"] {
            let (key, _) = world.monitor(name).await;
            world.outage(key).await;
            if name == "Shop" {
                world.recovery(key).await;
                world.outage(key).await;
            }
        }
        let services = &world.services;
        let found = async |open: Option<bool>, search: &str| {
            let list = services.incident_list(OPERATOR, open, search, 1).await.unwrap();
            assert_eq!((list.open, list.search.as_str()), (3, search), "whatever is searched for");
            assert_eq!(i64::try_from(list.rows.len()).unwrap(), list.found);
            let mut names: Vec<_> = list.rows.into_iter().filter_map(|row| row.monitor_name).collect();
            names.dedup();
            (list.found, names.join(" "))
        };
        let one = |count: i64, name: &str| (count, name.to_owned());
        assert_eq!(found(None, "SHOP").await, one(2, "Shop"));
        assert_eq!(found(Some(true), "shop").await, one(1, "Shop"));
        assert_eq!(found(Some(false), "shop").await, one(1, "Shop"));
        assert_eq!(found(Some(false), "mail").await, one(0, ""));
        assert_eq!(found(None, "l_1").await, one(1, "Mail_100%"));
        assert_eq!(found(None, "GRÖ").await, one(1, "Größe"));
        assert_eq!(found(None, "nothing like it").await, one(0, ""));
        assert_eq!(found(None, "").await.0, 4);
        // The headline stays when the monitor is gone.
        let list = services.incident_list(OPERATOR, Some(true), "mail", 1).await.unwrap();
        services.delete_monitor(OPERATOR, list.rows[0].row.monitor.as_ref().unwrap()).await.unwrap();
        assert_eq!(services.incident_list(OPERATOR, None, "mail", 1).await.unwrap().found, 0);
        let list = services.incident_list(OPERATOR, None, "Monitor is DOWN", 9).await.unwrap();
        assert_eq!((list.found, list.page), (4, 1));
    }

    async fn subscriptions_are_searched_by_their_name_and_by_that_of_the_integration(world: World) {
        let (hook, pager) = (
            integration(&world, ProviderKind::Webhook, "Ticket desk").await,
            integration(&world, ProviderKind::Webhook, "Wall").await,
        );
        for number in 0..=PER_PAGE {
            let integration = if number == 7 { &hook } else { &pager };
            let draft = SubscriptionDraft {
                name: format!("Feed {number:02}"),
                integration: integration.clone(),
                events: vec!["incident.created".to_owned()],
                monitors: None,
                enabled: true,
            };
            world.services.save_subscription(OPERATOR, None, &draft).await.unwrap();
        }
        let services = &world.services;
        let list = services.subscription_list(OPERATOR, &ask("", 9)).await.unwrap();
        assert_eq!((list.found, list.page, list.rows.len(), list.rows[0].name.as_str()), (51, 2, 1, "Feed 50"));
        let list = services.subscription_list(OPERATOR, &ask("DESK", 1)).await.unwrap();
        assert_eq!((list.found, list.total, list.rows[0].name.as_str()), (1, 51, "Feed 07"));
        assert_eq!(services.subscription(OPERATOR, &list.rows[0].id).await.unwrap(), list.rows[0]);
        assert_eq!(services.subscription_list(OPERATOR, &ask("feed 1", 1)).await.unwrap().found, 10);
        assert!(matches!(services.subscription_list(VISITOR, &ask("", 1)).await, Err(ServiceError::Forbidden)));
    }

    async fn the_definitions_of_a_monitor_are_those_that_name_it_or_else_the_default_one(world: World) {
        world.services.ensure_project().await.unwrap();
        let (_, shop) = world.monitor("Shop").await;
        let (_, mail) = world.monitor("Mail").await;
        let hook = integration(&world, ProviderKind::Webhook, "Hook").await;
        let services = &world.services;
        let holding = async |monitor: &MonitorId| {
            let holding = services.definitions_of(OPERATOR, monitor).await.unwrap();
            holding.into_iter().map(|(named, told)| (named.name, told)).collect::<Vec<_>>()
        };
        let told = |name: &str, told: &[&IntegrationId]| (name.to_owned(), told.iter().map(|id| (*id).clone()).collect::<Vec<_>>());
        assert_eq!(holding(&shop).await, [told("Everything", &[])]);
        definition(&world, "zebra", std::slice::from_ref(&shop), &[&[&hook]]).await;
        definition(&world, "Apple", std::slice::from_ref(&shop), &[&[]]).await;
        assert_eq!(holding(&shop).await, [told("Apple", &[]), told("zebra", &[&hook])]);
        assert_eq!(holding(&mail).await, [told("Everything", &[])]);
        // One that names it and rests still keeps the default one away; a level that rests tells nobody.
        for known in services.definitions(OPERATOR).await.unwrap() {
            let mut draft = known.draft;
            match draft.name.as_str() {
                "Apple" => draft.active = false,
                "zebra" => draft.levels.iter_mut().for_each(|level| level.active = false),
                _ => continue,
            }
            services.save_definition(OPERATOR, Some((&known.id, known.version)), &draft).await.unwrap();
        }
        assert_eq!(holding(&shop).await, [told("zebra", &[])]);
        assert!(matches!(services.definitions_of(VISITOR, &shop).await, Err(ServiceError::Forbidden)));
    }

    async fn a_page_behind_the_last_one_is_the_last_one(world: World) {
        let (key, _) = world.monitor("Shop").await;
        world.outage(key).await;
        let list = world.services.incident_list(OPERATOR, None, "", 4_000_000_000).await.unwrap();
        assert_eq!((list.rows.len(), list.page), (1, 1));
        let query = DeliveryQuery { page: 4_000_000_000, ..DeliveryQuery::default() };
        assert_eq!(world.services.deliveries(OPERATOR, &query).await.unwrap().page, 1);
    }
}

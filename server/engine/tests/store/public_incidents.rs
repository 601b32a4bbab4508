//! The incidents of the public page.

use domain::id::MonitorId;
use domain::status_page::{ComponentState, PageState};
use domain::time::{DAY, HOUR, MINUTE, SECOND, Timestamp};
use domain::views::console::ComponentDraft;
use domain::views::public::PAST_DAYS;
use engine::services::ServiceError;
use engine::store;

use crate::on_both;
use crate::public::{component, page, state};
use crate::world::{OPERATOR, VISITOR, World};

on_both! {
    async fn an_incident_of_what_was_said_by_hand_to_be_well_waits_until_the_state_is_released(world: World) {
        let services = &world.services;
        for (name, said) in [("API", ComponentState::UnderMaintenance), ("Shop", ComponentState::Operational)] {
            let (key, id) = world.monitor(name).await;
            let one = component(&world, name, std::slice::from_ref(&id)).await;
            let set = async |state| services.set_state(OPERATOR, &one, state).await.unwrap();
            set(Some(said)).await;
            let calm = page(&world).await.state;
            let incident = world.outage(key).await;
            let history = async || {
                let view = services.history(VISITOR, None, None).await.unwrap();
                view.days[0].incidents.iter().filter(|incident| incident.resolved_at.is_none()).count()
            };
            let overruled = page(&world).await;
            assert_eq!((overruled.state, overruled.incidents.len(), history().await), (calm, 0, 0), "{said:?}");
            assert!(overruled.past.iter().all(|day| !day.ongoing));
            assert_eq!(overruled.overruled.len(), 1);
            let alone = services.incident_page(VISITOR, None, &incident).await.unwrap().incident;
            assert_eq!((alone.impact, &alone), (said, &overruled.overruled[0]), "who has its address finds it");

            set(Some(ComponentState::DegradedPerformance)).await;
            let slow = page(&world).await;
            assert_eq!((slow.state, slow.incidents.len()), (PageState::HasIssues, 1), "{said:?}");
            assert_eq!(slow.incidents[0].impact, ComponentState::DegradedPerformance);
            set(Some(said)).await;
            assert!(page(&world).await.incidents.is_empty());

            set(None).await;
            let released = page(&world).await;
            assert_eq!((released.state, released.incidents.len()), (PageState::HasIssues, 1), "{said:?}");
            assert_eq!((released.overruled.len(), history().await), (0, 1));
            assert_eq!(released.incidents[0].impact, ComponentState::MajorOutage);
            assert!(released.past[0].ongoing);

            // A second component of the same monitor, of which nobody said anything.
            let other = component(&world, "Beside", &[id]).await;
            set(Some(said)).await;
            let beside = page(&world).await;
            assert_eq!((beside.incidents.len(), beside.incidents[0].impact), (1, ComponentState::MajorOutage));
            services.delete_component(OPERATOR, &other).await.unwrap();
            world.recovery(key).await;
            assert_eq!(page(&world).await.overruled.len(), 0);
        }
    }

    async fn an_automatic_incident_shows_names_of_components_only(world: World) {
        let (key, id) = world.monitor("Hidden").await;
        let (alone, _) = world.monitor("Alone").await;
        component(&world, "API", &[id]).await;
        let incident = world.outage(key).await;
        let unrelated = world.outage(alone).await;
        let open = page(&world).await;
        assert_eq!(open.state, PageState::HasIssues);
        assert_eq!(open.incidents.len(), 1, "an incident that touches no component is not on the page");
        let shown = &open.incidents[0];
        assert_eq!((shown.id.clone(), shown.components.clone()), (incident.clone(), vec!["API".to_owned()]));
        assert_eq!(shown.impact, ComponentState::MajorOutage);
        assert!(shown.title.contains("API"), "{}", shown.title);
        assert_eq!(shown.updates.len(), 1);
        let alone = world.services.incident_page(VISITOR, None, &incident).await.unwrap();
        assert_eq!(alone.incident, *shown);
        let hidden = world.services.incident_page(VISITOR, None, &unrelated).await;
        assert!(matches!(hidden, Err(ServiceError::NotFound)));

        world.pass(14 * MINUTE);
        world.recovery(key).await;
        let over = page(&world).await;
        assert_eq!((over.state, over.incidents.len()), (PageState::Up, 0));
        assert_eq!(over.past[0].incidents.len(), 1);
        assert_eq!(over.past[0].date, "2026-03-02");
        assert_eq!(over.past[0].incidents[0].title, "API was not available");
        let history = world.services.history(VISITOR, None, None).await.unwrap();
        for text in [
            serde_json::to_string(&open).unwrap(),
            serde_json::to_string(&over).unwrap(),
            serde_json::to_string(&alone).unwrap(),
            serde_json::to_string(&history).unwrap(),
        ] {
            for secret in ["secret", "Hidden", "hidden", "https://"] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
    }

    async fn the_days_that_an_open_incident_lasts_are_marked_and_no_others(world: World) {
        let (key, id) = world.monitor("One").await;
        component(&world, "API", &[id]).await;
        let days = async || page(&world).await.past.into_iter().map(|day| day.ongoing).collect::<Vec<_>>();
        assert_eq!(days().await, [false; PAST_DAYS]);
        world.outage(key).await;
        assert_eq!(days().await, [true, false, false, false, false, false, false]);
        world.pass(2 * DAY);
        assert_eq!(days().await, [true, true, true, false, false, false, false]);
        world.recovery(key).await;
        let over = page(&world).await;
        assert!(over.past.iter().all(|day| !day.ongoing));
        assert_eq!(over.past[2].incidents.len(), 1, "it stands on the day on which it began");
    }

    async fn a_day_is_covered_by_an_open_incident_that_the_page_has_no_room_for(world: World) {
        const MOST_OPEN: usize = 100;
        let (oldest, id) = world.monitor("Oldest").await;
        let (mut keys, mut ids) = (Vec::new(), vec![id]);
        for _ in 0..MOST_OPEN {
            let (key, id) = world.monitor("Newer").await;
            keys.push(key);
            ids.push(id);
        }
        component(&world, "API", &ids).await;
        world.outage(oldest).await;
        world.pass(2 * DAY);
        for key in keys {
            world.outage(key).await;
        }
        let page = page(&world).await;
        assert_eq!(page.incidents.len(), MOST_OPEN);
        assert!(page.incidents.iter().all(|incident| incident.started_at == world.now()));
        let days: Vec<_> = page.past.iter().map(|day| day.ongoing).collect();
        assert_eq!(days, [true, true, true, false, false, false, false]);
    }

    async fn a_day_with_very_many_incidents_shows_some_and_does_not_hide_the_days_before(world: World) {
        const SHOWN: usize = 20;
        let (key, id) = world.monitor("One").await;
        component(&world, "API", &[id]).await;
        let flap = async |times: usize| {
            for _ in 0..times {
                world.outage(key).await;
                world.pass(SECOND);
                world.recovery(key).await;
            }
        };
        let counts = async || {
            let past = page(&world).await.past;
            past.iter().take(3).map(|day| (day.incidents.len(), day.more)).collect::<Vec<_>>()
        };
        flap(2).await;
        world.pass(DAY);
        flap(SHOWN + 1).await;
        world.pass(DAY);
        assert_eq!(counts().await, [(0, 0), (SHOWN, 1), (2, 0)]);
        // More than are read at once.
        flap(500).await;
        world.outage(key).await;
        assert_eq!(counts().await, [(SHOWN, 500 - SHOWN), (SHOWN, 1), (2, 0)]);
        let history = world.services.history(VISITOR, None, None).await.unwrap();
        let today = &history.days[0];
        assert_eq!((today.incidents.len(), today.more), (SHOWN, 501 - SHOWN), "the open one stands there, too");
        assert!(today.incidents.is_sorted_by(|one, next| one.started_at >= next.started_at));
    }

    async fn a_component_joins_and_leaves_open_incidents_with_its_monitors(world: World) {
        let (key, id) = world.monitor("One").await;
        let api = component(&world, "API", &[]).await;
        world.outage(key).await;
        assert!(page(&world).await.incidents.is_empty());
        let draft = |monitors: &[MonitorId]| ComponentDraft {
            name: "API".to_owned(), monitors: monitors.to_vec(), ..ComponentDraft::default()
        };
        world.services.edit_component(OPERATOR, &api, None, &draft(std::slice::from_ref(&id))).await.unwrap();
        assert_eq!(page(&world).await.incidents.len(), 1);
        world.services.edit_component(OPERATOR, &api, None, &draft(&[])).await.unwrap();
        assert!(page(&world).await.incidents.is_empty());
        world.services.edit_component(OPERATOR, &api, None, &draft(&[id])).await.unwrap();
        world.recovery(key).await;
        world.services.edit_component(OPERATOR, &api, None, &draft(&[])).await.unwrap();
        assert_eq!(page(&world).await.past[0].incidents.len(), 1, "the past stays as it was");
    }

    async fn history_pages_through_months(world: World) {
        let (key, id) = world.monitor("One").await;
        component(&world, "API", &[id]).await;
        world.outage(key).await;
        world.pass(HOUR);
        world.recovery(key).await;
        world.pass(40 * DAY);
        let history = |month: Option<&'static str>| {
            let services = world.services.clone();
            async move { services.history(VISITOR, None, month).await }
        };
        let april = history(None).await.unwrap();
        assert_eq!((april.month.as_str(), april.previous.as_deref(), april.next), ("2026-04", Some("2026-03"), None));
        assert_eq!(april.days.first().map(|day| day.date.as_str()), Some("2026-04-11"));
        let march = history(Some("2026-03")).await.unwrap();
        assert_eq!((march.days.len(), march.previous, march.next.as_deref()), (31, None, Some("2026-04")));
        assert_eq!(march.days.iter().map(|day| day.incidents.len()).sum::<usize>(), 1);
        for month in ["2026-02", "2026-05", "soon"] {
            assert!(matches!(history(Some(month)).await, Err(ServiceError::NotFound)), "{month}");
        }
        assert!(matches!(world.services.page(VISITOR, Some("nowhere")).await, Err(ServiceError::NotFound)));
    }

    async fn an_incident_that_is_closed_by_hand_is_called_solved_only_when_it_is(world: World) {
        let (key, id) = world.monitor("One").await;
        component(&world, "API", &[id]).await;
        let newest = async || {
            let page = page(&world).await;
            page.past[0].incidents[0].updates.iter().max_by_key(|update| update.at).unwrap().body.clone()
        };
        let incident = world.outage(key).await;
        world.pass(MINUTE);
        world.services.resolve(OPERATOR, &incident).await.unwrap();
        assert_eq!(state(&page(&world).await, "API"), ComponentState::MajorOutage);
        assert_eq!(newest().await, "This report was closed; API is not responding as expected yet.");
    }

    async fn deleting_a_monitor_ends_its_incident_and_keeps_it_on_the_page(world: World) {
        let (key, id) = world.monitor("One").await;
        component(&world, "API", std::slice::from_ref(&id)).await;
        world.outage(key).await;
        world.services.delete_monitor(OPERATOR, &id).await.unwrap();
        let page = page(&world).await;
        assert!(page.incidents.is_empty());
        assert_eq!(page.past[0].incidents[0].updates.len(), 2);
        assert_eq!(state(&page, "API"), ComponentState::NoData);
        let mut tx = world.db.read().await.unwrap();
        assert!(store::views::public::pages_of(&mut tx, key).await.unwrap().is_empty());
        assert!(page.at >= Timestamp(0));
    }
}

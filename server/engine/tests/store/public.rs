//! What the public sees, and what it never does.

use domain::health::Settled;
use domain::id::{ComponentId, MonitorId};
use domain::status_page::{ComponentState, PageState};
use domain::time::{DAY, HOUR, MINUTE, SECOND, Timestamp};
use domain::uptime::ResultState;
use domain::views::console::{ComponentDraft, PageDraft, Range};
use domain::views::public::{BAR_DAYS, PAST_DAYS, PageView};
use engine::housekeeping::SETTLED_AFTER;
use engine::services::ServiceError;
use engine::store;
use engine::store::rollups::{self, Tier};

use crate::on_both;
use crate::world::{OPERATOR, START, VISITOR, World, result};

async fn component(world: &World, name: &str, monitors: &[MonitorId]) -> ComponentId {
    world.services.ensure_default_page().await.unwrap();
    let draft = ComponentDraft {
        name: name.to_owned(),
        monitors: monitors.to_vec(),
        show_uptime: true,
        show_latency: true,
        ..ComponentDraft::default()
    };
    world.services.add_component(OPERATOR, &draft).await.unwrap()
}

async fn page(world: &World) -> PageView {
    world.services.page(VISITOR, None).await.unwrap()
}

fn state(page: &PageView, name: &str) -> ComponentState {
    let mut components = page.sections.iter().flat_map(|section| &section.components);
    components.find(|component| component.name == name).unwrap().state
}

on_both! {
    async fn a_component_without_data_is_not_operational_and_changes_nothing(world: World) {
        let (_, pending) = world.monitor("Pending").await;
        let (key, paused) = world.monitor("Paused").await;
        world.settle(key, Settled::Down).await;
        world.services.pause_monitor(OPERATOR, &paused).await.unwrap();
        component(&world, "Empty", &[]).await;
        component(&world, "New", &[pending]).await;
        component(&world, "Stopped", &[paused]).await;
        let page = page(&world).await;
        for name in ["Empty", "New", "Stopped"] {
            assert_eq!(state(&page, name), ComponentState::NoData, "{name}");
        }
        assert_eq!((page.state, page.worst), (PageState::Up, ComponentState::NoData));
        let bar = &page.sections[0].components[0];
        assert_eq!((bar.days.len(), bar.uptime), (BAR_DAYS, None));
        assert!(bar.days.iter().all(|day| day.state == ComponentState::NoData && day.down_minutes == 0));
        assert_eq!(bar.sparkline.as_ref().unwrap().len(), 24);
        assert_eq!(page.past.len(), PAST_DAYS);
    }

    async fn a_component_follows_its_monitors(world: World) {
        let (one, one_id) = world.monitor("One").await;
        let (two, two_id) = world.monitor("Two").await;
        component(&world, "Both", &[one_id.clone(), two_id]).await;
        component(&world, "First", &[one_id]).await;
        world.settle(one, Settled::Up).await;
        world.settle(two, Settled::Up).await;
        assert_eq!(page(&world).await.worst, ComponentState::Operational);
        world.settle(one, Settled::Down).await;
        let partly = page(&world).await;
        assert_eq!(state(&partly, "Both"), ComponentState::PartialOutage);
        assert_eq!(state(&partly, "First"), ComponentState::MajorOutage);
        assert_eq!((partly.state, partly.worst), (PageState::HasIssues, ComponentState::MajorOutage));
        world.settle(one, Settled::Degraded).await;
        assert_eq!(state(&page(&world).await, "Both"), ComponentState::DegradedPerformance);
    }

    async fn a_state_set_by_hand_wins_until_it_is_released(world: World) {
        let (key, id) = world.monitor("One").await;
        world.settle(key, Settled::Down).await;
        let api = component(&world, "API", &[id]).await;
        let services = &world.services;
        services.set_state(OPERATOR, &api, Some(ComponentState::UnderMaintenance)).await.unwrap();
        let by_hand = page(&world).await;
        assert_eq!(state(&by_hand, "API"), ComponentState::UnderMaintenance);
        assert_eq!(by_hand.state, PageState::UnderMaintenance);
        services.set_state(OPERATOR, &api, None).await.unwrap();
        assert_eq!(state(&page(&world).await, "API"), ComponentState::MajorOutage);
    }

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

    async fn days_are_those_of_the_pages_zone(world: World) {
        let (key, id) = world.monitor("One").await;
        component(&world, "API", &[id]).await;
        world.pass(3 * DAY);
        let zone = PageDraft { name: "P".to_owned(), time_zone: "America/New_York".to_owned(), ..PageDraft::default() };
        world.services.save_page(OPERATOR, &zone).await.unwrap();
        // 2026-03-03T02:30Z is still the second of March in New York.
        let at = START.0 + DAY + 2 * HOUR + 30 * MINUTE;
        let mut rows: Vec<_> =
            (0..60).map(|minute| result(key, START.0 + DAY + 12 * HOUR + minute * MINUTE, ResultState::Up, Some(20))).collect();
        rows.push(result(key, at, ResultState::Down, None));
        rows.push(result(key, at + MINUTE, ResultState::Up, Some(10)));
        world.record(&rows).await;
        for rolled in [false, true] {
            if rolled {
                world.keep_house().await;
            }
            let page = page(&world).await;
            let component = &page.sections[0].components[0];
            let second = component.days.iter().find(|day| day.date == "2026-03-02").unwrap();
            assert_eq!((second.state, second.uptime), (ComponentState::MajorOutage, Some(0.5)), "rolled {rolled}");
            assert_eq!(second.down_minutes, 12 * 60, "half of the local day, all of it within the monitor's life");
            let third = component.days.iter().find(|day| day.date == "2026-03-03").unwrap();
            assert_eq!((third.state, third.uptime), (ComponentState::Operational, Some(1.0)));
            let before = component.days.iter().find(|day| day.date == "2026-02-28").unwrap();
            assert_eq!((before.state, before.down_minutes), (ComponentState::NoData, 0));
            assert_eq!(component.uptime, Some(61.0 / 62.0));
            assert_eq!(component.days.last().unwrap().date, "2026-03-04");
        }
    }

    async fn a_component_of_two_monitors_takes_the_mean_and_the_worst(world: World) {
        let (one, one_id) = world.monitor("One").await;
        let (two, two_id) = world.monitor("Two").await;
        component(&world, "API", &[one_id, two_id]).await;
        world.pass(2 * HOUR);
        world.record(&[
            result(one, START.0 + HOUR, ResultState::Down, None),
            result(two, START.0 + HOUR, ResultState::Up, Some(40)),
        ]).await;
        let page = page(&world).await;
        let component = &page.sections[0].components[0];
        let today = component.days.last().unwrap();
        assert_eq!((today.state, today.uptime, today.down_minutes), (ComponentState::MajorOutage, Some(0.5), 60));
        assert_eq!(component.uptime, Some(0.5));
        let spark = component.sparkline.as_ref().unwrap();
        let median = spark[22].unwrap();
        assert!((38_000..42_000).contains(&median), "{spark:?}");
        assert_eq!(spark.iter().flatten().count(), 1);
    }

    async fn an_outage_counts_before_its_bucket_is_rolled_up(world: World) {
        let (key, id) = world.monitor("One").await;
        component(&world, "API", std::slice::from_ref(&id)).await;
        let minutes = |from: i64, until: i64, state| -> Vec<_> {
            (from..until).map(|minute| result(key, START.0 + minute * MINUTE, state, None)).collect()
        };
        // A day and an hour of good results, all of them rolled up, and two minutes of an outage, which are not.
        let good = 25 * 60;
        world.record(&minutes(0, good, ResultState::Up)).await;
        world.pass(good * MINUTE + SETTLED_AFTER);
        world.keep_house().await;
        assert_eq!(page(&world).await.sections[0].components[0].uptime, Some(1.0));
        world.pass(2 * MINUTE - SETTLED_AFTER);
        world.record(&minutes(good, good + 2, ResultState::Down)).await;
        world.settle(key, Settled::Down).await;
        world.keep_house().await;
        let mut tx = world.db.read().await.unwrap();
        let progress = rollups::progress(&mut tx).await.unwrap();
        drop(tx);
        assert_eq!(progress.until(Tier::FiveMinutes), Some(Timestamp(START.0 + good * MINUTE)));

        let page = page(&world).await;
        let shown = &page.sections[0].components[0];
        assert_eq!(shown.uptime, Some(1_500.0 / 1_502.0));
        let today = shown.days.last().unwrap();
        assert_eq!((today.uptime, today.state), (Some(60.0 / 62.0), ComponentState::PartialOutage));
        assert_eq!(today.down_minutes, 2);
        // What the page is made of while somebody looks at it.
        let now = world.services.page_now(VISITOR, None).await.unwrap();
        let counted = &now.sections[0].components[0].counted;
        assert_eq!(counted[0].today, shown.counted[0].today);
        assert_eq!((counted[0].today.up, counted[0].today.down), (60, 2));
        assert_eq!(shown.counted[0].before.up, 1_440);
        // And the console.
        let detail = world.services.monitor(OPERATOR, &id, Range::Day).await.unwrap();
        assert_eq!(detail.uptimes[0], Some(1_438.0 / 1_440.0));
        assert_eq!(detail.row.uptime_day, detail.uptimes[0]);
        let overview = world.services.overview(OPERATOR).await.unwrap();
        assert_eq!(overview.broken[0].uptime_day, detail.uptimes[0]);
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

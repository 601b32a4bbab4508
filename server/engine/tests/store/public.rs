//! What the public sees, and what it never does.

use domain::health::{Finding, Settled, State, Streak};
use domain::id::{ComponentId, MonitorId, MonitorKey};
use domain::status_page::{ComponentState, PageState};
use domain::time::{DAY, HOUR, MINUTE, Timestamp};
use domain::uptime::ResultState;
use domain::views::console::{ComponentDraft, EditorQuery, PageDraft, Range};
use domain::views::public::{BAR_DAYS, PAST_DAYS, PageView};
use engine::housekeeping::SETTLED_AFTER;
use engine::store;
use engine::store::rollups::{self, Tier};

use crate::on_both;
use crate::world::{OPERATOR, START, VISITOR, World, result};

pub(crate) async fn component(world: &World, name: &str, monitors: &[MonitorId]) -> ComponentId {
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

pub(crate) async fn page(world: &World) -> PageView {
    world.services.page(VISITOR, None).await.unwrap()
}

pub(crate) fn state(page: &PageView, name: &str) -> ComponentState {
    let mut components = page.sections.iter().flat_map(|section| &section.components);
    components.find(|component| component.name == name).unwrap().state
}

/// A failure that is not confirmed yet.
async fn fails_once(world: &World, key: MonitorKey) {
    let mut tx = world.db.write().await.unwrap();
    let mut kept = store::health::get(&mut tx, key).await.unwrap().unwrap();
    kept.health.streak = Some(Streak { toward: Finding::Down, count: 1, since: world.now() });
    assert_eq!(kept.health.state(false), State::Confirming);
    assert!(store::health::update(&mut tx, &kept).await.unwrap());
    tx.commit().await.unwrap();
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

    async fn while_a_failure_is_confirmed_a_component_stays_as_it_was(world: World) {
        let (key, id) = world.monitor("One").await;
        component(&world, "Shop", &[id]).await;
        let settled = [
            (Settled::Pending, ComponentState::NoData),
            (Settled::Degraded, ComponentState::DegradedPerformance),
            (Settled::Up, ComponentState::Operational),
        ];
        for (settled, shown) in settled {
            world.settle(key, settled).await;
            fails_once(&world, key).await;
            assert_eq!(state(&page(&world).await, "Shop"), shown, "{settled:?}");
            let editor = world.services.page_editor(OPERATOR, &EditorQuery::default()).await.unwrap();
            assert_eq!(editor.state, shown, "{settled:?}");
        }
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
}

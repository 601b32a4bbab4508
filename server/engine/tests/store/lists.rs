//! What the console shows and does.

use domain::check::{Blindness, CheckKind, Outcome};
use domain::event::Event;
use domain::form::Form;
use domain::health::{Settled, State};
use domain::incident::IncidentPhase;
use domain::monitor_form;
use domain::person::Viewer;
use domain::time::{DAY, MINUTE, Timestamp};
use domain::uptime::ResultState;
use domain::views::console::{MonitorQuery, MonitorSort, Range};
use domain::views::public::PageView;
use engine::services::ServiceError;
use engine::services::push::Beat;
use engine::store;

use crate::on_both;
use crate::world::{OPERATOR, START, VISITOR, World, days_of_results, result};

fn form(name: &str, url: &str) -> Form {
    let mut form = monitor_form::empty_form(CheckKind::Http);
    form.insert("name".to_owned(), name.to_owned());
    form.insert("url".to_owned(), url.to_owned());
    form
}

async fn names(world: &World, query: MonitorQuery) -> Vec<String> {
    let list = world.services.monitors(OPERATOR, &query).await.unwrap();
    assert!(list.found >= i64::try_from(list.rows.len()).unwrap());
    list.rows.into_iter().map(|row| row.name).collect()
}

on_both! {
    async fn a_list_is_searched_filtered_sorted_and_paged(world: World) {
        for name in ["zebra", "Apple", "mango_100%"] {
            world.monitor(name).await;
        }
        let (down, _) = world.monitor("Kiwi").await;
        world.settle(down, Settled::Down).await;
        world.push_monitor("Backup").await;
        let query = MonitorQuery::default;
        assert_eq!(names(&world, query()).await, ["Kiwi", "Apple", "Backup", "mango_100%", "zebra"]);
        let by_name = MonitorQuery { sort: MonitorSort::Name, ..query() };
        assert_eq!(names(&world, by_name.clone()).await, ["Apple", "Backup", "Kiwi", "mango_100%", "zebra"]);
        assert_eq!(names(&world, MonitorQuery { sort: MonitorSort::Newest, ..query() }).await[0], "Backup");
        assert_eq!(names(&world, MonitorQuery { search: "APP".to_owned(), ..query() }).await, ["Apple"]);
        assert_eq!(names(&world, MonitorQuery { search: "kiwi.secret.test".to_owned(), ..query() }).await, ["Kiwi"]);
        assert_eq!(names(&world, MonitorQuery { search: "_".to_owned(), ..query() }).await, ["mango_100%"]);
        assert!(names(&world, MonitorQuery { search: "%!".to_owned(), ..query() }).await.is_empty());
        assert_eq!(names(&world, MonitorQuery { state: Some(State::Down), ..query() }).await, ["Kiwi"]);
        assert_eq!(names(&world, MonitorQuery { kind: Some(CheckKind::Push), ..query() }).await, ["Backup"]);

        let page = |page| MonitorQuery { page, per_page: 2, ..by_name.clone() };
        let second = world.services.monitors(OPERATOR, &page(2)).await.unwrap();
        assert_eq!((second.page, second.per_page, second.found, second.rows.len()), (2, 2, 5, 2));
        assert_eq!(second.rows[0].name, "Kiwi");
        assert_eq!((second.counts.down, second.counts.pending, second.counts.total()), (1, 4, 5));
        let behind = world.services.monitors(OPERATOR, &page(99)).await.unwrap();
        assert_eq!((behind.page, behind.rows[0].name.as_str()), (3, "zebra"));
        assert!(matches!(world.services.monitors(VISITOR, &query()).await, Err(ServiceError::Forbidden)));
    }

    async fn a_search_takes_both_cases_of_every_alphabet_for_the_same(world: World) {
        for name in ["Größe ÄÖÜ", "ПОЧТА", "Οδός", "İstanbul", "東京", "Groesse"] {
            world.monitor(name).await;
        }
        for (search, found) in [
            ("ÄÖÜ", "Größe ÄÖÜ"),
            ("äöü", "Größe ÄÖÜ"),
            ("GRÖẞE äÖü", "Größe ÄÖÜ"),
            ("почта", "ПОЧТА"),
            ("Почта", "ПОЧТА"),
            ("ΟΔΌΣ", "Οδός"),
            ("istan", "İstanbul"),
            ("İSTAN", "İstanbul"),
            ("東", "東京"),
        ] {
            let query = MonitorQuery { search: search.to_owned(), ..MonitorQuery::default() };
            assert_eq!(names(&world, query).await, [found], "{search}");
            let (page, count) = world.services.program_monitors(OPERATOR, search, true, 1, 10).await.unwrap();
            assert_eq!((page.len(), count, page[0].row.name.as_str()), (1, 1, found), "{search}");
        }
        for search in ["grösse", "Å", "почт_", "ÄÖÜ%"] {
            let query = MonitorQuery { search: search.to_owned(), ..MonitorQuery::default() };
            assert!(names(&world, query).await.is_empty(), "{search}");
        }
        // An alphabet of letters.
        let all: String = ('а'..='я').chain('α'..='ω').chain('à'..='ö').collect();
        let query = MonitorQuery { search: all, ..MonitorQuery::default() };
        assert!(names(&world, query).await.is_empty());
    }

    async fn a_row_has_the_figures_of_the_last_day(world: World) {
        let (key, id) = world.monitor("Shop").await;
        world.pass(DAY);
        let now = world.now();
        let rows = [
            result(key, now.0 - DAY - MINUTE, ResultState::Down, None),
            result(key, now.0 - 20 * MINUTE, ResultState::Up, Some(10)),
            result(key, now.0 - 10 * MINUTE, ResultState::Up, Some(30)),
            result(key, now.0 - MINUTE, ResultState::Down, None),
        ];
        world.record(&rows).await;
        world.settle(key, Settled::Down).await;
        let row = world.services.monitor_row(OPERATOR, key).await.unwrap().unwrap();
        assert_eq!((&row.id, row.state, row.since), (&id, State::Down, Some(now)));
        assert_eq!(row.reason.as_deref(), Some("secret reason"));
        assert_eq!((row.checked_at, row.latency_us), (Some(Timestamp(now.0 - MINUTE)), None));
        assert_eq!(row.uptime_day, Some(2.0 / 3.0));
        assert_eq!((row.spark.len(), row.spark[46], row.spark[47]), (48, Some(20_000), None));
        assert!(world.services.monitor_row(OPERATOR, domain::id::MonitorKey(404)).await.unwrap().is_none());
    }

    async fn a_detail_holds_charts_figures_and_history(world: World) {
        let (key, id) = world.monitor("Shop").await;
        world.record(&days_of_results(key, 2, 60_000)).await;
        world.pass(2 * DAY);
        world.keep_house().await;
        world.outage(key).await;
        let mut tx = world.db.write().await.unwrap();
        let facts = store::facts::Facts { status: Some(503), certificate_until: Some(Timestamp(world.now().0 + 9 * DAY)) };
        store::facts::put_all(&mut tx, &[(key, facts)]).await.unwrap();
        let change = Event::StateChanged {
            monitor: key, id: id.clone(), from: State::Up, to: State::Down, change: None, reason: Some("why".to_owned()),
        };
        store::events::append(&mut tx, world.now(), &[change]).await.unwrap();
        tx.commit().await.unwrap();
        for range in Range::ALL {
            let detail = world.services.monitor(OPERATOR, &id, range).await.unwrap();
            assert!(detail.chart.len() <= 300, "{range:?}");
            assert!(detail.chart.iter().any(|point| point.latency_us.is_some()), "{range:?}");
            assert!(detail.figures.uptime.is_some() && detail.figures.p95_us.is_some());
            assert_eq!(detail.certificate_days, Some(9));
            assert_eq!((detail.beats.len(), detail.incidents.len(), detail.feed.len()), (90, 1, 1));
            assert_eq!(detail.feed[0].text, "why");
            assert!(detail.beats[0].at < detail.beats[89].at);
            assert_eq!(detail.heartbeat, None);
            assert_eq!(detail.timeout_ms, 10_000);
            assert_eq!(detail.uptimes.iter().flatten().count(), 4);
        }
        let metrics = world.services.metrics_rows(OPERATOR).await.unwrap();
        assert_eq!((metrics[0].state, metrics[0].status), (State::Down, Some(503)));
        let (_, push) = world.push_monitor("Backup").await;
        let detail = world.services.monitor(OPERATOR, &push, Range::Day).await.unwrap();
        assert!(detail.heartbeat.unwrap().path.starts_with("/api/push/"));
    }

    async fn what_checks_found_is_counted_over_days(world: World) {
        let (key, id) = world.monitor("Shop").await;
        let (paused, paused_id) = world.monitor("Old").await;
        world.pass(3 * DAY);
        let now = world.now();
        let down = |days: i64| result(key, now.0 - days * DAY - MINUTE, ResultState::Down, None);
        let up = result(key, now.0 - MINUTE, ResultState::Up, Some(10));
        world.record(&[down(2), down(1), up, result(paused, now.0 - MINUTE, ResultState::Up, Some(10))]).await;
        world.services.pause_monitor(OPERATOR, &paused_id).await.unwrap();
        world.keep_house().await;
        for (days, share) in [(1, 1.0), (2, 1.0), (3, 0.5), (365, 1.0 / 3.0)] {
            let counts = world.services.counts_of_days(OPERATOR, days).await.unwrap();
            assert_eq!((counts.len(), counts[&id].uptime()), (1, Some(share)), "{days} days");
        }
    }

    async fn incidents_of_monitors_of_one_name_are_told_apart(world: World) {
        for name in ["Shop", "Shop", "Mail"] {
            let (key, _) = world.monitor(name).await;
            world.outage(key).await;
        }
        let list = world.services.incident_list(OPERATOR, None, "", 1).await.unwrap();
        let mut about: Vec<_> = list.rows.iter().map(|row| row.about.as_deref()).collect();
        about.sort_unstable();
        assert_eq!(about, [None, Some("HTTP(S) · https://shop.secret.test/"), Some("HTTP(S) · https://shop.secret.test/")]);
    }

    async fn the_overview_says_what_is_broken_now(world: World) {
        let (shop, id) = world.monitor("Shop").await;
        world.monitor("Mail").await;
        world.outage(shop).await;
        world.record(&[result(shop, world.now().0, ResultState::Down, None)]).await;
        let mut tx = world.db.write().await.unwrap();
        let change = Event::StateChanged {
            monitor: shop, id, from: State::Pending, to: State::Down, change: None, reason: None,
        };
        store::events::append(&mut tx, world.now(), &[change]).await.unwrap();
        tx.commit().await.unwrap();
        let overview = world.services.overview(OPERATOR).await.unwrap();
        assert_eq!((overview.broken.len(), overview.incidents.len(), overview.feed.len()), (1, 1, 1));
        assert_eq!((overview.counts.down, overview.counts.pending), (1, 1));
        assert_eq!(overview.incidents[0].reason.as_deref(), Some("secret reason"));
        assert_eq!(overview.system.checks_per_minute, 1);
        assert!(overview.system.database_bytes > 0);
        assert_eq!(overview.seq, world.events().await.last().unwrap().seq);
        assert_eq!(world.services.counts(OPERATOR).await.unwrap(), overview.counts);
        assert!(matches!(world.services.overview(VISITOR).await, Err(ServiceError::Forbidden)));
    }

    async fn a_monitor_is_added_edited_and_deleted_by_forms(world: World) {
        let services = &world.services;
        let mut new = form("", "https://example.org/");
        new.insert("auth".to_owned(), "basic".to_owned());
        new.insert("username".to_owned(), "ada".to_owned());
        new.insert("password".to_owned(), "hunter2".to_owned());
        let id = services.add_monitor(OPERATOR, &new).await.unwrap();
        let filled = services.monitor_form(OPERATOR, Some(&id), CheckKind::Tcp).await.unwrap();
        assert_eq!((filled.kind, filled.version, filled.values["name"].as_str()), (CheckKind::Http, 1, "example.org"));
        assert!(!filled.values.values().any(|value| value.contains("hunter2")), "secrets are not sent back");
        let mut edited = filled.values.clone();
        edited.insert("name".to_owned(), "Renamed".to_owned());
        services.edit_monitor(OPERATOR, &id, 1, &edited).await.unwrap();
        let old = services.edit_monitor(OPERATOR, &id, 1, &edited).await;
        assert!(matches!(old, Err(ServiceError::Conflict(_))));
        let mut tx = world.db.read().await.unwrap();
        let monitor = store::monitors::by_id(&mut tx, &id).await.unwrap().unwrap();
        drop(tx);
        assert_eq!((monitor.draft.name.as_str(), monitor.version), ("Renamed", 2));
        assert!(format!("{:?}", monitor.draft.settings.secrets()).len() > 2, "the password stayed");
        assert_eq!(monitor.draft.settings.secrets()[0].expose(), "hunter2");
        let wrong = services.add_monitor(OPERATOR, &form("", "")).await;
        assert!(matches!(wrong, Err(ServiceError::Invalid(errors)) if errors[0].field == "url"));
        services.delete_monitor(OPERATOR, &id).await.unwrap();
        assert!(matches!(services.delete_monitor(OPERATOR, &id).await, Err(ServiceError::NotFound)));
        let saved = world.events().await.into_iter().filter(|event| event.event.monitor() == Some(monitor.key)).count();
        assert_eq!(saved, 3);
        assert!(matches!(services.add_monitor(VISITOR, &new).await, Err(ServiceError::Forbidden)));
    }

    async fn turning_a_monitor_into_a_push_monitor_gives_it_an_address_of_its_own(world: World) {
        let id = world.services.add_monitor(OPERATOR, &form("Job", "https://example.org/")).await.unwrap();
        let mut push = monitor_form::empty_form(CheckKind::Push);
        push.insert("name".to_owned(), "Job".to_owned());
        world.services.edit_monitor(OPERATOR, &id, 1, &push).await.unwrap();
        let path = world.services.monitor(OPERATOR, &id, Range::Day).await.unwrap().heartbeat;
        world.services.edit_monitor(OPERATOR, &id, 2, &push).await.unwrap();
        assert_eq!(world.services.monitor(OPERATOR, &id, Range::Day).await.unwrap().heartbeat, path);
        let old = path.unwrap();
        assert_eq!((old.crontab.as_deref(), old.due_at, old.grace_s), (Some("0 * * * *"), None, 300));
        let token = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        world.services.push(&token(&old.path), Beat::Success { latency_us: None, message: String::new() }).await.unwrap();
        let called = world.services.monitor(OPERATOR, &id, Range::Day).await.unwrap().heartbeat.unwrap();
        assert_eq!(called.due_at, Some(Timestamp(world.clock.now().0 + 3_600_000)));

        world.services.renew_heartbeat(OPERATOR, &id).await.unwrap();
        let new = world.services.monitor(OPERATOR, &id, Range::Day).await.unwrap().heartbeat.unwrap();
        assert!(new.path != old.path && new.due_at == called.due_at, "the history stays");
        assert!(!world.services.is_push_token(&token(&old.path)).await.unwrap(), "whoever knew it");
        assert!(world.services.is_push_token(&token(&new.path)).await.unwrap());
        let report = world.services.try_form(OPERATOR, None, &push).await.unwrap();
        assert_eq!(report.outcome, Outcome::Unknown { why: Blindness::NotPolled });
        let report = world.services.test_now(OPERATOR, &id).await.unwrap();
        assert_eq!(report.outcome, Outcome::Unknown { why: Blindness::NotPolled });
    }

    async fn a_trial_is_judged_by_the_limit_of_the_form(world: World) {
        let slow = crate::receiver::slow_page(40).await;
        let mut asked = form("Shop", &slow);
        asked.insert("degraded_above".to_owned(), "20".to_owned());
        let report = world.services.try_form(OPERATOR, None, &asked).await.unwrap();
        assert!(matches!(report.outcome, Outcome::Degraded { .. }), "{report:?}");
        let id = world.services.add_monitor(OPERATOR, &asked).await.unwrap();
        let report = world.services.test_now(OPERATOR, &id).await.unwrap();
        assert!(matches!(report.outcome, Outcome::Degraded { .. }), "{report:?}");
        asked.insert("degraded_above".to_owned(), "30000".to_owned());
        let report = world.services.try_form(OPERATOR, None, &asked).await.unwrap();
        assert_eq!(report.outcome, Outcome::Up);
    }

    async fn pausing_ends_the_open_incident_and_a_resumed_monitor_starts_afresh(world: World) {
        let (key, id) = world.monitor("Shop").await;
        world.outage(key).await;
        world.services.pause_monitor(OPERATOR, &id).await.unwrap();
        world.services.pause_monitor(OPERATOR, &id).await.unwrap();
        let row = world.services.monitor_row(OPERATOR, key).await.unwrap().unwrap();
        assert_eq!((row.state, row.reason), (State::Paused, None));
        let detail = world.services.monitor(OPERATOR, &id, Range::Day).await.unwrap();
        assert_eq!(detail.incidents[0].phase, IncidentPhase::Resolved);
        let resolved = world.events().await.into_iter().filter(|event| event.event.kind() == "incident_resolved").count();
        assert_eq!(resolved, 1);
        world.services.resume_monitor(OPERATOR, &id).await.unwrap();
        let row = world.services.monitor_row(OPERATOR, key).await.unwrap().unwrap();
        assert_eq!(row.state, State::Pending, "a next failure must be able to open an incident");
    }

    async fn pasted_addresses_become_monitors_with_components(world: World) {
        let lines = ["https://example.org/shop", "  ", "db.example.org:5432", " https://example.org/shop"];
        let ids = world.services.add_addresses(OPERATOR, &lines.map(str::to_owned)).await.unwrap();
        assert_eq!(ids.len(), 2, "a line counts once");
        let page = world.services.page(VISITOR, None).await.unwrap();
        assert_eq!(page.sections.len(), 1);
        let names = |page: &PageView| {
            page.sections[0].components.iter().map(|component| component.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&page), ["example.org", "db.example.org"], "the public reads no address");
        let more = ["https://example.org/mail?token=1", "http://10.0.0.7:8080/health"].map(str::to_owned);
        world.services.add_addresses(OPERATOR, &more).await.unwrap();
        let page = world.services.page(VISITOR, None).await.unwrap();
        assert_eq!(names(&page), ["example.org", "db.example.org", "example.org/mail", "Website 1"]);
        let ids: Vec<_> = page.sections[0].components.iter().map(|component| component.id.clone()).collect();
        let rename = |id: usize, name: &str| (ids[id].clone(), name.to_owned());
        world.services.rename_components(OPERATOR, &[rename(0, " Shop "), rename(3, "Portal")]).await.unwrap();
        let page = world.services.page(VISITOR, None).await.unwrap();
        assert_eq!(names(&page), ["Shop", "db.example.org", "example.org/mail", "Portal"]);
        let refused = world.services.rename_components(OPERATOR, &[rename(0, "Store"), rename(1, " ")]).await;
        let Err(ServiceError::Invalid(errors)) = refused else { panic!("{refused:?}") };
        assert_eq!(errors[0].field, ids[1].as_str());
        let page = world.services.page(VISITOR, None).await.unwrap();
        assert_eq!(names(&page)[0], "Shop", "all or none");
        let stranger = world.services.rename_components(VISITOR, &[rename(0, "Mine")]).await;
        assert!(matches!(stranger, Err(ServiceError::Forbidden)));
        let none = world.services.add_addresses(OPERATOR, &["!!".to_owned()]).await;
        assert!(matches!(none, Err(ServiceError::Invalid(_))));
        let tried = world.services.try_address(OPERATOR, "what is this?").await.unwrap();
        assert!(tried.kind.is_none() && !tried.text.is_empty() && tried.report.is_none());
        assert!(matches!(world.services.try_address(&Viewer::Anonymous, "x").await, Err(ServiceError::Forbidden)));
        assert!(world.now() == START);
    }

    async fn addresses_are_added_all_or_none(world: World) {
        world.services.ensure_default_page().await.unwrap();
        let refused = async |lines: &[String]| {
            let refused = world.services.add_addresses(OPERATOR, lines).await;
            let Err(ServiceError::Invalid(errors)) = refused else { panic!("{refused:?}") };
            assert_eq!((errors.len(), errors[0].field.as_str()), (1, "address"));
            let page = world.services.page(VISITOR, None).await.unwrap();
            assert!(page.sections.iter().all(|section| section.components.is_empty()));
            errors[0].message.clone()
        };
        let lines = ["https://example.org/shop", "not an address!", "gopher://a.example", "b.example"].map(str::to_owned);
        let message = refused(&lines).await;
        let told: Vec<_> = message.lines().collect();
        assert_eq!((told.len(), told[0]), (3, "2 lines cannot be read:"));
        assert!(told[1].contains("not an address!") && told[2].starts_with("“gopher://"), "{message}");
        let message = refused(&lines[..2]).await;
        assert!(message.contains("not an address!") && !message.contains('\n'), "{message}");
        let many: Vec<_> = (0..51).map(|number| format!("{number}.example")).collect();
        assert!(refused(&many).await.contains("51 addresses"));
        let tried = world.services.try_addresses(OPERATOR, &many).await;
        assert!(matches!(tried, Err(ServiceError::Invalid(_))));
        let twice: Vec<_> = many[..50].iter().chain(&many[..50]).cloned().collect();
        assert_eq!(world.services.add_addresses(OPERATOR, &twice).await.unwrap().len(), 50);
    }
}

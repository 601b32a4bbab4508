//! Every statement that no other file here runs, on both databases.

use domain::check::{CheckReport, Failure, Outcome, Phase};
use domain::id::{AccountId, IncidentId, MonitorId, MonitorKey};
use domain::time::{DAY, Timestamp};
use domain::uptime::ResultState;
use domain::views::console::MonitorQuery;
use engine::store::pushes::PushRow;
use engine::store::sessions::SessionRow;
use engine::store::{self, StoreError};

use crate::on_both;
use crate::world::{START, World, result};

on_both! {
    async fn accounts_are_found_by_address_and_by_key(world: World) {
        let id = AccountId::new([1; 13]);
        let mut tx = world.db.write().await.unwrap();
        assert_eq!(store::accounts::count(&mut tx).await.unwrap(), 0);
        let key = store::accounts::insert(&mut tx, &id, "ada@example.org", "Ada", "hash", START).await.unwrap();
        store::accounts::set_password(&mut tx, key, "other", START).await.unwrap();
        store::accounts::rename(&mut tx, key, "Ada L.", START).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = world.db.write().await.unwrap();
        assert_eq!(store::accounts::count(&mut tx).await.unwrap(), 1);
        let by_key = store::accounts::by_key(&mut tx, key).await.unwrap().unwrap();
        let by_email = store::accounts::by_email(&mut tx, "ada@example.org").await.unwrap().unwrap();
        assert_eq!(by_key.account, by_email.account);
        assert_eq!((by_key.password_hash.as_str(), by_key.account.name.as_str()), ("other", "Ada L."));
        assert!(store::accounts::by_email(&mut tx, "eve@example.org").await.unwrap().is_none());
        let again = store::accounts::insert(&mut tx, &AccountId::new([2; 13]), "ada@example.org", "A", "h", START).await;
        assert!(again.unwrap_err().is_conflict());
    }

    async fn sessions_end(world: World) {
        let mut tx = world.db.write().await.unwrap();
        let account = store::accounts::insert(&mut tx, &AccountId::new([1; 13]), "a@b", "A", "h", START).await.unwrap();
        let session = |id: &str, expires_at| SessionRow {
            id: id.to_owned(),
            account_id: Some(account.0),
            data: b"{}".to_vec(),
            expires_at,
        };
        for (id, expires_at) in [("one", START.0 + 10), ("two", START.0 + 20), ("three", START.0 + 30)] {
            assert!(store::sessions::create(&mut tx, &session(id, expires_at)).await.unwrap());
        }
        assert!(!store::sessions::create(&mut tx, &session("one", 0)).await.unwrap());
        store::sessions::save(&mut tx, &session("one", START.0 + 40)).await.unwrap();
        let load = store::sessions::load(&mut tx, "one", Timestamp(START.0 + 30)).await.unwrap();
        assert_eq!(load, Some(session("one", START.0 + 40)));
        store::sessions::delete_expired(&mut tx, Timestamp(START.0 + 20)).await.unwrap();
        assert_eq!(store::sessions::load(&mut tx, "two", START).await.unwrap(), None);
        store::sessions::delete_others(&mut tx, account, Some("three")).await.unwrap();
        assert_eq!(store::sessions::load(&mut tx, "one", START).await.unwrap(), None);
        store::sessions::delete(&mut tx, "three").await.unwrap();
        assert_eq!(store::sessions::load(&mut tx, "three", START).await.unwrap(), None);
        tx.commit().await.unwrap();
    }

    async fn settings_are_values_by_name(world: World) {
        let mut tx = world.db.write().await.unwrap();
        store::settings::put(&mut tx, "a", "1").await.unwrap();
        store::settings::put(&mut tx, "a", "2").await.unwrap();
        assert_eq!(store::settings::get(&mut tx, "a").await.unwrap().as_deref(), Some("2"));
        store::settings::remove(&mut tx, "a").await.unwrap();
        assert_eq!(store::settings::get(&mut tx, "a").await.unwrap(), None);
    }

    async fn monitors_survive_the_way_into_the_database_and_back(world: World) {
        let (key, id) = world.monitor("Shop").await;
        let (push, _) = world.push_monitor("Backup").await;
        let mut tx = world.db.write().await.unwrap();
        let monitor = store::monitors::by_id(&mut tx, &id).await.unwrap().unwrap();
        assert_eq!(Some(&monitor), store::monitors::by_key(&mut tx, key).await.unwrap().as_ref());
        assert_eq!((monitor.version, monitor.paused, monitor.created_at), (1, false, START));
        let page = store::monitors::page(&mut tx, MonitorKey(0), 10).await.unwrap();
        let page: Vec<_> = page.into_iter().map(|monitor| monitor.unwrap().key).collect();
        assert_eq!(page, [key, push]);
        let token = store::monitors::by_key(&mut tx, push).await.unwrap().unwrap().push_token.unwrap();
        assert_eq!(store::monitors::by_push_token(&mut tx, &token).await.unwrap().unwrap().key, push);
        let healths = store::health::page(&mut tx, MonitorKey(0), 10).await.unwrap();
        assert_eq!(healths.len(), 2);
        assert!(store::monitors::set_paused(&mut tx, key, true, START).await.unwrap());
        assert!(!store::monitors::set_paused(&mut tx, key, true, START).await.unwrap(), "it is paused already");
        assert!(store::monitors::delete(&mut tx, key).await.unwrap());
        assert!(!store::monitors::delete(&mut tx, key).await.unwrap());
        assert!(store::health::get(&mut tx, key).await.unwrap().is_none());
    }

    async fn a_text_with_a_nul_in_it_is_the_name_of_nothing(world: World) {
        let (key, id) = world.monitor("Shop").await;
        let mut tx = world.db.read().await.unwrap();
        assert_eq!(store::monitors::key_of(&mut tx, &id).await.unwrap(), Some(key));
        assert_eq!(store::monitors::key_of(&mut tx, &MonitorId::new([9; 13])).await.unwrap(), None);
        assert!(store::monitors::by_push_token(&mut tx, "a\0b").await.unwrap().is_none());
        assert!(store::accounts::by_email(&mut tx, "ada\0@example.org").await.unwrap().is_none());
        assert!(store::pages::by_slug(&mut tx, "main\0").await.unwrap().is_none());
        assert!(store::pages::logo(&mut tx, "main\0").await.unwrap().is_none());
        let query = MonitorQuery { search: "sh\0op".to_owned(), ..MonitorQuery::default() };
        assert_eq!(store::views::monitors::found(&mut tx, &query).await.unwrap(), 1);
    }

    async fn heartbeats_keep_the_last_word(world: World) {
        let (key, _) = world.push_monitor("Backup").await;
        let mut tx = world.db.write().await.unwrap();
        store::pushes::restart(&mut tx, key, START).await.unwrap();
        assert_eq!(store::pushes::get(&mut tx, key).await.unwrap(), None, "it waits for its first");
        let row = PushRow { at: 5, started_at: Some(4), failed: true, message: "exit 1".to_owned(), unseen: None };
        store::pushes::put(&mut tx, key, &row).await.unwrap();
        assert_eq!(store::pushes::get(&mut tx, key).await.unwrap(), Some(row));
        store::pushes::restart(&mut tx, key, START).await.unwrap();
        let row = store::pushes::get(&mut tx, key).await.unwrap().unwrap();
        assert_eq!((row.at, row.started_at), (START.0, None));
        let row = PushRow { at: 5, started_at: None, message: "exit 1".to_owned(), unseen: Some(3), ..row };
        store::pushes::put(&mut tx, key, &row).await.unwrap();
        assert_eq!(store::pushes::get(&mut tx, key).await.unwrap(), Some(row.clone()));
        assert!(!store::pushes::see(&mut tx, key, 4).await.unwrap());
        assert!(store::pushes::see(&mut tx, key, 3).await.unwrap());
        assert!(!store::pushes::see(&mut tx, key, 3).await.unwrap(), "once");
        assert_eq!(store::pushes::get(&mut tx, key).await.unwrap(), Some(PushRow { unseen: None, ..row }));
    }

    async fn results_are_recorded_once_a_slot(world: World) {
        let (key, _) = world.monitor("Shop").await;
        world.record(&[result(key, 10, ResultState::Up, Some(5)), result(key, 20, ResultState::Confirming, None)]).await;
        world.record(&[result(key, 10, ResultState::Down, None)]).await;
        let mut tx = world.db.write().await.unwrap();
        let all = store::results::between(&mut tx, key, Timestamp(0), Timestamp(30)).await.unwrap();
        assert_eq!(all, [result(key, 10, ResultState::Up, Some(5)), result(key, 20, ResultState::Confirming, None)]);
        let times = store::results::confirm_down(&mut tx, key, Timestamp(15)).await.unwrap();
        assert_eq!(times, [Timestamp(20)]);
        let latest = store::results::latest(&mut tx, key, 1).await.unwrap();
        assert_eq!((latest[0].at, latest[0].state), (Timestamp(20), ResultState::Down));
    }

    async fn more_results_than_fit_into_a_statement_are_recorded(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let rows: Vec<_> = (0..2_500).map(|at| result(key, at, ResultState::Up, Some(1))).collect();
        world.record(&rows).await;
        let mut tx = world.db.read().await.unwrap();
        assert_eq!(store::results::between(&mut tx, key, Timestamp(0), START).await.unwrap().len(), 2_500);
    }

    async fn evidence_of_transitions_outlives_that_of_plain_failures(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let failure = Failure::Timeout { phase: Phase::Connect, after_ms: 100 };
        let report = CheckReport::bare(Outcome::down(failure));
        let mut tx = world.db.write().await.unwrap();
        for at in 0..10 {
            store::evidence::insert(&mut tx, key, Timestamp(at), at == 0, &report).await.unwrap();
        }
        store::evidence::trim(&mut tx, key, 3).await.unwrap();
        let oldest = store::evidence::between(&mut tx, key, Timestamp(0), Timestamp(100), 1).await.unwrap();
        assert_eq!(oldest.iter().map(|item| item.at).collect::<Vec<_>>(), [Timestamp(0)]);
        let kept = store::evidence::latest(&mut tx, key, 20).await.unwrap();
        assert_eq!(kept.iter().map(|item| item.at.0).collect::<Vec<_>>(), [9, 8, 7, 0]);
        assert_eq!(kept[0].report, report);
        assert_eq!(store::evidence::forget(&mut tx, Timestamp(8), 1).await.unwrap(), 1);
        assert_eq!(store::evidence::forget(&mut tx, Timestamp(8), 10).await.unwrap(), 1);
    }

    async fn facts_are_replaced_and_go_with_their_monitor(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let mut tx = world.db.write().await.unwrap();
        let facts = store::facts::Facts { status: Some(200), certificate_until: Some(Timestamp(START.0 + 9 * DAY)) };
        store::facts::put_all(&mut tx, &[(key, store::facts::Facts::default())]).await.unwrap();
        store::facts::put_all(&mut tx, &[(key, facts)]).await.unwrap();
        assert_eq!(store::facts::get(&mut tx, key).await.unwrap(), facts);
        store::monitors::delete(&mut tx, key).await.unwrap();
        assert_eq!(store::facts::get(&mut tx, key).await.unwrap(), store::facts::Facts::default());
        store::facts::put_all(&mut tx, &[(key, facts)]).await.unwrap();
    }

    async fn a_missing_parent_is_told_from_a_broken_database(world: World) {
        let mut tx = world.db.write().await.unwrap();
        let id = IncidentId::new([1; 13]);
        let opening = store::incidents::Opening {
            id: &id, monitor: MonitorKey(404), title: "x", reason: "y", started_at: START, at: START,
        };
        let error: StoreError = store::incidents::open(&mut tx, &opening).await.unwrap_err();
        assert!(error.is_missing_parent(), "{error}");
        assert!(!error.is_conflict());
    }
}

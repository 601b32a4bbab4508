//! Retention: what goes, what stays, and that nothing goes before it is counted.

use domain::event::Event;
use domain::id::{MonitorKey, PageKey};
use domain::time::{DAY, HOUR, MINUTE, Timestamp};
use domain::uptime::{Counts, ResultState};
use engine::housekeeping::{Housekeeping, Retention};
use engine::store::rollups::{self, Tier};
use engine::store::sessions::SessionRow;
use engine::store::{self};

use crate::on_both;
use crate::world::{START, World, days_of_results, result};

const SHORT: Retention = Retention {
    raw: Some(DAY),
    five_minutes: Some(2 * DAY),
    hour: Some(3 * DAY),
    day: None,
    events: Some(DAY),
    evidence: Some(DAY),
    deliveries: Some(DAY),
};

async fn raw(world: &World, monitor: MonitorKey) -> Vec<Timestamp> {
    let mut tx = world.db.read().await.unwrap();
    let rows = store::results::between(&mut tx, monitor, Timestamp(0), Timestamp(i64::MAX)).await.unwrap();
    rows.into_iter().map(|row| row.at).collect()
}

on_both! {
    async fn what_is_past_its_retention_goes_and_uptime_stays(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let rows = days_of_results(key, 5, 60_000);
        world.record(&rows).await;
        world.pass(5 * DAY + HOUR);
        let mut tx = world.db.read().await.unwrap();
        let before = rollups::tally(&mut tx, key, START, world.now()).await.unwrap();
        drop(tx);
        world.keep_house_with(SHORT).await;

        let now = world.now();
        let left = raw(&world, key).await;
        assert_eq!(left.first(), Some(&Timestamp(now.0 - DAY)));
        let mut tx = world.db.read().await.unwrap();
        assert_eq!(rollups::tally(&mut tx, key, START, now).await.unwrap(), before, "the days remember");
        // Asked by the hour, only the hours that are kept are left.
        let hours = rollups::series(&mut tx, &[key], START, now, HOUR).await.unwrap().remove(&key).unwrap();
        assert_eq!(hours.keys().next(), Some(&Timestamp(now.0 - 3 * DAY)));
        let fives = rollups::series(&mut tx, &[key], START, now, 5 * MINUTE).await.unwrap().remove(&key).unwrap();
        assert_eq!(fives.keys().next(), Some(&Timestamp(now.0 - 2 * DAY)));
    }

    async fn sweeping_goes_on_when_the_clock_is_set_back(world: World) {
        let session = |expires_at| SessionRow { id: "one".to_owned(), account_id: None, data: Vec::new(), expires_at };
        let mut housekeeping = Housekeeping::new(world.db.clone(), SHORT);
        housekeeping.catch_up(Timestamp(START.0 + DAY)).await.unwrap();
        let mut tx = world.db.write().await.unwrap();
        assert!(store::sessions::create(&mut tx, &session(START.0)).await.unwrap());
        tx.commit().await.unwrap();
        housekeeping.catch_up(Timestamp(START.0 + HOUR)).await.unwrap();
        let mut tx = world.db.write().await.unwrap();
        assert!(store::sessions::create(&mut tx, &session(START.0)).await.unwrap(), "it was swept");
    }

    async fn nothing_goes_before_it_is_counted(world: World) {
        let (key, _) = world.monitor("Shop").await;
        world.record(&days_of_results(key, 1, 60_000)).await;
        let mut tx = world.db.write().await.unwrap();
        // As if counting had stood still since the first hour.
        rollups::advance(&mut tx, Tier::FiveMinutes, Timestamp(START.0 + HOUR)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = world.db.write().await.unwrap();
        let cut = rollups::progress(&mut tx).await.unwrap().until(Tier::FiveMinutes).unwrap();
        assert_eq!(rollups::forget_results(&mut tx, key, cut, 10).await.unwrap(), 10, "at most so many at once");
        assert_eq!(rollups::forget_results(&mut tx, key, cut, 1_000).await.unwrap(), 50);
        assert_eq!(rollups::forget_results(&mut tx, key, cut, 1_000).await.unwrap(), 0);
    }

    async fn what_a_deleted_monitor_left_behind_is_swept(world: World) {
        let (gone, _) = world.monitor("Gone").await;
        let (kept, _) = world.monitor("Kept").await;
        for key in [gone, kept] {
            world.record(&days_of_results(key, 1, 60_000)).await;
        }
        world.pass(DAY + HOUR);
        world.keep_house().await;
        let mut tx = world.db.write().await.unwrap();
        store::monitors::delete(&mut tx, gone).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(raw(&world, gone).await.len(), 1_440);
        world.pass(HOUR);
        world.keep_house().await;
        assert!(raw(&world, gone).await.is_empty());
        assert_eq!(raw(&world, kept).await.len(), 1_440);
        let mut tx = world.db.read().await.unwrap();
        let owner = rollups::owner_of_rollups(&mut tx, MonitorKey(0)).await.unwrap().unwrap();
        assert_eq!((owner.monitor, owner.alive), (kept, true));
        assert_eq!(rollups::owner_of_results(&mut tx, kept).await.unwrap(), None);
    }

    async fn events_evidence_and_sessions_end_too(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let report = domain::check::CheckReport::bare(domain::check::Outcome::Up);
        let mut tx = world.db.write().await.unwrap();
        let session = store::sessions::SessionRow {
            id: "old".to_owned(), account_id: None, data: Vec::new(), expires_at: START.0 + 1,
        };
        store::sessions::create(&mut tx, &session).await.unwrap();
        store::evidence::insert(&mut tx, key, START, true, &report).await.unwrap();
        store::events::append(&mut tx, START, &[Event::PageSaved { page: PageKey(1) }]).await.unwrap();
        tx.commit().await.unwrap();
        world.record(&[result(key, START.0, ResultState::Up, Some(1))]).await;
        world.pass(2 * DAY);
        world.keep_house_with(SHORT).await;
        assert!(world.events().await.is_empty());
        let mut tx = world.db.read().await.unwrap();
        assert!(store::evidence::latest(&mut tx, key, 10).await.unwrap().is_empty());
        assert_eq!(store::sessions::load(&mut tx, "old", Timestamp(0)).await.unwrap(), None);
        let counts = rollups::counts(&mut tx, &[key], START, world.now()).await.unwrap();
        assert_eq!(counts[&key], Counts { up: 1, ..Counts::default() });
    }
}

//! Several writers at once.

use std::collections::HashSet;

use domain::event::{Event, Seq};
use domain::health::{Health, Settled};
use domain::id::{IncidentId, PageKey};
use domain::monitor::MonitorDraft;
use domain::time::Timestamp;
use engine::clock::Clock;
use engine::store::{self, Tx};

use crate::on_both;
use crate::world::{START, World};

on_both! {
    async fn a_lease_has_one_holder_and_a_takeover_fences_the_one_before(world: World) {
        let until = Timestamp(START.0 + 10);
        let mut tx = world.db.write().await.unwrap();
        let first = store::leases::claim(&mut tx, 3, "one", START, until).await.unwrap().unwrap();
        assert!(store::leases::claim(&mut tx, 3, "two", START, until).await.unwrap().is_none());
        let again = store::leases::claim(&mut tx, 3, "one", START, until).await.unwrap().unwrap();
        assert_eq!(first, again, "renewing is no take-over");
        let later = Timestamp(until.0 + 1);
        let taken = store::leases::claim(&mut tx, 3, "two", later, Timestamp(later.0 + 10)).await.unwrap().unwrap();
        assert_eq!(taken.epoch, first.epoch + 1);
        assert!(store::leases::renew(&mut tx, "one", later).await.unwrap().is_empty());
        assert_eq!(store::leases::renew(&mut tx, "two", Timestamp(later.0 + 20)).await.unwrap(), [taken]);
        let of_others = async |tx: &mut Tx, node| store::leases::of_others(tx, node).await.unwrap();
        assert_eq!((of_others(&mut tx, "one").await, of_others(&mut tx, "two").await), (vec![3], vec![]));
        // Let go or run out, it stays whose it was until somebody takes it.
        store::leases::release(&mut tx, "two").await.unwrap();
        assert_eq!((of_others(&mut tx, "one").await, of_others(&mut tx, "two").await), (vec![3], vec![]));
        assert!(store::leases::claim(&mut tx, 3, "one", later, until).await.unwrap().is_some());
        assert_eq!((of_others(&mut tx, "one").await, of_others(&mut tx, "two").await), (vec![], vec![3]));
    }

    async fn of_many_nodes_that_claim_a_shard_at_once_one_gets_it(world: World) {
        let claims: Vec<_> = (0..8)
            .map(|node| {
                let db = world.db.clone();
                tokio::spawn(async move {
                    let mut won = Vec::new();
                    for shard in 0..64 {
                        let mut tx = db.write().await.unwrap();
                        let node = format!("node {node}");
                        let until = Timestamp(START.0 + 1_000);
                        won.extend(store::leases::claim(&mut tx, shard, &node, START, until).await.unwrap());
                        tx.commit().await.unwrap();
                    }
                    won
                })
            })
            .collect();
        let mut shards = Vec::new();
        for claim in claims {
            shards.extend(claim.await.unwrap().into_iter().map(|lease| lease.shard));
        }
        shards.sort_unstable();
        assert_eq!(shards, (0..64).collect::<Vec<_>>(), "each shard once");
    }

    async fn of_two_edits_of_one_version_the_second_is_refused(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let monitor = world.load(key).await.unwrap();
        let renamed = |name: &str| MonitorDraft { name: name.to_owned(), ..monitor.draft.clone() };
        let mut tx = world.db.write().await.unwrap();
        assert!(store::monitors::update(&mut tx, key, 1, &renamed("A"), None, START).await.unwrap());
        assert!(!store::monitors::update(&mut tx, key, 1, &renamed("B"), None, START).await.unwrap());
        tx.commit().await.unwrap();
        let monitor = world.load(key).await.unwrap();
        assert_eq!((monitor.draft.name.as_str(), monitor.version), ("A", 2));
    }

    async fn of_two_steps_from_one_health_the_second_is_refused(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let mut tx = world.db.write().await.unwrap();
        let mut kept = store::health::get(&mut tx, key).await.unwrap().unwrap();
        kept.health = Health { settled: Settled::Up, since: START, ..Health::default() };
        assert!(store::health::update(&mut tx, &kept).await.unwrap());
        assert!(!store::health::update(&mut tx, &kept).await.unwrap());
        let now = store::health::get(&mut tx, key).await.unwrap().unwrap();
        assert_eq!((now.health, now.version), (kept.health, kept.version + 1));
    }

    async fn a_monitor_has_one_open_incident_however_many_race(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let races: Vec<_> = (0..8_u8)
            .map(|racer| {
                let db = world.db.clone();
                tokio::spawn(async move {
                    let id = IncidentId::new([racer; 13]);
                    let opening = store::incidents::Opening {
                        id: &id, monitor: key, title: "t", reason: "r", started_at: START, at: START,
                    };
                    let mut tx = db.write().await.unwrap();
                    let opened = store::incidents::open(&mut tx, &opening).await.unwrap();
                    tx.commit().await.unwrap();
                    opened
                })
            })
            .collect();
        let mut opened = 0;
        for race in races {
            opened += usize::from(race.await.unwrap().is_some());
        }
        assert_eq!(opened, 1);
        let mut tx = world.db.write().await.unwrap();
        assert!(store::incidents::resolve(&mut tx, key, START, START).await.unwrap().is_some());
        assert!(store::incidents::resolve(&mut tx, key, START, START).await.unwrap().is_none());
    }

    async fn an_incident_ends_no_sooner_than_it_began(world: World) {
        // The clock of whoever opened it was ahead.
        let (started_at, before) = (START, Timestamp(START.0 - 5_000));
        for by_hand in [false, true] {
            let (key, _) = world.monitor("Shop").await;
            let id = IncidentId::new([u8::from(by_hand); 13]);
            let opening =
                store::incidents::Opening { id: &id, monitor: key, title: "t", reason: "r", started_at, at: START };
            let mut tx = world.db.write().await.unwrap();
            let incident = store::incidents::open(&mut tx, &opening).await.unwrap().unwrap();
            if by_hand {
                store::incidents::resolve_by_hand(&mut tx, incident, before).await.unwrap().unwrap();
            } else {
                let over = store::incidents::resolve(&mut tx, key, before, before).await.unwrap().unwrap();
                assert_eq!((over.started_at, over.resolved_at), (started_at, started_at));
            }
            assert_eq!(store::outages::resolved_at(&mut tx, incident).await.unwrap(), Some(started_at));
            tx.commit().await.unwrap();
        }
    }

    async fn the_time_is_the_one_of_all_nodes(world: World) {
        let time = world.db.read().await.unwrap().time(START).await.unwrap();
        match world.db.kind() {
            store::Kind::Sqlite => assert_eq!(time, START),
            store::Kind::Postgres => assert!((time.0 - Clock::System.now().0).abs() < 60_000, "{time}"),
        }
    }

    async fn a_reader_that_follows_the_events_misses_none(world: World) {
        const WRITERS: i64 = 6;
        const BATCHES: i64 = 20;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let db = world.db.clone();
                tokio::spawn(async move {
                    for batch in 0..BATCHES {
                        let mut tx = db.write().await.unwrap();
                        let name = format!("{writer}");
                        store::settings::put(&mut tx, &name, "something before the events").await.unwrap();
                        let page = PageKey(writer * BATCHES + batch);
                        let events = [Event::PageSaved { page }, Event::PageSaved { page }];
                        store::events::append(&mut tx, START, &events).await.unwrap();
                        tx.commit().await.unwrap();
                    }
                })
            })
            .collect();
        let total = usize::try_from(WRITERS * BATCHES * 2).unwrap();
        let (mut seen, mut last) = (Vec::new(), Seq(0));
        while seen.len() < total {
            let mut tx = world.db.read().await.unwrap();
            let more = store::events::after(&mut tx, last, 7).await.unwrap();
            last = more.last().map_or(last, |event| event.seq);
            seen.extend(more);
            drop(tx);
            tokio::task::yield_now().await;
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let numbers: Vec<i64> = seen.iter().map(|event| event.seq.0).collect();
        assert_eq!(numbers, (1..=i64::try_from(total).unwrap()).collect::<Vec<_>>(), "in order and without gaps");
        let pages: HashSet<_> = seen.iter().map(|event| event.event.clone()).map(|event| format!("{event:?}")).collect();
        assert_eq!(pages.len(), total / 2);
        let mut tx = world.db.write().await.unwrap();
        assert_eq!(store::events::last(&mut tx).await.unwrap(), last);
        assert_eq!(store::events::append(&mut tx, START, &[]).await.unwrap(), last, "nothing takes no number");
        assert_eq!(store::events::forget(&mut tx, Timestamp(START.0 + 1), 5).await.unwrap(), 5);
    }

    async fn a_commit_with_events_rings_the_bell_and_one_without_does_not(world: World) {
        let mut tx = world.db.write().await.unwrap();
        store::events::append(&mut tx, START, &[Event::PageSaved { page: PageKey(1) }]).await.unwrap();
        tx.commit().await.unwrap();
        let second = std::time::Duration::from_secs(1);
        tokio::time::timeout(second, world.db.rung()).await.expect("a ring while nobody waited is kept");
        let mut tx = world.db.write().await.unwrap();
        store::settings::put(&mut tx, "a", "b").await.unwrap();
        tx.commit().await.unwrap();
        let silence = tokio::time::timeout(std::time::Duration::from_millis(50), world.db.rung()).await;
        assert!(silence.is_err());
    }
}

#[tokio::test]
async fn another_node_hears_a_commit_through_postgres() {
    let Some(world) = World::postgres().await else { return };
    let other = store::Db::open(&world.url).await.unwrap();
    let listening = tokio::spawn({
        let other = other.clone();
        async move { other.listen().await }
    });
    let second = std::time::Duration::from_secs(5);
    tokio::time::timeout(second, async {
        loop {
            let mut tx = world.db.write().await.unwrap();
            store::events::append(&mut tx, START, &[Event::PageSaved { page: PageKey(1) }]).await.unwrap();
            tx.commit().await.unwrap();
            // The first commits may come before the other node listens.
            if tokio::time::timeout(std::time::Duration::from_millis(100), other.rung()).await.is_ok() {
                return;
            }
        }
    })
    .await
    .expect("the bell of the other node rings");
    listening.abort();
}

//! Roll-ups against counting one by one.

use domain::id::MonitorKey;
use domain::tally::Tally;
use domain::time::{DAY, HOUR, MINUTE, Timestamp};
use domain::uptime::{Counts, ResultState};
use engine::housekeeping::{Housekeeping, Retention, SETTLED_AFTER};
use engine::store::results::ResultRow;
use engine::store::rollups::{self, Slot, Tier};
use engine::store::{self};

use crate::on_both;
use crate::world::{START, World, days_of_results, result};

/// Counts one by one.
fn naive(rows: &[ResultRow], from: Timestamp, until: Timestamp) -> Tally {
    let mut tally = Tally::default();
    for row in rows.iter().filter(|row| row.at >= from && row.at < until) {
        if row.extra {
            tally.record_latency(row.latency_us, &row.phases);
        } else {
            tally.record(row.state, row.latency_us, &row.phases);
        }
    }
    tally
}

/// Every bucket that is counted.
async fn buckets(world: &World, monitor: MonitorKey, tier: Tier) -> Vec<(Timestamp, Tally)> {
    let mut tx = world.db.read().await.unwrap();
    let until = rollups::progress(&mut tx).await.unwrap().until(tier).unwrap();
    let series = rollups::series(&mut tx, &[monitor], START, until, tier.width()).await.unwrap();
    series.into_values().flatten().collect()
}

/// From when on no bucket is counted yet.
fn settled(world: &World) -> Timestamp {
    Timestamp(world.now().0 - SETTLED_AFTER)
}

/// Records results as the recorder does.
async fn record_late(world: &World, rows: &[ResultRow]) {
    let mut tx = world.db.write().await.unwrap();
    rollups::insert(&mut tx, rows, settled(world)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn tally(world: &World, monitor: MonitorKey, from: Timestamp, until: Timestamp) -> Tally {
    let mut tx = world.db.read().await.unwrap();
    let tally = rollups::tally(&mut tx, monitor, from, until).await.unwrap();
    let counts = rollups::counts(&mut tx, &[monitor], from, until).await.unwrap();
    assert_eq!(
        counts.get(&monitor).copied().unwrap_or_default(),
        tally.counts,
        "two ways to ask, one answer"
    );
    tally
}

on_both! {
    async fn every_stretch_adds_up_to_what_counting_one_by_one_finds(world: World) {
        let (shop, _) = world.monitor("Shop").await;
        let (mail, _) = world.monitor("Mail").await;
        let rows = days_of_results(shop, 3, 45_000);
        world.record(&rows).await;
        world.record(&days_of_results(mail, 3, 300_000)).await;
        world.pass(2 * DAY + 7 * HOUR + 13 * MINUTE);
        world.keep_house().await;
        let now = world.now();
        let mut tx = world.db.read().await.unwrap();
        let progress = rollups::progress(&mut tx).await.unwrap();
        drop(tx);
        assert_eq!(progress.until(Tier::Day), Some(Timestamp(START.0 + 2 * DAY)));
        assert_eq!(progress.until(Tier::Hour), Some(now.floor(HOUR)));
        assert_eq!(progress.until(Tier::FiveMinutes), Some(Timestamp(now.0 - SETTLED_AFTER).floor(5 * MINUTE)));
        for (from, until) in [
            (START, now),
            (Timestamp(START.0 + 11), now),
            (Timestamp(now.0 - DAY), now),
            (Timestamp(START.0 + 6 * HOUR + 1), Timestamp(START.0 + 30 * HOUR + 17)),
            (Timestamp(now.0 - 3 * MINUTE), now),
            (now, now),
        ] {
            assert_eq!(tally(&world, shop, from, until).await, naive(&rows, from, until), "{from} {until}");
        }
    }

    async fn doing_it_again_changes_nothing(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let rows = days_of_results(key, 1, 20_000);
        world.record(&rows).await;
        world.pass(DAY + 2 * MINUTE);
        world.keep_house().await;
        let mut before = Vec::new();
        for tier in Tier::ALL {
            before.push(buckets(&world, key, tier).await);
        }
        assert_eq!(before.iter().map(Vec::len).collect::<Vec<_>>(), [288, 24, 1]);
        let mut tx = world.db.write().await.unwrap();
        for (tier, hours) in [(Tier::FiveMinutes, 3), (Tier::Hour, 3), (Tier::Day, 0)] {
            let start = Timestamp(START.0 + hours * HOUR);
            let last = rollups::roll_up(&mut tx, tier, start, MonitorKey(0), 10).await.unwrap();
            assert_eq!(last, Some(key));
            assert_eq!(rollups::roll_up(&mut tx, tier, start, key, 10).await.unwrap(), None);
        }
        rollups::advance(&mut tx, Tier::Day, START).await.unwrap();
        tx.commit().await.unwrap();
        for (tier, before) in Tier::ALL.into_iter().zip(before) {
            assert_eq!(buckets(&world, key, tier).await, before);
        }
        assert_eq!(tally(&world, key, START, Timestamp(START.0 + DAY)).await, naive(&rows, START, world.now()));
    }

    async fn a_round_is_one_slice_and_a_stop_between_two_loses_nothing(world: World) {
        let mut keys = Vec::new();
        for number in 0..5 {
            keys.push(world.monitor(&format!("M{number}")).await.0);
        }
        for key in &keys {
            world.record(&[result(*key, START.0 + 1_000, ResultState::Up, Some(10))]).await;
        }
        world.pass(5 * MINUTE + SETTLED_AFTER);
        // A new one each time, as after a crash: each begins the bucket again, and none skips it.
        for _ in 0..3 {
            Housekeeping::new(world.db.clone(), Retention::default()).round(world.now()).await.unwrap();
        }
        let mut tx = world.db.read().await.unwrap();
        assert_eq!(rollups::progress(&mut tx).await.unwrap().until(Tier::FiveMinutes), None);
        drop(tx);
        let mut housekeeping = Housekeeping::new(world.db.clone(), Retention::default());
        housekeeping.catch_up(world.now()).await.unwrap();
        let until = Timestamp(START.0 + 5 * MINUTE);
        for key in keys {
            assert_eq!(tally(&world, key, START, until).await.counts, Counts { up: 1, ..Counts::default() });
        }
        let wait = housekeeping.round(world.now()).await.unwrap();
        assert!(wait.as_secs() >= 30, "the next bucket is minutes away: {wait:?}");
    }

    async fn a_bucket_is_counted_once_its_results_must_have_come(world: World) {
        let (key, _) = world.monitor("Shop").await;
        world.record(&[result(key, START.0, ResultState::Up, Some(1))]).await;
        world.pass(5 * MINUTE + SETTLED_AFTER - 1);
        world.keep_house().await;
        let mut tx = world.db.read().await.unwrap();
        assert_eq!(rollups::progress(&mut tx).await.unwrap().until(Tier::FiveMinutes), None);
        drop(tx);
        world.pass(1);
        world.keep_house().await;
        let mut tx = world.db.read().await.unwrap();
        let until = rollups::progress(&mut tx).await.unwrap().until(Tier::FiveMinutes);
        assert_eq!(until, Some(Timestamp(START.0 + 5 * MINUTE)));
    }

    async fn a_long_stop_is_skipped_and_not_walked_through(world: World) {
        let (key, _) = world.monitor("Shop").await;
        world.record(&[result(key, START.0, ResultState::Up, Some(1))]).await;
        world.pass(300 * DAY);
        world.record(&[result(key, world.now().0 - HOUR, ResultState::Down, None)]).await;
        let begun = std::time::Instant::now();
        world.keep_house_with(Retention { raw: None, ..Retention::default() }).await;
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
        let counts = tally(&world, key, START, world.now()).await.counts;
        assert_eq!(counts, Counts { up: 1, down: 1, ..Counts::default() });
    }

    async fn failures_that_are_confirmed_late_move_in_every_tier(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let states = [ResultState::Up, ResultState::Confirming, ResultState::Confirming, ResultState::Confirming];
        let rows: Vec<_> =
            (0..).zip(states).map(|(place, state)| result(key, START.0 + DAY - 4 * MINUTE + place * 90_000, state, None)).collect();
        world.record(&rows).await;
        world.pass(DAY + 7 * MINUTE);
        world.keep_house().await;
        let mut tx = world.db.write().await.unwrap();
        let times = store::results::confirm_down(&mut tx, key, rows[2].at).await.unwrap();
        assert_eq!(times.len(), 2);
        rollups::move_confirmed(&mut tx, key, &times).await.unwrap();
        tx.commit().await.unwrap();
        // The first two fall into the day that is over, the last into the bucket that is counted in five minutes only.
        for tier in Tier::ALL {
            let counts = buckets(&world, key, tier).await[0].1.counts;
            assert_eq!(counts, Counts { up: 1, confirming: 1, down: 1, ..Counts::default() }, "{tier:?}");
        }
        let counts = tally(&world, key, START, world.now()).await.counts;
        assert_eq!(counts, Counts { up: 1, confirming: 1, down: 2, ..Counts::default() });
    }

    async fn confirming_while_buckets_are_counted_is_exact(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let rows: Vec<_> = (0..600)
            .map(|second| result(key, START.0 + second * 1_000, ResultState::Confirming, None))
            .collect();
        world.record(&rows).await;
        world.pass(10 * MINUTE + SETTLED_AFTER);
        let recorder = tokio::spawn({
            let db = world.db.clone();
            async move {
                for second in (0..600).rev().step_by(20) {
                    let mut tx = db.write().await.unwrap();
                    let since = Timestamp(START.0 + second * 1_000);
                    let times = store::results::confirm_down(&mut tx, key, since).await.unwrap();
                    rollups::move_confirmed(&mut tx, key, &times).await.unwrap();
                    tx.commit().await.unwrap();
                }
            }
        });
        world.keep_house().await;
        recorder.await.unwrap();
        let mut tx = world.db.read().await.unwrap();
        let raw = store::results::between(&mut tx, key, START, world.now()).await.unwrap();
        drop(tx);
        let expected = naive(&raw, START, world.now()).counts;
        assert!(expected.down > 500);
        assert_eq!(tally(&world, key, START, world.now()).await.counts, expected);
    }

    async fn results_that_come_late_are_added_in_every_tier(world: World) {
        let (shop, _) = world.monitor("Shop").await;
        let (mail, _) = world.monitor("Mail").await;
        let mut rows = days_of_results(shop, 1, 60_000);
        rows.extend(days_of_results(mail, 1, 60_000));
        // Every third comes late, and so does all of one monitor's second hour.
        let is_late = |row: &ResultRow| {
            row.at.0 / 60_000 % 3 == 0 || (row.monitor == mail && (row.at.0 - START.0) / HOUR == 1)
        };
        let (late, punctual): (Vec<_>, Vec<_>) = rows.iter().copied().partition(is_late);
        world.record(&punctual).await;
        world.pass(DAY + 7 * MINUTE);
        world.keep_house().await;
        record_late(&world, &late).await;
        // Tried again after a commit that nobody knows the end of; and a slot that another node was first with.
        record_late(&world, &late).await;
        let punctual: Vec<_> =
            punctual.iter().map(|row| ResultRow { state: ResultState::Down, ..*row }).collect();
        record_late(&world, &punctual[..50]).await;
        for key in [shop, mail] {
            let rows: Vec<_> = rows.iter().copied().filter(|row| row.monitor == key).collect();
            for tier in Tier::ALL {
                for (start, tally) in buckets(&world, key, tier).await {
                    let until = Timestamp(start.0 + tier.width());
                    assert_eq!(tally, naive(&rows, start, until), "{tier:?} {start}");
                }
            }
            let now = world.now();
            assert_eq!(tally(&world, key, START, now).await, naive(&rows, START, now));
        }
        // A suspicion that came late is confirmed like any other.
        let is_suspected = |row: &&ResultRow| row.state == ResultState::Confirming && !row.extra;
        let suspected = rows.iter().filter(|row| row.monitor == shop).filter(is_suspected).count();
        let mut tx = world.db.write().await.unwrap();
        let times = store::results::confirm_down(&mut tx, shop, START).await.unwrap();
        assert_eq!(times.len(), suspected, "what is extra is counted nowhere");
        rollups::move_confirmed(&mut tx, shop, &times).await.unwrap();
        tx.commit().await.unwrap();
        for tier in Tier::ALL {
            let confirming: i64 = buckets(&world, shop, tier).await.iter().map(|(_, tally)| tally.counts.confirming).sum();
            assert_eq!(confirming, 0, "{tier:?}");
        }
    }

    async fn results_that_come_while_their_bucket_is_counted_are_counted(world: World) {
        let mut keys = Vec::new();
        for number in 0..3 {
            keys.push(world.monitor(&format!("M{number}")).await.0);
        }
        let early: Vec<_> =
            keys[1..].iter().map(|key| result(*key, START.0, ResultState::Up, Some(10))).collect();
        world.record(&early).await;
        world.pass(5 * MINUTE + SETTLED_AFTER);
        let mut tx = world.db.write().await.unwrap();
        let after = rollups::roll_up(&mut tx, Tier::FiveMinutes, START, MonitorKey(0), 2).await.unwrap();
        tx.commit().await.unwrap();
        let late: Vec<_> =
            keys.iter().map(|key| result(*key, START.0 + 60_000, ResultState::Down, None)).collect();
        record_late(&world, &late).await;
        let mut tx = world.db.write().await.unwrap();
        let last = rollups::roll_up(&mut tx, Tier::FiveMinutes, START, after.unwrap(), 2).await.unwrap();
        assert_eq!(last, Some(keys[2]));
        let until = Timestamp(START.0 + 5 * MINUTE);
        rollups::advance(&mut tx, Tier::FiveMinutes, until).await.unwrap();
        tx.commit().await.unwrap();
        for (key, up) in keys.into_iter().zip([0, 1, 1]) {
            let counts = tally(&world, key, START, until).await.counts;
            assert_eq!(counts, Counts { up, down: 1, ..Counts::default() });
        }
    }

    async fn recording_late_beside_counting_is_exact(world: World) {
        let (shop, _) = world.monitor("Shop").await;
        let (mail, _) = world.monitor("Mail").await;
        let rows: Vec<_> = (0..7_200)
            .step_by(20)
            .flat_map(|second| [shop, mail].map(|key| result(key, START.0 + second * 1_000, ResultState::Up, Some(7))))
            .collect();
        world.pass(2 * HOUR + SETTLED_AFTER);
        let recorders: Vec<_> = rows
            .chunks(rows.len() / 3)
            .map(|rows| {
                let (db, rows, settled) = (world.db.clone(), rows.to_vec(), settled(&world));
                tokio::spawn(async move {
                    for rows in rows.chunks(5) {
                        let mut tx = db.write().await.unwrap();
                        rollups::insert(&mut tx, rows, settled).await.unwrap();
                        tx.commit().await.unwrap();
                    }
                })
            })
            .collect();
        for _ in 0..20 {
            world.keep_house().await;
            tokio::task::yield_now().await;
        }
        for recorder in recorders {
            recorder.await.unwrap();
        }
        world.keep_house().await;
        for key in [shop, mail] {
            for tier in [Tier::FiveMinutes, Tier::Hour] {
                let sum: i64 = buckets(&world, key, tier).await.iter().map(|(_, tally)| tally.counts.up).sum();
                assert_eq!(sum, 360, "{tier:?}");
            }
        }
    }

    async fn slots_of_local_days_hold_the_hours_of_that_day(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let rows = days_of_results(key, 3, 600_000);
        world.record(&rows).await;
        world.pass(2 * DAY + 5 * HOUR);
        world.keep_house().await;
        let mut tx = world.db.read().await.unwrap();
        for shift in [0, 2 * HOUR, -5 * HOUR, 12 * HOUR, 14 * HOUR, -11 * HOUR] {
            let slot = Slot { shift, width: DAY };
            let found = rollups::counts_by_slot(&mut tx, &[key], START, world.now(), slot).await.unwrap();
            for ((_, number), counts) in &found {
                let from = Timestamp(number * DAY - shift);
                let until = Timestamp(from.0 + DAY).min(world.now());
                assert_eq!(*counts, naive(&rows, from.max(START), until).counts, "{shift} {number}");
            }
            assert!(found.len() >= 3, "{shift}");
        }
        let means = rollups::means(&mut tx, &[key], START, world.now(), Slot { shift: 0, width: HOUR }).await.unwrap();
        assert_eq!(means.len(), 2 * 24 + 5);
        let first = naive(&rows, START, Timestamp(START.0 + HOUR));
        assert_eq!(means.get(&(key, START.0 / HOUR)).copied(), first.mean(first.latency_us));
        assert!(rollups::counts(&mut tx, &[], START, world.now()).await.unwrap().is_empty());
    }
}

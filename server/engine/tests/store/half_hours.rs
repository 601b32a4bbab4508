//! Days of zones that are not whole hours from UTC.

use std::collections::BTreeMap;

use domain::id::MonitorKey;
use domain::time::{DAY, HOUR, MINUTE, Timestamp};
use domain::uptime::{Counts, ResultState};
use engine::housekeeping::Retention;
use engine::store::results::ResultRow;
use engine::store::rollups::{self, Slot, Tier};

use crate::on_both;
use crate::world::{START, World, days_of_results, result};

/// Kolkata, St John's in winter and in summer, Kathmandu, Lord Howe in winter.
const SHIFTS: [i64; 5] = [330 * MINUTE, -210 * MINUTE, -150 * MINUTE, 345 * MINUTE, 630 * MINUTE];

type Days = BTreeMap<i64, Counts>;

async fn by_day(world: &World, monitor: MonitorKey, shift: i64) -> Days {
    let mut tx = world.db.read().await.unwrap();
    let slot = Slot { shift, width: DAY };
    let found = rollups::counts_by_slot(&mut tx, &[monitor], START, world.now(), slot).await.unwrap();
    found.into_iter().map(|((_, number), counts)| (number, counts)).collect()
}

/// Counts one by one, by the day in which it happened, or that the time belongs to that `of` makes of it.
fn naive(rows: &[ResultRow], shift: i64, of: impl Fn(Timestamp) -> Timestamp) -> Days {
    let mut days = Days::new();
    for row in rows.iter().filter(|row| !row.extra) {
        days.entry((of(row.at).0 + shift) / DAY).or_default().add(row.state, 1);
    }
    days
}

fn sum(days: &Days) -> Counts {
    let mut sum = Counts::default();
    for counts in days.values() {
        sum.merge(counts);
    }
    sum
}

/// Forgets the sums of five minutes from before a time, as housekeeping does, at most so many.
async fn forget(world: &World, monitor: MonitorKey, before: Timestamp, limit: i64) {
    let mut tx = world.db.write().await.unwrap();
    rollups::forget_rollups(&mut tx, monitor, Tier::FiveMinutes, before, limit).await.unwrap();
    tx.commit().await.unwrap();
}

on_both! {
    async fn days_whose_hours_are_forgotten_count_where_their_middle_lies(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let rows = days_of_results(key, 4, 60_000);
        world.record(&rows).await;
        world.pass(4 * DAY);
        world.keep_house().await;
        let kept = Timestamp(START.0 + 2 * DAY);
        for tier in [Tier::FiveMinutes, Tier::Hour] {
            let mut tx = world.db.write().await.unwrap();
            rollups::forget_rollups(&mut tx, key, tier, kept, 10_000).await.unwrap();
            tx.commit().await.unwrap();
        }
        for shift in SHIFTS.into_iter().chain([2 * HOUR, -5 * HOUR, 13 * HOUR]) {
            let middle = |at: Timestamp| if at < kept { Timestamp(at.floor(DAY).0 + DAY / 2) } else { at };
            assert_eq!(by_day(&world, key, shift).await, naive(&rows, shift, middle), "{shift}");
        }
    }

    async fn every_result_counts_on_the_day_in_which_it_happened(world: World) {
        let (shop, _) = world.monitor("Shop").await;
        let (mail, _) = world.monitor("Mail").await;
        let rows = days_of_results(shop, 4, 60_000);
        world.record(&rows).await;
        let others = days_of_results(mail, 4, 300_000);
        world.record(&others).await;
        world.pass(4 * DAY);
        world.keep_house().await;
        for shift in SHIFTS.into_iter().chain([0, 2 * HOUR, -5 * HOUR]) {
            assert_eq!(by_day(&world, shop, shift).await, naive(&rows, shift, |at| at), "{shift}");
            assert_eq!(by_day(&world, mail, shift).await, naive(&others, shift, |at| at), "{shift}");
        }
        let mut tx = world.db.read().await.unwrap();
        let slot = Slot { shift: SHIFTS[0], width: DAY };
        let found = rollups::counts_by_slot(&mut tx, &[shop, mail], START, world.now(), slot).await.unwrap();
        assert_eq!(found.len(), 2 * 5, "several at once");
        for ((monitor, number), counts) in found {
            let rows = if monitor == shop { &rows } else { &others };
            assert_eq!(naive(rows, slot.shift, |at| at)[&number], counts);
        }
    }

    async fn an_outage_right_after_midnight_is_drawn_on_the_new_day(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let shift = SHIFTS[0];
        let midnight = Timestamp((START.0 + shift).div_euclid(DAY) * DAY + DAY - shift);
        let rows: Vec<_> = (0..6 * 60)
            .map(|minute| Timestamp(midnight.0 + (minute - 180) * MINUTE))
            .map(|at| {
                let is_down = (5 * MINUTE..25 * MINUTE).contains(&at.since(midnight));
                result(key, at.0, if is_down { ResultState::Down } else { ResultState::Up }, None)
            })
            .collect();
        world.record(&rows).await;
        world.pass(midnight.since(START) + 3 * HOUR);
        world.keep_house().await;
        let days = by_day(&world, key, shift).await;
        let down: Vec<_> = days.values().map(|counts| (counts.up, counts.down)).collect();
        assert_eq!(down, [(180, 0), (160, 20)]);
    }

    async fn a_day_whose_five_minutes_are_forgotten_keeps_its_hours(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let rows = days_of_results(key, 6, 60_000);
        world.record(&rows).await;
        world.pass(6 * DAY);
        world.keep_house_with(Retention { five_minutes: Some(3 * DAY), raw: Some(DAY), ..Retention::default() }).await;
        let mut tx = world.db.read().await.unwrap();
        let slot = Slot { shift: 0, width: i64::MAX };
        let fives = rollups::series(&mut tx, &[key], START, world.now(), 5 * MINUTE).await.unwrap();
        let oldest = *fives[&key].keys().next().unwrap();
        assert_eq!(oldest, Timestamp(START.0 + 3 * DAY));
        let total = rollups::counts_by_slot(&mut tx, &[key], START, world.now(), slot).await.unwrap()[&(key, 0)];
        drop(tx);
        for shift in SHIFTS {
            let days = by_day(&world, key, shift).await;
            let expected = naive(&rows, shift, |at| if at < oldest { at.floor(HOUR) } else { at });
            assert_eq!(days, expected, "{shift}");
            assert_eq!(sum(&days), total, "{shift}");
        }
    }

    async fn nothing_is_lost_or_twice_while_five_minutes_are_being_forgotten(world: World) {
        let (shop, _) = world.monitor("Shop").await;
        let (mail, _) = world.monitor("Mail").await;
        let rows = days_of_results(shop, 3, 60_000);
        world.record(&rows).await;
        world.record(&days_of_results(mail, 3, 60_000)).await;
        world.pass(3 * DAY);
        world.keep_house().await;
        let total = sum(&naive(&rows, 0, |at| at));
        let shift = SHIFTS[0];
        let border = Timestamp((START.0 + DAY + shift).div_euclid(DAY) * DAY + DAY - shift);
        // One by one, through the whole of the hour in which a day ends; the other monitor keeps its own.
        forget(&world, shop, border.floor(HOUR), 100_000).await;
        let (exact, by_hour) = (naive(&rows, shift, |at| at), naive(&rows, shift, |at| {
            if at.floor(HOUR) <= border { at.floor(HOUR) } else { at }
        }));
        for gone in 0..=12 {
            let days = by_day(&world, shop, shift).await;
            assert_eq!(sum(&days), total, "{gone}");
            let last = days.keys().next_back().copied().unwrap();
            assert_eq!(days[&last], exact[&last], "a day whose five minutes are kept");
            if gone == 12 {
                assert_eq!(days, by_hour);
            }
            forget(&world, shop, world.now(), 1).await;
        }
    }

    async fn an_hour_in_which_clocks_are_changed_keeps_its_results(world: World) {
        let (key, _) = world.monitor("Shop").await;
        let rows = days_of_results(key, 8, 60_000);
        world.record(&rows).await;
        world.pass(8 * DAY);
        world.keep_house_with(Retention { five_minutes: Some(DAY), raw: Some(DAY), ..Retention::default() }).await;
        // St John's sets its clocks forward at 2026-03-08T05:30:00Z.
        let zone = domain::days::zone("America/St_Johns").unwrap();
        let stretches = domain::days::offsets(START, world.now(), &zone);
        assert_eq!(stretches.len(), 2);
        let mut tx = world.db.read().await.unwrap();
        let mut days = Days::new();
        for stretch in stretches {
            let slot = Slot { shift: stretch.millis, width: DAY };
            let found = rollups::counts_by_slot(&mut tx, &[key], stretch.from, stretch.until, slot).await.unwrap();
            for ((_, number), counts) in found {
                days.entry(number).or_default().merge(&counts);
            }
        }
        assert_eq!(sum(&days), sum(&naive(&rows, 0, |at| at)));
    }
}

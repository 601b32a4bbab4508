//! Hours that lie across the border of two slots, as midnight does in zones that are not whole hours from UTC: what comes after
//! the border is moved to the later slot, by the sums of five minutes, as long as these are kept.
//!
//! The hour itself stays counted as a whole, and what is moved is taken from one slot and given to the next. So no sum changes,
//! whatever of the five minutes is forgotten already: then less is moved, or nothing.

use std::collections::HashMap;

use domain::id::MonitorKey;
use domain::time::{HOUR, Timestamp};
use domain::uptime::Counts;
use sqlx::QueryBuilder;

use super::super::batch::push_in;
use super::super::{Result, Tx, sql};
use super::Tier;
use super::read::{CountRow, Part, Slot, push_stretch};

/// SQLite takes at most 32,766 values, and 500 selects in one.
const VALUES_PER_STATEMENT: usize = 32_000;
const HOURS_PER_STATEMENT: usize = 100;

/// Moves what the hours of a part counted for the slot before, to the slot in which it happened.
pub(super) async fn put_right(
    tx: &mut Tx,
    keys: &[i64],
    part: Part,
    slot: Slot,
    found: &mut HashMap<(MonitorKey, i64), Counts>,
) -> Result<()> {
    let has_hours = matches!(part.tier, Some(Tier::Hour | Tier::Day));
    if !has_hours || hours_across(part, slot).is_empty() {
        return Ok(());
    }
    let Some(oldest) = oldest(tx, keys).await? else { return Ok(()) };
    // Of an hour that is forgotten in part, the later minutes are there still.
    let part = Part { from: part.from.max(oldest.floor(HOUR)), ..part };
    let per_statement = (VALUES_PER_STATEMENT / (keys.len() + 4)).clamp(1, HOURS_PER_STATEMENT);
    for hours in hours_across(part, slot).chunks(per_statement) {
        for (monitor, hour, moved) in after_border(tx, keys, hours, slot).await? {
            let number = (hour + slot.shift) / slot.width;
            move_on(found, monitor, (number, number + 1), moved);
        }
    }
    found.retain(|_, counts| *counts != Counts::default());
    Ok(())
}

/// The beginnings of the hours of a part in which a slot ends and another begins.
fn hours_across(part: Part, slot: Slot) -> Vec<i64> {
    if slot.width % HOUR != 0 || slot.shift % HOUR == 0 {
        return Vec::new();
    }
    let first = (part.from.0 + slot.shift).div_euclid(slot.width) + 1;
    let borders = (first..).map(|number| number * slot.width - slot.shift);
    let hours =
        borders.take_while(|border| *border < part.until.0).map(|border| Timestamp(border).floor(HOUR));
    hours.filter(|hour| *hour >= part.from && hour.0 + HOUR <= part.until.0).map(|hour| hour.0).collect()
}

/// The oldest sum of five minutes of any of these monitors; `None` when there is none.
async fn oldest(tx: &mut Tx, keys: &[i64]) -> Result<Option<Timestamp>> {
    let at: Option<i64> = sql!(tx, |conn| {
        // One seek for each monitor.
        let mut query = QueryBuilder::new(
            "select min((select min(r.start) from rollups r where r.monitor_id = m.id and r.tier = ",
        );
        query.push_bind(Tier::FiveMinutes.width()).push(")) from monitors m");
        push_in(&mut query, " where m.id", keys);
        query.build_query_scalar().fetch_one(conn).await?
    });
    Ok(at.map(Timestamp))
}

/// What happened after the border in these hours, by monitor and hour.
async fn after_border(
    tx: &mut Tx,
    keys: &[i64],
    hours: &[i64],
    slot: Slot,
) -> Result<Vec<(MonitorKey, i64, Counts)>> {
    // In every hour the border lies at the same place.
    let border = (-slot.shift).rem_euclid(HOUR);
    let rows: Vec<CountRow> = sql!(tx, |conn| {
        let mut query = QueryBuilder::new("");
        // One select an hour: a join with the hours makes PostgreSQL go through all five minutes there are.
        for (place, hour) in hours.iter().enumerate() {
            query.push(if place > 0 { " union all select monitor_id, " } else { "select monitor_id, " });
            query.push_bind(*hour).push(" as slot").push(CountRow::SUMS).push(" from rollups");
            let (from, until) = (Timestamp(hour + border), Timestamp(hour + HOUR));
            push_stretch(&mut query, Part { tier: Some(Tier::FiveMinutes), from, until }, keys);
            query.push(" group by monitor_id");
        }
        query.build_query_as().fetch_all(conn).await?
    });
    Ok(rows.into_iter().map(CountRow::read).collect())
}

/// Takes from one slot and gives to another, so that no sum changes.
pub(super) fn move_on(
    found: &mut HashMap<(MonitorKey, i64), Counts>,
    monitor: MonitorKey,
    (from, to): (i64, i64),
    moved: Counts,
) {
    let counted = found.entry((monitor, from)).or_default();
    if let Some(rest) = without(*counted, moved) {
        *counted = rest;
        found.entry((monitor, to)).or_default().merge(&moved);
    }
}

/// What is left; `None` when there is less than what is taken, because the hour itself is forgotten.
fn without(counts: Counts, taken: Counts) -> Option<Counts> {
    let less = |had: i64, taken: i64| (had >= taken).then_some(had - taken);
    Some(Counts {
        up: less(counts.up, taken.up)?,
        degraded: less(counts.degraded, taken.degraded)?,
        down: less(counts.down, taken.down)?,
        confirming: less(counts.confirming, taken.confirming)?,
        unknown: less(counts.unknown, taken.unknown)?,
        maintenance: less(counts.maintenance, taken.maintenance)?,
    })
}

#[cfg(test)]
mod tests {
    use domain::time::{DAY, MINUTE};

    use super::*;

    fn found(from: i64, until: i64, slot: Slot) -> Vec<i64> {
        hours_across(Part { tier: Some(Tier::Hour), from: Timestamp(from), until: Timestamp(until) }, slot)
    }

    #[test]
    fn only_hours_count_that_are_whole_in_the_part() {
        let kolkata = Slot { shift: 5 * HOUR + 30 * MINUTE, width: DAY };
        let hour = 18 * HOUR;
        assert_eq!(found(0, 2 * DAY, kolkata), [hour, hour + DAY]);
        assert_eq!(found(hour, hour + HOUR, kolkata), [hour]);
        assert!(found(hour + HOUR, hour + DAY, kolkata).is_empty());
        let st_johns = Slot { shift: -3 * HOUR - 30 * MINUTE, width: DAY };
        assert_eq!(found(0, DAY, st_johns), [3 * HOUR]);
    }

    #[test]
    fn whole_hours_have_no_border_inside() {
        for slot in [
            Slot { shift: 2 * HOUR, width: DAY },
            Slot { shift: 0, width: HOUR },
            Slot { shift: 0, width: i64::MAX },
        ] {
            assert!(found(0, 3 * DAY, slot).is_empty(), "{slot:?}");
        }
    }
}

//! Local days from the sums of days in UTC: one counts for the local day in which its middle lies, and those of its hours that belong to
//! the day before or after are moved there. To read every hour of ninety days takes two to three times as long.
//!
//! What is moved is taken from one day and given to the other, as in [`super::across`]: no sum changes, whatever of the hours is
//! forgotten already.

use std::collections::HashMap;

use domain::id::MonitorKey;
use domain::time::{DAY, HOUR};
use domain::uptime::Counts;
use sqlx::QueryBuilder;

use super::super::{Result, Tx, sql};
use super::Tier;
use super::across::move_on;
use super::read::{CountRow, Part, Slot, push_stretch};

/// The hours of a day in UTC that begin in another local day than its middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Away {
    /// Milliseconds since the beginning of the day, from the first hour until before the one after the last.
    from: i64,
    until: i64,
    /// 1 when they belong to the day after, -1 when to the day before.
    by: i64,
}

impl Away {
    /// `None` when all lie in one slot.
    fn from(slot: Slot) -> Option<Self> {
        if slot.width != DAY || slot.shift % DAY == 0 {
            return None;
        }
        let border = (-slot.shift).rem_euclid(DAY);
        // An hour across the border counts for the day in which it begins.
        let border_hour = (border + HOUR - 1) / HOUR * HOUR;
        Some(if border > DAY / 2 {
            Self { from: border_hour, until: DAY, by: 1 }
        } else {
            Self { from: 0, until: border_hour, by: -1 }
        })
    }
}

/// Moves what the days of a part counted for the slot of their middle, to the slot in which it happened.
pub(super) async fn put_right(
    tx: &mut Tx,
    keys: &[i64],
    part: Part,
    slot: Slot,
    found: &mut HashMap<(MonitorKey, i64), Counts>,
) -> Result<()> {
    let Some(away) = Away::from(slot).filter(|_| part.tier == Some(Tier::Day)) else { return Ok(()) };
    let rows: Vec<CountRow> = sql!(tx, |conn| {
        let mut query = QueryBuilder::new("select monitor_id, (start + ");
        query.push_bind(slot.shift).push(") / ").push_bind(slot.width);
        query.push(" as slot").push(CountRow::SUMS).push(" from rollups");
        push_stretch(&mut query, Part { tier: Some(Tier::Hour), ..part }, keys);
        query.push(" and start % ").push_bind(DAY).push(" >= ").push_bind(away.from);
        query.push(" and start % ").push_bind(DAY).push(" < ").push_bind(away.until);
        query.push(" group by 1, 2");
        query.build_query_as().fetch_all(conn).await?
    });
    for (monitor, number, moved) in rows.into_iter().map(CountRow::read) {
        move_on(found, monitor, (number - away.by, number), moved);
    }
    found.retain(|_, counts| *counts != Counts::default());
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::time::MINUTE;

    use super::*;

    #[test]
    fn hours_are_away_that_begin_in_another_slot_than_the_middle_of_their_day() {
        let quarters = (-12 * 4..=14 * 4).map(|quarter| quarter * 15 * MINUTE);
        for shift in quarters.filter(|shift| *shift != 0) {
            let slot = Slot { shift, width: DAY };
            let away = Away::from(slot).unwrap();
            let number = |at: i64| (7 * DAY + at + shift) / DAY;
            for hour in (0..DAY).step_by(usize::try_from(HOUR).unwrap()) {
                let by = if (away.from..away.until).contains(&hour) { away.by } else { 0 };
                assert_eq!(number(hour), number(DAY / 2) + by, "{shift} {hour}");
            }
        }
    }

    #[test]
    fn none_is_away_from_days_in_utc_and_from_what_is_no_day() {
        for slot in [Slot { shift: 0, width: DAY }, Slot { shift: HOUR, width: HOUR }] {
            assert_eq!(Away::from(slot), None, "{slot:?}");
        }
    }
}

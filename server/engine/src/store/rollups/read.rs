//! What results add up to over a stretch of time: from the coarsest tiers that fit into it, finer ones at its edges, and
//! raw results for what is not rolled up yet.

use std::collections::{BTreeMap, HashMap};

use domain::id::MonitorKey;
use domain::tally::Tally;
use domain::time::{DAY, Timestamp};
use domain::uptime::{Counts, ResultState};
use sqlx::{FromRow, QueryBuilder};

use super::super::batch::{monitor_slices, push_in};
use super::super::{Result, Tx, sql};
use super::{Progress, RawRow, Row, Tier, progress};
use super::{across, shifted};

/// A part of a stretch, and where it is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// `None`: raw results.
    pub(super) tier: Option<Tier>,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

/// How results are put into slots: slot `n` holds what has `(time + shift) / width = n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Added to the time, in milliseconds; the distance of a zone from UTC makes slots of a day local ones.
    pub shift: i64,
    /// The width of a slot, in milliseconds.
    pub width: i64,
}

impl Slot {
    /// One slot for everything.
    const ONE: Self = Self { shift: 0, width: i64::MAX };

    /// The coarsest tier of which every bucket lies within one slot. Zones that are not whole hours from UTC have none but
    /// the finest, which is not kept long enough: for them an hour counts as the day in which it begins, and [`across`] puts
    /// right what it can.
    fn coarsest(self) -> Option<Tier> {
        let fits = |tier: &Tier| {
            let width = tier.width();
            self.width == i64::MAX
                || (self.width % width == 0 && (self.shift % width == 0 || *tier == Tier::Hour))
        };
        Tier::ALL.into_iter().rev().find(fits)
    }

    /// The coarsest tier to count from: local days are made of days in UTC, which [`shifted`] puts right.
    fn coarsest_to_count(self) -> Option<Tier> {
        if self.width == DAY { Some(Tier::Day) } else { self.coarsest() }
    }
}

/// How many results of each state there were, extra ones left out, from `from` until before `until`, by monitor; a monitor without results is left out.
pub async fn counts(
    tx: &mut Tx,
    monitors: &[MonitorKey],
    from: Timestamp,
    until: Timestamp,
) -> Result<HashMap<MonitorKey, Counts>> {
    let by_slot = counts_by_slot(tx, monitors, from, until, Slot::ONE).await?;
    Ok(by_slot.into_iter().map(|((monitor, _), counts)| (monitor, counts)).collect())
}

/// Like [`counts`], by monitor and slot.
pub async fn counts_by_slot(
    tx: &mut Tx,
    monitors: &[MonitorKey],
    from: Timestamp,
    until: Timestamp,
    slot: Slot,
) -> Result<HashMap<(MonitorKey, i64), Counts>> {
    let mut found: HashMap<(MonitorKey, i64), Counts> = HashMap::new();
    let parts = parts(from, until, &progress(tx).await?, slot.coarsest_to_count());
    for keys in monitor_slices(monitors) {
        for part in &parts {
            for (monitor, number, counts) in count_part(tx, &keys, *part, slot).await? {
                found.entry((monitor, number)).or_default().merge(&counts);
            }
        }
        for part in &parts {
            shifted::put_right(tx, &keys, *part, slot, &mut found).await?;
            across::put_right(tx, &keys, *part, slot, &mut found).await?;
        }
    }
    Ok(found)
}

/// The mean latency, in microseconds, by monitor and slot; slots without an answer are left out.
pub async fn means(
    tx: &mut Tx,
    monitors: &[MonitorKey],
    from: Timestamp,
    until: Timestamp,
    slot: Slot,
) -> Result<HashMap<(MonitorKey, i64), i64>> {
    let mut sums: HashMap<(MonitorKey, i64), (i64, i64)> = HashMap::new();
    let parts = parts(from, until, &progress(tx).await?, slot.coarsest());
    for keys in monitor_slices(monitors) {
        for part in &parts {
            let rows: Vec<(i64, i64, i64, i64)> = sql!(tx, |conn| {
                let mut query = QueryBuilder::new("select monitor_id, (");
                let (time, columns) = match part.tier {
                    None => (
                        "at",
                        ", count(latency_us), cast(coalesce(sum(latency_us), 0) as bigint) from results",
                    ),
                    Some(_) => (
                        "start",
                        ", cast(sum(latency_n) as bigint), cast(sum(latency_us) as bigint) from rollups",
                    ),
                };
                query
                    .push(time)
                    .push(" + ")
                    .push_bind(slot.shift)
                    .push(") / ")
                    .push_bind(slot.width)
                    .push(columns);
                push_stretch(&mut query, *part, &keys);
                query.push(" group by 1, 2");
                query.build_query_as().fetch_all(conn).await?
            });
            for (monitor, number, n, us) in rows {
                let sum = sums.entry((MonitorKey(monitor), number)).or_default();
                *sum = (sum.0 + n, sum.1 + us);
            }
        }
    }
    Ok(sums.into_iter().filter(|(_, (n, _))| *n > 0).map(|(key, (n, us))| (key, us / n)).collect())
}

/// What results add up to, with percentiles and phases, by monitor and by buckets of `width` milliseconds; empty buckets are
/// left out.
pub async fn series(
    tx: &mut Tx,
    monitors: &[MonitorKey],
    from: Timestamp,
    until: Timestamp,
    width: i64,
) -> Result<HashMap<MonitorKey, BTreeMap<Timestamp, Tally>>> {
    let mut found: HashMap<MonitorKey, BTreeMap<Timestamp, Tally>> = HashMap::new();
    let coarsest = Slot { shift: 0, width }.coarsest();
    for part in parts(from, until, &progress(tx).await?, coarsest) {
        for (monitor, at, tally) in sources(tx, part.tier, monitors, part.from, part.until, width).await? {
            found.entry(monitor).or_default().entry(at.floor(width)).or_default().merge(&tally);
        }
    }
    Ok(found)
}

/// What the results of one monitor add up to from `from` until before `until`.
pub async fn tally(tx: &mut Tx, monitor: MonitorKey, from: Timestamp, until: Timestamp) -> Result<Tally> {
    let mut sum = Tally::default();
    for part in parts(from, until, &progress(tx).await?, Some(Tier::Day)) {
        for (_, _, tally) in sources(tx, part.tier, &[monitor], part.from, part.until, i64::MAX).await? {
            sum.merge(&tally);
        }
    }
    Ok(sum)
}

/// Every bucket of a tier in a stretch, or raw results; of these, neighbours within `grain` milliseconds come as one.
pub(super) async fn sources(
    tx: &mut Tx,
    tier: Option<Tier>,
    monitors: &[MonitorKey],
    from: Timestamp,
    until: Timestamp,
    grain: i64,
) -> Result<Vec<(MonitorKey, Timestamp, Tally)>> {
    let part = Part { tier, from, until };
    let mut found: Vec<(MonitorKey, Timestamp, Tally)> = Vec::new();
    for keys in monitor_slices(monitors) {
        if tier.is_none() {
            let rows: Vec<RawRow> = sql!(tx, |conn| {
                let mut query = QueryBuilder::new(
                    "select monitor_id, at, state, latency_us, dns_us, connect_us, tls_us, wait_us, download_us, \
                     extra from results",
                );
                push_stretch(&mut query, part, &keys);
                query.build_query_as().fetch_all(conn).await?
            });
            for row in rows {
                let (monitor, at) = (MonitorKey(row.monitor_id), Timestamp(row.at).floor(grain));
                match found.last_mut() {
                    Some((last, start, tally)) if *last == monitor && *start == at => row.add_to(tally),
                    _ => {
                        let mut tally = Tally::default();
                        row.add_to(&mut tally);
                        found.push((monitor, at, tally));
                    }
                }
            }
        } else {
            let rows: Vec<Row> = sql!(tx, |conn| {
                let mut query = QueryBuilder::new(
                    "select monitor_id, start, up, degraded, down, confirming, unknown, maintenance, latency_n, latency_us, \
                     dns_us, connect_us, tls_us, wait_us, download_us, histogram from rollups",
                );
                push_stretch(&mut query, part, &keys);
                query.build_query_as().fetch_all(conn).await?
            });
            for row in rows {
                found.push((MonitorKey(row.monitor_id), Timestamp(row.start), row.tally()?));
            }
        }
    }
    Ok(found)
}

#[derive(FromRow)]
pub(super) struct CountRow {
    monitor_id: i64,
    slot: i64,
    up: i64,
    degraded: i64,
    down: i64,
    confirming: i64,
    unknown: i64,
    maintenance: i64,
}

impl CountRow {
    /// Sums of all states; stands between the slot and `from`.
    pub(super) const SUMS: &str = ", cast(sum(up) as bigint) as up, cast(sum(degraded) as bigint) as degraded, \
                                   cast(sum(down) as bigint) as down, cast(sum(confirming) as bigint) as confirming, \
                                   cast(sum(unknown) as bigint) as unknown, cast(sum(maintenance) as bigint) as maintenance";

    /// Whose, of which slot, and how many.
    pub(super) fn read(self) -> (MonitorKey, i64, Counts) {
        let Self { monitor_id, slot, up, degraded, down, confirming, unknown, maintenance } = self;
        (MonitorKey(monitor_id), slot, Counts { up, degraded, down, confirming, unknown, maintenance })
    }
}

async fn count_part(
    tx: &mut Tx,
    keys: &[i64],
    part: Part,
    slot: Slot,
) -> Result<Vec<(MonitorKey, i64, Counts)>> {
    if part.tier.is_none() {
        let rows: Vec<(i64, i64, i64, i64)> = sql!(tx, |conn| {
            let mut query = QueryBuilder::new("select monitor_id, (at + ");
            query
                .push_bind(slot.shift)
                .push(") / ")
                .push_bind(slot.width)
                .push(", state, count(*) from results");
            push_stretch(&mut query, part, keys);
            query.push(" and not extra group by 1, 2, 3");
            query.build_query_as().fetch_all(conn).await?
        });
        let one = |(monitor, number, state, times)| {
            let mut counts = Counts::default();
            counts.add(ResultState::from_code(state).unwrap_or(ResultState::Unknown), times);
            (MonitorKey(monitor), number, counts)
        };
        return Ok(rows.into_iter().map(one).collect());
    }
    // A bucket that does not lie within one slot counts for the one in which its middle lies.
    let middle = if part.tier == Some(Tier::Day) { DAY / 2 } else { 0 };
    let rows: Vec<CountRow> = sql!(tx, |conn| {
        let mut query = QueryBuilder::new("select monitor_id, (start + ");
        query.push_bind(slot.shift + middle).push(") / ").push_bind(slot.width);
        query.push(" as slot").push(CountRow::SUMS).push(" from rollups");
        push_stretch(&mut query, part, keys);
        query.push(" group by 1, 2");
        query.build_query_as().fetch_all(conn).await?
    });
    Ok(rows.into_iter().map(CountRow::read).collect())
}

/// Writes the `where` of a part: the primary keys begin with monitor (and tier), so each monitor is one seek.
pub(super) fn push_stretch<DB>(query: &mut QueryBuilder<DB>, part: Part, keys: &[i64])
where
    DB: sqlx::Database,
    i64: for<'t> sqlx::Encode<'t, DB> + sqlx::Type<DB>,
{
    let time = if let Some(tier) = part.tier {
        query.push(" where tier = ").push_bind(tier.width()).push(" and start");
        "start"
    } else {
        query.push(" where at");
        "at"
    };
    query.push(" >= ").push_bind(part.from.0).push(" and ").push(time).push(" < ").push_bind(part.until.0);
    push_in(query, " and monitor_id", keys);
}

/// The parts of a stretch, in the order of time: nothing twice, nothing left out, at most two a tier.
fn parts(from: Timestamp, until: Timestamp, progress: &Progress, coarsest: Option<Tier>) -> Vec<Part> {
    let mut parts = Vec::new();
    cover(from, until, progress, coarsest, &mut parts);
    parts
}

fn cover(from: Timestamp, until: Timestamp, progress: &Progress, tier: Option<Tier>, parts: &mut Vec<Part>) {
    if from >= until {
        return;
    }
    let Some(tier) = tier else {
        parts.push(Part { tier: None, from, until });
        return;
    };
    let width = tier.width();
    let start = Timestamp(from.0.saturating_add(width - 1)).floor(width);
    let end = progress.until(tier).unwrap_or(start).min(until.floor(width));
    if start < end {
        cover(from, start, progress, tier.below(), parts);
        parts.push(Part { tier: Some(tier), from: start, until: end });
        cover(end, until, progress, tier.below(), parts);
    } else {
        cover(from, until, progress, tier.below(), parts);
    }
}

#[cfg(test)]
mod tests {
    use domain::time::{HOUR, MINUTE};

    use super::*;

    fn progress(five: i64, hour: i64, day: i64) -> Progress {
        Progress { until: [five, hour, day].map(|at| Some(Timestamp(at))) }
    }

    #[test]
    fn a_stretch_is_covered_once_and_without_gaps() {
        let now = 100 * DAY + 5 * HOUR + 7 * MINUTE;
        let progress = progress(now - 2 * MINUTE, 100 * DAY + 5 * HOUR, 100 * DAY);
        for length in [MINUTE, 4 * MINUTE, HOUR, DAY, 7 * DAY, 90 * DAY] {
            let (from, until) = (Timestamp(now - length), Timestamp(now));
            let parts = parts(from, until, &progress, Some(Tier::Day));
            assert_eq!(parts.first().map(|part| part.from), Some(from));
            assert_eq!(parts.last().map(|part| part.until), Some(until));
            assert!(parts.windows(2).all(|pair| pair[0].until == pair[1].from), "{parts:?}");
            assert!(parts.len() <= 7, "{parts:?}");
            for part in parts {
                let width = part.tier.map_or(1, Tier::width);
                assert_eq!((part.from.0 % width, part.until.0 % width), (0, 0));
            }
        }
    }

    #[test]
    fn without_progress_everything_is_raw() {
        let parts = parts(Timestamp(0), Timestamp(DAY), &Progress::default(), Some(Tier::Day));
        assert_eq!(parts, [Part { tier: None, from: Timestamp(0), until: Timestamp(DAY) }]);
    }

    #[test]
    fn slots_take_the_coarsest_tier_that_fits_into_them() {
        assert_eq!(Slot { shift: 0, width: DAY }.coarsest(), Some(Tier::Day));
        assert_eq!(Slot { shift: HOUR, width: DAY }.coarsest(), Some(Tier::Hour));
        assert_eq!(Slot { shift: 5 * HOUR + 30 * MINUTE, width: DAY }.coarsest(), Some(Tier::Hour));
        assert_eq!(Slot { shift: 0, width: 30 * MINUTE }.coarsest(), Some(Tier::FiveMinutes));
        assert_eq!(Slot { shift: 0, width: MINUTE }.coarsest(), None);
    }
}

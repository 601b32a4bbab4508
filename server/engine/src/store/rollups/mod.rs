//! Roll-ups: results counted in buckets of five minutes, an hour and a day (UTC), each tier made from the one below it.
//!
//! **Invariant**: everything before a tier's progress is counted in it, exactly; what lies behind it is read from what it is
//! made from. A bucket is written as a whole, so that doing it again after a crash does no harm; a result that comes later is
//! added to it.

mod across;
mod late;
mod read;
mod shifted;
mod sweep;

use std::collections::BTreeMap;

use domain::check::Phases;
use domain::id::MonitorKey;
use domain::tally::{PhaseSums, Tally};
use domain::time::{DAY, HOUR, MINUTE, Timestamp};
use domain::uptime::{Counts, Histogram, ResultState};
use sqlx::{FromRow, QueryBuilder};

use super::batch::{monitor_slices, push_in};
use super::{Result, StoreError, Tx, sql};

pub use late::insert;
pub use read::{Slot, counts, counts_by_slot, means, series, tally};
pub use sweep::{Owner, forget_results, forget_rollups, owner_of_results, owner_of_rollups};

/// Rows a statement: 18 values each, and SQLite takes at most 32,766 values.
const ROWS_PER_STATEMENT: usize = 1_000;

/// A row of the progress that is no tier's, but a lock.
const LOCK: i64 = 0;

/// A width of buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Made from raw results.
    FiveMinutes,
    /// Made from five minutes.
    Hour,
    /// Made from hours.
    Day,
}

impl Tier {
    /// Every tier, the finest first: the order in which they are made.
    pub const ALL: [Self; 3] = [Self::FiveMinutes, Self::Hour, Self::Day];

    /// The width of its buckets, in milliseconds; also its number in the database.
    pub fn width(self) -> i64 {
        match self {
            Self::FiveMinutes => 5 * MINUTE,
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }

    /// The tier that it is made from; `None` for raw results.
    pub fn below(self) -> Option<Self> {
        match self {
            Self::FiveMinutes => None,
            Self::Hour => Some(Self::FiveMinutes),
            Self::Day => Some(Self::Hour),
        }
    }
}

/// How far each tier has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    until: [Option<Timestamp>; 3],
}

impl Progress {
    /// Everything before this time is counted in the tier; `None` when nothing was counted yet.
    pub fn until(&self, tier: Tier) -> Option<Timestamp> {
        self.until[tier as usize]
    }
}

/// How far each tier has come.
pub async fn progress(tx: &mut Tx) -> Result<Progress> {
    let rows: Vec<(i64, i64)> =
        sql!(tx, |conn| sqlx::query_as("select tier, until from rollup_progress").fetch_all(conn).await?);
    let mut progress = Progress::default();
    for tier in Tier::ALL {
        let row = rows.iter().find(|(width, _)| *width == tier.width());
        progress.until[tier as usize] = row.map(|(_, until)| Timestamp(*until));
    }
    Ok(progress)
}

/// Notes that everything before `until` is counted in a tier. Progress never goes back.
pub async fn advance(tx: &mut Tx, tier: Tier, until: Timestamp) -> Result<()> {
    sql!(tx, |conn| sqlx::query(
        "insert into rollup_progress (tier, until) values ($1, $2) on conflict (tier) do update set \
         until = excluded.until where excluded.until > rollup_progress.until"
    )
    .bind(tier.width())
    .bind(until.0)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(())
}

/// When the oldest monitor was added: nothing can be older than that. `None` without monitors.
pub async fn beginning(tx: &mut Tx) -> Result<Option<Timestamp>> {
    let at: Option<i64> =
        sql!(tx, |conn| sqlx::query_scalar("select min(created_at) from monitors").fetch_one(conn).await?);
    Ok(at.map(Timestamp))
}

/// The time of the first thing from `from` on that a tier is made from; `None` when there is nothing. It lets a program that
/// was stopped for a month skip the empty buckets.
pub async fn next_source(tx: &mut Tx, tier: Tier, from: Timestamp) -> Result<Option<Timestamp>> {
    let at: Option<i64> = match tier.below() {
        None => sql!(tx, |conn| {
            sqlx::query_scalar(
            "select min((select min(r.at) from results r where r.monitor_id = m.id and r.at >= $1)) from monitors m"
        )
        .bind(from.0)
        .fetch_one(conn)
        .await?
        }),
        Some(below) => sql!(tx, |conn| {
            sqlx::query_scalar(
            "select min((select min(r.start) from rollups r where r.monitor_id = m.id and r.tier = $1 and r.start >= $2)) \
             from monitors m"
        )
        .bind(below.width())
        .bind(from.0)
        .fetch_one(conn)
        .await?
        }),
    };
    Ok(at.map(Timestamp))
}

/// Counts the bucket of a tier that begins at `start`, for at most `limit` monitors after `after`. Returns the last of
/// them; `None` when there was none left, and so the bucket is complete.
pub async fn roll_up(
    tx: &mut Tx,
    tier: Tier,
    start: Timestamp,
    after: MonitorKey,
    limit: i64,
) -> Result<Option<MonitorKey>> {
    let monitors: Vec<i64> =
        sql!(tx, |conn| sqlx::query_scalar("select id from monitors where id > $1 order by id limit $2")
            .bind(after.0)
            .bind(limit)
            .fetch_all(conn)
            .await?);
    let monitors: Vec<MonitorKey> = monitors.into_iter().map(MonitorKey).collect();
    let Some(last) = monitors.last().copied() else { return Ok(None) };
    let until = Timestamp(start.0 + tier.width());
    lock(tx).await?;
    lock_unconfirmed(tx, tier, &monitors, start, until).await?;
    let mut tallies: BTreeMap<MonitorKey, Tally> = BTreeMap::new();
    for (monitor, _, tally) in read::sources(tx, tier.below(), &monitors, start, until, tier.width()).await? {
        tallies.entry(monitor).or_default().merge(&tally);
    }
    let rows: Vec<_> = tallies.into_iter().collect();
    put(tx, tier, start, &rows).await?;
    Ok(Some(last))
}

/// Turns counts of suspected failures of a monitor into confirmed ones, wherever their buckets are counted already.
pub async fn move_confirmed(tx: &mut Tx, monitor: MonitorKey, times: &[Timestamp]) -> Result<()> {
    for tier in Tier::ALL {
        let mut buckets: BTreeMap<Timestamp, i64> = BTreeMap::new();
        for at in times {
            *buckets.entry(at.floor(tier.width())).or_default() += 1;
        }
        for (start, count) in buckets {
            sql!(tx, |conn| sqlx::query(
                "update rollups set confirming = confirming - $1, down = down + $1 \
                 where monitor_id = $2 and tier = $3 and start = $4 and confirming >= $1"
            )
            .bind(count)
            .bind(monitor.0)
            .bind(tier.width())
            .bind(start.0)
            .execute(conn)
            .await?
            .rows_affected());
        }
    }
    Ok(())
}

/// Lets one transaction at a time count what was recorded: on PostgreSQL a result could otherwise be recorded after it was looked
/// for and before the bucket that it belongs to is to be seen.
async fn lock(tx: &mut Tx) -> Result<()> {
    sql!(tx, |conn| sqlx::query(
        "insert into rollup_progress (tier, until) values ($1, 0) \
         on conflict (tier) do update set until = rollup_progress.until"
    )
    .bind(LOCK)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(())
}

/// Locks what [`move_confirmed`] may be about to change. On PostgreSQL a recorder could otherwise confirm failures after
/// they were read here and before the bucket that they belong to is to be seen. On SQLite there is one writer anyway.
async fn lock_unconfirmed(
    tx: &mut Tx,
    tier: Tier,
    monitors: &[MonitorKey],
    start: Timestamp,
    until: Timestamp,
) -> Result<()> {
    for keys in monitor_slices(monitors) {
        sql!(tx, |conn| {
            let mut query = match tier.below() {
                None => {
                    let mut query = QueryBuilder::new("update results set state = state where state = ");
                    query.push_bind(ResultState::Confirming.code());
                    query.push(" and at >= ").push_bind(start.0).push(" and at < ").push_bind(until.0);
                    query
                }
                Some(below) => {
                    let mut query =
                        QueryBuilder::new("update rollups set confirming = confirming where confirming > 0");
                    query.push(" and tier = ").push_bind(below.width());
                    query.push(" and start >= ").push_bind(start.0).push(" and start < ").push_bind(until.0);
                    query
                }
            };
            push_in(&mut query, " and monitor_id", &keys);
            query.build().execute(conn).await?.rows_affected()
        });
    }
    Ok(())
}

async fn put(tx: &mut Tx, tier: Tier, start: Timestamp, rows: &[(MonitorKey, Tally)]) -> Result<()> {
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        sql!(tx, |conn| {
            let mut query = QueryBuilder::new(
                "insert into rollups (monitor_id, tier, start, up, degraded, down, confirming, unknown, maintenance, \
                 latency_n, latency_us, dns_us, connect_us, tls_us, wait_us, download_us, histogram) ",
            );
            query.push_values(chunk, |mut values, (monitor, tally)| {
                values
                    .push_bind(monitor.0)
                    .push_bind(tier.width())
                    .push_bind(start.0)
                    .push_bind(tally.counts.up)
                    .push_bind(tally.counts.degraded)
                    .push_bind(tally.counts.down)
                    .push_bind(tally.counts.confirming)
                    .push_bind(tally.counts.unknown)
                    .push_bind(tally.counts.maintenance)
                    .push_bind(tally.latency_n)
                    .push_bind(tally.latency_us)
                    .push_bind(tally.phases.dns_us)
                    .push_bind(tally.phases.connect_us)
                    .push_bind(tally.phases.tls_us)
                    .push_bind(tally.phases.wait_us)
                    .push_bind(tally.phases.download_us)
                    .push_bind(tally.histogram.to_bytes());
            });
            query.push(
                " on conflict (monitor_id, tier, start) do update set up = excluded.up, degraded = excluded.degraded, \
                 down = excluded.down, confirming = excluded.confirming, unknown = excluded.unknown, \
                 maintenance = excluded.maintenance, latency_n = excluded.latency_n, latency_us = excluded.latency_us, \
                 dns_us = excluded.dns_us, connect_us = excluded.connect_us, tls_us = excluded.tls_us, \
                 wait_us = excluded.wait_us, download_us = excluded.download_us, histogram = excluded.histogram",
            );
            query.build().execute(conn).await?.rows_affected()
        });
    }
    Ok(())
}

/// A row of a roll-up.
#[derive(FromRow)]
struct Row {
    monitor_id: i64,
    start: i64,
    up: i64,
    degraded: i64,
    down: i64,
    confirming: i64,
    unknown: i64,
    maintenance: i64,
    latency_n: i64,
    latency_us: i64,
    dns_us: i64,
    connect_us: i64,
    tls_us: i64,
    wait_us: i64,
    download_us: i64,
    histogram: Vec<u8>,
}

impl Row {
    fn tally(&self) -> Result<Tally> {
        let corrupt = StoreError::Corrupt { table: "rollups", column: "histogram", id: self.monitor_id };
        Ok(Tally {
            counts: Counts {
                up: self.up,
                degraded: self.degraded,
                down: self.down,
                confirming: self.confirming,
                unknown: self.unknown,
                maintenance: self.maintenance,
            },
            histogram: Histogram::from_bytes(&self.histogram).ok_or(corrupt)?,
            latency_n: self.latency_n,
            latency_us: self.latency_us,
            phases: PhaseSums {
                dns_us: self.dns_us,
                connect_us: self.connect_us,
                tls_us: self.tls_us,
                wait_us: self.wait_us,
                download_us: self.download_us,
            },
        })
    }
}

/// A raw result.
#[derive(FromRow)]
struct RawRow {
    monitor_id: i64,
    at: i64,
    state: i64,
    latency_us: Option<i64>,
    dns_us: Option<i64>,
    connect_us: Option<i64>,
    tls_us: Option<i64>,
    wait_us: Option<i64>,
    download_us: Option<i64>,
    extra: bool,
}

impl RawRow {
    fn add_to(&self, tally: &mut Tally) {
        let phases = Phases {
            dns_us: self.dns_us,
            connect_us: self.connect_us,
            tls_us: self.tls_us,
            wait_us: self.wait_us,
            download_us: self.download_us,
        };
        if self.extra {
            tally.record_latency(self.latency_us, &phases);
            return;
        }
        let state = ResultState::from_code(self.state).unwrap_or(ResultState::Unknown);
        tally.record(state, self.latency_us, &phases);
    }
}

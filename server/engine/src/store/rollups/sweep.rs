//! Forgetting: what is older than its retention, and what deleted monitors left behind. Everything in small pieces, because
//! SQLite has one writer and it should never be held for long.

use domain::id::MonitorKey;
use domain::time::Timestamp;

use super::super::{Result, Tx, sql};
use super::Tier;

/// A monitor that has rows in a table, whether or not it still exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Which.
    pub monitor: MonitorKey,
    /// Whether the monitor still exists.
    pub alive: bool,
}

/// The first monitor after `after` that has raw results.
pub async fn owner_of_results(tx: &mut Tx, after: MonitorKey) -> Result<Option<Owner>> {
    let monitor: Option<i64> =
        sql!(tx, |conn| sqlx::query_scalar("select min(monitor_id) from results where monitor_id > $1")
            .bind(after.0)
            .fetch_one(conn)
            .await?);
    owner(tx, monitor).await
}

/// The first monitor after `after` that has roll-ups.
pub async fn owner_of_rollups(tx: &mut Tx, after: MonitorKey) -> Result<Option<Owner>> {
    let monitor: Option<i64> =
        sql!(tx, |conn| sqlx::query_scalar("select min(monitor_id) from rollups where monitor_id > $1")
            .bind(after.0)
            .fetch_one(conn)
            .await?);
    owner(tx, monitor).await
}

async fn owner(tx: &mut Tx, monitor: Option<i64>) -> Result<Option<Owner>> {
    let Some(monitor) = monitor else { return Ok(None) };
    let found: i64 = sql!(tx, |conn| sqlx::query_scalar("select count(*) from monitors where id = $1")
        .bind(monitor)
        .fetch_one(conn)
        .await?);
    Ok(Some(Owner { monitor: MonitorKey(monitor), alive: found > 0 }))
}

/// Forgets the oldest raw results of a monitor from before `before`, at most `limit`; returns how many there were.
pub async fn forget_results(tx: &mut Tx, monitor: MonitorKey, before: Timestamp, limit: i64) -> Result<u64> {
    Ok(sql!(tx, |conn| sqlx::query(
        "delete from results where monitor_id = $1 and at <= (select max(at) from \
         (select at from results where monitor_id = $1 and at < $2 order by at limit $3) as oldest)"
    )
    .bind(monitor.0)
    .bind(before.0)
    .bind(limit)
    .execute(conn)
    .await?
    .rows_affected()))
}

/// Forgets the oldest buckets of a tier of a monitor from before `before`, at most `limit`; returns how many there were.
pub async fn forget_rollups(
    tx: &mut Tx,
    monitor: MonitorKey,
    tier: Tier,
    before: Timestamp,
    limit: i64,
) -> Result<u64> {
    Ok(sql!(tx, |conn| {
        sqlx::query(
        "delete from rollups where monitor_id = $1 and tier = $2 and start <= (select max(start) from \
         (select start from rollups where monitor_id = $1 and tier = $2 and start < $3 order by start limit $4) as oldest)"
    )
    .bind(monitor.0)
    .bind(tier.width())
    .bind(before.0)
    .bind(limit)
    .execute(conn)
    .await?
    .rows_affected()
    }))
}

//! Results that come late: their bucket was counted already, or is at this moment. They are added to it.
//!
//! A database that was away for a few minutes is enough: the housekeeping may be faster than the recorder, in which results
//! waited. A clock that is set back makes everything late until it has caught up.

use std::collections::{BTreeMap, HashSet};

use domain::id::MonitorKey;
use domain::tally::Tally;
use domain::time::Timestamp;
use sqlx::QueryBuilder;

use super::super::batch::{monitor_slices, push_in};
use super::super::results::{self, ResultRow};
use super::super::{Result, Tx, sql};
use super::{Row, Tier, lock, progress, put};

/// Adds results, like [`results::insert`], so that they are counted however late they come. `settled`: a bucket that ended
/// later is not being counted anywhere yet.
pub async fn insert(tx: &mut Tx, rows: &[ResultRow], settled: Timestamp) -> Result<()> {
    let counted = progress(tx).await?.until(Tier::FiveMinutes).unwrap_or_default();
    let edge = settled.floor(Tier::FiveMinutes.width()).max(counted);
    if rows.iter().all(|row| row.at >= edge) {
        return results::insert(tx, rows).await;
    }
    let (late, rest): (Vec<_>, Vec<_>) = rows.iter().copied().partition(|row| row.at < edge);
    lock(tx).await?;
    results::insert(tx, &rest).await?;
    let mut new: HashSet<_> = results::insert_new(tx, &late).await?.into_iter().collect();
    // A slot that was recorded already is counted already.
    let late: Vec<_> = late.into_iter().filter(|row| new.remove(&(row.monitor, row.at))).collect();
    for tier in Tier::ALL {
        add(tx, tier, &late).await?;
    }
    Ok(())
}

/// Adds results to the buckets of a tier. One that is not counted yet may be added to as well, so nobody needs to know how far
/// the counting has come within it: it is written as a whole when its turn comes.
async fn add(tx: &mut Tx, tier: Tier, late: &[ResultRow]) -> Result<()> {
    let mut buckets: BTreeMap<Timestamp, BTreeMap<MonitorKey, Tally>> = BTreeMap::new();
    for row in late {
        let bucket = buckets.entry(row.at.floor(tier.width())).or_default();
        let tally = bucket.entry(row.monitor).or_default();
        if row.extra {
            tally.record_latency(row.latency_us, &row.phases);
        } else {
            tally.record(row.state, row.latency_us, &row.phases);
        }
    }
    for (start, mut tallies) in buckets {
        let monitors: Vec<_> = tallies.keys().copied().collect();
        for row in locked(tx, tier, start, &monitors).await? {
            if let Some(tally) = tallies.get_mut(&MonitorKey(row.monitor_id)) {
                tally.merge(&row.tally()?);
            }
        }
        let rows: Vec<_> = tallies.into_iter().collect();
        put(tx, tier, start, &rows).await?;
    }
    Ok(())
}

/// What a bucket holds. Locked, because on PostgreSQL a recorder of another node may confirm failures in it at this moment.
async fn locked(tx: &mut Tx, tier: Tier, start: Timestamp, monitors: &[MonitorKey]) -> Result<Vec<Row>> {
    let mut found = Vec::new();
    for keys in monitor_slices(monitors) {
        let rows: Vec<Row> = sql!(tx, |conn| {
            let mut query = QueryBuilder::new("update rollups set confirming = confirming where tier = ");
            query.push_bind(tier.width()).push(" and start = ").push_bind(start.0);
            push_in(&mut query, " and monitor_id", &keys);
            query.push(
                " returning monitor_id, start, up, degraded, down, confirming, unknown, maintenance, latency_n, \
                 latency_us, dns_us, connect_us, tls_us, wait_us, download_us, histogram",
            );
            query.build_query_as().fetch_all(conn).await?
        });
        found.extend(rows);
    }
    Ok(found)
}

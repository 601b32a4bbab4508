//! What programs are told of monitors beside what lists show.

use std::collections::{HashMap, HashSet};

use domain::id::{IncidentId, MonitorKey};
use sqlx::QueryBuilder;

use super::super::batch::{monitor_slices, push_in};
use super::super::{Result, StoreError, Tx, sql};
use super::monitors::SEARCHED;
use super::search::Search;

/// The keys of the monitors on one page: those with an open incident first, then the others, then those that are paused; or the newest
/// first.
pub async fn monitor_keys(
    tx: &mut Tx,
    search: &str,
    newest: bool,
    limit: i64,
    offset: i64,
) -> Result<Vec<MonitorKey>> {
    const BY_STATUS: &str = "case when m.paused then 2 when exists \
         (select 1 from incidents i where i.monitor_id = m.id and i.resolved_at is null) then 0 else 1 end, \
         lower(m.name), m.id";
    let keys: Vec<i64> = sql!(tx, |conn| {
        let mut query = QueryBuilder::new("select m.id from monitors m where ");
        Search::of(search).push(&mut query, &SEARCHED);
        query.push(" order by ").push(if newest { "m.id desc" } else { BY_STATUS });
        query.push(" limit ").push_bind(limit).push(" offset ").push_bind(offset);
        query.build_query_scalar().fetch_all(conn).await?
    });
    Ok(keys.into_iter().map(MonitorKey).collect())
}

/// How many monitors a search leaves.
pub async fn monitors_found(tx: &mut Tx, search: &str) -> Result<i64> {
    Ok(sql!(tx, |conn| {
        let mut query = QueryBuilder::new("select count(*) from monitors m where ");
        Search::of(search).push(&mut query, &SEARCHED);
        query.build_query_scalar().fetch_one(conn).await?
    }))
}

/// The open incidents of monitors, the oldest first.
pub async fn open_incidents(
    tx: &mut Tx,
    keys: &[MonitorKey],
) -> Result<HashMap<MonitorKey, Vec<IncidentId>>> {
    let mut open: HashMap<MonitorKey, Vec<IncidentId>> = HashMap::new();
    for slice in monitor_slices(keys) {
        let rows: Vec<(i64, String)> = sql!(tx, |conn| {
            let mut query = QueryBuilder::new(
                "select i.monitor_id, i.public_id from incidents i where i.resolved_at is null and ",
            );
            push_in(&mut query, "i.monitor_id", &slice);
            query.push(" order by i.id");
            query.build_query_as().fetch_all(conn).await?
        });
        for (key, id) in rows {
            let corrupt = StoreError::Corrupt { table: "incidents", column: "public_id", id: key };
            open.entry(MonitorKey(key)).or_default().push(id.parse().map_err(|_| corrupt)?);
        }
    }
    Ok(open)
}

/// Those of some monitors of which nothing is confirmed.
pub async fn unsettled(tx: &mut Tx, keys: &[MonitorKey]) -> Result<HashSet<MonitorKey>> {
    let mut unsettled = HashSet::new();
    for slice in monitor_slices(keys) {
        let rows: Vec<i64> = sql!(tx, |conn| {
            let mut query =
                QueryBuilder::new("select h.monitor_id from health h where h.settled = 'pending' and ");
            push_in(&mut query, "h.monitor_id", &slice);
            query.build_query_scalar().fetch_all(conn).await?
        });
        unsettled.extend(rows.into_iter().map(MonitorKey));
    }
    Ok(unsettled)
}

/// How many deliveries that were planned since then tell of what, and through which provider: kind and count, provider and count; the most
/// frequent first.
pub async fn delivery_shares(
    tx: &mut Tx,
    since: domain::time::Timestamp,
) -> Result<(Vec<(String, i64)>, Vec<(String, i64)>)> {
    let kinds: Vec<(String, i64)> = sql!(tx, |conn| {
        sqlx::query_as(
        "select d.kind, count(*) from deliveries d where d.created_at >= $1 group by d.kind order by 2 desc, 1"
    )
    .bind(since.0)
    .fetch_all(conn)
    .await?
    });
    let providers: Vec<(String, i64)> = sql!(tx, |conn| sqlx::query_as(
        "select g.kind, count(*) from deliveries d join integrations g on g.id = d.integration_id \
         where d.created_at >= $1 group by g.kind order by 2 desc, 1"
    )
    .bind(since.0)
    .fetch_all(conn)
    .await?);
    Ok((kinds, providers))
}

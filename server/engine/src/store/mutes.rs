//! What holds alerts of a monitor back: silence for a while, and the monitors that it hangs on.

use std::collections::HashSet;

use domain::id::{MonitorId, MonitorKey};
use domain::time::Timestamp;
use domain::views::console::Named;

use sqlx::QueryBuilder;

use super::batch::KEYS_PER_STATEMENT;
use super::{Result, Tx, sql};

/// Silences a monitor until then, or lets it sound again.
pub async fn set(tx: &mut Tx, monitor: MonitorKey, until: Option<Timestamp>) -> Result<()> {
    sql!(tx, |conn| sqlx::query("delete from mutes where monitor_id = $1")
        .bind(monitor.0)
        .execute(conn)
        .await?
        .rows_affected());
    if let Some(until) = until {
        sql!(tx, |conn| sqlx::query("insert into mutes (monitor_id, until) values ($1, $2)")
            .bind(monitor.0)
            .bind(until.0)
            .execute(conn)
            .await?
            .rows_affected());
    }
    Ok(())
}

/// Until when a monitor is silenced.
pub async fn until(tx: &mut Tx, monitor: MonitorKey) -> Result<Option<Timestamp>> {
    let until: Option<i64> =
        sql!(tx, |conn| sqlx::query_scalar("select until from mutes where monitor_id = $1")
            .bind(monitor.0)
            .fetch_optional(conn)
            .await?);
    Ok(until.map(Timestamp))
}

/// What a monitor hangs on, by name.
pub async fn parents(tx: &mut Tx, monitor: MonitorKey) -> Result<Vec<Named<MonitorId>>> {
    let rows: Vec<(String, String)> = sql!(tx, |conn| sqlx::query_as(
        "select m.public_id, m.name from monitor_parents p join monitors m on m.id = p.parent_id \
         where p.monitor_id = $1 order by lower(m.name), m.id"
    )
    .bind(monitor.0)
    .fetch_all(conn)
    .await?);
    Ok(rows.into_iter().filter_map(|(id, name)| Some(Named { id: id.parse().ok()?, name })).collect())
}

/// The monitors that hang on another, directly or through others.
pub async fn hanging_on(tx: &mut Tx, on: MonitorKey) -> Result<HashSet<MonitorKey>> {
    let keys: Vec<i64> = sql!(tx, |conn| sqlx::query_scalar(
        "with recursive below (id) as (select monitor_id from monitor_parents where parent_id = $1 \
         union select p.monitor_id from monitor_parents p join below on below.id = p.parent_id) \
         select id from below"
    )
    .bind(on.0)
    .fetch_all(conn)
    .await?);
    Ok(keys.into_iter().map(MonitorKey).collect())
}

/// What a monitor that fails hangs on, directly or through others, and was not looked at since: which, and when it last was, 0 for never.
/// Left out is what fails itself, and what nobody can look at: what is paused, or sends heartbeats.
pub async fn unseen_parents(tx: &mut Tx, monitor: MonitorKey) -> Result<Vec<(MonitorKey, Timestamp)>> {
    let rows: Vec<(i64, i64)> = sql!(tx, |conn| {
        sqlx::query_as(
            "with recursive up (id) as (select parent_id from monitor_parents where monitor_id = $1 \
         union select p.parent_id from monitor_parents p join up on up.id = p.monitor_id) \
         select up.id, coalesce((select max(at) from results where monitor_id = up.id), 0) \
         from up join monitors m on m.id = up.id join health h on h.monitor_id = up.id join health c on c.monitor_id = $1 \
         where not m.paused and m.kind <> 'push' and h.settled <> 'down' and h.state <> 'confirming' and not exists \
         (select 1 from results r where r.monitor_id = up.id \
          and r.at >= case when c.settled = 'down' then c.since else coalesce(c.streak_since, c.since) end) order by up.id",
        )
        .bind(monitor.0)
        .fetch_all(conn)
        .await?
    });
    Ok(rows.into_iter().map(|(parent, at)| (MonitorKey(parent), Timestamp(at))).collect())
}

/// Says what a monitor hangs on.
pub async fn set_parents(tx: &mut Tx, monitor: MonitorKey, parents: &[MonitorKey]) -> Result<()> {
    sql!(tx, |conn| sqlx::query("delete from monitor_parents where monitor_id = $1")
        .bind(monitor.0)
        .execute(conn)
        .await?
        .rows_affected());
    for chunk in parents.chunks(KEYS_PER_STATEMENT) {
        sql!(tx, |conn| {
            let mut query = QueryBuilder::new("insert into monitor_parents (monitor_id, parent_id) ");
            query.push_values(chunk, |mut values, parent| {
                values.push_bind(monitor.0).push_bind(parent.0);
            });
            query.push(" on conflict (monitor_id, parent_id) do nothing");
            query.build().execute(conn).await?.rows_affected()
        });
    }
    Ok(())
}

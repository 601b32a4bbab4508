//! Full reports, of transitions and of recent failures.

use domain::check::CheckReport;
use domain::id::MonitorKey;
use domain::text::clean_json;
use domain::time::Timestamp;
use domain::views::console::EvidenceItem;
use sqlx::types::Json;

use super::{Result, Tx, answers, sql};

/// Keeps a report, and the whole answer when it has one.
pub async fn insert(
    tx: &mut Tx,
    monitor: MonitorKey,
    at: Timestamp,
    transition: bool,
    report: &CheckReport,
) -> Result<()> {
    let json = storable(report)?;
    let id: i64 = sql!(tx, |conn| sqlx::query_scalar(
        "insert into evidence (monitor_id, at, transition, report) values ($1, $2, $3, $4) returning id"
    )
    .bind(monitor.0)
    .bind(at.0)
    .bind(transition)
    .bind(Json(json))
    .fetch_one(conn)
    .await?);
    let Some(answer) = &report.answer else { return Ok(()) };
    answers::insert(tx, monitor, id, answer).await
}

/// The report as JSON that both databases take: much of it is what the target said.
fn storable(report: &CheckReport) -> Result<serde_json::Value> {
    let mut value = serde_json::to_value(report).map_err(|error| sqlx::Error::Encode(error.into()))?;
    clean_json(&mut value);
    Ok(value)
}

/// The latest reports of a monitor, the newest first, at most `limit`. Reports that an older program wrote in a form that is
/// no longer read are left out.
pub async fn latest(tx: &mut Tx, monitor: MonitorKey, limit: i64) -> Result<Vec<EvidenceItem>> {
    let rows: Vec<(i64, Json<serde_json::Value>)> = sql!(tx, |conn| sqlx::query_as(
        "select at, report from evidence where monitor_id = $1 order by at desc, id desc limit $2"
    )
    .bind(monitor.0)
    .bind(limit)
    .fetch_all(conn)
    .await?);
    Ok(items(rows))
}

/// The reports of a monitor from a stretch of time, both ends included, the oldest first, at most `limit`.
pub async fn between(
    tx: &mut Tx,
    monitor: MonitorKey,
    from: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<EvidenceItem>> {
    let rows: Vec<(i64, Json<serde_json::Value>)> = sql!(tx, |conn| {
        sqlx::query_as(
            "select at, report from evidence where monitor_id = $1 and at >= $2 and at <= $3 \
             order by at, id limit $4",
        )
        .bind(monitor.0)
        .bind(from.0)
        .bind(until.0)
        .bind(limit)
        .fetch_all(conn)
        .await?
    });
    Ok(items(rows))
}

fn items(rows: Vec<(i64, Json<serde_json::Value>)>) -> Vec<EvidenceItem> {
    let item = |(at, report): (i64, Json<serde_json::Value>)| {
        Some(EvidenceItem { at: Timestamp(at), report: serde_json::from_value(report.0).ok()? })
    };
    rows.into_iter().filter_map(item).collect()
}

/// The first report of a monitor from `from` until before `until`, if one is kept.
pub async fn first(
    tx: &mut Tx,
    monitor: MonitorKey,
    from: Timestamp,
    until: Timestamp,
) -> Result<Option<CheckReport>> {
    let row: Option<Json<serde_json::Value>> = sql!(tx, |conn| {
        sqlx::query_scalar(
        "select report from evidence where monitor_id = $1 and at >= $2 and at < $3 order by at, id limit 1"
    )
    .bind(monitor.0)
    .bind(from.0)
    .bind(until.0)
    .fetch_optional(conn)
    .await?
    });
    Ok(row.and_then(|report| serde_json::from_value(report.0).ok()))
}

/// Forgets the plain failures of a monitor but the latest `keep`; transitions stay until [`forget`].
pub async fn trim(tx: &mut Tx, monitor: MonitorKey, keep: i64) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "delete from evidence where monitor_id = $1 and transition = $2 and id not in \
         (select id from evidence where monitor_id = $1 and transition = $2 order by at desc, id desc limit $3)"
    )
    .bind(monitor.0)
    .bind(false)
    .bind(keep)
    .execute(conn)
    .await?.rows_affected()
    });
    Ok(())
}

/// Forgets at most `limit` reports from before `before`; returns how many there were.
pub async fn forget(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64> {
    Ok(sql!(tx, |conn| sqlx::query(
        "delete from evidence where id in (select id from evidence where at < $1 limit $2)"
    )
    .bind(before.0)
    .bind(limit)
    .execute(conn)
    .await?
    .rows_affected()))
}

//! Whole answers of failing checks, where a message tells them. The report beside one has only its start.

use domain::custom::ANSWER;
use domain::id::MonitorKey;
use domain::integration::ProviderKind;
use domain::time::Timestamp;

use super::{Result, Tx, sql};

/// Whole answers that are kept of a monitor: the latest ones, which messages are still to tell.
const KEEP: i64 = 4;

/// Keeps the answer that the report `evidence` of a monitor came with; the oldest of the monitor make room.
pub(super) async fn insert(tx: &mut Tx, monitor: MonitorKey, evidence: i64, body: &str) -> Result<()> {
    sql!(tx, |conn| sqlx::query("insert into answers (evidence_id, body) values ($1, $2)")
        .bind(evidence)
        .bind(body)
        .execute(conn)
        .await?
        .rows_affected());
    sql!(tx, |conn| {
        sqlx::query(
            "delete from answers where evidence_id in \
             (select a.evidence_id from answers a join evidence e on e.id = a.evidence_id \
             where e.monitor_id = $1 order by e.id desc limit 100 offset $2)",
        )
        .bind(monitor.0)
        .bind(KEEP)
        .execute(conn)
        .await?
        .rows_affected()
    });
    Ok(())
}

/// The key of the whole answer that the report of a monitor from `at` came with, if it is kept.
pub async fn of_report(tx: &mut Tx, monitor: MonitorKey, at: Timestamp) -> Result<Option<i64>> {
    Ok(sql!(tx, |conn| {
        sqlx::query_scalar(
            "select a.evidence_id from evidence e join answers a on a.evidence_id = e.id \
             where e.monitor_id = $1 and e.at = $2 order by e.id desc limit 1",
        )
        .bind(monitor.0)
        .bind(at.0)
        .fetch_optional(conn)
        .await?
    }))
}

/// A whole answer; `None` once newer ones took its place.
pub async fn get(tx: &mut Tx, key: i64) -> Result<Option<String>> {
    Ok(sql!(tx, |conn| sqlx::query_scalar("select body from answers where evidence_id = $1")
        .bind(key)
        .fetch_optional(conn)
        .await?))
}

/// Whether an integration that is in use tells the answers of failing checks. By its text, because most have no such thing; what a secret holds
/// is not looked into.
pub async fn are_told(tx: &mut Tx) -> Result<bool> {
    let count: i64 = sql!(tx, |conn| {
        sqlx::query_scalar(
            "select count(*) from integrations where deleted_at is null and enabled = $1 and kind = $2 \
             and lower(cast(settings as text)) like $3",
        )
        .bind(true)
        .bind(ProviderKind::Custom.as_str())
        .bind(format!("%{ANSWER}%"))
        .fetch_one(conn)
        .await?
    });
    Ok(count > 0)
}

//! Heartbeats of push monitors.

use domain::id::MonitorKey;
use domain::time::Timestamp;

use super::{Result, Tx, sql};

/// The latest word of a push monitor. One column holds the beginning of a run or, negative, an unseen failure: there is never both, and
/// an older program takes such a number for no run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushRow {
    /// The last success, in milliseconds since 1970; 0 when there was none.
    pub at: i64,
    /// When a run began that has not ended; left out while there is an unseen failure.
    pub started_at: Option<i64>,
    /// Whether the last word was a failure.
    pub failed: bool,
    /// What the sender said, or `exit N` and that; of an unseen failure, what was said then.
    pub message: String,
    /// When the job failed, told to a node that does not look after the monitor, while the one that does has not looked.
    pub unseen: Option<i64>,
}

/// The latest word of a monitor.
pub async fn get(tx: &mut Tx, monitor: MonitorKey) -> Result<Option<PushRow>> {
    let row: Option<(i64, Option<i64>, bool, String)> = sql!(tx, |conn| sqlx::query_as(
        "select at, started_at, failed, message from pushes where monitor_id = $1"
    )
    .bind(monitor.0)
    .fetch_optional(conn)
    .await?);
    Ok(row.map(|(at, started_at, failed, message)| PushRow {
        at,
        started_at: started_at.filter(|started_at| *started_at >= 0),
        failed,
        message,
        unseen: started_at.filter(|started_at| *started_at < 0).map(|failed_at| -failed_at),
    }))
}

/// Writes the latest word of a monitor.
pub async fn put(tx: &mut Tx, monitor: MonitorKey, row: &PushRow) -> Result<()> {
    sql!(tx, |conn| sqlx::query(
        "insert into pushes (monitor_id, at, started_at, failed, message) values ($1, $2, $3, $4, $5) \
         on conflict (monitor_id) do update set at = excluded.at, started_at = excluded.started_at, \
         failed = excluded.failed, message = excluded.message"
    )
    .bind(monitor.0)
    .bind(row.at)
    .bind(row.unseen.map(|failed_at| -failed_at).or(row.started_at))
    .bind(row.failed)
    .bind(&row.message)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(())
}

/// Notes that the failure of `failed_at` was seen; returns whether nobody had seen it before.
pub async fn see(tx: &mut Tx, monitor: MonitorKey, failed_at: i64) -> Result<bool> {
    let seen = sql!(tx, |conn| sqlx::query(
        "update pushes set started_at = null where monitor_id = $1 and started_at = $2"
    )
    .bind(monitor.0)
    .bind(-failed_at)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(seen > 0)
}

/// Lets the wait for the next heartbeat begin at `at`, because the monitor was resumed: the time of the pause does not count.
/// A monitor that never had a heartbeat goes on waiting for its first.
pub async fn restart(tx: &mut Tx, monitor: MonitorKey, at: Timestamp) -> Result<()> {
    sql!(tx, |conn| sqlx::query(
        "update pushes set at = $1, started_at = null where monitor_id = $2 and at > 0"
    )
    .bind(at.0)
    .bind(monitor.0)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(())
}

/// Forgets the word of a monitor that awaits no heartbeats any more, or begins to.
pub async fn forget(tx: &mut Tx, monitor: MonitorKey) -> Result<()> {
    sql!(tx, |conn| sqlx::query("delete from pushes where monitor_id = $1")
        .bind(monitor.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

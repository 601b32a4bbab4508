//! What the last report of a monitor knew that seldom changes. The writer remembers what it wrote and calls [`put`] only for
//! something new, so that a check costs no write here.

use domain::id::MonitorKey;
use domain::time::Timestamp;

use super::{Result, Tx, sql};

/// Facts of one monitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The HTTP status of the last answer.
    pub status: Option<u16>,
    /// When the certificate that was presented ends.
    pub certificate_until: Option<Timestamp>,
}

/// Writes the facts of a monitor. A monitor that was deleted meanwhile is none of our business.
pub async fn put(tx: &mut Tx, monitor: MonitorKey, facts: Facts) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "insert into facts (monitor_id, status, certificate_until) select id, $2, $3 from monitors where id = $1 \
         on conflict (monitor_id) do update set status = excluded.status, certificate_until = excluded.certificate_until"
    )
    .bind(monitor.0)
    .bind(facts.status.map(i64::from))
    .bind(facts.certificate_until.map(|at| at.0))
    .execute(conn)
    .await?.rows_affected()
    });
    Ok(())
}

/// The facts of a monitor; empty when nothing is known.
pub async fn get(tx: &mut Tx, monitor: MonitorKey) -> Result<Facts> {
    let row: Option<(Option<i64>, Option<i64>)> =
        sql!(tx, |conn| sqlx::query_as("select status, certificate_until from facts where monitor_id = $1")
            .bind(monitor.0)
            .fetch_optional(conn)
            .await?);
    let facts = |(status, until): (Option<i64>, Option<i64>)| Facts {
        status: status.and_then(|status| status.try_into().ok()),
        certificate_until: until.map(Timestamp),
    };
    Ok(row.map(facts).unwrap_or_default())
}

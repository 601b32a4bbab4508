//! What the last report of a monitor knew that seldom changes. The writer remembers what it wrote and calls [`put_all`] only for
//! something new, so that a check costs no write here.

use domain::id::MonitorKey;
use domain::time::Timestamp;

use sqlx::QueryBuilder;

use super::{Result, Tx, sql};

/// Rows a statement: 3 values each, and SQLite takes at most 32,766 values.
const ROWS_PER_STATEMENT: usize = 5_000;

/// Facts of one monitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The HTTP status of the last answer.
    pub status: Option<u16>,
    /// When the certificate that was presented ends.
    pub certificate_until: Option<Timestamp>,
}

/// Writes the facts of monitors. A monitor that was deleted meanwhile is none of our business.
pub async fn put_all(tx: &mut Tx, all: &[(MonitorKey, Facts)]) -> Result<()> {
    for chunk in all.chunks(ROWS_PER_STATEMENT) {
        sql!(tx, |conn| {
            let mut query = QueryBuilder::new(
                "insert into facts (monitor_id, status, certificate_until) \
                 select new.column1, new.column2, new.column3 from (",
            );
            query.push_values(chunk, |mut values, (monitor, facts)| {
                values
                    .push_bind(monitor.0)
                    .push_bind(facts.status.map(i64::from))
                    .push_bind(facts.certificate_until.map(|at| at.0));
            });
            query.push(
                ") as new where new.column1 in (select id from monitors) on conflict (monitor_id) do update \
                 set status = excluded.status, certificate_until = excluded.certificate_until",
            );
            query.build().persistent(false).execute(conn).await?;
        });
    }
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

//! What became of deliveries: many in one statement, so that a thousand messages cost tens of commits.

use std::collections::HashSet;

use domain::id::DeliveryKey;
use domain::text::without_nul;
use domain::time::Timestamp;
use sqlx::QueryBuilder;

use super::claiming::Claimed;
use super::deliveries::{Attempt, Settlement};
use super::{Result, Tx, sql};

/// Rows in one statement.
const ROWS_PER_STATEMENT: usize = 500;

/// What became of a delivery that this node holds.
#[derive(Clone, Copy, Debug)]
pub struct Settled<'a> {
    /// Which.
    pub claimed: &'a Claimed,
    /// The attempt, if there was one.
    pub attempt: Option<&'a Attempt>,
    /// What became of it.
    pub settlement: &'a Settlement,
}

/// Writes attempts and what became of deliveries; returns those that `node` still held. A delivery stands in the list once.
pub async fn settle(
    tx: &mut Tx,
    node: &str,
    all: &[Settled<'_>],
    now: Timestamp,
) -> Result<HashSet<DeliveryKey>> {
    let mut ours = HashSet::with_capacity(all.len());
    for chunk in all.chunks(ROWS_PER_STATEMENT) {
        let keys: Vec<i64> = sql!(tx, |conn| {
            let mut query = QueryBuilder::new(
                "update deliveries set state = new.column1, attempts = new.column2, due_at = new.column3, \
                 external_id = coalesce(new.column4, external_id), error = new.column5, lease_until = null, \
                 lease_node = null, updated_at = ",
            );
            query.push_bind(now.0).push(" from (");
            query.push_values(chunk, |mut values, row| {
                values
                    .push_bind(row.settlement.state.as_str())
                    .push_bind(i64::from(row.claimed.attempts) + i64::from(row.attempt.is_some()))
                    .push_bind(row.settlement.due_at.map(|at| at.0))
                    .push_bind(row.settlement.external_id.as_deref().map(kept))
                    .push_bind(row.settlement.error.as_deref().map(kept))
                    .push_bind(row.claimed.key.0)
                    .push_bind(row.claimed.lease.0);
            });
            query.push(") as new where id = new.column6 and lease_until = new.column7 and lease_node = ");
            query.push_bind(node.to_owned());
            query.push(" returning id");
            query.build_query_scalar().persistent(false).fetch_all(conn).await?
        });
        ours.extend(keys.into_iter().map(DeliveryKey));
        let attempts: Vec<_> = chunk
            .iter()
            .filter(|row| ours.contains(&row.claimed.key))
            .filter_map(|row| Some((row.claimed.key, row.attempt?)))
            .collect();
        if attempts.is_empty() {
            continue;
        }
        sql!(tx, |conn| {
            let mut query = QueryBuilder::new(
                "insert into delivery_attempts (delivery_id, number, at, duration_ms, status, request, response, error) \
                 select new.column1, coalesce((select max(number) from delivery_attempts where delivery_id = new.column1), 0) + 1, \
                 new.column2, new.column3, new.column4, new.column5, new.column6, new.column7 from (",
            );
            query.push_values(&attempts, |mut values, (key, attempt)| {
                values
                    .push_bind(key.0)
                    .push_bind(attempt.at.0)
                    .push_bind(attempt.duration_ms)
                    .push_bind(attempt.status.map(i64::from))
                    .push_bind(kept(&attempt.request))
                    .push_bind(kept(&attempt.response))
                    .push_bind(attempt.error.as_deref().map(kept));
            });
            query.push(") as new");
            query.build().persistent(false).execute(conn).await?.rows_affected()
        });
    }
    Ok(ours)
}

/// A text of the other side as both databases keep it: one that PostgreSQL refuses would keep the whole batch from being settled.
fn kept(text: &str) -> String {
    without_nul(text).into_owned()
}

//! What became of deliveries: many in one statement, so that a thousand messages cost tens of commits.

use std::collections::HashSet;

use domain::id::DeliveryKey;
use domain::text::without_nul;
use domain::time::Timestamp;
use sqlx::QueryBuilder;

use super::claiming::Claimed;
use super::deliveries::{Attempt, Settlement};
use super::{Result, Tx, sql};

/// The most rows in one statement.
const ROWS_PER_STATEMENT: usize = 256;

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
    let mut rest = all;
    while let Some(chunk) = rest.split_off(..rows_of_next(rest.len())).filter(|chunk| !chunk.is_empty()) {
        savepoint(tx, "savepoint settling").await?;
        match write(tx, node, chunk, now).await? {
            rows if rows == chunk.len() as u64 => ours.extend(chunk.iter().map(|row| row.claimed.key)),
            // Somebody else has taken some over; which ones is asked only then, because each row of an answer costs.
            _ => {
                savepoint(tx, "rollback to savepoint settling").await?;
                for row in chunk {
                    if write(tx, node, std::slice::from_ref(row), now).await? > 0 {
                        ours.insert(row.claimed.key);
                    }
                }
            }
        }
        savepoint(tx, "release savepoint settling").await?;
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
            // Only statements that come again stay prepared.
            query.build().persistent(attempts.len() == chunk.len()).execute(conn).await?.rows_affected()
        });
    }
    Ok(ours)
}

/// Writes what became of deliveries that `node` holds as it claimed them; how many those are.
async fn write(tx: &mut Tx, node: &str, rows: &[Settled<'_>], now: Timestamp) -> Result<u64> {
    Ok(sql!(tx, |conn| {
        let mut query = QueryBuilder::new(
            "update deliveries set state = new.column1, attempts = new.column2, due_at = new.column3, \
             external_id = coalesce(new.column4, external_id), error = new.column5, lease_until = null, \
             lease_node = null, updated_at = ",
        );
        query.push_bind(now.0).push(" from (");
        query.push_values(rows, |mut values, row| {
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
        query.build().execute(conn).await?.rows_affected()
    }))
}

async fn savepoint(tx: &mut Tx, words: &'static str) -> Result<()> {
    sql!(tx, |conn| sqlx::query(words).execute(conn).await?.rows_affected());
    Ok(())
}

/// How many of so many rows the next statement takes: a power of two, so that few statements serve for all and stay prepared.
fn rows_of_next(left: usize) -> usize {
    if left == 0 { 0 } else { 1 << left.min(ROWS_PER_STATEMENT).ilog2() }
}

/// A text of the other side as both databases keep it: one that PostgreSQL refuses would keep the whole batch from being settled.
fn kept(text: &str) -> String {
    without_nul(text).into_owned()
}

//! What became of deliveries: many in one statement, so that a thousand messages cost tens of commits.

use std::collections::{HashMap, HashSet};

use domain::delivery::DeliveryState;
use domain::id::DeliveryKey;
use domain::text::without_nul;
use domain::time::Timestamp;
use sqlx::QueryBuilder;

use super::batch::{push_in, slices};
use super::claiming::Claimed;
use super::deliveries::{Attempt, Settlement};
use super::{Result, Tx, sql};

/// The most rows in one statement.
const ROWS_PER_STATEMENT: usize = 256;
/// Statements of more rows than this have a multiple of it.
const STEP: usize = 32;
/// The key of no delivery.
const NONE: i64 = 0;

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
    if all.is_empty() {
        return Ok(HashSet::new());
    }
    savepoint(tx, "savepoint settling").await?;
    let rows = write(tx, node, all, now).await?;
    let mut ours: HashSet<_> = all.iter().map(|row| row.claimed.key).collect();
    if rows < all.len() as u64 {
        // Somebody else has taken some over; which ones is asked only then, because each row of an answer costs.
        savepoint(tx, "rollback to savepoint settling").await?;
        for row in all {
            if write(tx, node, std::slice::from_ref(row), now).await? == 0 {
                ours.remove(&row.claimed.key);
            }
        }
    }
    savepoint(tx, "release savepoint settling").await?;
    let attempts = all.iter().filter(|row| ours.contains(&row.claimed.key));
    let attempts: Vec<_> = attempts.filter_map(|row| Some((row.claimed.key, row.attempt?))).collect();
    for chunk in attempts.chunks(ROWS_PER_STATEMENT) {
        log(tx, chunk).await?;
    }
    Ok(ours)
}

/// Writes attempts.
async fn log(tx: &mut Tx, attempts: &[(DeliveryKey, &Attempt)]) -> Result<()> {
    sql!(tx, |conn| {
        let mut query = QueryBuilder::new(
            "insert into delivery_attempts (delivery_id, number, at, duration_ms, status, request, response, error) \
             select new.column1, coalesce((select max(number) from delivery_attempts where delivery_id = new.column1), 0) + 1, \
             new.column2, new.column3, new.column4, new.column5, new.column6, new.column7 from (",
        );
        query.push_values(padded(attempts), |mut values, row| {
            let attempt = row.map(|(_, attempt)| *attempt);
            values
                .push_bind(row.map_or(NONE, |(key, _)| key.0))
                .push_bind(attempt.map(|attempt| attempt.at.0))
                .push_bind(attempt.map(|attempt| attempt.duration_ms))
                .push_bind(attempt.and_then(|attempt| attempt.status).map(i64::from))
                .push_bind(attempt.map(|attempt| kept(&attempt.request)))
                .push_bind(attempt.map(|attempt| kept(&attempt.response)))
                .push_bind(attempt.and_then(|attempt| attempt.error.as_deref()).map(kept));
        });
        query.push(") as new where new.column1 <> ").push_bind(NONE);
        query.build().execute(conn).await?.rows_affected()
    });
    Ok(())
}

/// What became of a delivery, where thousands are alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Same<'a> {
    state: DeliveryState,
    attempts: i64,
    due_at: Option<Timestamp>,
    external_id: Option<&'a str>,
    error: Option<&'a str>,
    lease: Timestamp,
}

impl<'a> Same<'a> {
    fn of(row: &Settled<'a>) -> Self {
        let Settlement { state, due_at, external_id, error } = row.settlement;
        Self {
            state: *state,
            attempts: i64::from(row.claimed.attempts) + i64::from(row.attempt.is_some()),
            due_at: *due_at,
            external_id: external_id.as_deref(),
            error: error.as_deref(),
            lease: row.claimed.lease,
        }
    }
}

/// Writes what became of deliveries that `node` holds as it claimed them; how many those are. Nearly always the same became of all of
/// them, and a list of keys is half the work of a table of values.
async fn write(tx: &mut Tx, node: &str, rows: &[Settled<'_>], now: Timestamp) -> Result<u64> {
    let mut alike: HashMap<Same<'_>, Vec<i64>> = HashMap::new();
    for row in rows {
        alike.entry(Same::of(row)).or_default().push(row.claimed.key.0);
    }
    let mut written = 0;
    for (same, keys) in alike {
        for keys in slices(&keys) {
            written += write_same(tx, node, &same, &keys, now).await?;
        }
    }
    Ok(written)
}

async fn write_same(tx: &mut Tx, node: &str, same: &Same<'_>, keys: &[i64], now: Timestamp) -> Result<u64> {
    Ok(sql!(tx, |conn| {
        let mut query = QueryBuilder::new("update deliveries set state = ");
        query.push_bind(same.state.as_str()).push(", attempts = ").push_bind(same.attempts);
        query.push(", due_at = ").push_bind(same.due_at.map(|at| at.0));
        query.push(", external_id = coalesce(").push_bind(same.external_id.map(kept)).push(", external_id)");
        query.push(", error = ").push_bind(same.error.map(kept));
        query.push(", lease_until = null, lease_node = null, updated_at = ").push_bind(now.0);
        query.push(" where lease_until = ").push_bind(same.lease.0);
        query.push(" and lease_node = ").push_bind(node.to_owned()).push(" and ");
        push_in(&mut query, "id", keys);
        query.build().execute(conn).await?.rows_affected()
    }))
}

async fn savepoint(tx: &mut Tx, words: &'static str) -> Result<()> {
    sql!(tx, |conn| sqlx::query(words).execute(conn).await?.rows_affected());
    Ok(())
}

/// The rows, and as many of nobody that few statements serve for any number and stay prepared.
fn padded<T>(rows: &[T]) -> impl Iterator<Item = Option<&T>> {
    let count =
        if rows.len() < STEP { rows.len().next_power_of_two() } else { rows.len().next_multiple_of(STEP) };
    rows.iter().map(Some).chain(std::iter::repeat_n(None, count - rows.len()))
}

/// A text of the other side as both databases keep it: one that PostgreSQL refuses would keep the whole batch from being settled.
fn kept(text: &str) -> String {
    without_nul(text).into_owned()
}

//! What became of deliveries: many in one statement, so that a thousand messages cost tens of commits.

use std::collections::HashSet;

use domain::delivery::DeliveryState;
use domain::id::DeliveryKey;
use domain::text::without_nul;
use domain::time::Timestamp;
use sqlx::QueryBuilder;

use super::batch::push_in;
use super::claiming::Claimed;
use super::deliveries::{Attempt, Settlement};
use super::{Result, Tx, sql};

/// The most rows in one statement.
const ROWS_PER_STATEMENT: usize = 128;
/// Statements of more rows than this have a multiple of it.
const STEP: usize = 32;
/// The key of no delivery.
const NONE: i64 = 0;
/// How many an attempt is of a delivery that may have been tried before.
const NEXT_NUMBER: &str =
    "coalesce((select max(number) from delivery_attempts where delivery_id = new.column1), 0) + 1";

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

impl Settled<'_> {
    /// Whether it arrived, and nothing else is to be said of it: most do.
    fn is_plain(&self) -> bool {
        let Settlement { state, due_at, external_id, error } = self.settlement;
        *state == DeliveryState::Delivered
            && self.attempt.is_some()
            && due_at.is_none()
            && external_id.is_none()
            && error.is_none()
    }
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
    let mut rows = 0;
    let (mut plain, others): (Vec<_>, Vec<_>) = all.iter().copied().partition(Settled::is_plain);
    // Those of one claim have the same lease, which is then said once. Messages of two claims come back mixed.
    plain.sort_by_key(|row| row.claimed.lease);
    for claim in plain.chunk_by(|one, next| one.claimed.lease == next.claimed.lease) {
        for chunk in claim.chunks(ROWS_PER_STATEMENT) {
            rows += write_plain(tx, node, chunk, now).await?;
        }
    }
    for chunk in others.chunks(ROWS_PER_STATEMENT) {
        rows += write(tx, node, chunk, now).await?;
    }
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
    let attempts = attempts.filter_map(|row| Some((row.claimed, row.attempt?)));
    let (first, further): (Vec<_>, Vec<_>) = attempts.partition(|(claimed, _)| claimed.is_new());
    for chunk in first.chunks(ROWS_PER_STATEMENT) {
        log(tx, chunk, "1").await?;
    }
    for chunk in further.chunks(ROWS_PER_STATEMENT) {
        log(tx, chunk, NEXT_NUMBER).await?;
    }
    Ok(ours)
}

/// Writes attempts, of which the text of SQL says how many each is.
async fn log(tx: &mut Tx, attempts: &[(&Claimed, &Attempt)], number: &'static str) -> Result<()> {
    sql!(tx, |conn| {
        let mut query = QueryBuilder::new(
            "insert into delivery_attempts (delivery_id, number, at, duration_ms, status, request, response, error) select new.column1, ",
        );
        query
            .push(number)
            .push(", new.column2, new.column3, new.column4, new.column5, new.column6, new.column7 from (");
        query.push_values(padded(attempts), |mut values, row| {
            let attempt = row.map(|(_, attempt)| *attempt);
            values
                .push_bind(row.map_or(NONE, |(claimed, _)| claimed.key.0))
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

/// The same as [`write`] for deliveries of one claim that are [`Settled::is_plain`]: one value for each of them instead of seven, and
/// nothing to be put together.
async fn write_plain(tx: &mut Tx, node: &str, rows: &[Settled<'_>], now: Timestamp) -> Result<u64> {
    let Some(lease) = rows.first().map(|row| row.claimed.lease) else { return Ok(0) };
    let keys: Vec<i64> = padded(rows).map(|row| row.map_or(NONE, |row| row.claimed.key.0)).collect();
    Ok(sql!(tx, |conn| {
        let mut query = QueryBuilder::new("update deliveries set state = ");
        query.push_bind(DeliveryState::Delivered.as_str());
        query.push(
            ", attempts = attempts + 1, due_at = null, error = null, lease_until = null, lease_node = null, updated_at = ",
        );
        query.push_bind(now.0).push(" where lease_until = ").push_bind(lease.0);
        query.push(" and lease_node = ").push_bind(node.to_owned()).push(" and ");
        push_in(&mut query, "id", &keys);
        query.build().execute(conn).await?.rows_affected()
    }))
}

/// Writes what became of deliveries that `node` holds as it claimed them; how many those are.
async fn write(tx: &mut Tx, node: &str, rows: &[Settled<'_>], now: Timestamp) -> Result<u64> {
    Ok(sql!(tx, |conn| {
        let mut query = QueryBuilder::new(
            "update deliveries set state = new.column1, attempts = new.column2, due_at = new.column3, \
             external_id = coalesce(external_id, new.column4), \
             further_ids = case when external_id <> new.column4 then coalesce(further_ids || ' ', '') || new.column4 else further_ids end, \
             error = new.column5, lease_until = null, lease_node = null, updated_at = ",
        );
        query.push_bind(now.0).push(" from (");
        query.push_values(padded(rows), |mut values, row| {
            let settlement = row.map(|row| row.settlement);
            values
                .push_bind(settlement.map(|settlement| settlement.state.as_str()))
                .push_bind(row.map(|row| i64::from(row.claimed.attempts) + i64::from(row.attempt.is_some())))
                .push_bind(settlement.and_then(|settlement| settlement.due_at).map(|at| at.0))
                .push_bind(settlement.and_then(|settlement| settlement.external_id.as_deref()).map(kept))
                .push_bind(settlement.and_then(|settlement| settlement.error.as_deref()).map(kept))
                .push_bind(row.map_or(NONE, |row| row.claimed.key.0))
                .push_bind(row.map(|row| row.claimed.lease.0));
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

//! Who sends what: a node claims what is due for a while, so that no two send the same.
//!
//! Order is kept for each incident and address of an integration, and for what is told of a monitor outside of an incident: what waits
//! behind an earlier message is not claimed. Nothing waits behind what a few are sent later: the others would wait with them.

use std::collections::HashMap;

use domain::delivery::DeliveryState;
use domain::id::{DeliveryId, DeliveryKey, IncidentKey, IntegrationKey};
use domain::message::Message;
use domain::time::{MINUTE, Timestamp};
use futures::StreamExt as _;
use sqlx::types::Json;
use sqlx::{ColumnIndex, Database, Decode, Encode, FromRow, QueryBuilder, Type};

use super::batch::{push_in, slices};
use super::{Conn, Db, Result, StoreError, Tx, level_values, sql};
use crate::seal::SealError;

/// What is said of a message that somebody took up whose node is gone: whether it left, nobody knows.
pub(super) const INTERRUPTED: &str =
    "The program ended while this was on its way, so nobody knows what became of that.";

/// The condition on a row `d` that nothing must leave before it.
pub(super) const IS_FIRST: &str = " and not exists (select 1 from deliveries e where e.incident_id = d.incident_id \
     and e.integration_id = d.integration_id and e.address = d.address and e.id < d.id and e.due_at is not null and e.kind <> 'rest') \
     and (d.incident_id is not null or not exists (select 1 from deliveries e where e.monitor_id = d.monitor_id \
     and e.integration_id = d.integration_id and e.id < d.id and e.due_at is not null and e.incident_id is null and e.kind <> 'rest'))";

/// A claim that leaves out so many integrations at most stays prepared: one for each number.
const FEW: usize = 8;

/// How long what a missing key keeps shut waits until it is tried again, in milliseconds.
pub const LOCKED: i64 = MINUTE;

/// A delivery that somebody holds.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The database key.
    pub key: DeliveryKey,
    /// The public id.
    pub id: DeliveryId,
    /// To whom.
    pub integration: IntegrationKey,
    /// Whom of those that it leads to.
    pub address: String,
    /// What it is about.
    pub incident: Option<IncidentKey>,
    /// What to say.
    pub message: Message,
    /// Attempts so far, the one that begins now not counted. One that nobody knows the end of, because its node died, counts.
    pub attempts: u32,
    /// When it was planned.
    pub created_at: Timestamp,
    /// Whether somebody asked for it once more.
    pub replayed: bool,
    /// Whether a node that is gone had taken it up, so that it may have left.
    pub interrupted: bool,
    /// How long it is held: whoever settles it shows this, so that who held it before cannot.
    pub lease: Timestamp,
}

struct Row {
    id: i64,
    public_id: String,
    integration_id: i64,
    incident_id: Option<i64>,
    /// One that cannot be read stops no other.
    message: std::result::Result<Json<Message>, sqlx::Error>,
    attempts: i64,
    created_at: i64,
    replayed: bool,
    interrupted: bool,
    address: String,
    /// Whether somebody took it up before who is gone, and it is not marked yet.
    is_taken_up: bool,
}

impl<'r, R: sqlx::Row> FromRow<'r, R> for Row
where
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Json<Message>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get(0)?,
            public_id: row.try_get(1)?,
            integration_id: row.try_get(2)?,
            incident_id: row.try_get(3)?,
            message: row.try_get(4),
            attempts: row.try_get(5)?,
            created_at: row.try_get(6)?,
            address: row.try_get(7)?,
            replayed: row.try_get(8)?,
            interrupted: row.try_get(9)?,
            is_taken_up: row.try_get(10)?,
        })
    }
}

impl Claimed {
    /// The integration, and whom of those that it leads to.
    pub fn to(&self) -> (IntegrationKey, &str) {
        (self.integration, &self.address)
    }

    /// Whether nobody ever tried it.
    pub(super) fn is_new(&self) -> bool {
        self.attempts == 0 && !self.replayed
    }

    fn read(row: Row, lease: Timestamp) -> std::result::Result<Self, (i64, StoreError)> {
        let corrupt = |column| (row.id, StoreError::Corrupt { table: "deliveries", column, id: row.id });
        Ok(Self {
            key: DeliveryKey(row.id),
            id: row.public_id.parse().map_err(|_| corrupt("public_id"))?,
            integration: IntegrationKey(row.integration_id),
            address: row.address,
            incident: row.incident_id.map(IncidentKey),
            attempts: row.attempts.try_into().map_err(|_| corrupt("attempts"))?,
            created_at: Timestamp(row.created_at),
            replayed: row.replayed,
            interrupted: row.interrupted,
            lease,
            message: row.message.map_err(|_| corrupt("message"))?.0,
        })
    }
}

/// How many deliveries are claimed.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// In all.
    pub total: usize,
    /// To one integration.
    pub each: usize,
    /// Integrations that take more.
    pub fast: &'a [IntegrationKey],
    /// How many more: in all to each of them.
    pub each_fast: usize,
    /// Integrations to which as many are on their way as may be.
    pub full: &'a [IntegrationKey],
}

/// What a claim reads of a row, but for its last two. By place: to look up ten names costs as much as to read them.
const COLUMNS: &str = "id, public_id, integration_id, incident_id, message, attempts, created_at, address, \
                       replayed_at is not null as replayed, ";

/// Marks what is due and reads it, where others do the same: only what was marked is read, because others may have changed it until then.
async fn take_among_others(
    tx: &mut Tx,
    node: &str,
    now: Timestamp,
    until: Timestamp,
    limits: &Limits<'_>,
) -> Result<Vec<Row>> {
    Ok(sql!(tx, |conn| {
        let mut query = marking(node, now, until);
        query.push(
            "id in (select id from (select id, due_at, integration_id, \
             row_number() over (partition by integration_id order by due_at, id) as place from (select id, due_at, integration_id",
        );
        push_due(&mut query, now, limits);
        query.push(") as d) as due where place <= ").push_bind(count(limits.each));
        if !limits.fast.is_empty() {
            query.push(" or (place <= ").push_bind(count(limits.each_fast)).push(" and integration_id in (");
            let mut keys = query.separated(", ");
            for key in limits.fast {
                keys.push_bind(key.0);
            }
            query.push("))");
        }
        query.push(" order by due_at, id limit ").push_bind(count(limits.total));
        // PostgreSQL re-checks only the outer predicate after it waited for a lock, so the lease stands there once more.
        query.push(") and due_at is not null and due_at <= ").push_bind(now.0);
        query.push(" and (lease_until is null or lease_until < ").push_bind(now.0);
        query.push(") returning ").push(COLUMNS).push("coalesce(error = ").push_bind(INTERRUPTED);
        query.push(", false) as interrupted, false as is_taken_up");
        let is_prepared = limits.full.len() + limits.fast.len() <= FEW;
        query.build_query_as().persistent(is_prepared).fetch_all(conn).await?
    }))
}

/// The same where nobody else writes meanwhile: what is read holds until it is marked, and to mark rows by their keys costs half as much
/// as to find, mark and read them in one statement.
async fn take_alone(
    tx: &mut Tx,
    node: &str,
    now: Timestamp,
    until: Timestamp,
    limits: &Limits<'_>,
) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = sql!(tx, |conn| {
        let mut query = QueryBuilder::new("select ");
        query.push(COLUMNS).push("coalesce(error = ").push_bind(INTERRUPTED);
        query.push(", false) as interrupted, state = 'sending' as is_taken_up");
        push_due(&mut query, now, limits);
        // In chunks of what is there: whoever waits for each row is woken for each.
        let is_prepared = limits.full.len() <= FEW;
        let mut found = query.build_query_as().persistent(is_prepared).fetch(conn).ready_chunks(limits.total);
        let mut rows = Vec::new();
        while let Some(chunk) = found.next().await {
            rows.extend(chunk.into_iter().collect::<sqlx::Result<Vec<_>>>()?);
            tokio::task::yield_now().await;
        }
        drop(found);
        rows
    });
    let mut places: HashMap<i64, usize> = HashMap::new();
    rows.retain(|row| {
        let place = places.entry(row.integration_id).or_default();
        *place += 1;
        let is_fast = limits.fast.contains(&IntegrationKey(row.integration_id));
        *place <= if is_fast { limits.each_fast } else { limits.each }
    });
    let keys: Vec<i64> = rows.iter().map(|row| row.id).collect();
    for slice in slices(&keys) {
        sql!(tx, |conn| {
            let mut query = marking(node, now, until);
            push_in(&mut query, "id", &slice);
            query.build().execute(conn).await?.rows_affected()
        });
    }
    for row in &mut rows {
        row.attempts += i64::from(row.is_taken_up);
        row.interrupted |= row.is_taken_up;
    }
    Ok(rows)
}

/// The beginning of a statement that marks deliveries as held; where they are is for the caller to say.
fn marking<DB>(node: &str, now: Timestamp, until: Timestamp) -> QueryBuilder<DB>
where
    DB: Database,
    i64: for<'t> Encode<'t, DB> + Type<DB>,
    String: for<'t> Encode<'t, DB> + Type<DB>,
    &'static str: for<'t> Encode<'t, DB> + Type<DB>,
{
    // What is still on its way here was begun by a node that is gone.
    let mut query = QueryBuilder::new(
        "update deliveries set attempts = attempts + case when state = 'sending' then 1 else 0 end, \
         error = case when state = 'sending' then ",
    );
    query.push_bind(INTERRUPTED).push(" else error end, state = 'sending', lease_until = ");
    query.push_bind(until.0).push(", lease_node = ").push_bind(node.to_owned());
    query.push(", updated_at = ").push_bind(now.0).push(" where ");
    query
}

/// The end of a query for the columns of what is due and held by nobody, the longest due first.
fn push_due<DB>(query: &mut QueryBuilder<DB>, now: Timestamp, limits: &Limits<'_>)
where
    DB: Database,
    i64: for<'t> Encode<'t, DB> + Type<DB>,
{
    query.push(" from deliveries d where d.due_at is not null and d.due_at <= ").push_bind(now.0);
    query.push(" and (d.lease_until is null or d.lease_until < ").push_bind(now.0).push(")");
    for key in limits.full {
        query.push(" and d.integration_id <> ").push_bind(key.0);
    }
    // However many are due, a claim looks at as many as it may take: what it leaves for one integration of these is full, and the next
    // claim looks past it.
    query.push(IS_FIRST).push(" order by d.due_at, d.id limit ").push_bind(count(limits.total));
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Claims what is due for `node` until `until`, the longest due first: what nobody holds, or somebody held who is gone, and before
/// which no message of the same incident to the same address is still on its way. One that cannot be read fails for good.
pub async fn claim(
    tx: &mut Tx,
    node: &str,
    now: Timestamp,
    until: Timestamp,
    limits: &Limits<'_>,
) -> Result<Vec<Claimed>> {
    let rows = match &tx.conn {
        Conn::Sqlite(_) => take_alone(tx, node, now, until, limits).await?,
        Conn::Postgres(_) => take_among_others(tx, node, now, until, limits).await?,
    };
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let one = Claimed::read(row, until).and_then(|mut one| {
            match level_values::open(&mut one.message, &tx.sealer) {
                Ok(()) => Ok(one),
                Err(error) => Err((one.key.0, StoreError::Seal(error))),
            }
        });
        match one {
            Ok(one) => claimed.push(one),
            // The key may come back, and then it is sent.
            Err((id, StoreError::Seal(error @ SealError::UnknownKey { .. }))) => {
                tracing::warn!(%error, "a message does not open and waits");
                let why = format!("What a level gives does not open: {error}.");
                let due_at = Some(Timestamp(now.0 + LOCKED));
                give_back(tx, id, DeliveryState::Waiting, due_at, &why, now).await?;
            }
            Err((id, error)) => {
                tracing::error!(%error, "a message cannot be read and is not sent");
                fail(tx, id, &error.to_string(), now).await?;
            }
        }
    }
    claimed.sort_by_key(|claimed| claimed.key);
    Ok(claimed)
}

/// Has one message that is not over fail for good.
pub(crate) async fn fail(tx: &mut Tx, id: i64, why: &str, now: Timestamp) -> Result<()> {
    give_back(tx, id, DeliveryState::Failed, None, why, now).await
}

/// Takes a message out of the hands of whoever holds it, to be tried at `due_at` or never.
async fn give_back(
    tx: &mut Tx,
    id: i64,
    state: DeliveryState,
    due_at: Option<Timestamp>,
    why: &str,
    now: Timestamp,
) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
            "update deliveries set state = $1, due_at = $2, lease_until = null, lease_node = null, error = $3, \
             updated_at = $4 where id = $5 and due_at is not null",
        )
        .bind(state.as_str())
        .bind(due_at.map(|due_at| due_at.0))
        .bind(why)
        .bind(now.0)
        .bind(id)
        .execute(conn)
        .await?
        .rows_affected()
    });
    Ok(())
}

/// Gives back what a node held that is no more.
pub async fn release(db: &Db, node: &str) -> Result<()> {
    let mut tx = db.write().await?;
    sql!(tx, |conn| {
        sqlx::query(
        "update deliveries set lease_until = null, lease_node = null where lease_node = $1 and lease_until is not null"
    )
    .bind(node)
    .execute(conn)
    .await?
    .rows_affected()
    });
    tx.commit().await
}

/// Whether something is due that nobody holds.
pub async fn any_due(tx: &mut Tx, now: Timestamp) -> Result<bool> {
    let count: i64 = sql!(tx, |conn| {
        sqlx::query_scalar(
            "select count(*) from (select 1 from deliveries where due_at is not null and due_at <= $1 \
         and (lease_until is null or lease_until < $1) limit 1) as due",
        )
        .bind(now.0)
        .fetch_one(conn)
        .await?
    });
    Ok(count > 0)
}

/// When the next one becomes due after `now`.
pub async fn next_due(tx: &mut Tx, now: Timestamp) -> Result<Option<Timestamp>> {
    let next: Option<i64> = sql!(tx, |conn| {
        sqlx::query_scalar("select min(due_at) from deliveries where due_at is not null and due_at > $1")
            .bind(now.0)
            .fetch_one(conn)
            .await?
    });
    Ok(next.map(Timestamp))
}

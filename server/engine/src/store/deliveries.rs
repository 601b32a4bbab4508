//! The outbox: a row is a message to one integration, and its id is the same at each attempt.
//!
//! Order is kept for each incident and integration: what waits behind an earlier message is not claimed.

use domain::delivery::DeliveryState;
use domain::id::{DeliveryId, DeliveryKey, IncidentKey, IntegrationKey, MonitorKey};
use domain::message::Message;
use domain::time::Timestamp;
use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder};

use super::{Db, Result, StoreError, Tx, sql};

/// How many times as many due deliveries a claim looks at as it may take, to share them out among integrations.
const LOOK_AT: usize = 4;

/// A message for the outbox.
#[derive(Clone, Debug)]
pub struct NewDelivery<'a> {
    /// The public id.
    pub id: &'a DeliveryId,
    /// To whom.
    pub integration: IntegrationKey,
    /// What it follows from, so that planning twice adds nothing.
    pub cause: &'a str,
    /// The incident that it is about; order is kept within it.
    pub incident: Option<IncidentKey>,
    /// The monitor that it is about.
    pub monitor: Option<MonitorKey>,
    /// What to say.
    pub message: &'a Message,
    /// Not before.
    pub due_at: Timestamp,
    /// Now.
    pub at: Timestamp,
}

/// A delivery that somebody holds.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The database key.
    pub key: DeliveryKey,
    /// The public id.
    pub id: DeliveryId,
    /// To whom.
    pub integration: IntegrationKey,
    /// What it is about.
    pub incident: Option<IncidentKey>,
    /// What to say.
    pub message: Message,
    /// Attempts so far, the one that begins now not counted.
    pub attempts: u32,
    /// Whether it was put off before.
    pub deferred: bool,
}

/// What an attempt was like.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// What was sent; secrets masked.
    pub request: String,
    /// What was answered; secrets masked.
    pub response: String,
    /// Why it failed.
    pub error: Option<String>,
}

/// What became of a delivery.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Where it stands now.
    pub state: DeliveryState,
    /// The next attempt.
    pub due_at: Option<Timestamp>,
    /// What the other side calls it.
    pub external_id: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    integration_id: i64,
    incident_id: Option<i64>,
    message: Json<Message>,
    attempts: i64,
    deferred: bool,
}

impl TryFrom<Row> for Claimed {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |column| StoreError::Corrupt { table: "deliveries", column, id: row.id };
        Ok(Self {
            key: DeliveryKey(row.id),
            id: row.public_id.parse().map_err(|_| corrupt("public_id"))?,
            integration: IntegrationKey(row.integration_id),
            incident: row.incident_id.map(IncidentKey),
            message: row.message.0,
            attempts: row.attempts.try_into().map_err(|_| corrupt("attempts"))?,
            deferred: row.deferred,
        })
    }
}

/// Puts a message into the outbox, unless its cause has put one there before.
pub async fn insert(tx: &mut Tx, new: &NewDelivery<'_>) -> Result<bool> {
    let added = sql!(tx, |conn| {
        sqlx::query(
        "insert into deliveries (public_id, integration_id, incident_id, monitor_id, cause, kind, state, message, attempts, \
         due_at, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, 'waiting', $7, 0, $8, $9, $9) \
         on conflict (cause) do nothing"
    )
    .bind(new.id.as_str())
    .bind(new.integration.0)
    .bind(new.incident.map(|key| key.0))
    .bind(new.monitor.map(|key| key.0))
    .bind(new.cause)
    .bind(new.message.kind())
    .bind(Json(new.message))
    .bind(new.due_at.0)
    .bind(new.at.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(added == 1)
}

/// How many deliveries are claimed.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// In all.
    pub total: usize,
    /// To one integration.
    pub each: usize,
    /// Integrations to which as many are on their way as may be.
    pub full: &'a [IntegrationKey],
}

/// Claims what is due for `node` until `until`, the longest due first: what nobody holds, or somebody held who is gone, and before
/// which no message of the same incident to the same integration is still on its way.
pub async fn claim(
    tx: &mut Tx,
    node: &str,
    now: Timestamp,
    until: Timestamp,
    limits: &Limits<'_>,
) -> Result<Vec<Claimed>> {
    let count = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX);
    let rows: Vec<Row> = sql!(tx, |conn| {
        let mut query = QueryBuilder::new("update deliveries set state = 'sending', lease_until = ");
        query.push_bind(until.0).push(", lease_node = ").push_bind(node.to_owned());
        query.push(", updated_at = ").push_bind(now.0);
        query.push(
            " where id in (select id from (select d.id, d.due_at, \
             row_number() over (partition by d.integration_id order by d.due_at, d.id) as place \
             from (select id, due_at, integration_id from deliveries d where d.due_at is not null and d.due_at <= ",
        );
        query
            .push_bind(now.0)
            .push(" and (d.lease_until is null or d.lease_until < ")
            .push_bind(now.0)
            .push(")");
        for key in limits.full {
            query.push(" and d.integration_id <> ").push_bind(key.0);
        }
        query.push(
            " and not exists (select 1 from deliveries e where e.incident_id = d.incident_id \
             and e.integration_id = d.integration_id and e.id < d.id and e.due_at is not null) \
             order by d.due_at, d.id limit ",
        );
        // However many are due, a claim looks at a few of them.
        query.push_bind(count(limits.total.saturating_mul(LOOK_AT))).push(") as d) as due where place <= ");
        query
            .push_bind(count(limits.each))
            .push(" order by due_at, id limit ")
            .push_bind(count(limits.total));
        // PostgreSQL re-checks only the outer predicate after it waited for a lock, so the lease stands there once more.
        query.push(") and due_at is not null and due_at <= ").push_bind(now.0);
        query.push(" and (lease_until is null or lease_until < ").push_bind(now.0);
        query.push(") returning id, public_id, integration_id, incident_id, message, attempts, due_at > created_at as deferred");
        query.build_query_as().persistent(limits.full.is_empty()).fetch_all(conn).await?
    });
    let mut claimed: Vec<Claimed> = rows.into_iter().map(TryInto::try_into).collect::<Result<_>>()?;
    claimed.sort_by_key(|claimed| claimed.key);
    Ok(claimed)
}

/// Forgets at most `limit` messages from before `before` that are over, with their attempts; returns how many there were. Those of an
/// open incident stay: they say who hears of its end.
pub async fn forget(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64> {
    Ok(sql!(tx, |conn| {
        sqlx::query(
        "delete from deliveries where id in (select d.id from deliveries d left join incidents i on i.id = d.incident_id \
         where d.created_at < $1 and d.due_at is null and (d.incident_id is null or i.resolved_at < $1) \
         order by d.created_at limit $2)"
    )
    .bind(before.0)
    .bind(limit)
    .execute(conn)
    .await?
    .rows_affected()
    }))
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

/// When to look for the next one: what is held is due when its lease runs out, and what is due now and was not claimed waits for
/// something that wakes the dispatcher itself.
pub async fn next_due(tx: &mut Tx, now: Timestamp) -> Result<Option<Timestamp>> {
    let next: Option<i64> = sql!(tx, |conn| {
        sqlx::query_scalar(
        "select min(case when lease_until >= $1 then lease_until + 1 when due_at <= $1 then $1 + 1000 else due_at end) \
         from deliveries where due_at is not null"
    )
    .bind(now.0)
    .fetch_one(conn)
    .await?
    });
    Ok(next.map(Timestamp))
}

/// Integrations that were told of an incident or will be, and whether the last word about its beginning failed for good.
pub async fn told(tx: &mut Tx, incident: IncidentKey) -> Result<Vec<(IntegrationKey, DeliveryState)>> {
    let rows: Vec<(i64, i64, String)> = sql!(tx, |conn| {
        sqlx::query_as(
        "select d.id, d.integration_id, case when d.state = 'grouped' then coalesce(g.state, 'skipped') else d.state end \
         from deliveries d left join deliveries g on g.id = d.group_id \
         where d.incident_id = $1 and d.kind = 'error' order by d.integration_id, d.id"
    )
    .bind(incident.0)
    .fetch_all(conn)
    .await?
    });
    let mut told: Vec<(IntegrationKey, DeliveryState)> = Vec::new();
    for (id, integration, word) in rows {
        let state = DeliveryState::from_word(&word).ok_or(StoreError::Corrupt {
            table: "deliveries",
            column: "state",
            id,
        })?;
        match told.last_mut() {
            // One that got through is enough.
            Some((last, known)) if last.0 == integration => {
                if *known != DeliveryState::Delivered {
                    *known = state;
                }
            }
            _ => told.push((IntegrationKey(integration), state)),
        }
    }
    Ok(told)
}

/// What the other side called the first message of an incident, to update or resolve it there.
pub async fn external_id(
    tx: &mut Tx,
    incident: IncidentKey,
    integration: IntegrationKey,
) -> Result<Option<String>> {
    let id: Option<Option<String>> = sql!(tx, |conn| {
        sqlx::query_scalar(
        "select external_id from deliveries where incident_id = $1 and integration_id = $2 and external_id is not null \
         order by id limit 1"
    )
    .bind(incident.0)
    .bind(integration.0)
    .fetch_optional(conn)
    .await?
    });
    Ok(id.flatten())
}

/// When an integration last did what the beginning of an outage asks of it, `but` aside. Only deliveries with an external id count: a
/// provider gives none to what it took without doing anything.
pub async fn last_delivered(
    tx: &mut Tx,
    integration: IntegrationKey,
    but: DeliveryKey,
) -> Result<Option<Timestamp>> {
    let at: Option<i64> = sql!(tx, |conn| {
        sqlx::query_scalar(
        "select max(updated_at) from deliveries where integration_id = $1 and id <> $2 and state = 'delivered' \
         and kind = 'error' and external_id is not null"
    )
    .bind(integration.0)
    .bind(but.0)
    .fetch_one(conn)
    .await?
    });
    Ok(at.map(Timestamp))
}

/// Sends a delivery once more: at once, as if it had never been tried. One that is on its way stays as it is.
pub async fn replay(tx: &mut Tx, id: &DeliveryId, now: Timestamp) -> Result<bool> {
    let changed = sql!(tx, |conn| {
        sqlx::query(
        "update deliveries set state = 'waiting', attempts = 0, due_at = $1, error = null, updated_at = $1 \
         where public_id = $2 and due_at is null"
    )
    .bind(now.0)
    .bind(id.as_str())
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(changed == 1)
}

//! Messages that tell many outages at once.

use domain::id::{DeliveryId, DeliveryKey, IncidentKey, IntegrationKey, MonitorKey};
use domain::message::Message;
use domain::time::Timestamp;
use sqlx::types::Json;

use super::{Result, Tx, sql};

/// How many messages of a kind about single outages were planned for an integration since then.
pub async fn recent(tx: &mut Tx, integration: IntegrationKey, kind: &str, since: Timestamp) -> Result<i64> {
    Ok(sql!(tx, |conn| sqlx::query_scalar(
        "select count(*) from deliveries where integration_id = $1 and kind = $2 and created_at > $3"
    )
    .bind(integration.0)
    .bind(kind)
    .bind(since.0)
    .fetch_one(conn)
    .await?))
}

/// The message of an integration that still gathers outages (`cause` begins with `prefix`).
pub async fn gathering(
    tx: &mut Tx,
    integration: IntegrationKey,
    prefix: &str,
) -> Result<Option<(DeliveryKey, Message)>> {
    let row: Option<(i64, Json<Message>)> = sql!(tx, |conn| {
        sqlx::query_as(
        "select id, message from deliveries where integration_id = $1 and kind = 'group' and state = 'waiting' \
         and attempts = 0 and due_at is not null and lease_until is null and cause like $2 order by id desc limit 1"
    )
    .bind(integration.0)
    .bind(format!("{prefix}%"))
    .fetch_optional(conn)
    .await?
    });
    Ok(row.map(|(key, message)| (DeliveryKey(key), message.0)))
}

/// Writes a message that gathers; `false` when somebody claimed it meanwhile.
pub async fn gather(tx: &mut Tx, key: DeliveryKey, message: &Message, at: Timestamp) -> Result<bool> {
    let changed = sql!(tx, |conn| {
        sqlx::query(
        "update deliveries set message = $1, updated_at = $2 where id = $3 and state = 'waiting' and lease_until is null"
    )
    .bind(Json(message))
    .bind(at.0)
    .bind(key.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(changed == 1)
}

/// The key of the message that a cause has put into the outbox.
pub async fn of_cause(tx: &mut Tx, cause: &str) -> Result<Option<DeliveryKey>> {
    let key: Option<i64> = sql!(tx, |conn| sqlx::query_scalar("select id from deliveries where cause = $1")
        .bind(cause)
        .fetch_optional(conn)
        .await?);
    Ok(key.map(DeliveryKey))
}

/// A message about one outage that another one tells.
#[derive(Clone, Debug)]
pub struct Grouped<'a> {
    /// The public id.
    pub id: &'a DeliveryId,
    /// To whom.
    pub integration: IntegrationKey,
    /// What it follows from.
    pub cause: &'a str,
    /// The incident.
    pub incident: IncidentKey,
    /// The monitor.
    pub monitor: MonitorKey,
    /// What it would have said.
    pub message: &'a Message,
    /// The message that tells it.
    pub group: DeliveryKey,
    /// Now.
    pub at: Timestamp,
}

/// Notes that an outage is told by another message; `false` when its cause was planned before.
pub async fn insert(tx: &mut Tx, new: &Grouped<'_>) -> Result<bool> {
    let added = sql!(tx, |conn| {
        sqlx::query(
        "insert into deliveries (public_id, integration_id, incident_id, monitor_id, cause, kind, state, message, attempts, \
         due_at, group_id, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, 'grouped', $7, 0, null, $8, $9, $9) \
         on conflict (cause) do nothing"
    )
    .bind(new.id.as_str())
    .bind(new.integration.0)
    .bind(new.incident.0)
    .bind(new.monitor.0)
    .bind(new.cause)
    .bind(new.message.kind())
    .bind(Json(new.message))
    .bind(new.group.0)
    .bind(new.at.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(added == 1)
}

//! The outbox: a row is a message to one integration, and its id is the same at each attempt.

use domain::delivery::DeliveryState;
use domain::id::{DeliveryId, DeliveryKey, IncidentKey, IntegrationKey, MonitorKey};
use domain::message::Message;
use domain::time::Timestamp;
use sqlx::types::Json;

use super::claiming::{Claimed, INTERRUPTED};
use super::readable::Readable;
use super::{Result, StoreError, Tx, level_values, sql};

/// A message for the outbox.
#[derive(Clone, Debug)]
pub struct NewDelivery<'a> {
    /// The public id.
    pub id: &'a DeliveryId,
    /// To whom.
    pub integration: IntegrationKey,
    /// Whom of those that the integration leads to: empty, or a word of the planner for where the values of a level lead, or for what
    /// is no alert. Order is kept, and beginning, reminders and end belong together, within an address.
    pub address: &'a str,
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

/// The last message that told of a real outage, whomever it was for; what became of it does not matter, and what a level gave is masked.
/// `None`, too, when it cannot be read.
pub async fn last_alert(tx: &mut Tx) -> Result<Option<Message>> {
    let message: Option<Readable<Message>> = sql!(tx, |conn| sqlx::query_scalar(
        "select message from deliveries where kind = 'error' or kind = 'ok' or kind = 'reminder' \
         order by created_at desc, id desc limit 1"
    )
    .fetch_optional(conn)
    .await?);
    let mut message = message.and_then(|message| message.0);
    message.iter_mut().for_each(level_values::hide);
    Ok(message)
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

/// Puts a message into the outbox, unless its cause has put one there before.
pub async fn insert(tx: &mut Tx, new: &NewDelivery<'_>) -> Result<bool> {
    let message = level_values::sealed(new.message, &tx.sealer)?;
    let added = sql!(tx, |conn| {
        sqlx::query(
        "insert into deliveries (public_id, integration_id, incident_id, monitor_id, cause, kind, state, message, attempts, \
         due_at, created_at, updated_at, address) values ($1, $2, $3, $4, $5, $6, 'waiting', $7, 0, $8, $9, $9, $10) \
         on conflict (cause) do nothing"
    )
    .bind(new.id.as_str())
    .bind(new.integration.0)
    .bind(new.incident.map(|key| key.0))
    .bind(new.monitor.map(|key| key.0))
    .bind(new.cause)
    .bind(new.message.kind())
    .bind(Json(message.as_ref()))
    .bind(new.due_at.0)
    .bind(new.at.0)
    .bind(new.address)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(added == 1)
}

/// Puts a message into the outbox for those who were left over when `of` reached the others. Nothing waits behind it, and it does not
/// count as told: the others were.
pub async fn insert_rest(
    tx: &mut Tx,
    of: &Claimed,
    id: &DeliveryId,
    message: &Message,
    due_at: Timestamp,
    at: Timestamp,
) -> Result<()> {
    let message = level_values::sealed(message, &tx.sealer)?;
    sql!(tx, |conn| {
        sqlx::query(
        "insert into deliveries (public_id, integration_id, incident_id, monitor_id, cause, kind, state, message, attempts, \
         due_at, created_at, updated_at) select $1, integration_id, incident_id, monitor_id, $2, 'rest', 'waiting', $3, 0, $4, $5, $5 \
         from deliveries where id = $6"
    )
    .bind(id.as_str())
    .bind(format!("rest:{id}"))
    .bind(Json(message.as_ref()))
    .bind(due_at.0)
    .bind(at.0)
    .bind(of.key.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(())
}

/// Forgets at most `limit` messages from before `before` that are over, with their attempts; returns how many there were. Those of an
/// open incident stay: they say who hears of its end; and so does one that tells many, as long as any of them stays.
pub async fn forget(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64> {
    Ok(sql!(tx, |conn| {
        sqlx::query(
        "delete from deliveries where id in (select d.id from deliveries d left join incidents i on i.id = d.incident_id \
         where d.created_at < $1 and d.due_at is null and (d.incident_id is null or i.resolved_at < $1) \
         and not exists (select 1 from deliveries m where m.group_id = d.id) \
         order by d.created_at limit $2)"
    )
    .bind(before.0)
    .bind(limit)
    .execute(conn)
    .await?
    .rows_affected()
    }))
}

/// Whom a message was for, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The integration.
    pub integration: IntegrationKey,
    /// Where it leads to, as [`NewDelivery::address`].
    pub address: String,
    /// The state of the last word; delivered when any was.
    pub state: DeliveryState,
}

/// Who was told that an incident began or goes on, or will be, and whether the last word about that failed for good; `but` is left out.
/// What arrived once counts as delivered, whatever became of it when somebody asked for it once more.
pub async fn told(tx: &mut Tx, incident: IncidentKey, but: DeliveryKey) -> Result<Vec<Told>> {
    let rows: Vec<(i64, i64, String, String)> = sql!(tx, |conn| {
        sqlx::query_as(
        "select d.id, d.integration_id, d.address, \
         case when d.delivered_at is not null or (d.state = 'grouped' and g.delivered_at is not null) then 'delivered' \
             when d.state = 'grouped' then coalesce(g.state, 'skipped') else d.state end \
         from deliveries d left join deliveries g on g.id = d.group_id \
         where d.incident_id = $1 and (d.kind = 'error' or d.kind = 'reminder') and d.id <> $2 \
         order by d.integration_id, d.address, d.id"
    )
    .bind(incident.0)
    .bind(but.0)
    .fetch_all(conn)
    .await?
    });
    let mut told: Vec<Told> = Vec::new();
    for (id, integration, address, word) in rows {
        let state = DeliveryState::from_word(&word).ok_or(StoreError::Corrupt {
            table: "deliveries",
            column: "state",
            id,
        })?;
        match told.last_mut() {
            // One that got through is enough.
            Some(last) if last.integration.0 == integration && last.address == address => {
                if last.state != DeliveryState::Delivered {
                    last.state = state;
                }
            }
            _ => told.push(Told { integration: IntegrationKey(integration), address, state }),
        }
    }
    Ok(told)
}

/// The first alert of an incident to an address of an integration, as it was planned; `None`, too, when it cannot be read.
pub async fn beginning(
    tx: &mut Tx,
    incident: IncidentKey,
    (integration, address): (IntegrationKey, &str),
) -> Result<Option<Message>> {
    let message: Option<Readable<Message>> = sql!(tx, |conn| {
        sqlx::query_scalar(
            "select message from deliveries where incident_id = $1 and integration_id = $2 and address = $3 \
         and (kind = 'error' or kind = 'reminder') order by id limit 1",
        )
        .bind(incident.0)
        .bind(integration.0)
        .bind(address)
        .fetch_optional(conn)
        .await?
    });
    let Some(mut message) = message.and_then(|message| message.0) else { return Ok(None) };
    Ok(level_values::open(&mut message, &tx.sealer).is_ok().then_some(message))
}

/// Whether an integration was to be told that an incident began, after `since`.
pub async fn is_planned_since(
    tx: &mut Tx,
    incident: IncidentKey,
    integration: IntegrationKey,
    since: Timestamp,
) -> Result<bool> {
    let count: i64 = sql!(tx, |conn| {
        sqlx::query_scalar(
            "select count(*) from deliveries where incident_id = $1 and integration_id = $2 and kind = 'error' \
         and created_at > $3",
        )
        .bind(incident.0)
        .bind(integration.0)
        .bind(since.0)
        .fetch_one(conn)
        .await?
    });
    Ok(count > 0)
}

/// Whether a reminder that was planned at `at` says nothing new by now: a later one waits behind it, or the outage was told only
/// after it was planned, by a message of its own or together with others.
pub async fn is_superseded(
    tx: &mut Tx,
    incident: IncidentKey,
    (integration, address): (IntegrationKey, &str),
    at: Timestamp,
) -> Result<bool> {
    let count: i64 = sql!(tx, |conn| {
        sqlx::query_scalar(
        "select count(*) from deliveries d left join deliveries g on g.id = d.group_id \
         where d.incident_id = $1 and d.integration_id = $2 and d.address = $4 and ((d.kind = 'reminder' and d.created_at > $3) \
         or (d.kind = 'error' and d.created_at < $3 and ((d.state = 'delivered' and d.updated_at > $3) \
             or (d.state = 'grouped' and g.state = 'delivered' and g.updated_at > $3))))"
    )
    .bind(incident.0)
    .bind(integration.0)
    .bind(at.0)
    .bind(address)
    .fetch_one(conn)
    .await?
    });
    Ok(count > 0)
}

/// What the other side called the first message of an incident, to update or resolve it there.
pub async fn external_id(
    tx: &mut Tx,
    incident: IncidentKey,
    (integration, address): (IntegrationKey, &str),
) -> Result<Option<String>> {
    let id: Option<Option<String>> = sql!(tx, |conn| {
        sqlx::query_scalar(
        "select external_id from deliveries where incident_id = $1 and integration_id = $2 and address = $3 and external_id is not null \
         order by id limit 1"
    )
    .bind(incident.0)
    .bind(integration.0)
    .bind(address)
    .fetch_optional(conn)
    .await?
    });
    Ok(id.flatten())
}

/// What the other side called the further messages by which an integration was told of the beginning of an incident, in order: those of an
/// escalation that comes back to it, and those that somebody asked for once more. For names without blanks.
pub async fn further_ids(
    tx: &mut Tx,
    incident: IncidentKey,
    (integration, address): (IntegrationKey, &str),
    first: &str,
) -> Result<Vec<String>> {
    let rows: Vec<(String, Option<String>)> = sql!(tx, |conn| {
        sqlx::query_as(
        "select external_id, further_ids from deliveries where incident_id = $1 and integration_id = $2 and address = $3 \
         and kind = 'error' and external_id is not null order by id"
    )
    .bind(incident.0)
    .bind(integration.0)
    .bind(address)
    .fetch_all(conn)
    .await?
    });
    let mut ids = Vec::new();
    for (own, further) in rows {
        let further = further.unwrap_or_default();
        ids.extend(std::iter::once(own.as_str()).chain(further.split(' ')).map(ToOwned::to_owned));
    }
    ids.retain(|id| !id.is_empty() && id != first);
    Ok(ids)
}

/// When an integration last did what the beginning of an outage asks of it, or may have done it, `but` aside. Of those that ended well
/// only deliveries with an external id count: a provider gives none to what it took without doing anything.
pub async fn last_delivered(
    tx: &mut Tx,
    integration: IntegrationKey,
    but: DeliveryKey,
) -> Result<Option<Timestamp>> {
    let at: Option<i64> = sql!(tx, |conn| {
        sqlx::query_scalar(
        "select max(case when state = 'delivered' or (state = 'sending' and error = $3) then updated_at else delivered_at end) \
         from deliveries where integration_id = $1 and id <> $2 and kind = 'error' \
         and (((state = 'delivered' or delivered_at is not null) and external_id is not null) or (state = 'sending' and error = $3))"
    )
    .bind(integration.0)
    .bind(but.0)
    .bind(INTERRUPTED)
    .fetch_one(conn)
    .await?
    });
    Ok(at.map(Timestamp))
}

/// Whether another node than `node`, or one that is gone, has begun to tell an integration of the beginning of an outage; `but` aside.
pub async fn is_begun_elsewhere(
    tx: &mut Tx,
    integration: IntegrationKey,
    but: DeliveryKey,
    node: &str,
) -> Result<bool> {
    let count: i64 = sql!(tx, |conn| {
        sqlx::query_scalar(
            "select count(*) from deliveries where integration_id = $1 and id <> $2 and kind = 'error' and state = 'sending' \
         and (lease_node is null or lease_node <> $3)",
        )
        .bind(integration.0)
        .bind(but.0)
        .bind(node.to_owned())
        .fetch_one(conn)
        .await?
    });
    Ok(count > 0)
}

/// Sends a delivery once more: at once, as if it had never been tried; only that it arrived is not forgotten. One that is on its way stays
/// as it is, and so does one whose integration was removed.
pub async fn replay(tx: &mut Tx, id: &DeliveryId, now: Timestamp) -> Result<bool> {
    let changed = sql!(tx, |conn| {
        sqlx::query(
        "update deliveries set state = 'waiting', attempts = 0, due_at = $1, error = null, updated_at = $1, replayed_at = $1, \
         delivered_at = case when state = 'delivered' then coalesce(delivered_at, updated_at) \
             when state = 'grouped' then (select coalesce(g.delivered_at, g.updated_at) from deliveries g \
                 where g.id = deliveries.group_id and (g.delivered_at is not null or g.state = 'delivered')) \
             else delivered_at end \
         where public_id = $2 and due_at is null \
         and exists (select 1 from integrations i where i.id = deliveries.integration_id and i.deleted_at is null)"
    )
    .bind(now.0)
    .bind(id.as_str())
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(changed == 1)
}

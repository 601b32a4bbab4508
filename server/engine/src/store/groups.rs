//! Messages that tell many outages at once.

use domain::id::{DeliveryId, DeliveryKey, IncidentId, IncidentKey, IntegrationKey, MonitorKey};
use domain::message::Message;
use domain::time::Timestamp;
use sqlx::FromRow;
use sqlx::types::Json;

use super::readable::Readable;
use super::{Result, StoreError, Tx, sql};

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

/// The message of an integration that still gathers outages (`cause` begins with `prefix`); `None`, too, when it cannot be read.
pub async fn gathering(
    tx: &mut Tx,
    integration: IntegrationKey,
    prefix: &str,
) -> Result<Option<(DeliveryKey, Message)>> {
    let row: Option<(i64, Readable<Message>)> = sql!(tx, |conn| {
        sqlx::query_as(
        "select id, message from deliveries where integration_id = $1 and kind = 'group' and state = 'waiting' \
         and attempts = 0 and due_at is not null and lease_until is null and cause like $2 order by id desc limit 1"
    )
    .bind(integration.0)
    .bind(format!("{prefix}%"))
    .fetch_optional(conn)
    .await?
    });
    Ok(row.and_then(|(key, message)| Some((DeliveryKey(key), message.0?))))
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

/// Whether a message that gathers tells an outage already.
pub async fn tells(tx: &mut Tx, group: DeliveryKey, incident: IncidentKey) -> Result<bool> {
    let count: i64 = sql!(tx, |conn| sqlx::query_scalar(
        "select count(*) from deliveries where group_id = $1 and incident_id = $2 and state = 'grouped'"
    )
    .bind(group.0)
    .bind(incident.0)
    .fetch_one(conn)
    .await?);
    Ok(count > 0)
}

/// Writes what is left of a message that tells many, as it leaves; whoever does holds it.
pub async fn rewrite(tx: &mut Tx, key: DeliveryKey, message: &Message) -> Result<()> {
    sql!(tx, |conn| sqlx::query("update deliveries set message = $1 where id = $2")
        .bind(Json(message))
        .bind(key.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
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

/// What of an outage is still to be told by an earlier message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// Nothing.
    Nothing,
    /// That it goes on.
    Reminder,
    /// That it began.
    Beginning,
}

/// One of the outages that a message tells together.
#[derive(Clone, Debug)]
pub struct Member {
    /// The delivery that stands for it.
    pub key: DeliveryKey,
    /// The incident.
    pub incident: IncidentId,
    /// Its key.
    pub incident_key: IncidentKey,
    /// Whether it is over.
    pub over: bool,
    /// Whether the same integration was told that it began or went on.
    pub told: bool,
    /// Whether it still may be.
    pub pending: Pending,
    /// Whether it was told of a later outage of the same monitor.
    pub again: bool,
    /// When it was planned.
    pub at: Timestamp,
}

#[derive(FromRow)]
struct MemberRow {
    id: i64,
    public_id: String,
    incident_id: i64,
    over: bool,
    told: bool,
    pending: i64,
    again: bool,
    created_at: i64,
}

/// The outages that a message tells, in the order in which they came.
pub async fn members(tx: &mut Tx, group: DeliveryKey) -> Result<Vec<Member>> {
    let rows: Vec<MemberRow> = sql!(tx, |conn| {
        sqlx::query_as(
            "select m.id, i.public_id, i.id as incident_id, i.resolved_at is not null as over, m.created_at, \
             max(case when b.state = 'delivered' or b.delivered_at is not null \
                 or (b.state = 'grouped' and (g.state = 'delivered' or g.delivered_at is not null)) then 1 else 0 end) > 0 as told, \
             cast(max(case when b.due_at is null and (b.state <> 'grouped' or g.due_at is null) then 0 when b.kind = 'error' then 2 \
                 when b.kind = 'reminder' then 1 else 0 end) as bigint) as pending, \
             exists (select 1 from deliveries l left join deliveries lg on lg.id = l.group_id where l.monitor_id = m.monitor_id \
                 and l.id > m.id and +l.integration_id = m.integration_id and l.incident_id <> m.incident_id and l.kind = 'error' \
                 and (l.state = 'delivered' or l.delivered_at is not null \
                 or (l.state = 'grouped' and (lg.state = 'delivered' or lg.delivered_at is not null)))) as again \
             from deliveries m join incidents i on i.id = m.incident_id \
             left join deliveries b on b.incident_id = m.incident_id and b.integration_id = m.integration_id and b.id < m.id \
             and (b.kind = 'error' or b.kind = 'reminder') \
             left join deliveries g on g.id = b.group_id \
             where m.group_id = $1 and m.state = 'grouped' \
             group by m.id, i.public_id, i.id, i.resolved_at, m.created_at order by m.id",
        )
        .bind(group.0)
        .fetch_all(conn)
        .await?
    });
    let member = |row: MemberRow| {
        let corrupt = StoreError::Corrupt { table: "incidents", column: "public_id", id: row.incident_id };
        Ok(Member {
            key: DeliveryKey(row.id),
            incident: row.public_id.parse().map_err(|_| corrupt)?,
            incident_key: IncidentKey(row.incident_id),
            over: row.over,
            told: row.told,
            pending: match row.pending {
                0 => Pending::Nothing,
                1 => Pending::Reminder,
                _ => Pending::Beginning,
            },
            again: row.again,
            at: Timestamp(row.created_at),
        })
    };
    rows.into_iter().map(member).collect()
}

/// Lets one leave the message that tells many: it is told by a message of its own, not before `due_at`.
pub async fn release(tx: &mut Tx, member: DeliveryKey, due_at: Timestamp, at: Timestamp) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
            "update deliveries set state = 'waiting', group_id = null, due_at = $1, updated_at = $2 \
             where id = $3 and state = 'grouped'",
        )
        .bind(due_at.0)
        .bind(at.0)
        .bind(member.0)
        .execute(conn)
        .await?
        .rows_affected()
    });
    Ok(())
}

/// Notes that a message that tells many does not tell this one after all.
pub async fn drop(tx: &mut Tx, member: DeliveryKey, why: &str, at: Timestamp) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "update deliveries set state = 'skipped', error = $1, updated_at = $2 where id = $3 and state = 'grouped'"
    )
    .bind(why)
    .bind(at.0)
    .bind(member.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(())
}

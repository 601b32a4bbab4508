//! How far each incident has come on each level: the due times of escalation and reminders are rows, so that a restart forgets
//! none.

use domain::id::{AlertId, AlertKey, DefinitionKey, IncidentKey};
use domain::time::Timestamp;
use sqlx::FromRow;

use super::definitions::holds;
use super::{Result, StoreError, Tx, sql};

/// The definition of the level of what is attached to a monitor directly.
pub const DIRECT: DefinitionKey = DefinitionKey(0);

/// An incident on a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRow {
    /// The database key.
    pub key: AlertKey,
    /// The public id.
    pub id: AlertId,
    /// The incident.
    pub incident: IncidentKey,
    /// The definition, or [`DIRECT`].
    pub definition: DefinitionKey,
    /// The level, from 0 on.
    pub level: u32,
    /// When to look at it again.
    pub due_at: Option<Timestamp>,
    /// When the level was reached.
    pub raised_at: Option<Timestamp>,
    /// Reminders that were sent.
    pub reminders: u32,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    incident_id: i64,
    definition_id: i64,
    level: i64,
    due_at: Option<i64>,
    raised_at: Option<i64>,
    reminders: i64,
}

impl TryFrom<Row> for AlertRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |column| StoreError::Corrupt { table: "alerts", column, id: row.id };
        Ok(Self {
            key: AlertKey(row.id),
            id: row.public_id.parse().map_err(|_| corrupt("public_id"))?,
            incident: IncidentKey(row.incident_id),
            definition: DefinitionKey(row.definition_id),
            level: row.level.try_into().map_err(|_| corrupt("level"))?,
            due_at: row.due_at.map(Timestamp),
            raised_at: row.raised_at.map(Timestamp),
            reminders: row.reminders.try_into().map_err(|_| corrupt("reminders"))?,
        })
    }
}

/// Puts an incident on a level, to be looked at when it is due; one that is there already stays as it is.
pub async fn insert(
    tx: &mut Tx,
    id: &AlertId,
    incident: IncidentKey,
    definition: DefinitionKey,
    level: u32,
    due_at: Timestamp,
) -> Result<bool> {
    let added = sql!(tx, |conn| {
        sqlx::query(
        "insert into alerts (public_id, incident_id, definition_id, level, due_at, reminders) values ($1, $2, $3, $4, $5, 0) \
         on conflict (incident_id, definition_id, level) do nothing"
    )
    .bind(id.as_str())
    .bind(incident.0)
    .bind(definition.0)
    .bind(i64::from(level))
    .bind(due_at.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(added == 1)
}

/// Those that are due, the longest due first, at most `limit`.
pub async fn due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<AlertRow>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        sqlx::query_as(
        "select id, public_id, incident_id, definition_id, level, due_at, raised_at, reminders from alerts \
         where due_at is not null and due_at <= $1 order by due_at, id limit $2"
    )
    .bind(now.0)
    .bind(limit)
    .fetch_all(conn)
    .await?
    });
    rows.into_iter().map(TryInto::try_into).collect()
}

/// When the next one is due.
pub async fn next_due(tx: &mut Tx) -> Result<Option<Timestamp>> {
    let next: Option<i64> =
        sql!(tx, |conn| sqlx::query_scalar("select min(due_at) from alerts where due_at is not null")
            .fetch_one(conn)
            .await?);
    Ok(next.map(Timestamp))
}

/// Every level of an incident.
pub async fn of_incident(tx: &mut Tx, incident: IncidentKey) -> Result<Vec<AlertRow>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        sqlx::query_as(
        "select id, public_id, incident_id, definition_id, level, due_at, raised_at, reminders from alerts \
         where incident_id = $1 order by id"
    )
    .bind(incident.0)
    .fetch_all(conn)
    .await?
    });
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Writes what became of one.
pub async fn update(tx: &mut Tx, alert: &AlertRow) -> Result<()> {
    sql!(tx, |conn| sqlx::query(
        "update alerts set due_at = $1, raised_at = $2, reminders = $3 where id = $4"
    )
    .bind(alert.due_at.map(|at| at.0))
    .bind(alert.raised_at.map(|at| at.0))
    .bind(i64::from(alert.reminders))
    .bind(alert.key.0)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(())
}

/// Nothing more comes of an incident: it is over, or somebody takes care of it.
pub async fn silence(tx: &mut Tx, incident: IncidentKey) -> Result<()> {
    sql!(tx, |conn| sqlx::query("update alerts set due_at = null where incident_id = $1")
        .bind(incident.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Lets open incidents follow the levels of a definition that was changed: `went` says of each old level where it is now, `None` when
/// it is gone. Those that were not reached are looked at again at once, because their conditions may be others.
pub async fn move_levels(
    tx: &mut Tx,
    definition: DefinitionKey,
    went: &[Option<u32>],
    now: Timestamp,
) -> Result<()> {
    // By way of numbers below zero: two levels that change places would meet.
    sql!(tx, |conn| sqlx::query(
        "update alerts set level = -1 - level, due_at = case when raised_at is null then $1 else due_at end \
         where definition_id = $2 and incident_id in (select id from incidents where resolved_at is null)"
    )
    .bind(now.0)
    .bind(definition.0)
    .execute(conn)
    .await?
    .rows_affected());
    for (old, new) in (0_i64..).zip(went) {
        let Some(new) = new else { continue };
        sql!(tx, |conn| sqlx::query(
            "update alerts set level = $1 where definition_id = $2 and level = -1 - $3"
        )
        .bind(i64::from(*new))
        .bind(definition.0)
        .bind(old)
        .execute(conn)
        .await?
        .rows_affected());
    }
    sql!(tx, |conn| sqlx::query("delete from alerts where definition_id = $1 and level < 0")
        .bind(definition.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Goes on reminding on a level that has more reminders now than it has sent in incidents that are open.
pub async fn remind_again(
    tx: &mut Tx,
    (definition, level): (DefinitionKey, u32),
    reminders: u32,
    due_at: Timestamp,
) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "update alerts set due_at = $1 where definition_id = $2 and level = $3 and raised_at is not null and due_at is null \
         and reminders < $4 and incident_id in (select id from incidents where resolved_at is null)"
    )
    .bind(due_at.0)
    .bind(definition.0)
    .bind(i64::from(level))
    .bind(i64::from(reminders))
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(())
}

/// Alerts of open incidents under a definition that holds for their monitors no more.
macro_rules! astray {
    ($start:literal) => {
        concat!(
            $start,
            " and definition_id <> 0 and exists \
             (select 1 from incidents i where i.id = alerts.incident_id and i.resolved_at is null and not exists \
             (select 1 from alert_definitions d where d.id = alerts.definition_id and ",
            holds!("i.monitor_id"),
            "))"
        )
    };
}

/// Takes open incidents off the levels of definitions that hold for their monitors no more. What was told on them stays told, should
/// the monitor come back.
pub async fn leave(tx: &mut Tx) -> Result<()> {
    let statements = [
        astray!("delete from alerts where raised_at is null"),
        astray!("update alerts set due_at = null where due_at is not null"),
    ];
    for statement in statements {
        sql!(tx, |conn| sqlx::query(statement).execute(conn).await?.rows_affected());
    }
    Ok(())
}

/// Open incidents of monitors for which a definition holds.
pub async fn open_under(tx: &mut Tx, definition: DefinitionKey) -> Result<Vec<IncidentKey>> {
    let keys: Vec<i64> = sql!(tx, |conn| {
        sqlx::query_scalar(concat!(
        "select i.id from incidents i join monitors m on m.id = i.monitor_id join alert_definitions d on d.id = $1 \
         where i.resolved_at is null and ",
        holds!("i.monitor_id"),
        " order by i.id"
    ))
    .bind(definition.0)
    .fetch_all(conn)
    .await?
    });
    Ok(keys.into_iter().map(IncidentKey).collect())
}

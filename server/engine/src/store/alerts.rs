//! How far each incident has come on each level: the due times of escalation and reminders are rows, so that a restart forgets
//! none.

use domain::id::{AlertId, AlertKey, DefinitionKey, IncidentKey};
use domain::time::Timestamp;
use sqlx::FromRow;

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

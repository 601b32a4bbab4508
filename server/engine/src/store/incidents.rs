//! Incidents: the rows that the recorder writes. What pages read of them stands in `views`.

use domain::id::{IncidentId, IncidentKey, IncidentUpdateId, MonitorKey};
use domain::incident::{Ended, Ending, IncidentOrigin, IncidentPhase};
use domain::time::Timestamp;

use super::{Result, StoreError, Tx, sql};

/// An incident that a monitor opens.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// The public id.
    pub id: &'a IncidentId,
    /// The monitor.
    pub monitor: MonitorKey,
    /// The headline for operators.
    pub title: &'a str,
    /// The reason for operators.
    pub reason: &'a str,
    /// When the trouble began.
    pub started_at: Timestamp,
    /// Now.
    pub at: Timestamp,
}

/// Opens an automatic incident, unless the monitor has an open one; then `None`.
pub async fn open(tx: &mut Tx, opening: &Opening<'_>) -> Result<Option<IncidentKey>> {
    let key: Option<i64> = sql!(tx, |conn| {
        sqlx::query_scalar(
        "insert into incidents (public_id, origin, monitor_id, title, phase, reason, started_at, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8) \
         on conflict (monitor_id) where resolved_at is null and origin = 'automatic' do nothing returning id"
    )
    .bind(opening.id.as_str())
    .bind(IncidentOrigin::Automatic.as_str())
    .bind(opening.monitor.0)
    .bind(opening.title)
    .bind(IncidentPhase::Investigating.as_str())
    .bind(opening.reason)
    .bind(opening.started_at.0)
    .bind(opening.at.0)
    .fetch_optional(conn)
    .await?
    });
    let Some(key) = key else { return Ok(None) };
    sql!(tx, |conn| sqlx::query(
        "insert into incident_components (incident_id, component_id) \
         select $1, component_id from component_monitors where monitor_id = $2"
    )
    .bind(key)
    .bind(opening.monitor.0)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(Some(IncidentKey(key)))
}

/// Adds what is said of an incident.
pub async fn add_update(
    tx: &mut Tx,
    id: &IncidentUpdateId,
    incident: IncidentKey,
    phase: IncidentPhase,
    body: &str,
    at: Timestamp,
) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "insert into incident_updates (public_id, incident_id, phase, body, created_at) values ($1, $2, $3, $4, $5)"
    )
    .bind(id.as_str())
    .bind(incident.0)
    .bind(phase.as_str())
    .bind(body)
    .bind(at.0)
    .execute(conn)
    .await?.rows_affected()
    });
    Ok(())
}

/// The public names of the components that an incident touches, in the order of the page.
pub async fn component_names(tx: &mut Tx, incident: IncidentKey) -> Result<Vec<String>> {
    Ok(sql!(tx, |conn| sqlx::query_scalar(
        "select c.name from incident_components i join components c on c.id = i.component_id \
         where i.incident_id = $1 order by c.position, c.id"
    )
    .bind(incident.0)
    .fetch_all(conn)
    .await?))
}

/// An incident that was resolved.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Which.
    pub incident: IncidentKey,
    /// Its public id.
    pub id: IncidentId,
    /// When the trouble began.
    pub started_at: Timestamp,
    /// When it ended; never before it began.
    pub resolved_at: Timestamp,
}

/// Resolves the open automatic incident of a monitor; `None` when there is none. The clock of another node may have been ahead when it
/// began: it ends no sooner.
pub async fn resolve(
    tx: &mut Tx,
    monitor: MonitorKey,
    resolved_at: Timestamp,
    at: Timestamp,
) -> Result<Option<Resolved>> {
    let row: Option<(i64, String, i64, i64)> = sql!(tx, |conn| {
        sqlx::query_as(
        "update incidents set phase = $1, resolved_at = case when started_at > $2 then started_at else $2 end, updated_at = $3 \
         where monitor_id = $4 and resolved_at is null and origin = 'automatic' \
         returning id, public_id, started_at, resolved_at"
    )
    .bind(IncidentPhase::Resolved.as_str())
    .bind(resolved_at.0)
    .bind(at.0)
    .bind(monitor.0)
    .fetch_optional(conn)
    .await?
    });
    let Some((key, id, started_at, resolved_at)) = row else { return Ok(None) };
    let id =
        id.parse().map_err(|_| StoreError::Corrupt { table: "incidents", column: "public_id", id: key })?;
    let (started_at, resolved_at) = (Timestamp(started_at), Timestamp(resolved_at));
    Ok(Some(Resolved { incident: IncidentKey(key), id, started_at, resolved_at }))
}

/// Resolves an open incident by hand; `None` when it is over. Its monitor opens the next one when it fails again after it
/// was well.
pub async fn resolve_by_hand(
    tx: &mut Tx,
    incident: IncidentKey,
    at: Timestamp,
) -> Result<Option<(IncidentId, Option<MonitorKey>)>> {
    let row: Option<(String, Option<i64>)> = sql!(tx, |conn| {
        sqlx::query_as(
        "update incidents set phase = $1, resolved_at = case when started_at > $2 then started_at else $2 end, updated_at = $2 \
         where id = $3 and resolved_at is null returning public_id, monitor_id"
    )
    .bind(IncidentPhase::Resolved.as_str())
    .bind(at.0)
    .bind(incident.0)
    .fetch_optional(conn)
    .await?
    });
    let Some((id, monitor)) = row else { return Ok(None) };
    let corrupt = StoreError::Corrupt { table: "incidents", column: "public_id", id: incident.0 };
    Ok(Some((id.parse().map_err(|_| corrupt)?, monitor.map(MonitorKey))))
}

/// Notes how an incident ended that was just resolved without its monitor working again.
pub async fn set_ended(tx: &mut Tx, incident: IncidentKey, ended: &Ended) -> Result<()> {
    sql!(tx, |conn| sqlx::query("update incidents set ending = $1, ended_by = $2 where id = $3")
        .bind(ended.how.as_str())
        .bind(&ended.by)
        .bind(incident.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// How an incident ended, when not because its monitor works again.
pub async fn ended(tx: &mut Tx, incident: IncidentKey) -> Result<Option<Ended>> {
    let row: Option<(Option<String>, Option<String>)> =
        sql!(tx, |conn| sqlx::query_as("select ending, ended_by from incidents where id = $1")
            .bind(incident.0)
            .fetch_optional(conn)
            .await?);
    Ok(row.and_then(|(how, by)| read_ended(how.as_deref(), by)))
}

/// An ending as it stands in the table; one that a later program knows is none.
pub(super) fn read_ended(how: Option<&str>, by: Option<String>) -> Option<Ended> {
    Some(Ended { how: Ending::from_word(how?)?, by: by.unwrap_or_default() })
}

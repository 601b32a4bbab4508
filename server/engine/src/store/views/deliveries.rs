//! The log of deliveries.

use domain::delivery::DeliveryState;
use domain::id::IncidentKey;
use domain::message::Message;
use domain::time::Timestamp;
use domain::views::console::{
    AttemptView, DELIVERIES_PER_PAGE, DeliveryCounts, DeliveryDetail, DeliveryQuery, DeliveryRow, Named,
};
use sqlx::FromRow;
use sqlx::types::Json;

use super::super::{Result, StoreError, Tx, sql};
use super::monitors::pattern;

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    created_at: i64,
    kind: String,
    state: String,
    message: Json<Message>,
    integration: String,
    integration_name: String,
    provider: String,
    incident: Option<String>,
    attempts: i64,
    due_at: Option<i64>,
    error: Option<String>,
    external_id: Option<String>,
    updated_at: i64,
}

fn read(row: Row) -> Result<(i64, DeliveryRow, Message)> {
    let corrupt = |column| StoreError::Corrupt { table: "deliveries", column, id: row.id };
    let view = DeliveryRow {
        id: row.public_id.parse().map_err(|_| corrupt("public_id"))?,
        at: Timestamp(row.created_at),
        kind: row.kind,
        state: DeliveryState::from_word(&row.state).ok_or(corrupt("state"))?,
        headline: row.message.0.headline(),
        integration: Named {
            id: row.integration.parse().map_err(|_| corrupt("integration_id"))?,
            name: row.integration_name,
        },
        provider: row.provider.parse().map_err(|_| corrupt("integration_id"))?,
        incident: row.incident.and_then(|id| id.parse().ok()),
        attempts: u32::try_from(row.attempts).map_err(|_| corrupt("attempts"))?,
        due_at: row.due_at.map(Timestamp),
        error: row.error,
        external_id: row.external_id,
        updated_at: Timestamp(row.updated_at),
    };
    Ok((row.id, view, row.message.0))
}

macro_rules! from {
    () => {
        " from deliveries d join integrations g on g.id = d.integration_id left join incidents i on i.id = d.incident_id "
    };
}

macro_rules! select {
    ($rest:expr) => {
        concat!(
            "select d.id, d.public_id, d.created_at, d.kind, d.state, d.message, g.public_id as integration, \
             g.name as integration_name, g.kind as provider, i.public_id as incident, d.attempts, d.due_at, d.error, \
             d.external_id, d.updated_at",
            from!(),
            $rest
        )
    };
}

/// What fits a query; empty fits all.
macro_rules! fitting {
    () => {
        "where ($1 = '' or lower(g.name) like $1 escape '!' or lower(d.public_id) like $1 escape '!' \
         or lower(coalesce(d.error, '')) like $1 escape '!' or lower(coalesce(i.title, '')) like $1 escape '!' \
         or lower(coalesce(d.external_id, '')) like $1 escape '!' or exists \
         (select 1 from monitors m where m.id = d.monitor_id and lower(m.name) like $1 escape '!')) \
         and ($2 = '' or d.state = $2) and ($3 = '' or g.public_id = $3) and ($4 = '' or i.public_id = $4) \
         and ($5 = '' or exists (select 1 from monitors m where m.id = d.monitor_id and m.public_id = $5)) "
    };
}

/// A page of the log, the newest first.
pub async fn list(tx: &mut Tx, query: &DeliveryQuery) -> Result<Vec<DeliveryRow>> {
    page(tx, query, DELIVERIES_PER_PAGE).await
}

/// The same with another number of deliveries on a page.
pub async fn page(tx: &mut Tx, query: &DeliveryQuery, per_page: u32) -> Result<Vec<DeliveryRow>> {
    const LIST: &str = select!(concat!(fitting!(), "order by d.id desc limit $6 offset $7"));
    let limit = i64::from(per_page);
    let rows: Vec<Row> = sql!(tx, |conn| sqlx::query_as(LIST)
        .bind(pattern(&query.search))
        .bind(query.state.map_or("", DeliveryState::as_str))
        .bind(query.integration.as_ref().map_or("", |id| id.as_str()))
        .bind(query.incident.as_ref().map_or("", |id| id.as_str()))
        .bind(query.monitor.as_ref().map_or("", |id| id.as_str()))
        .bind(limit)
        .bind(i64::from(query.page.max(1) - 1) * limit)
        .fetch_all(conn)
        .await?);
    rows.into_iter().map(|row| read(row).map(|(_, view, _)| view)).collect()
}

/// How many deliveries a query leaves.
pub async fn found(tx: &mut Tx, query: &DeliveryQuery) -> Result<i64> {
    const COUNT: &str = concat!("select count(*)", from!(), fitting!());
    Ok(sql!(tx, |conn| sqlx::query_scalar(COUNT)
        .bind(pattern(&query.search))
        .bind(query.state.map_or("", DeliveryState::as_str))
        .bind(query.integration.as_ref().map_or("", |id| id.as_str()))
        .bind(query.incident.as_ref().map_or("", |id| id.as_str()))
        .bind(query.monitor.as_ref().map_or("", |id| id.as_str()))
        .fetch_one(conn)
        .await?))
}

/// The messages of an incident, the newest first.
pub async fn of_incident(tx: &mut Tx, incident: IncidentKey, limit: i64) -> Result<Vec<DeliveryRow>> {
    let rows: Vec<Row> =
        sql!(tx, |conn| sqlx::query_as(select!("where d.incident_id = $1 order by d.id desc limit $2"))
            .bind(incident.0)
            .bind(limit)
            .fetch_all(conn)
            .await?);
    rows.into_iter().map(|row| read(row).map(|(_, view, _)| view)).collect()
}

/// A delivery with everything that was said.
pub async fn detail(tx: &mut Tx, id: &str) -> Result<Option<DeliveryDetail>> {
    let row: Option<Row> = sql!(tx, |conn| sqlx::query_as(select!("where d.public_id = $1"))
        .bind(id)
        .fetch_optional(conn)
        .await?);
    let Some((key, row, message)) = row.map(read).transpose()? else { return Ok(None) };
    let attempts = attempts(tx, key).await?;
    let message = serde_json::to_value(message).unwrap_or_default();
    Ok(Some(DeliveryDetail { row, attempts, message }))
}

#[derive(FromRow)]
struct AttemptRow {
    number: i64,
    at: i64,
    duration_ms: i64,
    status: Option<i64>,
    request: String,
    response: String,
    error: Option<String>,
}

async fn attempts(tx: &mut Tx, delivery: i64) -> Result<Vec<AttemptView>> {
    let rows: Vec<AttemptRow> = sql!(tx, |conn| sqlx::query_as(
        "select number, at, duration_ms, status, request, response, error from delivery_attempts \
         where delivery_id = $1 order by number desc"
    )
    .bind(delivery)
    .fetch_all(conn)
    .await?);
    let view = |row: AttemptRow| AttemptView {
        number: u32::try_from(row.number).unwrap_or_default(),
        at: Timestamp(row.at),
        duration_ms: row.duration_ms,
        status: row.status.and_then(|status| u16::try_from(status).ok()),
        request: row.request,
        response: row.response,
        error: row.error,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// How many messages wait in the outbox, and since when the one that is due longest has been; messages that are put off are not late.
pub async fn outbox(tx: &mut Tx, now: Timestamp) -> Result<(i64, Option<Timestamp>)> {
    let (count, oldest): (i64, Option<i64>) = sql!(tx, |conn| {
        sqlx::query_as(
        "select count(*), min(case when due_at <= $1 then due_at end) from deliveries where due_at is not null"
    )
    .bind(now.0)
    .fetch_one(conn)
    .await?
    });
    Ok((count, oldest.map(Timestamp)))
}

/// How many deliveries that were planned since then stand where; what is not over is counted however old it is.
pub async fn counts(tx: &mut Tx, since: Timestamp) -> Result<DeliveryCounts> {
    let rows: Vec<(String, i64)> = sql!(tx, |conn| {
        sqlx::query_as(
        "select state, count(*) from deliveries where created_at >= $1 or due_at is not null group by state"
    )
    .bind(since.0)
    .fetch_all(conn)
    .await?
    });
    let mut counts = DeliveryCounts::default();
    for (word, count) in rows {
        match DeliveryState::from_word(&word) {
            Some(DeliveryState::Waiting | DeliveryState::Sending) => counts.waiting += count,
            Some(DeliveryState::Retrying) => counts.retrying += count,
            Some(DeliveryState::Delivered | DeliveryState::Grouped) => counts.delivered += count,
            Some(DeliveryState::Failed) => counts.failed += count,
            Some(DeliveryState::Skipped) => counts.skipped += count,
            None => {}
        }
    }
    Ok(counts)
}

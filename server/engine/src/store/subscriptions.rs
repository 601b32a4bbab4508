//! Subscriptions of integrations to events.

use domain::id::{IntegrationKey, MonitorId, ProjectKey, SubscriptionId, SubscriptionKey};
use domain::time::Timestamp;
use domain::views::console::{Named, SubscriptionDraft, SubscriptionRow};
use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder};

use super::views::search::Search;
use super::{Result, StoreError, Tx, sql};

/// What a search looks at.
const SEARCHED: [&str; 2] = ["s.name", "i.name"];

/// A subscription with its key and that of its integration.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The database key.
    pub key: SubscriptionKey,
    /// Who hears.
    pub integration: IntegrationKey,
    /// What operators see.
    pub view: SubscriptionRow,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    name: String,
    integration_id: i64,
    integration: String,
    integration_name: String,
    events: Json<Vec<String>>,
    monitors: Option<Json<Vec<MonitorId>>>,
    enabled: bool,
    created_at: i64,
    updated_at: i64,
}

fn read(row: Row) -> Result<Subscription> {
    let corrupt = |column| StoreError::Corrupt { table: "event_subscriptions", column, id: row.id };
    let view = SubscriptionRow {
        id: row.public_id.parse().map_err(|_| corrupt("public_id"))?,
        name: row.name,
        integration: Named {
            id: row.integration.parse().map_err(|_| corrupt("integration_id"))?,
            name: row.integration_name,
        },
        events: row.events.0,
        monitors: row.monitors.map(|monitors| monitors.0),
        enabled: row.enabled,
        created_at: Timestamp(row.created_at),
        updated_at: Timestamp(row.updated_at),
    };
    Ok(Subscription { key: SubscriptionKey(row.id), integration: IntegrationKey(row.integration_id), view })
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select s.id, s.public_id, s.name, s.integration_id, i.public_id as integration, i.name as integration_name, \
             s.events, s.monitors, s.enabled, s.created_at, s.updated_at \
             from event_subscriptions s join integrations i on i.id = s.integration_id ",
            $rest
        )
    };
}

/// Every subscription, by name.
pub async fn all(tx: &mut Tx) -> Result<Vec<Subscription>> {
    let rows: Vec<Row> =
        sql!(tx, |conn| sqlx::query_as(select!("order by lower(s.name), s.id")).fetch_all(conn).await?);
    rows.into_iter().map(read).collect()
}

/// The subscriptions on one page of the list, by name. `search` is a part of the name, or of that of the integration.
pub async fn page(tx: &mut Tx, search: &str, limit: i64, offset: i64) -> Result<Vec<Subscription>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        let mut query = QueryBuilder::new(select!("where "));
        Search::of(search).push(&mut query, &SEARCHED);
        query.push(" order by lower(s.name), s.id limit ").push_bind(limit);
        query.push(" offset ").push_bind(offset);
        query.build_query_as().fetch_all(conn).await?
    });
    rows.into_iter().map(read).collect()
}

/// How many subscriptions a search leaves.
pub async fn found(tx: &mut Tx, search: &str) -> Result<i64> {
    Ok(sql!(tx, |conn| {
        let mut query = QueryBuilder::new(
            "select count(*) from event_subscriptions s join integrations i on i.id = s.integration_id where ",
        );
        Search::of(search).push(&mut query, &SEARCHED);
        query.build_query_scalar().fetch_one(conn).await?
    }))
}

/// The subscriptions that are in use, with integrations that are in use.
pub async fn active(tx: &mut Tx) -> Result<Vec<Subscription>> {
    let rows: Vec<Row> =
        sql!(tx, |conn| sqlx::query_as(select!("where s.enabled and i.enabled order by s.id"))
            .fetch_all(conn)
            .await?);
    rows.into_iter().map(read).collect()
}

/// A subscription by its public id.
pub async fn by_id(tx: &mut Tx, id: &SubscriptionId) -> Result<Option<Subscription>> {
    let row: Option<Row> = sql!(tx, |conn| sqlx::query_as(select!("where s.public_id = $1"))
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?);
    row.map(read).transpose()
}

/// A subscription by its public id, which nobody else can change until the transaction ends: two that read one and write it back would
/// lose what the first of them did.
pub async fn lock(tx: &mut Tx, id: &SubscriptionId) -> Result<Option<Subscription>> {
    sql!(tx, |conn| sqlx::query(
        "update event_subscriptions set updated_at = updated_at where public_id = $1"
    )
    .bind(id.as_str())
    .execute(conn)
    .await?
    .rows_affected());
    by_id(tx, id).await
}

/// Adds a subscription.
pub async fn insert(
    tx: &mut Tx,
    project: ProjectKey,
    id: &SubscriptionId,
    integration: IntegrationKey,
    draft: &SubscriptionDraft,
    at: Timestamp,
) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "insert into event_subscriptions (public_id, project_id, integration_id, name, events, monitors, enabled, \
         created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $8)"
    )
    .bind(id.as_str())
    .bind(project.0)
    .bind(integration.0)
    .bind(draft.name.trim())
    .bind(Json(&draft.events))
    .bind(draft.monitors.as_ref().map(Json))
    .bind(draft.enabled)
    .bind(at.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(())
}

/// Changes a subscription.
pub async fn update(
    tx: &mut Tx,
    key: SubscriptionKey,
    integration: IntegrationKey,
    draft: &SubscriptionDraft,
    at: Timestamp,
) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "update event_subscriptions set integration_id = $1, name = $2, events = $3, monitors = $4, enabled = $5, \
         updated_at = $6 where id = $7"
    )
    .bind(integration.0)
    .bind(draft.name.trim())
    .bind(Json(&draft.events))
    .bind(draft.monitors.as_ref().map(Json))
    .bind(draft.enabled)
    .bind(at.0)
    .bind(key.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(())
}

/// Removes a subscription; what it has put into the outbox is still sent.
pub async fn delete(tx: &mut Tx, key: SubscriptionKey) -> Result<bool> {
    let removed = sql!(tx, |conn| sqlx::query("delete from event_subscriptions where id = $1")
        .bind(key.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(removed == 1)
}

//! The log of deliveries.

use domain::delivery::{DeliveryState, UNREADABLE};
use domain::id::{IncidentId, IncidentKey, IntegrationId, MonitorId};
use domain::message::Message;
use domain::time::Timestamp;
use domain::views::console::{
    AttemptView, DELIVERIES_PER_PAGE, DeliveryCounts, DeliveryDetail, DeliveryQuery, DeliveryRow,
    MOST_COUNTED, Named,
};
use sqlx::{Database, Encode, FromRow, QueryBuilder, Type};

use super::super::claiming::IS_FIRST;
use super::super::readable::Readable;
use super::super::{Result, StoreError, Tx, level_values, sql};
use super::search::Search;

/// Messages that a search looks at, the newest first: in a log of millions, more would take as long as everybody else may wait.
const LOOKED_AT: i64 = 20_000;

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    created_at: i64,
    kind: String,
    state: String,
    together: Option<String>,
    message: Readable<Message>,
    integration: String,
    integration_name: String,
    provider: String,
    incident: Option<String>,
    attempts: i64,
    due_at: Option<i64>,
    error: Option<String>,
    external_id: Option<String>,
    updated_at: i64,
    delivered_at: Option<i64>,
    behind: Option<i64>,
}

/// What is said of a message before which another one must leave.
const BEHIND: &str = "It waits for an earlier message, which has not arrived yet.";

/// Whether it did not arrive, and will not.
fn is_lost(state: DeliveryState) -> bool {
    matches!(state, DeliveryState::Failed | DeliveryState::Skipped)
}

/// What became of a message that had arrived, when it was sent once more and did not arrive again.
fn in_vain(state: DeliveryState) -> Option<&'static str> {
    match state {
        DeliveryState::Failed => Some("only sending it again failed"),
        DeliveryState::Retrying => Some("sending it again has not worked yet"),
        DeliveryState::Skipped => Some("it was not sent again"),
        _ => None,
    }
}

/// The message is `None` when it cannot be read: then the row says so, and stands among the others.
fn read(row: Row) -> Result<(i64, DeliveryRow, Option<Message>)> {
    let corrupt = |column| StoreError::Corrupt { table: "deliveries", column, id: row.id };
    let state = DeliveryState::from_word(&row.state).ok_or(corrupt("state"))?;
    let together = row.together.as_deref();
    let together = together.map(|word| DeliveryState::from_word(word).ok_or(corrupt("state"))).transpose()?;
    // Nobody must take what arrived for lost.
    let in_vain = row.delivered_at.and_then(|_| in_vain(together.unwrap_or(state)));
    let error = match (row.error, in_vain) {
        (Some(error), Some(words)) => Some(format!("It arrived at first; {words}: {error}")),
        (error, _) => error.or(row.behind.map(|_| BEHIND.to_owned())),
    };
    let arrived =
        |state| if is_lost(state) && row.delivered_at.is_some() { DeliveryState::Delivered } else { state };
    let view = DeliveryRow {
        id: row.public_id.parse().map_err(|_| corrupt("public_id"))?,
        at: Timestamp(row.created_at),
        kind: row.kind,
        state: arrived(state),
        together: together.map(arrived),
        headline: row.message.0.as_ref().map_or_else(|| UNREADABLE.to_owned(), Message::headline),
        integration: Named {
            id: row.integration.parse().map_err(|_| corrupt("integration_id"))?,
            name: row.integration_name,
        },
        provider: row.provider.parse().map_err(|_| corrupt("integration_id"))?,
        incident: row.incident.and_then(|id| id.parse().ok()),
        attempts: u32::try_from(row.attempts).map_err(|_| corrupt("attempts"))?,
        due_at: row.due_at.max(row.behind).map(Timestamp),
        error,
        sent_in_vain: in_vain.is_some(),
        external_id: row.external_id,
        updated_at: Timestamp(row.updated_at),
    };
    Ok((row.id, view, row.message.0))
}

macro_rules! from {
    () => {
        " from deliveries d join integrations g on g.id = d.integration_id and g.deleted_at is null \
         left join incidents i on i.id = d.incident_id "
    };
}

macro_rules! select {
    ($rest:expr) => {
        concat!(
            "select d.id, d.public_id, d.created_at, d.kind, d.state, d.message, g.public_id as integration, \
             g.name as integration_name, g.kind as provider, i.public_id as incident, d.attempts, d.due_at, \
             case when d.state = 'grouped' then coalesce(t.state, 'skipped') end as together, \
             case when d.state = 'grouped' then coalesce(d.error, t.error) else d.error end as error, \
             d.external_id, d.updated_at, case when d.state = 'grouped' then t.delivered_at else d.delivered_at end as delivered_at, \
             case when d.due_at is null or d.state = 'sending' then null when d.incident_id is null then \
                 (select max(e.due_at) from deliveries e where e.monitor_id = d.monitor_id and e.integration_id = d.integration_id \
                 and e.id < d.id and e.due_at is not null and e.incident_id is null and e.kind <> 'rest') \
             else (select max(e.due_at) from deliveries e where e.incident_id = d.incident_id and e.integration_id = d.integration_id \
                 and e.address = d.address and e.id < d.id and e.due_at is not null and e.kind <> 'rest') end as behind",
            from!(),
            "left join deliveries t on t.id = d.group_id ",
            $rest
        )
    };
}

/// What a query leaves of the outbox, in keys: a condition on the name of something in another table can use no index.
#[derive(Debug)]
struct Narrow {
    integration: Option<i64>,
    incident: Option<i64>,
    monitor: Option<i64>,
    /// Integrations that were removed and whose log is not gone yet.
    hidden: Vec<i64>,
    /// A state that an index knows: those that are not over, and what failed.
    rare: Option<DeliveryState>,
    /// A state that no index knows.
    common: Option<DeliveryState>,
    /// What some name has in it.
    search: Search,
}

impl Narrow {
    /// Reads a query; `None` when it names something that does not exist, which no message is about.
    async fn of(tx: &mut Tx, query: &DeliveryQuery) -> Result<Option<Self>> {
        let hidden =
            sql!(tx, |conn| sqlx::query_scalar("select id from integrations where deleted_at is not null")
                .fetch_all(conn)
                .await?);
        let integration = query.integration.as_ref().map(IntegrationId::as_str);
        let incident = query.incident.as_ref().map(IncidentId::as_str);
        let monitor = query.monitor.as_ref().map(MonitorId::as_str);
        let mut keys = [None; 3];
        for (place, (statement, id)) in [
            ("select id from integrations where public_id = $1", integration),
            ("select id from incidents where public_id = $1", incident),
            ("select id from monitors where public_id = $1", monitor),
        ]
        .into_iter()
        .enumerate()
        {
            let Some(id) = id else { continue };
            let key: Option<i64> =
                sql!(tx, |conn| sqlx::query_scalar(statement).bind(id).fetch_optional(conn).await?);
            if key.is_none() {
                return Ok(None);
            }
            keys[place] = key;
        }
        let [integration, incident, monitor] = keys;
        let is_rare = |state: &DeliveryState| {
            !matches!(state, DeliveryState::Delivered | DeliveryState::Skipped | DeliveryState::Grouped)
        };
        let (rare, common) = (query.state.filter(is_rare), query.state.filter(|state| !is_rare(state)));
        let search = Search::of(&query.search);
        Ok(Some(Self { integration, incident, monitor, hidden, rare, common, search }))
    }

    /// Whether only the newest are looked at, because no index leads to the others.
    fn is_bounded(&self) -> bool {
        self.common.is_some() || !self.search.is_empty()
    }

    /// Adds the conditions to a statement that begins at `deliveries d`; those on a text need what [`from`] joins, and the monitor as `m`.
    fn push<DB>(&self, query: &mut QueryBuilder<DB>)
    where
        DB: Database,
        i64: for<'t> Encode<'t, DB> + Type<DB>,
        String: for<'t> Encode<'t, DB> + Type<DB>,
    {
        if self.is_bounded() {
            query.push(" where d.id in (select d.id from deliveries d");
        }
        query.push(" where 1 = 1");
        for (column, key) in [
            ("d.integration_id = ", self.integration),
            ("d.incident_id = ", self.incident),
            ("d.monitor_id = ", self.monitor),
        ] {
            if let Some(key) = key {
                query.push(" and ").push(column).push_bind(key);
            }
        }
        for key in &self.hidden {
            query.push(" and d.integration_id <> ").push_bind(*key);
        }
        // Written out, as the condition of the index is.
        match self.rare {
            Some(DeliveryState::Failed) => query.push(" and d.state = 'failed' and d.delivered_at is null"),
            // What is not over is found by its due time, wherever in the log it stands.
            Some(state) => query
                .push(
                    " and d.id in (select w.id from deliveries w where w.due_at is not null and w.state = '",
                )
                .push(state.as_str())
                .push("')"),
            None => query,
        };
        if self.is_bounded() {
            query.push(" order by d.id desc limit ").push_bind(LOOKED_AT).push(")");
        }
        if let Some(state) = self.common {
            query.push(concat!(" and ", standing!("d"), " = '")).push(state.as_str()).push("'");
        }
        if !self.search.is_empty() {
            query.push(" and ");
            let searched = ["g.name", "d.public_id", "d.error", "i.title", "d.external_id", "m.name"];
            self.search.push(query, &searched);
        }
    }
}

/// A page of the log, the newest first.
pub async fn list(tx: &mut Tx, query: &DeliveryQuery) -> Result<Vec<DeliveryRow>> {
    page(tx, query, DELIVERIES_PER_PAGE).await
}

/// The same with another number of deliveries on a page.
pub async fn page(tx: &mut Tx, query: &DeliveryQuery, per_page: u32) -> Result<Vec<DeliveryRow>> {
    let Some(narrow) = Narrow::of(tx, query).await? else { return Ok(Vec::new()) };
    let limit = i64::from(per_page);
    let offset = i64::from(query.page.max(1) - 1) * limit;
    let rows: Vec<Row> = sql!(tx, |conn| {
        let mut statement = QueryBuilder::new(select!("left join monitors m on m.id = d.monitor_id"));
        narrow.push(&mut statement);
        statement.push(" order by d.id desc limit ").push_bind(limit).push(" offset ").push_bind(offset);
        statement.build_query_as().fetch_all(conn).await?
    });
    rows.into_iter().map(|row| read(row).map(|(_, view, _)| view)).collect()
}

/// How many deliveries a query leaves, counted to [`MOST_COUNTED`]: one more says that there are more.
pub async fn found(tx: &mut Tx, query: &DeliveryQuery) -> Result<i64> {
    const JOINED: &str = concat!("select d.id", from!(), "left join monitors m on m.id = d.monitor_id");
    let Some(narrow) = Narrow::of(tx, query).await? else { return Ok(0) };
    Ok(sql!(tx, |conn| {
        let mut statement = QueryBuilder::new("select count(*) from (");
        statement.push(if narrow.search.is_empty() { "select d.id from deliveries d" } else { JOINED });
        narrow.push(&mut statement);
        statement.push(" limit ").push_bind(MOST_COUNTED + 1).push(") as found");
        statement.build_query_scalar().fetch_one(conn).await?
    }))
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
    let Some((key, row, mut message)) = row.map(read).transpose()? else { return Ok(None) };
    message.iter_mut().for_each(level_values::hide);
    let attempts = attempts(tx, key).await?;
    let message = message.and_then(|message| serde_json::to_value(message).ok()).unwrap_or_default();
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

/// How many messages wait in the outbox, and since when the one that is due longest has been; messages that are put off are not late, and
/// neither are those that wait for an earlier one.
pub async fn outbox(tx: &mut Tx, now: Timestamp) -> Result<(i64, Option<Timestamp>)> {
    let count =
        sql!(tx, |conn| sqlx::query_scalar("select count(*) from deliveries where due_at is not null")
            .fetch_one(conn)
            .await?);
    let oldest: Option<i64> = sql!(tx, |conn| {
        let mut query = QueryBuilder::new(
            "select d.due_at from deliveries d where d.due_at is not null and d.due_at <= ",
        );
        query.push_bind(now.0).push(IS_FIRST).push(" order by d.due_at, d.id limit 1");
        query.build_query_scalar().fetch_optional(conn).await?
    });
    Ok((count, oldest.map(Timestamp)))
}

/// How many deliveries that were planned since then stand where; what is not over is counted however old it is, and what is told together
/// with others stands where the message stands that tells it.
pub async fn counts(tx: &mut Tx, since: Timestamp) -> Result<DeliveryCounts> {
    let rows: Vec<(String, i64)> = sql!(tx, |conn| {
        sqlx::query_as(concat!(
            "select case when d.state = 'grouped' then coalesce(",
            standing!("t"),
            ", 'skipped') else ",
            standing!("d"),
            " end, \
         count(*) from deliveries d left join deliveries t on t.id = d.group_id \
         where d.created_at >= $1 or d.due_at is not null group by 1"
        ))
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

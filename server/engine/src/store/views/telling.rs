//! Integrations with their use, and what an incident's page shows.

use std::collections::{HashMap, HashSet};

use domain::delivery::DeliveryState;
use domain::id::{IncidentId, IncidentKey, IntegrationKey, MonitorKey};
use domain::incident::{Ended, IncidentPhase};
use domain::time::Timestamp;
use domain::views::console::{IncidentRow, Named, PlannedAlert};
use sqlx::{Database, Encode, FromRow, QueryBuilder, Type};

use super::super::incidents::read_ended;
use super::super::{Result, StoreError, Tx, sql};
use super::search::Search;

/// How an integration is used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Use {
    /// Monitors that it is attached to.
    pub monitors: u32,
    /// Subscriptions to events.
    pub subscriptions: u32,
    /// The last message, and what became of it.
    pub last: Option<(Timestamp, DeliveryState)>,
}

/// The use of each integration.
pub async fn uses(tx: &mut Tx) -> Result<HashMap<IntegrationKey, Use>> {
    let mut uses: HashMap<IntegrationKey, Use> = HashMap::new();
    let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    let rows: Vec<(i64, i64)> = sql!(tx, |conn| sqlx::query_as(
        "select integration_id, count(*) from monitor_integrations group by integration_id"
    )
    .fetch_all(conn)
    .await?);
    for (key, monitors) in rows {
        uses.entry(IntegrationKey(key)).or_default().monitors = count(monitors);
    }
    let rows: Vec<(i64, i64)> = sql!(tx, |conn| sqlx::query_as(
        "select integration_id, count(*) from event_subscriptions group by integration_id"
    )
    .fetch_all(conn)
    .await?);
    for (key, subscriptions) in rows {
        uses.entry(IntegrationKey(key)).or_default().subscriptions = count(subscriptions);
    }
    let rows: Vec<(i64, i64, String)> = sql!(tx, |conn| {
        sqlx::query_as(
        concat!(
            "select i.id, case when d.state in ('failed', 'skipped') then coalesce(d.delivered_at, d.updated_at) else d.updated_at end, \
             case when d.state = 'grouped' and coalesce(", standing!("t"), ", 'skipped') <> 'delivered' \
             then coalesce(t.state, 'skipped') else ", standing!("d"), " end from integrations i \
             join deliveries d on d.id = (select max(l.id) from deliveries l where l.integration_id = i.id) \
             left join deliveries t on t.id = d.group_id"
        )
    )
    .fetch_all(conn)
    .await?
    });
    for (key, at, state) in rows {
        let state = DeliveryState::from_word(&state);
        uses.entry(IntegrationKey(key)).or_default().last = state.map(|state| (Timestamp(at), state));
    }
    Ok(uses)
}

/// The integrations that some monitor has attached to it.
pub async fn in_use(tx: &mut Tx) -> Result<HashSet<IntegrationKey>> {
    let keys: Vec<i64> = sql!(tx, |conn| {
        sqlx::query_scalar(
        "select i.id from integrations i where exists (select 1 from monitor_integrations a where a.integration_id = i.id)"
    )
    .fetch_all(conn)
    .await?
    });
    Ok(keys.into_iter().map(IntegrationKey).collect())
}

/// The monitors that an integration is attached to, by name.
pub async fn monitors_of<T: std::str::FromStr>(
    tx: &mut Tx,
    integration: IntegrationKey,
) -> Result<Vec<Named<T>>> {
    let rows: Vec<(String, String)> = sql!(tx, |conn| sqlx::query_as(
        "select m.public_id, m.name from monitor_integrations i join monitors m on m.id = i.monitor_id \
         where i.integration_id = $1 order by lower(m.name), m.id"
    )
    .bind(integration.0)
    .fetch_all(conn)
    .await?);
    Ok(rows.into_iter().filter_map(|(id, name)| Some(Named { id: id.parse().ok()?, name })).collect())
}

/// An incident as operators see it.
#[derive(Clone, Debug)]
pub struct Incident {
    /// The database key.
    pub key: IncidentKey,
    /// The monitor that opened it.
    pub monitor: Option<MonitorKey>,
    /// What lists show of it.
    pub row: IncidentRow,
    /// The monitor's name.
    pub monitor_name: Option<String>,
    /// When somebody took it on, and who.
    pub acknowledged: Option<(Timestamp, String)>,
    /// When it was put off.
    pub snoozed_at: Option<Timestamp>,
    /// Nobody is told more until then.
    pub snooze_until: Option<Timestamp>,
    /// How it ended, when not because the monitor works again.
    pub ended: Option<Ended>,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    title: String,
    phase: String,
    reason: Option<String>,
    started_at: i64,
    resolved_at: Option<i64>,
    acknowledged_at: Option<i64>,
    acknowledged_by: Option<String>,
    snoozed_at: Option<i64>,
    snooze_until: Option<i64>,
    ending: Option<String>,
    ended_by: Option<String>,
    created_at: i64,
    updated_at: i64,
    monitor_id: Option<i64>,
    monitor: Option<String>,
    monitor_name: Option<String>,
}

fn read(row: Row) -> Result<Incident> {
    let corrupt = |column| StoreError::Corrupt { table: "incidents", column, id: row.id };
    Ok(Incident {
        key: IncidentKey(row.id),
        monitor: row.monitor_id.map(MonitorKey),
        row: IncidentRow {
            id: row.public_id.parse().map_err(|_| corrupt("public_id"))?,
            title: row.title,
            phase: IncidentPhase::from_word(&row.phase).ok_or(corrupt("phase"))?,
            started_at: Timestamp(row.started_at),
            resolved_at: row.resolved_at.map(Timestamp),
            monitor: row.monitor.and_then(|id| id.parse().ok()),
            reason: row.reason,
        },
        monitor_name: row.monitor_name,
        acknowledged: row.acknowledged_at.map(Timestamp).zip(row.acknowledged_by),
        snoozed_at: row.snoozed_at.map(Timestamp),
        snooze_until: row.snooze_until.map(Timestamp),
        ended: read_ended(row.ending.as_deref(), row.ended_by),
        created_at: Timestamp(row.created_at),
        updated_at: Timestamp(row.updated_at),
    })
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select i.id, i.public_id, i.title, i.phase, i.reason, i.started_at, i.resolved_at, i.acknowledged_at, \
             i.acknowledged_by, i.snoozed_at, i.snooze_until, i.ending, i.ended_by, i.created_at, i.updated_at, i.monitor_id, \
             m.public_id as monitor, m.name as monitor_name \
             from incidents i left join monitors m on m.id = i.monitor_id ",
            $rest
        )
    };
}

/// An incident by its public id.
pub async fn incident(tx: &mut Tx, id: &IncidentId) -> Result<Option<Incident>> {
    let row: Option<Row> = sql!(tx, |conn| sqlx::query_as(select!("where i.public_id = $1"))
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?);
    row.map(read).transpose()
}

/// Incidents that a search looks at, the newest first, besides those that are open: of years of them, more would take as long as everybody
/// else may wait.
const LOOKED_AT: i64 = 20_000;

/// What is left of incidents `i` with their monitors `m`: only those that are open, or only the others, and what a search finds.
#[derive(Debug)]
struct Narrow {
    open: Option<bool>,
    search: Search,
    /// The oldest incident that a search looks at, unless it is open.
    from: Option<i64>,
}

impl Narrow {
    async fn of(tx: &mut Tx, open: Option<bool>, search: &str) -> Result<Self> {
        let search = Search::of(search);
        let mut from = None;
        if !search.is_empty() && open != Some(true) {
            from = sql!(tx, |conn| sqlx::query_scalar(
                "select id from incidents order by id desc limit 1 offset $1"
            )
            .bind(LOOKED_AT - 1)
            .fetch_optional(conn)
            .await?);
        }
        Ok(Self { open, search, from })
    }

    fn push<DB>(&self, query: &mut QueryBuilder<DB>)
    where
        DB: Database,
        i64: for<'t> Encode<'t, DB> + Type<DB>,
        String: for<'t> Encode<'t, DB> + Type<DB>,
    {
        query.push(match self.open {
            None => " where 1 = 1",
            Some(true) => " where i.resolved_at is null",
            Some(false) => " where i.resolved_at is not null",
        });
        if let Some(from) = self.from {
            query.push(" and (i.resolved_at is null or i.id >= ").push_bind(from).push(")");
        }
        if !self.search.is_empty() {
            query.push(" and ");
            self.search.push(query, &["i.title", "m.name"]);
        }
    }
}

/// A page of incidents: those that are open first, the newest first among each; `open` leaves only those, or only the others, and `search`
/// those with a text in the headline or in the name of the monitor. Of those that are over only the newest are searched.
pub async fn incidents(
    tx: &mut Tx,
    open: Option<bool>,
    search: &str,
    limit: i64,
    offset: i64,
) -> Result<Vec<Incident>> {
    let narrow = Narrow::of(tx, open, search).await?;
    let rows: Vec<Row> = sql!(tx, |conn| {
        let mut query = QueryBuilder::new(select!(""));
        narrow.push(&mut query);
        query.push(
            " order by case when i.resolved_at is null then 0 else 1 end, i.started_at desc, i.id desc",
        );
        query.push(" limit ").push_bind(limit).push(" offset ").push_bind(offset);
        query.build_query_as().fetch_all(conn).await?
    });
    rows.into_iter().map(read).collect()
}

/// How many incidents [`incidents`] finds on all pages.
pub async fn count_incidents(tx: &mut Tx, open: Option<bool>, search: &str) -> Result<i64> {
    let narrow = Narrow::of(tx, open, search).await?;
    Ok(sql!(tx, |conn| {
        let mut query = QueryBuilder::new("select count(*) from incidents i");
        if !narrow.search.is_empty() {
            query.push(" left join monitors m on m.id = i.monitor_id");
        }
        narrow.push(&mut query);
        query.build_query_scalar().fetch_one(conn).await?
    }))
}

/// What is still to come of an incident, if nobody takes it on.
pub async fn planned(tx: &mut Tx, incident: IncidentKey) -> Result<Vec<PlannedAlert>> {
    type Found = (i64, Option<String>, Option<String>, i64, Option<i64>);
    let rows: Vec<Found> = sql!(tx, |conn| {
        sqlx::query_as(
            "select a.due_at, d.public_id, d.name, a.level, a.raised_at from alerts a \
         left join alert_definitions d on d.id = a.definition_id \
         where a.incident_id = $1 and a.due_at is not null order by a.due_at, a.id",
        )
        .bind(incident.0)
        .fetch_all(conn)
        .await?
    });
    let named = |(id, name): (String, String)| Some(Named { id: id.parse().ok()?, name });
    let view = |(at, id, name, level, raised): Found| PlannedAlert {
        at: Timestamp(at),
        definition: id.zip(name).and_then(named),
        to: Vec::new(),
        level: u32::try_from(level).unwrap_or_default() + 1,
        reminder: raised.is_some(),
    };
    Ok(rows.into_iter().map(view).collect())
}

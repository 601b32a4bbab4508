//! Monitors in lists.

use std::collections::HashMap;

use domain::check::CheckKind;
use domain::health::State;
use domain::id::{MonitorId, MonitorKey};
use domain::time::Timestamp;
use domain::views::console::{MonitorChoice, MonitorQuery, MonitorRow, MonitorSort, Named, StateCounts};
use sqlx::{Database, Encode, FromRow, QueryBuilder, Type};

use super::super::batch::{monitor_slices, push_in};
use super::super::{Result, StoreError, Tx, sql};
use super::search::Search;

/// The state that people see. Pausing is the monitor's, everything else the health's.
macro_rules! shown {
    () => {
        "case when m.paused then 'paused' else h.state end"
    };
}

/// What a search looks at.
pub(super) const SEARCHED: [&str; 2] = ["m.name", "m.target"];

/// Adds the tables and the conditions of a list: the search, the state and the kind.
fn push_fitting<DB>(query: &mut QueryBuilder<DB>, asked: &MonitorQuery)
where
    DB: Database,
    String: for<'t> Encode<'t, DB> + Type<DB>,
{
    query.push(" from monitors m join health h on h.monitor_id = m.id where ");
    Search::of(&asked.search).push(query, &SEARCHED);
    if let Some(state) = asked.state {
        query.push(concat!(" and ", shown!(), " = ")).push_bind(state.as_str().to_owned());
    }
    if let Some(kind) = asked.kind {
        query.push(" and m.kind = ").push_bind(kind.as_str().to_owned());
    }
}

/// The keys of the monitors on one page of a list, in its order.
pub async fn keys(tx: &mut Tx, asked: &MonitorQuery, limit: i64, offset: i64) -> Result<Vec<MonitorKey>> {
    // domain::health::State::ALL
    const BY_URGENCY: &str = "case when m.paused then 5 when h.state = 'down' then 0 when h.state = 'confirming' then 1 \
         when h.state = 'degraded' then 2 when h.state = 'unknown' then 3 when h.state = 'pending' then 4 else 6 end, \
         lower(m.name), m.id";
    let order = match asked.sort {
        MonitorSort::Urgency => BY_URGENCY,
        MonitorSort::Name => "lower(m.name), m.id",
        MonitorSort::Newest => "m.id desc",
    };
    let keys: Vec<i64> = sql!(tx, |conn| {
        let mut query = QueryBuilder::new("select m.id");
        push_fitting(&mut query, asked);
        query.push(" order by ").push(order);
        query.push(" limit ").push_bind(limit).push(" offset ").push_bind(offset);
        query.build_query_scalar().fetch_all(conn).await?
    });
    Ok(keys.into_iter().map(MonitorKey).collect())
}

/// How many monitors a search and its filters leave.
pub async fn found(tx: &mut Tx, asked: &MonitorQuery) -> Result<i64> {
    Ok(sql!(tx, |conn| {
        let mut query = QueryBuilder::new("select count(*)");
        push_fitting(&mut query, asked);
        query.build_query_scalar().fetch_one(conn).await?
    }))
}

/// The keys of monitors that are not well, the most urgent first.
pub async fn broken(tx: &mut Tx, limit: i64) -> Result<Vec<MonitorKey>> {
    let keys: Vec<i64> = sql!(tx, |conn| {
        sqlx::query_scalar(
        "select m.id from health h join monitors m on m.id = h.monitor_id \
         where h.state in ('down', 'confirming', 'degraded', 'unknown') and m.paused = $1 \
         order by case when h.state = 'down' then 0 when h.state = 'confirming' then 1 when h.state = 'degraded' then 2 \
         else 3 end, h.since desc, m.id limit $2"
    )
    .bind(false)
    .bind(limit)
    .fetch_all(conn)
    .await?
    });
    Ok(keys.into_iter().map(MonitorKey).collect())
}

/// How many monitors show each state.
pub async fn counts(tx: &mut Tx) -> Result<StateCounts> {
    let rows: Vec<(String, i64)> = sql!(tx, |conn| sqlx::query_as(concat!(
        "select ",
        shown!(),
        ", count(*) from monitors m join health h on h.monitor_id = m.id group by 1"
    ))
    .fetch_all(conn)
    .await?);
    let mut counts = StateCounts::default();
    for (word, count) in rows {
        let corrupt = StoreError::Corrupt { table: "health", column: "state", id: 0 };
        *counts.of_mut(State::from_word(&word).ok_or(corrupt)?) += count;
    }
    Ok(counts)
}

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    name: String,
    kind: String,
    target: String,
    interval_ms: i64,
    state: String,
    since: i64,
    streak_since: Option<i64>,
    blind_since: Option<i64>,
    failure: Option<String>,
    checked_at: Option<i64>,
    latency_us: Option<i64>,
}

impl Row {
    fn monitor(self) -> Result<MonitorRow> {
        let corrupt = |table, column| StoreError::Corrupt { table, column, id: self.id };
        let state = State::from_word(&self.state).ok_or(corrupt("health", "state"))?;
        let since = match state {
            State::Up | State::Degraded | State::Down => Some(self.since),
            State::Confirming => self.streak_since,
            State::Unknown => self.blind_since,
            State::Pending | State::Paused => None,
        };
        let fails = matches!(state, State::Down | State::Confirming | State::Degraded | State::Unknown);
        Ok(MonitorRow {
            id: self.public_id.parse().map_err(|_| corrupt("monitors", "public_id"))?,
            name: self.name,
            kind: self.kind.parse().map_err(|_| corrupt("monitors", "kind"))?,
            target: self.target,
            state,
            since: since.map(Timestamp),
            reason: self.failure.filter(|reason| fails && !reason.is_empty()),
            checked_at: self.checked_at.map(Timestamp),
            latency_us: self.latency_us,
            uptime_day: None,
            spark: Vec::new(),
            interval: self.interval_ms,
        })
    }
}

/// What lists show of monitors, in the order of the keys; `uptime_day` and `spark` are left to the roll-ups. Monitors that
/// are gone, or whose row makes no sense, are left out.
pub async fn rows(tx: &mut Tx, keys: &[MonitorKey]) -> Result<Vec<(MonitorKey, MonitorRow)>> {
    let mut found = HashMap::with_capacity(keys.len());
    for slice in monitor_slices(keys) {
        let rows: Vec<Row> = sql!(tx, |conn| {
            let mut query = QueryBuilder::new(concat!(
                "select m.id, m.public_id, m.name, m.kind, m.target, m.interval_ms, ",
                shown!(),
                " as state, h.since, h.streak_since, h.blind_since, h.failure, r.at as checked_at, r.latency_us \
                 from monitors m join health h on h.monitor_id = m.id left join results r on r.monitor_id = m.id \
                 and r.at = (select max(x.at) from results x where x.monitor_id = m.id) where "
            ));
            push_in(&mut query, "m.id", &slice);
            query.build_query_as().fetch_all(conn).await?
        });
        for row in rows {
            let key = row.id;
            match row.monitor() {
                Ok(monitor) => drop(found.insert(key, monitor)),
                Err(error) => tracing::error!(%error, "a monitor cannot be shown"),
            }
        }
    }
    Ok(keys.iter().filter_map(|key| Some((*key, found.remove(&key.0)?))).collect())
}

/// How many results there are of checks that were due since `since`.
pub async fn results_since(tx: &mut Tx, since: Timestamp) -> Result<i64> {
    // `cross join` keeps SQLite to this order: one seek a monitor instead of a walk through all results.
    Ok(sql!(tx, |conn| sqlx::query_scalar(
        "select count(*) from monitors m cross join results r where r.monitor_id = m.id and r.at >= $1"
    )
    .bind(since.0)
    .fetch_one(conn)
    .await?))
}

/// Ids and names of monitors, with what they are; those that are gone are left out.
pub async fn names(tx: &mut Tx, keys: &[MonitorKey]) -> Result<HashMap<MonitorKey, MonitorChoice>> {
    let mut names = HashMap::with_capacity(keys.len());
    for slice in monitor_slices(keys) {
        let rows: Vec<(i64, String, String, String, String)> = sql!(tx, |conn| {
            let mut query =
                QueryBuilder::new("select id, public_id, name, kind, target from monitors where ");
            push_in(&mut query, "id", &slice);
            query.build_query_as().fetch_all(conn).await?
        });
        for (key, id, name, kind, target) in rows {
            names.insert(MonitorKey(key), choice(key, &id, name, &kind, &target)?);
        }
    }
    Ok(names)
}

/// The names of monitors by their public ids, in the order of these; those that are gone are left out.
pub async fn named(tx: &mut Tx, ids: &[MonitorId]) -> Result<Vec<Named<MonitorId>>> {
    let keys = keys_of(tx, ids).await?;
    let mut choices = names(tx, &keys.values().copied().collect::<Vec<_>>()).await?;
    let there = ids.iter().filter_map(|id| choices.remove(keys.get(id)?));
    Ok(there.map(|choice| Named { id: choice.id, name: choice.name }).collect())
}

/// The keys of public ids, in any order; ids that belong to nothing are left out.
pub async fn keys_of(tx: &mut Tx, ids: &[MonitorId]) -> Result<HashMap<MonitorId, MonitorKey>> {
    let mut keys = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(super::super::batch::KEYS_PER_STATEMENT) {
        let rows: Vec<(i64, String)> = sql!(tx, |conn| {
            let mut query = QueryBuilder::new("select id, public_id from monitors where public_id in (");
            let mut list = query.separated(", ");
            for id in chunk {
                list.push_bind(id.as_str().to_owned());
            }
            query.push(")");
            query.build_query_as().fetch_all(conn).await?
        });
        for (key, id) in rows {
            let corrupt = StoreError::Corrupt { table: "monitors", column: "public_id", id: key };
            keys.insert(id.parse().map_err(|_| corrupt)?, MonitorKey(key));
        }
    }
    Ok(keys)
}

/// The names of the components that follow a monitor, by page and position.
pub async fn components(tx: &mut Tx, monitor: MonitorKey) -> Result<Vec<String>> {
    Ok(sql!(tx, |conn| sqlx::query_scalar(
        "select c.name from component_monitors cm join components c on c.id = cm.component_id \
         where cm.monitor_id = $1 order by c.page_id, c.position, c.id"
    )
    .bind(monitor.0)
    .fetch_all(conn)
    .await?))
}

fn choice(key: i64, id: &str, name: String, kind: &str, target: &str) -> Result<MonitorChoice> {
    let corrupt = StoreError::Corrupt { table: "monitors", column: "public_id", id: key };
    // What a later program wrote is shown by its own word.
    let kind = kind.parse().map_or_else(|_| kind.to_owned(), |kind: CheckKind| kind.label().to_owned());
    let about =
        [kind.as_str(), target].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    Ok(MonitorChoice { id: id.parse().map_err(|_| corrupt)?, name, about })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_urgency_is_that_of_the_domain() {
        let ranks = ["down", "confirming", "degraded", "unknown", "pending", "paused", "up"];
        assert_eq!(State::ALL.map(State::as_str), ranks);
    }
}

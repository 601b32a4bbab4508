//! The bus: events in the order of their commits.

use domain::event::{Event, Numbered, Seq};
use domain::health::Change;
use domain::id::{IncidentKey, MonitorId, MonitorKey};
use domain::time::{HOUR, Timestamp};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder};

use super::{Result, Tx, error, sql};

/// Rows a statement: 5 values each, and SQLite takes at most 32,766 values.
const ROWS_PER_STATEMENT: usize = 2_000;
/// How far the clocks of nodes may be apart, in milliseconds, before times and numbers of events are taken to stand in another order.
const SKEW: i64 = HOUR;

/// Events of a monitor of some kinds, between two times, in an order.
///
/// Numbers grow with time, so the time is found by its own index first: a monitor that flaps has a hundred thousand events a month, which
/// would all be looked at.
macro_rules! of_monitor {
    ($kinds:literal, $order:literal) => {
        concat!(
            "select seq, at, payload from events where monitor_id = $1 and (",
            $kinds,
            ") and at >= $2 and at <= $3 \
             and seq >= (select coalesce(min(seq), $6) from (select seq from events where at >= $4 order by at limit 1) as first) \
             and seq <= (select coalesce(max(seq), $6) from (select seq from events where at > $5 order by at limit 1) as last) ",
            $order,
            " limit $7"
        )
    };
}

#[derive(FromRow)]
struct Row {
    seq: i64,
    at: i64,
    payload: Json<Value>,
}

/// Appends events and returns the number of the last one.
///
/// Call it last in a transaction, after all rows are locked: the counter is one row, so from here to the commit the nodes
/// take turns; taken early, it would serialise their work, and without it readers could miss an event that was numbered
/// before theirs and committed after it.
pub async fn append(tx: &mut Tx, at: Timestamp, events: &[Event]) -> Result<Seq> {
    let Ok(count) = i64::try_from(events.len()) else { return last(tx).await };
    if count == 0 {
        return last(tx).await;
    }
    let last: i64 = sql!(tx, |conn| sqlx::query_scalar(
        "update counters set value = value + $1 where name = 'events' returning value"
    )
    .bind(count)
    .fetch_one(conn)
    .await?);
    let numbered: Vec<_> = (last - count + 1..).zip(events).collect();
    for chunk in numbered.chunks(ROWS_PER_STATEMENT) {
        sql!(tx, |conn| {
            let mut query = QueryBuilder::new("insert into events (seq, at, kind, monitor_id, payload) ");
            query.push_values(chunk, |mut values, (seq, event)| {
                values
                    .push_bind(*seq)
                    .push_bind(at.0)
                    .push_bind(event.kind())
                    .push_bind(event.monitor().map(|monitor| monitor.0))
                    .push_bind(Json(event));
            });
            query.build().persistent(false).execute(conn).await?;
        });
    }
    tx.ring_on_commit().await?;
    Ok(Seq(last))
}

/// The number of the last event; 0 when there was none.
pub async fn last(tx: &mut Tx) -> Result<Seq> {
    let last: i64 = sql!(tx, |conn| sqlx::query_scalar("select value from counters where name = 'events'")
        .fetch_one(conn)
        .await?);
    Ok(Seq(last))
}

/// At most `limit` events after `seq`, the oldest first; fewer only when there are no more. One that a later program wrote in a form that
/// this one does not know is left out, or nobody would hear of those behind it.
pub async fn after(tx: &mut Tx, seq: Seq, limit: i64) -> Result<Vec<Numbered>> {
    let (mut found, mut seq, mut room) = (Vec::new(), seq.0, limit);
    loop {
        let rows: Vec<Row> = sql!(tx, |conn| sqlx::query_as(
            "select seq, at, payload from events where seq > $1 order by seq limit $2"
        )
        .bind(seq)
        .bind(room)
        .fetch_all(conn)
        .await?);
        let is_last = i64::try_from(rows.len()).unwrap_or(i64::MAX) < room;
        seq = rows.last().map_or(seq, |row| row.seq);
        found.extend(rows.into_iter().filter_map(Row::numbered));
        room = limit.saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX));
        if is_last || room <= 0 {
            return Ok(found);
        }
    }
}

/// At most `limit` changes of the state that people see, the newest first.
pub async fn state_changes(tx: &mut Tx, limit: i64) -> Result<Vec<Numbered>> {
    let rows: Vec<Row> = sql!(tx, |conn| sqlx::query_as(
        "select seq, at, payload from events where kind = 'state_changed' order by seq desc limit $1"
    )
    .bind(limit)
    .fetch_all(conn)
    .await?);
    Ok(rows.into_iter().filter_map(Row::numbered).collect())
}

/// At most `limit` changes of the state of one monitor, the newest first.
pub async fn state_changes_of(tx: &mut Tx, monitor: MonitorKey, limit: i64) -> Result<Vec<Numbered>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        sqlx::query_as(
        "select seq, at, payload from events where monitor_id = $1 and kind = 'state_changed' order by seq desc limit $2"
    )
    .bind(monitor.0)
    .bind(limit)
    .fetch_all(conn)
    .await?
    });
    Ok(rows.into_iter().filter_map(Row::numbered).collect())
}

/// The public id of a monitor that may be gone, as its last event names it. Whoever removes a monitor says so in an event.
pub async fn monitor_id(tx: &mut Tx, monitor: MonitorKey) -> Result<Option<MonitorId>> {
    let row: Option<Row> = sql!(tx, |conn| {
        sqlx::query_as(
            "select seq, at, payload from events where monitor_id = $1 and (kind = 'monitor_saved' or kind = 'state_changed') \
             order by seq desc limit 1",
        )
        .bind(monitor.0)
        .fetch_optional(conn)
        .await?
    });
    Ok(row.and_then(Row::numbered).and_then(|numbered| match numbered.event {
        Event::MonitorSaved { id, .. } | Event::StateChanged { id, .. } => Some(id),
        _ => None,
    }))
}

/// At most `limit` events from `from` until `until` in which people may have done something about an incident of a monitor or about its
/// alerts, the oldest first.
pub async fn acts(
    tx: &mut Tx,
    monitor: MonitorKey,
    from: Timestamp,
    until: Option<Timestamp>,
    limit: i64,
) -> Result<Vec<Numbered>> {
    let statement = of_monitor!("kind = 'incident_updated' or kind = 'monitor_muted'", "order by seq");
    between(tx, statement, monitor, from, until.unwrap_or(Timestamp(i64::MAX)), limit).await
}

/// The last event from `from` until before `until` in which somebody muted a monitor, or let it sound again. Found as [`acts`] finds them.
pub async fn last_mute(
    tx: &mut Tx,
    monitor: MonitorKey,
    from: Timestamp,
    until: Timestamp,
) -> Result<Option<Numbered>> {
    let statement = of_monitor!("kind = 'monitor_muted'", "order by seq desc");
    let before = Timestamp(until.0.saturating_sub(1));
    Ok(between(tx, statement, monitor, from, before, 1).await?.pop())
}

/// The last confirmed change of a monitor's state before an event.
pub async fn change_before(tx: &mut Tx, monitor: MonitorKey, seq: Seq) -> Result<Option<Change>> {
    // Most changes are confirmed soon, so a few events hold one.
    let rows: Vec<Row> = sql!(tx, |conn| {
        sqlx::query_as(
        "select seq, at, payload from events where monitor_id = $1 and seq < $2 and kind = 'state_changed' order by seq desc limit 50"
    )
    .bind(monitor.0)
    .bind(seq.0)
    .fetch_all(conn)
    .await?
    });
    Ok(rows.into_iter().filter_map(Row::numbered).find_map(|numbered| match numbered.event {
        Event::StateChanged { change, .. } => change,
        _ => None,
    }))
}

/// The events of an `of_monitor!` statement, times included.
async fn between(
    tx: &mut Tx,
    statement: &'static str,
    monitor: MonitorKey,
    from: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Numbered>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        sqlx::query_as(statement)
            .bind(monitor.0)
            .bind(from.0)
            .bind(until.0)
            .bind(from.0.saturating_sub(SKEW))
            .bind(until.0.saturating_add(SKEW))
            .bind(i64::MAX)
            .bind(limit)
            .fetch_all(conn)
            .await?
    });
    Ok(rows.into_iter().filter_map(Row::numbered).collect())
}

/// The monitor that opened an incident at `at`, as the event of that moment names it: a monitor that is removed leaves its incidents.
pub async fn opened_by(tx: &mut Tx, incident: IncidentKey, at: Timestamp) -> Result<Option<MonitorKey>> {
    let rows: Vec<Row> = sql!(tx, |conn| sqlx::query_as(
        "select seq, at, payload from events where at = $1 and kind = 'incident_opened' order by seq"
    )
    .bind(at.0)
    .fetch_all(conn)
    .await?);
    Ok(rows.into_iter().filter_map(Row::numbered).find_map(|numbered| match numbered.event {
        Event::IncidentOpened { incident: opened, monitor, .. } if opened == incident => monitor,
        _ => None,
    }))
}

/// Forgets at most `limit` events from before `before`; returns how many there were.
pub async fn forget(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64> {
    Ok(sql!(tx, |conn| sqlx::query(
        "delete from events where seq in (select seq from events where at < $1 order by at limit $2)"
    )
    .bind(before.0)
    .bind(limit)
    .execute(conn)
    .await?
    .rows_affected()))
}

impl Row {
    fn numbered(self) -> Option<Numbered> {
        let event = serde_json::from_value(self.payload.0);
        let event =
            event.inspect_err(|why| error::note_unreadable("events", "payload", self.seq, why)).ok()?;
        Some(Numbered { seq: Seq(self.seq), at: Timestamp(self.at), event })
    }
}

/// How far the planner has come. It locks the row, so that on PostgreSQL one node plans at a time.
pub async fn planned(tx: &mut Tx) -> Result<Seq> {
    let value: Option<i64> = sql!(tx, |conn| sqlx::query_scalar(
        "update counters set value = value where name = 'planner' returning value"
    )
    .fetch_optional(conn)
    .await?);
    Ok(Seq(value.unwrap_or(0)))
}

/// Whether there are events that the planner has not seen.
pub async fn are_unplanned(tx: &mut Tx) -> Result<bool> {
    let count: i64 = sql!(tx, |conn| sqlx::query_scalar(
        "select count(*) from counters p join counters e on e.name = 'events' \
         where p.name = 'planner' and p.value < e.value"
    )
    .fetch_one(conn)
    .await?);
    Ok(count > 0)
}

/// Notes how far the planner has come.
pub async fn set_planned(tx: &mut Tx, seq: Seq) -> Result<()> {
    sql!(tx, |conn| sqlx::query("update counters set value = $1 where name = 'planner'")
        .bind(seq.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

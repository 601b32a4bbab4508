//! Raw results.

use domain::check::Phases;
use domain::id::MonitorKey;
use domain::time::Timestamp;
use domain::uptime::ResultState;
use domain::views::console::Beat;
use sqlx::{FromRow, QueryBuilder};

use super::{Result, Tx, sql};

/// Rows a statement: 10 values each, and SQLite takes at most 32,766 values.
const ROWS_PER_STATEMENT: usize = 2_000;

/// One result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResultRow {
    /// Whose.
    pub monitor: MonitorKey,
    /// When the check was due.
    pub at: Timestamp,
    /// What it counts as.
    pub state: ResultState,
    /// How long the target took, in microseconds.
    pub latency_us: Option<i64>,
    /// The parts of that.
    pub phases: Phases,
    /// Whether its slot is counted without it; see [`domain::uptime::Recorded`].
    pub extra: bool,
}

#[derive(FromRow)]
struct Row {
    monitor_id: i64,
    at: i64,
    state: i64,
    latency_us: Option<i64>,
    dns_us: Option<i64>,
    connect_us: Option<i64>,
    tls_us: Option<i64>,
    wait_us: Option<i64>,
    download_us: Option<i64>,
    extra: bool,
}

impl Row {
    fn result(self) -> ResultRow {
        ResultRow {
            monitor: MonitorKey(self.monitor_id),
            at: Timestamp(self.at),
            state: ResultState::from_code(self.state).unwrap_or(ResultState::Unknown),
            latency_us: self.latency_us,
            phases: Phases {
                dns_us: self.dns_us,
                connect_us: self.connect_us,
                tls_us: self.tls_us,
                wait_us: self.wait_us,
                download_us: self.download_us,
            },
            extra: self.extra,
        }
    }
}

/// Adds results; a slot that is recorded already stays as it is. What may come late goes through
/// [`rollups::insert`](super::rollups::insert).
pub async fn insert(tx: &mut Tx, rows: &[ResultRow]) -> Result<()> {
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        insert_chunk(tx, chunk, false).await?;
    }
    Ok(())
}

/// Adds results, like [`insert`]; returns those that were not recorded already.
pub(super) async fn insert_new(tx: &mut Tx, rows: &[ResultRow]) -> Result<Vec<(MonitorKey, Timestamp)>> {
    let mut new = Vec::with_capacity(rows.len());
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        let inserted = insert_chunk(tx, chunk, true).await?;
        new.extend(inserted.into_iter().map(|(monitor, at)| (MonitorKey(monitor), Timestamp(at))));
    }
    Ok(new)
}

async fn insert_chunk(tx: &mut Tx, chunk: &[ResultRow], returning: bool) -> Result<Vec<(i64, i64)>> {
    Ok(sql!(tx, |conn| {
        let mut query = QueryBuilder::new(
            "insert into results (monitor_id, at, state, latency_us, dns_us, connect_us, tls_us, wait_us, download_us, \
             extra) ",
        );
        query.push_values(chunk, |mut values, row| {
            values
                .push_bind(row.monitor.0)
                .push_bind(row.at.0)
                .push_bind(row.state.code())
                .push_bind(row.latency_us)
                .push_bind(row.phases.dns_us)
                .push_bind(row.phases.connect_us)
                .push_bind(row.phases.tls_us)
                .push_bind(row.phases.wait_us)
                .push_bind(row.phases.download_us)
                .push_bind(row.extra);
        });
        query.push(" on conflict (monitor_id, at) do nothing");
        // Each number of rows is another statement: kept, they would drive out those that come again.
        if returning {
            query.push(" returning monitor_id, at");
            query.build_query_as().persistent(false).fetch_all(conn).await?
        } else {
            query.build().persistent(false).execute(conn).await?;
            Vec::new()
        }
    }))
}

/// Turns the failures of a monitor from `since` on, which were only suspected, into confirmed ones; returns the times of those
/// that are counted.
pub async fn confirm_down(tx: &mut Tx, monitor: MonitorKey, since: Timestamp) -> Result<Vec<Timestamp>> {
    let failures: Vec<(i64, bool)> = sql!(tx, |conn| {
        sqlx::query_as(
        "update results set state = $1 where monitor_id = $2 and at >= $3 and state = $4 returning at, extra"
    )
    .bind(ResultState::Down.code())
    .bind(monitor.0)
    .bind(since.0)
    .bind(ResultState::Confirming.code())
    .fetch_all(conn)
    .await?
    });
    Ok(failures.into_iter().filter(|(_, extra)| !extra).map(|(at, _)| Timestamp(at)).collect())
}

/// The latest results of a monitor, the newest first, at most `limit`.
pub async fn latest(tx: &mut Tx, monitor: MonitorKey, limit: i64) -> Result<Vec<Beat>> {
    let rows: Vec<(i64, i64, Option<i64>)> = sql!(tx, |conn| sqlx::query_as(
        "select at, state, latency_us from results where monitor_id = $1 order by at desc limit $2"
    )
    .bind(monitor.0)
    .bind(limit)
    .fetch_all(conn)
    .await?);
    let beat = |(at, state, latency_us)| Beat {
        at: Timestamp(at),
        state: ResultState::from_code(state).unwrap_or(ResultState::Unknown),
        latency_us,
    };
    Ok(rows.into_iter().map(beat).collect())
}

/// The results of one monitor from `from` until before `until`, the oldest first.
pub async fn between(
    tx: &mut Tx,
    monitor: MonitorKey,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<ResultRow>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        sqlx::query_as(
        "select monitor_id, at, state, latency_us, dns_us, connect_us, tls_us, wait_us, download_us, extra from results \
         where monitor_id = $1 and at >= $2 and at < $3 order by at"
    )
    .bind(monitor.0)
    .bind(from.0)
    .bind(until.0)
    .fetch_all(conn)
    .await?
    });
    Ok(rows.into_iter().map(Row::result).collect())
}

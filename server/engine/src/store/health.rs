//! What is known of each monitor between two checks.

use std::collections::HashSet;

use domain::health::{Finding, Health, Settled, State, Streak};
use domain::id::MonitorKey;
use domain::time::Timestamp;
use sqlx::{FromRow, QueryBuilder};

use super::{Result, StoreError, Tx, sql};

/// Rows a statement: 10 values each, and SQLite takes at most 32,766 values.
const ROWS_PER_STATEMENT: usize = 2_000;

/// A health with the version that an update must name.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Whose.
    pub monitor: MonitorKey,
    /// What is known.
    pub health: Health,
    /// The reason for people, while it fails.
    pub failure: Option<String>,
    /// Grows with each change.
    pub version: i64,
}

#[derive(FromRow)]
struct Row {
    monitor_id: i64,
    settled: String,
    since: i64,
    streak_toward: Option<String>,
    streak_count: i64,
    streak_since: Option<i64>,
    blind_since: Option<i64>,
    failure: Option<String>,
    version: i64,
}

fn settled_word(settled: Settled) -> &'static str {
    match settled {
        Settled::Pending => "pending",
        Settled::Up => "up",
        Settled::Degraded => "degraded",
        Settled::Down => "down",
    }
}

fn settled_from(word: &str) -> Option<Settled> {
    [Settled::Pending, Settled::Up, Settled::Degraded, Settled::Down]
        .into_iter()
        .find(|settled| settled_word(*settled) == word)
}

fn finding_word(finding: Finding) -> &'static str {
    match finding {
        Finding::Up => "up",
        Finding::Degraded => "degraded",
        Finding::Down => "down",
        Finding::Unknown => "unknown",
    }
}

fn finding_from(word: &str) -> Option<Finding> {
    [Finding::Up, Finding::Degraded, Finding::Down, Finding::Unknown]
        .into_iter()
        .find(|finding| finding_word(*finding) == word)
}

impl TryFrom<Row> for Kept {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |column| StoreError::Corrupt { table: "health", column, id: row.monitor_id };
        let streak = match (row.streak_toward.as_deref(), row.streak_since) {
            (Some(word), Some(since)) => Some(Streak {
                toward: finding_from(word).ok_or(corrupt("streak_toward"))?,
                count: row.streak_count.try_into().map_err(|_| corrupt("streak_count"))?,
                since: Timestamp(since),
            }),
            _ => None,
        };
        let health = Health {
            settled: settled_from(&row.settled).ok_or(corrupt("settled"))?,
            since: Timestamp(row.since),
            streak,
            blind_since: row.blind_since.map(Timestamp),
        };
        Ok(Self { monitor: MonitorKey(row.monitor_id), health, failure: row.failure, version: row.version })
    }
}

/// The health of a monitor that was never checked.
pub(super) async fn insert(tx: &mut Tx, monitor: MonitorKey, at: Timestamp) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "insert into health (monitor_id, state, settled, since, streak_count, version) values ($1, $2, $2, $3, 0, 1)"
    )
    .bind(monitor.0)
    .bind(State::Pending.as_str())
    .bind(at.0)
    .execute(conn)
    .await?.rows_affected()
    });
    Ok(())
}

/// The health of a monitor.
pub async fn get(tx: &mut Tx, monitor: MonitorKey) -> Result<Option<Kept>> {
    let row: Option<Row> = sql!(tx, |conn| {
        sqlx::query_as(
        "select monitor_id, settled, since, streak_toward, streak_count, streak_since, blind_since, failure, version \
         from health where monitor_id = $1"
    )
    .bind(monitor.0)
    .fetch_optional(conn)
    .await?
    });
    row.map(TryInto::try_into).transpose()
}

/// The health of every monitor after `after`, in the order of keys, at most `limit`.
pub async fn page(tx: &mut Tx, after: MonitorKey, limit: i64) -> Result<Vec<Kept>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        sqlx::query_as(
        "select monitor_id, settled, since, streak_toward, streak_count, streak_since, blind_since, failure, version \
         from health where monitor_id > $1 order by monitor_id limit $2"
    )
    .bind(after.0)
    .bind(limit)
    .fetch_all(conn)
    .await?
    });
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Writes a health over the version that it was made from; returns whether that was still the latest. The monitor's next
/// version is one more.
pub async fn update(tx: &mut Tx, kept: &Kept) -> Result<bool> {
    Ok(update_all(tx, &[kept]).await?.contains(&kept.monitor))
}

/// Does what [`update`] does for many in few statements; returns those of which the version was still the latest.
pub async fn update_all(tx: &mut Tx, all: &[&Kept]) -> Result<HashSet<MonitorKey>> {
    let mut updated = HashSet::with_capacity(all.len());
    for chunk in all.chunks(ROWS_PER_STATEMENT) {
        let keys: Vec<i64> = sql!(tx, |conn| {
            let mut query = QueryBuilder::new(
                "update health set state = new.column1, settled = new.column2, since = new.column3, \
                 streak_toward = new.column4, streak_count = new.column5, streak_since = new.column6, \
                 blind_since = new.column7, failure = new.column8, version = version + 1 from (",
            );
            query.push_values(chunk, |mut values, kept| {
                let streak = kept.health.streak;
                values
                    .push_bind(kept.health.state(false).as_str())
                    .push_bind(settled_word(kept.health.settled))
                    .push_bind(kept.health.since.0)
                    .push_bind(streak.map(|streak| finding_word(streak.toward)))
                    .push_bind(streak.map_or(0, |streak| i64::from(streak.count)))
                    .push_bind(streak.map(|streak| streak.since.0))
                    .push_bind(kept.health.blind_since.map(|at| at.0))
                    .push_bind(&kept.failure)
                    .push_bind(kept.monitor.0)
                    .push_bind(kept.version);
            });
            query.push(
                ") as new where monitor_id = new.column9 and version = new.column10 returning monitor_id",
            );
            query.build_query_scalar().persistent(false).fetch_all(conn).await?
        });
        updated.extend(keys.into_iter().map(MonitorKey));
    }
    Ok(updated)
}

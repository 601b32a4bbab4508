//! Monitors.

use std::collections::BTreeMap;

use domain::check::CheckSettings;
use domain::health::Thresholds;
use domain::id::{MonitorId, MonitorKey};
use domain::monitor::{Monitor, MonitorDraft, Policy};
use domain::notes::Notes;
use domain::secret::Secret;
use domain::time::Timestamp;
use sqlx::FromRow;
use sqlx::types::Json;

use super::readable::Readable;
use super::{Result, StoreError, Tx, holds_nul, sql};
use crate::seal::Sealer;

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    name: String,
    settings: Readable<CheckSettings>,
    interval_ms: i64,
    timeout_ms: Option<i64>,
    failure_threshold: i64,
    recovery_threshold: i64,
    degraded_above_ms: Option<i64>,
    paused: bool,
    push_token: Option<String>,
    version: i64,
    created_at: i64,
    notes: String,
    fields: Json<BTreeMap<String, String>>,
}

fn read(row: Row, sealer: &Sealer) -> Result<Monitor> {
    let corrupt = |column| StoreError::Corrupt { table: "monitors", column, id: row.id };
    let thresholds = Thresholds {
        failure: row.failure_threshold.try_into().map_err(|_| corrupt("failure_threshold"))?,
        recovery: row.recovery_threshold.try_into().map_err(|_| corrupt("recovery_threshold"))?,
    };
    let policy = Policy {
        interval: row.interval_ms,
        timeout: row.timeout_ms,
        thresholds,
        degraded_above: row.degraded_above_ms,
    };
    let mut settings = row.settings.0.ok_or_else(|| corrupt("settings"))?;
    sealer.open_all(settings.secrets_mut()).map_err(|_| corrupt("settings"))?;
    Ok(Monitor {
        key: MonitorKey(row.id),
        id: row.public_id.parse().map_err(|_| corrupt("public_id"))?,
        draft: MonitorDraft {
            name: row.name,
            settings,
            policy,
            notes: Notes { text: row.notes, fields: row.fields.0 },
        },
        paused: row.paused,
        push_token: row.push_token,
        version: row.version,
        created_at: Timestamp(row.created_at),
    })
}

/// The settings as they are stored: nobody reads a secret in a copy of the database.
fn sealed(settings: &CheckSettings, sealer: &Sealer) -> Result<CheckSettings> {
    let mut settings = settings.clone();
    sealer.seal_all(settings.secrets_mut())?;
    Ok(settings)
}

macro_rules! select_monitors {
    ($rest:literal) => {
        concat!(
            "select id, public_id, name, settings, interval_ms, timeout_ms, failure_threshold, recovery_threshold, ",
            "degraded_above_ms, paused, push_token, version, created_at, notes, fields from monitors ",
            $rest
        )
    };
}

/// Every monitor after `after`, in the order of keys, at most `limit`; rows that make no sense are reported and left out, so
/// that one of them does not stop the others from being checked.
pub async fn page(tx: &mut Tx, after: MonitorKey, limit: i64) -> Result<Vec<Result<Monitor>>> {
    let rows = rows_after(tx, after, limit).await?;
    Ok(rows.into_iter().map(|row| read(row, &tx.sealer)).collect())
}

async fn rows_after(tx: &mut Tx, after: MonitorKey, limit: i64) -> Result<Vec<Row>> {
    Ok(sql!(tx, |conn| sqlx::query_as(select_monitors!("where id > $1 order by id limit $2"))
        .bind(after.0)
        .bind(limit)
        .fetch_all(conn)
        .await?))
}

/// The monitor of a key.
pub async fn by_key(tx: &mut Tx, key: MonitorKey) -> Result<Option<Monitor>> {
    let row: Option<Row> = sql!(tx, |conn| sqlx::query_as(select_monitors!("where id = $1"))
        .bind(key.0)
        .fetch_optional(conn)
        .await?);
    row.map(|row| read(row, &tx.sealer)).transpose()
}

/// The monitor of a public id.
pub async fn by_id(tx: &mut Tx, id: &MonitorId) -> Result<Option<Monitor>> {
    let row: Option<Row> = sql!(tx, |conn| sqlx::query_as(select_monitors!("where public_id = $1"))
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?);
    row.map(|row| read(row, &tx.sealer)).transpose()
}

/// The key of a public id.
pub async fn key_of(tx: &mut Tx, id: &MonitorId) -> Result<Option<MonitorKey>> {
    let key: Option<i64> =
        sql!(tx, |conn| sqlx::query_scalar("select id from monitors where public_id = $1")
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
    Ok(key.map(MonitorKey))
}

/// The push monitor that a heartbeat URL belongs to.
pub async fn by_push_token(tx: &mut Tx, token: &str) -> Result<Option<Monitor>> {
    if holds_nul(token) {
        return Ok(None);
    }
    let row: Option<Row> = sql!(tx, |conn| sqlx::query_as(select_monitors!("where push_token = $1"))
        .bind(token)
        .fetch_optional(conn)
        .await?);
    row.map(|row| read(row, &tx.sealer)).transpose()
}

/// Adds a monitor with its first health.
pub async fn insert(
    tx: &mut Tx,
    id: &MonitorId,
    draft: &MonitorDraft,
    push_token: Option<&str>,
    at: Timestamp,
) -> Result<MonitorKey> {
    let settings = sealed(&draft.settings, &tx.sealer)?;
    let key: i64 = sql!(tx, |conn| {
        sqlx::query_scalar(
        "insert into monitors (public_id, name, kind, target, settings, interval_ms, timeout_ms, failure_threshold, \
         recovery_threshold, degraded_above_ms, paused, push_token, notes, fields, version, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, $15, $15) returning id"
    )
    .bind(id.as_str())
    .bind(draft.name.trim())
    .bind(draft.settings.kind().as_str())
    .bind(draft.settings.target())
    .bind(Json(&settings))
    .bind(draft.policy.interval)
    .bind(draft.policy.timeout)
    .bind(i64::from(draft.policy.thresholds.failure))
    .bind(i64::from(draft.policy.thresholds.recovery))
    .bind(draft.policy.degraded_above)
    .bind(false)
    .bind(push_token)
    .bind(&draft.notes.text)
    .bind(Json(&draft.notes.fields))
    .bind(at.0)
    .fetch_one(conn)
    .await?
    });
    super::health::insert(tx, MonitorKey(key), at).await?;
    Ok(MonitorKey(key))
}

/// Changes a monitor, unless somebody else did since `version`; returns whether it was changed.
pub async fn update(
    tx: &mut Tx,
    key: MonitorKey,
    version: i64,
    draft: &MonitorDraft,
    push_token: Option<&str>,
    at: Timestamp,
) -> Result<bool> {
    let settings = sealed(&draft.settings, &tx.sealer)?;
    let changed = sql!(tx, |conn| {
        sqlx::query(
        "update monitors set name = $1, kind = $2, target = $3, settings = $4, interval_ms = $5, timeout_ms = $6, \
         failure_threshold = $7, recovery_threshold = $8, degraded_above_ms = $9, push_token = $10, notes = $11, fields = $12, \
         version = version + 1, updated_at = $13 where id = $14 and version = $15"
    )
    .bind(draft.name.trim())
    .bind(draft.settings.kind().as_str())
    .bind(draft.settings.target())
    .bind(Json(&settings))
    .bind(draft.policy.interval)
    .bind(draft.policy.timeout)
    .bind(i64::from(draft.policy.thresholds.failure))
    .bind(i64::from(draft.policy.thresholds.recovery))
    .bind(draft.policy.degraded_above)
    .bind(push_token)
    .bind(&draft.notes.text)
    .bind(Json(&draft.notes.fields))
    .bind(at.0)
    .bind(key.0)
    .bind(version)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(changed == 1)
}

/// Seals the secrets of a monitor with the key that seals now. Nothing else changes, so nobody hears of it.
pub async fn reseal(tx: &mut Tx, monitor: &Monitor) -> Result<()> {
    let settings = sealed(&monitor.draft.settings, &tx.sealer)?;
    sql!(tx, |conn| sqlx::query("update monitors set settings = $1 where id = $2")
        .bind(Json(&settings))
        .bind(monitor.key.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Seals secrets that were stored when they did not count as one yet, in at most `limit` monitors after `after`. Says in how many, and
/// behind which one to go on; `None` when these were the last.
pub async fn seal_bare(tx: &mut Tx, after: MonitorKey, limit: i64) -> Result<(usize, Option<MonitorKey>)> {
    let rows = rows_after(tx, after, limit).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|read| read == limit);
    let last = rows.last().map(|row| MonitorKey(row.id)).filter(|_| full);
    let mut sealed_now = 0;
    for mut row in rows {
        if !row.settings.0.iter_mut().any(|settings| Sealer::misses(&settings.secrets_mut())) {
            continue;
        }
        // One that cannot be read is told of elsewhere.
        let Ok(monitor) = read(row, &tx.sealer) else { continue };
        let settings = sealed(&monitor.draft.settings, &tx.sealer)?;
        // Another server may have saved it meanwhile, and sealed it then.
        let changed = sql!(tx, |conn| {
            sqlx::query("update monitors set settings = $1 where id = $2 and version = $3")
                .bind(Json(&settings))
                .bind(monitor.key.0)
                .bind(monitor.version)
                .execute(conn)
                .await?
                .rows_affected()
        });
        sealed_now += usize::from(changed == 1);
    }
    Ok((sealed_now, last))
}

/// Empties the secrets of a monitor that were sealed with a key that is gone; its id and name, or `None` when it cannot be read for
/// another reason, and stays as it is.
pub async fn empty_lost(tx: &mut Tx, key: MonitorKey) -> Result<Option<(MonitorId, String)>> {
    let row: Option<Row> = sql!(tx, |conn| sqlx::query_as(select_monitors!("where id = $1"))
        .bind(key.0)
        .fetch_optional(conn)
        .await?);
    let Some(mut row) = row else { return Ok(None) };
    for secret in row.settings.0.iter_mut().flat_map(CheckSettings::secrets_mut) {
        if Sealer::is_sealed(secret.expose()) && tx.sealer.open(secret.expose()).is_err() {
            *secret = Secret::new("");
        }
    }
    let Ok(monitor) = read(row, &tx.sealer) else { return Ok(None) };
    reseal(tx, &monitor).await?;
    Ok(Some((monitor.id, monitor.draft.name)))
}

/// Pauses or resumes a monitor; returns whether that changed anything.
pub async fn set_paused(tx: &mut Tx, key: MonitorKey, paused: bool, at: Timestamp) -> Result<bool> {
    let changed = sql!(tx, |conn| {
        sqlx::query(
        "update monitors set paused = $1, version = version + 1, updated_at = $2 where id = $3 and paused <> $1"
    )
    .bind(paused)
    .bind(at.0)
    .bind(key.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(changed == 1)
}

/// Gives a push monitor another token; nobody is let in by the old one. Forms that were opened before are refused.
pub async fn set_push_token(tx: &mut Tx, key: MonitorKey, token: &str, at: Timestamp) -> Result<()> {
    sql!(tx, |conn| sqlx::query(
        "update monitors set push_token = $1, version = version + 1, updated_at = $2 where id = $3"
    )
    .bind(token)
    .bind(at.0)
    .bind(key.0)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(())
}

/// Deletes a monitor with its health and evidence; its results and roll-ups are swept later, in slices.
pub async fn delete(tx: &mut Tx, key: MonitorKey) -> Result<bool> {
    let deleted = sql!(tx, |conn| sqlx::query("delete from monitors where id = $1")
        .bind(key.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(deleted == 1)
}

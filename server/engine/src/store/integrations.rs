//! Integrations. Secrets are sealed on their way in and opened on their way out; nowhere else.

use domain::alert::QuietHours;
use domain::id::{IntegrationId, IntegrationKey, MonitorKey, ProjectKey};
use domain::integration::{IntegrationDraft, IntegrationSettings, ProviderKind};
use domain::time::Timestamp;
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;

pub use super::integration_list::{found, page};
pub use super::standing::{Unreadable, set_failing, switch_off};
use super::{Result, Tx, accounts, error, sql};
use crate::seal::Sealer;

/// An integration.
#[derive(Clone, Debug)]
pub struct Integration {
    /// The database key.
    pub key: IntegrationKey,
    /// The public id.
    pub id: IntegrationId,
    /// The provider.
    pub kind: ProviderKind,
    /// What it is called.
    pub name: String,
    /// Where to send, and how; or why that cannot be read.
    pub settings: std::result::Result<IntegrationSettings, Unreadable>,
    /// Whether it is used.
    pub enabled: bool,
    /// When it is not written to.
    pub quiet: Option<QuietHours>,
    /// Whether it may be written to: not all of its addresses are among those that nobody confirmed.
    pub verified: bool,
    /// Those of its addresses that belong to accounts and are not confirmed, in lower case: they get nothing.
    pub unconfirmed: Vec<String>,
    /// Since when messages fail for a reason that trying again cannot mend.
    pub failing_since: Option<Timestamp>,
    /// The reason.
    pub failing: Option<String>,
    /// When the last of the messages that it did not take is tried again; `None` when all is well.
    pub retries_until: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

#[derive(FromRow)]
pub(super) struct Row {
    id: i64,
    public_id: String,
    kind: String,
    name: String,
    version: i64,
    settings: Json<Value>,
    enabled: bool,
    quiet: Option<Json<Value>>,
    verified: bool,
    failing_since: Option<i64>,
    failing: Option<String>,
    retries_until: Option<i64>,
    created_at: i64,
    updated_at: i64,
}

/// What is read of an integration that was not removed; ends where further conditions begin.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, public_id, kind, name, version, settings, enabled, quiet, verified, failing_since, failing, retries_until, ",
            "created_at, updated_at from integrations where deleted_at is null ",
            $rest
        )
    };
}
pub(super) use select;

/// One that cannot be read must not take the others with it: it is shown with the reason, and only one without an id is left out.
pub(super) fn read(row: Row, sealer: &Sealer) -> Option<Integration> {
    let id = row.public_id.parse();
    let id = id.inspect_err(|why| error::note_unreadable("integrations", "public_id", row.id, why)).ok()?;
    // Of a kind that a later program brought only the name is known; it is shown as the kind that can be anything.
    let kind = row.kind.parse::<ProviderKind>();
    let foreign = |why: String| Unreadable::Foreign(why);
    let mut settings = kind.as_ref().map_err(|why| foreign(why.to_string())).and_then(|kind| {
        let version = u32::try_from(row.version);
        let version = version.map_err(|_| foreign(format!("{} is no version", row.version)))?;
        open(*kind, version, row.settings.0, sealer)
    });
    let quiet = row.quiet.map(|quiet| serde_json::from_value(quiet.0)).transpose();
    let quiet = quiet.unwrap_or_else(|error| {
        settings = Err(foreign(format!("the quiet hours make no sense: {error}")));
        None
    });
    Some(Integration {
        key: IntegrationKey(row.id),
        id,
        kind: kind.unwrap_or(ProviderKind::Custom),
        name: row.name,
        settings,
        enabled: row.enabled,
        quiet,
        verified: row.verified,
        unconfirmed: Vec::new(),
        failing_since: row.failing_since.map(Timestamp),
        failing: row.failing,
        retries_until: row.retries_until.map(Timestamp),
        created_at: Timestamp(row.created_at),
        updated_at: Timestamp(row.updated_at),
    })
}

fn open(
    kind: ProviderKind,
    version: u32,
    data: Value,
    sealer: &Sealer,
) -> std::result::Result<IntegrationSettings, Unreadable> {
    let settings = IntegrationSettings::load(kind, version, data);
    let mut settings = settings.map_err(|error| Unreadable::Foreign(error.to_string()))?;
    sealer.open_all(settings.secrets_mut())?;
    Ok(settings)
}

/// The settings as they are stored.
fn sealed(settings: &IntegrationSettings, sealer: &Sealer) -> Result<Value> {
    let mut settings = settings.clone();
    sealer.seal_all(settings.secrets_mut())?;
    Ok(settings.data().map_err(|error| sqlx::Error::Encode(error.into()))?)
}

/// Adds an integration.
pub async fn insert(
    tx: &mut Tx,
    project: ProjectKey,
    id: &IntegrationId,
    draft: &IntegrationDraft,
    at: Timestamp,
) -> Result<IntegrationKey> {
    let (kind, settings) = (draft.settings.kind(), sealed(&draft.settings, &tx.sealer)?);
    let key: i64 = sql!(tx, |conn| {
        sqlx::query_scalar(
        "insert into integrations (public_id, project_id, kind, name, version, settings, enabled, quiet, verified, \
         created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) returning id"
    )
    .bind(id.as_str())
    .bind(project.0)
    .bind(kind.as_str())
    .bind(&draft.name)
    .bind(i64::from(kind.version()))
    .bind(Json(&settings))
    .bind(draft.enabled)
    .bind(draft.quiet.as_ref().map(Json))
    .bind(true)
    .bind(at.0)
    .fetch_one(conn)
    .await?
    });
    Ok(IntegrationKey(key))
}

/// Changes an integration; what failed before may work now, so the mark goes.
pub async fn update(
    tx: &mut Tx,
    key: IntegrationKey,
    draft: &IntegrationDraft,
    at: Timestamp,
) -> Result<bool> {
    let (kind, settings) = (draft.settings.kind(), sealed(&draft.settings, &tx.sealer)?);
    let changed = sql!(tx, |conn| {
        sqlx::query(
        "update integrations set kind = $1, name = $2, version = $3, settings = $4, enabled = $5, quiet = $6, \
         failing_since = null, failing = null, updated_at = $7 where id = $8"
    )
    .bind(kind.as_str())
    .bind(&draft.name)
    .bind(i64::from(kind.version()))
    .bind(Json(&settings))
    .bind(draft.enabled)
    .bind(draft.quiet.as_ref().map(Json))
    .bind(at.0)
    .bind(key.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(changed == 1)
}

/// Seals the secrets of an integration with the key that seals now. Nothing else changes.
pub async fn reseal(tx: &mut Tx, key: IntegrationKey, settings: &IntegrationSettings) -> Result<()> {
    let (version, settings) = (settings.kind().version(), sealed(settings, &tx.sealer)?);
    sql!(tx, |conn| sqlx::query("update integrations set version = $1, settings = $2 where id = $3")
        .bind(i64::from(version))
        .bind(Json(&settings))
        .bind(key.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Seals secrets that were stored when they did not count as one yet; says in how many integrations.
pub async fn seal_bare(tx: &mut Tx) -> Result<usize> {
    let rows: Vec<Row> = sql!(tx, |conn| sqlx::query_as(select!("order by id")).fetch_all(conn).await?);
    let mut count = 0;
    for row in rows {
        let (Ok(kind), Ok(version)) = (row.kind.parse(), u32::try_from(row.version)) else { continue };
        let stored = IntegrationSettings::load(kind, version, row.settings.0.clone());
        if stored.is_ok_and(|mut settings| Sealer::misses(&settings.secrets_mut()))
            && let Some(Integration { key, settings: Ok(settings), .. }) = read(row, &tx.sealer)
        {
            reseal(tx, key, &settings).await?;
            count += 1;
        }
    }
    Ok(count)
}

/// Stores what a delivery taught us, unless the settings are no longer those it was sent with.
pub async fn learn(
    tx: &mut Tx,
    key: IntegrationKey,
    before: &IntegrationSettings,
    learned: &IntegrationSettings,
    at: Timestamp,
) -> Result<()> {
    let Some(Integration { settings: Ok(now), name, enabled, quiet, .. }) = get(tx, key).await? else {
        return Ok(());
    };
    if now == *before && now.kind() == learned.kind() {
        update(tx, key, &IntegrationDraft { name, settings: learned.clone(), enabled, quiet }, at).await?;
    }
    Ok(())
}

/// Removes an integration: from here on nothing shows or uses it, and its secrets are gone. Its log is as long as it was busy, so that
/// goes later, in slices; see [`sweep_deleted`].
pub async fn delete(tx: &mut Tx, key: IntegrationKey, at: Timestamp) -> Result<bool> {
    let removed = sql!(tx, |conn| {
        sqlx::query(
        "update integrations set deleted_at = $1, enabled = $2, settings = $3, failing = null, failing_since = null, \
         updated_at = $1 where id = $4 and deleted_at is null"
    )
    .bind(at.0)
    .bind(false)
    .bind(Json(Value::Object(serde_json::Map::new())))
    .bind(key.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    for statement in [
        "delete from monitor_integrations where integration_id = $1",
        "delete from event_subscriptions where integration_id = $1",
    ] {
        sql!(tx, |conn| sqlx::query(statement).bind(key.0).execute(conn).await?.rows_affected());
    }
    Ok(removed == 1)
}

/// Forgets at most `limit` deliveries of integrations that were removed, and those integrations of which nothing is left; returns how many
/// deliveries there were. What still waits is left to the dispatcher, which finds the integration gone: of two that lock rows of the
/// outbox in two orders, one would fail.
pub async fn sweep_deleted(tx: &mut Tx, limit: i64) -> Result<u64> {
    // First, so that no row of the outbox is held while one of these is waited for.
    sql!(tx, |conn| sqlx::query(
        "delete from integrations where deleted_at is not null \
         and not exists (select 1 from deliveries d where d.integration_id = integrations.id)"
    )
    .execute(conn)
    .await?
    .rows_affected());
    Ok(sql!(tx, |conn| {
        sqlx::query(
            "delete from deliveries where id in (select d.id from deliveries d where d.due_at is null \
         and d.integration_id in (select g.id from integrations g where g.deleted_at is not null) limit $1)",
        )
        .bind(limit)
        .execute(conn)
        .await?
        .rows_affected()
    }))
}

/// An integration by its key.
pub async fn get(tx: &mut Tx, key: IntegrationKey) -> Result<Option<Integration>> {
    let row: Option<Row> =
        sql!(tx, |conn| sqlx::query_as(select!("and id = $1")).bind(key.0).fetch_optional(conn).await?);
    one(tx, row).await
}

/// An integration by its public id.
pub async fn by_id(tx: &mut Tx, id: &IntegrationId) -> Result<Option<Integration>> {
    let row: Option<Row> = sql!(tx, |conn| sqlx::query_as(select!("and public_id = $1"))
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?);
    one(tx, row).await
}

/// Every integration, by name.
pub async fn all(tx: &mut Tx) -> Result<Vec<Integration>> {
    let rows: Vec<Row> =
        sql!(tx, |conn| sqlx::query_as(select!("order by lower(name), id")).fetch_all(conn).await?);
    let mut all: Vec<_> = rows.into_iter().filter_map(|row| read(row, &tx.sealer)).collect();
    look_up_addresses(tx, &mut all).await?;
    Ok(all)
}

/// The integrations of a kind, in the order of their keys.
pub async fn of_kind(tx: &mut Tx, kind: ProviderKind) -> Result<Vec<Integration>> {
    let rows: Vec<Row> = sql!(tx, |conn| sqlx::query_as(select!("and kind = $1 order by id"))
        .bind(kind.as_str())
        .fetch_all(conn)
        .await?);
    let mut all: Vec<_> = rows.into_iter().filter_map(|row| read(row, &tx.sealer)).collect();
    look_up_addresses(tx, &mut all).await?;
    Ok(all)
}

async fn one(tx: &mut Tx, row: Option<Row>) -> Result<Option<Integration>> {
    let Some(one) = row.and_then(|row| read(row, &tx.sealer)) else { return Ok(None) };
    let mut one = [one];
    look_up_addresses(tx, &mut one).await?;
    let [one] = one;
    Ok(Some(one))
}

/// Notes which addresses belong to accounts and are not confirmed. Looked up at each reading rather than kept: accounts come,
/// change and are confirmed without anybody thinking of integrations.
pub(super) async fn look_up_addresses(tx: &mut Tx, integrations: &mut [Integration]) -> Result<()> {
    if !integrations.iter().any(|one| one.kind == ProviderKind::Email) {
        return Ok(());
    }
    let unconfirmed = accounts::unconfirmed(tx).await?;
    for one in integrations {
        if let Ok(settings) = &one.settings {
            let theirs = unconfirmed.iter().filter(|(_, email)| settings.writes_to(email));
            one.unconfirmed = theirs.map(|(_, email)| email.clone()).collect();
            one.verified &= !settings.writes_only_to(&one.unconfirmed);
        }
    }
    Ok(())
}

/// Keeps other nodes from changing an integration, and from judging messages to it that ask for the same, until the transaction ends.
pub async fn lock(tx: &mut Tx, key: IntegrationKey) -> Result<()> {
    sql!(tx, |conn| sqlx::query("update integrations set updated_at = updated_at where id = $1")
        .bind(key.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// The integrations that hear of a monitor directly.
pub async fn attached(tx: &mut Tx, monitor: MonitorKey) -> Result<Vec<IntegrationKey>> {
    let keys: Vec<i64> = sql!(tx, |conn| sqlx::query_scalar(
        "select integration_id from monitor_integrations where monitor_id = $1 order by integration_id"
    )
    .bind(monitor.0)
    .fetch_all(conn)
    .await?);
    Ok(keys.into_iter().map(IntegrationKey).collect())
}

/// Attaches an integration to a monitor; twice is once.
pub async fn attach(tx: &mut Tx, monitor: MonitorKey, integration: IntegrationKey) -> Result<()> {
    sql!(tx, |conn| sqlx::query(
        "insert into monitor_integrations (monitor_id, integration_id) values ($1, $2) \
         on conflict (monitor_id, integration_id) do nothing"
    )
    .bind(monitor.0)
    .bind(integration.0)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(())
}

/// Detaches an integration from a monitor.
pub async fn detach(tx: &mut Tx, monitor: MonitorKey, integration: IntegrationKey) -> Result<bool> {
    let removed = sql!(tx, |conn| sqlx::query(
        "delete from monitor_integrations where monitor_id = $1 and integration_id = $2"
    )
    .bind(monitor.0)
    .bind(integration.0)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(removed == 1)
}

//! Alert definitions: who hears of outages when. Secrets that levels give integrations are sealed on their way in and opened on their
//! way out; nowhere else.

use std::collections::HashMap;

use domain::alert::{Definition, DefinitionDraft, Level};
use domain::id::{DefinitionId, DefinitionKey, IntegrationId, MonitorId, MonitorKey, ProjectKey};
use domain::level_values::LevelValue;
use domain::secret::Secret;
use domain::time::Timestamp;
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder};

use super::batch::{KEYS_PER_STATEMENT, monitor_slices, push_in, slices};
use super::views::monitors::keys_of;
use super::views::search::Search;
use super::{Result, StoreError, Tx, error, sql};
use crate::seal::{SealError, Sealer};

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    name: String,
    active: bool,
    is_default: bool,
    version: i64,
    levels: Json<Value>,
}

/// What is read of a definition; ends where the condition begins.
macro_rules! select {
    ($($rest:expr),+) => {
        concat!(
            "select id, public_id, name, active, is_default, version, levels from alert_definitions ",
            $($rest),+
        )
    };
}

/// Whether definition `d` holds for a monitor: it names it, or is the default one while no other does.
macro_rules! holds {
    ($monitor:literal) => {
        concat!(
            "(d.id in (select definition_id from alert_definition_monitors where monitor_id = ",
            $monitor,
            ") or (d.is_default and not exists (select 1 from alert_definition_monitors where monitor_id = ",
            $monitor,
            ")))"
        )
    };
}
pub(super) use holds;

/// One that a later program wrote must not take the others with it: it is left out until a program that can read it runs again.
fn read(row: Row, monitors: Vec<MonitorId>, sealer: &Sealer) -> Option<Definition> {
    let unreadable = |column, why: &dyn std::fmt::Display| {
        error::note_unreadable("alert_definitions", column, row.id, why);
    };
    let id = row.public_id.parse().inspect_err(|why| unreadable("public_id", why)).ok()?;
    let mut levels: Vec<Level> =
        serde_json::from_value(row.levels.0).inspect_err(|why| unreadable("levels", why)).ok()?;
    for target in levels.iter_mut().flat_map(|level| &mut level.targets) {
        // Whoever else is told must not go without because of one value: it is left out, and the pages say that it is missing.
        target
            .variables
            .retain(|_, given| open(given, sealer).inspect_err(|why| unreadable("levels", why)).is_ok());
    }
    let draft = DefinitionDraft { name: row.name, active: row.active, monitors, levels };
    let (key, is_default, version) = (DefinitionKey(row.id), row.is_default, row.version);
    Some(Definition { key, id, is_default, version, draft })
}

/// Opens a value that was sealed. One that was not is from before there were any, or no secret.
fn open(given: &mut LevelValue, sealer: &Sealer) -> std::result::Result<(), SealError> {
    if Sealer::is_sealed(given.value.expose()) {
        *given = LevelValue { value: sealer.open(given.value.expose())?, hidden: true };
    }
    Ok(())
}

/// The levels as they are stored.
fn sealed(levels: &[Level], sealer: &Sealer) -> Result<Vec<Level>> {
    let mut levels = levels.to_vec();
    let targets = levels.iter_mut().flat_map(|level| &mut level.targets);
    for given in targets.flat_map(|target| target.variables.values_mut()) {
        // What only looks sealed would not be read again.
        if (given.hidden && !given.value.is_empty()) || Sealer::is_sealed(given.value.expose()) {
            given.value = Secret::new(sealer.seal(&given.value)?);
        }
    }
    Ok(levels)
}

/// Seals the secrets of every definition with the key that seals now, also those that an older program left plain; `hides` says which
/// variables are secrets. Returns how many definitions there were, and the names of those that cannot be read: they are left as they are, because
/// nothing may be lost by a key.
pub async fn reseal(
    tx: &mut Tx,
    hides: impl Fn(&IntegrationId, &str) -> bool,
) -> Result<(usize, Vec<String>)> {
    let rows: Vec<(i64, String, Json<Value>)> = sql!(tx, |conn| sqlx::query_as(
        // Locked as they are read, so that no change is lost that a server makes meanwhile.
        "update alert_definitions set version = version returning id, name, levels"
    )
    .fetch_all(conn)
    .await?);
    let (mut done, mut unreadable) = (0, Vec::new());
    for (id, name, levels) in rows {
        let Ok(mut levels) = serde_json::from_value::<Vec<Level>>(levels.0) else {
            unreadable.push(name);
            continue;
        };
        let mut opened = Ok(());
        for target in levels.iter_mut().flat_map(|level| &mut level.targets) {
            for (variable, given) in &mut target.variables {
                opened = opened.and_then(|()| open(given, &tx.sealer));
                given.hidden |= hides(&target.integration, variable);
            }
        }
        if let Err(why) = opened {
            error::note_unreadable("alert_definitions", "levels", id, &why);
            unreadable.push(name);
            continue;
        }
        let levels = sealed(&levels, &tx.sealer)?;
        sql!(tx, |conn| sqlx::query("update alert_definitions set levels = $1 where id = $2")
            .bind(Json(&levels))
            .bind(id)
            .execute(conn)
            .await?
            .rows_affected());
        done += 1;
    }
    Ok((done, unreadable))
}

/// Every definition, the default one first.
pub async fn all(tx: &mut Tx) -> Result<Vec<Definition>> {
    let rows: Vec<Row> =
        sql!(tx, |conn| sqlx::query_as(select!("order by is_default desc, lower(name), id"))
            .fetch_all(conn)
            .await?);
    let pairs: Vec<(i64, String)> = sql!(tx, |conn| sqlx::query_as(
        "select definition_id, public_id from alert_definition_monitors \
         join monitors on monitors.id = monitor_id order by lower(name), public_id"
    )
    .fetch_all(conn)
    .await?);
    let mut monitors: HashMap<i64, Vec<MonitorId>> = HashMap::new();
    for (definition, monitor) in pairs {
        let monitor = monitor.parse().map_err(|_| StoreError::Corrupt {
            table: "monitors",
            column: "public_id",
            id: definition,
        })?;
        monitors.entry(definition).or_default().push(monitor);
    }
    let definition = |row: Row| {
        let monitors = monitors.remove(&row.id).unwrap_or_default();
        read(row, monitors, &tx.sealer)
    };
    Ok(rows.into_iter().filter_map(definition).collect())
}

/// Every definition, without the monitors that they name.
pub async fn without_monitors(tx: &mut Tx) -> Result<Vec<Definition>> {
    let rows: Vec<Row> = sql!(tx, |conn| sqlx::query_as(select!("order by id")).fetch_all(conn).await?);
    Ok(rows.into_iter().filter_map(|row| read(row, Vec::new(), &tx.sealer)).collect())
}

/// The definitions on one page of the list, the default one first, without the monitors that they name. `search` is a part of the name.
pub async fn page(tx: &mut Tx, search: &str, limit: i64, offset: i64) -> Result<Vec<Definition>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        let mut query = QueryBuilder::new(select!("where "));
        Search::of(search).push(&mut query, &["name"]);
        query.push(" order by is_default desc, lower(name), id limit ").push_bind(limit);
        query.push(" offset ").push_bind(offset);
        query.build_query_as().fetch_all(conn).await?
    });
    Ok(rows.into_iter().filter_map(|row| read(row, Vec::new(), &tx.sealer)).collect())
}

/// How many definitions a search leaves.
pub async fn found(tx: &mut Tx, search: &str) -> Result<i64> {
    Ok(sql!(tx, |conn| {
        let mut query = QueryBuilder::new("select count(*) from alert_definitions where ");
        Search::of(search).push(&mut query, &["name"]);
        query.build_query_scalar().fetch_one(conn).await?
    }))
}

/// The names of the first few monitors of definitions, and how many each of them names; one that names none is left out.
pub async fn named(
    tx: &mut Tx,
    keys: &[DefinitionKey],
    few: i64,
) -> Result<HashMap<DefinitionKey, (Vec<String>, i64)>> {
    let mut found: HashMap<DefinitionKey, (Vec<String>, i64)> = HashMap::new();
    let keys: Vec<i64> = keys.iter().map(|key| key.0).collect();
    for slice in slices(&keys) {
        let rows: Vec<(i64, String, i64)> = sql!(tx, |conn| {
            let mut query = QueryBuilder::new(
                "select n.definition_id, n.name, n.count from (select a.definition_id, m.name, \
                 count(*) over (partition by a.definition_id) as count, \
                 row_number() over (partition by a.definition_id order by lower(m.name), m.public_id) as place \
                 from alert_definition_monitors a join monitors m on m.id = a.monitor_id where ",
            );
            push_in(&mut query, "a.definition_id", &slice);
            query.push(") n where n.place <= ").push_bind(few).push(" order by n.definition_id, n.place");
            query.build_query_as().fetch_all(conn).await?
        });
        for (key, name, count) in rows {
            let (names, all) = found.entry(DefinitionKey(key)).or_default();
            names.push(name);
            *all = count;
        }
    }
    Ok(found)
}

/// Those of some monitors that a definition names, by its public id.
pub async fn naming(tx: &mut Tx, id: &DefinitionId, monitors: &[MonitorKey]) -> Result<Vec<MonitorId>> {
    let mut named = Vec::new();
    for slice in monitor_slices(monitors) {
        let ids: Vec<(i64, String)> = sql!(tx, |conn| {
            let mut query = QueryBuilder::new(
                "select m.id, m.public_id from alert_definition_monitors a join monitors m on m.id = a.monitor_id \
                 where a.definition_id = (select id from alert_definitions where public_id = ",
            );
            query.push_bind(id.as_str().to_owned()).push(") and ");
            push_in(&mut query, "a.monitor_id", &slice);
            query.build_query_as().fetch_all(conn).await?
        });
        for (key, id) in ids {
            let corrupt = StoreError::Corrupt { table: "monitors", column: "public_id", id: key };
            named.push(id.parse().map_err(|_| corrupt)?);
        }
    }
    Ok(named)
}

/// A definition by its public id, with the monitors that it names.
pub async fn by_id(tx: &mut Tx, id: &DefinitionId) -> Result<Option<Definition>> {
    let key: Option<i64> =
        sql!(tx, |conn| sqlx::query_scalar("select id from alert_definitions where public_id = $1")
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
    whole(tx, key).await
}

/// A definition by its public id, which nobody else can change until the transaction ends: two that read one and write it back would
/// lose what the first of them did.
pub async fn lock(tx: &mut Tx, id: &DefinitionId) -> Result<Option<Definition>> {
    let key: Option<i64> = sql!(tx, |conn| sqlx::query_scalar(
        "update alert_definitions set version = version where public_id = $1 returning id"
    )
    .bind(id.as_str())
    .fetch_optional(conn)
    .await?);
    whole(tx, key).await
}

/// Does what [`lock`] does with the default definition.
pub async fn lock_default(tx: &mut Tx) -> Result<Option<Definition>> {
    let key: Option<i64> = sql!(tx, |conn| sqlx::query_scalar(
        "update alert_definitions set version = version where is_default returning id"
    )
    .fetch_optional(conn)
    .await?);
    whole(tx, key).await
}

/// A definition with the monitors that it names.
async fn whole(tx: &mut Tx, key: Option<i64>) -> Result<Option<Definition>> {
    let Some(key) = key else { return Ok(None) };
    let Some(mut definition) = get(tx, DefinitionKey(key)).await? else { return Ok(None) };
    let named: Vec<String> = sql!(tx, |conn| sqlx::query_scalar(
        "select public_id from alert_definition_monitors join monitors on monitors.id = monitor_id \
         where definition_id = $1 order by lower(name), public_id"
    )
    .bind(key)
    .fetch_all(conn)
    .await?);
    let corrupt = |_| StoreError::Corrupt { table: "monitors", column: "public_id", id: key };
    definition.draft.monitors = named.iter().map(|id| id.parse().map_err(corrupt)).collect::<Result<_>>()?;
    Ok(Some(definition))
}

/// A definition by its key; without the monitors that it names.
pub async fn get(tx: &mut Tx, key: DefinitionKey) -> Result<Option<Definition>> {
    let row: Option<Row> =
        sql!(tx, |conn| sqlx::query_as(select!("where id = $1")).bind(key.0).fetch_optional(conn).await?);
    Ok(row.and_then(|row| read(row, Vec::new(), &tx.sealer)))
}

/// The active definitions that hold for a monitor: those that name it, else the default one. Without the monitors.
pub async fn of_monitor(tx: &mut Tx, monitor: MonitorKey) -> Result<Vec<Definition>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        sqlx::query_as(select!("d where active and ", holds!("$1"), " order by id"))
            .bind(monitor.0)
            .fetch_all(conn)
            .await?
    });
    Ok(rows.into_iter().filter_map(|row| read(row, Vec::new(), &tx.sealer)).collect())
}

/// Adds a definition.
pub async fn insert(
    tx: &mut Tx,
    project: ProjectKey,
    id: &DefinitionId,
    draft: &DefinitionDraft,
    is_default: bool,
    at: Timestamp,
) -> Result<DefinitionKey> {
    let levels = sealed(&draft.levels, &tx.sealer)?;
    let key: i64 = sql!(tx, |conn| {
        sqlx::query_scalar(
        "insert into alert_definitions (public_id, project_id, name, active, is_default, levels, version, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, 1, $7, $7) returning id"
    )
    .bind(id.as_str())
    .bind(project.0)
    .bind(draft.name.trim())
    .bind(draft.active)
    .bind(is_default)
    .bind(Json(&levels))
    .bind(at.0)
    .fetch_one(conn)
    .await?
    });
    name_monitors(tx, DefinitionKey(key), &draft.monitors).await?;
    Ok(DefinitionKey(key))
}

/// Changes a definition that is locked.
pub async fn update(tx: &mut Tx, key: DefinitionKey, draft: &DefinitionDraft, at: Timestamp) -> Result<bool> {
    let levels = sealed(&draft.levels, &tx.sealer)?;
    let changed = sql!(tx, |conn| {
        sqlx::query(
        "update alert_definitions set name = $1, active = $2, levels = $3, updated_at = $4, version = version + 1 \
         where id = $5"
    )
    .bind(draft.name.trim())
    .bind(draft.active)
    .bind(Json(&levels))
    .bind(at.0)
    .bind(key.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    sql!(tx, |conn| sqlx::query("delete from alert_definition_monitors where definition_id = $1")
        .bind(key.0)
        .execute(conn)
        .await?
        .rows_affected());
    name_monitors(tx, key, &draft.monitors).await?;
    Ok(changed == 1)
}

/// A monitor that is gone is left out.
async fn name_monitors(tx: &mut Tx, key: DefinitionKey, monitors: &[MonitorId]) -> Result<()> {
    let keys: Vec<_> = keys_of(tx, monitors).await?.into_values().collect();
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        sql!(tx, |conn| {
            let mut query =
                QueryBuilder::new("insert into alert_definition_monitors (definition_id, monitor_id) ");
            query.push_values(chunk, |mut values, monitor| {
                values.push_bind(key.0).push_bind(monitor.0);
            });
            query.push(" on conflict (definition_id, monitor_id) do nothing");
            query.build().execute(conn).await?.rows_affected()
        });
    }
    Ok(())
}

/// Removes a definition; the default one stays.
pub async fn delete(tx: &mut Tx, key: DefinitionKey) -> Result<bool> {
    let removed =
        sql!(tx, |conn| sqlx::query("delete from alert_definitions where id = $1 and not is_default")
            .bind(key.0)
            .execute(conn)
            .await?
            .rows_affected());
    Ok(removed == 1)
}

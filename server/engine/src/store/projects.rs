//! Projects: what belongs together. One for now.

use domain::id::{ProjectId, ProjectKey};
use domain::time::Timestamp;
use sqlx::FromRow;

use super::{Result, StoreError, Tx, sql};

/// A project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The database key.
    pub key: ProjectKey,
    /// The public id.
    pub id: ProjectId,
    /// What it is called.
    pub name: String,
    /// Whether its plan includes what costs money with each message.
    pub paid: bool,
    /// Whether nobody is told anything until somebody restarts it.
    pub all_stop: bool,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    name: String,
    plan: String,
    all_stop: bool,
}

/// The project, made when there is none.
pub async fn ensure(tx: &mut Tx, id: &ProjectId, at: Timestamp) -> Result<ProjectKey> {
    if let Some(project) = only(tx).await? {
        return Ok(project.key);
    }
    let key: i64 = sql!(tx, |conn| sqlx::query_scalar(
        "insert into projects (public_id, name, plan, all_stop, created_at, updated_at) \
         values ($1, 'Pharos', 'paid', $2, $3, $3) returning id"
    )
    .bind(id.as_str())
    .bind(false)
    .bind(at.0)
    .fetch_one(conn)
    .await?);
    Ok(ProjectKey(key))
}

/// The project.
pub async fn only(tx: &mut Tx) -> Result<Option<Project>> {
    let row: Option<Row> = sql!(tx, |conn| sqlx::query_as(
        "select id, public_id, name, plan, all_stop from projects order by id limit 1"
    )
    .fetch_optional(conn)
    .await?);
    row.map(|row| {
        let id = row.public_id.parse().map_err(|_| StoreError::Corrupt {
            table: "projects",
            column: "public_id",
            id: row.id,
        })?;
        Ok(Project {
            key: ProjectKey(row.id),
            id,
            name: row.name,
            paid: row.plan == "paid",
            all_stop: row.all_stop,
        })
    })
    .transpose()
}

/// Stops or restarts all telling.
pub async fn set_all_stop(tx: &mut Tx, key: ProjectKey, all_stop: bool, at: Timestamp) -> Result<()> {
    sql!(tx, |conn| sqlx::query("update projects set all_stop = $1, updated_at = $2 where id = $3")
        .bind(all_stop)
        .bind(at.0)
        .bind(key.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Says whether the plan of a project includes what costs money with each message.
pub async fn set_paid(tx: &mut Tx, key: ProjectKey, paid: bool, at: Timestamp) -> Result<()> {
    sql!(tx, |conn| sqlx::query("update projects set plan = $1, updated_at = $2 where id = $3")
        .bind(if paid { "paid" } else { "free" })
        .bind(at.0)
        .bind(key.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

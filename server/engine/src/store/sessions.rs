//! Sessions of people who logged in.

use domain::id::AccountKey;
use domain::time::Timestamp;
use sqlx::FromRow;

use super::{Result, Tx, sql};

/// A session as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SessionRow {
    /// The session's secret id.
    pub id: String,
    /// Whose it is, once somebody logged in.
    pub account_id: Option<i64>,
    /// What the session layer keeps in it: JSON.
    pub data: Vec<u8>,
    /// When it ends, in milliseconds since 1970.
    pub expires_at: i64,
}

/// Adds a session; `false` when its id is taken.
pub async fn create(tx: &mut Tx, row: &SessionRow) -> Result<bool> {
    let added = sql!(tx, |conn| {
        sqlx::query(
        "insert into sessions (id, account_id, data, expires_at) values ($1, $2, $3, $4) on conflict (id) do nothing"
    )
    .bind(&row.id)
    .bind(row.account_id)
    .bind(&row.data)
    .bind(row.expires_at)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(added == 1)
}

/// Adds or replaces a session.
pub async fn save(tx: &mut Tx, row: &SessionRow) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "insert into sessions (id, account_id, data, expires_at) values ($1, $2, $3, $4) \
         on conflict (id) do update set account_id = excluded.account_id, data = excluded.data, expires_at = excluded.expires_at"
    )
    .bind(&row.id)
    .bind(row.account_id)
    .bind(&row.data)
    .bind(row.expires_at)
    .execute(conn)
    .await?.rows_affected()
    });
    Ok(())
}

/// The session of an id, unless it ended before `now`.
pub async fn load(tx: &mut Tx, id: &str, now: Timestamp) -> Result<Option<SessionRow>> {
    Ok(sql!(tx, |conn| sqlx::query_as(
        "select id, account_id, data, expires_at from sessions where id = $1 and expires_at > $2"
    )
    .bind(id)
    .bind(now.0)
    .fetch_optional(conn)
    .await?))
}

/// Ends a session.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<()> {
    sql!(tx, |conn| sqlx::query("delete from sessions where id = $1")
        .bind(id)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Ends every session of an account but `keep`.
pub async fn delete_others(tx: &mut Tx, account: AccountKey, keep: Option<&str>) -> Result<()> {
    sql!(tx, |conn| sqlx::query("delete from sessions where account_id = $1 and id <> $2")
        .bind(account.0)
        .bind(keep.unwrap_or_default())
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Forgets sessions that ended before `now`.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<()> {
    sql!(tx, |conn| sqlx::query("delete from sessions where expires_at <= $1")
        .bind(now.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

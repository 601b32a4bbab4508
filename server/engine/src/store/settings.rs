//! Values of the whole installation, by name.

use super::{Result, Tx, sql};

/// The value of a name.
pub async fn get(tx: &mut Tx, name: &str) -> Result<Option<String>> {
    Ok(sql!(tx, |conn| sqlx::query_scalar("select value from settings where name = $1")
        .bind(name)
        .fetch_optional(conn)
        .await?))
}

/// Sets the value of a name.
pub async fn put(tx: &mut Tx, name: &str, value: &str) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value"
    )
    .bind(name)
    .bind(value)
    .execute(conn)
    .await?.rows_affected()
    });
    Ok(())
}

/// Forgets a name.
pub async fn remove(tx: &mut Tx, name: &str) -> Result<()> {
    sql!(tx, |conn| sqlx::query("delete from settings where name = $1")
        .bind(name)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// The value of a name, which is forgotten: of several that ask, one gets it.
pub async fn take(tx: &mut Tx, name: &str) -> Result<Option<String>> {
    Ok(sql!(tx, |conn| sqlx::query_scalar("delete from settings where name = $1 returning value")
        .bind(name)
        .fetch_optional(conn)
        .await?))
}

/// Names and values of all names that begin with a text, which has no `%` and no `_`.
pub async fn beginning(tx: &mut Tx, start: &str) -> Result<Vec<(String, String)>> {
    Ok(sql!(tx, |conn| sqlx::query_as("select name, value from settings where name like $1 order by name")
        .bind(format!("{start}%"))
        .fetch_all(conn)
        .await?))
}

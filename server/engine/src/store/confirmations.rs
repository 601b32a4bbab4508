//! Links that prove that an address belongs to an account. Only their hashes are kept.

use domain::id::AccountKey;
use domain::time::Timestamp;

use super::{Result, Tx, sql};

/// Adds a link.
pub async fn insert(tx: &mut Tx, hash: &str, account: AccountKey, until: Timestamp) -> Result<()> {
    sql!(tx, |conn| sqlx::query("insert into confirmations (hash, account_id, until) values ($1, $2, $3)")
        .bind(hash)
        .bind(account.0)
        .bind(until.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Whose link it is, while it holds.
pub async fn find(tx: &mut Tx, hash: &str, now: Timestamp) -> Result<Option<AccountKey>> {
    let key: Option<i64> = sql!(tx, |conn| sqlx::query_scalar(
        "select account_id from confirmations where hash = $1 and until > $2"
    )
    .bind(hash)
    .bind(now.0)
    .fetch_optional(conn)
    .await?);
    Ok(key.map(AccountKey))
}

/// The ends of an account's links that end after a time, the first first.
pub async fn ends(tx: &mut Tx, account: AccountKey, after: Timestamp) -> Result<Vec<Timestamp>> {
    let ends: Vec<i64> = sql!(tx, |conn| sqlx::query_scalar(
        "select until from confirmations where account_id = $1 and until > $2 order by until"
    )
    .bind(account.0)
    .bind(after.0)
    .fetch_all(conn)
    .await?);
    Ok(ends.into_iter().map(Timestamp).collect())
}

/// Forgets a link.
pub async fn delete(tx: &mut Tx, hash: &str) -> Result<()> {
    sql!(tx, |conn| sqlx::query("delete from confirmations where hash = $1")
        .bind(hash)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Forgets every link of an account: its address is proven, or is another one now.
pub async fn delete_of(tx: &mut Tx, account: AccountKey) -> Result<()> {
    sql!(tx, |conn| sqlx::query("delete from confirmations where account_id = $1")
        .bind(account.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Forgets the links of everybody that hold no more.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<()> {
    sql!(tx, |conn| sqlx::query("delete from confirmations where until <= $1")
        .bind(now.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

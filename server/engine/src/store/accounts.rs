//! Accounts of people.

use domain::id::{AccountId, AccountKey};
use domain::person::Account;
use domain::time::Timestamp;
use sqlx::FromRow;

use super::{Result, StoreError, Tx, holds_nul, sql};

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    email: String,
    name: String,
    password_hash: String,
}

/// An account with the hash of its password, for logging in.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Whose.
    pub account: Account,
    /// PHC string.
    pub password_hash: String,
}

impl TryFrom<Row> for Credentials {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let id: AccountId = row.public_id.parse().map_err(|_| StoreError::Corrupt {
            table: "accounts",
            column: "public_id",
            id: row.id,
        })?;
        let account = Account { key: AccountKey(row.id), id, email: row.email, name: row.name };
        Ok(Self { account, password_hash: row.password_hash })
    }
}

/// How many accounts there are.
pub async fn count(tx: &mut Tx) -> Result<i64> {
    Ok(sql!(tx, |conn| sqlx::query_scalar("select count(*) from accounts").fetch_one(conn).await?))
}

/// Adds an account. A taken e-mail address is a conflict ([`StoreError::is_conflict`]).
pub async fn insert(
    tx: &mut Tx,
    id: &AccountId,
    email: &str,
    name: &str,
    hash: &str,
    at: Timestamp,
) -> Result<AccountKey> {
    let key: i64 = sql!(tx, |conn| sqlx::query_scalar(
        "insert into accounts (public_id, email, name, password_hash, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $5) returning id"
    )
    .bind(id.as_str())
    .bind(email)
    .bind(name)
    .bind(hash)
    .bind(at.0)
    .fetch_one(conn)
    .await?);
    Ok(AccountKey(key))
}

/// The account of an e-mail address (in lower case).
pub async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<Credentials>> {
    if holds_nul(email) {
        return Ok(None);
    }
    let row: Option<Row> = sql!(tx, |conn| sqlx::query_as(
        "select id, public_id, email, name, password_hash from accounts where email = $1"
    )
    .bind(email)
    .fetch_optional(conn)
    .await?);
    row.map(TryInto::try_into).transpose()
}

/// The account of a key.
pub async fn by_key(tx: &mut Tx, key: AccountKey) -> Result<Option<Credentials>> {
    let row: Option<Row> = sql!(tx, |conn| sqlx::query_as(
        "select id, public_id, email, name, password_hash from accounts where id = $1"
    )
    .bind(key.0)
    .fetch_optional(conn)
    .await?);
    row.map(TryInto::try_into).transpose()
}

/// Changes the hash of an account's password.
pub async fn set_password(tx: &mut Tx, key: AccountKey, hash: &str, at: Timestamp) -> Result<()> {
    sql!(tx, |conn| sqlx::query("update accounts set password_hash = $1, updated_at = $2 where id = $3")
        .bind(hash)
        .bind(at.0)
        .bind(key.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Changes what a person is called.
pub async fn rename(tx: &mut Tx, key: AccountKey, name: &str, at: Timestamp) -> Result<()> {
    sql!(tx, |conn| sqlx::query("update accounts set name = $1, updated_at = $2 where id = $3")
        .bind(name)
        .bind(at.0)
        .bind(key.0)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

/// Changes the address of an account; the new one is not confirmed. A taken one is a conflict ([`StoreError::is_conflict`]).
pub async fn set_email(tx: &mut Tx, key: AccountKey, email: &str, at: Timestamp) -> Result<()> {
    sql!(tx, |conn| sqlx::query(
        "update accounts set email = $1, verified_at = null, updated_at = $2 where id = $3"
    )
    .bind(email)
    .bind(at.0)
    .bind(key.0)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(())
}

/// Notes that somebody proved that the address of an account is theirs; the first time counts.
pub async fn set_confirmed(tx: &mut Tx, key: AccountKey, at: Timestamp) -> Result<()> {
    sql!(tx, |conn| sqlx::query(
        "update accounts set verified_at = $1 where id = $2 and verified_at is null"
    )
    .bind(at.0)
    .bind(key.0)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(())
}

/// The accounts whose addresses nobody proved to be theirs.
pub async fn unconfirmed(tx: &mut Tx) -> Result<Vec<(AccountKey, String)>> {
    let rows: Vec<(i64, String)> = sql!(tx, |conn| sqlx::query_as(
        "select id, email from accounts where verified_at is null order by id"
    )
    .fetch_all(conn)
    .await?);
    Ok(rows.into_iter().map(|(key, email)| (AccountKey(key), email)).collect())
}

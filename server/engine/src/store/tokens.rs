//! Tokens of programs. Only hashes are kept, so that a copy of the database opens nothing.

use domain::id::{ProjectKey, TokenId, TokenKey};
use domain::time::{MINUTE, Timestamp};
use domain::views::console::TokenRow;
use sqlx::{FromRow, QueryBuilder};

use super::views::search::Search;
use super::{Result, StoreError, Tx, sql};

#[derive(FromRow)]
struct Row {
    id: i64,
    public_id: String,
    name: String,
    last_used_at: Option<i64>,
    created_at: i64,
}

fn read(row: Row) -> Result<(TokenKey, TokenRow)> {
    let corrupt = |column| StoreError::Corrupt { table: "api_tokens", column, id: row.id };
    let view = TokenRow {
        id: row.public_id.parse().map_err(|_| corrupt("public_id"))?,
        name: row.name,
        last_used_at: row.last_used_at.map(Timestamp),
        created_at: Timestamp(row.created_at),
    };
    Ok((TokenKey(row.id), view))
}

/// Adds a token by its hash.
pub async fn insert(
    tx: &mut Tx,
    project: ProjectKey,
    id: &TokenId,
    name: &str,
    hash: &str,
    at: Timestamp,
) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "insert into api_tokens (public_id, project_id, name, hash, last_used_at, created_at) values ($1, $2, $3, $4, null, $5)"
    )
    .bind(id.as_str())
    .bind(project.0)
    .bind(name)
    .bind(hash)
    .bind(at.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(())
}

/// Every token, the newest first.
pub async fn all(tx: &mut Tx) -> Result<Vec<TokenRow>> {
    let rows: Vec<Row> = sql!(tx, |conn| sqlx::query_as(
        "select id, public_id, name, last_used_at, created_at from api_tokens order by id desc"
    )
    .fetch_all(conn)
    .await?);
    rows.into_iter().map(|row| read(row).map(|(_, view)| view)).collect()
}

/// The tokens on one page of the list, the newest first. `search` is a part of the name.
pub async fn page(tx: &mut Tx, search: &str, limit: i64, offset: i64) -> Result<Vec<TokenRow>> {
    let rows: Vec<Row> = sql!(tx, |conn| {
        let mut query =
            QueryBuilder::new("select id, public_id, name, last_used_at, created_at from api_tokens where ");
        Search::of(search).push(&mut query, &["name"]);
        query.push(" order by id desc limit ").push_bind(limit).push(" offset ").push_bind(offset);
        query.build_query_as().fetch_all(conn).await?
    });
    rows.into_iter().map(|row| read(row).map(|(_, view)| view)).collect()
}

/// How many tokens a search leaves.
pub async fn found(tx: &mut Tx, search: &str) -> Result<i64> {
    Ok(sql!(tx, |conn| {
        let mut query = QueryBuilder::new("select count(*) from api_tokens where ");
        Search::of(search).push(&mut query, &["name"]);
        query.build_query_scalar().fetch_one(conn).await?
    }))
}

/// The token of a hash.
pub async fn by_hash(tx: &mut Tx, hash: &str) -> Result<Option<(TokenKey, TokenRow)>> {
    let row: Option<Row> = sql!(tx, |conn| sqlx::query_as(
        "select id, public_id, name, last_used_at, created_at from api_tokens where hash = $1"
    )
    .bind(hash)
    .fetch_optional(conn)
    .await?);
    row.map(read).transpose()
}

/// Notes that a token was used, to the minute: a program that asks often must not keep the writer busy.
pub async fn touch(tx: &mut Tx, key: TokenKey, at: Timestamp) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "update api_tokens set last_used_at = $1 where id = $2 and (last_used_at is null or last_used_at < $3)"
    )
    .bind(at.0)
    .bind(key.0)
    .bind(at.0 - MINUTE)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(())
}

/// Removes a token; whoever has it is refused from now on.
pub async fn delete(tx: &mut Tx, id: &TokenId) -> Result<bool> {
    let removed = sql!(tx, |conn| sqlx::query("delete from api_tokens where public_id = $1")
        .bind(id.as_str())
        .execute(conn)
        .await?
        .rows_affected());
    Ok(removed == 1)
}

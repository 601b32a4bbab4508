//! When somebody listened for heartbeats: a job cannot be called late for a time in which nobody could have heard it.

use domain::check::Gap;
use domain::time::{SECOND, Timestamp};

use super::{Result, Tx, sql};

/// So long may the latest word of a node that listens be ago, in milliseconds: one of its renewals may fail. What is longer is a
/// gap.
pub const PATIENCE: i64 = 11 * SECOND;
/// The stretches that are kept: so many restarts are looked back.
const KEPT: i64 = 1_000;

/// Says that somebody listens at `now`. The latest stretch goes on when its last word is no longer than `patience` milliseconds
/// ago; else another one begins. What begins later than `now` was written by a clock that was ahead, and is forgotten: it would stay the
/// latest, and nothing would ever go on.
pub async fn listened(tx: &mut Tx, now: Timestamp, patience: i64) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query("delete from listening where since > $1").bind(now.0).execute(conn).await?.rows_affected()
    });
    let goes_on = sql!(tx, |conn| {
        sqlx::query(
        "update listening set until = $1 where since = (select max(l.since) from listening l) and until >= $2"
    )
    .bind(now.0)
    .bind(now.0.saturating_sub(patience))
    .execute(conn)
    .await?
    .rows_affected()
    });
    if goes_on > 0 {
        return Ok(());
    }
    sql!(tx, |conn| {
        sqlx::query("insert into listening (since, until) values ($1, $1) on conflict (since) do nothing")
            .bind(now.0)
            .execute(conn)
            .await?
            .rows_affected()
    });
    sql!(tx, |conn| {
        sqlx::query(
            "delete from listening where since < (select l.since from listening l order by l.since desc limit 1 offset $1)",
        )
        .bind(KEPT - 1)
        .execute(conn)
        .await?
        .rows_affected()
    });
    Ok(())
}

/// The gaps that ended after `since`, the oldest first. One that nobody wrote down yet, because whoever slept has only just
/// woken up, ends at `now`; none ends later.
pub async fn gaps(tx: &mut Tx, since: Timestamp, now: Timestamp) -> Result<Vec<Gap>> {
    let stretches: Vec<(i64, i64)> = sql!(tx, |conn| {
        sqlx::query_as(
            "select since, until from listening \
             where since >= coalesce((select max(l.since) from listening l where l.since <= $1), 0) and since <= $2 \
             order by since",
        )
        .bind(since.0)
        .bind(now.0)
        .fetch_all(conn)
        .await?
    });
    let open = stretches.last().filter(|(_, until)| now.0 - until > PATIENCE).map(|_| (now.0, now.0));
    let begins = stretches.iter().skip(1).chain(open.as_ref()).map(|(since, _)| *since);
    let gap = |((_, since_ms), until_ms): (&(i64, i64), i64)| Gap { since_ms: *since_ms, until_ms };
    Ok(stretches.iter().zip(begins).map(gap).collect())
}

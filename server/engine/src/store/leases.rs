//! Which node works on which shard.

use domain::time::Timestamp;

use super::{Result, Tx, sql};

/// A shard that a node holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which shard.
    pub shard: i64,
    /// Grows with each take-over: work done under an older one is refused.
    pub epoch: i64,
}

/// As a time in [`claim`]: only what was let go ended before it, no lease that ran out by itself.
pub const LET_GO: Timestamp = Timestamp(1);

/// Takes a shard that is free or whose lease ran out before `now`, or renews it; `None` when another node holds it. With [`LET_GO`] for
/// `now` it is free only when nobody ever held it, or whoever did let it go.
///
/// The predicate stands in the update itself: PostgreSQL looks only at that again after it waited for another node's lock.
pub async fn claim(
    tx: &mut Tx,
    shard: i64,
    node: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Lease>> {
    let epoch: Option<i64> = sql!(tx, |conn| sqlx::query_scalar(
        "insert into leases (shard, node, until, epoch) values ($1, $2, $3, 1) \
         on conflict (shard) do update set node = excluded.node, until = excluded.until, \
         epoch = case when leases.node = excluded.node then leases.epoch else leases.epoch + 1 end \
         where leases.node = excluded.node or leases.until < $4 returning epoch"
    )
    .bind(shard)
    .bind(node)
    .bind(until.0)
    .bind(now.0)
    .fetch_optional(conn)
    .await?);
    Ok(epoch.map(|epoch| Lease { shard, epoch }))
}

/// Renews every lease that a node holds, in one statement; returns those it still holds.
pub async fn renew(tx: &mut Tx, node: &str, until: Timestamp) -> Result<Vec<Lease>> {
    let rows: Vec<(i64, i64)> = sql!(tx, |conn| sqlx::query_as(
        "update leases set until = $1 where node = $2 returning shard, epoch"
    )
    .bind(until.0)
    .bind(node)
    .fetch_all(conn)
    .await?);
    Ok(rows.into_iter().map(|(shard, epoch)| Lease { shard, epoch }).collect())
}

/// The shards that other nodes took, whether they still hold them or not. What a node held stays its own until then, although the lease
/// ran out or was let go: while the database is away nobody can renew, and what was found meanwhile must not be lost. Nothing is
/// locked: a take-over waits for no one, so the health's version settles what slips between this look and the commit.
pub async fn of_others(tx: &mut Tx, node: &str) -> Result<Vec<i64>> {
    Ok(sql!(tx, |conn| sqlx::query_scalar("select shard from leases where node <> $1")
        .bind(node)
        .fetch_all(conn)
        .await?))
}

/// Until when the shard that is held longest is held; `None` when none is at `now`, and so no server works with the database.
pub async fn held_until(tx: &mut Tx, now: Timestamp) -> Result<Option<Timestamp>> {
    let until: Option<i64> =
        sql!(tx, |conn| sqlx::query_scalar("select max(until) from leases where until >= $1")
            .bind(now.0)
            .fetch_one(conn)
            .await?);
    Ok(until.map(Timestamp))
}

/// Whether another node holds a shard at `now`.
pub async fn others_hold(tx: &mut Tx, node: &str, now: Timestamp) -> Result<bool> {
    let held: i64 =
        sql!(tx, |conn| sqlx::query_scalar("select count(*) from leases where node <> $1 and until >= $2")
            .bind(node)
            .bind(now.0)
            .fetch_one(conn)
            .await?);
    Ok(held > 0)
}

/// Other nodes whose leases ran out before `now` without being let go: most likely they are no more.
pub async fn lost(tx: &mut Tx, node: &str, now: Timestamp) -> Result<Vec<String>> {
    let lost =
        "select distinct node from leases where node <> $1 and until >= $2 and until < $3 order by node";
    Ok(sql!(tx, |conn| sqlx::query_scalar(lost)
        .bind(node)
        .bind(LET_GO.0)
        .bind(now.0)
        .fetch_all(conn)
        .await?))
}

/// Lets every lease of a node go, so that another one may take over at once.
pub async fn release(tx: &mut Tx, node: &str) -> Result<()> {
    sql!(tx, |conn| sqlx::query("update leases set until = 0 where node = $1")
        .bind(node)
        .execute(conn)
        .await?
        .rows_affected());
    Ok(())
}

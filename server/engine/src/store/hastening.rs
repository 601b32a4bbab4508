//! What was put off in the outbox is looked at sooner, because the reason is gone.

use std::collections::HashSet;

use domain::id::{DeliveryKey, IntegrationKey};
use domain::time::{MINUTE, Timestamp};
use sqlx::{FromRow, QueryBuilder};

use super::{Result, Tx, sql};

// A sign before a column keeps SQLite from its index, where that leads through everything that an integration was ever sent: what waits is
// found by its due time, and what was told of a monitor by the monitor.

/// What is said of a message that quiet hours hold.
pub const QUIET: &str = "It waits for the end of the quiet hours.";

/// How long what follows messages that were tried again is still kept in order, in milliseconds.
const UNDER_WAY: i64 = 2 * MINUTE;

/// The quiet hours of an integration are others now: what they hold is looked at again, and waits on when it still must.
pub async fn quiet_hours_changed(tx: &mut Tx, integration: IntegrationKey, now: Timestamp) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "update deliveries set due_at = $1, updated_at = $1 where due_at is not null and due_at > $1 and +integration_id = $2 \
         and lease_until is null and error = $3"
    )
    .bind(now.0)
    .bind(integration.0)
    .bind(QUIET)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(())
}

/// Notes that a message to an integration is tried again at `until`.
pub async fn note_retry(tx: &mut Tx, integration: IntegrationKey, until: Timestamp) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "update integrations set retries_until = $1 where id = $2 and (retries_until is null or retries_until < $1)"
    )
    .bind(until.0)
    .bind(integration.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(())
}

/// The first message about another outage that is not over, before some message.
#[derive(Clone, Copy, Debug)]
pub struct Ahead {
    /// Which.
    pub key: DeliveryKey,
    /// Whether it is on its way, or about to be.
    pub leaves: bool,
    /// Whether it failed and waits for its next attempt.
    pub retries: bool,
    /// Whether it was tried after the other message was planned, or last tried.
    pub tried_since: bool,
}

#[derive(FromRow)]
struct AheadRow {
    id: i64,
    incident_id: i64,
    leaves: bool,
    retries: bool,
    tried_since: bool,
}

/// The first message of each earlier outage of the same monitor to the same address that is not over; of all its monitors where a message
/// tells many. It reads whatever was told of the monitor, so it is for integrations that are in trouble only.
pub async fn ahead(tx: &mut Tx, of: DeliveryKey, now: Timestamp) -> Result<Vec<Ahead>> {
    let rows: Vec<AheadRow> = sql!(tx, |conn| {
        sqlx::query_as(
        "select e.id, e.incident_id, e.due_at <= $2 or coalesce(e.lease_until >= $2, false) as leaves, \
         e.state = 'retrying' as retries, e.updated_at >= coalesce((select max(a.at) from delivery_attempts a \
             where a.delivery_id = $1), d.created_at) as tried_since \
         from deliveries d join deliveries e on e.monitor_id = d.monitor_id and e.id < $1 \
         and +e.integration_id = d.integration_id and e.address = d.address and +e.incident_id <> d.incident_id \
         where (d.id = $1 or (d.group_id = $1 and d.state = 'grouped')) and e.due_at is not null \
         and (e.kind = 'error' or e.kind = 'reminder' or e.kind = 'ok' or e.kind = 'acknowledged') order by e.id"
    )
    .bind(of.0)
    .bind(now.0)
    .fetch_all(conn)
    .await?
    });
    let mut seen = HashSet::new();
    let first = rows.into_iter().filter(|row| seen.insert(row.incident_id));
    let one = |AheadRow { id, leaves, retries, tried_since, .. }| Ahead {
        key: DeliveryKey(id),
        leaves,
        retries,
        tried_since,
    };
    Ok(first.map(one).collect())
}

/// What is done to a message that is tried before its time: that uses up none of its attempts.
const HASTENED: &str = "attempts = case when attempts > 1 then attempts - 1 else attempts end";

/// Has a message that waits for its next attempt tried now.
pub async fn hasten(tx: &mut Tx, key: DeliveryKey, now: Timestamp) -> Result<()> {
    sql!(tx, |conn| {
        let mut query = QueryBuilder::new("update deliveries set due_at = ");
        query.push_bind(now.0).push(", ").push(HASTENED).push(" where id = ").push_bind(key.0);
        query.push(" and state = 'retrying' and lease_until is null");
        query.build().execute(conn).await?.rows_affected()
    });
    Ok(())
}

/// An integration takes messages again: those that wait for their next attempt for one of the `usual` pauses (in milliseconds), rather than
/// because the other side asked for it, are tried now, unless they just were.
pub async fn takes_again(
    tx: &mut Tx,
    integration: IntegrationKey,
    usual: &[i64],
    now: Timestamp,
) -> Result<()> {
    sql!(tx, |conn| {
        let mut query = QueryBuilder::new("update deliveries set due_at = ");
        query.push_bind(now.0).push(", ").push(HASTENED);
        query.push(" where due_at is not null and due_at > ").push_bind(now.0);
        query.push(" and +integration_id = ").push_bind(integration.0);
        query.push(" and state = 'retrying' and lease_until is null and updated_at <= ");
        query.push_bind(now.0 - MINUTE).push(" and due_at - updated_at in (");
        let mut pauses = query.separated(", ");
        for pause in usual {
            pauses.push_bind(*pause);
        }
        query.push(")");
        query.build().execute(conn).await?.rows_affected()
    });
    sql!(tx, |conn| {
        sqlx::query(
        "update integrations set retries_until = coalesce((select max(due_at) from deliveries where due_at is not null \
         and due_at > $1 and +integration_id = $2 and state = 'retrying'), \
         case when retries_until > $3 or exists (select 1 from deliveries where due_at is not null and +integration_id = $2 \
             and attempts > 0) then case when retries_until < $1 then retries_until else $1 end end) where id = $2"
    )
    .bind(now.0)
    .bind(integration.0)
    .bind(now.0 - UNDER_WAY)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(())
}

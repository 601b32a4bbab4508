//! What was put off in the outbox is looked at sooner, because the reason is gone.

use domain::id::IntegrationKey;
use domain::time::Timestamp;

use super::{Result, Tx, sql};

/// What is said of a message that quiet hours hold.
pub const QUIET: &str = "It waits for the end of the quiet hours.";

/// The quiet hours of an integration are others now: what they hold is looked at again, and waits on when it still must.
pub async fn quiet_hours_changed(tx: &mut Tx, integration: IntegrationKey, now: Timestamp) -> Result<()> {
    sql!(tx, |conn| {
        sqlx::query(
        "update deliveries set due_at = $1, updated_at = $1 where due_at is not null and due_at > $1 and integration_id = $2 \
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

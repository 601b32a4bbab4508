//! Order beyond a single outage: of a monitor that fails, works and fails again the last word must be the last one that is heard.
//!
//! A claim keeps order within an outage. As long as an integration takes what it is sent, that is enough, and nothing is asked here. When
//! messages to it have to be tried again, each outage has its own clock, and the end of the first could arrive after the beginning of the
//! second. So one that is about to leave lets those about earlier outages of the monitor leave first: the first that only waits for its next
//! attempt is tried at once, whatever the other side asked for, as the new one would be. When it is taken, the others follow. When it fails
//! again, nobody waits for it any longer: what is new must not wait for the clock of what is old. A message that tells many is let through
//! by none; it lets through those about its monitors, and leaves out at the end of outages what began again since and was told.

use domain::message::Body;
use domain::time::{SECOND, Timestamp};

use crate::store::claiming::Claimed;
use crate::store::hastening;
use crate::store::integrations::{self, Integration};
use crate::store::{self, Tx};

/// When one looks again whether those before it have left, in milliseconds.
pub(super) const SOON: i64 = SECOND;

/// Whether a message has to wait for those about earlier outages of its monitor to the same address; has the first of them tried now.
pub(super) async fn is_behind(
    tx: &mut Tx,
    claimed: &Claimed,
    integration: &Integration,
    now: Timestamp,
) -> store::Result<bool> {
    let is_ordered = match &claimed.message.body {
        Body::Alert(alert) => !alert.test && claimed.message.only.is_empty() && !claimed.replayed,
        Body::Acknowledged(_) => true,
        Body::Group(_) => !claimed.replayed,
        Body::Event(_) => false,
    };
    if !is_ordered || integration.retries_until.is_none() {
        return Ok(false);
    }
    let ahead = hastening::ahead(tx, claimed.key, now).await?;
    if ahead.iter().any(|one| one.leaves) {
        return Ok(true);
    }
    // The first of them finds out for all whether they are taken again.
    let Some(first) = ahead.iter().find(|one| one.retries).filter(|one| !one.tried_since) else {
        return Ok(false);
    };
    // As whoever settles does it: first the integration, then what waits for it.
    integrations::lock(tx, claimed.integration).await?;
    hastening::hasten(tx, first.key, now).await?;
    Ok(true)
}

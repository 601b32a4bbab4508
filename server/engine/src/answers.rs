//! Keeps checks told whether a message tells whole answers: only then are they read to their end and kept.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::checks::Checks;
use crate::store::{Db, answers};

/// How often it is looked: an integration that begins to tell answers does so for outages from then on.
const LOOK: Duration = Duration::from_secs(5);

/// Looks until it is cancelled.
pub(crate) async fn run(db: Db, checks: Checks, cancel: CancellationToken) {
    loop {
        // While the database is away nothing can be recorded either.
        let told = async { answers::are_told(&mut db.read().await?).await };
        if let Ok(wanted) = told.await {
            checks.want_answers(wanted);
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

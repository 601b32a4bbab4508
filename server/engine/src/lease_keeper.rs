//! Holds the shards of this node: renews their leases, takes over those that ran out, and says which are held. Whoever renews also
//! listens for heartbeats, so here it is written down when somebody did.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use domain::monitor::SHARDS;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::store::{self, Db, leases, listening};

/// How long a lease lasts. A node that dies is replaced after that.
const LEASE: Duration = Duration::from_secs(15);
/// How often leases are renewed: two renewals may fail.
const RENEW: Duration = Duration::from_secs(5);

/// Renews and claims, and tells the scheduler.
#[derive(Debug)]
pub(crate) struct LeaseKeeper {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) node: String,
    pub(crate) held: watch::Sender<Arc<HashSet<u16>>>,
}

impl LeaseKeeper {
    /// The first round of a start.
    pub(crate) async fn begin(&self) -> store::Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write().await?;
        // Who starts alone ends a gap, however short it was.
        let patience =
            if leases::others_hold(&mut tx, &self.node, now).await? { listening::PATIENCE } else { 0 };
        listening::listened(&mut tx, now, patience).await?;
        tx.commit().await?;
        self.round().await
    }

    /// One renewal, and the claim of whatever is free.
    pub(crate) async fn round(&self) -> store::Result<()> {
        let now = self.clock.now();
        let until = now + LEASE;
        let mut tx = self.db.write().await?;
        let mut held: HashSet<u16> = leases::renew(&mut tx, &self.node, until)
            .await?
            .into_iter()
            .filter_map(|lease| u16::try_from(lease.shard).ok())
            .collect();
        for shard in (0..SHARDS).filter(|shard| !held.contains(shard)).collect::<Vec<_>>() {
            if leases::claim(&mut tx, i64::from(shard), &self.node, now, until).await?.is_some() {
                held.insert(shard);
            }
        }
        listening::listened(&mut tx, now, listening::PATIENCE).await?;
        tx.commit().await?;
        self.held.send_if_modified(|before| {
            let changed = **before != held;
            if changed {
                *before = Arc::new(held);
            }
            changed
        });
        Ok(())
    }

    /// Renews until cancelled, then lets go.
    pub(crate) async fn run(self, cancel: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(RENEW) => {}
                () = cancel.cancelled() => break,
            }
            if let Err(error) = self.round().await {
                tracing::error!(%error, "the leases could not be renewed; trying again");
            }
        }
        if let Err(error) = self.let_go().await {
            tracing::warn!(%error, "the leases could not be released; they run out by themselves");
        }
    }

    async fn let_go(&self) -> store::Result<()> {
        let mut tx = self.db.write().await?;
        leases::release(&mut tx, &self.node).await?;
        tx.commit().await
    }
}

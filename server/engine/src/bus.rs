//! Follows the events table and tells everybody on this node. Local events and those of other nodes take the same path, so
//! nothing depends on where a change was made; the bell only makes it quick, and the poll makes it certain.

use std::sync::Arc;
use std::time::Duration;

use domain::event::{Numbered, Sample, Seq};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::store::{self, Db};

/// How long a missed bell can delay an event.
const POLL: Duration = Duration::from_secs(2);
/// Events read at once.
const BATCH: i64 = 500;
/// Events that a slow listener may lag behind before it is told to read everything again.
const BACKLOG: usize = 4_096;
/// The pause before asking again when the database failed.
const RETRY: Duration = Duration::from_secs(1);

/// Where listeners subscribe. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus {
    events: broadcast::Sender<Arc<Numbered>>,
    samples: broadcast::Sender<Sample>,
    seen: watch::Sender<Seq>,
}

impl Default for Bus {
    fn default() -> Self {
        Self {
            events: broadcast::Sender::new(BACKLOG),
            samples: broadcast::Sender::new(BACKLOG),
            seen: watch::Sender::new(Seq(0)),
        }
    }
}

impl Bus {
    /// Every event from now on, in the order of commits. A listener that lags gets `Lagged` and must read the state anew.
    pub fn events(&self) -> broadcast::Receiver<Arc<Numbered>> {
        self.events.subscribe()
    }

    /// Every finished check of this node from now on, and of others the latest that somebody here looks at: best effort.
    pub fn samples(&self) -> broadcast::Receiver<Sample> {
        self.samples.subscribe()
    }

    /// The last event that was told.
    pub fn seen(&self) -> Seq {
        *self.seen.borrow()
    }

    /// Tells of a finished check.
    pub fn sample(&self, sample: Sample) {
        // Nobody listening is no error.
        let _ = self.samples.send(sample);
    }

    /// Starts after the events that are there already.
    pub async fn catch_up(&self, db: &Db) -> store::Result<()> {
        let mut tx = db.read().await?;
        self.seen.send_replace(store::events::last(&mut tx).await?);
        Ok(())
    }

    /// Tells of every event that is new; returns how many there were.
    pub async fn round(&self, db: &Db) -> store::Result<usize> {
        let mut told = 0;
        loop {
            let mut tx = db.read().await?;
            let events = store::events::after(&mut tx, self.seen(), BATCH).await?;
            drop(tx);
            let count = events.len();
            for event in events {
                self.seen.send_replace(event.seq);
                let _ = self.events.send(Arc::new(event));
            }
            told += count;
            if i64::try_from(count).unwrap_or(BATCH) < BATCH {
                return Ok(told);
            }
        }
    }

    /// Follows the table until cancelled.
    pub async fn run(self, db: Db, cancel: CancellationToken) {
        let listening = tokio::spawn(listen(db.clone(), cancel.clone()));
        loop {
            if let Err(error) = self.round(&db).await {
                tracing::error!(%error, "the events could not be read; trying again");
                tokio::time::sleep(RETRY).await;
            }
            tokio::select! {
                () = db.rung() => {}
                () = tokio::time::sleep(POLL) => {}
                () = cancel.cancelled() => break,
            }
        }
        listening.abort();
    }
}

/// Keeps the ear at the other nodes, whatever happens to the connection.
async fn listen(db: Db, cancel: CancellationToken) {
    loop {
        tokio::select! {
            heard = db.listen() => {
                if let Err(error) = heard {
                    tracing::warn!(%error, "the connection that hears of other nodes' events broke; polling meanwhile");
                }
            }
            () = cancel.cancelled() => return,
        }
        tokio::time::sleep(RETRY).await;
    }
}

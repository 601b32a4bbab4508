//! Looks at what a monitor hangs on as soon as the monitor fails: whether anybody is told depends on it.

use std::sync::Arc;

use domain::event::{Event, Numbered};
use domain::health::State;
use domain::id::MonitorKey;
use domain::time::{SECOND, Timestamp};
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::recorder::Recheck;
use crate::store::{self, Db};

/// How far apart two looks at one are, in milliseconds, however many hang on it and fail.
const APART: i64 = 5 * SECOND;

/// Asks for looks until cancelled. Every node hears of every failure, and takes what it holds itself.
pub(super) async fn run(
    db: Db,
    clock: Clock,
    mut events: broadcast::Receiver<Arc<Numbered>>,
    hasten: mpsc::UnboundedSender<Recheck>,
    cancel: CancellationToken,
) {
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = cancel.cancelled() => return,
        };
        let event = match event {
            Ok(event) => event,
            // What was missed is looked at when it is due.
            Err(broadcast::error::RecvError::Lagged(_)) => continue,
            Err(broadcast::error::RecvError::Closed) => return,
        };
        let Event::StateChanged { monitor, to: State::Confirming | State::Down, .. } = event.event else {
            continue;
        };
        match unseen(&db, monitor).await {
            Ok(parents) => {
                for (monitor, seen_at) in parents {
                    let within = (seen_at.0 + APART - clock.now().0).clamp(0, APART);
                    let _ = hasten.send(Recheck { monitor, within });
                }
            }
            Err(error) => {
                tracing::warn!(%error, monitor = monitor.0, "what a failing monitor hangs on could not be read");
            }
        }
    }
}

async fn unseen(db: &Db, monitor: MonitorKey) -> store::Result<Vec<(MonitorKey, Timestamp)>> {
    let mut tx = db.read().await?;
    store::mutes::unseen_parents(&mut tx, monitor).await
}

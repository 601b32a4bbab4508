//! The way to one integration: what is held for it stands in line, and a few tasks send one message after the other.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::id::IntegrationKey;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::crew::Ready;
use super::rules::{Paces, wait_for_turn};
use super::{Dispatcher, Finished, Outcome};
use crate::providers;

/// Messages that leave at the same time, to everybody.
pub(super) const SENDING: usize = 256;
/// Of them, to one integration.
pub(super) const SENDING_TO_ONE: usize = 8;

/// What every lane works with. Cheap to clone.
#[derive(Clone)]
pub(super) struct Means {
    pub(super) dispatcher: Dispatcher,
    pub(super) done: mpsc::UnboundedSender<Finished>,
    /// Turns of all lanes together.
    pub(super) turns: Arc<Semaphore>,
    pub(super) paces: Paces,
    /// Nothing new leaves when the program stops.
    pub(super) stopping: CancellationToken,
}

/// Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Lane(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    line: VecDeque<Waiting>,
    /// Tasks that send.
    senders: usize,
}

struct Waiting {
    ready: Ready,
    /// When it is given back instead, because its lease must not end while it is on its way.
    latest: Instant,
}

impl Lane {
    /// Puts a message at the end of the line; true when that takes one more task, which the caller starts with [`Self::work`].
    pub(super) fn push(&self, ready: Ready, latest: Instant) -> bool {
        let mut state = self.state();
        state.line.push_back(Waiting { ready, latest });
        let more = state.senders < SENDING_TO_ONE;
        state.senders += usize::from(more);
        more
    }

    /// Everything that still stands in line.
    pub(super) fn empty(&self) -> impl Iterator<Item = Ready> {
        std::mem::take(&mut self.state().line).into_iter().map(|waiting| waiting.ready)
    }

    /// Sends what stands in line until nothing does.
    pub(super) async fn work(self, integration: IntegrationKey, means: Means) {
        while let Some(Waiting { ready, latest }) = self.next() {
            let turn = tokio::select! {
                biased;
                // Most get their turn at once, and then need not learn how to hear of the end.
                turn = turn(&ready, integration, &means, latest), if !means.stopping.is_cancelled() => turn,
                () = means.stopping.cancelled() => Err(Duration::ZERO),
            };
            let outcome = match &turn {
                Ok(_) => {
                    let (attempt, result) = means.dispatcher.attempt(&ready).await;
                    Outcome::Tried(attempt, result)
                }
                Err(later) => Outcome::NotNow(*later),
            };
            // The loop lives until the last message has come back.
            let _ = means.done.send(Finished::of(ready, outcome));
        }
    }

    /// The first in line; with none, the task that asks is one no more.
    fn next(&self) -> Option<Waiting> {
        let mut state = self.state();
        let first = state.line.pop_front();
        state.senders -= usize::from(first.is_none());
        first
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until a message may leave.
///
/// # Errors
/// How long it would be when that comes after `latest`.
async fn turn<'a>(
    ready: &Ready,
    integration: IntegrationKey,
    means: &'a Means,
    latest: Instant,
) -> Result<tokio::sync::SemaphorePermit<'a>, Duration> {
    if let Some(pace) = providers::of(&ready.settings).pace() {
        wait_for_turn(&means.paces, integration, pace, latest).await?;
    }
    // The semaphore is never closed.
    let turn = means.turns.acquire().await.map_err(|_| Duration::ZERO)?;
    if Instant::now() < latest { Ok(turn) } else { Err(Duration::ZERO) }
}

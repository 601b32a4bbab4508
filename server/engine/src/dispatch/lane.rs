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
/// Of them, to one integration that answers.
const SENDING_TO_ONE: usize = 8;
/// An attempt that fails after so long, or when all its time is used up, was most likely not answered at all.
const HANGS: Duration = Duration::from_secs(3);

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

struct State {
    line: VecDeque<Waiting>,
    /// Tasks that send.
    senders: usize,
    /// How many of them there may be. One at first and one more with each answer, so that those who never answer hold few of the turns,
    /// however many messages there are for them.
    earned: usize,
}

impl Default for State {
    fn default() -> Self {
        Self { line: VecDeque::new(), senders: 0, earned: 1 }
    }
}

struct Waiting {
    ready: Ready,
    /// When it is given back instead, because its lease must not end while it is on its way.
    latest: Instant,
}

impl Lane {
    /// Puts a message at the end of the line.
    pub(super) fn push(&self, ready: Ready, latest: Instant, means: &Means) {
        let integration = ready.claimed.integration;
        self.state().line.push_back(Waiting { ready, latest });
        self.staff(integration, means);
    }

    /// Starts one more task when something waits and one more may send.
    fn staff(&self, integration: IntegrationKey, means: &Means) {
        let mut state = self.state();
        if state.senders < state.earned && !state.line.is_empty() {
            state.senders += 1;
            drop(state);
            tokio::spawn(self.clone().work(integration, means.clone()));
        }
    }

    /// How many stand in line.
    pub(super) fn len(&self) -> usize {
        self.state().line.len()
    }

    /// Takes everything that still stands in line.
    pub(super) fn empty(&self) -> impl Iterator<Item = Ready> {
        std::mem::take(&mut self.state().line).into_iter().map(|waiting| waiting.ready)
    }

    /// Sends what stands in line until nothing does.
    async fn work(self, integration: IntegrationKey, means: Means) {
        while let Some(Waiting { ready, latest }) = self.next() {
            let turn = tokio::select! {
                biased;
                // Most get their turn at once, and then need not learn how to hear of the end.
                turn = turn(&ready, integration, &means, latest), if !means.stopping.is_cancelled() => turn,
                () = means.stopping.cancelled() => Err(Duration::ZERO),
            };
            let outcome = match &turn {
                Ok(_) => {
                    let begun = Instant::now();
                    let (attempt, result) = means.dispatcher.attempt(&ready).await;
                    self.learn(result.is_ok() || begun.elapsed() < patience(&ready));
                    Outcome::Tried(attempt, result)
                }
                Err(later) => Outcome::NotNow(*later),
            };
            // The loop lives until the last message has come back.
            let _ = means.done.send(Finished::of(ready, outcome));
            self.staff(integration, &means);
        }
    }

    /// Whoever answers gets more at the same time, and whoever does not one after the other.
    fn learn(&self, answered: bool) {
        let mut state = self.state();
        state.earned = if answered { (state.earned + 1).min(SENDING_TO_ONE) } else { 1 };
    }

    /// The first in line; with none, or with too many who send, the task that asks is one no more.
    fn next(&self) -> Option<Waiting> {
        let mut state = self.state();
        let first = if state.senders > state.earned { None } else { state.line.pop_front() };
        state.senders -= usize::from(first.is_none());
        first
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a failure may take that is an answer.
fn patience(ready: &Ready) -> Duration {
    let timeout = providers::of(&ready.settings).timeout();
    (timeout * 9 / 10).min(HANGS)
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

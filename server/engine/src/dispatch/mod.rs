//! Empties the outbox: claims what is due, hands it to the providers, and writes down what became of it.
//!
//! At least once, with an id that stays the same: a message whose sender died is sent again when its lease ran out. One loop a
//! node; each of its rounds settles what has finished and claims the next in one transaction, so that thousands of messages cost
//! tens of commits.

mod crew;
mod judge;
mod lane;
mod order;
mod rules;
mod together;
mod written;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::id::DeliveryId;
use domain::integration::IntegrationSettings;
use domain::message::{Body, Message};
use domain::time::Timestamp;
use futures::FutureExt as _;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::providers::{self, Attempting, DeliveryError, Outbound, Reach, Receipt, Transcript};
use crate::store::claiming::{self, Claimed};
use crate::store::deliveries::Attempt;
use crate::store::{self, Db, answers};
use crate::words_of_panic;

use crew::{Crew, Ready};

/// How long messages on their way are waited for when the program stops. Who sends them is not known to anybody else until their
/// leases run out or this node starts again.
const DRAIN: Duration = Duration::from_secs(5);
/// How long more are waited for when messages have ended, so that many share a transaction; once more as long as more come.
const GATHER: Duration = Duration::from_millis(2);
/// How often at most.
const GATHER_TIMES: usize = 25;
/// So many that have ended share a transaction, as long as more come: at the end of an outbox half would be ever fewer.
const ENOUGH: usize = 256;
/// The longest pause, so that a clock that jumps and other nodes' messages are noticed.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// What the dispatcher works with.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    /// Where messages come from.
    pub db: Db,
    /// The time of day.
    pub clock: Clock,
    /// For what needs chance.
    pub chance: Chance,
    /// What this node is called in leases.
    pub node: String,
    /// How messages leave.
    pub outbound: Outbound,
    /// Rung when there are messages.
    pub outbox: Arc<Notify>,
}

/// A message that is on its way no more.
#[derive(Debug)]
struct Finished {
    claimed: Box<Claimed>,
    /// The settings that it was sent with.
    before: Arc<IntegrationSettings>,
    /// Whether other messages to the integration may have waited to be tried again when it was claimed.
    others_retry: bool,
    outcome: Outcome,
}

impl Finished {
    fn of(ready: Ready, outcome: Outcome) -> Self {
        let Ready { claimed, settings: before, others_retry, .. } = ready;
        Self { claimed, before, others_retry, outcome }
    }
}

/// What came of a message that was claimed.
#[derive(Debug)]
enum Outcome {
    /// It was tried.
    Tried(Attempt, Result<Receipt, DeliveryError>),
    /// It was not its turn, nor will be for so long; it is given back.
    NotNow(Duration),
}

impl Outcome {
    /// What is kept of an attempt; there was none when there was nothing to send.
    fn attempt(&self) -> Option<&Attempt> {
        match self {
            Self::Tried(_, Ok(Receipt { reach: Reach::Nobody(_), .. })) | Self::NotNow(_) => None,
            Self::Tried(attempt, _) => Some(attempt),
        }
    }
}

impl Dispatcher {
    /// Sends everything that is due now, and comes back when all of it has ended.
    ///
    /// # Errors
    /// When the database fails; what was not settled is sent again when its lease runs out.
    pub async fn pass(&self) -> store::Result<()> {
        let (done, mut finished) = mpsc::unbounded_channel();
        let mut crew = Crew::new(self.clone(), done, CancellationToken::new());
        let mut settling = Vec::new();
        loop {
            let round = crew.round(&mut settling, true, false).await?;
            if crew.sending.is_empty() && !round.took {
                return Ok(());
            }
            if !crew.sending.is_empty()
                && let Some(one) = finished.recv().await
            {
                settling.push(one);
            }
        }
    }

    /// Dispatches until cancelled, and then waits for what is on its way: it was claimed, so nobody else would send it soon.
    pub async fn run(self, cancel: CancellationToken) {
        let (db, node) = (self.db.clone(), self.node.clone());
        self.dispatch(cancel).await;
        // Whoever comes next need not wait until the leases run out.
        if let Err(error) = claiming::release(&db, &node).await {
            tracing::warn!(%error, "messages on their way stay leased for a while");
        }
    }

    async fn dispatch(self, cancel: CancellationToken) {
        let (done, mut finished) = mpsc::unbounded_channel();
        let mut crew = Crew::new(self, done, cancel.clone());
        let mut settling: Vec<Finished> = Vec::new();
        let mut until: Option<Instant> = None;
        let mut look = true;
        loop {
            let stopping = cancel.is_cancelled();
            if stopping {
                settling.extend(crew.give_up_waiting());
            }
            if stopping && *until.get_or_insert_with(|| Instant::now() + DRAIN) < Instant::now() {
                tracing::warn!(
                    messages = crew.sending.len(),
                    "messages were still on their way; they are sent again"
                );
                return;
            }
            let pause = match crew.round(&mut settling, look, stopping).await {
                // There may be more than one transaction takes, and it is claimed before those who send have nothing left to do.
                Ok(round) if round.took => {
                    while let Ok(one) = finished.try_recv() {
                        settling.push(one);
                    }
                    look = true;
                    continue;
                }
                Ok(round) => round.pause,
                Err(error) => {
                    tracing::error!(%error, "the outbox could not be worked on; trying again");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    // One row that the database refuses must not hold up the others.
                    crew.settle_singly(&mut settling).await;
                    MAX_PAUSE
                }
            };
            if stopping && crew.sending.is_empty() && settling.is_empty() {
                return;
            }
            look = pause.is_zero();
            tokio::select! {
                Some(one) = finished.recv() => {
                    settling.push(one);
                    while let Ok(one) = finished.try_recv() {
                        settling.push(one);
                    }
                    // There is nothing to wait for when half have come back, or no more come: what is claimed next must be there before the
                    // rest has left.
                    let (enough, mut gathered) = (crew.held().div_ceil(2).max(ENOUGH), 0);
                    for _ in 0..GATHER_TIMES {
                        if settling.len() >= enough || settling.len() == gathered {
                            break;
                        }
                        gathered = settling.len();
                        tokio::time::sleep(GATHER).await;
                        while let Ok(one) = finished.try_recv() {
                            settling.push(one);
                        }
                    }
                }
                () = crew.dispatcher.outbox.notified(), if !stopping => look = true,
                () = tokio::time::sleep(pause) => look = true,
                () = cancel.cancelled(), if !stopping => {}
            }
            // What finished meanwhile shares the transaction.
            while let Ok(one) = finished.try_recv() {
                settling.push(one);
            }
        }
    }
}

impl Dispatcher {
    /// One attempt. It always ends: a provider that takes too long is given up.
    async fn attempt(&self, ready: &Ready) -> (Attempt, Result<Receipt, DeliveryError>) {
        let (at, begun) = (self.clock.now(), Instant::now());
        let attempting = Attempting {
            id: &ready.claimed.id,
            external_id: ready.external_id.as_deref(),
            further_ids: &ready.further_ids,
            attempts: ready.claimed.attempts,
            unconfirmed: &ready.unconfirmed,
            last_delivered: ready.last_delivered,
            now: at,
            chance: &self.chance,
            transcript: Transcript::default(),
        };
        let whole = match &ready.claimed.message.body {
            Body::Alert(alert) if alert.seen.answer.is_some() => Box::pin(self.with_answer(ready)).await,
            _ => None,
        };
        let message = whole.as_ref().unwrap_or(&ready.claimed.message);
        let result = deliver(&self.outbound, &ready.settings, message, &attempting).await;
        (recorded(&attempting, at, begun, &result), result)
    }

    /// The message with all of the answer that the failing check got, where the integration tells it and it is still kept. It is read only
    /// now, because the messages that are held may be thousands; without it the message tells its start.
    async fn with_answer(&self, ready: &Ready) -> Option<Message> {
        let Body::Alert(alert) = &ready.claimed.message.body else { return None };
        let key = alert.seen.answer.filter(|_| providers::of(&ready.settings).tells_answer())?;
        let read = async { answers::get(&mut self.db.read().await?, key).await };
        let answer = read.await.inspect_err(|why| {
            tracing::warn!(delivery = %ready.claimed.id, %why, "the whole answer could not be read; the message tells its start");
        });
        let mut message = ready.claimed.message.clone();
        let Body::Alert(alert) = &mut message.body else { return None };
        alert.seen.excerpt = Some(answer.ok()??);
        Some(message)
    }

    /// Tries an integration with a message, without the outbox: nothing is kept, and everything that was said within `limit` is
    /// returned. The addresses in `unconfirmed` get nothing.
    pub async fn trial(
        &self,
        settings: &IntegrationSettings,
        unconfirmed: &[String],
        message: &Message,
        id: &DeliveryId,
        limit: Duration,
    ) -> (Attempt, Result<Receipt, DeliveryError>) {
        let (at, begun) = (self.clock.now(), Instant::now());
        let attempting = Attempting {
            id,
            external_id: None,
            further_ids: &[],
            attempts: 0,
            unconfirmed,
            last_delivered: None,
            now: at,
            chance: &self.chance,
            transcript: Transcript::default(),
        };
        let sending = deliver(&self.outbound, settings, message, &attempting);
        // Only the sending is given up: what was said until then stands in the transcript.
        let result = tokio::time::timeout(limit, sending).await.unwrap_or_else(|_| {
            Err(DeliveryError::retry(format!(
                "no answer within {} s, which is as long as a test may take (server.request_timeout); it may still arrive",
                limit.as_secs_f64()
            )))
        });
        (recorded(&attempting, at, begun, &result), result)
    }
}

async fn deliver(
    outbound: &Outbound,
    settings: &IntegrationSettings,
    message: &Message,
    attempting: &Attempting<'_>,
) -> Result<Receipt, DeliveryError> {
    let provider = providers::of(settings);
    let timeout = provider.timeout();
    // A fault of ours must end one message only, not the task that sends the next ones.
    let sending = AssertUnwindSafe(provider.deliver(outbound, message, attempting)).catch_unwind();
    match tokio::time::timeout(timeout, sending).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => {
            let words = words_of_panic(panic.as_ref());
            tracing::error!(delivery = %attempting.id, panic = words, "a provider panicked; only this message failed");
            Err(DeliveryError::retry("Pharos itself failed; its log says where."))
        }
        Err(_) => Err(DeliveryError::retry(format!("no answer within {} s", timeout.as_secs()))),
    }
}

fn recorded(
    attempting: &Attempting<'_>,
    at: Timestamp,
    begun: Instant,
    result: &Result<Receipt, DeliveryError>,
) -> Attempt {
    let lines = attempting.transcript.take();
    Attempt {
        at,
        duration_ms: i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX),
        status: lines.status,
        request: lines.request,
        response: lines.response,
        error: result.as_ref().err().map(ToString::to_string),
    }
}

//! Empties the outbox: claims what is due, hands it to the providers, and writes down what became of it.
//!
//! At least once, with an id that stays the same: a message whose sender died is sent again when its lease ran out. One loop a
//! node; each of its rounds settles what has finished and claims the next in one transaction, so that thousands of messages cost
//! tens of commits.

mod judge;
mod rules;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::delivery::DeliveryState;
use domain::id::{DeliveryId, IntegrationKey};
use domain::integration::IntegrationSettings;
use domain::message::Message;
use domain::time::{SECOND, Timestamp};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::providers::{self, Attempting, DeliveryError, Outbound, Receipt, Transcript};
use crate::store::deliveries::{self, Attempt, Claimed};
use crate::store::{self, Db, Tx, integrations, projects};

use judge::Plan;
use rules::{Paces, settlement, wait_for_turn};

/// Messages on their way at a time, of this node.
const MOST: usize = 256;
/// Of them, to one integration.
const MOST_TO_ONE: usize = 8;
/// Messages that are claimed in one transaction.
const BATCH: usize = 100;
/// How long a claim holds beyond the provider's own time-out, in milliseconds.
const LEASE: i64 = 90 * SECOND;
/// How long messages on their way are waited for when the program stops. Who sends them is not known to anybody else until their
/// leases run out or this node starts again.
const DRAIN: Duration = Duration::from_secs(5);
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

/// A message whose attempt has ended.
#[derive(Debug)]
struct Finished {
    claimed: Claimed,
    /// The settings that it was sent with.
    before: IntegrationSettings,
    attempt: Attempt,
    result: Result<Receipt, DeliveryError>,
}

impl Dispatcher {
    /// Sends everything that is due now, and comes back when all of it has ended.
    ///
    /// # Errors
    /// When the database fails; what was not settled is sent again when its lease runs out.
    pub async fn pass(&self) -> store::Result<()> {
        let (done, mut finished) = mpsc::unbounded_channel();
        let mut crew = Crew::new(self.clone(), done);
        let mut settling = Vec::new();
        loop {
            let round = crew.round(&mut settling, false).await?;
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
        let (done, mut finished) = mpsc::unbounded_channel();
        let mut crew = Crew::new(self, done);
        let mut settling: Vec<Finished> = Vec::new();
        let mut until: Option<Instant> = None;
        loop {
            let stopping = cancel.is_cancelled();
            if stopping && *until.get_or_insert_with(|| Instant::now() + DRAIN) < Instant::now() {
                tracing::warn!(
                    messages = crew.sending.len(),
                    "messages were still on their way; they are sent again"
                );
                return;
            }
            let pause = match crew.round(&mut settling, stopping).await {
                // There may be more than one transaction takes.
                Ok(round) if round.took => Duration::ZERO,
                Ok(round) => round.pause,
                Err(error) => {
                    tracing::error!(%error, "the outbox could not be worked on; trying again");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    MAX_PAUSE
                }
            };
            if stopping && crew.sending.is_empty() && settling.is_empty() {
                return;
            }
            tokio::select! {
                Some(one) = finished.recv() => settling.push(one),
                () = crew.dispatcher.outbox.notified(), if !stopping => {}
                () = tokio::time::sleep(pause) => {}
                () = cancel.cancelled(), if !stopping => {}
            }
            // What finished meanwhile shares the transaction.
            while let Ok(one) = finished.try_recv() {
                settling.push(one);
            }
        }
    }
}

/// The loop's own state.
struct Crew {
    dispatcher: Dispatcher,
    done: mpsc::UnboundedSender<Finished>,
    /// Messages on their way, by integration.
    sending: HashMap<IntegrationKey, usize>,
    tasks: TaskTracker,
    paces: Paces,
}

/// What a round did.
#[derive(Clone, Copy, Debug)]
struct Round {
    /// Whether it claimed anything.
    took: bool,
    /// How long there is nothing to do.
    pause: Duration,
}

/// A message that is ready to leave.
struct Ready {
    claimed: Claimed,
    settings: IntegrationSettings,
    external_id: Option<String>,
    last_delivered: Option<Timestamp>,
}

impl Crew {
    fn new(dispatcher: Dispatcher, done: mpsc::UnboundedSender<Finished>) -> Self {
        Self { dispatcher, done, sending: HashMap::new(), tasks: TaskTracker::new(), paces: Paces::default() }
    }

    /// Settles what has finished and claims what is due.
    async fn round(&mut self, settling: &mut Vec<Finished>, stopping: bool) -> store::Result<Round> {
        let now = self.dispatcher.clock.now();
        if settling.is_empty() {
            // Most rounds find nothing, and must not stand in the way of whoever writes.
            let mut tx = self.dispatcher.db.read().await?;
            if !deliveries::any_due(&mut tx, now).await? {
                let next = deliveries::next_due(&mut tx, now).await?;
                return Ok(Round { took: false, pause: self.pause(next) });
            }
        }
        let mut tx = self.dispatcher.db.write().await?;
        for finished in settling.iter() {
            self.settle(&mut tx, finished, now).await?;
        }
        let (mut ready, mut took) = (Vec::new(), false);
        let room = MOST.saturating_sub(self.sending.values().sum::<usize>()).min(BATCH);
        let stopped = projects::only(&mut tx).await?.is_some_and(|project| project.all_stop);
        if !stopping && !stopped && room > 0 {
            let full: Vec<_> =
                self.after(settling).filter(|(_, count)| *count >= MOST_TO_ONE).map(|(key, _)| key).collect();
            let until = Timestamp(now.0 + LEASE);
            let limits = deliveries::Limits { total: room, each: MOST_TO_ONE, full: &full };
            let claimed = deliveries::claim(&mut tx, &self.dispatcher.node, now, until, &limits).await?;
            took = !claimed.is_empty();
            for claimed in claimed {
                if let Some(one) = self.prepare(&mut tx, claimed, now).await? {
                    ready.push(one);
                }
            }
        }
        let next = deliveries::next_due(&mut tx, now).await?;
        tx.commit().await?;
        // Memory follows only what was committed.
        for finished in settling.drain(..) {
            if let Some(count) = self.sending.get_mut(&finished.claimed.integration) {
                *count -= 1;
                if *count == 0 {
                    self.sending.remove(&finished.claimed.integration);
                }
            }
        }
        for one in ready {
            *self.sending.entry(one.claimed.integration).or_default() += 1;
            self.send(one);
        }
        Ok(Round { took, pause: self.pause(next) })
    }

    /// How long until a due time.
    fn pause(&self, next: Option<Timestamp>) -> Duration {
        let pause = next.map_or(MAX_PAUSE, |next| {
            Duration::from_millis(u64::try_from(next.since(self.dispatcher.clock.now())).unwrap_or(0))
        });
        pause.min(MAX_PAUSE)
    }

    /// How many messages are on their way to each integration once `settling` is settled.
    fn after<'a>(&'a self, settling: &'a [Finished]) -> impl Iterator<Item = (IntegrationKey, usize)> + 'a {
        self.sending.iter().map(|(key, count)| {
            let ended = settling.iter().filter(|finished| finished.claimed.integration == *key).count();
            (*key, count.saturating_sub(ended))
        })
    }

    /// Looks whether a claimed message is still to be sent; what is not is settled here.
    async fn prepare(&self, tx: &mut Tx, claimed: Claimed, now: Timestamp) -> store::Result<Option<Ready>> {
        match judge::judge(tx, &claimed, now).await? {
            Plan::Send { settings, external_id, last_delivered } => {
                Ok(Some(Ready { claimed, settings: *settings, external_id, last_delivered }))
            }
            Plan::Settle(settlement) => {
                deliveries::settle(tx, &claimed, &self.dispatcher.node, None, &settlement, now).await?;
                Ok(None)
            }
        }
    }

    /// Sends a message in a task of its own.
    fn send(&self, ready: Ready) {
        let (dispatcher, done, paces) = (self.dispatcher.clone(), self.done.clone(), self.paces.clone());
        self.tasks.spawn(async move {
            if let Some(pace) = providers::of(&ready.settings).pace() {
                wait_for_turn(&paces, ready.claimed.integration, pace).await;
            }
            let (attempt, result) = dispatcher.attempt(&ready).await;
            // The loop lives until the last message has come back.
            let _ = done.send(Finished { claimed: ready.claimed, before: ready.settings, attempt, result });
        });
    }

    /// Writes what became of an attempt.
    async fn settle(&self, tx: &mut Tx, finished: &Finished, now: Timestamp) -> store::Result<()> {
        let Finished { claimed, before, attempt, result } = finished;
        let settlement = settlement(claimed.attempts + 1, result, now);
        let ours =
            deliveries::settle(tx, claimed, &self.dispatcher.node, Some(attempt), &settlement, now).await?;
        if !ours {
            tracing::warn!(delivery = %claimed.id, "a message took so long that somebody else took it over");
            return Ok(());
        }
        if let Ok(Receipt { learned: Some(learned), .. }) = result {
            integrations::learn(tx, claimed.integration, before, learned, now).await?;
        }
        match settlement.state {
            DeliveryState::Delivered => integrations::set_failing(tx, claimed.integration, None, now).await,
            DeliveryState::Failed => {
                let reason = settlement.error.as_deref().unwrap_or_default();
                tracing::warn!(delivery = %claimed.id, reason, "a message could not be delivered");
                integrations::set_failing(tx, claimed.integration, Some(reason), now).await
            }
            DeliveryState::Waiting
            | DeliveryState::Sending
            | DeliveryState::Retrying
            | DeliveryState::Skipped
            | DeliveryState::Grouped => Ok(()),
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
            attempts: ready.claimed.attempts,
            last_delivered: ready.last_delivered,
            now: at,
            chance: &self.chance,
            transcript: Transcript::default(),
        };
        let result = deliver(&self.outbound, &ready.settings, &ready.claimed.message, &attempting).await;
        (recorded(&attempting, at, begun, &result), result)
    }

    /// Tries an integration with a message, without the outbox: nothing is kept, and everything that was said is returned.
    pub async fn trial(
        &self,
        settings: &IntegrationSettings,
        message: &Message,
        id: &DeliveryId,
    ) -> (Attempt, Result<Receipt, DeliveryError>) {
        let (at, begun) = (self.clock.now(), Instant::now());
        let attempting = Attempting {
            id,
            external_id: None,
            attempts: 0,
            last_delivered: None,
            now: at,
            chance: &self.chance,
            transcript: Transcript::default(),
        };
        let result = deliver(&self.outbound, settings, message, &attempting).await;
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
    match tokio::time::timeout(timeout, provider.deliver(outbound, message, attempting)).await {
        Ok(result) => result,
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

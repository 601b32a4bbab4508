//! The loop's rounds: settle what has ended, claim what is due, and let it leave.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use domain::delivery::DeliveryState;
use domain::id::IntegrationKey;
use domain::integration::IntegrationSettings;
use domain::time::{SECOND, Timestamp};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::providers::{self, Receipt};
use crate::store::deliveries::{self, Claimed, Limits, Settlement};
use crate::store::integrations::{self, Integration};
use crate::store::settling::{self, Settled};
use crate::store::{self, Tx, projects};

use super::judge::{self, Plan};
use super::rules::{Paces, settlement, wait_for_turn};
use super::{Dispatcher, Finished, MAX_PAUSE};

/// Messages that this node holds at a time.
const MOST: usize = 2_048;
/// Messages that leave at the same time, to everybody.
const SENDING: usize = 256;
/// Of them, to one integration.
const SENDING_TO_ONE: usize = 8;
/// Messages to one integration that are held so that the next ones need not wait for a transaction.
const AHEAD: usize = 256;
/// Messages that are claimed in one transaction.
const BATCH: usize = 512;
/// How long a claim holds, in milliseconds: the longest wait for a turn, and then the longest time-out of a provider.
const LEASE: i64 = 100 * SECOND;
/// How long a message waits for its turn before it is given back: its lease must not end while it is on its way.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The loop's own state.
pub(super) struct Crew {
    pub(super) dispatcher: Dispatcher,
    done: mpsc::UnboundedSender<Finished>,
    /// Messages that are held, by integration.
    pub(super) sending: HashMap<IntegrationKey, usize>,
    /// Turns of each integration.
    lanes: HashMap<IntegrationKey, Arc<Semaphore>>,
    turns: Arc<Semaphore>,
    tasks: TaskTracker,
    paces: Paces,
}

/// What a round did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    /// Whether it claimed anything.
    pub(super) took: bool,
    /// How long there is nothing to do.
    pub(super) pause: Duration,
}

/// A message that is ready to leave.
pub(super) struct Ready {
    pub(super) claimed: Claimed,
    pub(super) settings: Arc<IntegrationSettings>,
    pub(super) external_id: Option<String>,
    pub(super) last_delivered: Option<Timestamp>,
}

impl Crew {
    pub(super) fn new(dispatcher: Dispatcher, done: mpsc::UnboundedSender<Finished>) -> Self {
        Self {
            dispatcher,
            done,
            sending: HashMap::new(),
            lanes: HashMap::new(),
            turns: Arc::new(Semaphore::new(SENDING)),
            tasks: TaskTracker::new(),
            paces: Paces::default(),
        }
    }

    /// Settles what has finished and claims what is due.
    pub(super) async fn round(
        &mut self,
        settling: &mut Vec<Finished>,
        stopping: bool,
    ) -> store::Result<Round> {
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
        self.settle(&mut tx, settling, now).await?;
        let (mut ready, mut took) = (Vec::new(), false);
        let room = MOST.saturating_sub(self.sending.values().sum::<usize>()).min(BATCH);
        let stopped = projects::only(&mut tx).await?.is_some_and(|project| project.all_stop);
        if !stopping && !stopped && room > 0 {
            let full: Vec<_> =
                self.after(settling).filter(|(_, count)| *count >= AHEAD / 2).map(|(key, _)| key).collect();
            let until = Timestamp(now.0 + LEASE);
            let limits = Limits { total: room, each: AHEAD, full: &full };
            let claimed = deliveries::claim(&mut tx, &self.dispatcher.node, now, until, &limits).await?;
            took = !claimed.is_empty();
            ready = self.prepare(&mut tx, claimed, now).await?;
        }
        // Whoever took something comes back at once.
        let next = if took { None } else { deliveries::next_due(&mut tx, now).await? };
        tx.commit().await?;
        // Memory follows only what was committed.
        for finished in settling.drain(..) {
            let key = finished.claimed.integration;
            if let Some(count) = self.sending.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    self.sending.remove(&key);
                    self.lanes.remove(&key);
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

    /// How many messages to each integration are held once `settling` is settled.
    fn after<'a>(&'a self, settling: &'a [Finished]) -> impl Iterator<Item = (IntegrationKey, usize)> + 'a {
        let mut ended: HashMap<IntegrationKey, usize> = HashMap::new();
        for finished in settling {
            *ended.entry(finished.claimed.integration).or_default() += 1;
        }
        self.sending.iter().map(move |(key, count)| {
            (*key, count.saturating_sub(ended.get(key).copied().unwrap_or_default()))
        })
    }

    /// Looks which claimed messages are still to be sent; those that are not are settled here.
    async fn prepare(&self, tx: &mut Tx, claimed: Vec<Claimed>, now: Timestamp) -> store::Result<Vec<Ready>> {
        let mut integrations: HashMap<IntegrationKey, Option<Integration>> = HashMap::new();
        let mut shared: HashMap<IntegrationKey, Arc<IntegrationSettings>> = HashMap::new();
        let (mut ready, mut settled) = (Vec::with_capacity(claimed.len()), Vec::new());
        for claimed in claimed {
            let key = claimed.integration;
            if let Entry::Vacant(unknown) = integrations.entry(key) {
                unknown.insert(integrations::get(tx, key).await?);
            }
            let integration = integrations.get(&key).and_then(Option::as_ref);
            match judge::judge(tx, &claimed, integration, now).await? {
                Plan::Send { settings, external_id, last_delivered } => {
                    let settings = shared.entry(key).or_insert_with(|| Arc::new(settings.clone())).clone();
                    ready.push(Ready { claimed, settings, external_id, last_delivered });
                }
                Plan::Settle(settlement) => settled.push((claimed, settlement)),
            }
        }
        let rows: Vec<_> = settled
            .iter()
            .map(|(claimed, settlement)| Settled { claimed, attempt: None, settlement })
            .collect();
        settling::settle(tx, &self.dispatcher.node, &rows, now).await?;
        Ok(ready)
    }

    /// Sends a message in a task of its own, when it is its turn.
    fn send(&mut self, ready: Ready) {
        let (dispatcher, done, paces) = (self.dispatcher.clone(), self.done.clone(), self.paces.clone());
        let lane = self.lanes.entry(ready.claimed.integration);
        let lane = lane.or_insert_with(|| Arc::new(Semaphore::new(SENDING_TO_ONE))).clone();
        let turns = self.turns.clone();
        self.tasks.spawn(async move {
            let claimed_at = Instant::now();
            // Neither semaphore is ever closed.
            let _lane = lane.acquire().await;
            let _turn = turns.acquire().await;
            if let Some(pace) = providers::of(&ready.settings).pace() {
                wait_for_turn(&paces, ready.claimed.integration, pace).await;
            }
            let in_time = claimed_at.elapsed() < LONGEST_WAIT;
            let outcome = if in_time { Some(dispatcher.attempt(&ready).await) } else { None };
            // The loop lives until the last message has come back.
            let _ = done.send(Finished { claimed: ready.claimed, before: ready.settings, outcome });
        });
    }

    /// Writes what became of attempts.
    async fn settle(&self, tx: &mut Tx, all: &[Finished], now: Timestamp) -> store::Result<()> {
        if all.is_empty() {
            return Ok(());
        }
        let settlements: Vec<Settlement> = all
            .iter()
            .map(|finished| match &finished.outcome {
                Some((_, result)) => settlement(finished.claimed.attempts + 1, result, now),
                None => Settlement {
                    state: DeliveryState::Waiting,
                    due_at: Some(now),
                    external_id: None,
                    error: None,
                },
            })
            .collect();
        let rows: Vec<_> = all
            .iter()
            .zip(&settlements)
            .map(|(finished, settlement)| Settled {
                claimed: &finished.claimed,
                attempt: finished.outcome.as_ref().map(|(attempt, _)| attempt),
                settlement,
            })
            .collect();
        let ours = settling::settle(tx, &self.dispatcher.node, &rows, now).await?;
        // The last word on each integration.
        let mut verdicts: HashMap<IntegrationKey, Option<&str>> = HashMap::new();
        for (finished, settlement) in all.iter().zip(&settlements) {
            let claimed = &finished.claimed;
            if !ours.contains(&claimed.key) {
                tracing::warn!(delivery = %claimed.id, "a message took so long that somebody else took it over");
                continue;
            }
            if let Some((_, Ok(Receipt { learned: Some(learned), .. }))) = &finished.outcome {
                integrations::learn(tx, claimed.integration, &finished.before, learned, now).await?;
            }
            match settlement.state {
                DeliveryState::Delivered => {
                    verdicts.insert(claimed.integration, None);
                }
                DeliveryState::Failed => {
                    let reason = settlement.error.as_deref().unwrap_or_default();
                    tracing::warn!(delivery = %claimed.id, reason, "a message could not be delivered");
                    verdicts.insert(claimed.integration, Some(reason));
                }
                DeliveryState::Waiting
                | DeliveryState::Sending
                | DeliveryState::Retrying
                | DeliveryState::Skipped
                | DeliveryState::Grouped => {}
            }
        }
        for (integration, reason) in verdicts {
            integrations::set_failing(tx, integration, reason, now).await?;
        }
        Ok(())
    }
}

//! The loop's rounds: claim what is due, and let it leave.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::delivery::DeliveryState;
use domain::id::IntegrationKey;
use domain::integration::IntegrationSettings;
use domain::time::{SECOND, Timestamp};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::providers;
use crate::store::claiming::{self, Claimed, Limits};
use crate::store::deliveries::Settlement;
use crate::store::integrations::{self, Integration};
use crate::store::settling::{self, Settled};
use crate::store::{self, Tx, projects};

use super::judge::{self, Plan};
use super::lane::{Lane, Means, SENDING};
use super::rules::Paces;
use super::{Dispatcher, Finished, MAX_PAUSE, Outcome};

/// Messages that this node holds at a time.
const MOST: usize = 8_192;
/// Messages to one integration that are held, so that the next ones need not wait for a transaction, while nothing is known of its
/// speed: those that answer slowly or not at all must not hold the place of the others. As many as have all the turns fit in.
const ROOM: usize = MOST / 2 / SENDING;
/// Of what one half of the places has free, an integration of which nothing is known yet may hold one in so many, too: an outbox that is
/// full for few need not wait for their first answers.
const SHARE: usize = 16;
/// Messages to one integration that are held at most, when it takes them so fast.
const AHEAD: usize = 1_024;
/// As many times what it took in a round is held for an integration.
const ROUNDS_AHEAD: usize = 16;
/// Messages that are claimed in one transaction.
const BATCH: usize = 2_048;
/// The same while nothing stands in line, because whoever sends waits for it; a few times what does, where something does: to claim a
/// message takes less time than to send one.
const FIRST: usize = 512;
/// How long a claim holds, in milliseconds: the longest wait for a turn, and then the longest time-out of a provider.
const LEASE: i64 = 100 * SECOND;
/// How long what waits behind a message that has ended waits for the next look, in milliseconds: a look at a long queue costs as much
/// as some hundred messages.
const NEXT_LOOK: i64 = 50;
/// How long a message waits for its turn before it is given back: its lease must not end while it is on its way.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The loop's own state.
pub(super) struct Crew {
    pub(super) dispatcher: Dispatcher,
    means: Means,
    /// Messages that are held, by integration.
    pub(super) sending: HashMap<IntegrationKey, usize>,
    lanes: HashMap<IntegrationKey, Lane>,
    /// How many messages to an integration are held at most, where something is known of it.
    rooms: HashMap<IntegrationKey, usize>,
    /// Integrations that ask for a pace, whose room follows from it.
    paced: HashSet<IntegrationKey>,
    /// Integrations that held so much after the last look that there may be more for them.
    full: HashSet<IntegrationKey>,
    /// When to look for due messages, if nothing asks for it before.
    look_at: Timestamp,
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
    /// Boxed, because it goes from hand to hand.
    pub(super) claimed: Box<Claimed>,
    pub(super) settings: Arc<IntegrationSettings>,
    /// Addresses that get nothing.
    pub(super) unconfirmed: Vec<String>,
    pub(super) external_id: Option<String>,
    pub(super) further_ids: Vec<String>,
    pub(super) last_delivered: Option<Timestamp>,
    /// Whether other messages to the integration may wait to be tried again.
    pub(super) others_retry: bool,
}

impl Crew {
    pub(super) fn new(
        dispatcher: Dispatcher,
        done: mpsc::UnboundedSender<Finished>,
        stopping: CancellationToken,
    ) -> Self {
        let turns = Arc::new(Semaphore::new(SENDING));
        let means = Means { dispatcher: dispatcher.clone(), done, turns, paces: Paces::default(), stopping };
        Self {
            dispatcher,
            means,
            rooms: HashMap::new(),
            paced: HashSet::new(),
            full: HashSet::new(),
            look_at: Timestamp(0),
            sending: HashMap::new(),
            lanes: HashMap::new(),
        }
    }

    /// Settles what has finished, and claims what is due when it was told to `look`, when it is time, or when there is room again.
    pub(super) async fn round(
        &mut self,
        settling: &mut Vec<Finished>,
        look: bool,
        stopping: bool,
    ) -> store::Result<Round> {
        let now = self.dispatcher.clock.now();
        // Before the look, so that what was learned counts for it; a hope, which a failed commit does not make wrong.
        self.learn_rooms(settling);
        let look = !stopping && (look || now >= self.look_at || self.makes_room(settling));
        if settling.is_empty() {
            if !look {
                return Ok(Round { took: false, pause: self.pause() });
            }
            // Most looks find nothing, and must not stand in the way of whoever writes.
            let mut tx = self.dispatcher.db.read().await?;
            if !claiming::any_due(&mut tx, now).await? {
                let next = claiming::next_due(&mut tx, now).await?;
                self.look_at = by(next, now);
                return Ok(Round { took: false, pause: self.pause() });
            }
        }
        let mut tx = self.dispatcher.db.write().await?;
        self.settle(&mut tx, settling, now).await?;
        let (mut ready, mut took) = (Vec::new(), false);
        let mut look_at =
            if settling.is_empty() { self.look_at } else { self.look_at.min(Timestamp(now.0 + NEXT_LOOK)) };
        if look {
            let batch = (FIRST + 2 * self.lanes.values().map(Lane::len).sum::<usize>()).min(BATCH);
            let room = MOST.saturating_sub(self.held()).min(batch);
            let stopped = projects::only(&mut tx).await?.is_some_and(|project| project.all_stop);
            if !stopped && room > 0 {
                let full = self.after(settling).filter(|(key, held)| self.is_full(*key, *held));
                let full: Vec<_> = full.map(|(key, _)| key).collect();
                let until = Timestamp(now.0 + LEASE);
                let fast: Vec<_> =
                    self.rooms.iter().filter(|(_, room)| **room > ROOM).map(|(key, _)| *key).collect();
                // Those who let messages wait get no more than that.
                let is_slow = self.rooms.values().any(|room| *room <= ROOM);
                let each = if is_slow { ROOM } else { self.unknown_room() };
                let limits = Limits { total: room, each, full: &full, fast: &fast, each_fast: AHEAD };
                let claimed = claiming::claim(&mut tx, &self.dispatcher.node, now, until, &limits).await?;
                took = !claimed.is_empty();
                ready = self.prepare(&mut tx, claimed, now).await?;
            }
            // Whoever took something comes back at once.
            let next = if took { None } else { claiming::next_due(&mut tx, now).await? };
            look_at = by(next, now);
        }
        tx.commit().await?;
        // Memory follows only what was committed.
        self.look_at = look_at;
        for finished in settling.drain(..) {
            self.forget(finished.claimed.integration);
        }
        for one in ready {
            *self.sending.entry(one.claimed.integration).or_default() += 1;
            self.send(one);
        }
        if look {
            // One that takes everything at once keeps its room and its turns for what comes next.
            self.lanes.retain(|key, _| self.sending.contains_key(key));
            self.rooms.retain(|key, _| self.sending.contains_key(key));
            self.paced.retain(|key| self.sending.contains_key(key));
            let held = self.sending.iter().filter(|(key, held)| self.is_full(**key, **held));
            self.full = held.map(|(key, _)| *key).collect();
        }
        Ok(Round { took, pause: self.pause() })
    }

    /// How many messages this node holds.
    pub(super) fn held(&self) -> usize {
        self.sending.values().sum()
    }

    /// Whether nothing more is claimed for an integration of which so many are held.
    fn is_full(&self, key: IntegrationKey, held: usize) -> bool {
        held >= self.room(key).div_ceil(2)
    }

    /// Whether something can be claimed that could not be at the last look, once `settling` is settled.
    fn makes_room(&self, settling: &[Finished]) -> bool {
        if settling.is_empty() || self.full.is_empty() {
            return false;
        }
        self.after(settling).any(|(key, held)| self.full.contains(&key) && !self.is_full(key, held))
    }

    /// Makes room for what each integration takes, and takes the room of those that let messages wait for too long.
    fn learn_rooms(&mut self, finished: &[Finished]) {
        let unknown = self.unknown_room();
        // How many it took; none when one of them waited for too long.
        let mut took: HashMap<IntegrationKey, Option<usize>> = HashMap::new();
        for one in finished {
            let count = took.entry(one.claimed.integration).or_insert(Some(0));
            *count = count.filter(|_| matches!(one.outcome, Outcome::Tried(..))).map(|count| count + 1);
        }
        for (key, took) in took.into_iter().filter(|(key, _)| !self.paced.contains(key)) {
            let room = self.rooms.entry(key).or_insert(unknown);
            *room = took.map_or(ROOM, |took| (took * ROUNDS_AHEAD).min(AHEAD).max(*room));
        }
    }

    /// One message to an integration less.
    pub(super) fn forget(&mut self, key: IntegrationKey) {
        if let Some(count) = self.sending.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.sending.remove(&key);
            }
        }
    }

    /// How many messages to an integration are held at most.
    fn room(&self, key: IntegrationKey) -> usize {
        self.rooms.get(&key).copied().unwrap_or_else(|| self.unknown_room())
    }

    /// The same for one of which nothing is known.
    fn unknown_room(&self) -> usize {
        ROOM + (MOST / 2).saturating_sub(self.held()) / SHARE
    }

    /// How long until the next look.
    fn pause(&self) -> Duration {
        let left = self.look_at.since(self.dispatcher.clock.now());
        Duration::from_millis(u64::try_from(left).unwrap_or(0)).min(MAX_PAUSE)
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
    async fn prepare(
        &mut self,
        tx: &mut Tx,
        claimed: Vec<Claimed>,
        now: Timestamp,
    ) -> store::Result<Vec<Ready>> {
        let mut held: HashMap<IntegrationKey, usize> = HashMap::new();
        let mut integrations: HashMap<IntegrationKey, Option<Integration>> = HashMap::new();
        let mut shared: HashMap<IntegrationKey, Arc<IntegrationSettings>> = HashMap::new();
        let (mut ready, mut settled) = (Vec::with_capacity(claimed.len()), Vec::new());
        for mut claimed in claimed {
            let key = claimed.integration;
            if let Entry::Vacant(unknown) = integrations.entry(key) {
                unknown.insert(integrations::get(tx, key).await?);
            }
            let integration = integrations.get(&key).and_then(Option::as_ref);
            let node = &self.dispatcher.node;
            match judge::judge(tx, &mut claimed, integration, node, now).await? {
                Plan::Send { settings, unconfirmed, external_id, further_ids, last_delivered } => {
                    let held =
                        held.entry(key).or_insert_with(|| self.sending.get(&key).copied().unwrap_or(0));
                    if let Some(later) = beyond_room(settings, *held) {
                        settled.push((claimed, waiting(Timestamp(now.0 + later))));
                        continue;
                    }
                    if let Some((room, _)) = room_of(settings) {
                        self.rooms.insert(key, room);
                        self.paced.insert(key);
                    }
                    *held += 1;
                    let settings = shared.entry(key).or_insert_with(|| Arc::new(settings.clone())).clone();
                    let unconfirmed = unconfirmed.to_vec();
                    let claimed = Box::new(claimed);
                    let others_retry = integration.is_some_and(|one| one.retries_until.is_some());
                    ready.push(Ready {
                        claimed,
                        settings,
                        unconfirmed,
                        external_id,
                        further_ids,
                        last_delivered,
                        others_retry,
                    });
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

    /// Sends a message when it is its turn.
    fn send(&mut self, ready: Ready) {
        let lane = self.lanes.entry(ready.claimed.integration).or_default();
        lane.push(ready, Instant::now() + LONGEST_WAIT, &self.means);
    }

    /// Takes back what has not left yet, when the program stops.
    pub(super) fn give_up_waiting(&mut self) -> Vec<Finished> {
        let waiting = self.lanes.values().flat_map(Lane::empty);
        waiting.map(|ready| Finished::of(ready, Outcome::NotNow(Duration::ZERO))).collect()
    }
}

/// When to look next: when the next message is due, but soon in any case.
fn by(next: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let latest = Timestamp(now.0 + i64::try_from(MAX_PAUSE.as_millis()).unwrap_or(0));
    next.map_or(latest, |next| next.min(latest))
}

/// How many messages to an integration that asks for a pace are held at most, and the pace in milliseconds: no more than may leave before
/// the last of them has waited too long.
fn room_of(settings: &IntegrationSettings) -> Option<(usize, i64)> {
    let pace = providers::of(settings).pace()?.as_millis().max(1);
    let room = usize::try_from(LONGEST_WAIT.as_millis() / pace).unwrap_or(AHEAD).clamp(1, AHEAD);
    Some((room, i64::try_from(pace).unwrap_or(i64::MAX)))
}

/// How much later there may be room for one more, in milliseconds, when so many are held.
fn beyond_room(settings: &IntegrationSettings, held: usize) -> Option<i64> {
    let (room, pace) = room_of(settings)?;
    (held >= room).then(|| pace.saturating_mul(i64::try_from(room).unwrap_or(i64::MAX)))
}

/// Not now.
pub(super) fn waiting(due_at: Timestamp) -> Settlement {
    Settlement { state: DeliveryState::Waiting, due_at: Some(due_at), external_id: None, error: None }
}

#[cfg(test)]
mod tests {
    use domain::integration::{DiscordSettings, WebhookSettings};

    use super::*;

    #[test]
    fn no_more_is_held_than_may_leave_in_time() {
        let chat = DiscordSettings::to("https://discord.com/api/webhooks/1/a").into();
        let (room, pace) = room_of(&chat).unwrap();
        assert_eq!(i64::try_from(room).unwrap() * pace, i64::try_from(LONGEST_WAIT.as_millis()).unwrap());
        assert_eq!((beyond_room(&chat, room - 1), beyond_room(&chat, room)), (None, Some(30_000)));
        assert_eq!(beyond_room(&WebhookSettings::to("https://example.org").into(), 10_000), None);
    }
}

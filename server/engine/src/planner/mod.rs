//! Turns events into messages: follows the events with a cursor in the database, and keeps the due times of escalation and
//! reminders as rows, so that neither a restart nor a second node loses or doubles one. Nothing is sent from here.

mod ending;
mod levels;
mod storm;
mod subscribed;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::alert::AlertKind;
use domain::event::Event;
use domain::id::{AlertId, DefinitionKey, DeliveryId, IncidentKey, IntegrationId, IntegrationKey, ProjectId};
use domain::integration::{Audience, ProviderKind};
use domain::message::{Alert, Body, LevelFacts, Message};
use domain::time::{MINUTE, SECOND, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::bus::Bus;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::links;
use crate::store::alerts::{self, AlertRow, DIRECT};
use crate::store::deliveries::{self, NewDelivery};
use crate::store::outages::{self, Outage};
use crate::store::subscriptions::Subscription;
use crate::store::{self, Db, Tx, definitions, events, integrations, pages, projects};
use levels::Found;

/// Events and due times in one transaction: a mass outage never holds the only writer for long.
const BATCH: i64 = 100;
/// The longest pause, so that a clock that jumps and another node's alerts are noticed.
const MAX_PAUSE: Duration = Duration::from_secs(2);
/// How long an alert that is held back waits before it is looked at again, in milliseconds.
pub(crate) const HELD_BACK: i64 = 15 * SECOND;
/// The same for one on a level that is switched off.
const OFF: i64 = MINUTE;
/// How close together two levels tell the same, in milliseconds: then one of them is enough.
const DOUBLE: i64 = MINUTE;
/// How long a check may take to be recorded once it is due, in milliseconds: longer than the longest time-out.
const MARGIN: i64 = 2 * MINUTE;

/// What the planner works with.
#[derive(Clone, Debug)]
pub struct Planner {
    /// Where events come from and messages go to.
    pub db: Db,
    /// The time of day.
    pub clock: Clock,
    /// For public ids.
    pub chance: Chance,
    /// Where the console is, for links; empty when nobody configured it, and `links` knows.
    pub base_url: String,
    /// Rung when there are messages.
    pub outbox: Arc<Notify>,
    /// When the program started.
    pub started_at: Timestamp,
}

impl Planner {
    /// Plans until cancelled.
    pub async fn run(self, bus: Bus, cancel: CancellationToken) {
        let mut events = bus.events();
        while !cancel.is_cancelled() {
            let pause = match self.round().await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(%error, "messages could not be planned; trying again");
                    MAX_PAUSE
                }
            };
            tokio::select! {
                // A lagging listener wakes up all the same: what counts stands in the table.
                _ = events.recv() => {}
                () = tokio::time::sleep(pause) => {}
                () = cancel.cancelled() => {}
            }
        }
    }

    /// Plans everything that there is to plan; returns how long it may pause then.
    ///
    /// # Errors
    /// When the database fails; nothing is lost, and the next round goes on from there.
    pub async fn round(&self) -> store::Result<Duration> {
        loop {
            let now = self.clock.now();
            if let Some(pause) = self.idle(now).await? {
                return Ok(pause);
            }
            let mut tx = self.db.write().await?;
            let mut work = Work {
                planner: self,
                tx: &mut tx,
                now,
                planned: 0,
                integrations: HashMap::new(),
                subscriptions: None,
                place: None,
            };
            let events = work.follow().await?;
            let stopped = work.is_stopped().await?;
            let due = if stopped { Vec::new() } else { alerts::due(work.tx, now, BATCH).await? };
            for alert in &due {
                work.look_at(alert.clone()).await?;
            }
            let planned = work.planned;
            let next = if stopped { None } else { alerts::next_due(&mut tx).await? };
            tx.commit().await?;
            if planned > 0 {
                self.outbox.notify_one();
            }
            let full = |count: usize| i64::try_from(count).unwrap_or(BATCH) >= BATCH;
            if !full(events) && !full(due.len()) {
                return Ok(self.pause(next));
            }
        }
    }

    /// Whether there is nothing to plan, and for how long: most rounds must not stand in the way of whoever writes.
    async fn idle(&self, now: Timestamp) -> store::Result<Option<Duration>> {
        let mut tx = self.db.read().await?;
        // While all telling is stopped, alerts stay where they are.
        let stopped = projects::only(&mut tx).await?.is_some_and(|project| project.all_stop);
        let next = if stopped { None } else { alerts::next_due(&mut tx).await? };
        let due = next.is_some_and(|next| next <= now);
        Ok((!due && !events::are_unplanned(&mut tx).await?).then(|| self.pause(next)))
    }

    fn pause(&self, next: Option<Timestamp>) -> Duration {
        let pause = next.map_or(MAX_PAUSE, |next| {
            Duration::from_millis(u64::try_from(next.since(self.clock.now())).unwrap_or(0))
        });
        pause.min(MAX_PAUSE)
    }
}

/// One transaction of the planner.
struct Work<'a> {
    planner: &'a Planner,
    tx: &'a mut Tx,
    now: Timestamp,
    /// Messages that were put into the outbox.
    planned: usize,
    /// Integrations that were looked up; `None` for those that are gone or switched off.
    integrations: HashMap<IntegrationId, Option<Addressee>>,
    /// Subscriptions to events, once they were asked for.
    subscriptions: Option<Vec<Subscription>>,
    /// What all messages say of where they come from, once it was asked for.
    place: Option<Place>,
}

/// Where messages come from.
#[derive(Clone)]
struct Place {
    /// What links begin with; empty when nobody knows.
    base_url: String,
    /// The zone in which people read times: that of the status page.
    time_zone: String,
    /// The project.
    project: Option<ProjectId>,
}

/// Whether alerts of an outage have to wait, because its monitor is muted or hangs on something that does not work.
pub(crate) async fn is_held_back(tx: &mut Tx, open: &outages::Open, now: Timestamp) -> store::Result<bool> {
    outages::is_held_back(tx, open, now, MARGIN).await
}

/// An integration as the planner needs it.
#[derive(Clone, Copy, Debug)]
struct Addressee {
    key: IntegrationKey,
    kind: ProviderKind,
}

impl Work<'_> {
    /// Whether all telling is stopped.
    async fn is_stopped(&mut self) -> store::Result<bool> {
        Ok(projects::only(self.tx).await?.is_some_and(|project| project.all_stop))
    }

    /// Follows the events that are new; returns how many there were.
    async fn follow(&mut self) -> store::Result<usize> {
        let cursor = events::planned(self.tx).await?;
        let news = events::after(self.tx, cursor, BATCH).await?;
        for numbered in &news {
            match &numbered.event {
                Event::IncidentOpened { incident, .. } => self.opened(*incident).await?,
                Event::IncidentResolved { incident, .. } => self.resolved(*incident).await?,
                Event::IncidentUpdated { incident, .. } => self.updated(*incident).await?,
                Event::MonitorSaved { .. }
                | Event::MonitorMuted { .. }
                | Event::StateChanged { .. }
                | Event::PageSaved { .. } => {}
            }
            self.subscribed(numbered).await?;
        }
        if let Some(last) = news.last() {
            events::set_planned(self.tx, last.seq).await?;
        }
        Ok(news.len())
    }

    /// Puts an incident on every level that may be told of it.
    async fn opened(&mut self, incident: IncidentKey) -> store::Result<()> {
        let Some(outage) = outages::get(self.tx, incident).await? else { return Ok(()) };
        if !integrations::attached(self.tx, outage.monitor).await?.is_empty() {
            self.begin(incident, DIRECT, 0).await?;
        }
        for definition in definitions::of_monitor(self.tx, outage.monitor).await? {
            for (level, _) in (0..).zip(&definition.draft.levels) {
                self.begin(incident, definition.key, level).await?;
            }
        }
        Ok(())
    }

    async fn begin(
        &mut self,
        incident: IncidentKey,
        definition: DefinitionKey,
        level: u32,
    ) -> store::Result<()> {
        let id = AlertId::new(self.planner.chance.bytes());
        alerts::insert(self.tx, &id, incident, definition, level, self.now).await?;
        Ok(())
    }

    /// Looks at an incident on a level that is due.
    async fn look_at(&mut self, mut alert: AlertRow) -> store::Result<()> {
        alert.due_at = self.next(&mut alert).await?;
        alerts::update(self.tx, &alert).await
    }

    /// Raises or reminds, if it is time; returns when to look again. Most looks find that it is not, so they read little.
    async fn next(&mut self, alert: &mut AlertRow) -> store::Result<Option<Timestamp>> {
        let Some(open) = outages::open(self.tx, alert.incident).await? else { return Ok(None) };
        if open.acknowledged {
            return Ok(None);
        }
        if let Some(until) = open.snoozed_until.filter(|until| *until > self.now) {
            return Ok(Some(until));
        }
        if is_held_back(self.tx, &open, self.now).await? || self.is_from_before(&open) {
            return Ok(Some(Timestamp(self.now.0 + HELD_BACK)));
        }
        let (level, facts) = match self.level(alert, open.monitor).await? {
            Found::Gone => return Ok(None),
            // Somebody may switch it on again while the outage goes on.
            Found::Off => return Ok(Some(Timestamp(self.now.0 + OFF))),
            Found::Level(level, facts) => (level, facts),
        };
        let errors = outages::errors(self.tx, open.monitor, open.started_at).await?;
        let (kind, cause) = if alert.raised_at.is_some() {
            if alert.reminders >= level.reminders {
                return Ok(None);
            }
            alert.reminders += 1;
            (AlertKind::Reminder, format!("reminder:{}:{}", alert.key.0, alert.reminders))
        } else {
            if let Err(later) = level.is_reached(open.started_at, errors, self.now, open.interval) {
                return Ok(Some(later));
            }
            alert.raised_at = Some(self.now);
            (AlertKind::Error, format!("error:{}", alert.key.0))
        };
        let Some(outage) = outages::get(self.tx, alert.incident).await? else { return Ok(None) };
        let mut told = HashSet::new();
        for target in self.targets(&level).await? {
            let wanted = kind != AlertKind::Reminder || target.target.reminders;
            if !wanted || !told.insert(target.to.key) || self.is_double(&outage, &target, kind).await? {
                continue;
            }
            let address = levels::address(alert, &target.target);
            let variables = target.target.variables.into_iter();
            let variables: BTreeMap<_, _> =
                variables.map(|(name, given)| (name, given.value.expose().to_owned())).collect();
            let facts = facts.clone().map(|facts| LevelFacts { variables, ..facts });
            let cause = format!("{cause}:{}", target.to.key.0);
            let alert = Alert {
                kind,
                test: false,
                // Each has an id of its own; what they have in common is the incident.
                id: match kind {
                    AlertKind::Error => alert.id.clone(),
                    AlertKind::Reminder | AlertKind::Ok => AlertId::new(self.planner.chance.bytes()),
                },
                incident: outage.facts.clone(),
                monitor: outage.monitor_facts.clone(),
                level: facts,
                errors,
                seen: outage.seen.clone(),
            };
            self.send(&outage, alert, (target.to, &address), &cause).await?;
        }
        Ok((alert.reminders < level.reminders).then(|| Timestamp(self.now.0 + level.reminder_pause())))
    }

    /// Whether all that is known of an outage is from before the program started, and a check was missed since: it may be over. A
    /// monitor that nobody can check is not waited for for ever.
    fn is_from_before(&self, open: &outages::Open) -> bool {
        let started_at = self.planner.started_at;
        !open.paused
            && open.seen_at < started_at
            && self.now.since(open.seen_at) > open.interval
            && self.now.since(started_at) < open.interval.saturating_add(MARGIN)
    }

    /// Whether another level has just told the same integration of the same outage. Variables of a level may lead elsewhere.
    async fn is_double(
        &mut self,
        outage: &Outage,
        target: &levels::Target,
        kind: AlertKind,
    ) -> store::Result<bool> {
        if kind != AlertKind::Error || !target.target.variables.is_empty() {
            return Ok(false);
        }
        let since = Timestamp(self.now.0 - DOUBLE);
        deliveries::is_planned_since(self.tx, outage.incident, target.to.key, since).await
    }

    async fn send(
        &mut self,
        outage: &Outage,
        alert: Alert,
        (to, address): (Addressee, &str),
        cause: &str,
    ) -> store::Result<()> {
        let kind = alert.kind;
        let message = self.message(Body::Alert(Box::new(alert))).await?;
        if to.kind.audience() == Audience::People && self.is_stormy(outage.incident, to, kind).await? {
            return self.gather(outage, to.key, kind, cause, &message).await;
        }
        self.put(outage, (to.key, address), cause, &message).await
    }

    /// A message of now.
    async fn message(&mut self, body: Body) -> store::Result<Message> {
        let Place { base_url, time_zone, project } = self.place().await?;
        Ok(Message { at: self.now, base_url, time_zone, project, only: Vec::new(), body })
    }

    /// Puts a message about an outage into the outbox.
    async fn put(
        &mut self,
        outage: &Outage,
        (integration, address): (IntegrationKey, &str),
        cause: &str,
        message: &Message,
    ) -> store::Result<()> {
        let id = DeliveryId::new(self.planner.chance.bytes());
        let new = NewDelivery {
            id: &id,
            integration,
            address,
            cause,
            incident: Some(outage.incident),
            monitor: Some(outage.monitor),
            message,
            due_at: self.now,
            at: self.now,
        };
        self.planned += usize::from(deliveries::insert(self.tx, &new).await?);
        Ok(())
    }

    async fn place(&mut self) -> store::Result<Place> {
        if let Some(place) = &self.place {
            return Ok(place.clone());
        }
        let page = pages::default(self.tx).await?;
        let place = Place {
            base_url: links::base_url(self.tx, &self.planner.base_url).await?,
            time_zone: page.map_or_else(|| "UTC".to_owned(), |page| page.head.time_zone),
            project: projects::only(self.tx).await?.map(|project| project.id),
        };
        self.place = Some(place.clone());
        Ok(place)
    }
}

//! What people do about an incident: take it on, put it off, end it.

use domain::event::Event;
use domain::health::Settled;
use domain::id::{IncidentId, IncidentUpdateId, MonitorId};
use domain::incident::{Act, Deed, Ended, Ending, IncidentPhase};
use domain::incident_words;
use domain::person::Viewer;
use domain::time::{MINUTE, Timestamp};

use super::super::monitors::load as load_monitor;
use super::{Result, ServiceError, Services, operator};
use crate::store::views::telling::{self, Incident};
use crate::store::{Tx, events, health, incidents, mutes, outages, views};

/// The longest time that an incident can be put off or a monitor be muted, in minutes: 30 days.
pub(super) const MAX_SNOOZE: i64 = 30 * 24 * 60;

impl Services {
    /// A page of incidents as programs see them, those that are open first; with how many there are.
    pub async fn incidents(
        &self,
        viewer: &Viewer,
        open: Option<bool>,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Incident>, i64)> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let list = telling::incidents(&mut tx, open, "", limit, offset).await?;
        Ok((list, telling::count_incidents(&mut tx, open, "").await?))
    }

    /// Takes an incident on: nobody else is told of it any more until it is over. A second time changes nothing.
    pub async fn acknowledge(&self, viewer: &Viewer, id: &IncidentId) -> Result<()> {
        self.acknowledge_as(viewer, id, &viewer.words()).await
    }

    /// The same on behalf of somebody whom another system names, such as a person in a chat.
    pub async fn acknowledge_as(&self, viewer: &Viewer, id: &IncidentId, who: &str) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let incident = load(&mut tx, id).await?;
        if incident.row.resolved_at.is_some() {
            return Err(ServiceError::Conflict("It is over already.".to_owned()));
        }
        if outages::acknowledge(&mut tx, incident.key, who, now).await? {
            events::append(&mut tx, now, &[updated(incident, None)]).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Puts an incident off: nobody is told more for so many minutes. `None` takes that back.
    pub async fn snooze(&self, viewer: &Viewer, id: &IncidentId, until: Option<Timestamp>) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        if let Some(until) = until
            && !(1..=MAX_SNOOZE * MINUTE).contains(&until.since(now))
        {
            return Err(ServiceError::invalid("until", "Please choose a time within the next 30 days."));
        }
        let mut tx = self.inner.db.write().await?;
        let incident = load(&mut tx, id).await?;
        if !outages::snooze(&mut tx, incident.key, until, now).await? {
            return Err(ServiceError::Conflict("It is over already.".to_owned()));
        }
        let holds = incident.snooze_until.is_some_and(|known| known > now);
        let deed = deed(until, |until| Deed::Snoozed { until }, holds.then_some(Deed::SnoozeEnded));
        let act = deed.map(|deed| Act { deed, by: viewer.words() });
        events::append(&mut tx, now, &[updated(incident, act)]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends an incident by hand. Whoever was told of it hears that it is over; the next one opens when the monitor fails again after
    /// it was well. A second time changes nothing.
    pub async fn resolve(&self, viewer: &Viewer, id: &IncidentId) -> Result<()> {
        self.resolve_as(viewer, id, &viewer.words()).await
    }

    /// The same on behalf of somebody whom another system names, such as a person in a chat.
    pub async fn resolve_as(&self, viewer: &Viewer, id: &IncidentId, who: &str) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let incident = load(&mut tx, id).await?;
        let Some((id, monitor)) = incidents::resolve_by_hand(&mut tx, incident.key, now).await? else {
            return Ok(());
        };
        let kept = match monitor {
            Some(monitor) => health::get(&mut tx, monitor).await?,
            None => None,
        };
        let goes_on = kept.is_some_and(|kept| kept.health.settled == Settled::Down);
        if goes_on {
            // What is closed is not up for that: whoever hears of it must not think so.
            let ended = Ended { how: Ending::Closed, by: who.to_owned() };
            incidents::set_ended(&mut tx, incident.key, &ended).await?;
        }
        let names = incidents::component_names(&mut tx, incident.key).await?;
        let update = IncidentUpdateId::new(self.inner.chance.bytes());
        let body =
            if goes_on { incident_words::closed(&names) } else { incident_words::resolved_by_hand(&names) };
        incidents::add_update(&mut tx, &update, incident.key, IncidentPhase::Resolved, &body, now).await?;
        let event = Event::IncidentResolved { incident: incident.key, id, monitor };
        events::append(&mut tx, now, &[event]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Silences the alerts of a monitor until then; `None` lets them sound again.
    pub async fn mute(&self, viewer: &Viewer, monitor: &MonitorId, until: Option<Timestamp>) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        if let Some(until) = until
            && !(1..=MAX_SNOOZE * MINUTE).contains(&until.since(now))
        {
            return Err(ServiceError::invalid("until", "Please choose a time within the next 30 days."));
        }
        let mut tx = self.inner.db.write().await?;
        let monitor = load_monitor(&mut tx, monitor).await?;
        let holds = mutes::until(&mut tx, monitor.key).await?.is_some_and(|known| known > now);
        mutes::set(&mut tx, monitor.key, until).await?;
        let mut news = Vec::with_capacity(2);
        if let Some(deed) = deed(until, |until| Deed::Muted { until }, holds.then_some(Deed::MuteEnded)) {
            let act = Act { deed, by: viewer.words() };
            news.push(Event::MonitorMuted { monitor: monitor.key, id: monitor.id.clone(), act });
        }
        news.push(Event::MonitorSaved { monitor: monitor.key, id: monitor.id });
        events::append(&mut tx, now, &news).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Until when the alerts of a monitor are silenced, and the monitors that it hangs on.
    pub async fn quiet_of(
        &self,
        viewer: &Viewer,
        monitor: &MonitorId,
    ) -> Result<(Option<Timestamp>, Vec<domain::views::console::Named<MonitorId>>)> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.read().await?;
        let monitor = load_monitor(&mut tx, monitor).await?;
        let until = mutes::until(&mut tx, monitor.key).await?.filter(|until| *until > now);
        Ok((until, mutes::parents(&mut tx, monitor.key).await?))
    }

    /// Says what a monitor hangs on: while one of these is down, no new alert of it leaves. A monitor cannot hang on itself, not even
    /// through others; those that are gone are left out.
    ///
    /// # Errors
    /// `Invalid` with the field `parents` when it would hang on itself.
    pub async fn set_parents(
        &self,
        viewer: &Viewer,
        monitor: &MonitorId,
        parents: &[MonitorId],
    ) -> Result<()> {
        operator(viewer)?;
        let mut tx = self.inner.db.write().await?;
        let monitor = load_monitor(&mut tx, monitor).await?;
        let keys = views::monitors::keys_of(&mut tx, parents).await?;
        let mut below = mutes::hanging_on(&mut tx, monitor.key).await?;
        below.insert(monitor.key);
        if let Some(wrong) =
            parents.iter().find(|parent| keys.get(parent).is_some_and(|key| below.contains(key)))
        {
            let wrong = load_monitor(&mut tx, wrong).await?.draft.name;
            let message = format!("“{wrong}” hangs on this monitor itself.");
            return Err(ServiceError::invalid("parents", message));
        }
        let keys: Vec<_> = keys.into_values().collect();
        mutes::set_parents(&mut tx, monitor.key, &keys).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// What was done by setting or taking back an end; nothing when there was none to take back.
fn deed(
    until: Option<Timestamp>,
    begun: impl FnOnce(Timestamp) -> Deed,
    ended: Option<Deed>,
) -> Option<Deed> {
    until.map(begun).or(ended)
}

fn updated(incident: Incident, act: Option<Act>) -> Event {
    Event::IncidentUpdated { incident: incident.key, id: incident.row.id, monitor: incident.monitor, act }
}

/// An incident by its public id.
pub(super) async fn load(tx: &mut Tx, id: &IncidentId) -> Result<Incident> {
    telling::incident(tx, id).await?.ok_or(ServiceError::NotFound)
}

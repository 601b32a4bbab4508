//! What is told of an outage after its beginning: that somebody takes care of it, and that it is over.

use std::collections::{BTreeMap, HashSet};

use domain::alert::AlertKind;
use domain::id::{AlertId, DeliveryKey, IncidentKey, IntegrationKey, MonitorKey};
use domain::message::{Acknowledged, Alert, Body};
use domain::time::Timestamp;

use crate::store::deliveries::Told;
use crate::store::outages::{self, Outage};
use crate::store::{self, alerts, deliveries, incidents, integrations};

use super::levels::{Found, address};
use super::{Addressee, Work};

/// The key of no monitor: nothing is attached to it.
const NO_MONITOR: MonitorKey = MonitorKey(0);

/// What a message about an address follows from.
fn cause(what: &str, incident: IncidentKey, (integration, address): (IntegrationKey, &str)) -> String {
    match address {
        "" => format!("{what}:{}:{}", incident.0, integration.0),
        address => format!("{what}:{}:{}:{address}", incident.0, integration.0),
    }
}

impl Work<'_> {
    /// Tells those who follow incidents, and were told of this one, that somebody takes care of it; looks again at what was put off.
    pub(super) async fn updated(&mut self, incident: IncidentKey) -> store::Result<()> {
        let Some(outage) = outages::get(self.tx, incident).await? else { return Ok(()) };
        let Some(by) = outage.acknowledged.clone() else { return self.wake(&outage).await };
        for Told { integration, address, .. } in deliveries::told(self.tx, incident, DeliveryKey(0)).await? {
            let known = integrations::get(self.tx, integration).await?;
            if known.is_none_or(|known| !known.enabled || !known.kind.follows()) {
                continue;
            }
            let message = self
                .message(Body::Acknowledged(Box::new(Acknowledged {
                    incident: outage.facts.clone(),
                    monitor: outage.monitor_facts.clone(),
                    by: by.clone(),
                })))
                .await?;
            let cause = cause("acknowledged", incident, (integration, &address));
            self.put(&outage, (integration, &address), &cause, &message).await?;
        }
        Ok(())
    }

    /// Looks again at what waits: it may have been put off until later than now. The next reminder comes a full pause from now.
    async fn wake(&mut self, outage: &Outage) -> store::Result<()> {
        for mut alert in alerts::of_incident(self.tx, outage.incident).await? {
            let Some(due_at) = alert.due_at.filter(|due_at| *due_at > self.now) else { continue };
            let again = if alert.raised_at.is_none() {
                self.now
            } else {
                match self.level(&alert, outage.monitor).await? {
                    Found::Level(level, _) => Timestamp(self.now.0 + level.reminder_pause()),
                    Found::Off | Found::Gone => due_at,
                }
            };
            if again < due_at {
                alert.due_at = Some(again);
                alerts::update(self.tx, &alert).await?;
            }
        }
        Ok(())
    }

    /// Tells that an outage is over: whoever was told that it began, and nobody else. Who that was stands in the outbox, whatever has
    /// become of levels, attachments and the monitor since.
    pub(super) async fn resolved(&mut self, incident: IncidentKey) -> store::Result<()> {
        let outage = outages::get(self.tx, incident).await?;
        let unwanted = self.without_end(incident, outage.as_ref().map(|outage| outage.monitor)).await?;
        let errors = match &outage {
            Some(outage) => outages::errors(self.tx, outage.monitor, outage.facts.started_at).await?,
            None => 0,
        };
        // Two levels that give the same lead to the same.
        let mut told: HashSet<(IntegrationKey, BTreeMap<String, String>)> = HashSet::new();
        for Told { integration, address, .. } in deliveries::told(self.tx, incident, DeliveryKey(0)).await? {
            let known = integrations::get(self.tx, integration).await?.filter(|known| known.enabled);
            let Some(known) = known else { continue };
            let to = Addressee { key: integration, kind: known.kind };
            let beginning = deliveries::beginning(self.tx, incident, (integration, &address)).await?;
            let Some(Body::Alert(beginning)) = beginning.map(|message| message.body) else { continue };
            // With the monitor it is forgotten who was attached to it; what no level told was told for that reason.
            let was_attached = outage.is_none() && beginning.level.is_none();
            if unwanted.contains(&(integration, address.clone())) && !was_attached {
                continue;
            }
            let given = beginning.level.as_ref().map(|level| level.variables.clone()).unwrap_or_default();
            if !told.insert((integration, given)) {
                continue;
            }
            let outage = match &outage {
                Some(outage) => outage.clone(),
                None => match self.gone(incident, &beginning).await? {
                    Some(outage) => outage,
                    None => continue,
                },
            };
            let alert = Alert {
                kind: AlertKind::Ok,
                id: AlertId::new(self.planner.chance.bytes()),
                incident: outage.facts.clone(),
                monitor: outage.monitor_facts.clone(),
                errors: errors.max(beginning.errors),
                seen: outage.seen.clone(),
                ..*beginning
            };
            let cause = cause("ok", incident, (integration, &address));
            self.send(&outage, alert, (to, &address), &cause).await?;
        }
        alerts::silence(self.tx, incident).await
    }

    /// Addresses that are told of an outage now, but by no level of its end; `monitor` is `None` when it is gone.
    async fn without_end(
        &mut self,
        incident: IncidentKey,
        monitor: Option<MonitorKey>,
    ) -> store::Result<HashSet<(IntegrationKey, String)>> {
        let (mut without, mut with) = (HashSet::new(), HashSet::new());
        for alert in alerts::of_incident(self.tx, incident).await? {
            if alert.raised_at.is_none() {
                continue;
            }
            let monitor = monitor.unwrap_or(NO_MONITOR);
            let Found::Level(level, _) = self.level(&alert, monitor).await? else { continue };
            for target in self.targets(&level).await? {
                let list = if target.target.ok { &mut with } else { &mut without };
                list.insert((target.to.key, address(&alert, &target.target)));
            }
        }
        Ok(without.difference(&with).cloned().collect())
    }

    /// An outage whose monitor is gone, as it was told when it began.
    async fn gone(&mut self, incident: IncidentKey, beginning: &Alert) -> store::Result<Option<Outage>> {
        let Some(resolved_at) = outages::resolved_at(self.tx, incident).await? else { return Ok(None) };
        let mut facts = beginning.incident.clone();
        facts.resolved_at = Some(resolved_at);
        facts.ended = incidents::ended(self.tx, incident).await?;
        Ok(Some(Outage {
            incident,
            facts,
            // Nothing is looked up by it any more.
            monitor: NO_MONITOR,
            monitor_facts: beginning.monitor.clone(),
            interval: 0,
            acknowledged: None,
            snoozed_until: None,
            seen: beginning.seen.clone(),
        }))
    }
}

//! What subscriptions to events make of an event (contracts.md 4.5).

use domain::event::{Event, Numbered};
use domain::health::Settled;
use domain::id::{DeliveryId, IncidentId, IncidentKey, MonitorId, MonitorKey};
use domain::message::{Body, EventNote};
use serde_json::{Value, json};

use crate::store::deliveries::{self, NewDelivery};
use crate::store::views::telling;
use crate::store::{self, events, monitors, subscriptions};

use super::Work;

/// The address of what is told of events.
const EVENTS: &str = "events";

/// An event in the words of subscriptions.
struct Told {
    /// The full id.
    event: &'static str,
    /// The monitors that it is about.
    monitors: Vec<MonitorId>,
    incident: Option<IncidentKey>,
    monitor: Option<MonitorKey>,
    payload: Value,
}

impl Work<'_> {
    /// Puts a message into the outbox for each subscription that an event fits.
    pub(super) async fn subscribed(&mut self, numbered: &Numbered) -> store::Result<()> {
        if self.subscriptions.is_none() {
            self.subscriptions = Some(subscriptions::active(self.tx).await?);
        }
        if self.subscriptions.as_ref().is_none_or(Vec::is_empty) {
            return Ok(());
        }
        for told in self.in_words(numbered).await? {
            self.tell_subscribers(numbered, &told).await?;
        }
        Ok(())
    }

    async fn tell_subscribers(&mut self, numbered: &Numbered, told: &Told) -> store::Result<()> {
        let known = self.subscriptions.clone().unwrap_or_default();
        for subscription in known {
            let view = &subscription.view;
            let fits = view
                .monitors
                .as_ref()
                .is_none_or(|wanted| told.monitors.iter().any(|monitor| wanted.contains(monitor)));
            if !fits || !view.events.iter().any(|event| event == told.event) {
                continue;
            }
            let note = EventNote {
                event: told.event.to_owned(),
                payload: told.payload.clone(),
                subscription: view.id.to_string(),
                name: view.name.clone(),
            };
            let message = self.message(Body::Event(note)).await?;
            let id = DeliveryId::new(self.planner.chance.bytes());
            let new = NewDelivery {
                id: &id,
                integration: subscription.integration,
                // What follows events need not wait for what follows alerts.
                address: EVENTS,
                cause: &format!("event:{}:{}:{}", numbered.seq.0, told.event, subscription.key.0),
                incident: told.incident,
                monitor: told.monitor,
                message: &message,
                due_at: self.now,
                at: self.now,
            };
            self.planned += usize::from(deliveries::insert(self.tx, &new).await?);
        }
        Ok(())
    }

    async fn in_words(&mut self, numbered: &Numbered) -> store::Result<Vec<Told>> {
        Ok(match &numbered.event {
            Event::IncidentOpened { id, .. } => {
                let words = |facts: &Facts<'_>| vec![("incident.incident.created", facts.created())];
                self.incident(numbered, id, words).await?
            }
            Event::IncidentUpdated { id, .. } => {
                let words = |facts: &Facts<'_>| vec![("incident.incident.updated", facts.updated(None))];
                self.incident(numbered, id, words).await?
            }
            Event::IncidentResolved { id, .. } => {
                self.incident(numbered, id, |facts| {
                    vec![
                        ("incident.incident.updated", facts.updated(Some("resolved"))),
                        ("incident.incident.resolved", facts.resolved()),
                    ]
                })
                .await?
            }
            Event::StateChanged { monitor, id, change: Some(change), .. } => {
                let name = monitors::by_key(self.tx, *monitor).await?.map(|monitor| monitor.draft.name);
                let is = status(change.to);
                let was = match status(change.from) {
                    // It starts afresh: who was told that it fails hears that it works again.
                    NEW => match events::change_before(self.tx, *monitor, numbered.seq).await? {
                        Some(last) if status(last.to) != NEW => status(last.to),
                        _ => "healthy",
                    },
                    was => was,
                };
                let (event, payload) = match (was, is) {
                    ("healthy", "degraded" | "unhealthy") => {
                        let payload = json!({
                            "systemId": id, "systemName": name, "previousStatus": was, "newStatus": is,
                            "healthyChecks": 0, "totalChecks": 1, "timestamp": numbered.at.to_rfc3339(),
                        });
                        ("healthcheck.healthcheck.system.degraded", payload)
                    }
                    ("degraded" | "unhealthy", "healthy") => {
                        let payload = json!({
                            "systemId": id, "systemName": name, "previousStatus": was,
                            "healthyChecks": 1, "totalChecks": 1, "timestamp": numbered.at.to_rfc3339(),
                        });
                        ("healthcheck.healthcheck.system.healthy", payload)
                    }
                    _ => return Ok(Vec::new()),
                };
                vec![Told {
                    event,
                    monitors: vec![id.clone()],
                    incident: None,
                    monitor: Some(*monitor),
                    payload,
                }]
            }
            Event::StateChanged { change: None, .. }
            | Event::MonitorSaved { .. }
            | Event::MonitorMuted { .. }
            | Event::PageSaved { .. } => Vec::new(),
        })
    }

    async fn incident(
        &mut self,
        numbered: &Numbered,
        id: &IncidentId,
        words: impl FnOnce(&Facts<'_>) -> Vec<(&'static str, Value)>,
    ) -> store::Result<Vec<Told>> {
        let Some(mut incident) = telling::incident(self.tx, id).await? else { return Ok(Vec::new()) };
        // A monitor that was removed since has left its incident, but who follows the one hears of the other to its end.
        if incident.monitor.is_none() {
            let named = numbered.event.monitor();
            // An older program left the monitor out of what it said between beginning and end.
            let gone = match named {
                None => events::opened_by(self.tx, incident.key, incident.created_at).await?,
                Some(_) => named,
            };
            if let Some(gone) = gone {
                incident.monitor = Some(gone);
                incident.row.monitor = events::monitor_id(self.tx, gone).await?;
            }
        }
        let told = words(&Facts(&incident));
        let told = told.into_iter().map(|(event, payload)| Told {
            event,
            monitors: incident.row.monitor.iter().cloned().collect(),
            incident: Some(incident.key),
            monitor: incident.monitor,
            payload,
        });
        Ok(told.collect())
    }
}

/// An incident in the fields of contracts.md 4.5.
struct Facts<'a>(&'a telling::Incident);

impl Facts<'_> {
    fn base(&self) -> Value {
        let row = &self.0.row;
        json!({
            "incidentId": row.id,
            "systemIds": row.monitor.iter().collect::<Vec<_>>(),
            "title": row.title,
            "severity": "critical",
        })
    }

    fn created(&self) -> Value {
        let row = &self.0.row;
        with(
            self.base(),
            json!({
                "description": row.reason.clone().unwrap_or_default(),
                "status": "investigating",
                "createdAt": self.0.created_at.to_rfc3339(),
            }),
        )
    }

    fn updated(&self, change: Option<&str>) -> Value {
        let row = &self.0.row;
        // As it stood at the event: a later one may have ended it.
        let status = change.unwrap_or(match row.phase.as_str() {
            "resolved" => "investigating",
            phase => phase,
        });
        let mut more = json!({ "description": row.reason.clone().unwrap_or_default(), "status": status });
        if let Some(change) = change {
            more["statusChange"] = Value::from(change);
        }
        with(self.base(), more)
    }

    fn resolved(&self) -> Value {
        let at = self.0.row.resolved_at.unwrap_or(self.0.updated_at);
        with(self.base(), json!({ "resolvedAt": at.to_rfc3339() }))
    }
}

fn with(mut base: Value, more: Value) -> Value {
    if let (Value::Object(base), Value::Object(more)) = (&mut base, more) {
        base.extend(more);
    }
    base
}

/// What [`status`] says of a monitor that was never checked, or starts afresh.
const NEW: &str = "";

/// A settled state in the words of contracts.md 4.11.
fn status(settled: Settled) -> &'static str {
    match settled {
        Settled::Up => "healthy",
        Settled::Degraded => "degraded",
        Settled::Down => "unhealthy",
        Settled::Pending => NEW,
    }
}

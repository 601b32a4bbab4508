//! Storms: the first alerts of a minute leave by themselves, and those that follow share one message. For people only; programs get one
//! for each incident.

use domain::alert::AlertKind;
use domain::id::{DeliveryId, IncidentKey, IntegrationKey};
use domain::message::{Body, Message};
use domain::storm::{ALONE, GATHER, Group, WINDOW};
use domain::time::Timestamp;

use crate::store;
use crate::store::deliveries::{self, NewDelivery};
use crate::store::groups::{self, Grouped};
use crate::store::outages::Outage;

use super::{Addressee, Work};

impl Work<'_> {
    /// Whether so many outages were told within the last minute that the next one shares a message.
    pub(super) async fn is_stormy(
        &mut self,
        incident: IncidentKey,
        to: Addressee,
        kind: AlertKind,
    ) -> store::Result<bool> {
        // Where a message of its own is changed when the outage is over, it would stay red for ever.
        if kind == AlertKind::Ok
            && to.kind.follows()
            && deliveries::external_id(self.tx, incident, (to.key, "")).await?.is_some()
        {
            return Ok(false);
        }
        let since = Timestamp(self.now.0 - WINDOW);
        Ok(groups::recent(self.tx, to.key, kind.as_str(), since).await? >= ALONE)
    }

    /// Tells an outage in the message that gathers, or in a new one that waits a little for more.
    pub(super) async fn gather(
        &mut self,
        outage: &Outage,
        to: IntegrationKey,
        kind: AlertKind,
        cause: &str,
        message: &Message,
    ) -> store::Result<()> {
        if groups::of_cause(self.tx, cause).await?.is_some() {
            return Ok(());
        }
        let prefix = format!("group:{}:{}:", kind.as_str(), to.0);
        let facts = (outage.monitor_facts.clone(), outage.facts.clone());
        let mut group = None;
        if let Some((key, mut gathering)) = groups::gathering(self.tx, to, &prefix).await?
            && let Body::Group(known) = &mut gathering.body
        {
            // It may wait for hours, and tell each only once.
            if known.still && groups::tells(self.tx, key, outage.incident).await? {
                return Ok(());
            }
            known.push(facts.0.clone(), facts.1.clone());
            if groups::gather(self.tx, key, &gathering, self.now).await? {
                group = Some(key);
            }
        }
        if group.is_none() {
            let mut new = Group { still: kind == AlertKind::Reminder, ..Group::default() };
            new.push(facts.0, facts.1);
            let shared = self.message(Body::Group(new)).await?;
            let shared_cause = format!("{prefix}{cause}");
            let id = DeliveryId::new(self.planner.chance.bytes());
            let new = NewDelivery {
                id: &id,
                integration: to,
                address: "",
                cause: &shared_cause,
                incident: None,
                monitor: None,
                message: &shared,
                due_at: Timestamp(self.now.0 + GATHER),
                at: self.now,
            };
            self.planned += usize::from(deliveries::insert(self.tx, &new).await?);
            group = groups::of_cause(self.tx, &shared_cause).await?;
        }
        let Some(group) = group else { return Ok(()) };
        let grouped = Grouped {
            id: &DeliveryId::new(self.planner.chance.bytes()),
            integration: to,
            cause,
            incident: outage.incident,
            monitor: outage.monitor,
            message,
            group,
            at: self.now,
        };
        groups::insert(self.tx, &grouped).await?;
        Ok(())
    }
}

//! What the console shows of incidents.

use std::collections::{HashMap, HashSet};

use domain::event::{Event, Numbered};
use domain::id::{IncidentId, IntegrationId, MonitorKey};
use domain::incident::Act;
use domain::person::Viewer;
use domain::time::{MINUTE, Timestamp};
use domain::views::console::{
    INCIDENTS_PER_PAGE, IncidentDetail, IncidentEntry, IncidentList, PlannedAlert, Silence,
};

use super::super::place;
use super::incidents::{MAX_SNOOZE, load};
use super::{Result, Services, operator};
use crate::planner;
use crate::store::views::telling::{self, Incident};
use crate::store::{Tx, definitions, events, evidence, integrations, mutes, outages, projects, views};

/// Messages on an incident's page.
const MESSAGES: i64 = 200;
/// Deeds on an incident's page.
const ACTS: i64 = 200;
/// Reports on an incident's page.
const REPORTS: i64 = 10;

impl Services {
    /// An incident's page.
    pub async fn incident(&self, viewer: &Viewer, id: &IncidentId) -> Result<IncidentDetail> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.read().await?;
        let incident = load(&mut tx, id).await?;
        let updates = views::incidents::updates_of(&mut tx, incident.key).await?;
        let deliveries = views::deliveries::of_incident(&mut tx, incident.key, MESSAGES).await?;
        let mut next = planned(&mut tx, &incident).await?;
        let silence = if next.is_empty() { None } else { silence(&mut tx, &incident, now).await? };
        if let Some(Silence::Muted(until)) = silence {
            // Until then it is looked at again and again.
            for alert in &mut next {
                alert.at = alert.at.max(until);
            }
        }
        let acts = acts(&mut tx, &incident).await?;
        let evidence = match incident.monitor {
            Some(monitor) => {
                let until = incident.row.resolved_at.unwrap_or(now);
                evidence::between(&mut tx, monitor, incident.row.started_at, until, REPORTS).await?
            }
            None => Vec::new(),
        };
        Ok(IncidentDetail {
            at: now,
            row: incident.row,
            monitor_name: incident.monitor_name,
            acknowledged: incident.acknowledged,
            snoozed_until: incident.snooze_until.filter(|until| *until > now),
            acts,
            ended: incident.ended,
            updates,
            deliveries,
            next,
            silence,
            evidence,
        })
    }

    /// A page of the console's list: incidents that are open, or those that are over, or all; whose headline or monitor has `search` in
    /// its name. A page behind the last one shows the last one.
    pub async fn incident_list(
        &self,
        viewer: &Viewer,
        open: Option<bool>,
        search: &str,
        page: u32,
    ) -> Result<IncidentList> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.read().await?;
        let found = telling::count_incidents(&mut tx, open, search).await?;
        let (page, offset) = place(page, found, INCIDENTS_PER_PAGE);
        let limit = i64::from(INCIDENTS_PER_PAGE);
        let incidents = telling::incidents(&mut tx, open, search, limit, offset).await?;
        let open = telling::count_incidents(&mut tx, Some(true), "").await?;
        let twins = views::monitors::names(&mut tx, &twins(&incidents)).await?;
        let entry = |incident: Incident| IncidentEntry {
            about: incident.monitor.and_then(|key| twins.get(&key)).map(|monitor| monitor.about.clone()),
            row: incident.row,
            monitor_name: incident.monitor_name,
            acknowledged: incident.acknowledged,
            snoozed_until: incident.snooze_until.filter(|until| *until > now),
        };
        let (rows, search) = (incidents.into_iter().map(entry).collect(), search.to_owned());
        Ok(IncidentList { at: now, rows, search, found, open, page })
    }
}

/// The monitors of incidents that share their name with another one among them.
fn twins(incidents: &[Incident]) -> Vec<MonitorKey> {
    let mut by_name: HashMap<&str, HashSet<MonitorKey>> = HashMap::new();
    for incident in incidents {
        if let (Some(key), Some(name)) = (incident.monitor, &incident.monitor_name) {
            by_name.entry(name).or_default().insert(key);
        }
    }
    by_name.into_values().filter(|keys| keys.len() > 1).flatten().collect()
}

/// What people did about an incident and about the alerts of its monitor meanwhile, the oldest first, with the mute in which it began;
/// as long as events are kept.
async fn acts(tx: &mut Tx, incident: &Incident) -> Result<Vec<(Timestamp, Act)>> {
    let monitor = match incident.monitor {
        // A monitor that was removed has left its incident, but not its events.
        None => events::opened_by(tx, incident.key, incident.created_at).await?,
        known => known,
    };
    let Some(monitor) = monitor else { return Ok(Vec::new()) };
    let (from, until) = (incident.row.started_at, incident.row.resolved_at.map(|_| incident.updated_at));
    let mut found = muted_before(tx, monitor, from).await?;
    found.extend(events::acts(tx, monitor, from, until, ACTS).await?);
    let about = |event: Event| match event {
        Event::IncidentUpdated { incident: about, act, .. } if about == incident.key => act,
        Event::MonitorMuted { act, .. } => Some(act),
        _ => None,
    };
    Ok(found.into_iter().filter_map(|numbered| Some((numbered.at, about(numbered.event)?))).collect())
}

/// The mute of a monitor that began before `at` and held then.
async fn muted_before(tx: &mut Tx, monitor: MonitorKey, at: Timestamp) -> Result<Vec<Numbered>> {
    let from = Timestamp(at.0.saturating_sub(MAX_SNOOZE * MINUTE));
    let last = events::last_mute(tx, monitor, from, at).await?;
    let held = |numbered: &Numbered| match &numbered.event {
        Event::MonitorMuted { act, .. } => act.deed.until().is_some_and(|until| until > at),
        _ => false,
    };
    Ok(last.filter(held).into_iter().collect())
}

/// What is still to come of an incident, with the names of whoever would hear of it.
async fn silence(tx: &mut Tx, incident: &Incident, now: Timestamp) -> Result<Option<Silence>> {
    if projects::only(tx).await?.is_some_and(|project| project.all_stop) {
        return Ok(Some(Silence::AllStop));
    }
    let Some(open) = outages::open(tx, incident.key).await? else { return Ok(None) };
    if let Some(until) = mutes::until(tx, open.monitor).await?.filter(|until| *until > now) {
        return Ok(Some(Silence::Muted(until)));
    }
    Ok(planner::is_held_back(tx, &open, now).await?.then_some(Silence::HangsOn))
}

async fn planned(tx: &mut Tx, incident: &Incident) -> Result<Vec<PlannedAlert>> {
    if incident.row.resolved_at.is_some() || incident.acknowledged.is_some() {
        return Ok(Vec::new());
    }
    let mut planned = telling::planned(tx, incident.key).await?;
    if planned.is_empty() {
        return Ok(planned);
    }
    let (all, definitions) = (integrations::all(tx).await?, definitions::all(tx).await?);
    let attached = match incident.monitor {
        Some(monitor) => integrations::attached(tx, monitor).await?,
        None => Vec::new(),
    };
    let attached: Vec<_> = all.iter().filter(|one| one.enabled && attached.contains(&one.key)).collect();
    for alert in &mut planned {
        let index = usize::try_from(alert.level).unwrap_or_default().saturating_sub(1);
        alert.to = match &alert.definition {
            None => attached.iter().map(|one| one.name.clone()).collect(),
            Some(named) => {
                let definition = definitions.iter().find(|known| known.id == named.id);
                let level = definition.and_then(|definition| definition.draft.levels.get(index));
                let targets = level.map(|level| level.targets.as_slice()).unwrap_or_default();
                let targets = targets.iter().filter(|target| !alert.reminder || target.reminders);
                let name = |id: &IntegrationId| all.iter().find(|one| one.enabled && one.id == *id);
                targets.filter_map(|target| Some(name(&target.integration)?.name.clone())).collect()
            }
        };
    }
    Ok(planned)
}

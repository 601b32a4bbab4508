//! Writes a plan: results, healths, incidents, evidence and events in one transaction.

use std::collections::HashSet;

use domain::event::Event;
use domain::health::{Change, Settled};
use domain::id::{IncidentId, IncidentUpdateId, MonitorKey};
use domain::incident::IncidentPhase;
use domain::incident_words;
use domain::time::{SECOND, Timestamp};

use super::Writer;
use super::batch::{MonitorPlan, Plan, VisibleStep};
use crate::housekeeping::SETTLED_AFTER;
use crate::store::{self, Kind, Tx, incidents};

/// Plain failures of which the evidence is kept, for each monitor.
const KEEP_FAILURES: i64 = 10;

/// How much earlier than a bucket is counted a result counts as late, in milliseconds: the clocks of nodes differ, and the commit
/// takes a while.
const MARGIN: i64 = 30 * SECOND;

/// What came of writing a plan.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Monitors whose outcomes were dropped: somebody else changed them meanwhile, or took them over.
    refused: HashSet<MonitorKey>,
}

impl Done {
    pub(super) fn is_refused(&self, monitor: MonitorKey) -> bool {
        self.refused.contains(&monitor)
    }
}

/// A bucket that ended later is not being counted anywhere yet, at `now`.
pub(crate) fn settled(now: Timestamp) -> Timestamp {
    Timestamp(now.0 - SETTLED_AFTER + MARGIN)
}

/// Writes a plan and commits.
pub(super) async fn write(writer: &Writer, plan: &Plan, now: Timestamp) -> store::Result<Done> {
    let mut done = Done::default();
    let mut events = Vec::new();
    let mut tx = writer.db.write().await?;
    if writer.db.kind() == Kind::Postgres {
        // Another node may have taken a shard over while this batch waited.
        let taken = store::leases::of_others(&mut tx, &writer.node).await?;
        let lost = plan.monitors.iter().filter(|monitor| taken.contains(&i64::from(monitor.monitor.shard())));
        done.refused.extend(lost.map(|monitor| monitor.kept.monitor));
    }
    // The health first: whoever loses that race has its outcome dropped, and only that one.
    let changed = || plan.monitors.iter().filter(|monitor| monitor.changed);
    let wanted: Vec<_> =
        changed().map(|monitor| &monitor.kept).filter(|kept| !done.is_refused(kept.monitor)).collect();
    let updated = store::health::update_all(&mut tx, &wanted).await?;
    for monitor in changed() {
        let key = monitor.kept.monitor;
        if !updated.contains(&key) && done.refused.insert(key) {
            tracing::warn!(monitor = key.0, "an outcome came second and is dropped");
            // Whoever was first has committed by now, or the monitor is gone: read it again.
            events.push(Event::MonitorSaved { monitor: key, id: monitor.monitor.id.clone() });
        }
    }
    // Asked again: the database may have let this wait.
    let settled = settled(writer.clock.now());
    if done.refused.is_empty() {
        store::rollups::insert(&mut tx, &plan.rows, settled).await?;
    } else {
        let rows: Vec<_> = plan.rows.iter().filter(|row| !done.is_refused(row.monitor)).copied().collect();
        store::rollups::insert(&mut tx, &rows, settled).await?;
    }
    let mut facts = Vec::new();
    for monitor in plan.monitors.iter().filter(|monitor| !done.is_refused(monitor.kept.monitor)) {
        for step in &monitor.steps {
            consequences(writer, &mut tx, monitor, step, now, &mut events).await?;
        }
        keep_evidence(&mut tx, monitor).await?;
        facts.extend(monitor.facts.map(|facts| (monitor.kept.monitor, facts)));
    }
    store::facts::put_all(&mut tx, &facts).await?;
    if !events.is_empty() {
        store::events::append(&mut tx, now, &events).await?;
    }
    tx.commit().await?;
    Ok(done)
}

/// What a visible step brings with it: confirmed results, an incident, events.
async fn consequences(
    writer: &Writer,
    tx: &mut Tx,
    plan: &MonitorPlan,
    step: &VisibleStep,
    now: Timestamp,
    events: &mut Vec<Event>,
) -> store::Result<()> {
    let monitor = plan.kept.monitor;
    events.push(Event::StateChanged {
        monitor,
        id: plan.monitor.id.clone(),
        from: step.from,
        to: step.to,
        change: step.change,
        reason: (!step.reason.is_empty()).then(|| step.reason.clone()),
    });
    match step.change {
        Some(change) if change.to == Settled::Down => {
            let times = store::results::confirm_down(tx, monitor, change.since).await?;
            store::rollups::move_confirmed(tx, monitor, &times).await?;
            open(writer, tx, plan, step, change, now, events).await
        }
        Some(change) if change.from == Settled::Down => {
            resolve(writer, tx, monitor, change, now, events).await
        }
        _ => Ok(()),
    }
}

async fn open(
    writer: &Writer,
    tx: &mut Tx,
    plan: &MonitorPlan,
    step: &VisibleStep,
    change: Change,
    now: Timestamp,
    events: &mut Vec<Event>,
) -> store::Result<()> {
    let id = IncidentId::new(writer.chance.bytes());
    let opening = incidents::Opening {
        id: &id,
        monitor: plan.kept.monitor,
        title: &format!("{} is down", plan.monitor.draft.name),
        reason: &step.reason,
        started_at: change.since,
        at: now,
    };
    let Some(incident) = incidents::open(tx, &opening).await? else { return Ok(()) };
    let names = incidents::component_names(tx, incident).await?;
    let update = IncidentUpdateId::new(writer.chance.bytes());
    let body = incident_words::opened(&names);
    incidents::add_update(tx, &update, incident, IncidentPhase::Investigating, &body, now).await?;
    events.push(Event::IncidentOpened { incident, id, monitor: Some(plan.kept.monitor) });
    Ok(())
}

async fn resolve(
    writer: &Writer,
    tx: &mut Tx,
    monitor: MonitorKey,
    change: Change,
    now: Timestamp,
    events: &mut Vec<Event>,
) -> store::Result<()> {
    let Some(resolved) = incidents::resolve(tx, monitor, change.since, now).await? else { return Ok(()) };
    let names = incidents::component_names(tx, resolved.incident).await?;
    let update = IncidentUpdateId::new(writer.chance.bytes());
    let body = incident_words::resolved(&names, resolved.resolved_at.since(resolved.started_at));
    incidents::add_update(tx, &update, resolved.incident, IncidentPhase::Resolved, &body, now).await?;
    events.push(Event::IncidentResolved {
        incident: resolved.incident,
        id: resolved.id,
        monitor: Some(monitor),
    });
    Ok(())
}

async fn keep_evidence(tx: &mut Tx, plan: &MonitorPlan) -> store::Result<()> {
    for evidence in &plan.evidence {
        store::evidence::insert(tx, plan.kept.monitor, evidence.at, evidence.transition, &evidence.report)
            .await?;
    }
    if plan.evidence.iter().any(|evidence| !evidence.transition) {
        store::evidence::trim(tx, plan.kept.monitor, KEEP_FAILURES).await?;
    }
    Ok(())
}

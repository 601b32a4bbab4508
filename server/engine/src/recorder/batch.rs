//! What a batch of outcomes means: pure, before anything is written.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use domain::check::{CheckReport, Outcome};
use domain::health::{Change, Finding, Settled, State};
use domain::id::MonitorKey;
use domain::monitor::Monitor;
use domain::text::without_nul;
use domain::time::Timestamp;
use domain::uptime::{Recorded, ResultState};

use super::Submission;
use crate::registry::{Registry, Watched, keeps_failure};
use crate::store::facts::Facts;
use crate::store::health::Kept;
use crate::store::results::ResultRow;

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Every result.
    pub(super) rows: Vec<ResultRow>,
    /// The state that each result's monitor shows after it.
    pub(super) shown: Vec<State>,
    /// What happens to each monitor of the batch, in the order of keys: every node locks rows in the same order.
    pub(super) monitors: Vec<MonitorPlan>,
}

/// What happens to one monitor.
#[derive(Debug)]
pub(super) struct MonitorPlan {
    pub(super) monitor: Arc<Monitor>,
    /// The health after the batch, with the version that it was made from.
    pub(super) kept: Kept,
    /// Whether the health differs from the one before.
    pub(super) changed: bool,
    /// Steps that people see, in order.
    pub(super) steps: Vec<VisibleStep>,
    /// Reports to keep.
    pub(super) evidence: Vec<Evidence>,
    pub(super) evidence_at: Option<Timestamp>,
    /// When the last result was due, and what is recorded of its slot.
    pub(super) slot: Option<(Timestamp, Recorded)>,
    /// Look again within so many milliseconds.
    pub(super) recheck: Option<i64>,
    /// Facts that are news.
    pub(super) facts: Option<Facts>,
}

impl MonitorPlan {
    /// The monitor as memory holds it; nothing happens to it yet.
    fn begin(watched: &Watched) -> Self {
        Self {
            monitor: watched.monitor.clone(),
            kept: watched.kept.clone(),
            changed: false,
            steps: Vec::new(),
            evidence: Vec::new(),
            evidence_at: None,
            slot: None,
            recheck: None,
            facts: None,
        }
    }

    /// What memory holds once the plan is written.
    pub(super) fn kept_after_commit(&self) -> Kept {
        let mut kept = self.kept.clone();
        kept.version += i64::from(self.changed);
        kept
    }
}

/// A step of a monitor that people see.
#[derive(Clone, Debug)]
pub(super) struct VisibleStep {
    pub(super) from: State,
    pub(super) to: State,
    pub(super) change: Option<Change>,
    /// The reason for operators; empty when all is well.
    pub(super) reason: String,
}

/// A report to keep.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    pub(super) at: Timestamp,
    pub(super) transition: bool,
    pub(super) report: Arc<CheckReport>,
}

/// Works out what a batch means, from what memory holds. Outcomes of monitors that this node does not know (any more) are
/// left out.
pub(super) fn plan(batch: &[Submission], registry: &Registry, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    let mut places: HashMap<MonitorKey, (usize, Watched)> = HashMap::with_capacity(batch.len());
    for submission in batch {
        let (place, watched) = match places.entry(submission.monitor) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(free) => {
                let watched = registry.get(submission.monitor).filter(|watched| !watched.monitor.paused);
                let Some(watched) = watched else { continue };
                plan.monitors.push(MonitorPlan::begin(&watched));
                free.insert((plan.monitors.len() - 1, watched))
            }
        };
        let (row, shown) = advance(&mut plan.monitors[*place], watched, submission, now);
        plan.rows.push(row);
        plan.shown.push(shown);
    }
    plan.monitors.sort_by_key(|monitor| monitor.kept.monitor);
    plan
}

fn advance(
    plan: &mut MonitorPlan,
    watched: &Watched,
    submission: &Submission,
    now: Timestamp,
) -> (ResultRow, State) {
    let report = judged(&submission.report, plan.monitor.draft.policy.degraded_above);
    let finding = finding(&report.outcome);
    let before = plan.kept.health;
    let interval = plan.monitor.draft.policy.interval;
    let step = before.as_of(submission.slot, interval).after(finding, submission.slot, watched.thresholds());
    let after = step.health;
    // It may quote the target, and PostgreSQL keeps no NUL: the batch would fail as often as it is tried.
    let reason = without_nul(&report.outcome.sentence()).into_owned();
    let failure = (!reason.is_empty()).then(|| reason.clone());

    let (from, to) = (before.state(false), after.state(false));
    if from != to || step.change.is_some() {
        plan.steps.push(VisibleStep { from, to, change: step.change, reason });
    }
    // The reason changes the row only together with the health: a new sentence at every check would be a write at every check.
    if after != before {
        plan.changed = true;
        plan.kept.failure = failure;
    }
    plan.kept.health = after;
    let recheck = plan.monitor.draft.policy.recheck();
    plan.recheck = (step.recheck && recheck < plan.monitor.draft.policy.interval).then_some(recheck);

    let transition = step.change.is_some();
    let last = plan.evidence_at.unwrap_or(watched.evidence_at);
    let failing = finding != Finding::Up;
    if transition || (failing && keeps_failure(after.settled, last, now)) {
        plan.evidence.push(Evidence { at: submission.slot, transition, report: report.clone() });
        plan.evidence_at = Some(now);
    }

    let known = plan.facts.or(watched.facts);
    let until =
        report.certificate.as_ref().map(|certificate| Timestamp(certificate.earliest_expiry_ms(now.0)));
    let facts = Facts {
        status: report.evidence.status,
        // A target that does not answer has not lost its certificate.
        certificate_until: until.or(known.and_then(|known| known.certificate_until)),
    };
    if known != Some(facts) {
        plan.facts = Some(facts);
    }

    let state = match finding {
        Finding::Up => ResultState::Up,
        Finding::Degraded => ResultState::Degraded,
        Finding::Unknown => ResultState::Unknown,
        Finding::Down if after.settled == Settled::Down => ResultState::Down,
        Finding::Down => ResultState::Confirming,
    };
    let before = plan.slot.or(watched.slot).filter(|(at, _)| plan.monitor.same_slot(*at, submission.slot));
    let (recorded, extra) = Recorded::after(before.map(|(_, recorded)| recorded), state);
    plan.slot = Some((submission.slot, recorded));
    let row = ResultRow {
        monitor: submission.monitor,
        at: submission.slot,
        state,
        latency_us: report.latency_us,
        phases: report.phases,
        extra,
    };
    (row, to)
}

/// The report, judged by the limit of its monitor.
fn judged(report: &Arc<CheckReport>, limit_ms: Option<i64>) -> Arc<CheckReport> {
    match report.slow(limit_ms) {
        None => report.clone(),
        Some(reason) => Arc::new(CheckReport { outcome: Outcome::Degraded { reason }, ..(**report).clone() }),
    }
}

fn finding(outcome: &Outcome) -> Finding {
    match outcome {
        Outcome::Up => Finding::Up,
        Outcome::Degraded { .. } => Finding::Degraded,
        Outcome::Down { .. } => Finding::Down,
        Outcome::Unknown { .. } => Finding::Unknown,
    }
}

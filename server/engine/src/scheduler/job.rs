//! One check, from its slot to the recorder.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use domain::check::{Blindness, CheckReport, CheckSettings, Failure, Outcome, PushSettings};
use domain::time::Timestamp;
use tokio::sync::Semaphore;

use super::Shared;
use super::queue::Due;
use crate::recorder::{Recheck, Submission};
use crate::store;

/// Runs a check that is due and hands its outcome over.
pub(super) async fn run(shared: Arc<Shared>, due: Due) {
    let _running = Running::new(&shared, due.running.clone());
    tokio::select! {
        () = check(&shared, &due) => {}
        () = shared.cancel.cancelled() => {}
    }
}

async fn check(shared: &Shared, due: &Due) {
    let report = if let CheckSettings::Push(settings) = &due.monitor.draft.settings {
        // Boxed: it would make the task of every check as large as itself.
        match Box::pin(awaited(shared, due, settings)).await {
            Ok(report) => report,
            Err(error) => {
                tracing::error!(%error, monitor = due.monitor.key.0, "the heartbeats could not be read");
                return;
            }
        }
    } else {
        Some(fetched(shared, due).await)
    };
    // What a check found that began before its monitor became one of another kind says nothing of it.
    let is_current = || shared.registry.is_still(due.monitor.key, due.monitor.draft.settings.kind());
    if let Some(report) = report.filter(|_| is_current()) {
        let submission = Submission { monitor: due.monitor.key, slot: due.slot, report: Arc::new(report) };
        shared.recorder.submit(submission);
    }
}

/// Checks the target by reaching out.
pub(super) async fn fetched(shared: &Shared, due: &Due) -> CheckReport {
    let host = due.host.as_ref().map(|host| shared.host(host));
    shared.vitals.check_waits(shared.clock.now());
    // Semaphores are never closed. The host first: those that wait for one that hangs hold nobody else's place.
    let _host = match &host {
        Some(host) => host.acquire().await.ok(),
        None => None,
    };
    let _total = shared.total.acquire().await.ok();
    let now = shared.clock.now();
    shared.vitals.check_started(now.since(due.slot).saturating_mul(1_000), now);
    let (settings, timeout) = (&due.monitor.draft.settings, due.monitor.draft.policy.timeout());
    // By the time at which the check ends at the latest. What is not kept nobody is told, and a long page at each check of a monitor that
    // stays down would be load for its server.
    let ends = || Timestamp(now.0.saturating_add(i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX)));
    let tells = shared.checks.are_answers_wanted() && shared.registry.keeps_failure(due.monitor.key, ends());
    let report = if tells {
        shared.checks.run_and_tell(settings, timeout).await
    } else {
        shared.checks.run(settings, timeout).await
    };
    shared.vitals.finished.fetch_add(1, Ordering::Relaxed);
    let slept = shared.wake.slept(due.slot, shared.clock.now());
    if let (Outcome::Down { .. }, Some(slept_ms)) = (&report.outcome, slept) {
        let why = Blindness::HostSlept { slept_ms: u64::try_from(slept_ms).unwrap_or(0) };
        return CheckReport { outcome: Outcome::Unknown { why }, ..report };
    }
    Box::pin(shared.connectivity.judge(&due.monitor.draft.settings, report)).await
}

/// Looks at what the heartbeats say: one result a slot, so that uptime is a share of the time and not of the calls. `None`
/// before the first heartbeat. The row is read again each time, because another node may have taken the heartbeat; a failure that it took
/// counts although the job was well again before anybody looked. When a heartbeat seems to be missing, the time in which nobody could
/// have heard it does not count.
async fn awaited(shared: &Shared, due: &Due, settings: &PushSettings) -> store::Result<Option<CheckReport>> {
    let mut tx = shared.db.read().await?;
    let push = store::pushes::get(&mut tx, due.monitor.key).await?;
    let now = shared.clock.now();
    let Some(push) = push.filter(|push| push.at > 0 || push.failed) else { return Ok(None) };
    if let Some(failed_at) = push.unseen {
        drop(tx);
        catch_up(shared, due, &push, failed_at).await?;
        tx = shared.db.read().await?;
    }
    if push.failed {
        let failure = crate::services::push::failure(&push.message);
        return Ok(Some(CheckReport::bare(Outcome::down(failure))));
    }
    let mut deadline = Timestamp(settings.next_deadline(Some(push.at), now.0));
    if now >= deadline {
        let gaps = store::listening::gaps(&mut tx, Timestamp(push.at), now).await?;
        deadline = Timestamp(settings.deadline_over(push.at, &gaps));
    }
    drop(tx);
    if now < deadline {
        // The next slot may lie far behind the deadline; the queue takes whichever is sooner.
        let recheck = Recheck { monitor: due.monitor.key, within: deadline.since(now) };
        let _ = shared.rechecks.send(recheck);
        return Ok(Some(CheckReport::bare(Outcome::Up)));
    }
    let failure = Failure::PushLate { last_ping_ms: Some(push.at), due_ms: deadline.0 };
    Ok(Some(CheckReport::bare(Outcome::down(failure))))
}

/// Hands over a failure that another node took. When the job still fails, that is all there is to say, and is said in this slot.
async fn catch_up(
    shared: &Shared,
    due: &Due,
    push: &store::pushes::PushRow,
    failed_at: i64,
) -> store::Result<()> {
    let mut tx = shared.db.write().await?;
    let is_news = store::pushes::see(&mut tx, due.monitor.key, failed_at).await?;
    tx.commit().await?;
    if is_news && !push.failed {
        let report = CheckReport::bare(Outcome::down(crate::services::push::failure(&push.message)));
        let (monitor, slot) = (due.monitor.key, Timestamp(failed_at));
        shared.recorder.submit(Submission { monitor, slot, report: Arc::new(report) });
    }
    Ok(())
}

impl Shared {
    fn host(&self, host: &Arc<str>) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hosts.get(host) {
            return known.clone();
        }
        hosts.entry(host.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.per_host))).clone()
    }
}

/// Says that a check runs, until it is dropped, however that comes about.
struct Running<'a> {
    shared: &'a Shared,
    running: Arc<AtomicBool>,
}

impl<'a> Running<'a> {
    fn new(shared: &'a Shared, running: Arc<AtomicBool>) -> Self {
        shared.vitals.running.fetch_add(1, Ordering::Relaxed);
        Self { shared, running }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.running.store(false, Ordering::Release);
        self.shared.vitals.running.fetch_sub(1, Ordering::Relaxed);
    }
}

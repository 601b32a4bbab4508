//! What is noted down while a check runs: the phases, the evidence, and what the callbacks of the libraries saw.
//!
//! A check owns one trace. It is reached through a task-local, because the hooks of one HTTP client that all checks share
//! (resolver, connector, certificate verifier) have no other way to know for whom they work.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::check::{CertificateFacts, CheckReport, Evidence, Failure, Outcome, Phase, Phases};

use super::trust::Verdict;

tokio::task_local! {
    static CURRENT: Arc<Trace>;
}

/// The notes of one check.
#[derive(Debug)]
pub(crate) struct Trace {
    started: Instant,
    notes: Mutex<Notes>,
}

/// What was noted so far.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    phase: Option<(Phase, Instant)>,
    phases: Phases,
    latency_us: Option<i64>,
    /// What was seen.
    pub(crate) evidence: Evidence,
    /// The certificate of the last handshake.
    pub(crate) certificate: Option<Arc<CertificateFacts>>,
    /// The whole answer, where somebody is to be told it.
    pub(crate) answer: Option<Arc<String>>,
    /// What is wrong with that certificate.
    pub(crate) verdict: Verdict,
    /// What it means that a hook stopped the connection: the library only hands on a text.
    pub(crate) stopped: Option<Outcome>,
    /// What a time-out means from here on, when it means more than "no answer".
    pub(crate) on_timeout: Option<Failure>,
}

impl Trace {
    /// An empty one, whose clock starts now.
    pub(crate) fn start() -> Arc<Self> {
        Arc::new(Self { started: Instant::now(), notes: Mutex::default() })
    }

    /// Runs a future as the check that this trace belongs to.
    pub(crate) async fn scope<F: Future>(self: &Arc<Self>, future: F) -> F::Output {
        CURRENT.scope(Arc::clone(self), future).await
    }

    /// Notes something in the trace of the running check; outside of a check it does nothing.
    pub(crate) fn current(note: impl FnOnce(&Self)) {
        let _ = CURRENT.try_with(|trace| note(trace));
    }

    /// The trace of the running check; `None` outside of a check.
    pub(crate) fn running() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// Reads or changes the notes.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut Notes) -> T) -> T {
        change(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Ends the phase that runs, and begins this one.
    pub(crate) fn enter(&self, phase: Phase) {
        let now = Instant::now();
        self.with(|notes| {
            if notes.phase.is_some_and(|(running, _)| running == phase) {
                return;
            }
            notes.close(now);
            notes.phase = Some((phase, now));
        });
    }

    /// The target has answered: ends the phase that runs and takes the time since the start as latency.
    pub(crate) fn answered(&self) {
        let now = Instant::now();
        self.with(|notes| {
            notes.close(now);
            notes.latency_us = Some(micros(now - self.started));
        });
    }

    /// Takes a latency that was measured in another way.
    pub(crate) fn measured(&self, latency_us: i64) {
        self.with(|notes| notes.latency_us = Some(latency_us));
    }

    /// The phase that runs, or ran last.
    pub(crate) fn phase(&self) -> Phase {
        self.with(|notes| notes.phase.map_or(Phase::Connect, |(phase, _)| phase))
    }

    /// Makes the report.
    pub(crate) fn into_report(self: Arc<Self>, outcome: Outcome) -> CheckReport {
        let now = Instant::now();
        self.with(|notes| {
            notes.close(now);
            CheckReport {
                outcome,
                latency_us: notes.latency_us,
                phases: notes.phases,
                evidence: std::mem::take(&mut notes.evidence),
                certificate: notes.certificate.take(),
                answer: notes.answer.take(),
            }
        })
    }
}

impl Notes {
    fn close(&mut self, now: Instant) {
        let Some((phase, since)) = self.phase.take() else { return };
        let slot = match phase {
            Phase::Dns => &mut self.phases.dns_us,
            Phase::Connect => &mut self.phases.connect_us,
            Phase::Tls => &mut self.phases.tls_us,
            Phase::Wait => &mut self.phases.wait_us,
            Phase::Download => &mut self.phases.download_us,
        };
        *slot = Some(slot.unwrap_or(0) + micros(now - since));
    }
}

/// A duration in whole microseconds.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

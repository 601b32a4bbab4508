//! Is it the target, or is it us? When a public target cannot be reached, a few anchors are asked; when none of them answers
//! either, the outcome is unknown instead of down. Anchors are believed only once one of them has ever answered, so that an
//! installation without internet is not blind for ever.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::check::{Blindness, CheckReport, CheckSettings, Failure, Outcome};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use crate::checks::is_public as is_public_address;
use crate::clock::Clock;
use crate::vitals::Vitals;

/// How long an anchor has to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How long an answer is believed: a burst of failures asks once.
const BELIEVED_FOR: Duration = Duration::from_secs(5);
/// How often, while all is well, it is tried whether the anchors answer at all.
const LEARN_EVERY: Duration = Duration::from_mins(10);

/// Asks the anchors. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connectivity {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    anchors: Vec<SocketAddr>,
    clock: Clock,
    vitals: Arc<Vitals>,
    ever_answered: AtomicBool,
    last: Mutex<Option<(Instant, bool)>>,
}

impl Connectivity {
    /// A guard that asks `anchors`; without any it believes every outcome.
    pub fn new(anchors: Vec<SocketAddr>, clock: Clock, vitals: Arc<Vitals>) -> Self {
        let inner =
            Inner { anchors, clock, vitals, ever_answered: AtomicBool::new(false), last: Mutex::new(None) };
        Self { inner: Arc::new(inner) }
    }

    /// The outcome, or `Unknown` when it is our own network that is dead.
    pub async fn judge(&self, settings: &CheckSettings, report: CheckReport) -> CheckReport {
        if self.inner.anchors.is_empty() || !is_public(settings, &report) {
            return report;
        }
        match &report.outcome {
            Outcome::Up | Outcome::Degraded { .. } => {
                self.seen_alive();
                report
            }
            Outcome::Down { failure } if says_nothing_arrived(failure) => {
                if self.is_online().await || !self.inner.ever_answered.load(Ordering::Relaxed) {
                    return report;
                }
                CheckReport { outcome: Outcome::Unknown { why: Blindness::NoConnectivity }, ..report }
            }
            Outcome::Down { .. } | Outcome::Unknown { .. } => report,
        }
    }

    /// A public target answered: our network works. Learns, now and then, whether the anchors answer too.
    fn seen_alive(&self) {
        self.inner.vitals.offline_since.store(0, Ordering::Relaxed);
        if self.inner.ever_answered.load(Ordering::Relaxed) {
            return;
        }
        let Ok(last) = self.inner.last.try_lock() else { return };
        if last.is_some_and(|(at, _)| at.elapsed() < LEARN_EVERY) {
            return;
        }
        drop(last);
        let guard = self.clone();
        tokio::spawn(async move { guard.is_online().await });
    }

    /// Whether any anchor answers. Whoever asks while an answer is under way waits for that one.
    pub async fn is_online(&self) -> bool {
        let mut last = self.inner.last.lock().await;
        if let Some((at, online)) = *last
            && at.elapsed() < BELIEVED_FOR
        {
            return online;
        }
        let online = self.ask().await;
        *last = Some((Instant::now(), online));
        if online {
            self.inner.ever_answered.store(true, Ordering::Relaxed);
            self.inner.vitals.offline_since.store(0, Ordering::Relaxed);
        } else if self.inner.ever_answered.load(Ordering::Relaxed) {
            let now = self.inner.clock.now().0;
            let offline = &self.inner.vitals.offline_since;
            if offline.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                tracing::warn!(
                    "no anchor answers: our own network is dead, so failures of public targets are not believed"
                );
            }
        }
        online
    }

    async fn ask(&self) -> bool {
        let attempts: FuturesUnordered<_> = self
            .inner
            .anchors
            .iter()
            .map(|anchor| async move {
                matches!(tokio::time::timeout(ANSWER_WITHIN, TcpStream::connect(anchor)).await, Ok(Ok(_)))
            })
            .collect();
        attempts.any(std::future::ready).await
    }
}

/// Whether the target lies on the internet, as far as can be told. A name that did not resolve is public when it looks so.
fn is_public(settings: &CheckSettings, report: &CheckReport) -> bool {
    let addresses = &report.evidence.addresses;
    if !addresses.is_empty() {
        return addresses.iter().any(|address| is_public_address(*address));
    }
    if let Some(remote) = report.evidence.remote {
        return is_public_address(remote.ip());
    }
    let Some(host) = settings.host_key() else { return false };
    match host.trim_matches(['[', ']']).parse() {
        Ok(address) => is_public_address(address),
        Err(_) => looks_public(&host),
    }
}

fn looks_public(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let last = host.rsplit('.').next().unwrap_or_default();
    let private = ["local", "lan", "internal", "localhost", "home", "corp", "intranet", "arpa", "test"];
    host.contains('.') && !private.contains(&last)
}

/// Whether the failure may come from our own network. An answer, whatever it says, came over a network that works.
fn says_nothing_arrived(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Timeout { .. }
            | Failure::DnsError { .. }
            | Failure::ConnectRefused { .. }
            | Failure::ConnectError { .. }
            | Failure::PingLost { .. }
    )
}

#[cfg(test)]
mod tests {
    use domain::check::{Phase, recognise};
    use tokio::net::TcpListener;

    use super::*;

    fn timed_out() -> CheckReport {
        CheckReport::bare(Outcome::down(Failure::Timeout { after_ms: 10_000, phase: Phase::Connect }))
    }

    async fn judged(guard: &Connectivity, target: &str) -> Outcome {
        let settings = recognise(target).expect("a target").settings;
        guard.judge(&settings, timed_out()).await.outcome
    }

    async fn closed_port() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("an address")
    }

    #[tokio::test]
    async fn a_failure_of_a_public_target_is_unknown_while_no_anchor_answers_that_once_did() {
        let anchor = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = anchor.local_addr().expect("an address");
        let guard = Connectivity::new(vec![address], Clock::System, Arc::default());
        assert!(matches!(judged(&guard, "https://example.com").await, Outcome::Down { .. }));
        drop(anchor);
        *guard.inner.last.lock().await = None;
        assert!(matches!(judged(&guard, "https://example.com").await, Outcome::Unknown { .. }));
        assert!(
            matches!(judged(&guard, "http://192.168.1.1").await, Outcome::Down { .. }),
            "private targets are judged"
        );
    }

    #[tokio::test]
    async fn an_installation_without_internet_is_not_blind() {
        let guard = Connectivity::new(vec![closed_port().await], Clock::System, Arc::default());
        assert!(matches!(judged(&guard, "https://example.com").await, Outcome::Down { .. }));
    }
}

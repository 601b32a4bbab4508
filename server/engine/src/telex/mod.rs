//! The work behind an interval integration of Telex: a call is taken at once, its sites are looked at together, and one message
//! is posted to the address that came with it (contracts.md, section 1).
//!
//! Nobody signs these calls, so anybody can make this machine look at addresses and post. Therefore sites and return addresses
//! must be public, each client has its share of calls, and only so many are in work at a time.

mod numbers;
mod post;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::telex::{Finding, Problem, Report, ReturnHosts, Tick, request};
use futures::future::join_all;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::{Host, Url};

use crate::checks::{Checks, ChecksError, TargetPolicy};
use crate::clock::Clock;
use crate::rate::Rate;
use crate::services::Services;

pub use numbers::TelexNumbers;

/// How long a site may take to answer; Telex' own page says so.
const SITE_TIMEOUT: Duration = Duration::from_secs(10);
/// The most calls in work at a time: with the slowest sites and a return address that never answers each takes about a minute.
const MAX_TICKS: usize = 32;
/// The most sites looked at together, over all calls; each is an open socket.
const MAX_LOOKS: usize = 128;
/// When to come back if too many calls are in work.
const BUSY_RETRY: Duration = Duration::from_secs(10);
/// How long calls in work may go on when the program stops. What is abandoned comes again: Telex' clock goes on.
const DRAIN: Duration = Duration::from_secs(2);

/// What the integration is told at its start.
#[derive(Debug)]
pub struct TelexConfig {
    /// The hosts that results may be posted to.
    pub hosts: ReturnHosts,
    /// Which addresses may be looked at and posted to. When private ones are allowed, plain http is too: it is a test bench.
    pub policy: TargetPolicy,
    /// Calls that one client may make in a minute.
    pub rate: NonZeroU32,
}

/// Why a call was not taken.
#[derive(Debug)]
pub enum TickRefusal {
    /// It breaks rules.
    Invalid(Vec<Problem>),
    /// The client called too often.
    TooMany {
        /// When to try again.
        retry_after: Duration,
    },
    /// Too many calls are in work, or the program stops.
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
}

/// The integration. A clone shares everything.
#[derive(Clone, Debug)]
pub struct Telex {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    checks: Checks,
    clock: Clock,
    hosts: ReturnHosts,
    policy: TargetPolicy,
    rate: Rate,
    ticks: Arc<Semaphore>,
    looks: Semaphore,
    tasks: TaskTracker,
    abandon: CancellationToken,
    numbers: TelexNumbers,
}

impl Telex {
    /// The integration, with checks under a policy of its own.
    ///
    /// # Errors
    /// When the client for that policy cannot be set up.
    pub fn new(services: &Services, config: TelexConfig) -> Result<Self, ChecksError> {
        let inner = &services.inner;
        let checks = inner.checks.with_policy(config.policy.clone())?;
        Ok(Self { shared: Arc::new(Shared::new(checks, inner.clock.clone(), config)) })
    }

    /// What became of calls so far.
    pub fn numbers(&self) -> &TelexNumbers {
        &self.shared.numbers
    }

    /// Calls in work at this moment.
    pub fn in_work(&self) -> usize {
        self.shared.tasks.len()
    }

    /// Takes a call and returns at once; the work goes on in the background. `client` is whatever tells clients apart.
    ///
    /// # Errors
    /// Why it was not taken; nothing is done then.
    pub fn accept(&self, client: &str, body: &[u8]) -> Result<(), TickRefusal> {
        let taken = self.take(client, body);
        self.shared.numbers.count_call(&taken);
        taken
    }

    fn take(&self, client: &str, body: &[u8]) -> Result<(), TickRefusal> {
        let shared = &self.shared;
        // Counted before it is read: reading costs, too.
        shared
            .rate
            .take(client, shared.clock.now())
            .map_err(|retry_after| TickRefusal::TooMany { retry_after })?;
        let tick = Tick::read(body).map_err(TickRefusal::Invalid)?;
        let return_url = shared.judge_return(&tick.return_url).map_err(|message| {
            TickRefusal::Invalid(vec![Problem::of_field("return_url", "url_not_allowed", message)])
        })?;
        let busy = TickRefusal::Busy { retry_after: BUSY_RETRY };
        if shared.tasks.is_closed() {
            return Err(busy);
        }
        let Ok(place) = Arc::clone(&shared.ticks).try_acquire_owned() else { return Err(busy) };
        shared.tasks.spawn(Arc::clone(shared).run(tick, return_url, place));
        Ok(())
    }

    /// Takes no more calls, and waits a little for those in work; the others are abandoned.
    pub async fn stop(&self) {
        let Shared { tasks, abandon, numbers, .. } = &*self.shared;
        tasks.close();
        if tokio::time::timeout(DRAIN, tasks.wait()).await.is_err() {
            tracing::warn!(calls = tasks.len(), "calls of Telex were abandoned because the program stops");
            numbers.abandoned.fetch_add(tasks.len() as u64, Ordering::Relaxed);
            abandon.cancel();
            tasks.wait().await;
        }
    }
}

impl Shared {
    fn new(checks: Checks, clock: Clock, config: TelexConfig) -> Self {
        Self {
            checks,
            clock,
            hosts: config.hosts,
            policy: config.policy,
            rate: Rate::per_minute(config.rate),
            ticks: Arc::new(Semaphore::new(MAX_TICKS)),
            looks: Semaphore::new(MAX_LOOKS),
            tasks: TaskTracker::new(),
            abandon: CancellationToken::new(),
            numbers: TelexNumbers::default(),
        }
    }

    /// What can be said of a return address without asking anybody. The addresses behind a name are judged when it is dialled.
    fn judge_return(&self, text: &str) -> Result<Url, String> {
        let url = self.hosts.judge(text, self.policy.allow_private)?;
        let judged = match url.host() {
            Some(Host::Ipv4(address)) => self.policy.judge(address.into()),
            Some(Host::Ipv6(address)) => self.policy.judge(address.into()),
            Some(Host::Domain(name)) => self.policy.judge_name(name),
            None => Ok(()),
        };
        judged.map_err(|refusal| format!("it may not be reached from here: {}", refusal.why()))?;
        Ok(url)
    }

    /// Holds its place until it is done.
    async fn run(self: Arc<Self>, tick: Tick, return_url: Url, _place: OwnedSemaphorePermit) {
        let work = async {
            let findings = join_all(tick.sites.iter().map(|site| self.look(site))).await;
            let Some(report) = Report::of(&tick, &findings) else {
                self.numbers.silent.fetch_add(1, Ordering::Relaxed);
                return;
            };
            let posted = post::deliver(&self.checks, &self.clock, &return_url, &report).await;
            let counter = if posted.is_ok() { &self.numbers.posted } else { &self.numbers.dropped };
            counter.fetch_add(1, Ordering::Relaxed);
            if let Err(error) = posted {
                // The path of the address names a channel, so only the host is told.
                let host = return_url.host_str().unwrap_or_default();
                tracing::warn!(host, error, "a result for Telex could not be posted; it is dropped");
            }
        };
        // In a box: twenty checks and the state of a post are too much to move about.
        let _ = self.abandon.run_until_cancelled(Box::pin(work)).await;
    }

    async fn look(&self, site: &str) -> Finding {
        let settings = match request(site) {
            Ok(settings) => settings,
            Err(finding) => return finding,
        };
        // Never closed, so this is only waited for.
        let _place = self.looks.acquire().await;
        self.numbers.sites.fetch_add(1, Ordering::Relaxed);
        Finding::of(&self.checks.run(&settings, SITE_TIMEOUT).await.outcome)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::checks::{ChecksConfig, Names};

    const FORBIDDEN: &str = "private ranges are not allowed on this installation";

    /// The integration as it is without a test bench, but with any host to post to.
    fn public_only() -> Shared {
        resolving(Names::System, TargetPolicy { allow_private: false, ..TargetPolicy::default() })
    }

    fn resolving(names: Names, policy: TargetPolicy) -> Shared {
        let config = ChecksConfig { policy: policy.clone(), names, ..ChecksConfig::default() };
        let checks = Checks::new(config).unwrap();
        let config = TelexConfig { hosts: "*".parse().unwrap(), policy, rate: NonZeroU32::MIN };
        Shared::new(checks, Clock::System, config)
    }

    #[tokio::test]
    async fn a_private_site_is_not_looked_at_by_address_or_by_name() {
        let telex = public_only();
        for site in ["http://127.0.0.1/", "http://[::1]/", "http://10.0.0.1/", "http://localhost/"] {
            let expected = Finding::Failed(format!("It may not be reached from here: {FORBIDDEN}."));
            assert_eq!(telex.look(site).await, expected, "{site}");
        }
    }

    #[tokio::test]
    async fn a_name_that_points_to_a_private_address_is_not_posted_to() {
        let telex = public_only();
        let url = telex.judge_return("https://localhost/v1/return/x").expect("known only when it is dialled");
        let tick = Tick { return_url: url.to_string(), sites: Vec::new(), only_failures: false };
        let report = Report::of(&tick, &[]).unwrap();
        let refused = post::deliver(&telex.checks, &telex.clock, &url, &report).await.unwrap_err();
        assert!(refused.contains(FORBIDDEN), "{refused}");
        assert!(telex.judge_return("https://127.0.0.1/").unwrap_err().contains(FORBIDDEN));
        assert!(telex.judge_return("https://metadata.google.internal/").is_err());
    }

    #[tokio::test]
    async fn a_name_that_turns_is_looked_at_and_posted_to_only_where_it_was_judged() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        // The same port where nobody may go.
        let trap = tokio::net::TcpListener::bind(("127.0.0.2", port)).await.unwrap();
        let came = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&came);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        let (good, bad): (IpAddr, IpAddr) = (Ipv4Addr::LOCALHOST.into(), Ipv4Addr::new(127, 0, 0, 2).into());
        let telex = |answers: Vec<Vec<IpAddr>>| {
            let asked = AtomicUsize::new(0);
            let names = Names::told(move |_| {
                let turn = asked.fetch_add(1, Ordering::SeqCst);
                Ok(answers[turn.min(answers.len() - 1)].clone())
            });
            let policy =
                TargetPolicy { allow_private: false, allow: vec![good.into()], ..TargetPolicy::default() };
            resolving(names, policy)
        };
        let refused = Finding::Failed(format!("It may not be reached from here: {FORBIDDEN}."));
        let mut expected = 0;
        for later in [vec![bad], vec![good, bad], vec![bad, good]] {
            // Both are asked for twice: a site at the next call, a return address at the next try.
            let site = format!("http://turns.test:{port}/");
            let looking = telex(vec![vec![good], later.clone()]);
            assert_ne!(looking.look(&site).await, refused);
            assert_eq!(looking.look(&site).await, refused);
            let posting = telex(vec![vec![good], later]);
            let url = posting.judge_return(&format!("https://turns.test:{port}/v1/return/x")).unwrap();
            let tick = Tick { return_url: url.to_string(), sites: Vec::new(), only_failures: false };
            let report = Report::of(&tick, &[]).unwrap();
            let why = post::deliver(&posting.checks, &posting.clock, &url, &report).await.unwrap_err();
            assert!(why.contains(FORBIDDEN), "{why}");
            expected += 2;
            assert_eq!(came.load(Ordering::SeqCst), expected);
        }
        let nobody = tokio::time::timeout(Duration::from_millis(50), trap.accept()).await;
        assert!(nobody.is_err(), "{nobody:?}");
    }
}

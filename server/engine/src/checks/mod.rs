//! Running checks. A runner is a function in the file of its kind; this module owns the time-out, and what all checks
//! share: clients, TLS, resolvers, policy.

use std::{sync::Arc, time::Duration};

use domain::check::{
    Blindness, CheckReport, CheckSettings, Failure, Outcome,
    redact::{is_sensitive, scrub},
    request::Auth,
};
use domain::form::FieldError;

mod answers;
mod certificate;
mod client;
mod coding;
mod dial;
mod dns;
mod http;
mod http_body;
mod names;
mod ping;
mod policy;
mod tcp;
mod tls;
mod trace;
mod trust;
mod websocket;

pub(crate) use client::{Refused, Unresolved};
pub(crate) use dial::plain_reason;
pub(crate) use http::message_outcome;
pub use names::Names;
pub use policy::{Refusal, TargetPolicy, is_public};

use trace::Trace;
use trust::Trust;
pub(crate) use trust::handshake_failure;

use crate::providers::Outbound;

/// What checks are run with.
#[derive(Debug, Clone)]
pub struct ChecksConfig {
    /// Which targets may be reached.
    pub policy: TargetPolicy,
    /// The User-Agent of http and websocket checks.
    pub user_agent: String,
    /// Where the addresses of names come from, for checks and for messages.
    pub names: Names,
    /// Certificates (DER) that are trusted beside those of Mozilla and of the system.
    pub extra_roots: Vec<Vec<u8>>,
}

impl Default for ChecksConfig {
    fn default() -> Self {
        Self {
            policy: TargetPolicy::default(),
            user_agent: concat!("Pharos/", env!("CARGO_PKG_VERSION")).to_owned(),
            names: Names::default(),
            extra_roots: Vec::new(),
        }
    }
}

/// Why checks cannot be run at all.
#[derive(Debug, thiserror::Error)]
pub enum ChecksError {
    /// A root certificate is not one.
    #[error("a root certificate cannot be used: {0}")]
    Roots(String),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be built: {0}")]
    Client(#[from] reqwest::Error),
}

/// Runs checks. A clone shares everything.
#[derive(Clone)]
pub struct Checks {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Checks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checks").field("policy", &self.shared.policy).finish_non_exhaustive()
    }
}

/// What all checks share.
struct Shared {
    policy: Arc<TargetPolicy>,
    names: Names,
    user_agent: String,
    clients: client::Clients,
    rules: http_body::RulesCache,
    answers: Arc<answers::Answers>,
    /// For connections of our own: certificates are judged afterwards. Without ALPN, and with `http/1.1`.
    tls: Arc<rustls::ClientConfig>,
    tls_http1: Arc<rustls::ClientConfig>,
    resolvers: dns::Resolvers,
    pingers: ping::Pingers,
}

/// One check that runs.
struct Probe<'a> {
    shared: &'a Shared,
    trace: &'a Arc<Trace>,
    timeout: Duration,
    /// Whether all of a failing answer is read, because somebody is to be told it.
    tells_answer: bool,
}

impl Checks {
    /// Sets up everything that checks share: loads the roots once, builds the client once.
    ///
    /// # Errors
    /// When an extra root is not a certificate, or TLS or the client cannot be set up.
    pub fn new(config: ChecksConfig) -> Result<Self, ChecksError> {
        let trust = Trust::load(&config.extra_roots)?;
        let policy = Arc::new(config.policy);
        let tls = Arc::new(trust.config(false, &[], None)?);
        let tls_http1 = Arc::new(trust.config(false, &[b"http/1.1"], None)?);
        let way = client::Way { policy: Arc::clone(&policy), names: config.names.clone() };
        let clients = client::Clients::new(trust, way, config.user_agent.clone())?;
        Ok(Self {
            shared: Arc::new(Shared {
                policy,
                names: config.names,
                user_agent: config.user_agent,
                clients,
                rules: http_body::RulesCache::default(),
                answers: Arc::default(),
                tls,
                tls_http1,
                resolvers: dns::Resolvers::default(),
                pingers: ping::Pingers::default(),
            }),
        })
    }

    /// What messages are sent with: the trust and the policy of checks, and connections that are kept.
    ///
    /// # Errors
    /// When the client cannot be set up.
    pub fn outbound(&self) -> Result<Outbound, ChecksError> {
        let (shared, clients) = (&self.shared, &self.shared.clients);
        let policy = Arc::clone(&shared.policy);
        Ok(Outbound::new(clients.outbound()?, policy, shared.names.clone(), clients.outbound_tls()?))
    }

    /// The same checks under another policy; the roots are not loaded again.
    ///
    /// # Errors
    /// When TLS or the client cannot be set up.
    pub fn with_policy(&self, policy: TargetPolicy) -> Result<Self, ChecksError> {
        let shared = &self.shared;
        let policy = Arc::new(policy);
        Ok(Self {
            shared: Arc::new(Shared {
                policy: Arc::clone(&policy),
                names: shared.names.clone(),
                user_agent: shared.user_agent.clone(),
                clients: shared.clients.with_policy(policy)?,
                rules: http_body::RulesCache::default(),
                answers: Arc::default(),
                tls: Arc::clone(&shared.tls),
                tls_http1: Arc::clone(&shared.tls_http1),
                resolvers: dns::Resolvers::default(),
                pingers: ping::Pingers::default(),
            }),
        })
    }

    /// Says whether somebody is to be told whole answers of failing http checks; before it is said nobody is.
    pub fn want_answers(&self, wanted: bool) {
        self.shared.answers.want(wanted);
    }

    /// Whether somebody is.
    pub fn are_answers_wanted(&self) -> bool {
        self.shared.answers.are_wanted()
    }

    /// What is wrong with settings that only whoever speaks TLS can tell: a client certificate or a key that cannot be used.
    pub fn examine(&self, settings: &CheckSettings) -> Vec<FieldError> {
        let pair = match settings {
            CheckSettings::Http(settings) => &settings.client_certificate,
            CheckSettings::WebSocket(settings) => &settings.client_certificate,
            _ => &None,
        };
        pair.as_ref().map(|pair| self.shared.clients.examine(pair)).unwrap_or_default()
    }

    /// Runs one check, at most for the time allowed. It always ends in a report: dropping the future cancels the check. Of a failing answer
    /// the first 4 kB are read.
    pub async fn run(&self, settings: &CheckSettings, timeout: Duration) -> CheckReport {
        self.run_one(settings, timeout, false).await
    }

    /// The same, with up to 1 MB of a failing answer in the report.
    pub async fn run_and_tell(&self, settings: &CheckSettings, timeout: Duration) -> CheckReport {
        self.run_one(settings, timeout, true).await
    }

    async fn run_one(&self, settings: &CheckSettings, timeout: Duration, tells_answer: bool) -> CheckReport {
        let trace = Trace::start();
        let probe = Probe { shared: &self.shared, trace: &trace, timeout, tells_answer };
        let outcome = match tokio::time::timeout(timeout, trace.scope(dispatch(settings, &probe))).await {
            Ok(outcome) => outcome,
            Err(_) => probe.timed_out(),
        };
        scrub(trace.into_report(outcome), &secret_texts(settings))
    }
}

/// Not boxed for the kinds that are many; the compiler asks for an arm when a kind is added to the list.
async fn dispatch(settings: &CheckSettings, probe: &Probe<'_>) -> Outcome {
    match settings {
        CheckSettings::Http(settings) => http::run(settings, probe).await,
        CheckSettings::Tcp(settings) => Box::pin(tcp::run(settings, probe)).await,
        CheckSettings::Ping(settings) => Box::pin(ping::run(settings, probe)).await,
        CheckSettings::Dns(settings) => Box::pin(dns::run(settings, probe)).await,
        CheckSettings::Tls(settings) => Box::pin(tls::run(settings, probe)).await,
        CheckSettings::WebSocket(settings) => Box::pin(websocket::run(settings, probe)).await,
        // The scheduler judges these by the calls that came in.
        CheckSettings::Push(_) => Outcome::Unknown { why: Blindness::NotPolled },
    }
}

impl Probe<'_> {
    fn policy(&self) -> &TargetPolicy {
        &self.shared.policy
    }

    fn names(&self) -> &Names {
        &self.shared.names
    }

    /// The time until the check is cut off.
    fn time_left(&self) -> Duration {
        self.timeout.saturating_sub(self.trace.elapsed())
    }

    /// The outcome when the time runs out now.
    fn timed_out(&self) -> Outcome {
        let after_ms = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        let meaning = self.trace.with(|notes| notes.on_timeout.take());
        Outcome::down(meaning.unwrap_or_else(|| Failure::Timeout { after_ms, phase: self.trace.phase() }))
    }
}

/// The texts under which a target may have seen our secrets.
fn secret_texts(settings: &CheckSettings) -> Vec<String> {
    let mut texts: Vec<String> = settings.secrets().iter().map(|secret| secret.expose().to_owned()).collect();
    let (auth, url) = match settings {
        CheckSettings::Http(settings) => (&settings.auth, &settings.url),
        CheckSettings::WebSocket(settings) => (&settings.auth, &settings.url),
        _ => return texts,
    };
    // Most have no query, and every check comes by here.
    if url.contains('?')
        && let Ok(url) = reqwest::Url::parse(url)
    {
        let secret = url.query_pairs().filter(|(name, _)| is_sensitive(name));
        texts.extend(secret.map(|(_, value)| value.into_owned()));
    }
    if let Auth::Basic { username, password } = auth {
        texts.push(basic_credentials(username, password.expose()));
    }
    texts
}

/// Name and password as they stand in the header (RFC 7617).
fn basic_credentials(username: &str, password: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"))
}

//! The HTTP clients. Building one loads TLS and costs milliseconds, so nearly all checks share one, and the special ones
//! (no verification, one IP version, a proxy, a client certificate) are kept while there are few.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use domain::check::{HttpSettings, Phase, target::IpVersion};
use reqwest::{
    Client, Proxy,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use tower::{Layer, Service};

use super::{
    ChecksError, dial,
    policy::TargetPolicy,
    trace::Trace,
    trust::{Identity, Trust},
};

/// The most special clients that are kept, each about 100 kB.
const MAX_SPECIAL: usize = 64;
/// The most headers of an answer: more are a fault of the server, or an attack.
const MAX_RESPONSE_HEADERS: usize = 256;

/// The clients of all http checks.
pub(super) struct Clients {
    common: Client,
    special: Mutex<HashMap<Special, Client>>,
    trust: Trust,
    policy: Arc<TargetPolicy>,
    user_agent: String,
}

/// In what a client differs from the common one.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Special {
    verify: bool,
    version: IpVersion,
    proxy: Option<String>,
    identity: Option<(String, String)>,
}

impl Clients {
    /// Builds the common client.
    ///
    /// # Errors
    /// When TLS or the client cannot be set up.
    pub(super) fn new(
        trust: Trust,
        policy: Arc<TargetPolicy>,
        user_agent: String,
    ) -> Result<Self, ChecksError> {
        let plain = Special { verify: true, version: IpVersion::Any, proxy: None, identity: None };
        let common = build(&trust, &policy, &user_agent, &plain).map_err(ChecksError::Roots)?;
        Ok(Self { common, special: Mutex::default(), trust, policy, user_agent })
    }

    /// The same clients under another policy.
    ///
    /// # Errors
    /// When TLS or the client cannot be set up.
    pub(super) fn with_policy(&self, policy: Arc<TargetPolicy>) -> Result<Self, ChecksError> {
        Self::new(self.trust.clone(), policy, self.user_agent.clone())
    }

    /// The client for these settings.
    ///
    /// # Errors
    /// A sentence, when the client certificate or the proxy cannot be used.
    pub(super) fn get(&self, settings: &HttpSettings) -> Result<Client, String> {
        let plain = settings.verify_tls
            && settings.ip_version == IpVersion::Any
            && settings.proxy.is_none()
            && settings.client_certificate.is_none();
        if plain {
            return Ok(self.common.clone());
        }
        let special = Special {
            verify: settings.verify_tls,
            version: settings.ip_version,
            proxy: settings.proxy.as_ref().map(|proxy| proxy.expose().to_owned()),
            identity: settings
                .client_certificate
                .as_ref()
                .map(|pair| (pair.certificate.clone(), pair.key.expose().to_owned())),
        };
        let kept = || self.special.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = kept().get(&special) {
            return Ok(client.clone());
        }
        // Built outside of the lock: two checks may build the same one once, but none waits for another.
        let client = build(&self.trust, &self.policy, &self.user_agent, &special)?;
        let mut kept = kept();
        if kept.len() >= MAX_SPECIAL
            && let Some(any) = kept.keys().next().cloned()
        {
            kept.remove(&any);
        }
        kept.insert(special, client.clone());
        Ok(client)
    }
}

impl Clients {
    /// A client for messages: the same trust and policy, but connections are kept for the next message.
    pub(super) fn outbound(&self) -> Result<Client, ChecksError> {
        let tls = self.trust.config(true, &[b"h2", b"http/1.1"], None)?;
        let resolver = JudgingResolver { policy: Arc::clone(&self.policy), version: IpVersion::Any };
        let builder = Client::builder()
            .user_agent(&self.user_agent)
            .redirect(Policy::none())
            .http1_max_headers(MAX_RESPONSE_HEADERS)
            .tcp_nodelay(true)
            .tls_backend_preconfigured(tls)
            .dns_resolver(resolver);
        Ok(builder.build()?)
    }

    /// TLS for messages that do not go over HTTP: the same trust.
    pub(super) fn outbound_tls(&self) -> Result<Arc<rustls::ClientConfig>, ChecksError> {
        Ok(Arc::new(self.trust.config(true, &[], None)?))
    }
}

fn build(
    trust: &Trust,
    policy: &Arc<TargetPolicy>,
    user_agent: &str,
    special: &Special,
) -> Result<Client, String> {
    let identity = special
        .identity
        .as_ref()
        .map(|(certificate, key)| Identity::from_pem(certificate, key))
        .transpose()?;
    // A configuration of our own brings its own ALPN: the client adds none.
    let tls = trust
        .config(special.verify, &[b"h2", b"http/1.1"], identity)
        .map_err(|error| format!("certificate and key do not belong together ({error})"))?;
    let builder = Client::builder()
        .user_agent(user_agent)
        // The proxies of the environment are for our own calls; a check goes where its settings say.
        .no_proxy()
        // Every check measures the whole way, so nothing is kept open; it also keeps the request in our own task, where
        // its trace is.
        .pool_max_idle_per_host(0)
        // Followed by hand, to judge each hop.
        .redirect(Policy::none())
        .http1_max_headers(MAX_RESPONSE_HEADERS)
        .tcp_nodelay(true)
        .tls_backend_preconfigured(tls)
        .dns_resolver(JudgingResolver { policy: Arc::clone(policy), version: special.version })
        .connector_layer(NoteConnected);
    let builder = match &special.proxy {
        None => builder,
        Some(proxy) => {
            builder.proxy(Proxy::all(proxy).map_err(|_| "the proxy's address cannot be used".to_owned())?)
        }
    };
    builder.build().map_err(|error| format!("the client cannot be built ({error})"))
}

/// Resolves for the HTTP client as for all others: judged by the policy, noted in the trace.
struct JudgingResolver {
    policy: Arc<TargetPolicy>,
    version: IpVersion,
}

impl Resolve for JudgingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, version) = (Arc::clone(&self.policy), self.version);
        Box::pin(async move {
            // Only checks come here; without one there is nobody to note for, but the policy still holds.
            let trace = Trace::running().unwrap_or_else(Trace::start);
            match dial::resolve(&trace, &policy, name.as_str(), version).await {
                Ok(addresses) => {
                    trace.enter(Phase::Connect);
                    Ok(Box::new(addresses.into_iter().map(|address| (address, 0_u16).into())) as Addrs)
                }
                Err(outcome) => {
                    let text = outcome.sentence();
                    trace.with(|notes| notes.stopped = Some(outcome));
                    Err(text.into())
                }
            }
        })
    }
}

/// Notes when the connection stands, TLS included.
#[derive(Clone)]
struct NoteConnected;

impl<S> Layer<S> for NoteConnected {
    type Service = NotingConnector<S>;

    fn layer(&self, connector: S) -> Self::Service {
        NotingConnector(connector)
    }
}

#[derive(Clone)]
struct NotingConnector<S>(S);

impl<S, R> Service<R> for NotingConnector<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
    S::Response: 'static,
    S::Error: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let connecting = self.0.call(request);
        Box::pin(async move {
            let connected = connecting.await;
            if connected.is_ok() {
                Trace::current(|trace| trace.enter(Phase::Wait));
            }
            connected
        })
    }
}

//! The HTTP clients. Building one loads TLS and costs milliseconds, so nearly all checks share one, and the special ones
//! (no verification, one IP version, a proxy, a client certificate) are kept while there are few.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use domain::check::{ClientCertificate, Failure, HttpSettings, Outcome, Phase, target::IpVersion};
use domain::form::FieldError;
use reqwest::{
    Client, Proxy,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use tower::{Layer, Service};

use super::{
    ChecksError, Names, dial,
    policy::TargetPolicy,
    trace::Trace,
    trust::{Identity, Trust, Unreadable},
};

/// The most special clients that are kept, each about 100 kB.
const MAX_SPECIAL: usize = 64;
/// The most headers of an answer to a check: more are a fault of the server, or an attack.
const MAX_RESPONSE_HEADERS: usize = 256;
/// The time-out, in seconds, of checks that share the common client: the one that monitors have unless somebody says otherwise.
const COMMON_TIMEOUT: u64 = 10;

/// The clients of all http checks.
pub(super) struct Clients {
    common: Client,
    special: Mutex<HashMap<Special, Client>>,
    trust: Trust,
    way: Way,
    user_agent: String,
}

/// How every client comes from a name to addresses that may be reached.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) policy: Arc<TargetPolicy>,
    pub(super) names: Names,
}

/// In what a client differs from the common one.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Special {
    verify: bool,
    version: IpVersion,
    proxy: Option<String>,
    identity: Option<(String, String)>,
    /// The time-out of the check in whole seconds, rounded up. The client divides it among the addresses of a host, so that one
    /// that never answers leaves time for the next; with both families it tries the other one after 300 ms anyway.
    timeout_s: u64,
}

/// A time-out as [`Special`] has it. Rounded up: a single address may take all of it.
fn whole_seconds(timeout: Duration) -> u64 {
    timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0)
}

impl Clients {
    /// Builds the common client.
    ///
    /// # Errors
    /// When TLS or the client cannot be set up.
    pub(super) fn new(trust: Trust, way: Way, user_agent: String) -> Result<Self, ChecksError> {
        let plain = Special {
            verify: true,
            version: IpVersion::Any,
            proxy: None,
            identity: None,
            timeout_s: COMMON_TIMEOUT,
        };
        let resolver = JudgingResolver { way: way.clone(), version: IpVersion::Any };
        let common = build(&trust, resolver, &user_agent, &plain).map_err(ChecksError::Roots)?;
        Ok(Self { common, special: Mutex::default(), trust, way, user_agent })
    }

    /// The same clients under another policy.
    ///
    /// # Errors
    /// When TLS or the client cannot be set up.
    pub(super) fn with_policy(&self, policy: Arc<TargetPolicy>) -> Result<Self, ChecksError> {
        let way = Way { policy, names: self.way.names.clone() };
        Self::new(self.trust.clone(), way, self.user_agent.clone())
    }

    /// The client for these settings in a check that takes at most `timeout`.
    ///
    /// # Errors
    /// A sentence, when the client certificate or the proxy cannot be used.
    pub(super) fn get(&self, settings: &HttpSettings, timeout: Duration) -> Result<Client, String> {
        let timeout_s = whole_seconds(timeout);
        let plain = timeout_s == COMMON_TIMEOUT
            && settings.verify_tls
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
            timeout_s,
        };
        let kept = || self.special.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = kept().get(&special) {
            return Ok(client.clone());
        }
        // Built outside of the lock: two checks may build the same one once, but none waits for another.
        let resolver = JudgingResolver { way: self.way.clone(), version: special.version };
        let client = build(&self.trust, resolver, &self.user_agent, &special)?;
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
    /// TLS for a connection of our own that shows a certificate; what the server shows is judged afterwards.
    ///
    /// # Errors
    /// A sentence, when the certificate or its key cannot be used.
    pub(super) fn tls_showing(&self, pair: &ClientCertificate) -> Result<Arc<rustls::ClientConfig>, String> {
        let identity =
            Identity::from_pem(&pair.certificate, pair.key.expose()).map_err(|error| error.to_string())?;
        let config = self.trust.config(false, &[b"http/1.1"], Some(identity));
        Ok(Arc::new(config.map_err(|error| strangers(&error))?))
    }

    /// What is wrong with a client certificate and its key.
    pub(super) fn examine(&self, pair: &ClientCertificate) -> Vec<FieldError> {
        let wrong = |field, message: &str| vec![FieldError::new(field, message)];
        match Identity::from_pem(&pair.certificate, pair.key.expose()) {
            Err(Unreadable::Certificate(reason)) => {
                wrong("client_certificate", &format!("This certificate cannot be read: {reason}."))
            }
            Err(Unreadable::Key) => {
                wrong("client_key", "This key cannot be read; it has to be an unencrypted PEM key.")
            }
            Ok(identity) => match self.trust.config(true, &[], Some(identity)) {
                Ok(_) => Vec::new(),
                Err(_) => wrong("client_key", "This is not the key of the certificate."),
            },
        }
    }

    /// A client for messages: the same trust and policy, but connections are kept for the next message.
    pub(super) fn outbound(&self) -> Result<Client, ChecksError> {
        let tls = self.trust.config(true, &[b"h2", b"http/1.1"], None)?;
        let resolver = JudgingResolver { way: self.way.clone(), version: IpVersion::Any };
        let builder = Client::builder()
            .user_agent(&self.user_agent)
            .redirect(Policy::none())
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
    resolver: impl Resolve + 'static,
    user_agent: &str,
    special: &Special,
) -> Result<Client, String> {
    let identity = special
        .identity
        .as_ref()
        .map(|(certificate, key)| Identity::from_pem(certificate, key))
        .transpose()
        .map_err(|unreadable| unreadable.to_string())?;
    // A configuration of our own brings its own ALPN: the client adds none.
    let tls =
        trust.config(special.verify, &[b"h2", b"http/1.1"], identity).map_err(|error| strangers(&error))?;
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
        // As browsers and curl: what old servers still write.
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .tcp_nodelay(true)
        .tls_backend_preconfigured(tls)
        .connect_timeout(Duration::from_secs(special.timeout_s))
        .dns_resolver(resolver)
        .connector_layer(NoteConnected);
    let builder = match &special.proxy {
        None => builder,
        Some(proxy) => {
            builder.proxy(Proxy::all(proxy).map_err(|_| "the proxy's address cannot be used".to_owned())?)
        }
    };
    builder.build().map_err(|error| format!("the client cannot be built ({error})"))
}

/// What is said when a key is not that of its certificate.
fn strangers(error: &rustls::Error) -> String {
    format!("certificate and key do not belong together ({error})")
}

/// A name leads where the policy lets nobody go; the sentence says where.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(String);

/// A name leads nowhere; the sentence says why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unresolved(String);

/// Resolves for the HTTP client as for all others: judged by the policy, noted in the trace.
struct JudgingResolver {
    way: Way,
    version: IpVersion,
}

impl Resolve for JudgingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (way, version) = (self.way.clone(), self.version);
        Box::pin(async move {
            // Only checks come here; without one there is nobody to note for, but the policy still holds.
            let trace = Trace::running().unwrap_or_else(Trace::start);
            match dial::resolve(&trace, &way.policy, &way.names, name.as_str(), version).await {
                Ok(addresses) => {
                    trace.enter(Phase::Connect);
                    Ok(Box::new(addresses.into_iter().map(|address| (address, 0_u16).into())) as Addrs)
                }
                Err(outcome) => {
                    let text = outcome.sentence();
                    let refused =
                        matches!(outcome, Outcome::Down { failure: Failure::ForbiddenTarget { .. } });
                    trace.with(|notes| notes.stopped = Some(outcome));
                    Err(if refused { Refused(text).into() } else { Unresolved(text).into() })
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

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::time::Instant;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpSocket, TcpStream};

    use super::*;

    /// Resolves every name to the same addresses.
    struct Fixed(Vec<SocketAddr>);

    impl Resolve for Fixed {
        fn resolve(&self, _: Name) -> Resolving {
            let addresses = self.0.clone();
            Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
        }
    }

    /// An address that answers nothing: the queue of a listener that accepts nobody is full, so that the system drops what comes.
    async fn black_hole(address: SocketAddr) -> (TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(address).unwrap();
        let listener = socket.listen(1).unwrap();
        let mut queued = Vec::new();
        while let Ok(Ok(stream)) =
            tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await
        {
            queued.push(stream);
        }
        (listener, queued)
    }

    #[tokio::test]
    async fn an_address_that_never_answers_leaves_time_for_the_next_one() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = server.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = server.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1_024]).await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await.unwrap();
        });
        let hole = Ipv4Addr::new(127, 0, 0, 2);
        let _held = black_hole(SocketAddr::from((hole, port))).await;
        let addresses = Fixed(vec![SocketAddr::from((hole, 0)), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))]);
        let special = Special {
            verify: true,
            version: IpVersion::Any,
            proxy: None,
            identity: None,
            timeout_s: whole_seconds(Duration::from_millis(1_500)),
        };
        let client = build(&Trust::load(&[]).unwrap(), addresses, "test", &special).unwrap();
        let begun = Instant::now();
        let answer = client.get(format!("http://two.test:{port}/")).send().await.unwrap();
        assert_eq!(answer.status(), 204);
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(900), "half of two seconds, not {took:?}");
        assert!(took < Duration::from_millis(1_900), "{took:?}");
    }
}

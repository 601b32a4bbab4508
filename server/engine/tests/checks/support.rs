//! Servers with a script, and certificates.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::check::{CheckReport, CheckSettings, Failure, HttpSettings, Outcome};
use engine::checks::{Checks, ChecksConfig, TargetPolicy};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use time::{Duration as Days, OffsetDateTime};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// Long enough for a machine under load, short enough to notice a hang.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) fn checks() -> Checks {
    Checks::new(ChecksConfig::default()).unwrap()
}

pub(crate) fn checks_with(policy: TargetPolicy) -> Checks {
    Checks::new(ChecksConfig { policy, ..ChecksConfig::default() }).unwrap()
}

pub(crate) async fn run(settings: impl Into<CheckSettings>) -> CheckReport {
    checks().run(&settings.into(), TIMEOUT).await
}

pub(crate) fn get(url: &str) -> HttpSettings {
    HttpSettings::get(url)
}

pub(crate) fn failure(report: &CheckReport) -> &Failure {
    match &report.outcome {
        Outcome::Down { failure } => failure,
        other => panic!("expected down, got {other:?}"),
    }
}

/// A step of a server's answer.
#[derive(Clone)]
pub(crate) enum Step {
    Write(Vec<u8>),
    Sleep(u64),
    /// Holds the connection open without a word.
    Hang,
}

pub(crate) fn write(text: &str) -> Vec<Step> {
    vec![Step::Write(text.as_bytes().to_vec())]
}

pub(crate) fn ok(body: &str) -> Vec<Step> {
    answer("200 OK", "", body.as_bytes())
}

pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<Step> {
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}connection: close\r\n\r\n", body.len());
    vec![Step::Write([head.as_bytes(), body].concat())]
}

/// A server that answers what its script says to each request, and remembers the requests.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::start_tls(script, None).await
    }

    pub(crate) async fn start_tls(
        script: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static,
        tls: Option<Arc<ServerConfig>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (script, requests) = (Arc::new(script), Arc::new(Mutex::new(Vec::new())));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, seen, tls) = (Arc::clone(&script), Arc::clone(&seen), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &*script, &seen).await,
                        Some(tls) => {
                            if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                                serve(stream, &*script, &seen).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn https(&self, host: &str) -> String {
        format!("https://{host}:{}/", self.address.port())
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: &(impl Fn(&str) -> Vec<Step> + Sync),
    seen: &Mutex<Vec<String>>,
) {
    let mut request = vec![0; 16_384];
    let read = stream.read(&mut request).await.unwrap_or(0);
    let request = String::from_utf8_lossy(&request[..read]).into_owned();
    if read > 0 {
        seen.lock().unwrap().push(request.clone());
    }
    for step in script(&request) {
        match step {
            Step::Write(bytes) => {
                if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
            Step::Sleep(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Step::Hang => std::future::pending().await,
        }
    }
    let _ = stream.shutdown().await;
}

/// An authority of our own.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

/// How a certificate deviates from a good one.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) names: Vec<String>,
    pub(crate) from_days: i64,
    pub(crate) to_days: i64,
}

impl Default for Leaf {
    fn default() -> Self {
        // An hour beyond, so that whole days are left.
        Self { names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()], from_days: -2, to_days: 90 }
    }
}

impl Leaf {
    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::new(self.names.clone()).unwrap();
        let now = OffsetDateTime::from_unix_timestamp(now_s()).unwrap();
        params.not_before = now + Days::days(self.from_days);
        params.not_after = now + Days::days(self.to_days) + Days::hours(1);
        params
    }
}

fn now_s() -> i64 {
    // Tests only: certificates are judged against the real clock.
    i64::try_from(rustls::pki_types::UnixTime::now().as_secs()).unwrap()
}

pub(crate) struct Pair {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(rcgen::DnType::CommonName, "Test Authority");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    pub(crate) fn issue(&self, leaf: &Leaf) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf.params().signed_by(&key, &self.issuer).unwrap();
        pair(&certificate, &key)
    }

    /// Checks that trust this authority.
    pub(crate) fn trusted(&self) -> Checks {
        let extra_roots = vec![self.certificate.to_vec()];
        Checks::new(ChecksConfig { extra_roots, ..ChecksConfig::default() }).unwrap()
    }

    /// Its certificate, as operators keep it in a file.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A server's configuration that asks for a client certificate of this authority.
    pub(crate) fn asking(&self, pair: Pair) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Arc::new(builder.with_client_cert_verifier(verifier).with_single_cert(pair.chain, pair.key).unwrap())
    }
}

pub(crate) fn self_signed(leaf: &Leaf) -> Pair {
    let key = KeyPair::generate().unwrap();
    pair(&leaf.params().self_signed(&key).unwrap(), &key)
}

fn pair(certificate: &rcgen::Certificate, key: &KeyPair) -> Pair {
    Pair {
        chain: vec![certificate.der().clone()],
        key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        certificate_pem: certificate.pem(),
        key_pem: key.serialize_pem(),
    }
}

/// A server's configuration with these protocol versions.
pub(crate) fn serving(
    pair: Pair,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(pair.chain, pair.key).unwrap())
}

pub(crate) fn serving_all(pair: Pair) -> Arc<ServerConfig> {
    serving(pair, rustls::ALL_VERSIONS)
}

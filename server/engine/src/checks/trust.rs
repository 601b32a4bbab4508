//! TLS for checks: the roots that are trusted, a verifier that notes its verdict instead of only refusing, and no
//! resumption, so that every check measures a whole handshake.

use std::sync::Arc;

use domain::check::{CertificateFacts, Failure, Phase, certificate::DAY_MS};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, NamedGroup, RootCertStore, SignatureScheme,
    client::{
        ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _},
    server::ParsedCertificate,
};

use super::{ChecksError, certificate::FactsCache, trace::Trace};

/// What is wrong with a certificate; each part is `None` when it is right.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict {
    /// It is not valid now.
    pub(crate) dates: Option<Failure>,
    /// Nobody trusted vouches for it.
    pub(crate) chain: Option<Failure>,
    /// It is for another name.
    pub(crate) name: Option<Failure>,
    /// The time of the verdict, in Unix milliseconds.
    pub(crate) at_ms: i64,
}

impl Verdict {
    /// The first thing that is wrong, in the order in which people fix it.
    pub(crate) fn problem(&self, check_chain: bool) -> Option<Failure> {
        let chain = self.chain.as_ref().filter(|_| check_chain);
        self.dates.as_ref().or(self.name.as_ref()).or(chain).cloned()
    }
}

/// What all TLS configurations share.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    provider: Arc<CryptoProvider>,
    verifier: Arc<WebPkiServerVerifier>,
    facts: Arc<FactsCache>,
}

/// A certificate and key to show to servers.
pub(crate) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads both from PEM.
    ///
    /// # Errors
    /// Which of both cannot be read.
    pub(crate) fn from_pem(certificate: &str, key: &str) -> Result<Self, Unreadable> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|error| Unreadable::Certificate(error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| Unreadable::Key)?;
        Ok(Self { chain, key })
    }
}

/// What of an identity cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// The certificate, and why.
    #[error("the client certificate cannot be read ({0})")]
    Certificate(String),
    /// The key.
    #[error("the client key cannot be read; it has to be an unencrypted PEM key")]
    Key,
}

impl Trust {
    /// Loads the roots: Mozilla's, those of the system, and extra ones.
    ///
    /// # Errors
    /// When an extra root is not a certificate.
    pub(crate) fn load(extra_roots: &[Vec<u8>]) -> Result<Self, ChecksError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let native = rustls_native_certs::load_native_certs();
        for error in &native.errors {
            tracing::debug!(%error, "a root certificate of the system could not be loaded");
        }
        roots.add_parsable_certificates(native.certs);
        for root in extra_roots {
            roots.add(CertificateDer::from(root.clone()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|error| ChecksError::Roots(error.to_string()))?;
        Ok(Self { provider, verifier, facts: Arc::default() })
    }

    /// A configuration. With `refuse`, a certificate that is not right ends the handshake; without, the verdict is
    /// only noted and the caller judges.
    ///
    /// # Errors
    /// When key and certificate do not belong together.
    pub(crate) fn config(
        &self,
        refuse: bool,
        alpn: &[&[u8]],
        identity: Option<Identity>,
    ) -> Result<ClientConfig, rustls::Error> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(NotingVerifier { trust: self.clone(), refuse }));
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(Identity { chain, key }) => builder.with_client_auth_cert(chain, key)?,
        };
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        config.resumption = Resumption::store(Arc::new(NoResumption));
        Ok(config)
    }

    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> (Verdict, Result<ServerCertVerified, rustls::Error>) {
        let facts = self.facts.facts(leaf, above);
        let result = self.verifier.verify_server_cert(leaf, above, name, ocsp, now);
        let at_ms = i64::try_from(now.as_secs()).unwrap_or(i64::MAX).saturating_mul(1_000);
        let mut verdict = Verdict { at_ms, ..Verdict::default() };
        if let Err(error) = &result {
            // The verifier stops at the first thing that is wrong; dates and name are worth more to people.
            verdict.dates = facts.as_deref().and_then(|facts| wrong_dates(facts, at_ms));
            let named =
                ParsedCertificate::try_from(leaf).and_then(|parsed| verify_server_name(&parsed, name));
            verdict.name = named.err().map(|_| Failure::CertificateWrongHost {
                expected: name.to_str().into_owned(),
                presented: facts.as_deref().map(|facts| facts.names.clone()).unwrap_or_default(),
            });
            verdict.chain = wrong_chain(error, facts.as_deref());
        }
        Trace::current(|trace| {
            trace.with(|notes| {
                notes.certificate = facts;
                notes.verdict = verdict.clone();
            });
        });
        (verdict, result)
    }
}

fn wrong_dates(facts: &CertificateFacts, now_ms: i64) -> Option<Failure> {
    if now_ms > facts.not_after_ms {
        Some(Failure::CertificateExpired { days_ago: (now_ms - facts.not_after_ms) / DAY_MS })
    } else if now_ms < facts.not_before_ms {
        Some(Failure::CertificateNotYetValid { days: (facts.not_before_ms - now_ms + DAY_MS - 1) / DAY_MS })
    } else {
        None
    }
}

fn wrong_chain(error: &rustls::Error, facts: Option<&CertificateFacts>) -> Option<Failure> {
    match error {
        // Judged by themselves, though an expired intermediate is reported in this way too.
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => None,
        rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) if facts.is_some_and(|facts| facts.chain.is_empty()) => None,
        rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => Some(Failure::CertificateUntrusted {
            issuer: facts.map(|facts| facts.issuer.clone()).unwrap_or_default(),
            self_signed: facts.is_some_and(|facts| facts.self_signed),
        }),
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
            // A self-signed leaf that is marked as an authority ends here.
            let self_signed = facts.is_some_and(|facts| facts.self_signed);
            Some(if self_signed {
                let issuer = facts.map(|facts| facts.issuer.clone()).unwrap_or_default();
                Failure::CertificateUntrusted { issuer, self_signed }
            } else {
                Failure::TlsError { reason: format!("the certificate is not valid: {other}") }
            })
        }
        other => Some(Failure::TlsError { reason: other.to_string() }),
    }
}

/// Turns an error of the handshake into a failure.
pub(crate) fn handshake_failure(error: &rustls::Error, minimum: &str) -> Failure {
    use rustls::{AlertDescription as Alert, Error, PeerIncompatible as Peer};
    let weak = |got: &str| Failure::WeakProtocol { got: got.to_owned(), minimum: minimum.to_owned() };
    let reason = |reason: &str| Failure::TlsError { reason: reason.to_owned() };
    match error {
        Error::AlertReceived(Alert::ProtocolVersion | Alert::InsufficientSecurity) => {
            weak("the server refuses TLS 1.2 and 1.3")
        }
        Error::PeerIncompatible(
            Peer::ServerDoesNotSupportTls12Or13
            | Peer::ServerTlsVersionIsDisabledByOurConfig
            | Peer::Tls12NotOffered
            | Peer::Tls12NotOfferedOrEnabled,
        ) => weak("the server speaks a version below TLS 1.2"),
        Error::AlertReceived(Alert::HandshakeFailure) => reason(
            "the server refused the handshake; it may have no cipher suite in common, or ask for a client certificate",
        ),
        Error::AlertReceived(
            Alert::CertificateRequired | Alert::BadCertificate | Alert::UnknownCA | Alert::AccessDenied,
        ) => reason("the server asks for a client certificate that it trusts"),
        Error::AlertReceived(Alert::UnrecognisedName) => {
            reason("the server does not know the name that was asked for")
        }
        Error::InvalidMessage(_) => reason("the server does not speak TLS on this port"),
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            Failure::CertificateUntrusted { issuer: String::new(), self_signed: false }
        }
        other => Failure::TlsError { reason: other.to_string() },
    }
}

/// Notes the verdict for the running check, and refuses or not.
#[derive(Debug)]
struct NotingVerifier {
    trust: Trust,
    refuse: bool,
}

impl ServerCertVerifier for NotingVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let (_, result) = self.trust.judge(leaf, above, name, ocsp, now);
        if self.refuse { result } else { Ok(ServerCertVerified::assertion()) }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.trust.verifier.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.trust.verifier.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.verifier.supported_verify_schemes()
    }
}

/// Remembers no session. Being asked for one is the first thing that happens in a handshake, so it marks its start: the
/// HTTP client offers no other hook between connecting and TLS.
#[derive(Debug)]
struct NoResumption;

impl ClientSessionStore for NoResumption {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        Trace::current(|trace| trace.enter(Phase::Tls));
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {}

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}

//! Connections that are not HTTP, under the same policy and the same trust.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use domain::check::target::{bare_host, host_port};
use domain::check::{Failure, Outcome};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::{DeliveryError, Outbound};
use crate::checks::{Refusal, handshake_failure, plain_reason};

/// The least time for one of several addresses: a shorter one would give up on a slow network.
const MIN_SHARE: Duration = Duration::from_millis(250);

/// A connection, plain or encrypted.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Outbound {
    /// Connects to a host: each of its addresses in turn, with its share of the time. One refused address refuses the name, as for
    /// checks.
    ///
    /// # Errors
    /// `Permanent` when the policy forbids it, `Retry` for everything else.
    pub(super) async fn connect(
        &self,
        host: &str,
        port: u16,
        within: Duration,
    ) -> Result<TcpStream, DeliveryError> {
        let (host, until) = (bare_host(host), Instant::now() + within);
        let shown = host_port(host, port);
        let addresses = match timeout(within, self.resolve(host)).await {
            Ok(addresses) => addresses?,
            Err(_) => return Err(DeliveryError::retry(format!("{host} could not be resolved in time"))),
        };
        let mut reason = "it has no address".to_owned();
        for (index, address) in addresses.iter().enumerate() {
            let left = until.saturating_duration_since(Instant::now());
            let rest = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
            match timeout((left / rest).max(MIN_SHARE), TcpStream::connect(SocketAddr::new(*address, port)))
                .await
            {
                Ok(Ok(stream)) => {
                    // Short lines go back and forth; only their pace suffers if it fails.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(error)) => reason = plain_reason(&error),
                Err(_) => reason = format!("no answer within {} s", within.as_secs()),
            }
        }
        Err(DeliveryError::retry(format!("no connection to {shown}: {reason}")))
    }

    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, DeliveryError> {
        let forbidden = |refusal: Refusal| {
            DeliveryError::permanent(format!("{host} may not be reached from here: {}.", refusal.why()))
        };
        let mut addresses: Vec<IpAddr> = if let Ok(address) = host.parse() {
            vec![address]
        } else {
            self.policy().judge_name(host).map_err(forbidden)?;
            self.names.look_up(host).await.map_err(|error| {
                DeliveryError::retry(format!("{host} could not be resolved: {}", plain_reason(&error)))
            })?
        };
        addresses.dedup();
        for address in &addresses {
            self.policy().judge(*address).map_err(forbidden)?;
        }
        Ok(addresses)
    }

    /// Speaks TLS with a host over a connection, and refuses a certificate that is not right.
    ///
    /// # Errors
    /// Why there is no encryption, as the end of a sentence.
    pub(super) async fn encrypt(
        &self,
        stream: Box<dyn Stream>,
        host: &str,
    ) -> Result<Box<dyn Stream>, String> {
        let name = ServerName::try_from(bare_host(host).trim_end_matches('.').to_owned())
            .map_err(|_| format!("“{host}” cannot be a server name in TLS"))?;
        match TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(tls_reason(&error)),
        }
    }
}

fn tls_reason(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidMessage(_)) => "the server does not speak TLS on this port".to_owned(),
        Some(other) => match handshake_failure(other, "TLS 1.2") {
            untrusted @ Failure::CertificateUntrusted { .. } => {
                let advice = Outcome::down(untrusted.clone()).advice().unwrap_or_default();
                plain_reason(&io::Error::other(format!("{} {advice}", untrusted.sentence()).trim_end()))
            }
            _ => other.to_string(),
        },
        None => plain_reason(error),
    }
}

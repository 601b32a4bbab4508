//! Resolve, connect, handshake: the way to a target, judged by the policy and noted phase by phase.

use std::{
    error::Error as StdError,
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use domain::check::{
    Blindness, Failure, Outcome, Phase,
    target::{IpVersion, bare_host, host_port},
};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    Names, Probe,
    policy::{Refusal, TargetPolicy},
    trace::Trace,
    trust::handshake_failure,
};

/// The least time for one of several addresses: a shorter one would give up on a slow network.
const MIN_SHARE: Duration = Duration::from_millis(250);

/// A connection, plain or encrypted.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The failure of a target that the policy refuses.
pub(super) fn forbidden(address: &impl ToString, refusal: Refusal) -> Failure {
    Failure::ForbiddenTarget { address: address.to_string(), why: refusal.why().to_owned() }
}

/// Resolves a host, keeps the addresses of the version that is asked for, and judges them.
///
/// One refused address refuses the name: a name that mixes public and forbidden addresses is an attack, or a mistake.
///
/// # Errors
/// The outcome: the name or the policy is in the way, or this machine has run out of something.
pub(super) async fn resolve(
    trace: &Trace,
    policy: &TargetPolicy,
    names: &Names,
    host: &str,
    version: IpVersion,
) -> Result<Vec<IpAddr>, Outcome> {
    let host = bare_host(host);
    let dns_error = |reason: String| Outcome::down(Failure::DnsError { name: host.to_owned(), reason });
    let mut addresses: Vec<IpAddr> = if let Ok(address) = host.parse() {
        vec![address]
    } else {
        policy.judge_name(host).map_err(|refusal| Outcome::down(forbidden(&host, refusal)))?;
        trace.enter(Phase::Dns);
        names.look_up(host).await.map_err(|error| match local_fault(&error) {
            Some(why) => Outcome::Unknown { why },
            None => dns_error(plain_reason(&error)),
        })?
    };
    addresses.dedup();
    trace.with(|notes| notes.evidence.addresses.clone_from(&addresses));
    if let Some((address, refusal)) = addresses.iter().find_map(|a| Some((a, policy.judge(*a).err()?))) {
        return Err(Outcome::down(forbidden(address, refusal)));
    }
    addresses.retain(|address| version.allows(*address));
    leave_out_missing_family(&mut addresses);
    if addresses.is_empty() {
        let family = match version {
            IpVersion::V4 => "IPv4 ",
            IpVersion::V6 => "IPv6 ",
            IpVersion::Any => "",
        };
        return Err(dns_error(format!("it has no {family}address")));
    }
    Ok(addresses)
}

/// Leaves out IPv6 addresses that no way leads to from here, where there are IPv4 ones: most machines without IPv6 still get them from the
/// resolver, and what they fail with would hide what the target says.
fn leave_out_missing_family(addresses: &mut Vec<IpAddr>) {
    if addresses.iter().any(IpAddr::is_ipv4) && addresses.iter().any(IpAddr::is_ipv6) {
        addresses.retain(|address| address.is_ipv4() || has_way_to(*address));
    }
}

/// Whether this machine has an address and a route for it. Nothing is sent: connecting a datagram socket only looks that up.
fn has_way_to(address: IpAddr) -> bool {
    std::net::UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))
        .and_then(|socket| socket.connect((address, 9)))
        .is_ok()
}

/// Connects: each address in turn, with its share of the time that is left.
///
/// # Errors
/// The outcome, when no address can be connected to; the failure is that of the last one.
pub(super) async fn connect(
    probe: &Probe<'_>,
    host: &str,
    port: u16,
    version: IpVersion,
) -> Result<TcpStream, Outcome> {
    let trace = probe.trace;
    let addresses = resolve(trace, probe.policy(), probe.names(), host, version).await?;
    trace.enter(Phase::Connect);
    let mut last = None;
    for (index, address) in addresses.iter().enumerate() {
        let address = SocketAddr::new(*address, port);
        let remaining = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let share = (probe.time_left() / remaining).max(MIN_SHARE);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Small messages must not wait for each other's acknowledgement; measuring is all that suffers if it fails.
                let _ = stream.set_nodelay(true);
                trace.with(|notes| notes.evidence.remote = Some(address));
                return Ok(stream);
            }
            Ok(Err(error)) => last = Some(connect_outcome(&error, &address.to_string())),
            Err(_) => last = Some(probe.timed_out()),
        }
    }
    Err(last.unwrap_or_else(|| probe.timed_out()))
}

/// Speaks TLS over a connection. Certificates are not refused here: the verdict is in the trace.
///
/// # Errors
/// The outcome, when the handshake fails.
pub(super) async fn handshake(
    probe: &Probe<'_>,
    stream: TcpStream,
    name: &str,
    config: Arc<rustls::ClientConfig>,
    minimum: &str,
) -> Result<TlsStream<TcpStream>, Outcome> {
    let trace = probe.trace;
    let Ok(name) = ServerName::try_from(bare_host(name).trim_end_matches('.').to_owned()) else {
        let message = format!("“{name}” cannot be a server name in TLS.");
        return Err(Outcome::Unknown { why: Blindness::Misconfigured { message } });
    };
    trace.enter(Phase::Tls);
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(stream) => {
            let (_, connection) = stream.get_ref();
            let version =
                connection.protocol_version().and_then(|version| version.as_str()).unwrap_or_default();
            let suite = connection
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str())
                .unwrap_or_default();
            trace.with(|notes| notes.evidence.tls = Some(format!("{version} {suite}")));
            Ok(stream)
        }
        Err(error) => Err(Outcome::down(match rustls_error(&error) {
            Some(error) => handshake_failure(error, minimum),
            None => Failure::TlsError { reason: handshake_reason(&error) },
        })),
    }
}

/// A connection to a host, over TLS if asked for, whose certificate is right if that is asked for too.
///
/// # Errors
/// The outcome, when any of it fails.
pub(super) async fn open(
    probe: &Probe<'_>,
    (host, port): (&str, u16),
    version: IpVersion,
    tls: Option<&Arc<rustls::ClientConfig>>,
    verify: bool,
) -> Result<Box<dyn Stream>, Outcome> {
    let stream = connect(probe, host, port, version).await?;
    let Some(config) = tls else { return Ok(Box::new(stream)) };
    let stream = handshake(probe, stream, host, Arc::clone(config), "TLS 1.2").await?;
    match probe.trace.with(|notes| notes.verdict.problem(true)).filter(|_| verify) {
        Some(problem) => Err(Outcome::down(problem)),
        None => Ok(Box::new(stream)),
    }
}

/// What an error of connecting means: mostly that the target is down, sometimes that this machine has run out.
pub(super) fn connect_outcome(error: &io::Error, address: &str) -> Outcome {
    if let Some(why) = local_fault(error).filter(|_| !is_prohibited_on_the_way(error, address)) {
        return Outcome::Unknown { why };
    }
    let address = address.to_owned();
    Outcome::down(match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::ConnectRefused { address },
        _ => Failure::ConnectError { address, reason: plain_reason(error) },
    })
}

/// Whether a firewall on the way to an IPv6 address said no: that arrives as the same error as a missing right of ours.
fn is_prohibited_on_the_way(error: &io::Error, address: &str) -> bool {
    let is_v6 = address.starts_with('[') || address.parse::<Ipv6Addr>().is_ok();
    // Linux errno: EACCES.
    is_v6 && error.raw_os_error() == Some(13)
}

/// Whether an error is this machine's: no file descriptors, no memory, no ports, no right.
pub(super) fn local_fault(error: &io::Error) -> Option<Blindness> {
    // Linux errno: EPERM 1, ENOMEM 12, EACCES 13, ENFILE 23, EMFILE 24, EADDRNOTAVAIL 99, ENOBUFS 105.
    match error.raw_os_error()? {
        1 | 13 => Some(Blindness::NotPermitted {
            what: "connecting to this target".to_owned(),
            remedy: "Look at the firewall and the sandbox of this machine.".to_owned(),
        }),
        12 | 23 | 24 | 99 | 105 => Some(Blindness::LocalFault { message: plain_reason(error) }),
        _ => None,
    }
}

/// The outcome of a connection that broke.
pub(super) fn lost(phase: Phase, error: &io::Error) -> Outcome {
    Outcome::down(match rustls_error(error) {
        Some(error) => handshake_failure(error, "TLS 1.2"),
        None => Failure::ConnectionLost { phase, reason: plain_reason(error) },
    })
}

/// The name of a target for failures.
pub(super) fn address_of(host: &str, port: u16) -> String {
    host_port(host, port)
}

/// The TLS error inside an IO error.
pub(super) fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    let mut source: &(dyn StdError + 'static) = error.get_ref()?;
    loop {
        if let Some(error) = source.downcast_ref::<rustls::Error>() {
            return Some(error);
        }
        source = match source.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => inner,
            None => source.source()?,
        };
    }
}

fn handshake_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            "the server closed the connection".to_owned()
        }
        _ => plain_reason(error),
    }
}

/// What the system says, without the number of the error and the words that every lookup error begins with.
pub(crate) fn plain_reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    let text = text.split(" (os error").next().unwrap_or(text);
    let mut chars = text.chars();
    match chars.next() {
        // Within a sentence; abbreviations keep their capitals.
        Some(first) if chars.clone().next().is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(chars).collect::<String>().trim_end_matches('.').to_owned()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_without_a_way_is_left_out_only_where_there_is_another() {
        // Documentation addresses (RFC 3849); a machine with IPv6 has a way to them as far as it knows.
        let (v4, v6): (IpAddr, IpAddr) = ("127.0.0.1".parse().unwrap(), "2001:db8::1".parse().unwrap());
        let kept = |addresses: &[IpAddr]| {
            let mut addresses = addresses.to_vec();
            leave_out_missing_family(&mut addresses);
            addresses
        };
        assert_eq!(kept(&[v6]), [v6]);
        assert_eq!(kept(&[v4, v6]), if has_way_to(v6) { vec![v4, v6] } else { vec![v4] });
    }

    #[test]
    fn a_firewall_on_the_way_is_no_missing_right_of_ours() {
        let prohibited = io::Error::from_raw_os_error(13);
        assert!(matches!(connect_outcome(&prohibited, "[2001:db8::1]:443"), Outcome::Down { .. }));
        assert!(matches!(connect_outcome(&prohibited, "192.0.2.1:443"), Outcome::Unknown { .. }));
        let sandboxed = io::Error::from_raw_os_error(1);
        assert!(matches!(connect_outcome(&sandboxed, "[2001:db8::1]:443"), Outcome::Unknown { .. }));
    }
}

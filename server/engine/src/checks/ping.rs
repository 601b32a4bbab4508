//! ping: echo requests over ICMP, without privileges where the system allows it.

use std::{
    io,
    net::IpAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use domain::check::{Blindness, Degradation, Failure, Outcome, Phase, PingSettings, PingStatistics};
use surge_ping::{Client, Config, ICMP, IcmpPacket, PingIdentifier, PingSequence, SurgeError};

use super::{Probe, dial, trace::micros};

/// What an echo request carries: as much as ping(8) sends.
const PAYLOAD: [u8; 56] = [0x50; 56];
/// The type of an answer to an echo request (RFC 792, RFC 4443).
const ECHO_REPLY_V4: u8 = 0;
const ECHO_REPLY_V6: u8 = 129;
/// Kept back from the time allowed, so that lost requests are reported as lost and not as a check that was cut off.
const RESERVE: Duration = Duration::from_millis(50);

/// The sockets of all ping checks: one for each IP version, opened when first needed.
#[derive(Default)]
pub(super) struct Pingers {
    v4: Mutex<Option<Client>>,
    v6: Mutex<Option<Client>>,
    /// All checks share a socket, so the sequence number alone tells their replies apart.
    sequence: AtomicU16,
}

impl Pingers {
    fn client(&self, address: IpAddr) -> io::Result<Client> {
        let (slot, kind) = if address.is_ipv4() { (&self.v4, ICMP::V4) } else { (&self.v6, ICMP::V6) };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = slot.as_ref() {
            return Ok(client.clone());
        }
        // Datagram sockets first: they need no privileges within net.ipv4.ping_group_range.
        let client = Client::new(&Config::builder().kind(kind).build())?;
        Ok(slot.insert(client).clone())
    }
}

/// Runs a ping check.
pub(super) async fn run(settings: &PingSettings, probe: &Probe<'_>) -> Outcome {
    let trace = probe.trace;
    trace.with(|notes| notes.evidence.request = Some(format!("ping {}", settings.host)));
    let (policy, names) = (probe.policy(), probe.names());
    let addresses = match dial::resolve(trace, policy, names, &settings.host, settings.ip_version).await {
        Ok(addresses) => addresses,
        Err(outcome) => return outcome,
    };
    let Some(&address) = addresses.first() else { return Outcome::down(Failure::PingLost { sent: 0 }) };
    let pingers = &probe.shared.pingers;
    let client = match pingers.client(address) {
        Ok(client) => client,
        Err(error) => return Outcome::Unknown { why: no_socket(&error) },
    };
    trace.enter(Phase::Wait);
    let identifier = PingIdentifier(u16::try_from(std::process::id() & 0xffff).unwrap_or_default());
    let mut pinger = client.pinger(address, identifier).await;
    let mut statistics = PingStatistics { min_us: i64::MAX, ..PingStatistics::default() };
    let (mut total_us, mut refused_by) = (0, None);
    for left in (1..=u32::from(settings.count)).rev() {
        pinger.timeout(probe.time_left().saturating_sub(RESERVE) / left);
        statistics.sent += 1;
        let sequence = PingSequence(pingers.sequence.fetch_add(1, Ordering::Relaxed));
        match pinger.ping(sequence, &PAYLOAD).await {
            Ok((packet, _)) if !is_reply(&packet) => refused_by = Some(source(&packet)),
            Ok((_, took)) => {
                let took_us = micros(took);
                statistics.received += 1;
                statistics.min_us = statistics.min_us.min(took_us);
                statistics.max_us = statistics.max_us.max(took_us);
                total_us += took_us;
            }
            Err(SurgeError::IOError(error)) => match dial::local_fault(&error) {
                Some(why) => return Outcome::Unknown { why },
                None => return dial::connect_outcome(&error, &address.to_string()),
            },
            // Lost, or a reply that is none.
            Err(_) => {}
        }
    }
    let PingStatistics { sent, received, .. } = statistics;
    if received == 0 {
        statistics.min_us = 0;
        trace.with(|notes| notes.evidence.ping = Some(statistics));
        return Outcome::down(match refused_by {
            Some(router) => Failure::ConnectError {
                address: address.to_string(),
                reason: format!("{router} says that it cannot be reached"),
            },
            None => Failure::PingLost { sent },
        });
    }
    statistics.mean_us = total_us / i64::from(received);
    trace.answered();
    trace.measured(statistics.mean_us);
    trace.with(|notes| notes.evidence.ping = Some(statistics));
    if received < sent {
        return Outcome::Degraded { reason: Degradation::PacketLoss { sent, received } };
    }
    Outcome::Up
}

/// Whether it is an answer of the target. A raw socket hears routers, too, which say that they cannot reach it.
fn is_reply(packet: &IcmpPacket) -> bool {
    match packet {
        IcmpPacket::V4(packet) => packet.get_icmp_type().0 == ECHO_REPLY_V4,
        IcmpPacket::V6(packet) => packet.get_icmpv6_type().0 == ECHO_REPLY_V6,
    }
}

/// Who sent it.
fn source(packet: &IcmpPacket) -> IpAddr {
    match packet {
        IcmpPacket::V4(packet) => packet.get_source().into(),
        IcmpPacket::V6(packet) => packet.get_source().into(),
    }
}

fn no_socket(error: &io::Error) -> Blindness {
    if error.kind() == io::ErrorKind::PermissionDenied {
        return Blindness::NotPermitted {
            what: "echo requests (ICMP)".to_owned(),
            remedy: "Allow them for all groups with `sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"`, or give the \
                     program the capability with `setcap cap_net_raw+ep`; or watch a TCP port instead."
                .to_owned(),
        };
    }
    Blindness::LocalFault { message: dial::plain_reason(error) }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use surge_ping::{Icmpv4Packet, Icmpv6Packet};

    use super::*;

    /// An IPv4 packet without options that carries an ICMP message.
    fn v4(icmp: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
        packet.extend_from_slice(icmp);
        packet[3] = u8::try_from(packet.len()).unwrap();
        packet
    }

    #[test]
    fn only_an_echo_reply_is_an_answer() {
        let echo = [0, 0, 0, 0, 0, 7, 0, 1];
        let request = v4(&[8, 0, 0, 0, 0, 7, 0, 1]);
        let unreachable = [&[3, 1, 0, 0, 0, 0, 0, 0][..], &request].concat();
        let read = |icmp: &[u8]| {
            let any = Ipv4Addr::UNSPECIFIED;
            IcmpPacket::V4(Icmpv4Packet::decode(&v4(icmp), socket2::Type::RAW, any, any).unwrap())
        };
        assert!(is_reply(&read(&echo)));
        assert!(!is_reply(&read(&unreachable)));
        assert_eq!(source(&read(&unreachable)), IpAddr::from([192, 0, 2, 1]));

        let reply = [129, 0, 0, 0, 0, 7, 0, 1];
        assert!(is_reply(&IcmpPacket::V6(Icmpv6Packet::decode(&reply, Ipv6Addr::LOCALHOST).unwrap())));
    }
}

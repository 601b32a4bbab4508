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
use surge_ping::{Client, Config, ICMP, PingIdentifier, PingSequence, SurgeError};

use super::{Probe, dial, trace::micros};

/// What an echo request carries: as much as ping(8) sends.
const PAYLOAD: [u8; 56] = [0x50; 56];
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
    let mut total_us = 0;
    for left in (1..=u32::from(settings.count)).rev() {
        pinger.timeout(probe.time_left().saturating_sub(RESERVE) / left);
        statistics.sent += 1;
        let sequence = PingSequence(pingers.sequence.fetch_add(1, Ordering::Relaxed));
        match pinger.ping(sequence, &PAYLOAD).await {
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
        return Outcome::down(Failure::PingLost { sent });
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

//! Names that lead where nobody may go: judged is the address that would be dialled, however it is written.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::check::dns::RecordType;
use domain::check::{
    CheckSettings, DnsSettings, Failure, Outcome, PingSettings, TcpSettings, TlsSettings, WebSocketSettings,
};
use engine::checks::{Checks, ChecksConfig, Names, TargetPolicy};

use crate::support::*;

/// Metadata services and link-local addresses, and the ways to write the former in IPv6.
const FORBIDDEN: [&str; 7] = [
    "169.254.169.254",
    "100.100.100.200",
    "::ffff:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
];

/// Checks for which `trap.test` has an address, beside a good one if so asked, and every other name is this machine. Nothing that an
/// operator allows lifts what is never reached.
fn checks_with_trap(address: &str, beside: Option<Ipv4Addr>) -> (Checks, Arc<AtomicUsize>) {
    let trap: Vec<IpAddr> = beside.map(IpAddr::from).into_iter().chain([address.parse().unwrap()]).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let names = Names::told(move |name| {
        if name == "trap.test" {
            count.fetch_add(1, Ordering::Relaxed);
            return Ok(trap.clone());
        }
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    });
    let everything = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
    let policy = TargetPolicy { allow_private: true, allow: everything, deny: Vec::new() };
    (Checks::new(ChecksConfig { names, policy, ..ChecksConfig::default() }).unwrap(), asked)
}

fn of_every_kind(host: &str) -> Vec<CheckSettings> {
    vec![
        get(&format!("http://{host}/latest/meta-data/")).into(),
        get(&format!("https://{host}/")).into(),
        TcpSettings::new(host, 80).into(),
        TlsSettings::new(host, 443).into(),
        WebSocketSettings::new(&format!("ws://{host}/")).into(),
        WebSocketSettings::new(&format!("wss://{host}/")).into(),
        PingSettings::new(host).into(),
    ]
}

#[tokio::test]
async fn a_name_that_leads_to_a_metadata_service_is_refused_by_every_kind() {
    for address in FORBIDDEN {
        // One forbidden address among good ones is enough: whoever answers for the name chooses which is dialled.
        for beside in [None, Some(Ipv4Addr::LOCALHOST)] {
            let (checks, asked) = checks_with_trap(address, beside);
            let kinds = of_every_kind("trap.test");
            for (number, settings) in (1..).zip(&kinds) {
                let report = checks.run(settings, TIMEOUT).await;
                let Failure::ForbiddenTarget { address: named, why } = failure(&report) else {
                    panic!("{address}, {}: {report:?}", settings.kind());
                };
                assert!(named.parse::<IpAddr>().is_ok(), "judged is the address, not {named}");
                assert!(why.ends_with("are never checked"), "{why}");
                assert_eq!(report.evidence.remote, None);
                assert_eq!(asked.load(Ordering::Relaxed), number, "looked up once for each");
            }
        }
    }
}

#[tokio::test]
async fn a_resolver_that_is_a_metadata_service_is_not_asked() {
    for address in FORBIDDEN {
        let address: IpAddr = address.parse().unwrap();
        let resolver = Some(std::net::SocketAddr::new(address, 53).to_string());
        let settings = DnsSettings { resolver, ..DnsSettings::new("example.test", RecordType::A) };
        let report = run(settings).await;
        assert!(matches!(failure(&report), Failure::ForbiddenTarget { .. }), "{address}: {report:?}");
    }
}

#[tokio::test]
async fn a_redirect_to_a_name_that_leads_to_a_metadata_service_is_not_followed() {
    for address in FORBIDDEN {
        let server =
            Server::start(|_| answer("302 Found", "location: http://trap.test/latest/\r\n", b"")).await;
        let (checks, asked) = checks_with_trap(address, None);
        let settings = get(&format!("http://shop.test:{}/", server.port()));
        let report = checks.run(&settings.into(), TIMEOUT).await;
        assert!(matches!(failure(&report), Failure::ForbiddenTarget { .. }), "{address}: {report:?}");
        assert_eq!((server.requests().len(), asked.load(Ordering::Relaxed)), (1, 1), "{address}");
    }
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_judged_again_for_each_check() {
    let server = Server::start(|_| ok("hello")).await;
    let turn = Arc::new(AtomicUsize::new(0));
    let names = Names::told(move |_| {
        let first = turn.fetch_add(1, Ordering::Relaxed) == 0;
        Ok(vec![if first { Ipv4Addr::LOCALHOST } else { Ipv4Addr::new(169, 254, 169, 254) }.into()])
    });
    let checks = Checks::new(ChecksConfig { names, ..ChecksConfig::default() }).unwrap();
    let settings = get(&format!("http://rebound.test:{}/", server.port())).into();
    assert_eq!(checks.run(&settings, TIMEOUT).await.outcome, Outcome::Up);
    let report = checks.run(&settings, TIMEOUT).await;
    assert!(matches!(failure(&report), Failure::ForbiddenTarget { .. }), "{report:?}");
    assert_eq!(server.requests().len(), 1);
}

//! Names whose addresses change between two look-ups, or of which one address may not be reached: judged is what is dialled.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::check::dns::RecordType;
use domain::check::{
    Blindness, CheckSettings, DnsSettings, Failure, HttpSettings, Outcome, PingSettings, TcpSettings,
    TlsSettings, WebSocketSettings,
};
use engine::checks::{Checks, ChecksConfig, Names, TargetPolicy};
use tokio::net::{TcpListener, UdpSocket};

use crate::network::socks_proxy;
use crate::support::*;

/// Where the policy of these tests lets checks go.
const ALLOWED: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Where it does not.
const DENIED: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Counts who comes to an address, and turns everybody away.
async fn counting(address: SocketAddr) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(address).await.unwrap();
    let (address, came) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&came);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    (address, came)
}

/// Waits until as many came: a connection stands before it is accepted.
async fn until(came: &AtomicUsize, number: usize) {
    let arriving = async {
        while came.load(Ordering::SeqCst) < number {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, arriving).await.expect("it is dialled");
}

/// Checks for which the name `turns.test` has other addresses at each look-up, of which the last ones stay; every other name is allowed.
fn turning(answers: &[&[IpAddr]]) -> (Checks, Arc<AtomicUsize>) {
    let answers: Vec<Vec<IpAddr>> = answers.iter().map(|addresses| addresses.to_vec()).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let names = Names::told(move |name| {
        if name != "turns.test" {
            return Ok(vec![ALLOWED]);
        }
        let turn = count.fetch_add(1, Ordering::SeqCst);
        Ok(answers[turn.min(answers.len() - 1)].clone())
    });
    let policy = TargetPolicy { deny: vec![DENIED.into()], ..TargetPolicy::default() };
    (Checks::new(ChecksConfig { names, policy, ..ChecksConfig::default() }).unwrap(), asked)
}

/// Every way of a check that opens a connection to `turns.test`.
fn every_way(port: u16) -> Vec<CheckSettings> {
    let host = format!("turns.test:{port}");
    let through = |proxy: &str, url: &str| {
        CheckSettings::from(HttpSettings { proxy: Some(format!("{proxy}://{host}").into()), ..get(url) })
    };
    vec![
        get(&format!("http://{host}/")).into(),
        get(&format!("https://{host}/")).into(),
        HttpSettings { verify_tls: false, ..get(&format!("https://{host}/")) }.into(),
        through("http", "http://shop.test/"),
        through("http", "https://shop.test/"),
        through("https", "http://shop.test/"),
        through("socks5", "http://shop.test/"),
        through("socks5h", "https://shop.test/"),
        TcpSettings::new("turns.test", port).into(),
        TlsSettings::new("turns.test", port).into(),
        WebSocketSettings::new(&format!("ws://{host}/")).into(),
        WebSocketSettings::new(&format!("wss://{host}/")).into(),
    ]
}

fn is_refused(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Down { failure: Failure::ForbiddenTarget { address, .. } } if *address == DENIED.to_string())
}

#[tokio::test]
async fn a_name_that_turns_to_a_denied_address_is_dialled_only_where_it_was_judged() {
    let (allowed, came) = counting(SocketAddr::new(ALLOWED, 0)).await;
    let (_, trapped) = counting(SocketAddr::new(DENIED, allowed.port())).await;
    for (number, settings) in (1..).zip(every_way(allowed.port())) {
        let (checks, asked) = turning(&[&[ALLOWED], &[DENIED]]);
        let first = checks.run(&settings, TIMEOUT).await;
        assert!(!is_refused(&first.outcome), "{settings:?}: {first:?}");
        until(&came, number).await;
        assert_eq!((came.load(Ordering::SeqCst), asked.load(Ordering::SeqCst)), (number, 1), "{settings:?}");
        let second = checks.run(&settings, TIMEOUT).await;
        assert!(is_refused(&second.outcome), "{settings:?}: {second:?}");
        assert_eq!((came.load(Ordering::SeqCst), asked.load(Ordering::SeqCst)), (number, 2), "{settings:?}");
    }
    let (checks, _) = turning(&[&[ALLOWED], &[DENIED]]);
    let ping = PingSettings::new("turns.test").into();
    assert_eq!(checks.run(&ping, TIMEOUT).await.evidence.addresses, [ALLOWED]);
    assert!(is_refused(&checks.run(&ping, TIMEOUT).await.outcome));
    assert_eq!(trapped.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn one_denied_address_among_several_keeps_every_way_from_all_of_them() {
    let (allowed, came) = counting(SocketAddr::new(ALLOWED, 0)).await;
    let (_, trapped) = counting(SocketAddr::new(DENIED, allowed.port())).await;
    let mut ways = every_way(allowed.port());
    ways.push(PingSettings::new("turns.test").into());
    for addresses in [[ALLOWED, DENIED], [DENIED, ALLOWED]] {
        for settings in &ways {
            let (checks, _) = turning(&[&addresses]);
            let report = checks.run(settings, TIMEOUT).await;
            assert!(is_refused(&report.outcome), "{settings:?}: {report:?}");
        }
    }
    // Whoever came by mistake would be noticed by then.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!((came.load(Ordering::SeqCst), trapped.load(Ordering::SeqCst)), (0, 0));
}

#[tokio::test]
async fn each_hop_of_a_redirect_is_looked_up_and_judged() {
    for later in [[DENIED].as_slice(), &[ALLOWED, DENIED]] {
        // To the same origin, and from another one.
        for from in ["turns.test", "shop.test"] {
            let server = Server::start(|request| {
                let port = request.split("host: ").nth(1).and_then(|rest| rest.split([':', '\r']).nth(1));
                let location = format!("location: http://turns.test:{}/next\r\n", port.unwrap());
                answer("302 Found", &location, b"")
            })
            .await;
            let (_, trapped) = counting(SocketAddr::new(DENIED, server.port())).await;
            let (checks, asked) = turning(&[&[ALLOWED], later]);
            let settings = get(&format!("http://{from}:{}/", server.port()));
            let report = checks.run(&settings.into(), TIMEOUT).await;
            assert!(is_refused(&report.outcome), "{from}: {report:?}");
            // One hop more where another name stands before it.
            let expected = if from == "turns.test" { 1 } else { 2 };
            assert_eq!((server.requests().len(), asked.load(Ordering::SeqCst)), (expected, 2), "{from}");
            assert_eq!(trapped.load(Ordering::SeqCst), 0);
        }
    }
}

#[tokio::test]
async fn a_target_that_turns_behind_a_socks_proxy_is_asked_for_by_the_address_that_was_judged() {
    let server = Server::start(|_| ok("hello")).await;
    let (proxy, asked) = socks_proxy(server.address).await;
    for later in [[DENIED].as_slice(), &[ALLOWED, DENIED]] {
        let (checks, _) = turning(&[&[ALLOWED], later]);
        let settings: CheckSettings =
            HttpSettings { proxy: Some(format!("socks5://{proxy}").into()), ..get("http://turns.test/") }
                .into();
        assert_eq!(checks.run(&settings, TIMEOUT).await.outcome, Outcome::Up);
        assert!(is_refused(&checks.run(&settings, TIMEOUT).await.outcome));
        assert_eq!(std::mem::take(&mut *asked.lock().unwrap()), [ALLOWED.to_string()]);
    }
}

#[tokio::test]
async fn a_chosen_resolver_has_no_name_that_could_turn_and_hears_nothing_where_it_is_denied() {
    let socket = UdpSocket::bind(SocketAddr::new(DENIED, 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let (checks, asked) = turning(&[&[ALLOWED]]);
    let run = async |resolver: String| {
        let settings = DnsSettings { resolver: Some(resolver), ..DnsSettings::new("a.test", RecordType::A) };
        checks.run(&settings.into(), TIMEOUT).await.outcome
    };
    for denied in [format!("{DENIED}:{port}"), format!("[::ffff:{DENIED}]:{port}")] {
        let outcome = run(denied.clone()).await;
        let refused = matches!(outcome, Outcome::Down { failure: Failure::ForbiddenTarget { .. } });
        assert!(refused, "{denied}: {outcome:?}");
    }
    let named = run(format!("turns.test:{port}")).await;
    assert!(matches!(named, Outcome::Unknown { why: Blindness::Misconfigured { .. } }), "{named:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let nothing = socket.try_recv(&mut [0; 512]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
}

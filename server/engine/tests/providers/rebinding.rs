//! Names whose addresses change between two look-ups, or of which one address may not be reached, for every way out of a message.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::custom::{CustomSettings, Definition, HttpStep, MessageTypes};
use domain::integration::{
    AppriseSettings, EmailSettings, IntegrationSettings, JiraSettings, NtfySettings, OpsgenieSettings,
    PagerDutySettings, SlackSettings, SshSettings, TelegramSettings, WebhookSettings,
};
use engine::checks::{Checks, ChecksConfig, Names, TargetPolicy};
use engine::providers::{MailSecurity, MailSettings, Outbound};
use tokio::net::TcpListener;

use crate::support::{Reply, Server, deliver_over, error};

/// Where the policy of these tests lets messages go.
const ALLOWED: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Where it does not.
const DENIED: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// What is said of it.
const REFUSED: &str = "the operator of this installation denies the range";

/// Counts who comes to an address, and turns everybody away.
async fn counting(address: SocketAddr) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(address).await.unwrap();
    let (port, came) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&came);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    (port, came)
}

/// Ways out for which every name has other addresses at each look-up, of which the last ones stay. The mail server has the port `port`.
fn turning(answers: &[&[IpAddr]], port: u16, security: MailSecurity) -> (Outbound, Arc<AtomicUsize>) {
    let answers: Vec<Vec<IpAddr>> = answers.iter().map(|addresses| addresses.to_vec()).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let names = Names::told(move |_| {
        let turn = count.fetch_add(1, Ordering::SeqCst);
        Ok(answers[turn.min(answers.len() - 1)].clone())
    });
    let policy = TargetPolicy { deny: vec![DENIED.into()], ..TargetPolicy::default() };
    let checks = Checks::new(ChecksConfig { names, policy, ..ChecksConfig::default() }).unwrap();
    let mail = MailSettings::relay("turns.test", port, security, "pharos@example.org");
    (checks.outbound().unwrap().with_mail(Some(mail)), asked)
}

/// Each step is a request of its own.
fn custom(urls: &[String]) -> IntegrationSettings {
    let steps = urls.iter().map(|url| HttpStep::to(url)).collect();
    let definition = Definition { name: String::new(), types: MessageTypes::ALL, steps };
    CustomSettings { definitions: vec![definition], ..CustomSettings::default() }.into()
}

/// Every kind of way, to `turns.test`.
fn every_way(port: u16) -> Vec<IntegrationSettings> {
    let mut ways = over_http(port);
    ways.extend([
        EmailSettings { email: vec!["ops@example.org".to_owned()], subject_prefix: String::new() }.into(),
        SshSettings::with_password("turns.test", port, "deploy", "x").into(),
        WebhookSettings::to(&format!("https://turns.test:{port}/hook")).into(),
    ]);
    ways
}

/// Those over plain HTTP whose address an operator chooses.
fn over_http(port: u16) -> Vec<IntegrationSettings> {
    let url = format!("http://turns.test:{port}");
    vec![
        WebhookSettings::to(&format!("{url}/hook")).into(),
        custom(&[format!("{url}/first")]),
        SlackSettings { api_url: format!("{url}/api"), ..SlackSettings::by_bot("xoxb-1", "C1") }.into(),
        SlackSettings::by_webhook(&format!("{url}/services/T1/B1/X")).into(),
        JiraSettings::in_project(&url, "me@example.org", "ATATT3", "OPS").into(),
        NtfySettings::to(&url, "alerts").into(),
        AppriseSettings::by_key(&url, "ops").into(),
        OpsgenieSettings { base_url: Some(url.clone()), ..OpsgenieSettings::with_key("k") }.into(),
        PagerDutySettings { base_url: Some(url.clone()), ..PagerDutySettings::with_key("k") }.into(),
        TelegramSettings { api_url: url, ..TelegramSettings::to("1:a", "-100") }.into(),
    ]
}

#[tokio::test]
async fn a_name_that_turns_to_a_denied_address_is_dialled_only_where_it_was_judged() {
    let (port, came) = counting(SocketAddr::new(ALLOWED, 0)).await;
    let (_, trapped) = counting(SocketAddr::new(DENIED, port)).await;
    let mut number = 0;
    for security in [MailSecurity::None, MailSecurity::StartTls, MailSecurity::Tls] {
        for settings in every_way(port) {
            let is_mail = matches!(settings, IntegrationSettings::Email(_));
            if security != MailSecurity::None && !is_mail {
                continue;
            }
            number += 1;
            let (outbound, asked) = turning(&[&[ALLOWED], &[DENIED]], port, security);
            // It is dialled, and nobody speaks there.
            deliver_over(&outbound, &settings, &error(), None, None).await.retry();
            assert_eq!(
                (came.load(Ordering::SeqCst), asked.load(Ordering::SeqCst)),
                (number, 1),
                "{settings:?}"
            );
            let told = deliver_over(&outbound, &settings, &error(), None, None).await;
            assert!(told.permanent().contains(REFUSED), "{settings:?}: {told:?}");
            assert_eq!(
                (came.load(Ordering::SeqCst), asked.load(Ordering::SeqCst)),
                (number, 2),
                "{settings:?}"
            );
        }
    }
    assert_eq!(trapped.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn one_denied_address_among_several_keeps_every_way_from_all_of_them() {
    let (port, came) = counting(SocketAddr::new(ALLOWED, 0)).await;
    let (_, trapped) = counting(SocketAddr::new(DENIED, port)).await;
    for addresses in [[ALLOWED, DENIED], [DENIED, ALLOWED]] {
        for settings in every_way(port) {
            let (outbound, _) = turning(&[&addresses], port, MailSecurity::None);
            let told = deliver_over(&outbound, &settings, &error(), None, None).await;
            assert!(told.permanent().contains(REFUSED), "{settings:?}: {told:?}");
        }
    }
    // Whoever came by mistake would be noticed by then.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!((came.load(Ordering::SeqCst), trapped.load(Ordering::SeqCst)), (0, 0));
}

#[tokio::test]
async fn each_step_of_a_custom_integration_that_connects_anew_is_judged_anew() {
    for later in [[DENIED].as_slice(), &[ALLOWED, DENIED]] {
        for closes in [true, false] {
            let reply = Reply::text(200, "thanks");
            let server =
                Server::saying(if closes { reply.header("connection", "close") } else { reply }).await;
            let port: u16 = server.url.rsplit(':').next().unwrap().parse().unwrap();
            let (_, trapped) = counting(SocketAddr::new(DENIED, port)).await;
            let (outbound, asked) = turning(&[&[ALLOWED], later], port, MailSecurity::None);
            let url = |path: &str| format!("http://turns.test:{port}/{path}");
            let settings = custom(&[url("first"), url("second")]);
            let told = deliver_over(&outbound, &settings, &error(), None, None).await;
            let (heard, asked) = (server.heard().len(), asked.load(Ordering::SeqCst));
            if closes {
                let why = told.permanent();
                assert!(why.starts_with("Step 2: ") && why.contains(REFUSED), "{why}");
                assert_eq!((heard, asked), (1, 2));
            } else {
                // On the connection that was judged when it was dialled.
                told.result.unwrap();
                assert_eq!((heard, asked), (2, 1));
            }
            assert_eq!(trapped.load(Ordering::SeqCst), 0);
        }
    }
}

#[tokio::test]
async fn a_redirect_is_followed_by_no_message() {
    let location = |port: u16| format!("http://turns.test:{port}/next");
    for status in [301, 302, 303, 307, 308] {
        let (port, came) = counting(SocketAddr::new(ALLOWED, 0)).await;
        let server = Server::start(move |_| Reply::text(status, "").header("location", location(port))).await;
        let at: u16 = server.url.rsplit(':').next().unwrap().parse().unwrap();
        let (outbound, _) = turning(&[&[ALLOWED]], at, MailSecurity::None);
        for settings in over_http(at) {
            let told = deliver_over(&outbound, &settings, &error(), None, None).await;
            assert!(told.result.is_err(), "{status}: {told:?}");
        }
        assert_eq!(came.load(Ordering::SeqCst), 0, "{status}");
    }
}

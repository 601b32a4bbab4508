use std::time::Duration;

use domain::check::{Failure, Outcome, TcpSettings};
use engine::checks::TargetPolicy;

use crate::support::*;

fn settings(server: &Server) -> TcpSettings {
    TcpSettings::new("127.0.0.1", server.port())
}

#[tokio::test]
async fn an_open_port_is_up_and_a_closed_one_is_down() {
    let server = Server::start(|_| Vec::new()).await;
    let report = run(settings(&server)).await;
    assert_eq!(report.outcome, Outcome::Up);
    assert!(report.latency_us.is_some() && report.phases.connect_us.is_some());
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let report = run(TcpSettings::new("127.0.0.1", closed.port())).await;
    assert_eq!(failure(&report), &Failure::ConnectRefused { address: closed.to_string() });
}

#[tokio::test]
async fn what_is_sent_and_expected_may_come_in_pieces() {
    let server = Server::start(|request| match request {
        "PING\r\n" => {
            vec![Step::Write(b"+PO".to_vec()), Step::Sleep(30), Step::Write(b"NG\r\n".to_vec()), Step::Hang]
        }
        _ => write("-ERR"),
    })
    .await;
    let good =
        TcpSettings { send: Some(r"PING\r\n".into()), expect: Some("+PONG".into()), ..settings(&server) };
    let report = run(good.clone()).await;
    assert_eq!(report.outcome, Outcome::Up);
    assert_eq!(report.evidence.excerpt.as_deref(), Some("+PONG\r\n"));
    let bad = TcpSettings { send: Some("HELLO".into()), ..good.clone() };
    let report = run(bad).await;
    assert_eq!(failure(&report), &Failure::ExpectMismatch { expected: "+PONG".into(), got: "-ERR".into() });
    assert_eq!(failure(&report).incident_type(), "keyword");
}

#[tokio::test]
async fn silence_after_a_wrong_reply_is_a_wrong_reply_and_not_a_time_out() {
    let server = Server::start(|_| vec![Step::Write(b"-ERR".to_vec()), Step::Hang]).await;
    let expecting = TcpSettings { send: Some("x".into()), expect: Some("+OK".into()), ..settings(&server) };
    let report = checks().run(&expecting.into(), Duration::from_millis(300)).await;
    assert_eq!(failure(&report), &Failure::ExpectMismatch { expected: "+OK".into(), got: "-ERR".into() });
}

#[tokio::test]
async fn tls_is_spoken_and_judged_before_anything_is_sent() {
    let authority = Authority::new();
    let server =
        Server::start_tls(|_| write("+OK"), Some(serving_all(authority.issue(&Leaf::default())))).await;
    let expecting =
        TcpSettings { tls: true, send: Some("x".into()), expect: Some("+OK".into()), ..settings(&server) };
    let report = authority.trusted().run(&expecting.clone().into(), TIMEOUT).await;
    assert_eq!(report.outcome, Outcome::Up, "{report:?}");
    let sent = server.requests().len();
    let report = run(expecting.clone()).await;
    assert!(matches!(failure(&report), Failure::CertificateUntrusted { .. }), "{report:?}");
    assert_eq!(server.requests().len(), sent);
    let unverified = TcpSettings { verify_tls: false, ..expecting };
    assert_eq!(run(unverified).await.outcome, Outcome::Up);
}

#[tokio::test]
async fn a_forbidden_address_is_not_dialled() {
    let closed =
        checks_with(TargetPolicy { deny: vec!["127.0.0.0/8".parse().unwrap()], ..TargetPolicy::default() });
    for host in ["127.0.0.1", "localhost", "::ffff:127.0.0.1"] {
        let report = closed.run(&TcpSettings::new(host, 9).into(), TIMEOUT).await;
        assert!(matches!(failure(&report), Failure::ForbiddenTarget { .. }), "{host}: {report:?}");
    }
    let report = run(TcpSettings::new("169.254.169.254", 80)).await;
    assert!(matches!(failure(&report), Failure::ForbiddenTarget { .. }), "{report:?}");
}

use std::time::Duration;

use domain::check::{
    CheckReport, ClientCertificate, Degradation, Evidence, Failure, HttpSettings, Outcome, Phase,
    TlsSettings,
    tls::{MinimumTls, OnFewDays},
};
use engine::checks::Checks;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::*;

fn localhost(server: &Server) -> TlsSettings {
    TlsSettings::new("localhost", server.port())
}

async fn https(checks: &Checks, settings: HttpSettings) -> CheckReport {
    checks.run(&settings.into(), TIMEOUT).await
}

#[tokio::test]
async fn a_good_certificate_is_up_and_its_facts_are_reported() {
    let authority = Authority::new();
    let server =
        Server::start_tls(|_| ok("hello"), Some(serving_all(authority.issue(&Leaf::default())))).await;
    let checks = authority.trusted();
    for settings in [get(&server.https("localhost")).into(), localhost(&server).into()] {
        let report = checks.run(&settings, TIMEOUT).await;
        assert_eq!(report.outcome, Outcome::Up, "{report:?}");
        assert!(
            report.phases.tls_us.is_some()
                && report.phases.connect_us.is_some()
                && report.phases.dns_us.is_some()
        );
        let facts = report.certificate.unwrap();
        assert_eq!(facts.names, ["localhost", "127.0.0.1"]);
        assert!(facts.issuer.contains("Test Authority") && !facts.self_signed);
        assert_eq!((facts.key.as_str(), facts.fingerprint_sha256.len()), ("EC 256", 64));
    }
}

#[tokio::test]
async fn expired_early_self_signed_and_misnamed_certificates_are_told_apart() {
    let authority = Authority::new();
    let expired = Leaf { from_days: -30, to_days: -3, ..Leaf::default() };
    let early = Leaf { from_days: 3, to_days: 30, ..Leaf::default() };
    let misnamed = Leaf { names: vec!["other.example".to_owned()], ..Leaf::default() };
    let wrong_host = Failure::CertificateWrongHost {
        expected: "localhost".into(),
        presented: vec!["other.example".into()],
    };
    for (pair, expected) in [
        (authority.issue(&expired), Failure::CertificateExpired { days_ago: 2 }),
        (self_signed(&expired), Failure::CertificateExpired { days_ago: 2 }),
        (authority.issue(&early), Failure::CertificateNotYetValid { days: 3 }),
        (authority.issue(&misnamed), wrong_host.clone()),
        (self_signed(&misnamed), wrong_host),
        (
            self_signed(&Leaf::default()),
            Failure::CertificateUntrusted { issuer: "CN=rcgen self signed cert".into(), self_signed: true },
        ),
        (
            Authority::new().issue(&Leaf::default()),
            Failure::CertificateUntrusted { issuer: "CN=Test Authority".into(), self_signed: false },
        ),
    ] {
        let server = Server::start_tls(|_| ok("hello"), Some(serving_all(pair))).await;
        let checks = authority.trusted();
        let report = https(&checks, get(&server.https("localhost"))).await;
        assert_eq!(failure(&report), &expected, "http");
        assert_eq!(failure(&report).incident_type(), "ssl_error");
        assert!(report.certificate.is_some());
        assert!(server.requests().is_empty(), "nothing may be sent");
        let report = checks.run(&localhost(&server).into(), TIMEOUT).await;
        assert_eq!(failure(&report), &expected, "tls");
        let unverified = HttpSettings { verify_tls: false, ..get(&server.https("localhost")) };
        assert_eq!(https(&checks, unverified).await.outcome, Outcome::Up);
    }
}

/// In whose name this program runs once more, with an environment of its own.
const ADDRESS: &str = "PHAROS_TEST_TLS_ADDRESS";

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_once_the_environment_names_it() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let itself = self_signed(&Leaf::default());
    let [known, own] = ["authority.pem", "itself.pem"].map(|name| folder.path().join(name));
    std::fs::write(&known, authority.pem()).unwrap();
    std::fs::write(&own, &itself.certificate_pem).unwrap();
    for (pair, file) in [(authority.issue(&Leaf::default()), known), (itself, own)] {
        let server = Server::start_tls(|_| ok("hello"), Some(serving_all(pair))).await;
        let report = run(get(&server.https("localhost"))).await;
        let Failure::CertificateUntrusted { self_signed, .. } = failure(&report) else {
            panic!("{report:?}")
        };
        // Whoever is told of the outage can do nothing with it; whoever looks at their own server can.
        assert!(!failure(&report).sentence().contains("SSL_CERT_FILE"), "{report:?}");
        let advice = report.advice().is_some_and(|advice| advice.ends_with("own, name it in SSL_CERT_FILE."));
        assert_eq!(advice, !self_signed, "{report:?}");
        let elsewhere =
            Evidence { addresses: vec!["203.0.113.7".parse().unwrap()], ..report.evidence.clone() };
        assert_eq!(CheckReport { evidence: elsewhere, ..report }.advice(), None);
        let child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["tls::child", "--exact", "--nocapture"])
            .env(ADDRESS, server.https("localhost"))
            .env("SSL_CERT_FILE", &file)
            .output()
            .await
            .unwrap();
        assert!(child.status.success(), "{}: {child:?}", file.display());
        assert_eq!(server.requests().len(), 1, "{}", file.display());
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "how a test speaks to its child")]
async fn child() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let report = run(get(&address)).await;
    assert_eq!(report.outcome, Outcome::Up, "{report:?}");
}

#[tokio::test]
async fn without_the_chain_name_and_dates_are_still_checked() {
    for (leaf, up) in [
        (Leaf::default(), true),
        (Leaf { names: vec!["other.example".to_owned()], ..Leaf::default() }, false),
        (Leaf { from_days: -9, to_days: -3, ..Leaf::default() }, false),
    ] {
        let server = Server::start_tls(|_| Vec::new(), Some(serving_all(self_signed(&leaf)))).await;
        let report = run(TlsSettings { check_chain: false, ..localhost(&server) }).await;
        assert_eq!(report.outcome == Outcome::Up, up, "{report:?}");
    }
    let named = Leaf { names: vec!["other.example".to_owned()], ..Leaf::default() };
    let server = Server::start_tls(|_| Vec::new(), Some(serving_all(self_signed(&named)))).await;
    let settings =
        TlsSettings { check_chain: false, server_name: Some("other.example".into()), ..localhost(&server) };
    assert_eq!(run(settings).await.outcome, Outcome::Up);
}

#[tokio::test]
async fn a_certificate_with_few_days_left_is_down_or_degraded_as_set() {
    let authority = Authority::new();
    let leaf = Leaf { to_days: 5, ..Leaf::default() };
    let server = Server::start_tls(|_| Vec::new(), Some(serving_all(authority.issue(&leaf)))).await;
    let checks = authority.trusted();
    let report = checks.run(&localhost(&server).into(), TIMEOUT).await;
    assert_eq!(failure(&report), &Failure::CertificateExpiresSoon { days: 5, min_days: 14 });
    let warned = TlsSettings { on_few_days: OnFewDays::Degraded, ..localhost(&server) };
    let reason = Degradation::CertificateExpiresSoon { days: 5, min_days: 14 };
    assert_eq!(checks.run(&warned.into(), TIMEOUT).await.outcome, Outcome::Degraded { reason });
    let patient = TlsSettings { min_days: 5, ..localhost(&server) };
    assert_eq!(checks.run(&patient.into(), TIMEOUT).await.outcome, Outcome::Up);
}

#[tokio::test]
async fn weak_protocols_are_refused() {
    // What a server that knows only TLS 1.0 answers: the alert "protocol_version".
    let alert =
        Server::start(|_| vec![Step::Write(vec![0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46]), Step::Sleep(50)])
            .await;
    let report = run(localhost(&alert)).await;
    assert!(matches!(failure(&report), Failure::WeakProtocol { .. }), "{report:?}");
    let report = run(get(&alert.https("localhost"))).await;
    assert!(matches!(failure(&report), Failure::WeakProtocol { .. }), "{report:?}");
    let plain = Server::start(|_| write("220 smtp.example.org ESMTP ready\r\n")).await;
    let report = run(localhost(&plain)).await;
    assert_eq!(
        failure(&report).sentence(),
        "The TLS handshake failed: the server does not speak TLS on this port."
    );

    let authority = Authority::new();
    let config = serving(authority.issue(&Leaf::default()), &[&rustls::version::TLS12]);
    let old = Server::start_tls(|_| Vec::new(), Some(config)).await;
    let checks = authority.trusted();
    assert_eq!(checks.run(&localhost(&old).into(), TIMEOUT).await.outcome, Outcome::Up);
    let strict = TlsSettings { minimum_tls: MinimumTls::Tls13, ..localhost(&old) };
    let report = checks.run(&strict.into(), TIMEOUT).await;
    assert_eq!(failure(&report), &Failure::WeakProtocol { got: "TLS 1.2".into(), minimum: "TLS 1.3".into() });
}

#[tokio::test]
async fn a_client_certificate_is_shown_when_set_and_missed_when_not() {
    let authority = Authority::new();
    let server =
        Server::start_tls(|_| ok("hello"), Some(authority.asking(authority.issue(&Leaf::default())))).await;
    let checks = authority.trusted();
    let report = https(&checks, get(&server.https("localhost"))).await;
    assert!(failure(&report).sentence().contains("client certificate"), "{report:?}");
    let client = authority.issue(&Leaf { names: vec!["pharos".to_owned()], ..Leaf::default() });
    let shown = ClientCertificate { certificate: client.certificate_pem, key: client.key_pem.into() };
    let settings = HttpSettings { client_certificate: Some(shown), ..get(&server.https("localhost")) };
    let report = https(&checks, settings).await;
    assert_eq!(report.outcome, Outcome::Up, "{report:?}");
}

#[tokio::test]
async fn a_handshake_that_hangs_is_a_time_out_in_tls() {
    let server = Server::start(|_| vec![Step::Hang]).await;
    let report = checks().run(&localhost(&server).into(), Duration::from_millis(300)).await;
    assert_eq!(failure(&report), &Failure::Timeout { after_ms: 300, phase: Phase::Tls });
}

#[tokio::test]
async fn an_answer_that_ends_with_its_connection_needs_no_goodbye() {
    let authority = Authority::new();
    let acceptor = TlsAcceptor::from(serving_all(authority.issue(&Leaf::default())));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        for length in ["", "content-length: 100\r\n"] {
            let mut stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
            let _ = stream.read(&mut [0; 4_096]).await;
            let answer = format!("HTTP/1.1 200 OK\r\n{length}connection: close\r\n\r\nhello");
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            // Dropped without `shutdown`, which would say goodbye.
        }
    });
    let (checks, url) = (authority.trusted(), format!("https://localhost:{port}/"));
    let hello = || HttpSettings { keyword: Some("hello".to_owned()), ..get(&url) };
    assert_eq!(https(&checks, hello()).await.outcome, Outcome::Up);
    let report = https(&checks, hello()).await;
    assert!(matches!(failure(&report), Failure::ConnectionLost { .. }), "95 bytes are missing: {report:?}");
}

#[tokio::test]
async fn a_client_certificate_that_cannot_be_used_is_refused_by_its_field() {
    let (authority, checks) = (Authority::new(), checks());
    let [one, other] = [(); 2].map(|()| authority.issue(&Leaf::default()));
    let pem = |kind: &str| format!("-----BEGIN {kind}-----\nZ2FyYmFnZQ==\n-----END {kind}-----\n");
    let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n".to_owned();
    let wrong = |certificate: String, key: String| {
        let pair = ClientCertificate { certificate, key: key.into() };
        let settings = HttpSettings { client_certificate: Some(pair), ..get("https://localhost/") };
        checks.examine(&settings.into()).into_iter().map(|error| error.field).collect::<Vec<_>>()
    };
    assert_eq!(wrong(one.certificate_pem.clone(), one.key_pem.clone()), [""; 0]);
    assert_eq!(wrong(one.certificate_pem.clone(), other.key_pem), ["client_key"], "the key of another one");
    assert_eq!(wrong(one.certificate_pem, pem("PRIVATE KEY")), ["client_key"]);
    assert_eq!(wrong(broken, one.key_pem.clone()), ["client_certificate"]);
    assert_eq!(wrong(pem("CERTIFICATE"), one.key_pem).len(), 1);
}

use std::time::Duration;

use domain::check::{
    Blindness, CheckSettings, Evidence, Failure, Outcome, Phase,
    http::HttpMethod,
    request::{Auth, Header},
    target::IpVersion,
};

use crate::support::*;

#[tokio::test]
async fn an_accepted_status_is_up_with_phases_and_evidence() {
    let server =
        Server::start(|_| answer("200 OK", "x-served-by: a\r\nset-cookie: id=s3cret\r\n", b"hello")).await;
    let report = run(get(&server.url("/health?token=abcdef"))).await;
    assert_eq!(report.outcome, Outcome::Up);
    let Evidence { status, remote, request, headers, excerpt, body_bytes, addresses, protocol, .. } =
        report.evidence;
    assert_eq!((status, remote, body_bytes), (Some(200), Some(server.address), Some(5)));
    assert_eq!(request.unwrap(), format!("GET http://{}/health?token=********", server.address));
    assert_eq!(addresses, [server.address.ip()]);
    assert_eq!((excerpt.as_deref(), protocol.as_deref()), (Some("hello"), Some("HTTP/1.1")));
    assert!(headers.contains(&("x-served-by".to_owned(), "a".to_owned())));
    assert!(headers.contains(&("set-cookie".to_owned(), "********".to_owned())));
    assert!(
        report.latency_us.unwrap() > 0
            && report.phases.connect_us.is_some()
            && report.phases.wait_us.is_some()
    );
    assert_eq!((report.phases.dns_us, report.phases.tls_us), (None, None));
}

#[tokio::test]
async fn each_slow_phase_is_seen_where_it_happens() {
    let server = Server::start(|_| {
        let mut steps =
            vec![Step::Sleep(120), Step::Write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n".to_vec())];
        steps.extend([Step::Sleep(80), Step::Write(b"hello".to_vec())]);
        steps
    })
    .await;
    let report = run(get(&format!("http://localhost:{}/", server.port()))).await;
    assert_eq!(report.outcome, Outcome::Up);
    let phases = report.phases;
    assert!(phases.dns_us.is_some(), "{phases:?}");
    assert!(phases.wait_us.unwrap() >= 110_000, "{phases:?}");
    assert!(phases.download_us.unwrap() >= 70_000, "{phases:?}");
    assert!(report.latency_us.unwrap() >= 190_000);
}

#[tokio::test]
async fn a_status_that_is_not_accepted_is_down_and_its_body_is_shown() {
    let server = Server::start(|_| answer("503 Service Unavailable", "", b"no workers left")).await;
    let report = run(get(&server.url("/"))).await;
    assert_eq!(failure(&report), &Failure::HttpStatus { got: 503, expected: "200-299".into() });
    assert_eq!(report.evidence.excerpt.as_deref(), Some("no workers left"));
    let accepted =
        domain::check::HttpSettings { accepted_statuses: "503".parse().unwrap(), ..get(&server.url("/")) };
    assert_eq!(run(accepted).await.outcome, Outcome::Up);
}

#[tokio::test]
async fn more_headers_than_a_library_takes_by_itself_are_no_failure() {
    let headers = "link: </a>; rel=preload\r\n".repeat(200);
    let server = Server::start(move |_| answer("200 OK", &headers, b"hello")).await;
    assert_eq!(run(get(&server.url("/"))).await.outcome, Outcome::Up);
}

#[tokio::test]
async fn keywords_patterns_and_assertions_judge_the_body() {
    let server = Server::start(|_| ok(r#"{"status":"ok","queue":7}"#)).await;
    let base = get(&server.url("/"));
    let with = |change: &dyn Fn(&mut domain::check::HttpSettings)| {
        let mut settings = base.clone();
        change(&mut settings);
        settings
    };
    let assertion = |line: &str| vec![domain::check::Assertion::parse_line(line).unwrap()];
    assert_eq!(run(with(&|s| s.keyword = Some("ok".into()))).await.outcome, Outcome::Up);
    let report = run(with(&|s| s.keyword = Some("fine".into()))).await;
    assert_eq!(failure(&report), &Failure::KeywordMissing { keyword: "fine".into() });
    let report = run(with(&|s| s.absent_keyword = Some("ok".into()))).await;
    assert_eq!(failure(&report), &Failure::KeywordPresent { keyword: "ok".into() });
    let report = run(with(&|s| s.regex = Some("queue\":[0-5]".into()))).await;
    assert_eq!(failure(&report), &Failure::RegexMismatch { pattern: "queue\":[0-5]".into() });
    assert_eq!(run(with(&|s| s.assertions = assertion("$.queue < 10"))).await.outcome, Outcome::Up);
    let report = run(with(&|s| s.assertions = assertion("$.queue < 5"))).await;
    assert_eq!(failure(&report).sentence(), "$.queue is “7”; expected: lessThan “5”.");
    assert_eq!(report.evidence.assertions[0].actual.as_deref(), Some("7"));
}

#[tokio::test]
async fn the_request_is_sent_as_set() {
    let server = Server::start(|_| ok("")).await;
    let mut settings = get(&server.url("/submit"));
    settings.method = HttpMethod::Post;
    settings.body = "a=1".to_owned();
    settings.headers = vec![Header { name: "X-Team".into(), value: "blue".into() }];
    settings.auth = Auth::Basic { username: "me".into(), password: "pw".into() };
    assert_eq!(run(settings).await.outcome, Outcome::Up);
    let request = server.requests().remove(0).to_ascii_lowercase();
    assert!(request.starts_with("post /submit http/1.1\r\n"), "{request}");
    for part in [
        "x-team: blue",
        "authorization: basic bwu6chc=",
        "user-agent: pharos/",
        "accept-encoding: gzip",
        "a=1",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
}

#[tokio::test]
async fn a_hang_is_reported_with_the_phase_in_which_it_hung() {
    let silent = Server::start(|_| vec![Step::Hang]).await;
    let half = Server::start(|_| {
        vec![Step::Write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhal".to_vec()), Step::Hang]
    })
    .await;
    let timeout = Duration::from_millis(300);
    let checks = checks();
    let report = checks.run(&get(&silent.url("/")).into(), timeout).await;
    assert_eq!(failure(&report), &Failure::Timeout { after_ms: 300, phase: Phase::Wait });
    assert_eq!(report.latency_us, None);
    let report = checks.run(&get(&half.url("/")).into(), timeout).await;
    assert_eq!(failure(&report), &Failure::Timeout { after_ms: 300, phase: Phase::Download });
    assert_eq!(report.evidence.status, Some(200));
    let report = checks.run(&get(&silent.https("127.0.0.1")).into(), timeout).await;
    assert_eq!(failure(&report), &Failure::Timeout { after_ms: 300, phase: Phase::Tls });
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_name_are_told_apart() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let report = run(get(&format!("http://{closed}/"))).await;
    assert_eq!(failure(&report), &Failure::ConnectRefused { address: closed.to_string() });
    assert_eq!(failure(&report).incident_type(), "connection_error");
    let report = run(get("http://does-not-exist.invalid/")).await;
    let Failure::DnsError { name, reason } = failure(&report) else { panic!("{report:?}") };
    assert_eq!(name, "does-not-exist.invalid");
    assert!(!reason.contains("failed to lookup"), "{reason}");
}

#[tokio::test]
async fn what_is_not_http_and_what_breaks_off_are_named() {
    let garbage = Server::start(|_| write("220 mail ready\r\n\r\n")).await;
    assert!(matches!(failure(&run(get(&garbage.url("/"))).await), Failure::ProtocolError { .. }));
    let closing = Server::start(|_| Vec::new()).await;
    let report = run(get(&closing.url("/"))).await;
    assert!(matches!(failure(&report), Failure::ConnectionLost { phase: Phase::Wait, .. }), "{report:?}");
    let short = Server::start(|_| write("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort")).await;
    let report = run(get(&short.url("/"))).await;
    assert!(matches!(failure(&report), Failure::ConnectionLost { phase: Phase::Download, .. }), "{report:?}");
    let bad_gzip =
        Server::start(|_| answer("200 OK", "content-encoding: gzip\r\n", b"not gzip at all")).await;
    let report = run(get(&bad_gzip.url("/"))).await;
    assert!(matches!(failure(&report), Failure::ProtocolError { .. }), "{report:?}");
}

#[tokio::test]
async fn no_more_of_a_body_is_read_than_allowed() {
    let server = Server::start(|_| answer("200 OK", "", &vec![b'a'; 300_000])).await;
    let mut settings = get(&server.url("/"));
    settings.body_limit_kb = 64;
    let report = run(settings.clone()).await;
    assert_eq!(report.outcome, Outcome::Up);
    assert_eq!(report.evidence.body_bytes, Some(65_536));
    assert_eq!(report.evidence.notes.len(), 1);
    settings.keyword = Some("b".into());
    assert_eq!(failure(&run(settings.clone()).await), &Failure::BodyTooLarge { limit_bytes: 65_536 });
    settings.body_limit_kb = 1_024;
    assert_eq!(failure(&run(settings).await), &Failure::KeywordMissing { keyword: "b".into() });
}

#[tokio::test]
async fn a_small_answer_that_unpacks_to_a_large_one_is_cut_off() {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![0; 64 << 20]).unwrap();
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 100_000);
    let server = Server::start(move |_| answer("200 OK", "content-encoding: gzip\r\n", &packed)).await;
    let mut settings = get(&server.url("/"));
    settings.keyword = Some("x".into());
    let report = run(settings).await;
    assert_eq!(failure(&report), &Failure::BodyTooLarge { limit_bytes: 1_048_576 });
    assert_eq!(report.evidence.body_bytes, Some(1_048_576));
}

#[tokio::test]
async fn the_names_of_codings_are_read_as_they_are_meant() {
    use std::io::Write as _;
    let pack = |coding: &str, text: &[u8]| {
        if coding.eq_ignore_ascii_case("br") {
            let mut packed = brotli::CompressorWriter::new(Vec::new(), 4_096, 5, 22);
            packed.write_all(text).unwrap();
            return packed.into_inner();
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(text).unwrap();
        packed.finish().unwrap()
    };
    let coded = async |coding: &str, body: Vec<u8>| {
        let header = format!("content-encoding: {coding}\r\n");
        let server = Server::start(move |_| answer("200 OK", &header, &body)).await;
        let mut settings = get(&server.url("/"));
        settings.keyword = Some("hello".into());
        run(settings).await
    };
    let hello = [vec![b'a'; 100_000], b"hello".to_vec()].concat();
    for coding in ["gzip", "GZIP", "Gzip", "x-gzip", "X-GZip", "br", "BR", "Br"] {
        let report = coded(coding, pack(coding, &hello)).await;
        assert_eq!(report.outcome, Outcome::Up, "{coding}");
        assert_eq!(report.evidence.body_bytes, Some(100_005), "{coding}");
        // What breaks off within, or is something else, is as wrong under each name.
        let whole = pack(coding, &hello);
        let short = coded(coding, whole[..whole.len() - 6].to_vec()).await;
        let is_named =
            matches!(failure(&short), Failure::ConnectionLost { .. } | Failure::ProtocolError { .. });
        assert!(is_named, "{coding}: {short:?}");
        let other = coded(coding, b"\xffnot packed at all".to_vec()).await;
        let Failure::ProtocolError { reason } = failure(&other) else { panic!("{coding}: {other:?}") };
        assert!(reason.contains("cannot be decoded"), "{coding}: {reason}");
        let large = coded(coding, pack(coding, &vec![0; 64 << 20])).await;
        assert_eq!(failure(&large), &Failure::BodyTooLarge { limit_bytes: 1_048_576 }, "{coding}");
        let empty = coded(coding, Vec::new()).await;
        assert_eq!(failure(&empty), &Failure::KeywordMissing { keyword: "hello".into() }, "{coding}");
    }
}

#[tokio::test]
async fn a_secret_that_the_target_echoes_is_not_kept() {
    let server = Server::start(|request| {
        let echo = format!(
            "x-echo: {}\r\n",
            request.lines().find(|line| line.starts_with("authorization")).unwrap()
        );
        answer("500 Oops", &echo, request.as_bytes())
    })
    .await;
    for auth in [
        Auth::Bearer { token: "very-secret-token".into() },
        Auth::Basic { username: "me".into(), password: "very-secret-password".into() },
    ] {
        let mut settings = get(&server.url("/"));
        settings.auth = auth;
        settings.headers = vec![Header { name: "X-Api-Key".into(), value: "very-secret-key".into() }];
        let report = run(settings).await;
        let text = serde_json::to_string(&report).unwrap();
        assert!(!text.contains("very-secret") && !text.contains("bWU6dmVyeS1zZWNyZXQ"), "{text}");
        assert!(report.evidence.excerpt.unwrap().contains("********"));
    }
}

#[tokio::test]
async fn an_ip_version_that_the_target_lacks_is_a_dns_error() {
    let server = Server::start(|_| ok("")).await;
    let mut settings = get(&server.url("/"));
    settings.ip_version = IpVersion::V6;
    assert!(matches!(failure(&run(settings.clone()).await), Failure::DnsError { .. }));
    settings.ip_version = IpVersion::V4;
    settings.url = format!("http://localhost:{}/", server.port());
    let report = run(settings).await;
    assert_eq!(report.outcome, Outcome::Up);
    assert_eq!(report.evidence.remote, Some(server.address));
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_target() {
    let proxy = Server::start(|_| ok("through the proxy")).await;
    let mut settings = get("http://target.invalid/page");
    settings.proxy = Some(format!("http://me:proxy-password@{}", proxy.address).into());
    let report = run(settings).await;
    assert_eq!(report.outcome, Outcome::Up);
    let request = proxy.requests().remove(0);
    assert!(request.starts_with("GET http://target.invalid/page HTTP/1.1"), "{request}");
    assert!(!serde_json::to_string(&report).unwrap().contains("proxy-password"));
}

#[tokio::test]
async fn settings_that_cannot_be_run_say_nothing_about_the_target() {
    let mut settings = get("http://127.0.0.1:1/");
    settings.client_certificate =
        Some(domain::check::ClientCertificate { certificate: "nonsense".into(), key: "nonsense".into() });
    let report = run(settings).await;
    assert!(
        matches!(report.outcome, Outcome::Unknown { why: Blindness::Misconfigured { .. } }),
        "{report:?}"
    );
}

#[tokio::test]
async fn a_push_monitor_is_not_polled() {
    let push: CheckSettings = domain::check::PushSettings::every(60, 10).into();
    assert_eq!(run(push).await.outcome, Outcome::Unknown { why: Blindness::NotPolled });
}

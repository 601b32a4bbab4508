//! Answers as old, careless and chatty servers write them: judged as a browser would read them, and shown without their secrets.

use std::time::Duration;

use domain::check::{CheckReport, Failure, HttpSettings, Outcome};

use crate::support::*;

fn raw(text: &str) -> Vec<Step> {
    write(text)
}

fn keyword(settings: HttpSettings, keyword: &str) -> HttpSettings {
    HttpSettings { keyword: Some(keyword.to_owned()), ..settings }
}

#[tokio::test]
async fn a_page_is_read_in_the_encoding_that_it_names() {
    let latin = "content-type: text/html; charset=\"iso-8859-1\"\r\n";
    let server = Server::start(move |_| answer("200 OK", latin, b"Gr\xfc\xdfe aus K\xf6ln")).await;
    let report = run(keyword(get(&server.url("/")), "Grüße aus Köln")).await;
    assert_eq!(report.outcome, Outcome::Up);

    let server = Server::start(|_| answer("200 OK", "", b"\xef\xbb\xbf{\"status\":\"ok\"}")).await;
    let assertions = vec![domain::check::Assertion::parse_line("$.status equals ok").unwrap()];
    let report = run(HttpSettings { assertions, ..get(&server.url("/")) }).await;
    assert_eq!(report.outcome, Outcome::Up, "a byte order mark is no part of JSON");
}

#[tokio::test]
async fn what_was_found_within_the_limit_is_found() {
    let server = Server::start(|_| ok(&format!("ready {}", "x".repeat(4_096)))).await;
    let small = || HttpSettings { body_limit_kb: 1, ..get(&server.url("/")) };
    assert_eq!(run(keyword(small(), "ready")).await.outcome, Outcome::Up);
    let too_large = Failure::BodyTooLarge { limit_bytes: 1_024 };
    assert_eq!(failure(&run(keyword(small(), "missing")).await), &too_large);
    let absent = HttpSettings { absent_keyword: Some("error".to_owned()), ..small() };
    assert_eq!(failure(&run(absent).await), &too_large, "it may stand further behind");
}

#[tokio::test]
async fn a_refusal_whose_body_stalls_is_the_refusal() {
    let server = Server::start(|_| {
        [raw("HTTP/1.1 503 Busy\r\ncontent-length: 100\r\n\r\nwait"), vec![Step::Hang]].concat()
    })
    .await;
    let report = checks().run(&get(&server.url("/")).into(), Duration::from_millis(500)).await;
    assert_eq!(failure(&report), &Failure::HttpStatus { got: 503, expected: "200-299".to_owned() });
    assert_eq!(report.evidence.status, Some(503));
}

#[tokio::test]
async fn a_redirect_that_waits_for_its_cookie_ends() {
    let server = Server::start(|request| {
        if request.to_lowercase().contains("cookie: seen=1") {
            return ok("welcome");
        }
        answer("302 Found", "location: /\r\nset-cookie: seen=1; Path=/; HttpOnly\r\n", b"")
    })
    .await;
    assert_eq!(run(get(&server.url("/"))).await.outcome, Outcome::Up);
}

#[tokio::test]
async fn a_cookie_goes_to_nobody_else() {
    let other = Server::start(|_| ok("")).await;
    let location = other.url("/");
    let server = Server::start(move |_| {
        answer("302 Found", &format!("location: {location}\r\nset-cookie: session=s3cret\r\n"), b"")
    })
    .await;
    assert_eq!(run(get(&server.url("/"))).await.outcome, Outcome::Up);
    assert!(!other.requests()[0].contains("s3cret"), "{:?}", other.requests());
}

#[tokio::test]
async fn headers_of_old_servers_are_read() {
    for old in ["x-old: one\r\n two\r\n", "x-old : one\r\n"] {
        let answer = format!("HTTP/1.1 200 OK\r\n{old}content-length: 2\r\nconnection: close\r\n\r\nok");
        let server = Server::start(move |_| raw(&answer)).await;
        assert_eq!(run(get(&server.url("/"))).await.outcome, Outcome::Up, "{old:?}");
    }
}

#[tokio::test]
async fn secrets_of_addresses_stand_nowhere() {
    let locations = [
        "ftp://user:hunter22@host.test/?token=s3cret",
        "/next?access_token=s3cret",
        "http://[bad?token=s3cret",
    ];
    for location in locations {
        let server = Server::start(move |request| match request.split(' ').nth(1) {
            Some("/") => answer("302 Found", &format!("location: {location}\r\n"), b""),
            _ => answer("404 Not Found", "", b"no such page"),
        })
        .await;
        let report = run(get(&server.url("/"))).await;
        let (text, sentence) = (serde_json::to_string(&report).unwrap(), report.outcome.sentence());
        for secret in ["s3cret", "hunter22"] {
            assert!(!text.contains(secret) && !sentence.contains(secret), "{location}: {sentence} {text}");
        }
    }
    // An answer that repeats the address that was asked for.
    let server =
        Server::start(|request| answer("404 Not Found", "", request.lines().next().unwrap_or("").as_bytes()))
            .await;
    let report = run(get(&server.url("/page?token=s3cret"))).await;
    assert!(!serde_json::to_string(&report).unwrap().contains("s3cret"), "{report:?}");
}

#[tokio::test]
async fn an_endless_location_is_named_and_not_kept() {
    let location = format!("/{}", "x".repeat(20_000));
    let server = Server::start(move |_| answer("302 Found", &format!("location: {location}\r\n"), b"")).await;
    let report = run(get(&server.url("/"))).await;
    assert!(matches!(failure(&report), Failure::BadRedirect { .. }), "{:?}", report.outcome);
    assert!(serde_json::to_string(&report).unwrap().len() < 4_096);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_not_taken_for_the_target() {
    let mut settings = get("http://target.invalid/");
    settings.proxy = Some("http://127.0.0.1:1".into());
    let report = run(settings).await;
    assert_eq!(failure(&report), &Failure::ConnectRefused { address: "proxy 127.0.0.1:1".to_owned() });
}

#[tokio::test]
async fn values_deep_within_others_are_not_looked_for_without_end() {
    let many = format!("[{}]", vec![r#"{"b":1}"#; 4_000].join(","));
    for (path, inner) in [("$..a..b", many.as_str()), ("$..*..*..*..*", "1")] {
        let body = format!("{}{inner}{}", r#"{"a":"#.repeat(100), "}".repeat(100));
        let server = Server::start(move |_| ok(&body)).await;
        // As they are stored already.
        let assertions = vec![domain::check::Assertion::parse_line(&format!("{path} equals 1")).unwrap()];
        let report = run(HttpSettings { assertions, ..get(&server.url("/")) }).await;
        assert_eq!(failure(&report), &Failure::SearchTooLong { path: path.to_owned() });
        assert!(failure(&report).sentence().contains(path), "{report:?}");
    }
}

#[tokio::test]
async fn a_whole_answer_is_kept_of_a_failing_check_when_a_message_tells_it() {
    let page = "Größe ".repeat(20_000);
    let latin: Vec<u8> = page.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
    let server = Server::start(move |request| {
        let status = if request.starts_with("GET /refused") { "500 Oops" } else { "200 OK" };
        answer(status, "content-type: text/html; charset=iso-8859-1\r\n", &latin)
    })
    .await;
    let (refused, missing) = (get(&server.url("/refused")), keyword(get(&server.url("/")), "missing"));
    let checks = checks();
    let seen =
        |report: CheckReport| (report.answer.map(|answer| answer.to_string()), report.evidence.body_bytes);
    let answer = async |settings: &HttpSettings| {
        seen(checks.run_and_tell(&settings.clone().into(), Duration::from_secs(10)).await)
    };
    for (settings, read) in [(&refused, 4_096), (&missing, 120_000)] {
        let report = checks.run(&settings.clone().into(), Duration::from_secs(10)).await;
        assert_eq!(seen(report), (None, Some(read)), "no more is read than is judged or shown");
    }
    assert!(answer(&refused).await == (Some(page.clone()), Some(120_000)));
    assert!(answer(&missing).await == (Some(page), Some(120_000)));
    let found = keyword(get(&server.url("/")), "Größe");
    assert_eq!(answer(&found).await.0, None, "nothing failed");
}

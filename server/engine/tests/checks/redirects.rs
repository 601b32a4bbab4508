use domain::check::{
    Failure, HttpSettings, Outcome,
    http::HttpMethod,
    request::{Auth, Header},
};
use engine::checks::TargetPolicy;

use crate::support::*;

fn to(status: &str, location: &str) -> Vec<Step> {
    answer(status, &format!("location: {location}\r\n"), b"")
}

#[tokio::test]
async fn redirects_are_followed_and_shown() {
    let server = Server::start(|request| match request.split(' ').nth(1) {
        Some("/") => to("301 Moved", "/next"),
        Some("/next") => to("302 Found", "last?token=abc"),
        _ => ok("here"),
    })
    .await;
    let report = run(get(&server.url("/"))).await;
    assert_eq!(report.outcome, Outcome::Up);
    let hops: Vec<_> = report.evidence.redirects.iter().map(|hop| (hop.status, hop.to.clone())).collect();
    assert_eq!(hops, [(301, server.url("/next")), (302, server.url("/last?token=********"))]);
    let judged = HttpSettings { max_redirects: 0, ..get(&server.url("/")) };
    assert_eq!(failure(&run(judged).await), &Failure::HttpStatus { got: 301, expected: "200-299".into() });
}

#[tokio::test]
async fn a_loop_ends_at_the_limit() {
    let server = Server::start(|_| to("302 Found", "/again")).await;
    let settings = HttpSettings { max_redirects: 3, ..get(&server.url("/")) };
    assert_eq!(failure(&run(settings).await), &Failure::TooManyRedirects { limit: 3 });
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_redirect_to_a_forbidden_address_is_not_followed() {
    for location in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://0x7f.1.2.3@169.254.169.254/",
        "http://2852039166/",
        "http://metadata.google.internal/computeMetadata/v1/",
        "http://[fd00:ec2::254]/",
    ] {
        let server = Server::start(move |_| to("302 Found", location)).await;
        let report = run(get(&server.url("/"))).await;
        assert!(matches!(failure(&report), Failure::ForbiddenTarget { .. }), "{location}: {report:?}");
    }
}

#[tokio::test]
async fn a_name_is_judged_by_the_addresses_behind_it() {
    let server = Server::start(|_| ok("")).await;
    let closed = checks_with(TargetPolicy { allow_private: false, ..TargetPolicy::default() });
    for host in ["localhost", "127.0.0.1"] {
        let settings = get(&format!("http://{host}:{}/", server.port()));
        let report = closed.run(&settings.into(), TIMEOUT).await;
        let Failure::ForbiddenTarget { why, .. } = failure(&report) else { panic!("{host}: {report:?}") };
        assert!(why.contains("private"), "{why}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_redirect_that_leads_nowhere_is_named() {
    for location in ["ftp://example.org/", "http://", "http://[nonsense"] {
        let server = Server::start(move |_| to("302 Found", location)).await;
        let report = run(get(&server.url("/"))).await;
        assert_eq!(failure(&report), &Failure::BadRedirect { location: location.to_owned() });
    }
}

#[tokio::test]
async fn another_origin_gets_no_secret() {
    let other = Server::start(|_| ok("")).await;
    let location = other.url("/");
    let server = Server::start(move |_| to("307 Temporary", &location)).await;
    let mut settings = get(&server.url("/"));
    settings.auth = Auth::Bearer { token: "very-secret".into() };
    settings.headers = ["X-Api-Key", "Cookie", "X-Functions-Key", "X-Plain", "Accept-Language"]
        .map(|name| Header { name: name.to_owned(), value: format!("value-of-{name}").into() })
        .to_vec();
    assert_eq!(run(settings).await.outcome, Outcome::Up);
    let first = server.requests().remove(0).to_ascii_lowercase();
    let second = other.requests().remove(0).to_ascii_lowercase();
    assert!(first.contains("very-secret") && first.contains("x-api-key") && first.contains("cookie"));
    assert!(
        !second.contains("very-secret") && !second.contains("x-api-key") && !second.contains("cookie"),
        "{second}"
    );
    // Whether a header of no known name is a secret, nobody knows.
    assert!(first.contains("x-functions-key") && first.contains("x-plain"));
    assert!(!second.contains("x-functions-key") && !second.contains("x-plain"), "{second}");
    assert!(second.contains("accept-language: value-of-accept-language"));
}

#[tokio::test]
async fn the_body_goes_to_another_origin_after_307_as_the_form_says() {
    let other = Server::start(|_| ok("")).await;
    let location = other.url("/");
    let server = Server::start(move |_| to("307 Temporary", &location)).await;
    let settings = HttpSettings {
        method: HttpMethod::Post,
        body: "a=1".into(),
        headers: vec![Header { name: "X-Plain".into(), value: "b".into() }],
        ..get(&server.url("/"))
    };
    assert_eq!(run(settings).await.outcome, Outcome::Up);
    let second = other.requests().remove(0);
    assert!(second.starts_with("POST / ") && second.ends_with("a=1"), "{second}");
    assert!(!second.to_ascii_lowercase().contains("x-plain"), "{second}");
}

#[tokio::test]
async fn a_post_is_repeated_after_307_and_becomes_a_get_after_303() {
    for (status, expected) in
        [("303 See Other", "GET /next"), ("307 Temporary", "POST /next"), ("302 Found", "GET /next")]
    {
        let server =
            Server::start(move |request| if request.contains(" / ") { to(status, "/next") } else { ok("") })
                .await;
        let settings = HttpSettings { method: HttpMethod::Post, body: "a=1".into(), ..get(&server.url("/")) };
        assert_eq!(run(settings).await.outcome, Outcome::Up);
        let second = server.requests().remove(1);
        assert!(second.starts_with(expected), "{status}: {second}");
        assert_eq!(second.contains("a=1"), expected.starts_with("POST"), "{status}");
    }
}

//! The layers, around routes that only tests have.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Extension;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use domain::id::AccountKey;
use domain::person::Viewer;
use domain::time::{DAY, HOUR, Timestamp};
use engine::services::people::NewAccount;
use engine::services::session::{SessionChange, SessionIntent};
use engine::store::sessions;
use tower::ServiceExt as _;

use super::*;
use crate::config::Sources;
use crate::start::{self, Running};

/// A server whose routes are called without its listener.
struct Bench {
    running: Running,
    routes: Router,
    account: AccountKey,
    folder: PathBuf,
}

const START: Timestamp = Timestamp(1_800_000_000_000);

impl Bench {
    async fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("pharos-layers-{}", Chance::System.token()));
        let value = |key: &str, value: &str| (String::new(), key.to_owned(), value.to_owned());
        let flags = vec![
            value("data.dir", folder.to_str().unwrap()),
            value("server.port", "0"),
            value("server.host", "127.0.0.1"),
            value("server.trusted_proxies", "loopback"),
            value("checks.anchors", "none"),
        ];
        let config = Config::load(&Sources { flags, ..Sources::default() }).unwrap();
        let running = start::start(config, Clock::manual(START), Chance::System).await.unwrap();
        let state = running.state.clone();
        let ada = NewAccount {
            email: "ada@example.org".into(),
            name: "Ada".into(),
            password: "correct horse".into(),
        };
        let account = state.services.add_user(&Viewer::System, &ada).await.unwrap().key;
        let routes = Router::new()
            .route(
                "/in",
                post(async |Extension(intent): Extension<SessionIntent>, key: String| {
                    intent.set(SessionChange::Begin(AccountKey(key.parse().unwrap())));
                }),
            )
            .route(
                "/out",
                post(async |Extension(intent): Extension<SessionIntent>| intent.set(SessionChange::End)),
            )
            .route(
                "/who",
                get(async |Extension(viewer): Extension<Viewer>| match viewer {
                    Viewer::Person(account) => account.email,
                    Viewer::Anonymous | Viewer::Program { .. } | Viewer::System => "nobody".to_owned(),
                }),
            )
            .route("/operators", get(async |_: viewer::Operator| "in"));
        let panics = async || -> &'static str { panic!("a secret of the inside") };
        let routes = with_origin_check(&state, with_session(&state, routes)).route("/panics", get(panics));
        Self { routes: with_layers(&state, routes).with_state(state), running, account, folder }
    }

    async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40_000))));
        self.routes.clone().oneshot(request).await.unwrap()
    }

    /// Logs Ada in; returns the cookie as a browser would send it.
    async fn log_in(&self, cookie: &str) -> String {
        let answer = self.call("POST", "/in", &[("cookie", cookie)], self.account.0.to_string()).await;
        cookie_of(&answer).expect("a cookie")
    }

    async fn who(&self, cookie: &str) -> String {
        text(self.call("GET", "/who", &[("cookie", cookie)], String::new()).await).await
    }

    async fn kept(&self, cookie: &str) -> Option<sessions::SessionRow> {
        let id = cookie.split_once('=').unwrap().1;
        let mut tx = self.running.state.db.read().await.unwrap();
        sessions::load(&mut tx, id, Timestamp(0)).await.unwrap()
    }

    async fn close(self) {
        self.running.stop().await;
        let _ = std::fs::remove_dir_all(self.folder);
    }
}

fn set_cookie(answer: &Response) -> Option<&str> {
    answer.headers().get(header::SET_COOKIE).map(|value| value.to_str().unwrap())
}

fn cookie_of(answer: &Response) -> Option<String> {
    set_cookie(answer).map(|cookie| cookie.split(';').next().unwrap().to_owned())
}

async fn text(answer: Response) -> String {
    let bytes = axum::body::to_bytes(answer.into_body(), 100_000).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn logging_in_begins_a_session_and_logging_out_ends_it() {
    let bench = Bench::new().await;
    assert_eq!(bench.who("").await, "nobody");
    let cookie = bench.log_in("").await;
    assert_eq!(bench.who(&cookie).await, "ada@example.org");
    assert_eq!(bench.kept(&cookie).await.unwrap().account_id, Some(bench.account.0));
    bench.call("POST", "/out", &[("cookie", &cookie)], String::new()).await;
    assert_eq!(bench.who(&cookie).await, "nobody");
    assert_eq!(bench.kept(&cookie).await, None);
    bench.close().await;
}

#[tokio::test]
async fn the_id_of_a_session_changes_when_somebody_logs_in() {
    let bench = Bench::new().await;
    let planted = bench.log_in("").await;
    let cookie = bench.log_in(&planted).await;
    assert_ne!(planted, cookie);
    assert_eq!(bench.who(&planted).await, "nobody");
    assert_eq!(bench.who(&cookie).await, "ada@example.org");
    // An id that was made up elsewhere is never taken over.
    let made_up = "pharos=AAAAAAAAAAAAAAAAAAAAAA";
    assert_ne!(bench.log_in(made_up).await, made_up);
    bench.close().await;
}

#[tokio::test]
async fn reading_does_not_write_until_an_hour_has_passed() {
    let bench = Bench::new().await;
    let cookie = bench.log_in("").await;
    let begun = bench.kept(&cookie).await.unwrap();
    let answer = bench.call("GET", "/who", &[("cookie", &cookie)], String::new()).await;
    assert_eq!(set_cookie(&answer), None);
    assert_eq!(bench.kept(&cookie).await.unwrap(), begun);

    bench.running.state.clock.advance(Duration::from_millis(HOUR.unsigned_abs()));
    let answer = bench.call("GET", "/who", &[("cookie", &cookie)], String::new()).await;
    assert_eq!(cookie_of(&answer).as_deref(), Some(cookie.as_str()), "the same id, for longer");
    assert_eq!(bench.kept(&cookie).await.unwrap().expires_at, begun.expires_at + HOUR);

    bench.running.state.clock.advance(Duration::from_millis(15 * DAY.unsigned_abs()));
    assert_eq!(bench.who(&cookie).await, "nobody");
    bench.close().await;
}

#[tokio::test]
async fn the_cookie_fits_how_the_browser_came() {
    let bench = Bench::new().await;
    let key = bench.account.0.to_string();
    let plain = bench.call("POST", "/in", &[], key.clone()).await;
    let cookie = set_cookie(&plain).unwrap();
    assert!(cookie.starts_with("pharos=") && !cookie.contains("Secure"), "{cookie}");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
        "{cookie}"
    );
    assert!(!plain.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));

    let tls = ("x-forwarded-proto", "https");
    let secure = bench.call("POST", "/in", &[tls], key).await;
    let cookie = set_cookie(&secure).unwrap();
    assert!(cookie.starts_with("__Host-pharos=") && cookie.contains("; Secure"), "{cookie}");
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert!(secure.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));

    let cookie = cookie_of(&secure).unwrap();
    let out = bench.call("POST", "/out", &[tls, ("cookie", &cookie)], String::new()).await;
    let removal = set_cookie(&out).unwrap();
    assert!(removal.starts_with("__Host-pharos=;") && removal.contains("Secure"), "{removal}");
    bench.close().await;
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let bench = Bench::new().await;
    let (here, there) = (bench.log_in("").await, bench.log_in("").await);
    let services = &bench.running.state.services;
    let ada = Viewer::Person(services.account(bench.account).await.unwrap().unwrap());
    services.change_password(&ada, "correct horse", "battery staple").await.unwrap();
    assert_eq!((bench.who(&here).await, bench.who(&there).await), ("nobody".to_owned(), "nobody".to_owned()));
    bench.close().await;
}

#[tokio::test]
async fn a_handler_for_operators_sends_everybody_else_to_log_in() {
    let bench = Bench::new().await;
    let answer = bench.call("GET", "/operators", &[], String::new()).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[header::LOCATION], "/login");
    let cookie = bench.log_in("").await;
    let answer = bench.call("GET", "/operators", &[("cookie", &cookie)], String::new()).await;
    assert_eq!(text(answer).await, "in");
    bench.close().await;
}

#[tokio::test]
async fn a_panic_is_answered_with_a_plain_page_that_gives_nothing_away() {
    let bench = Bench::new().await;
    let answer = bench.call("GET", "/panics", &[], String::new()).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.headers().contains_key("content-security-policy"));
    assert!(answer.headers().contains_key("x-request-id"));
    let page = text(answer).await;
    assert!(page.contains("Something went wrong here") && !page.contains("secret"), "{page}");
    bench.close().await;
}

#[tokio::test]
async fn a_name_of_a_request_from_outside_is_taken_over_when_it_is_short_and_plain() {
    let bench = Bench::new().await;
    let named = async |id: &str| {
        let answer = bench.call("GET", "/who", &[("x-request-id", id)], String::new()).await;
        answer.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    for fine in ["01936d11-a66f-7230-a907-cb6048ad051f", "Root=1-67891233-abcdef012345678912345678", "a"] {
        assert_eq!(named(fine).await, fine);
    }
    let long = "a".repeat(129);
    for wrong in ["", "a b", "a\tlevel=error", "<script>", long.as_str()] {
        let ours = named(wrong).await;
        assert!(
            ours != wrong && ours.len() < 40 && ours.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{ours}"
        );
    }
    let two = [("x-request-id", "one"), ("x-request-id", "two")];
    let answer = bench.call("GET", "/who", &two, String::new()).await;
    assert!(!["one", "two"].contains(&answer.headers()["x-request-id"].to_str().unwrap()));
    bench.close().await;
}

#[tokio::test]
async fn what_takes_too_long_is_given_up_in_the_shape_that_the_caller_reads() {
    let never = get(std::future::pending::<()>);
    let routes = Router::new().route("/api/v1/slow", never.clone()).route("/slow", never);
    let routes: Router = routes.layer(from_fn_with_state(Duration::from_millis(10), bound));
    for (path, kind, word) in
        [("/api/v1/slow", "application/json", "\"timeout\""), ("/slow", "text/html", "This took too long")]
    {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let answer = routes.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with(kind), "{path}");
        assert!(text(answer).await.contains(word), "{path}");
    }
}

#[tokio::test]
async fn another_site_can_neither_change_something_nor_open_a_socket() {
    let bench = Bench::new().await;
    let cookie = bench.log_in("").await;
    let (host, cookie) = (("host", "a.example"), ("cookie", cookie.as_str()));
    let foreign = ("origin", "https://evil.example");
    let refused = bench.call("POST", "/out", &[host, cookie, foreign], String::new()).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let socket = ("upgrade", "websocket");
    let refused = bench.call("GET", "/who", &[host, cookie, foreign, socket], String::new()).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(bench.who(cookie.1).await, "ada@example.org", "still logged in");
    let own = ("origin", "http://a.example");
    let done = bench.call("POST", "/out", &[host, cookie, own], String::new()).await;
    assert_eq!(done.status(), StatusCode::OK);
    bench.close().await;
}

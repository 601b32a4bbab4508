//! The database goes away while the server works, and comes back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use domain::event::{Event, Seq};
use domain::id::MonitorId;
use domain::person::Viewer;
use domain::time::Timestamp;
use domain::views::console::{ComponentDraft, Frame};
use engine::store::{events, monitors, results};
use futures::StreamExt as _;
use reqwest::Method;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::support::postgres::Postgres;
use crate::support::{Actor, TestApp};

/// Long enough for a machine under load: what comes by itself is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A page that is looked at and a receiver of messages, in one.
#[derive(Clone, Default)]
struct World {
    works: Arc<AtomicBool>,
    looks: Arc<AtomicUsize>,
    told: Arc<std::sync::Mutex<Vec<String>>>,
}

impl World {
    async fn open() -> (Self, String) {
        let world = Self::default();
        world.works.store(true, Ordering::SeqCst);
        let page = async |State(world): State<Self>| {
            world.looks.fetch_add(1, Ordering::SeqCst);
            if world.works.load(Ordering::SeqCst) { StatusCode::OK } else { StatusCode::BAD_GATEWAY }
        };
        let hook = async |State(world): State<Self>, axum::Json(body): axum::Json<Value>| {
            world.told.lock().unwrap().push(body["incident_status"].as_str().unwrap().to_owned());
        };
        let router = Router::new().route("/", get(page)).route("/hook", post(hook)).with_state(world.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (world, url)
    }

    fn looks(&self) -> usize {
        self.looks.load(Ordering::SeqCst)
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "not within {} s: {what}", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Adds a monitor by the fields of its form, and shows it on the page.
async fn watch(app: &TestApp, name: &str, fields: &[(&str, &str)]) -> MonitorId {
    let always = [("name", name), ("failure_threshold", "1"), ("recovery_threshold", "1")];
    let fields = always.iter().chain(fields);
    let form: BTreeMap<_, _> =
        fields.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let services = &app.running.state.services;
    let id = services.add_monitor(&Viewer::System, &form).await.unwrap();
    let monitors = vec![id.clone()];
    let draft =
        ComponentDraft { name: name.to_owned(), monitors, show_uptime: true, ..ComponentDraft::default() };
    services.add_component(&Viewer::System, &draft).await.unwrap();
    id
}

/// What became known of a monitor: when it went down and up, and how many incidents were opened and resolved.
#[derive(Debug, Default, PartialEq)]
struct Known {
    changes: Vec<Timestamp>,
    opened: usize,
    resolved: usize,
    results: Vec<Timestamp>,
}

async fn known(app: &TestApp, id: &MonitorId) -> Known {
    let mut tx = app.running.state.db.read().await.unwrap();
    let key = monitors::key_of(&mut tx, id).await.unwrap().unwrap();
    let mut known = Known::default();
    for numbered in events::after(&mut tx, Seq(0), i64::MAX).await.unwrap() {
        match numbered.event {
            Event::StateChanged { monitor, change: Some(change), .. } if monitor == key => {
                known.changes.push(change.since);
            }
            Event::IncidentOpened { .. } => known.opened += 1,
            Event::IncidentResolved { .. } => known.resolved += 1,
            _ => {}
        }
    }
    known.results = results::latest(&mut tx, key, 10_000).await.unwrap().iter().map(|beat| beat.at).collect();
    known
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_is_killed_and_comes_back_loses_and_doubles_nothing() {
    let Some(mut postgres) = Postgres::new() else { return };
    postgres.start();
    let app = TestApp::spawn_with(&[("data.database_url", &postgres.url)]).await;
    let (world, url) = World::open().await;
    let now = || app.running.state.clock.now();
    let shop = watch(&app, "Shop", &[("kind", "http"), ("url", &url), ("interval", "1")]).await;
    let job = watch(&app, "Job", &[("kind", "push"), ("period", "3600"), ("interval", "60")]).await;
    let services = &app.running.state.services;
    let ping = services.program_monitor(&Viewer::System, &job).await.unwrap().push_path.unwrap();
    let token = app.token().await;
    let hook = serde_json::json!({ "integration": {
        "type": "Integrations::WebhookIntegration", "settings": { "webhook_url": format!("{url}/hook") },
    } });
    let made = app.request(&token, Method::POST, "/api/v1/integrations").json(&hook).send().await.unwrap();
    let made: Value = made.json().await.unwrap();
    services.attach(&Viewer::System, &shop, &made["uuid"].as_str().unwrap().parse().unwrap()).await.unwrap();
    let operator = app.viewer().await;
    let Actor::Viewer { cookie } = &operator else { unreachable!() };
    let mut request = format!("ws://{}/api/live", app.running.address).into_client_request().unwrap();
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    let (mut screen, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    until("the shop is up", async || {
        let known = known(&app, &shop).await;
        known.changes.len() == 1 && known.results.len() > 2
    })
    .await;
    assert_eq!(app.get(&ping).await.status(), 200);
    assert_eq!(app.get("/").await.status(), 200);
    assert_eq!(app.request(&operator, Method::GET, "/console").send().await.unwrap().status(), 200);

    postgres.kill();
    let killed = now();
    assert_eq!(app.get("/healthz").await.text().await.unwrap(), "ok\n");
    until("the server is not ready", async || app.get("/readyz").await.status() == 503).await;
    // Side by side: each waits some seconds for the database.
    let away = async |who: &Actor, path: &str| {
        let answer = app.request(who, Method::GET, path).send().await.unwrap();
        let wait = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), wait, answer.text().await.unwrap())
    };
    let (beat, program, page, stranger, known_page) = tokio::join!(
        away(&Actor::Anonymous, &ping),
        away(&token, "/api/v1/integrations"),
        away(&operator, "/console"),
        away(&Actor::Anonymous, "/console"),
        away(&Actor::Anonymous, "/"),
    );
    for (status, wait, _) in [&beat, &program, &page, &stranger] {
        assert_eq!((*status, wait.as_deref()), (503, Some("5")));
    }
    assert!(page.2.contains("The database does not answer") && page.2 == stranger.2, "{}", page.2);
    assert!(known_page.0 == 200 && known_page.2.contains("Shop"), "{known_page:?}");
    // It goes on looking, and sees something break that nobody can write down yet.
    world.works.store(false, Ordering::SeqCst);
    let (broken, looks) = (now(), world.looks());
    until("the checks go on", async || world.looks() > looks + 3).await;
    assert_eq!(world.told(), Vec::<String>::new());

    let back = now();
    postgres.start();
    until("the server is ready", async || app.get("/readyz").await.status() == 200).await;
    until("somebody was told", async || world.told() == ["ongoing"]).await;
    until("the screen was told", async || match screen.next().await.unwrap().unwrap() {
        Message::Text(text) => {
            matches!(serde_json::from_str(&text), Ok(Frame::Monitor { counts, .. }) if counts.down == 1)
        }
        _ => false,
    })
    .await;
    until("the page shows it", async || {
        app.get("/").await.text().await.unwrap().contains("Shop is not available")
    })
    .await;
    until("other nodes are heard again", async || {
        let mut connection = PgConnection::connect(&postgres.url).await.unwrap();
        let listening = "select count(*) from pg_stat_activity where query like 'LISTEN%'";
        let count: i64 = sqlx::query_scalar(listening).fetch_one(&mut connection).await.unwrap();
        count == 1
    })
    .await;
    assert_eq!(app.get(&ping).await.status(), 200);
    world.works.store(true, Ordering::SeqCst);
    until("somebody was told the end", async || world.told() == ["ongoing", "resolved"]).await;

    let seen = world.looks();
    until("the last results are written", async || known(&app, &shop).await.results.len() >= seen).await;
    let known = known(&app, &shop).await;
    assert_eq!((known.opened, known.resolved), (1, 1));
    assert_eq!(known.changes.len(), 3, "up, down and up: {known:?}");
    let down = known.changes[1];
    assert!(
        broken.0 - 1_000 <= down.0 && down < back,
        "it began while nobody could write: {broken} {down} {back}"
    );
    let meanwhile = known.results.iter().filter(|at| **at > killed && **at < back).count();
    assert!(meanwhile > 4, "what was found meanwhile is kept: {known:?}");
    assert_eq!(app.running.state.vitals.dropped.load(Ordering::Relaxed), 0);
    drop(screen);
    app.close().await;
}

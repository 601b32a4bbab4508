//! Views made by hand, and a server with a target that can be switched off.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use app::pages::status::Assets;
use axum::Extension;
use axum::http::HeaderMap;
use domain::event::Seq;
use domain::id::{AccountId, AccountKey, ComponentId, IncidentId, IncidentUpdateId, MonitorId};
use domain::incident::IncidentPhase;
use domain::person::{Account, Viewer};
use domain::status_page::{ComponentState, page_state, worst};
use domain::time::{MINUTE, Timestamp};
use domain::views::console::ComponentDraft;
use domain::views::public::{
    ComponentView, DayView, IncidentUpdateView, IncidentView, PageHead, PageView, PastDay, SectionView,
};
use engine::chance::Chance;
use engine::clock::Clock;
use engine::housekeeping::Retention;
use engine::services::Services;
use engine::store::Db;
use engine::{Engine, EngineConfig};
use futures::{SinkExt, StreamExt};
use serde_json::Value;
use server::live::face::{Face, Paint};
use server::live::{Console, Hub};
use server::public::Public;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;

/// 2026-11-21T12:04:10Z.
pub(crate) const NOW: Timestamp = Timestamp(1_795_262_650_000);
/// The build of everything here.
pub(crate) const BUILD: &str = "b1";

/// How long a test waits for what should come within moments.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn component(number: u8, state: ComponentState) -> ComponentView {
    let day = |date: &str| DayView {
        date: date.to_owned(),
        state: ComponentState::Operational,
        uptime: Some(1.0),
        down_minutes: 0,
        incidents: 0,
    };
    ComponentView {
        id: ComponentId::new([number; 13]),
        name: format!("Part {number}"),
        description: None,
        created_at: NOW,
        state,
        uptime: Some(0.999),
        days: vec![day("2026-11-20"), day("2026-11-21")],
        sparkline: None,
        counted: Vec::new(),
    }
}

pub(crate) fn incident(number: u8) -> IncidentView {
    IncidentView {
        id: IncidentId::new([number; 13]),
        title: format!("Trouble {number}"),
        phase: IncidentPhase::Investigating,
        impact: ComponentState::MajorOutage,
        started_at: Timestamp(NOW.0 - MINUTE),
        resolved_at: None,
        components: vec!["Part 1".to_owned()],
        updates: Vec::new(),
    }
}

pub(crate) fn told(incident: &mut IncidentView, phase: IncidentPhase) {
    incident.phase = phase;
    let id = IncidentUpdateId::new([u8::try_from(incident.updates.len()).unwrap(); 13]);
    incident.updates.insert(0, IncidentUpdateView { id, phase, body: "News".to_owned(), at: NOW });
}

pub(crate) fn view(seq: i64, components: Vec<ComponentView>, incidents: Vec<IncidentView>) -> PageView {
    let states = || components.iter().map(|component| component.state);
    PageView {
        head: PageHead {
            slug: "main".to_owned(),
            name: "Northwind".to_owned(),
            description: None,
            logo: None,
            time_zone: "UTC".to_owned(),
            is_default: true,
        },
        seq: Seq(seq),
        at: NOW,
        base_url: "https://status.example.org".to_owned(),
        state: page_state(states(), incidents.len()),
        worst: worst(states()),
        past: ["2026-11-21", "2026-11-20"].map(|date| past_day(date, &incidents)).into(),
        incidents,
        overruled: Vec::new(),
        sections: vec![SectionView { group: None, state: worst(states()), components }],
    }
}

/// A day; the incidents that are open began on the 21st.
fn past_day(date: &str, open: &[IncidentView]) -> PastDay {
    let ongoing = !open.is_empty() && date == "2026-11-21";
    PastDay { date: date.to_owned(), incidents: Vec::new(), more: 0, ongoing }
}

pub(crate) fn face(view: PageView) -> Face {
    Face::new(view, Paint { build: BUILD.into(), assets: Arc::new(Assets::default()) })
}

/// The ids of a frame's parts, in order.
pub(crate) fn ids(frame: &str) -> Vec<String> {
    let frame: Value = serde_json::from_str(frame).unwrap();
    let parts = frame["parts"].as_array().expect("a frame with parts");
    parts.iter().map(|part| part["id"].as_str().unwrap().to_owned()).collect()
}

/// A server behind a real port, with an engine that checks.
pub(crate) struct Site {
    pub(crate) address: String,
    pub(crate) services: Services,
    pub(crate) engine: Engine,
    pub(crate) console: Console,
    /// Whether the console's sessions are still valid.
    pub(crate) logged_in: Arc<AtomicBool>,
    pub(crate) cancel: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Site {
    pub(crate) async fn open() -> Self {
        Self::open_at(Clock::System).await
    }

    pub(crate) async fn open_at(clock: Clock) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&Db::sqlite_url(&folder.path().join("site.db"))).await.unwrap();
        db.migrate().await.unwrap();
        let config = EngineConfig {
            carriers: engine::providers::Carriers::default(),
            checks: engine::checks::ChecksConfig::default(),
            concurrency: engine::scheduler::Concurrency::default(),
            anchors: Vec::new(),
            retention: Retention::default(),
            base_url: String::new(),
        };
        let engine = Engine::start(config, db, clock, Chance::System).await.unwrap();
        let (services, bus, vitals) = (engine.services(), engine.bus(), engine.vitals());
        let mut events = bus.events();
        services.ensure_default_page().await.unwrap();
        // Nobody should hear of it later.
        events.recv().await.unwrap();

        let cancel = CancellationToken::new();
        let hub = Hub::new(services.clone(), bus.clone(), vitals.clone(), BUILD, Assets::default());
        tokio::spawn(hub.clone().run(cancel.clone()));
        let logged_in = Arc::new(AtomicBool::new(true));
        let who = {
            let logged_in = logged_in.clone();
            Arc::new(move |headers: HeaderMap| {
                let viewer = viewer(&headers, &logged_in);
                Box::pin(async move { viewer }) as futures::future::BoxFuture<'static, Viewer>
            })
        };
        let console = Console::new(services.clone(), bus, vitals, BUILD, who);
        tokio::spawn(console.clone().run(cancel.clone()));

        let resolve = {
            let logged_in = logged_in.clone();
            axum::middleware::from_fn(
                move |mut request: axum::extract::Request, next: axum::middleware::Next| {
                    let viewer = viewer(request.headers(), &logged_in);
                    request.extensions_mut().insert(viewer);
                    next.run(request)
                },
            )
        };
        let router = server::live::console_router(console.clone())
            .layer(resolve)
            .merge(server::live::router(hub.clone()))
            .merge(server::public::router(Public::new(hub)))
            .merge(server::public::choices())
            .layer(Extension(()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stop = cancel.clone();
        tokio::spawn(async move {
            axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await.unwrap();
        });
        Self { address, services, engine, console, logged_in, cancel, _folder: folder }
    }

    /// A component that follows a port, looked at once a second.
    pub(crate) async fn watch(&self, name: &str, port: u16) -> MonitorId {
        let port = port.to_string();
        self.follow(name, &[("kind", "tcp"), ("host", "127.0.0.1"), ("port", &port), ("interval", "1")]).await
    }

    /// A component that follows a monitor, given by the fields of its form.
    pub(crate) async fn follow(&self, name: &str, fields: &[(&str, &str)]) -> MonitorId {
        let always = [("name", name), ("failure_threshold", "1"), ("recovery_threshold", "1")];
        let form: BTreeMap<String, String> = always
            .iter()
            .chain(fields)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let id = self.services.add_monitor(&Viewer::System, &form).await.unwrap();
        let draft = ComponentDraft {
            name: name.to_owned(),
            monitors: vec![id.clone()],
            show_uptime: true,
            ..ComponentDraft::default()
        };
        self.services.add_component(&Viewer::System, &draft).await.unwrap();
        id
    }

    /// Waits until the page shows a text, and returns the page.
    pub(crate) async fn page_with(&self, text: &str) -> String {
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                let page = self.get("/", &[]).await.text().await.unwrap();
                if page.contains(text) {
                    return page;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        found.await.unwrap_or_else(|_| panic!("the page should show {text}"))
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        Self::client()
            .get(format!("http://{}{path}", self.address))
            .headers(pairs(headers))
            .send()
            .await
            .unwrap()
    }

    pub(crate) fn client() -> reqwest::Client {
        let builder = reqwest::Client::builder().no_proxy().no_gzip().no_brotli();
        builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
    }

    pub(crate) async fn socket(&self, path: &str) -> Socket {
        let (socket, _) =
            tokio_tungstenite::connect_async(format!("ws://{}{path}", self.address)).await.unwrap();
        Socket { socket }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

fn pairs(headers: &[(&str, &str)]) -> reqwest::header::HeaderMap {
    headers
        .iter()
        .map(|(name, value)| (reqwest::header::HeaderName::try_from(*name).unwrap(), value.parse().unwrap()))
        .collect()
}

/// Who has the cookie is logged in, until somebody logs them out.
fn viewer(headers: &HeaderMap, logged_in: &AtomicBool) -> Viewer {
    if headers.contains_key("cookie") && logged_in.load(Ordering::SeqCst) {
        let (key, id) = (AccountKey(1), AccountId::new([1; 13]));
        Viewer::Person(Account { key, id, email: "a@example.org".to_owned(), name: String::new() })
    } else {
        Viewer::Anonymous
    }
}

/// The other end of a socket.
pub(crate) struct Socket {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// The next text; `None` when the server closed.
    pub(crate) async fn text(&mut self) -> Option<String> {
        let next = tokio::time::timeout(PATIENCE, async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(_)) => {}
                }
            }
        });
        next.await.expect("the server should say something")
    }

    /// The next text that contains a part.
    pub(crate) async fn text_with(&mut self, part: &str) -> String {
        loop {
            let text = self.text().await.unwrap_or_else(|| panic!("the server closed before it said {part}"));
            if text.contains(part) {
                return text;
            }
        }
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }
}

/// A port that answers until it is dropped.
pub(crate) struct Target {
    pub(crate) port: u16,
    accepting: tokio::task::JoinHandle<()>,
}

impl Target {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepting = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
        Self { port, accepting }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

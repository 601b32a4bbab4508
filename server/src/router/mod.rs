//! The route table of everything, and the layers around it.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use engine::bus::Bus;
use engine::chance::Chance;
use engine::clock::Clock;
use engine::services::Services;
use engine::store::Db;
use engine::telex::Telex;
use engine::vitals::Vitals;
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::{DefaultOnResponse, TraceLayer};

use crate::api::{self, Api};
use crate::config::Config;
use crate::live::{Console, Hub};
use crate::public::Public;
use crate::session::{SessionLayer, Sessions};
use crate::{
    assets, client, error, health, hooks, live, metrics, pages, public, security, telemetry, viewer,
};

/// The largest body that a page's form may send, in bytes: room for a logo.
const MAX_BODY: usize = 2 << 20;

/// Below which paths no people read.
const PROGRAMS: [&str; 5] = ["/api/", "/live/", "/ping/", "/hooks/", "/pkg/"];

/// Beyond it, a little less to send costs several times the work.
const BROTLI_QUALITY: i32 = 4;

/// What every handler may reach. One pointer: the layers clone it for each request.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Parts>);

impl AppState {
    /// Shares the parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What the program is made of, as far as handlers need it.
#[derive(Debug)]
pub struct Parts {
    /// What may be asked for.
    pub services: Services,
    /// Where events are told.
    pub bus: Bus,
    /// The numbers of this node.
    pub vitals: Arc<Vitals>,
    /// The database, for sessions, readiness and its size; everything else asks the services.
    pub db: Db,
    /// Where the time comes from.
    pub clock: Clock,
    /// Where chance comes from.
    pub chance: Chance,
    /// The configuration.
    pub config: Arc<Config>,
    /// Keeps the public pages and whoever looks at them up to date.
    pub hub: Hub,
    /// Keeps the screens of the console up to date.
    pub console: Console,
    /// The integration of Telex; `None` when it is turned off.
    pub telex: Option<Telex>,
    /// Shares of uptime as `/metrics` showed them last.
    pub(crate) ratios: metrics::Ratios,
    /// What the handlers of the REST API share.
    pub api: Api,
}

/// Everything that Pharos answers.
pub fn router(state: AppState) -> Router {
    let followed = live::router(state.hub.clone()).merge(public::choices());
    let guarded = with_origin_check(&state, with_session(&state, console(&state)).merge(followed));
    let public = Public::new(state.hub.clone());
    let routes = guarded.merge(read_only(public.clone())).merge(hooks::router()).merge(operation());
    let routes = routes.merge(compressed(api::router(&state)));
    let routes = routes.fallback(move |request: Request| not_found(public, request));
    with_layers(&state, routes).with_state(state)
}

/// Adds the session and the viewer.
fn with_session(state: &AppState, routes: Router<AppState>) -> Router<AppState> {
    let sessions = Sessions::new(state.db.clone(), state.clock.clone(), &state.config.server);
    routes.layer(from_fn_with_state(state.clone(), viewer::resolve)).layer(SessionLayer::new(&sessions))
}

/// Refuses what other sites make a browser send.
fn with_origin_check(state: &AppState, routes: Router<AppState>) -> Router<AppState> {
    routes.layer(from_fn_with_state(state.clone(), security::check_origin))
}

/// Adds what stands around every route. From the outside in; an answer passes them in the other direction.
fn with_layers(state: &AppState, routes: Router<AppState>) -> Router<AppState> {
    let limit = Duration::from_secs(u64::from(state.config.server.request_timeout));
    let trace = TraceLayer::new_for_http()
        .make_span_with(telemetry::request_span)
        .on_response(DefaultOnResponse::new().level(tracing::Level::DEBUG));
    routes.layer(
        ServiceBuilder::new()
            .map_request(telemetry::vet_request_id)
            .layer(SetRequestIdLayer::x_request_id(telemetry::Names(state.chance.clone())))
            .layer(trace)
            .layer(PropagateRequestIdLayer::x_request_id())
            .layer(from_fn_with_state(state.clone(), client::identify))
            .layer(CatchPanicLayer::custom(error::panicked))
            .layer(from_fn_with_state(limit, bound))
            .layer(DefaultBodyLimit::max(MAX_BODY)),
    )
}

/// Gives up on what takes too long, with an answer in the shape that the caller reads.
async fn bound(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/v1");
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) if is_api => api::timed_out(),
        Err(_) => error::timed_out(),
    }
}

/// What needs to know who asks: the console's pages, their functions, and its socket.
fn console(state: &AppState) -> Router<AppState> {
    compressed(pages::router(state)).merge(live::console_router(state.console.clone()))
}

/// Makes answers smaller that are rendered anew for each request. Quickly: what it saves on the way it must not cost here.
fn compressed(routes: Router<AppState>) -> Router<AppState> {
    routes.layer(CompressionLayer::new().quality(CompressionLevel::Precise(BROTLI_QUALITY)))
}

/// What is the same for everybody and only read: the status pages and the site's files. Neither session nor origin is looked
/// at: each layer would cost every visitor.
fn read_only(public: Public) -> Router<AppState> {
    assets::router().merge(public::router(public))
}

/// For paths that name nothing. Whoever reads pages came for a status page; programs and forms are told in short.
async fn not_found(public: Public, request: Request) -> Response {
    let is_read = request.method().is_safe();
    let path = request.uri().path();
    if !is_read || PROGRAMS.iter().any(|place| path.starts_with(place)) {
        return error::not_found();
    }
    public.not_found(path, request.headers()).await
}

/// What machines ask.
fn operation() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/health", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
}

#[cfg(test)]
mod tests;

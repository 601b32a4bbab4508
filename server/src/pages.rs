//! Mounts the console: its pages, their functions, and what both are given.
//!
//! Pages and functions get the same context from one closure: a function that is called by a page on the server, and one that
//! is called by a browser, see the same request.

use app::context::{Flashes, Request as PageRequest};
use app::flash::Flash;
use app::{PageAssets, shell};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodFilter, get, on, post};
use axum::{Extension, Router};
use domain::person::Viewer;
use engine::services::session::SessionIntent;
use leptos::nonce::Nonce;
use leptos::prelude::{provide_context, use_context};
use tower_sessions::Session;

use crate::client::Client;
use crate::flash::{self, Strangers};
use crate::router::AppState;
use crate::{assets, error, journal, known, logo, plainly, security, slack};

/// Bytes of chance in a nonce.
const NONCE_BYTES: usize = 16;

/// What one request gives to its page, by way of its extensions.
#[derive(Clone)]
struct Given {
    request: PageRequest,
    flashes: Flashes,
    nonce: Nonce,
}

/// The console's pages and functions. The layers that say who asks stand around it.
pub(crate) fn router(state: &AppState) -> Router<AppState> {
    // leptos spawns on the runtime that it is told of; a second router of a test changes nothing.
    let _ = any_spawner::Executor::init_tokio();
    let assets = page_assets();
    let context = move || give(&assets);
    let page = leptos_axum::render_app_async_with_context(context.clone(), shell);
    let pages = ["/console", "/console/{*path}", "/login", "/setup", "/confirm/{token}"]
        .into_iter()
        .fold(Router::new(), |router, path| router.route(path, get(page.clone())))
        .route("/console/page/logo", post(logo::upload))
        .route("/console/slack/add", post(slack::add))
        .layer(from_fn_with_state(state.clone(), gate));
    functions(pages, context)
        .layer(from_fn_with_state((state.clone(), Strangers::new()), surround))
        .layer(from_fn(journal::note))
}

/// One route a function: no path is left to guess, and a table of all routes can be made.
fn functions(
    router: Router<AppState>,
    context: impl Fn() + Clone + Send + Sync + 'static,
) -> Router<AppState> {
    leptos::server_fn::axum::server_fn_paths().fold(router, |router, (path, method)| {
        let context = context.clone();
        let call =
            move |request: Request| leptos_axum::handle_server_fns_with_context(context.clone(), request);
        let method = if method == Method::GET { MethodFilter::GET } else { MethodFilter::POST };
        router.route(path, on(method, call))
    })
}

/// Puts what the request was given into the context of the page or the function.
fn give(assets: &PageAssets) {
    provide_context(assets.clone());
    let Some(given) = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Given>().cloned())
    else {
        return;
    };
    provide_context(given.request);
    provide_context(given.flashes);
    // After leptos has made its own, which stands in no header.
    provide_context(given.nonce);
}

/// Gathers what the page needs, keeps what it leaves for the next one, and says what it may load.
async fn surround(
    State((state, strangers)): State<(AppState, Strangers)>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    let extensions = request.extensions();
    let (Some(viewer), Some(intent)) = (extensions.get::<Viewer>(), extensions.get::<SessionIntent>()) else {
        return error::internal("a page without a viewer").into_response();
    };
    let client = extensions.get::<Client>();
    let origin = client.and_then(|client| client.origin(request.headers()));
    let mark = known::mark_of(request.headers(), client.is_some_and(|client| client.https));
    let refusal = client.and_then(|client| plainly::refusal(client, request.headers(), &state.config));
    let loses_session = refusal.is_some();
    let told_plainly = client.and_then(|client| plainly::flash(&request, client, &state.config));
    let client = client.map(Client::key).unwrap_or_default();
    let page = PageRequest {
        services: state.services.clone(),
        viewer: viewer.clone(),
        session: intent.clone(),
        client: client.clone(),
        mark,
        slack: state.config.slack.client_id.is_some(),
        origin,
        refusal,
    };
    let viewer = viewer.clone();
    let is_page = request.method() == Method::GET && !request.uri().path().starts_with("/api/");
    let kept = if is_page { flash::take(&session).await } else { Ok(None) };
    let headers = request.headers().clone();
    let kept = match kept {
        Ok(kept) => kept,
        Err(error) => return error::failed(&error.into(), &headers),
    };
    let flashes = Flashes::new(kept.or(told_plainly));
    let nonce = hex(&state.chance.bytes::<NONCE_BYTES>());
    request.extensions_mut().insert(Given {
        request: page,
        flashes: flashes.clone(),
        nonce: Nonce::from_value(nonce.clone()),
    });
    let mut response = next.run(request).await;
    let left = flashes.take_left();
    if left.as_ref().is_some_and(|left| left.error.is_some()) {
        response.extensions_mut().insert(journal::Refused);
    }
    if loses_session && let Some(left) = &left {
        plainly::sign(&mut response, left);
    }
    // Nor would it come back with the session in which this is kept.
    let left = left.filter(|_| !loses_session);
    let left = left.and_then(|left| strangers.judge(left, &viewer, &client, state.clock.now()));
    if let Some(left) = left
        && let Err(error) = flash::put(&session, left).await
    {
        return error::failed(&error.into(), &headers);
    }
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response = error::come_back(response);
    }
    let headers = response.headers_mut();
    if let Ok(policy) =
        HeaderValue::from_str(&security::console_policy(&nonce, state.config.slack.origin().as_deref()))
    {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    // What the console shows is for one person, and old as soon as it is sent.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Sends whoever may not see a page to where they may go on.
async fn gate(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let is_set_up = match state.services.is_set_up().await {
        Ok(is_set_up) => is_set_up,
        Err(error) => return error::failed(&error.into(), request.headers()),
    };
    let may_operate = request.extensions().get::<Viewer>().is_some_and(Viewer::may_operate);
    let query = request.uri().query().unwrap_or_default();
    let is_step = query.split('&').any(|pair| pair.starts_with("step="));
    let way = way(request.uri().path(), is_step, is_set_up, may_operate);
    match way {
        Way::Open => next.run(request).await,
        Way::SetUp => Redirect::to("/setup").into_response(),
        Way::Console => Redirect::to("/console").into_response(),
        Way::LogIn => Redirect::to(&log_in_first(&request)).into_response(),
    }
}

/// Where somebody may go.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// To the page that was asked for.
    Open,
    /// To the set-up: nobody has an account.
    SetUp,
    /// To the console: what was asked for is behind them.
    Console,
    /// To the log-in.
    LogIn,
}

fn way(path: &str, is_step: bool, is_set_up: bool, may_operate: bool) -> Way {
    match (path, is_set_up, may_operate) {
        ("/setup", false, _) if !is_step => Way::Open,
        (_, false, _) => Way::SetUp,
        ("/setup", true, true) if is_step => Way::Open,
        ("/setup" | "/login", true, true) => Way::Console,
        // Whoever has the mail may open it where nobody is logged in.
        (path, true, _) if path.starts_with("/confirm/") => Way::Open,
        ("/login", true, false) | (_, true, true) => Way::Open,
        (_, true, false) => Way::LogIn,
    }
}

fn log_in_first(request: &Request) -> String {
    // A form that was sent by somebody whose session ended has no page to come back to.
    let wanted = match *request.method() {
        Method::GET => request.uri().path_and_query().map_or("/console", |path| path.as_str()),
        _ => "/console",
    };
    app::components::failure::login_path(wanted)
}

fn page_assets() -> PageAssets {
    PageAssets {
        styles: assets::url("/pkg/pharos.css"),
        script: assets::url("/pkg/pharos.js"),
        wasm: assets::url("/pkg/pharos.wasm"),
        // As the styles name it: another URL would be another download.
        font: "/fonts/geist-latin.woff2".to_owned(),
        icon: assets::url("/favicon.svg"),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// For handlers beside the pages that take a form without scripts: back to a page, which shows the flash.
pub(crate) async fn back_with(session: &Session, path: &'static str, flash: Flash) -> Response {
    let refused = flash.error.is_some().then_some(Extension(journal::Refused));
    match flash::keep(session, flash).await {
        Ok(()) => (StatusCode::SEE_OTHER, refused, [(header::LOCATION, path)]).into_response(),
        Err(error) => error::failed(&error.into(), &HeaderMap::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_the_set_up_everything_leads_to_it() {
        for path in ["/console", "/console/monitors", "/login"] {
            assert_eq!(way(path, false, false, false), Way::SetUp, "{path}");
        }
        assert_eq!(way("/setup", false, false, false), Way::Open);
        assert_eq!(way("/setup", true, false, false), Way::SetUp);
    }

    #[test]
    fn a_stranger_logs_in_first_and_comes_back() {
        assert_eq!(way("/console/monitors", false, true, false), Way::LogIn);
        assert_eq!(way("/setup", true, true, false), Way::LogIn);
        assert_eq!(way("/login", false, true, false), Way::Open);
        let request =
            Request::get("/console/monitors?q=a&state=down").body(axum::body::Body::empty()).unwrap();
        assert_eq!(log_in_first(&request), "/login?next=/console/monitors%3Fq=a%26state=down");
    }

    #[test]
    fn whoever_is_in_is_not_asked_again() {
        assert_eq!(way("/login", false, true, true), Way::Console);
        assert_eq!(way("/setup", false, true, true), Way::Console);
        assert_eq!(way("/setup", true, true, true), Way::Open);
        assert_eq!(way("/console", false, true, true), Way::Open);
        assert_eq!(way("/confirm/abc", false, true, true), Way::Open);
        assert_eq!(way("/confirm/abc", false, true, false), Way::Open);
        assert_eq!(way("/confirm/abc", false, false, false), Way::SetUp);
    }
}

//! On whose behalf a request is made: resolves the session's account, and carries out what a page's function wants to happen
//! to the session.
//!
//! After `resolve` the request's extensions hold a [`Viewer`] and a [`SessionIntent`]; handlers take them with
//! `Extension<Viewer>`, pages out of the parts of the request.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{Redirect, Response};
use domain::id::AccountKey;
use domain::person::{Account, Viewer};
use domain::time::HOUR;
use engine::services::Services;
use engine::services::session::{SessionChange, SessionIntent};
use tower_sessions::{Session, SessionStore as _};

use crate::error;
use crate::known::Known;
use crate::router::AppState;
use crate::session::{ACCOUNT, PLAIN_COOKIE, SECURE_COOKIE, Sessions};

/// Under which name the session holds when its end was last moved.
const SEEN: &str = "seen";
/// How often the end of a session moves while it is used, in milliseconds: each time costs a write.
const RENEW_EVERY: i64 = HOUR;

/// The viewer of a handler that only operators may call; anybody else is sent to log in.
#[derive(Clone, Debug)]
pub struct Operator(pub Viewer);

impl<S: Sync> FromRequestParts<S> for Operator {
    type Rejection = Redirect;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Redirect> {
        match parts.extensions.get::<Viewer>() {
            Some(viewer) if viewer.may_operate() => Ok(Self(viewer.clone())),
            _ => Err(Redirect::to("/login")),
        }
    }
}

/// Adds the [`Viewer`] and a [`SessionIntent`] to the request, and carries the intent out before the answer leaves.
pub(crate) async fn resolve(
    State(state): State<AppState>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    let viewer = match viewer_of(&state, &session).await {
        Ok(viewer) => viewer,
        Err(error) => return error::failed(&error, request.headers()),
    };
    let intent = SessionIntent::default();
    request.extensions_mut().insert(viewer);
    request.extensions_mut().insert(intent.clone());
    let headers = request.headers().clone();
    let mut response = next.run(request).await;
    match intent.take() {
        None => response,
        Some(change) => match carry_out(&state, &session, change).await {
            Ok(mark) => {
                if let Some(mark) = mark {
                    response.extensions_mut().insert(mark);
                }
                response
            }
            Err(error) => error::failed(&error, &headers),
        },
    }
}

async fn viewer_of(state: &AppState, session: &Session) -> anyhow::Result<Viewer> {
    // Without a cookie there is nothing to ask the database.
    if session.id().is_none() {
        return Ok(Viewer::Anonymous);
    }
    let Some(key) = session.get::<i64>(ACCOUNT).await? else { return Ok(Viewer::Anonymous) };
    let Some(account) = state.services.account(AccountKey(key)).await? else {
        session.flush().await?;
        return Ok(Viewer::Anonymous);
    };
    let now = state.services.now();
    if now.0 - session.get::<i64>(SEEN).await?.unwrap_or(0) >= RENEW_EVERY {
        session.insert(SEEN, now.0).await?;
    }
    Ok(Viewer::Person(account))
}

/// Who sends these cookies, as of now: for sockets, which outlive the request that opened them. When the database does not
/// answer, nobody is let in.
pub(crate) async fn of_cookies(sessions: &Sessions, services: &Services, headers: &HeaderMap) -> Viewer {
    match account_of(sessions, services, headers).await {
        Ok(Some(account)) => Viewer::Person(account),
        Ok(None) => Viewer::Anonymous,
        Err(error) => {
            tracing::error!(%error, "the session of a socket could not be read");
            Viewer::Anonymous
        }
    }
}

async fn account_of(
    sessions: &Sessions,
    services: &Services,
    headers: &HeaderMap,
) -> anyhow::Result<Option<Account>> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let ids = pairs.filter(|(name, _)| [SECURE_COOKIE, PLAIN_COOKIE].contains(name));
    for id in ids.filter_map(|(_, value)| value.parse().ok()) {
        let Some(record) = sessions.load(&id).await? else { continue };
        let Some(key) = record.data.get(ACCOUNT).and_then(serde_json::Value::as_i64) else { continue };
        return Ok(services.account(AccountKey(key)).await?);
    }
    Ok(None)
}

/// Changes the session. Says by what the browser of whoever logged in is known next time.
async fn carry_out(
    state: &AppState,
    session: &Session,
    change: SessionChange,
) -> anyhow::Result<Option<Known>> {
    let mark = match change {
        SessionChange::Begin(account) => {
            // A new id, so that an id that somebody planted before is worth nothing after.
            session.cycle_id().await?;
            session.insert(ACCOUNT, account.0).await?;
            session.insert(SEEN, state.services.now().0).await?;
            // That there is none is no reason to keep anybody out.
            state.services.mark_browser(account).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "a browser could not be marked as known");
                None
            })
        }
        SessionChange::End => {
            session.flush().await?;
            None
        }
    };
    // Sockets that another tab left open close at once.
    state.console.recheck();
    Ok(mark.map(Known))
}

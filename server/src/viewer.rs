//! On whose behalf a request is made: resolves the session's account, and carries out what a page's function wants to happen
//! to the session.
//!
//! After [`resolve`] the request's extensions hold a [`Viewer`] and a [`SessionIntent`]; handlers take them with
//! `Extension<Viewer>`, pages out of the parts of the request.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use domain::id::AccountKey;
use domain::person::Viewer;
use domain::time::HOUR;
use engine::services::session::{SessionChange, SessionIntent};
use tower_sessions::Session;

use crate::error;
use crate::router::AppState;
use crate::session::ACCOUNT;

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
        Err(error) => return error::internal(error),
    };
    let intent = SessionIntent::default();
    request.extensions_mut().insert(viewer);
    request.extensions_mut().insert(intent.clone());
    let response = next.run(request).await;
    match intent.take() {
        None => response,
        Some(change) => match carry_out(&state, &session, change).await {
            Ok(()) => response,
            Err(error) => error::internal(error).into_response(),
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

async fn carry_out(state: &AppState, session: &Session, change: SessionChange) -> anyhow::Result<()> {
    match change {
        SessionChange::Begin(account) => {
            // A new id, so that an id that somebody planted before is worth nothing after.
            session.cycle_id().await?;
            session.insert(ACCOUNT, account.0).await?;
            session.insert(SEEN, state.services.now().0).await?;
        }
        SessionChange::End => session.flush().await?,
    }
    Ok(())
}

//! Calls from outside that carry their own secret, or none: no session, no check of the origin.

mod beginning;
mod push;
mod slack;
mod telex;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};

use crate::router::AppState;

/// The routes of calls from outside.
pub(crate) fn router() -> Router<AppState> {
    heartbeats().merge(integrations()).merge(slack())
}

/// Heartbeats: our own form, the one of Uptime Kuma beside it, and the one of Healthchecks, so that moving a job here is a change
/// of the host name.
fn heartbeats() -> Router<AppState> {
    Router::new()
        .route("/api/push/{token}", any(push::kuma))
        .route("/api/push/{token}/", any(push::kuma))
        .route("/api/push/{token}/{signal}", any(push::signal))
        .route("/ping/{token}", any(push::ping))
        .route("/ping/{token}/", any(push::ping))
        .route("/ping/{token}/{signal}", any(push::ping_signal))
        .route("/ping/{token}/{signal}/", any(push::ping_signal))
        .route("/ping/{token}/{signal}/{of_slug}", any(push::ping_slug))
}

/// What other services find at the root of our host, because they look there.
fn integrations() -> Router<AppState> {
    Router::new()
        .route("/integration.json", get(telex::description).options(telex::preflight))
        .route("/tick", post(telex::tick).options(telex::preflight))
        .layer(DefaultBodyLimit::max(telex::MAX_BODY))
}

/// What Slack calls: the browser of whoever allowed our app comes back, and buttons are pressed.
fn slack() -> Router<AppState> {
    Router::new()
        .route("/auth/slack/callback", get(slack::callback))
        .route("/hooks/slack/actions", post(slack::actions))
        .layer(DefaultBodyLimit::max(slack::MAX_BODY))
}

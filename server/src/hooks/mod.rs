//! Calls from outside that carry their own secret: no session, no check of the origin.

mod push;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::any;

use crate::router::AppState;

/// The longest body of a heartbeat that is taken, in bytes; only the first kilobyte is kept.
const MAX_BODY: usize = 100_000;

/// The routes of heartbeats: our own form, the one of Uptime Kuma beside it, and the one of Healthchecks, so that moving a job
/// here is a change of the host name.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/push/{token}", any(push::kuma))
        .route("/api/push/{token}/{signal}", any(push::signal))
        .route("/ping/{token}", any(push::ping))
        .route("/ping/{token}/{signal}", any(push::ping_signal))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

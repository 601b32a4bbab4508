//! Sockets: what happens reaches open pages within moments.
//!
//! The public side renders each change once for everybody ([`hub`], [`face`]) and offers it by WebSocket, by Server-Sent
//! Events and by polling ([`public`]), and as typed JSON for programs ([`json`]). The console follows typed frames ([`console`]).

pub mod console;
pub mod face;
pub mod hub;
pub mod json;
pub mod public;
pub mod refresh;
mod samples;
mod seat;
mod socket;
pub mod tree;
pub mod wire;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use engine::services::ServiceError;

pub use console::Console;
pub use hub::Hub;

use crate::error;

/// The streams of the public pages. Mount it behind the check of the origin; no session is looked at.
pub fn router<S: Clone + Send + Sync + 'static>(hub: Hub) -> Router<S> {
    Router::new()
        .route("/live/{slug}", get(public::socket).connect(public::socket))
        .route("/live/{slug}/events", get(public::events))
        .route("/live/{slug}/parts", get(public::parts))
        .route("/live/{slug}/json", get(json::socket).connect(json::socket))
        .with_state(hub)
}

/// The console's stream. Mount it behind the check of the origin and the layer that adds the `Viewer`.
pub fn console_router<S: Clone + Send + Sync + 'static>(console: Console) -> Router<S> {
    Router::new().route("/api/live", get(console::socket).connect(console::socket)).with_state(console)
}

/// "Too many listen already."
fn full() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "60")], "Too many listen already.")
        .into_response()
}

/// Why there is nothing to listen to.
fn refused(why: &ServiceError) -> Response {
    match why {
        ServiceError::NotFound => (StatusCode::NOT_FOUND, "There is no such page.").into_response(),
        ServiceError::Unavailable(_) => {
            tracing::error!(error = %why, "a status page could not be read for a listener");
            error::come_back(StatusCode::SERVICE_UNAVAILABLE.into_response())
        }
        other => {
            tracing::error!(error = %other, "a status page could not be read for a listener");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

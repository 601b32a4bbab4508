//! The public pages: no session, no wasm, the same for everybody but for the theme.

mod cache;
pub mod document;
mod pages;
pub mod style;
mod theme;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};

use crate::live::Hub;
use cache::Cache;

/// What the public pages are made from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Public {
    hub: Hub,
    cache: Arc<Cache>,
}

impl Public {
    /// Pages that `hub` keeps up to date.
    pub fn new(hub: Hub) -> Self {
        Self { hub, cache: Arc::default() }
    }

    /// "Not found", in the frame of the status page that a path belongs to; with neither session nor script.
    pub async fn not_found(&self, path: &str, request: &HeaderMap) -> Response {
        pages::not_found(self, path, request).await
    }
}

/// The public pages: they are only read, so nobody can be made to do anything with them.
pub fn router<S: Clone + Send + Sync + 'static>(public: Public) -> Router<S> {
    Router::new()
        .route("/", get(pages::front))
        .route("/incidents/{id}", get(pages::front_incident))
        .route("/history", get(pages::front_history))
        .route("/history/{month}", get(pages::front_month))
        .route("/status/{slug}", get(pages::status))
        .route("/status/{slug}/incidents/{id}", get(pages::incident))
        .route("/status/{slug}/history", get(pages::history))
        .route("/status/{slug}/history/{month}", get(pages::month))
        .route("/logo/{slug}", get(pages::logo))
        .route("/public.css", get(style::serve))
        .with_state(public)
}

/// What visitors send. Mount it behind the check of the origin.
pub fn choices<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/theme", post(theme::choose))
}

//! The description of the API for programs and for people.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::OpenApi;

/// The first words of the description.
pub(super) const INTRODUCTION: &str =
    "Everything that the console can do with monitors, incidents and integrations.";
/// How programs say who they are.
pub(super) const TOKENS: &str = "A token of the project: `Authorization: Bearer pharos_…`.";

/// `GET /api/openapi.json`.
pub(super) async fn json() -> Json<&'static OpenApi> {
    Json(super::openapi())
}

/// `GET /api/docs`.
pub(super) async fn page() -> Response {
    ([(header::CACHE_CONTROL, "no-cache")], "").into_response()
}

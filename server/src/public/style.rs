//! The style sheet of the public pages, which `build.rs` put together.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;

use super::document::Document;
use crate::assets;

static SHEET: LazyLock<Document> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("OUT_DIR"), "/public.css"));
    Document::of_type("text/css; charset=utf-8", text.to_owned())
});

/// Its link. The build's name changes with every source, so what it names may be kept for ever.
pub fn url() -> String {
    format!("/public.css?v={}", assets::build_id())
}

/// `/public.css`
pub(super) async fn serve(uri: Uri, request: HeaderMap) -> Response {
    let mut response = SHEET.answer(StatusCode::OK, &request);
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if uri.query().and_then(|query| query.strip_prefix("v=")) == Some(assets::build_id()) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(assets::IMMUTABLE));
    }
    response
}

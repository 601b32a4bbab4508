//! The handlers: each finds what is asked for, and leaves the drawing to `app` and the keeping to the caches.

use app::pages::status::{self as draw, Live, Shell, Theme};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::id::IncidentId;
use domain::person::Viewer;
use engine::services::{Result, ServiceError};
use serde::Deserialize;

use super::Public;
use super::document::Document;
use super::theme::theme;
use crate::error::{self, Refusal};

/// What a logo may do when somebody opens it by itself: an SVG is a document too.
const LOGO_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// `/`
pub(super) async fn front(State(public): State<Public>, request: HeaderMap) -> Response {
    status_page(&public, None, &request).await
}

/// `/status/{slug}`
pub(super) async fn status(
    State(public): State<Public>,
    Path(slug): Path<String>,
    request: HeaderMap,
) -> Response {
    status_page(&public, Some(&slug), &request).await
}

/// `/incidents/{id}`
pub(super) async fn front_incident(
    State(public): State<Public>,
    Path(id): Path<String>,
    request: HeaderMap,
) -> Response {
    incident_page(&public, None, &id, &request).await
}

/// `/status/{slug}/incidents/{id}`
pub(super) async fn incident(
    State(public): State<Public>,
    Path((slug, id)): Path<(String, String)>,
    request: HeaderMap,
) -> Response {
    incident_page(&public, Some(&slug), &id, &request).await
}

/// `/history`
pub(super) async fn front_history(State(public): State<Public>, request: HeaderMap) -> Response {
    history_page(&public, None, None, &request).await
}

/// `/history/{month}`
pub(super) async fn front_month(
    State(public): State<Public>,
    Path(month): Path<String>,
    request: HeaderMap,
) -> Response {
    history_page(&public, None, Some(&month), &request).await
}

/// `/status/{slug}/history`
pub(super) async fn history(
    State(public): State<Public>,
    Path(slug): Path<String>,
    request: HeaderMap,
) -> Response {
    history_page(&public, Some(&slug), None, &request).await
}

/// `/status/{slug}/history/{month}`
pub(super) async fn month(
    State(public): State<Public>,
    Path((slug, month)): Path<(String, String)>,
    request: HeaderMap,
) -> Response {
    history_page(&public, Some(&slug), Some(&month), &request).await
}

/// The version of a logo in its address.
#[derive(Debug, Deserialize)]
pub(super) struct LogoQuery {
    v: Option<i64>,
}

/// `/logo/{slug}`: kept for ever under the address with its version.
pub(super) async fn logo(
    State(public): State<Public>,
    Path(slug): Path<String>,
    Query(query): Query<LogoQuery>,
) -> Response {
    match public.hub.services().logo(&Viewer::Anonymous, &slug).await {
        Ok(logo) => {
            let cache = match query.v {
                Some(version) if version == logo.version => "public, max-age=31536000, immutable",
                _ => "no-cache",
            };
            let headers = [
                (header::CONTENT_TYPE, logo.media_type),
                (header::CACHE_CONTROL, cache.to_owned()),
                (header::CONTENT_SECURITY_POLICY, LOGO_POLICY.to_owned()),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
            ];
            (headers, logo.bytes).into_response()
        }
        Err(ServiceError::NotFound) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => Refusal(error).into_response(),
    }
}

/// "Not found" for whoever reads pages, in the frame of the status page that the path belongs to. For the router's fallback.
pub(super) async fn not_found(public: &Public, path: &str, request: &HeaderMap) -> Response {
    let slug = path.strip_prefix("/status/").and_then(|rest| rest.split('/').next());
    missing(public, slug, request).await
}

fn shell<'a>(public: &'a Public, theme: Option<Theme>, live: Option<Live<'a>>) -> Shell<'a> {
    let base_url = public.hub.services().configured_url();
    Shell { assets: public.hub.assets(), theme, live, base_url }
}

async fn status_page(public: &Public, slug: Option<&str>, request: &HeaderMap) -> Response {
    match public.hub.face(slug).await {
        Ok(face) => face.document(theme(request)).await.answer(StatusCode::OK, request),
        // Boxed, like whatever is not done for every visitor: the room for it would be copied for each of them, which costs as much as
        // all the rest.
        Err(error) => Box::pin(failed(public, slug, &error, request)).await,
    }
}

async fn incident_page(public: &Public, slug: Option<&str>, id: &str, request: &HeaderMap) -> Response {
    let theme = theme(request);
    let draw = async {
        let id: IncidentId = id.parse().map_err(|_| ServiceError::NotFound)?;
        // The place is taken before the reading: what happens between is told again rather than missed.
        let place = public.hub.face(slug).await?.place();
        let page = public.hub.services().incident_page(&Viewer::Anonymous, slug, &id).await?;
        let live = Live { build: public.hub.build(), seq: place.number() };
        let live = page.incident.resolved_at.is_none().then_some(live);
        Ok(draw::incident_page(&page, &shell(public, theme, live)))
    };
    let path = format!("{}/incidents/{id}", slug.unwrap_or_default());
    answer(public, (path, theme), slug, request, draw).await
}

async fn history_page(
    public: &Public,
    slug: Option<&str>,
    month: Option<&str>,
    request: &HeaderMap,
) -> Response {
    let theme = theme(request);
    let draw = async {
        let view = public.hub.services().history(&Viewer::Anonymous, slug, month).await?;
        Ok(draw::history_page(&view, &shell(public, theme, None)))
    };
    let path = format!("{}/history/{}", slug.unwrap_or_default(), month.unwrap_or_default());
    answer(public, (path, theme), slug, request, draw).await
}

async fn answer(
    public: &Public,
    key: super::cache::Key,
    slug: Option<&str>,
    request: &HeaderMap,
    draw: impl Future<Output = Result<String>>,
) -> Response {
    let is_away = |error: &ServiceError| matches!(error, ServiceError::Unavailable(_));
    match public.cache.get(key, public.hub.last_event(), draw, is_away).await {
        Ok(document) => document.answer(StatusCode::OK, request),
        Err(error) => failed(public, slug, &error, request).await,
    }
}

async fn failed(public: &Public, slug: Option<&str>, why: &ServiceError, request: &HeaderMap) -> Response {
    if matches!(why, ServiceError::NotFound) {
        return missing(public, slug, request).await;
    }
    tracing::error!(error = %why, "a public page could not be shown");
    let shell = shell(public, theme(request), None);
    let page = Document::new(draw::failure(&shell));
    match why {
        ServiceError::Unavailable(_) => {
            error::come_back(page.answer(StatusCode::SERVICE_UNAVAILABLE, request))
        }
        _ => page.answer(StatusCode::INTERNAL_SERVER_ERROR, request),
    }
}

/// Addresses can be made up faster than pages can be compressed, so this one is kept like the others. Below the address of a
/// page that does not exist it is nobody's.
async fn missing(public: &Public, slug: Option<&str>, request: &HeaderMap) -> Response {
    let theme = theme(request);
    let head = public.hub.face(slug).await.ok().map(|face| face.view().head.clone());
    let draw = async {
        let shell = shell(public, theme, None);
        Ok::<_, std::convert::Infallible>(draw::not_found(head.as_ref(), &shell))
    };
    let of = head.as_ref().map(|head| head.slug.clone()).unwrap_or_default();
    let key = (format!("{of}/404"), theme);
    let Ok(document) = public.cache.get(key, public.hub.last_event(), draw, |never| match *never {}).await;
    document.answer(StatusCode::NOT_FOUND, request)
}

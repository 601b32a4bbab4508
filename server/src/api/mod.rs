//! The REST API under `/api/v1` (contracts.md, section 2): a file per resource, each with its handlers and their description.
//! `/api/openapi.json` is made from those descriptions, `/api/docs` from that.

mod body;
mod caller;
mod definitions;
mod deliveries;
mod docs;
mod error;
mod incidents;
mod integrations;
mod monitors;
mod names;
mod paging;
mod project;
mod subscriptions;

use std::sync::OnceLock;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{any, get};
use engine::rate::Rate;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;

use crate::config;
use crate::router::AppState;
use error::ApiError;
pub(crate) use error::timed_out;

/// The longest body that the API takes, in bytes.
const MAX_BODY: usize = 1 << 20;

/// What the handlers of the API share.
#[derive(Debug)]
pub struct Api {
    /// How often anybody may call; `None` when nobody counts.
    rates: Option<Rates>,
}

/// Two tables, so that strangers cannot fill the one of the programs.
#[derive(Debug)]
struct Rates {
    /// By token.
    programs: Rate,
    /// By client: calls without a token that is one of ours.
    strangers: Rate,
}

impl Api {
    /// What the configuration asks for.
    pub(crate) fn new(config: &config::Api) -> Self {
        let rates = |calls| Rates { programs: Rate::per_minute(calls), strangers: Rate::per_minute(calls) };
        Self { rates: std::num::NonZeroU32::new(config.rate).map(rates) }
    }
}

/// Every route of the API, behind its door, and its description.
pub(crate) fn router(state: &AppState) -> Router<AppState> {
    let (routes, _) = described();
    routes
        .route("/api/v1", any(unknown))
        .route("/api/v1/", any(unknown))
        .route("/api/v1/{*path}", any(unknown))
        .layer(from_fn(crate::journal::note))
        .layer(from_fn_with_state(state.clone(), caller::authenticate))
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(error::panicked))
        .layer(axum::extract::DefaultBodyLimit::max(MAX_BODY))
        .route("/api/openapi.json", get(docs::json))
        .route("/api/docs", get(docs::page))
}

/// The description of the API.
pub fn openapi() -> &'static OpenApi {
    static DESCRIPTION: OnceLock<OpenApi> = OnceLock::new();
    DESCRIPTION.get_or_init(|| described().1)
}

fn described() -> (Router<AppState>, OpenApi) {
    let mut info = utoipa::openapi::Info::new("Pharos", env!("CARGO_PKG_VERSION"));
    info.description = Some(docs::INTRODUCTION.to_owned());
    let mut description = OpenApi::new(info, utoipa::openapi::Paths::new());
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(docs::TOKENS)).build();
    let mut components = utoipa::openapi::Components::new();
    // The one schema that only `Problems` names, which cannot say so itself.
    components.schemas.insert(error::ErrorBody::name().into_owned(), error::ErrorBody::schema());
    components.add_security_scheme("token", SecurityScheme::Http(scheme));
    description.components = Some(components);
    description.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    let (routes, mut described) = OpenApiRouter::with_openapi(description)
        .merge(integrations::router())
        .merge(monitors::router())
        .merge(incidents::router())
        .merge(deliveries::router())
        .merge(subscriptions::router())
        .merge(definitions::router())
        .merge(project::router())
        .split_for_parts();
    names::tell_apart(&mut described);
    (routes, described)
}

async fn unknown(request: Request) -> ApiError {
    let message = format!("There is nothing at {}; /api/docs lists every address.", request.uri().path());
    ApiError::new(axum::http::StatusCode::NOT_FOUND, "not_found", message)
}

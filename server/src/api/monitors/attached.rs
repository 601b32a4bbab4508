//! `/api/v1/network_monitors/…/integrations`: integrations that hear of one monitor directly (contracts.md 2.6, as servers have it).

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json};
use domain::person::Viewer;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::{self, Ask};
use super::super::error::{About as _, ApiError, Problems, Result};
use super::super::integrations;
use super::super::integrations::shape::{self, IntegrationBody};
use super::super::paging::{self, Paging};
use super::{NOUN, named};
use crate::router::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, attach)).routes(routes!(detach))
}

/// The integration to attach.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "read by hand, to say what would be right")]
struct Attachment {
    /// Its id.
    integration_id: String,
}

/// List the integrations of a monitor
///
/// Those that hear of this monitor directly, whatever the alert definitions say.
#[utoipa::path(get, path = "/api/v1/network_monitors/{uuid}/integrations", tag = "network_monitors",
    params(("uuid" = String, Path, description = "The monitor, by id or by number."), Paging),
    responses((status = 200, description = "The integrations.", body = Vec<IntegrationBody>), Problems))]
async fn list(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
    Ask(paging): Ask<Paging>,
) -> Result<Response> {
    let monitor = named(&state, &viewer, &uuid).await?;
    let mut shown = Vec::new();
    for row in state.services.attached(&viewer, &monitor).await.about(NOUN)? {
        shown.push(integration(&state, &viewer, &row.id).await?);
    }
    Ok(paging::bare(shown, paging))
}

/// Attach an integration to a monitor
///
/// 200 instead of 201 says that it was attached already.
#[utoipa::path(post, path = "/api/v1/network_monitors/{uuid}/integrations", tag = "network_monitors",
    params(("uuid" = String, Path, description = "The monitor, by id or by number.")), request_body = Attachment,
    responses((status = 201, description = "It is attached.", body = IntegrationBody),
        (status = 200, description = "It was attached already.", body = IntegrationBody), Problems))]
async fn attach(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<IntegrationBody>)> {
    let monitor = named(&state, &viewer, &uuid).await?;
    let object = body::object(&body, "attachment")?;
    let Some(text) = body::text(&object, "integration_id")? else {
        return Err(ApiError::field("integration_id", "Please say which integration."));
    };
    let id = integrations::id(&text)?;
    let shown = integration(&state, &viewer, &id).await?;
    let new = state.services.attach(&viewer, &monitor, &id).await.about(NOUN)?;
    Ok((if new { StatusCode::CREATED } else { StatusCode::OK }, Json(shown)))
}

/// Detach an integration from a monitor
#[utoipa::path(delete, path = "/api/v1/network_monitors/{uuid}/integrations/{integration_uuid}", tag = "network_monitors",
    params(("uuid" = String, Path, description = "The monitor, by id or by number."),
        ("integration_uuid" = String, Path, description = "The integration.")),
    responses((status = 204, description = "It is not attached any more."), Problems))]
async fn detach(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path((uuid, integration_uuid)): Path<(String, String)>,
) -> Result<StatusCode> {
    let monitor = named(&state, &viewer, &uuid).await?;
    let id = integrations::id(&integration_uuid)?;
    state.services.detach(&viewer, &monitor, &id).await.about(integrations::NOUN)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn integration(
    state: &AppState,
    viewer: &Viewer,
    id: &domain::id::IntegrationId,
) -> Result<IntegrationBody> {
    let (row, settings) = state.services.integration(viewer, id).await.about(integrations::NOUN)?;
    Ok(shape::integration(&row, settings.as_ref(), state.config.api.echo_secrets))
}

//! `/api/v1/network_monitors` (contracts.md 2.3).

mod attached;
mod own_fields;
mod period;
mod shape;
mod target;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use domain::check::CheckKind;
use domain::id::MonitorId;
use domain::monitor_form::KIND;
use domain::person::Viewer;
use engine::services::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{self, Ask};
use super::error::{About as _, ApiError, Problems, Result};
use super::paging::{Meta, Paging};
use crate::router::AppState;
use shape::{MonitorBody, MonitorDetail, MonitorEnvelope};

/// What bodies and codes call it.
const NOUN: &str = "network_monitor";

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, replace, remove))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(renew_heartbeat))
        .merge(attached::router())
}

/// The monitor that a path names, by id or by number.
async fn named(state: &AppState, viewer: &Viewer, name: &str) -> Result<MonitorId> {
    state.services.monitor_named(viewer, name).await.about(NOUN)
}

/// Which monitors are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// The page, from 1 on.
    #[param(default = 1)]
    page: Option<i64>,
    /// Entries on a page, at most 100.
    #[param(default = 25)]
    per_page: Option<i64>,
    /// The order: `status` (those with an incident first, then the others, then those that are paused) or `created_at` (the newest first).
    #[param(default = "status")]
    sort: Option<String>,
    /// A part of the name or of the address, upper and lower case alike.
    search: Option<String>,
}

/// A page of monitors.
#[derive(Debug, Serialize, ToSchema)]
struct MonitorPage {
    /// The monitors.
    data: Vec<MonitorBody>,
    /// Where the page stands.
    meta: Meta,
}

/// List monitors
#[utoipa::path(get, path = "/api/v1/network_monitors", tag = "network_monitors", params(Filter),
    responses((status = 200, description = "The monitors.", body = MonitorPage), Problems))]
async fn list(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Ask(filter): Ask<Filter>,
) -> Result<Json<MonitorPage>> {
    let paging = Paging { page: filter.page, per_page: filter.per_page };
    let sort = match filter.sort.as_deref() {
        None | Some("" | "status") => "status",
        Some("created_at") => "created_at",
        Some(other) => {
            let message = format!("“{other}” is no order; use status or created_at.");
            return Err(ApiError::field("sort", message));
        }
    };
    let search = filter.search.unwrap_or_default();
    let page = state.services.program_monitors(
        &viewer,
        &search,
        sort == "created_at",
        paging.page(),
        paging.per_page(),
    );
    let (list, found) = page.await.about(NOUN)?;
    let data = list.iter().map(shape::monitor).collect();
    Ok(Json(MonitorPage { data, meta: Meta::new(paging, found).sorted(sort) }))
}

/// Create a monitor
///
/// `url` is enough; everything else has a default. It is checked at once.
#[utoipa::path(post, path = "/api/v1/network_monitors", tag = "network_monitors", request_body = MonitorEnvelope,
    responses((status = 201, description = "The new monitor.", body = MonitorDetail), Problems))]
async fn create(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    body: Bytes,
) -> Result<(StatusCode, Json<MonitorDetail>)> {
    let object = body::object(&body, NOUN)?;
    let paused = body::truth(&object, "paused")?;
    let form = shape::form(&object, None).map_err(ApiError::fields)?;
    let added = state.services.add_monitor_paused(&viewer, &form, paused == Some(true)).await;
    let id = added.map_err(|error| refused(&object, error))?;
    Ok((StatusCode::CREATED, shown(&state, &viewer, &id).await?))
}

/// Read a monitor
#[utoipa::path(get, path = "/api/v1/network_monitors/{uuid}", tag = "network_monitors",
    params(("uuid" = String, Path, description = "The monitor, by id or by number.")),
    responses((status = 200, description = "The monitor.", body = MonitorDetail), Problems))]
async fn read(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<Json<MonitorDetail>> {
    let id = named(&state, &viewer, &uuid).await?;
    shown(&state, &viewer, &id).await
}

/// Change a monitor
///
/// What is not sent stays as it is; so does a secret that is sent as it was shown, masked.
#[utoipa::path(patch, path = "/api/v1/network_monitors/{uuid}", tag = "network_monitors",
    params(("uuid" = String, Path, description = "The monitor, by id or by number.")), request_body = MonitorEnvelope,
    responses((status = 200, description = "The monitor.", body = MonitorDetail), Problems))]
async fn change(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
    body: Bytes,
) -> Result<Json<MonitorDetail>> {
    let id = named(&state, &viewer, &uuid).await?;
    let object = body::change(&body, NOUN)?;
    let paused = body::truth(&object, "paused")?;
    let old = state.services.monitor_form(&viewer, Some(&id), CheckKind::Http).await.about(NOUN)?;
    let mut values = old.values;
    values.insert(KIND.to_owned(), old.kind.as_str().to_owned());
    let form = shape::form(&object, Some(values)).map_err(ApiError::fields)?;
    let edited = state.services.edit_monitor_paused(&viewer, &id, old.version, &form, paused).await;
    edited.map_err(|error| refused(&object, error))?;
    shown(&state, &viewer, &id).await
}

/// Change a monitor
///
/// The same as `PATCH`.
#[utoipa::path(put, path = "/api/v1/network_monitors/{uuid}", tag = "network_monitors",
    params(("uuid" = String, Path, description = "The monitor, by id or by number.")), request_body = MonitorEnvelope,
    responses((status = 200, description = "The monitor.", body = MonitorDetail), Problems))]
async fn replace(
    state: State<AppState>,
    viewer: Extension<Viewer>,
    uuid: Path<String>,
    body: Bytes,
) -> Result<Json<MonitorDetail>> {
    change(state, viewer, uuid, body).await
}

/// Delete a monitor
///
/// Its incidents stay on the status page.
#[utoipa::path(delete, path = "/api/v1/network_monitors/{uuid}", tag = "network_monitors",
    params(("uuid" = String, Path, description = "The monitor, by id or by number.")),
    responses((status = 204, description = "It is gone."), Problems))]
async fn remove(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<StatusCode> {
    let id = named(&state, &viewer, &uuid).await?;
    state.services.delete_monitor(&viewer, &id).await.about(NOUN)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pause a monitor
///
/// It is not checked any more; an incident that goes on ends.
#[utoipa::path(post, path = "/api/v1/network_monitors/{uuid}/pause", tag = "network_monitors",
    params(("uuid" = String, Path, description = "The monitor, by id or by number.")),
    responses((status = 200, description = "The monitor.", body = MonitorDetail), Problems))]
async fn pause(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<Json<MonitorDetail>> {
    let id = named(&state, &viewer, &uuid).await?;
    state.services.pause_monitor(&viewer, &id).await.about(NOUN)?;
    shown(&state, &viewer, &id).await
}

/// Resume a monitor
#[utoipa::path(post, path = "/api/v1/network_monitors/{uuid}/resume", tag = "network_monitors",
    params(("uuid" = String, Path, description = "The monitor, by id or by number.")),
    responses((status = 200, description = "The monitor.", body = MonitorDetail), Problems))]
async fn resume(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<Json<MonitorDetail>> {
    let id = named(&state, &viewer, &uuid).await?;
    state.services.resume_monitor(&viewer, &id).await.about(NOUN)?;
    shown(&state, &viewer, &id).await
}

/// Renew the address of a heartbeat
///
/// `heartbeat_path` becomes another one, and nobody may report to the old one any more. What is known of the job stays. A monitor that is
/// no heartbeat gets 409.
#[utoipa::path(post, path = "/api/v1/network_monitors/{uuid}/renew_heartbeat", tag = "network_monitors",
    params(("uuid" = String, Path, description = "The monitor, by id or by number.")),
    responses((status = 200, description = "The monitor, with its new address.", body = MonitorDetail), Problems))]
async fn renew_heartbeat(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<Json<MonitorDetail>> {
    let id = named(&state, &viewer, &uuid).await?;
    state.services.renew_heartbeat(&viewer, &id).await.about(NOUN)?;
    shown(&state, &viewer, &id).await
}

async fn shown(state: &AppState, viewer: &Viewer, id: &MonitorId) -> Result<Json<MonitorDetail>> {
    Ok(Json(shape::detail(&state.services.program_monitor(viewer, id).await.about(NOUN)?)))
}

/// What a service answered, with the names of fields that programs know.
fn refused(object: &Map<String, Value>, error: ServiceError) -> ApiError {
    match error {
        ServiceError::Invalid(errors) => ApiError::fields(shape::renamed(object, errors)),
        other => ApiError::of(NOUN, other),
    }
}

//! `/api/v1/alert_definitions`: who hears of outages, when, and how often.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json};
use domain::alert::{DefinitionDraft, Level};
use domain::id::DefinitionId;
use domain::person::Viewer;
use domain::views::console::DefinitionView;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{self, Ask};
use super::error::{About as _, ApiError, Problems, Result};
use super::paging::{self, Paging};
use crate::router::AppState;

const NOUN: &str = "alert_definition";
/// The most monitors that a definition may name.
const MAX_MONITORS: usize = 10_000;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, change, replace, remove))
}

/// When a level is reached: `{"when": "errors", "count": 3}` or `{"when": "minutes", "minutes": 10}`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct ConditionBody {
    /// `errors` or `minutes`.
    when: String,
    /// With `errors`: after so many in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    count: Option<u32>,
    /// With `minutes`: when errors have gone on for so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    minutes: Option<u32>,
}

/// An integration on a level.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct TargetBody {
    /// Which.
    integration: String,
    /// Whether it hears that the outage is over.
    #[schema(nullable = false, default = true)]
    ok: Option<bool>,
    /// Whether it is reminded.
    #[schema(nullable = false, default = true)]
    reminders: Option<bool>,
    /// Values of the variables that the integration wants given by the level, by name. Secrets are answered as `********`, which, sent
    /// back, keeps the value of the level at the same place.
    #[schema(nullable = false)]
    variables: Option<BTreeMap<String, String>>,
}

/// A level of escalation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct LevelBody {
    /// Whether it is used.
    #[schema(nullable = false, default = true)]
    active: Option<bool>,
    /// When it is reached.
    condition: ConditionBody,
    /// How many reminders it sends.
    #[schema(nullable = false, default = 0)]
    reminders: Option<u32>,
    /// Minutes between two of them.
    #[schema(nullable = false, default = 30)]
    reminder_minutes: Option<u32>,
    /// Words for whoever is told.
    #[schema(nullable = false)]
    message: Option<String>,
    /// Who is told.
    targets: Vec<TargetBody>,
}

/// An alert definition.
#[derive(Debug, Serialize, ToSchema)]
struct DefinitionBody {
    /// Its id.
    uuid: String,
    /// What it is called.
    name: String,
    /// Whether it is for every monitor that no other definition names.
    is_default: bool,
    /// Whether it is used.
    active: bool,
    /// Grows with each change. Sent back with a change, it has that refused when somebody else made one meanwhile.
    version: i64,
    /// The monitors that it is for.
    monitors: Vec<String>,
    /// The levels, in order.
    #[schema(value_type = Vec<LevelBody>)]
    levels: Vec<Level>,
}

impl From<DefinitionView> for DefinitionBody {
    fn from(view: DefinitionView) -> Self {
        Self {
            uuid: view.id.to_string(),
            name: view.draft.name,
            is_default: view.is_default,
            active: view.draft.active,
            version: view.version,
            monitors: view.draft.monitors.into_iter().map(String::from).collect(),
            levels: view.draft.levels,
        }
    }
}

/// What is said about an alert definition.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes domain::alert::DefinitionDraft")]
#[schema(as = DefinitionDraft)]
struct Draft {
    /// What it is called.
    name: String,
    /// Whether it is used.
    #[schema(nullable = false, default = true)]
    active: Option<bool>,
    /// The monitors that it is for.
    monitors: Vec<String>,
    /// The levels, in order; at most 5.
    levels: Vec<LevelBody>,
}

/// The body that adds an alert definition.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the body around the draft")]
struct NewDefinition {
    /// The definition.
    alert_definition: Draft,
}

/// The body that changes an alert definition: any of the fields of a new one.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the body around the draft")]
struct ChangedDefinition {
    /// What changes; its fields may also stand in the body itself.
    #[schema(value_type = Object, required = false)]
    alert_definition: Option<Map<String, Value>>,
}

/// List alert definitions
///
/// The default one first, as a bare array.
#[utoipa::path(get, path = "/api/v1/alert_definitions", tag = "alert_definitions", params(Paging),
    responses((status = 200, description = "The definitions.", body = Vec<DefinitionBody>), Problems))]
async fn list(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Ask(paging): Ask<Paging>,
) -> Result<Response> {
    let all = state.services.definitions(&viewer).await.about(NOUN)?;
    Ok(paging::bare(all.into_iter().map(DefinitionBody::from).collect(), paging))
}

/// Create an alert definition
///
/// It is for the monitors that it names; what no definition names is for the default one.
#[utoipa::path(post, path = "/api/v1/alert_definitions", tag = "alert_definitions", request_body = NewDefinition,
    responses((status = 201, description = "The new definition.", body = DefinitionBody), Problems))]
async fn create(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    body: Bytes,
) -> Result<(StatusCode, Json<DefinitionBody>)> {
    let draft = draft(body::object(&body, NOUN)?)?;
    let id = state.services.save_definition(&viewer, None, &draft).await.about(NOUN)?;
    Ok((StatusCode::CREATED, shown(&state, &viewer, &id).await?))
}

/// Read an alert definition
#[utoipa::path(get, path = "/api/v1/alert_definitions/{uuid}", tag = "alert_definitions",
    params(("uuid" = String, Path, description = "The definition.")),
    responses((status = 200, description = "The definition.", body = DefinitionBody), Problems))]
async fn read(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<Json<DefinitionBody>> {
    shown(&state, &viewer, &id(&uuid)?).await
}

/// Change an alert definition
///
/// What is not sent stays as it is; levels are sent as a whole.
#[utoipa::path(patch, path = "/api/v1/alert_definitions/{uuid}", tag = "alert_definitions",
    params(("uuid" = String, Path, description = "The definition.")), request_body = ChangedDefinition,
    responses((status = 200, description = "The definition.", body = DefinitionBody), Problems))]
async fn change(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
    body: Bytes,
) -> Result<Json<DefinitionBody>> {
    let id = id(&uuid)?;
    let Json(old) = shown(&state, &viewer, &id).await?;
    let Ok(Value::Object(mut merged)) = serde_json::to_value(&old) else {
        return Err(ApiError::not_found(NOUN));
    };
    merged.extend(body::change(&body, NOUN)?);
    // Of the definition as it was just read, unless the program names an earlier one.
    let version = merged.remove("version").and_then(|version| version.as_i64()).ok_or_else(|| {
        ApiError::field("version", "Please send the number that the definition was read with.")
    })?;
    let edited = Some((&id, version));
    let id = state.services.save_definition(&viewer, edited, &draft(merged)?).await.about(NOUN)?;
    shown(&state, &viewer, &id).await
}

/// Change an alert definition
///
/// The same as `PATCH`.
#[utoipa::path(put, path = "/api/v1/alert_definitions/{uuid}", tag = "alert_definitions",
    params(("uuid" = String, Path, description = "The definition.")), request_body = ChangedDefinition,
    responses((status = 200, description = "The definition.", body = DefinitionBody), Problems))]
async fn replace(
    state: State<AppState>,
    viewer: Extension<Viewer>,
    uuid: Path<String>,
    body: Bytes,
) -> Result<Json<DefinitionBody>> {
    change(state, viewer, uuid, body).await
}

/// Delete an alert definition
///
/// Its monitors go back to the default one, which stays.
#[utoipa::path(delete, path = "/api/v1/alert_definitions/{uuid}", tag = "alert_definitions",
    params(("uuid" = String, Path, description = "The definition.")),
    responses((status = 204, description = "It is gone."), Problems))]
async fn remove(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<StatusCode> {
    state.services.delete_definition(&viewer, &id(&uuid)?).await.about(NOUN)?;
    Ok(StatusCode::NO_CONTENT)
}

fn id(text: &str) -> Result<DefinitionId> {
    text.parse().map_err(|_| ApiError::not_found(NOUN))
}

fn draft(object: Map<String, Value>) -> Result<DefinitionDraft> {
    let draft: DefinitionDraft = body::typed(object)?;
    if draft.monitors.len() > MAX_MONITORS {
        return Err(ApiError::field("monitors", format!("Please name at most {MAX_MONITORS} monitors.")));
    }
    Ok(draft)
}

async fn shown(state: &AppState, viewer: &Viewer, id: &DefinitionId) -> Result<Json<DefinitionBody>> {
    let form = state.services.definition_form(viewer, Some(id), usize::MAX).await.about(NOUN)?;
    form.definition.map(|view| Json(view.into())).ok_or_else(|| ApiError::not_found(NOUN))
}

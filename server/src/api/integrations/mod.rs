//! `/api/v1/integrations` (seed 001; contracts.md 2.5).

pub(super) mod shape;
mod slack;
mod sms;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json};
use domain::alert::AlertKind;
use domain::form::Form;
use domain::id::IntegrationId;
use domain::integration::{IntegrationSettings, ProviderKind};
use domain::person::Viewer;
use domain::views::console::DeliveryQuery;
use engine::services::ServiceError;
use engine::services::telling::Changes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{self, Ask};
use super::deliveries::{DeliveryPage, page_of};
use super::error::{About as _, ApiError, Problems, Result};
use super::paging::{self, Paging};
use crate::router::AppState;
use shape::{ChangedIntegration, IntegrationBody, IntegrationDetail, NewIntegration};

/// What codes call it.
pub(super) const NOUN: &str = "integration";

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, replace, remove))
        .routes(routes!(test))
        .routes(routes!(deliveries))
        .merge(sms::router())
        .merge(slack::router())
}

/// The integration of an id in a path.
pub(super) fn id(text: &str) -> Result<IntegrationId> {
    text.parse().map_err(|_| ApiError::not_found(NOUN))
}

/// List integrations
///
/// All of them by name, as a bare array; the header `X-Total-Count` says how many there are. With `page` or `per_page`, a part of them.
#[utoipa::path(get, path = "/api/v1/integrations", tag = "integrations", params(Paging),
    responses((status = 200, description = "The integrations.", body = Vec<IntegrationBody>), Problems))]
async fn list(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Ask(paging): Ask<Paging>,
) -> Result<Response> {
    let all = state.services.program_integrations(&viewer).await.about(NOUN)?;
    let echo = state.config.api.echo_secrets;
    let shown: Vec<_> =
        all.iter().map(|(row, settings)| shape::integration(row, settings.as_ref(), echo)).collect();
    Ok(paging::bare(shown, paging))
}

/// Create an integration
///
/// `settings` are the fields of the type; `/api/v1/providers` lists them. An SMS integration needs the code that
/// `/api/v1/integrations/sms/send_verification_code` sent; a Slack integration is made by `/api/v1/integrations/slack/initiate`.
#[utoipa::path(post, path = "/api/v1/integrations", tag = "integrations", request_body = NewIntegration,
    responses((status = 201, description = "The new integration.", body = IntegrationBody), Problems))]
async fn create(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    body: Bytes,
) -> Result<(StatusCode, Json<IntegrationBody>)> {
    let object = body::object(&body, NOUN)?;
    let name = body::text(&object, "type")?;
    let kind =
        name.as_deref().and_then(shape::kind_of).ok_or_else(|| shape::unknown_type(name.as_deref()))?;
    let settings = settings(&object)?;
    let mut form = Form::new();
    let mut errors = shape::shared_of(&object, &mut form);
    errors.extend(shape::form_of(kind, &settings, &mut form));
    if let Some(in_default) = body::truth(&object, "in_default")? {
        form.insert("in_default".to_owned(), in_default.to_string());
    }
    if !errors.is_empty() {
        return Err(ApiError::fields(shape::renamed(kind, errors)));
    }
    if kind == ProviderKind::Slack
        && !["webhook_url", "bot_token"].iter().any(|name| form.contains_key(*name))
    {
        let message = "Slack is added in a browser: POST /api/v1/integrations/slack/initiate returns the address to open.";
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable_entity", message));
    }
    if kind == ProviderKind::Sms {
        sms::check(&state, &viewer, &settings, form.get("phone_number").map_or("", String::as_str)).await?;
    }
    let added = state.services.add_integration(&viewer, kind, &form).await;
    let id = added.map_err(|error| refused(kind, error))?;
    let (row, settings) = state.services.integration(&viewer, &id).await.about(NOUN)?;
    let shown = shape::integration(&row, settings.as_ref(), state.config.api.echo_secrets);
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Read an integration
#[utoipa::path(get, path = "/api/v1/integrations/{uuid}", tag = "integrations",
    params(("uuid" = String, Path, description = "The integration.")),
    responses((status = 200, description = "The integration.", body = IntegrationDetail), Problems))]
async fn read(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<Json<IntegrationDetail>> {
    shown(&state, &viewer, &id(&uuid)?).await
}

/// Change an integration
///
/// What is not sent stays as it is; so does a secret that is sent as it was shown, masked. The type cannot change.
#[utoipa::path(patch, path = "/api/v1/integrations/{uuid}", tag = "integrations",
    params(("uuid" = String, Path, description = "The integration.")), request_body = ChangedIntegration,
    responses((status = 200, description = "The integration.", body = IntegrationDetail), Problems))]
async fn change(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
    body: Bytes,
) -> Result<Json<IntegrationDetail>> {
    let id = id(&uuid)?;
    let (row, known) = state.services.integration(&viewer, &id).await.about(NOUN)?;
    let object = body::change(&body, NOUN)?;
    let kind = row.kind;
    if kind == ProviderKind::Slack {
        return Err(ApiError::sentence("This integration cannot be edited."));
    }
    if let Some(name) = body::text(&object, "type")?
        && shape::kind_of(&name) != Some(kind)
    {
        let message =
            format!("The type of an integration cannot change; this is a {}.", shape::type_name(kind));
        return Err(ApiError::field("type", message));
    }
    let mut fields = Form::new();
    let mut errors = shape::shared_of(&object, &mut fields);
    let settings = settings(&object)?;
    errors.extend(shape::form_of(kind, &settings, &mut fields));
    if !errors.is_empty() {
        return Err(ApiError::fields(shape::renamed(kind, errors)));
    }
    if kind == ProviderKind::Sms
        && let Some(number) =
            fields.get("phone_number").filter(|number| Some(*number) != phone_of(known.as_ref()))
    {
        sms::check(&state, &viewer, &settings, number).await?;
    }
    let enabled = body::truth(&object, "enabled")?;
    let changes = Changes { name: fields.remove("name"), enabled, fields };
    let outcome = state.services.change_integration(&viewer, &id, &changes).await;
    outcome.map_err(|error| refused(kind, error))?;
    shown(&state, &viewer, &id).await
}

/// Change an integration
///
/// The same as `PATCH`.
#[utoipa::path(put, path = "/api/v1/integrations/{uuid}", tag = "integrations",
    params(("uuid" = String, Path, description = "The integration.")), request_body = ChangedIntegration,
    responses((status = 200, description = "The integration.", body = IntegrationDetail), Problems))]
async fn replace(
    state: State<AppState>,
    viewer: Extension<Viewer>,
    uuid: Path<String>,
    body: Bytes,
) -> Result<Json<IntegrationDetail>> {
    change(state, viewer, uuid, body).await
}

/// Delete an integration
///
/// With its log. Alert definitions and monitors that name it lead nowhere then.
#[utoipa::path(delete, path = "/api/v1/integrations/{uuid}", tag = "integrations",
    params(("uuid" = String, Path, description = "The integration.")),
    responses((status = 204, description = "It is gone."), Problems))]
async fn remove(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<StatusCode> {
    match state.services.delete_integration(&viewer, &id(&uuid)?).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(ServiceError::Conflict(_)) => Err(ApiError::sentence("This integration cannot be deleted.")),
        Err(error) => Err(ApiError::of(NOUN, error)),
    }
}

/// Which example a test sends.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct Example {
    /// What it tells: that an outage begins, goes on, or is over.
    #[schema(value_type = Option<String>, default = "error", example = "error")]
    example: Option<AlertKind>,
}

/// What a test said.
#[derive(Debug, Serialize, ToSchema)]
struct Trial {
    /// Whether the other side took it.
    ok: bool,
    /// What went wrong and what to do.
    message: Option<String>,
    /// The HTTP status, if there was one.
    status: Option<u16>,
    /// What was sent; secrets masked.
    request: String,
    /// What was answered.
    response: String,
    /// How long it took, in milliseconds.
    duration_ms: i64,
}

/// Test an integration
///
/// Sends an example now, and says everything that was sent and answered. That the other side refuses it is no error of this call: `ok` is
/// false then.
#[utoipa::path(post, path = "/api/v1/integrations/{uuid}/test", tag = "integrations",
    params(("uuid" = String, Path, description = "The integration.")), request_body = Option<Example>,
    responses((status = 200, description = "What was sent and answered.", body = Trial), Problems))]
async fn test(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
    body: Bytes,
) -> Result<Json<Trial>> {
    let id = id(&uuid)?;
    let object = body::object(&body, "test")?;
    let example: Example = body::typed(object)?;
    let example = example.example.unwrap_or(AlertKind::Error);
    let trial = state.services.try_stored_integration(&viewer, &id, example).await.about(NOUN)?;
    Ok(Json(Trial {
        ok: trial.ok,
        message: trial.words,
        status: trial.status,
        request: trial.request,
        response: trial.response,
        duration_ms: trial.duration_ms,
    }))
}

/// List the deliveries of an integration
///
/// The newest first.
#[utoipa::path(get, path = "/api/v1/integrations/{uuid}/deliveries", tag = "integrations",
    params(("uuid" = String, Path, description = "The integration."), Paging),
    responses((status = 200, description = "The deliveries.", body = DeliveryPage), Problems))]
async fn deliveries(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
    Ask(paging): Ask<Paging>,
) -> Result<Json<DeliveryPage>> {
    let id = id(&uuid)?;
    state.services.integration(&viewer, &id).await.about(NOUN)?;
    let query = DeliveryQuery { integration: Some(id), ..DeliveryQuery::default() };
    page_of(&state, &viewer, query, paging).await
}

async fn shown(state: &AppState, viewer: &Viewer, id: &IntegrationId) -> Result<Json<IntegrationDetail>> {
    let (row, settings) = state.services.integration(viewer, id).await.about(NOUN)?;
    Ok(Json(shape::detail(&row, settings.as_ref(), state.config.api.echo_secrets)))
}

/// The settings in a body.
fn settings(object: &Map<String, Value>) -> Result<Map<String, Value>> {
    match object.get("settings") {
        None => Ok(Map::new()),
        Some(Value::Object(settings)) => Ok(settings.clone()),
        Some(_) => Err(ApiError::field("settings", "This must be an object with the fields of the type.")),
    }
}

/// The number that an integration sends to.
fn phone_of(settings: Option<&IntegrationSettings>) -> Option<&String> {
    match settings {
        Some(IntegrationSettings::Sms(sms)) => Some(&sms.phone_number),
        _ => None,
    }
}

/// What a service answered, with the names of fields that programs know.
fn refused(kind: ProviderKind, error: ServiceError) -> ApiError {
    match error {
        ServiceError::Invalid(errors) => ApiError::fields(shape::renamed(kind, errors)),
        other => ApiError::of(NOUN, other),
    }
}

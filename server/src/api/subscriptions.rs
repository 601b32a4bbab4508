//! `/api/v1/event_subscriptions` and `/api/v1/events` (contracts.md 4.2, 4.3, 4.5).

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json};
use domain::event_id::{self, EVENTS, EventKind};
use domain::id::{MonitorId, SubscriptionId};
use domain::person::Viewer;
use domain::views::console::{SubscriptionDraft, SubscriptionRow};
use engine::services::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{self, Ask};
use super::error::{About as _, ApiError, Problems, Result};
use super::paging::{self, Paging, time};
use crate::router::AppState;

const NOUN: &str = "event_subscription";
/// The most monitors that a subscription may name.
const MAX_MONITORS: usize = 1_000;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, replace, remove))
        .routes(routes!(events))
        .routes(routes!(event))
}

/// A subscription of an integration to events.
#[derive(Debug, Serialize, ToSchema)]
struct SubscriptionBody {
    /// Its id.
    uuid: String,
    /// What it is called.
    name: String,
    /// Who hears.
    integration_id: String,
    /// What that is called.
    integration_name: String,
    /// Ids of events, in full.
    events: Vec<String>,
    /// Of these monitors only; null: of all.
    monitor_ids: Option<Vec<String>>,
    /// Whether it is used.
    enabled: bool,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<SubscriptionRow> for SubscriptionBody {
    fn from(row: SubscriptionRow) -> Self {
        Self {
            uuid: row.id.to_string(),
            name: row.name,
            integration_id: row.integration.id.to_string(),
            integration_name: row.integration.name,
            events: row.events,
            monitor_ids: row.monitors.map(|ids| ids.into_iter().map(String::from).collect()),
            enabled: row.enabled,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        }
    }
}

/// What is said about a subscription.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubscriptionDraft)]
struct Draft {
    /// What it is called, in at most 100 characters.
    name: String,
    /// Who hears.
    integration_id: String,
    /// Ids of events, such as `incident.incident.created` or short `incident.created`.
    events: Vec<String>,
    /// Of these monitors only; null: of all.
    #[serde(default)]
    monitor_ids: Option<Vec<String>>,
    /// Whether it is used.
    #[serde(default = "yes")]
    #[schema(default = true)]
    enabled: bool,
}

fn yes() -> bool {
    true
}

/// The body that adds a subscription.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the body around the draft")]
struct NewSubscription {
    /// The subscription.
    event_subscription: Draft,
}

/// The body that changes a subscription: any of the fields of a new one.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the body around the draft")]
struct ChangedSubscription {
    /// What changes; its fields may also stand in the body itself.
    #[schema(value_type = Object, required = false)]
    event_subscription: Option<Map<String, Value>>,
}

impl Draft {
    fn read(self) -> Result<SubscriptionDraft> {
        let gone = |_| ApiError::field("integration_id", "This integration does not exist (any more).");
        if self.monitor_ids.as_ref().is_some_and(|ids| ids.len() > MAX_MONITORS) {
            return Err(ApiError::field(
                "monitor_ids",
                format!("Please name at most {MAX_MONITORS} monitors."),
            ));
        }
        let monitor = |(place, text): (usize, String)| {
            text.parse().map_err(|error| {
                ApiError::field(format!("monitor_ids.{place}"), format!("“{text}” is {error}."))
            })
        };
        let monitors: Option<Vec<MonitorId>> =
            self.monitor_ids.map(|ids| ids.into_iter().enumerate().map(monitor).collect()).transpose()?;
        Ok(SubscriptionDraft {
            name: self.name,
            integration: self.integration_id.parse().map_err(gone)?,
            events: self.events,
            monitors,
            enabled: self.enabled,
        })
    }
}

/// List subscriptions
///
/// All of them by name, as a bare array.
#[utoipa::path(get, path = "/api/v1/event_subscriptions", tag = "events", params(Paging),
    responses((status = 200, description = "The subscriptions.", body = Vec<SubscriptionBody>), Problems))]
async fn list(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Ask(paging): Ask<Paging>,
) -> Result<Response> {
    let all = state.services.subscriptions(&viewer).await.about(NOUN)?;
    Ok(paging::bare(all.into_iter().map(SubscriptionBody::from).collect(), paging))
}

/// Create a subscription
#[utoipa::path(post, path = "/api/v1/event_subscriptions", tag = "events", request_body = NewSubscription,
    responses((status = 201, description = "The new subscription.", body = SubscriptionBody), Problems))]
async fn create(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    body: Bytes,
) -> Result<(StatusCode, Json<SubscriptionBody>)> {
    let draft: Draft = body::typed(body::object(&body, NOUN)?)?;
    let saved = state.services.save_subscription(&viewer, None, &draft.read()?).await;
    let id = saved.map_err(refused)?;
    Ok((StatusCode::CREATED, shown(&state, &viewer, &id).await?))
}

/// Read a subscription
#[utoipa::path(get, path = "/api/v1/event_subscriptions/{uuid}", tag = "events",
    params(("uuid" = String, Path, description = "The subscription.")),
    responses((status = 200, description = "The subscription.", body = SubscriptionBody), Problems))]
async fn read(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<Json<SubscriptionBody>> {
    shown(&state, &viewer, &id(&uuid)?).await
}

/// Change a subscription
///
/// What is not sent stays as it is.
#[utoipa::path(patch, path = "/api/v1/event_subscriptions/{uuid}", tag = "events",
    params(("uuid" = String, Path, description = "The subscription.")), request_body = ChangedSubscription,
    responses((status = 200, description = "The subscription.", body = SubscriptionBody), Problems))]
async fn change(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
    body: Bytes,
) -> Result<Json<SubscriptionBody>> {
    let id = id(&uuid)?;
    let merge = |old: SubscriptionRow| {
        let Ok(Value::Object(mut merged)) = serde_json::to_value(SubscriptionBody::from(old)) else {
            return Err(ApiError::not_found(NOUN));
        };
        merged.extend(body::change(&body, NOUN)?);
        body::typed::<Draft>(merged)?.read()
    };
    state.services.change_subscription(&viewer, &id, merge).await.map_err(refused)??;
    shown(&state, &viewer, &id).await
}

/// Change a subscription
///
/// The same as `PATCH`.
#[utoipa::path(put, path = "/api/v1/event_subscriptions/{uuid}", tag = "events",
    params(("uuid" = String, Path, description = "The subscription.")), request_body = ChangedSubscription,
    responses((status = 200, description = "The subscription.", body = SubscriptionBody), Problems))]
async fn replace(
    state: State<AppState>,
    viewer: Extension<Viewer>,
    uuid: Path<String>,
    body: Bytes,
) -> Result<Json<SubscriptionBody>> {
    change(state, viewer, uuid, body).await
}

/// Delete a subscription
#[utoipa::path(delete, path = "/api/v1/event_subscriptions/{uuid}", tag = "events",
    params(("uuid" = String, Path, description = "The subscription.")),
    responses((status = 204, description = "It is gone."), Problems))]
async fn remove(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<StatusCode> {
    state.services.delete_subscription(&viewer, &id(&uuid)?).await.about(NOUN)?;
    Ok(StatusCode::NO_CONTENT)
}

fn id(text: &str) -> Result<SubscriptionId> {
    text.parse().map_err(|_| ApiError::not_found(NOUN))
}

/// What a service answered, with the names that fields have here.
fn refused(error: ServiceError) -> ApiError {
    match error {
        ServiceError::Invalid(mut errors) => {
            for error in &mut errors {
                if error.field == "integration" {
                    "integration_id".clone_into(&mut error.field);
                } else if let Some(rest) = error.field.strip_prefix("monitors") {
                    error.field = format!("monitor_ids{rest}");
                }
            }
            ApiError::fields(errors)
        }
        other => ApiError::of(NOUN, other),
    }
}

async fn shown(state: &AppState, viewer: &Viewer, id: &SubscriptionId) -> Result<Json<SubscriptionBody>> {
    let row = state.services.subscription(viewer, id).await.about(NOUN)?;
    Ok(Json(row.into()))
}

/// An event that can be subscribed to.
#[derive(Debug, Serialize, ToSchema)]
struct EventBody {
    /// The full id.
    event_id: &'static str,
    /// The id without the name of the plugin.
    short_id: &'static str,
    /// The name for people.
    display_name: &'static str,
    /// When it happens.
    description: &'static str,
    /// What it belongs to.
    category: &'static str,
    /// The JSON Schema of what it carries.
    #[schema(value_type = Object)]
    payload_schema: Value,
}

impl From<&'static EventKind> for EventBody {
    fn from(event: &'static EventKind) -> Self {
        Self {
            event_id: event.id,
            short_id: event.short(),
            display_name: event.name,
            description: event.description,
            category: event.category,
            payload_schema: event.schema(),
        }
    }
}

/// List events
///
/// Everything that can be subscribed to, as a bare array.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(Paging),
    responses((status = 200, description = "The events.", body = Vec<EventBody>), Problems))]
async fn events(Ask(paging): Ask<Paging>) -> Response {
    paging::bare(EVENTS.iter().map(EventBody::from).collect(), paging)
}

/// Read an event
#[utoipa::path(get, path = "/api/v1/events/{event_id}", tag = "events",
    params(("event_id" = String, Path, description = "The id, in full or short.")),
    responses((status = 200, description = "The event.", body = EventBody), Problems))]
async fn event(Path(event_id): Path<String>) -> Result<Json<EventBody>> {
    let event = event_id::find(&event_id).ok_or_else(|| ApiError::not_found("event"))?;
    Ok(Json(event.into()))
}

//! What is of the whole project: the switch that stops all telling, and what integrations there can be.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use domain::form::{Field, FieldKind};
use domain::integration::ProviderKind;
use domain::person::Viewer;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{self, Ask};
use super::error::{About as _, Problems, Result};
use super::integrations::shape::{public_name, type_name};
use super::paging::{self, Paging};
use crate::router::AppState;

const NOUN: &str = "project";

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(all_stop, set_all_stop)).routes(routes!(providers))
}

/// Whether nobody is told anything.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct AllStop {
    /// True: no message leaves until somebody says false.
    all_stop: bool,
}

/// Read the all-stop
#[utoipa::path(get, path = "/api/v1/all_stop", tag = "project",
    responses((status = 200, description = "Whether nobody is told anything.", body = AllStop), Problems))]
async fn all_stop(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<AllStop>> {
    let health = state.services.telling_health(&viewer).await.about(NOUN)?;
    Ok(Json(AllStop { all_stop: health.all_stop }))
}

/// Stop all telling, or restart it
#[utoipa::path(put, path = "/api/v1/all_stop", tag = "project", request_body = AllStop,
    responses((status = 200, description = "Whether nobody is told anything.", body = AllStop), Problems))]
async fn set_all_stop(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    body: Bytes,
) -> Result<Json<AllStop>> {
    let wanted: AllStop = body::typed(body::object(&body, NOUN)?)?;
    state.services.set_all_stop(&viewer, wanted.all_stop).await.about(NOUN)?;
    Ok(Json(wanted))
}

/// A type of integration.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProviderBody {
    /// What `type` says.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// The name for people.
    pub(super) display_name: &'static str,
    /// When to choose it.
    pub(super) description: &'static str,
    /// The name of its icon in the Lucide set.
    icon: &'static str,
    /// The version of its settings.
    config_version: u32,
    /// Events that it can tell of; null: of all.
    supported_events: Option<&'static [&'static str]>,
    /// The JSON Schema of its settings.
    #[schema(value_type = Object)]
    pub(super) config_schema: Value,
}

/// List types of integrations
///
/// Each with the JSON Schema of its settings, as a bare array.
#[utoipa::path(get, path = "/api/v1/providers", tag = "integrations", params(Paging),
    responses((status = 200, description = "The types.", body = Vec<ProviderBody>), Problems))]
async fn providers(Ask(paging): Ask<Paging>) -> Response {
    paging::bare(ProviderKind::ALL.iter().copied().map(provider).collect(), paging)
}

pub(super) fn provider(kind: ProviderKind) -> ProviderBody {
    let properties: Map<_, _> = kind
        .fields()
        .iter()
        .map(|field| (public_name(kind, field.name).to_owned(), property(field)))
        .collect();
    let required: Vec<_> = kind
        .fields()
        .iter()
        // What is required with one choice only is not required of every body.
        .filter(|field| field.required && field.when.is_none())
        .map(|field| public_name(kind, field.name))
        .collect();
    ProviderBody {
        kind: type_name(kind),
        display_name: kind.label(),
        description: kind.description(),
        icon: kind.icon(),
        config_version: kind.version(),
        supported_events: kind.events(),
        config_schema: json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": properties,
            "required": required,
        }),
    }
}

fn property(field: &Field) -> Value {
    let mut property = match field.kind {
        FieldKind::Number { min, max, .. } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        FieldKind::Checkbox => json!({ "type": "boolean" }),
        FieldKind::Lines => json!({ "type": ["array", "string", "object"], "items": { "type": "string" } }),
        FieldKind::Select(options) => {
            let values: Vec<_> = options.iter().map(|(value, _)| *value).collect();
            json!({ "type": "string", "enum": values })
        }
        FieldKind::Secret | FieldKind::SecretArea => json!({ "type": "string", "writeOnly": true }),
        FieldKind::Url => json!({ "type": "string", "format": "uri" }),
        FieldKind::Text | FieldKind::Host | FieldKind::TextArea => json!({ "type": "string" }),
    };
    property["title"] = field.label.into();
    if !field.help.is_empty() {
        property["description"] = field.help.into();
    }
    if !field.default.is_empty() {
        property["default"] = match field.kind {
            FieldKind::Number { .. } => field.default.parse::<i64>().map_or(Value::Null, Value::from),
            FieldKind::Checkbox => Value::from(field.default == "true"),
            _ => field.default.into(),
        };
    }
    property
}

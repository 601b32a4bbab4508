//! `/api/v1/incidents` (contracts.md 2.4).

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use domain::check::redact::is_sensitive;
use domain::check::{CheckReport, CheckSettings};
use domain::id::IncidentId;
use domain::person::Viewer;
use domain::secret::MASK;
use domain::time::{MINUTE, Timestamp};
use engine::services::telling::ProgramIncident;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{self, Ask};
use super::error::{About as _, ApiError, Problems, Result};
use super::paging::{Meta, Paging, time as stamp};
use crate::router::AppState;

const NOUN: &str = "incident";
/// Who we are to what is checked.
const USER_AGENT: &str = concat!("Pharos/", env!("CARGO_PKG_VERSION"));
/// The longest snooze, in minutes: 30 days.
const MAX_MINUTES: i64 = 30 * 24 * 60;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read))
        .routes(routes!(resolve))
        .routes(routes!(acknowledge))
        .routes(routes!(snooze, wake))
        .routes(routes!(unsnooze))
}

/// A stretch of time in which something was wrong.
#[derive(Debug, Serialize, ToSchema)]
struct IncidentBody {
    /// Its id.
    uuid: String,
    /// `ongoing` or `resolved`.
    status: &'static str,
    /// What was wrong.
    error_message: String,
    /// When it was over.
    #[schema(format = DateTime)]
    closed_at: Option<String>,
    /// When it was put off.
    #[schema(format = DateTime)]
    snoozed_at: Option<String>,
    /// Nobody is told more until then.
    #[schema(format = DateTime)]
    snooze_until: Option<String>,
    /// What was watched.
    #[schema(example = "NetworkMonitor")]
    monitorable_type: Option<&'static str>,
    /// The monitor; null when it is gone, or the incident was written by hand.
    monitorable_uuid: Option<String>,
    /// What that is called.
    monitorable_name: Option<String>,
    /// What was asked, such as `GET https://example.com`.
    request: Option<String>,
    /// The headers that were sent; secret ones are masked.
    request_headers: BTreeMap<String, String>,
    /// What was answered, such as `500 Internal Server Error`.
    response: Option<String>,
    /// The headers of the answer; secret ones are masked.
    response_headers: BTreeMap<String, String>,
    /// When somebody took it on.
    #[schema(format = DateTime)]
    acknowledged_at: Option<String>,
    /// Who did.
    acknowledged_by: Option<String>,
    /// When the trouble began.
    #[schema(format = DateTime)]
    started_at: String,
    /// When it was written down.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<ProgramIncident> for IncidentBody {
    fn from(seen: ProgramIncident) -> Self {
        let ProgramIncident { incident, report, settings } = seen;
        let row = incident.row;
        let (acknowledged_at, acknowledged_by) = incident.acknowledged.unzip();
        let evidence = report.as_ref().map(|report| &report.evidence);
        let is_http = evidence.is_some_and(|evidence| evidence.request.as_deref().is_some_and(is_http));
        let headers = settings.as_ref().filter(|_| is_http).map(sent).unwrap_or_default();
        Self {
            uuid: row.id.to_string(),
            status: if row.resolved_at.is_some() { "resolved" } else { "ongoing" },
            error_message: row.reason.unwrap_or(row.title),
            closed_at: row.resolved_at.map(stamp),
            snoozed_at: incident.snoozed_at.map(stamp),
            snooze_until: incident.snooze_until.map(stamp),
            monitorable_type: row.monitor.as_ref().map(|_| "NetworkMonitor"),
            monitorable_uuid: row.monitor.map(String::from),
            monitorable_name: incident.monitor_name,
            request: evidence.and_then(|evidence| evidence.request.clone()),
            request_headers: headers,
            response: report.as_ref().and_then(answer),
            response_headers: evidence
                .map(|evidence| evidence.headers.iter().cloned().collect())
                .unwrap_or_default(),
            acknowledged_at: acknowledged_at.map(stamp),
            acknowledged_by,
            started_at: stamp(row.started_at),
            created_at: stamp(incident.created_at),
            updated_at: stamp(incident.updated_at),
        }
    }
}

fn is_http(request: &str) -> bool {
    request.split_once(' ').is_some_and(|(_, url)| url.starts_with("http"))
}

/// The headers that a check sends, as far as the settings say.
fn sent(settings: &CheckSettings) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<_, _> = [("User-Agent", USER_AGENT), ("Accept", "*/*")]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
    let form = settings.to_form();
    for line in form.get("headers").map_or("", String::as_str).lines() {
        if let Some((name, value)) = line.split_once(':') {
            let name = name.trim();
            let value = if is_sensitive(name) { MASK } else { value.trim() };
            headers.retain(|known: &String, _| !known.eq_ignore_ascii_case(name));
            headers.insert(name.to_owned(), value.to_owned());
        }
    }
    headers
}

/// What was answered, in a line.
fn answer(report: &CheckReport) -> Option<String> {
    let evidence = &report.evidence;
    match evidence.status {
        Some(status) => {
            let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
            Some(format!("{status} {}", reason.unwrap_or_default()).trim_end().to_owned())
        }
        None => evidence.excerpt.clone(),
    }
}

/// A page of incidents.
#[derive(Debug, Serialize, ToSchema)]
struct IncidentPage {
    /// The incidents.
    data: Vec<IncidentBody>,
    /// Where the page stands.
    meta: Meta,
}

/// Which incidents are wanted.
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
    /// `ongoing` or `resolved`; all when it is not sent.
    status: Option<String>,
}

/// List incidents
///
/// Those that go on first, the newest first among each.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "incidents", params(Filter),
    responses((status = 200, description = "The incidents.", body = IncidentPage), Problems))]
async fn list(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Ask(filter): Ask<Filter>,
) -> Result<Json<IncidentPage>> {
    let paging = Paging { page: filter.page, per_page: filter.per_page };
    let open = match filter.status.as_deref() {
        None | Some("" | "all") => None,
        Some("ongoing") => Some(true),
        Some("resolved") => Some(false),
        Some(other) => {
            let message = format!("“{other}” is no status; use ongoing, resolved or all.");
            return Err(ApiError::field("status", message));
        }
    };
    let (list, found) = state
        .services
        .program_incidents(&viewer, open, paging.page(), paging.per_page())
        .await
        .about(NOUN)?;
    let data = list.into_iter().map(IncidentBody::from).collect();
    Ok(Json(IncidentPage { data, meta: Meta::new(paging, found) }))
}

/// Read an incident
#[utoipa::path(get, path = "/api/v1/incidents/{uuid}", tag = "incidents",
    params(("uuid" = String, Path, description = "The incident.")),
    responses((status = 200, description = "The incident.", body = IncidentBody), Problems))]
async fn read(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<Json<IncidentBody>> {
    shown(&state, &viewer, &id(&uuid)?).await
}

/// Resolve an incident
///
/// Whoever was told of it hears that it is over. The next one opens when the monitor fails again after it was well. A second time changes
/// nothing.
#[utoipa::path(post, path = "/api/v1/incidents/{uuid}/resolve", tag = "incidents",
    params(("uuid" = String, Path, description = "The incident.")),
    responses((status = 200, description = "The incident.", body = IncidentBody), Problems))]
async fn resolve(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<Json<IncidentBody>> {
    let id = id(&uuid)?;
    state.services.resolve(&viewer, &id).await.about(NOUN)?;
    shown(&state, &viewer, &id).await
}

/// Acknowledge an incident
///
/// Somebody takes it on: nobody else is told of it any more until it is over.
#[utoipa::path(post, path = "/api/v1/incidents/{uuid}/acknowledge", tag = "incidents",
    params(("uuid" = String, Path, description = "The incident.")),
    responses((status = 200, description = "The incident.", body = IncidentBody), Problems))]
async fn acknowledge(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<Json<IncidentBody>> {
    let id = id(&uuid)?;
    state.services.acknowledge(&viewer, &id).await.about(NOUN)?;
    shown(&state, &viewer, &id).await
}

/// How long an incident is put off: one of the two.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
struct Snooze {
    /// Until then (RFC 3339).
    #[schema(example = "2026-12-01T08:00:00Z")]
    until: Option<String>,
    /// For so many minutes.
    #[schema(minimum = 1, maximum = 43200)]
    minutes: Option<i64>,
}

/// Snooze an incident
///
/// Nobody is told more for a while: `{"minutes": 30}` or `{"until": "2026-12-01T08:00:00Z"}`, within the next 30 days.
#[utoipa::path(post, path = "/api/v1/incidents/{uuid}/snooze", tag = "incidents",
    params(("uuid" = String, Path, description = "The incident.")), request_body = Snooze,
    responses((status = 200, description = "The incident.", body = IncidentBody), Problems))]
async fn snooze(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
    body: Bytes,
) -> Result<Json<IncidentBody>> {
    let id = id(&uuid)?;
    let object = body::object(&body, "snooze")?;
    let until = match (object.get("minutes"), body::text(&object, "until")?) {
        (None | Some(Value::Null), Some(text)) => moment(&text).ok_or_else(|| {
            let message = format!("“{text}” is no time; write one such as 2026-12-01T08:00:00Z.");
            ApiError::field("until", message)
        })?,
        (Some(minutes), None) if !minutes.is_null() => {
            let fits = minutes.as_i64().filter(|minutes| (1..=MAX_MINUTES).contains(minutes));
            let minutes = fits.ok_or_else(|| {
                let message =
                    format!("{minutes} does not fit; write a whole number from 1 to {MAX_MINUTES}.");
                ApiError::field("minutes", message)
            })?;
            Timestamp(state.clock.now().0 + minutes * MINUTE)
        }
        _ => {
            return Err(ApiError::field(
                "minutes",
                "Please say for how long: `minutes` or `until`, one of the two.",
            ));
        }
    };
    state.services.snooze(&viewer, &id, Some(until)).await.about(NOUN)?;
    shown(&state, &viewer, &id).await
}

/// End the snooze of an incident
#[utoipa::path(delete, path = "/api/v1/incidents/{uuid}/snooze", tag = "incidents",
    params(("uuid" = String, Path, description = "The incident.")),
    responses((status = 204, description = "It is put off no longer."), Problems))]
async fn wake(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<StatusCode> {
    state.services.snooze(&viewer, &id(&uuid)?, None).await.about(NOUN)?;
    Ok(StatusCode::NO_CONTENT)
}

/// End the snooze of an incident
///
/// The same as `DELETE` of its snooze, with the incident as the answer.
#[utoipa::path(post, path = "/api/v1/incidents/{uuid}/unsnooze", tag = "incidents",
    params(("uuid" = String, Path, description = "The incident.")),
    responses((status = 200, description = "The incident.", body = IncidentBody), Problems))]
async fn unsnooze(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<Json<IncidentBody>> {
    let id = id(&uuid)?;
    state.services.snooze(&viewer, &id, None).await.about(NOUN)?;
    shown(&state, &viewer, &id).await
}

fn id(text: &str) -> Result<IncidentId> {
    text.parse().map_err(|_| ApiError::not_found(NOUN))
}

async fn shown(state: &AppState, viewer: &Viewer, id: &IncidentId) -> Result<Json<IncidentBody>> {
    Ok(Json(state.services.program_incident(viewer, id).await.about(NOUN)?.into()))
}

/// A point in time as RFC 3339 writes it.
fn moment(text: &str) -> Option<Timestamp> {
    let at = time::OffsetDateTime::parse(text.trim(), &time::format_description::well_known::Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok().map(Timestamp)
}

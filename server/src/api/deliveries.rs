//! `/api/v1/deliveries`: the log of what was sent.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use domain::delivery::DeliveryState;
use domain::id::DeliveryId;
use domain::person::Viewer;
use domain::views::console::{AttemptView, DeliveryQuery, DeliveryRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{self, Ask};
use super::error::{About as _, ApiError, Problems, Result};
use super::integrations::shape::type_name;
use super::paging::{Meta, Paging, time};
use crate::router::AppState;

const NOUN: &str = "delivery";
/// The longest stretch that statistics are made of, in hours: 30 days.
const MAX_HOURS: i64 = 720;
/// The most deliveries that one call replays.
const MAX_REPLAY: usize = 1_000;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(stats))
        .routes(routes!(replay_all))
        .routes(routes!(read))
        .routes(routes!(replay))
}

/// A message to one integration, and where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryBody {
    /// Its id; a webhook gets it as `x-delivery-id`, and a signed one as `webhook-id` too.
    uuid: String,
    /// What it tells: `error`, `reminder`, `ok`, `test`, `group`, `acknowledged` or `event`; `rest` for those whom another of these did not
    /// reach.
    kind: String,
    /// Where it stands: `waiting`, `sending`, `retrying`, `delivered`, `failed`, `skipped` or `grouped`. What had arrived and was replayed in
    /// vain is `delivered`, and `error_message` says why the replay was not.
    status: &'static str,
    /// The line that people see first.
    headline: String,
    /// To whom.
    integration_uuid: String,
    /// What that is called.
    integration_name: String,
    /// What that is.
    integration_type: String,
    /// The incident.
    incident_uuid: Option<String>,
    /// Attempts so far.
    attempts: u32,
    /// The next attempt.
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// Why the last attempt failed, what it waits for, why it was not sent, or who did not get what others got, and why.
    error_message: Option<String>,
    /// What the other side calls it.
    external_id: Option<String>,
    /// When it was planned.
    #[schema(format = DateTime)]
    created_at: String,
    /// When something last happened to it.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<DeliveryRow> for DeliveryBody {
    fn from(row: DeliveryRow) -> Self {
        Self {
            uuid: row.id.to_string(),
            kind: row.kind,
            status: row.state.as_str(),
            headline: row.headline,
            integration_uuid: row.integration.id.to_string(),
            integration_name: row.integration.name,
            integration_type: type_name(row.provider),
            incident_uuid: row.incident.map(String::from),
            attempts: row.attempts,
            next_attempt_at: row.due_at.map(time),
            error_message: row.error,
            external_id: row.external_id,
            created_at: time(row.at),
            updated_at: time(row.updated_at),
        }
    }
}

/// A page of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryPage {
    /// The deliveries, the newest first.
    data: Vec<DeliveryBody>,
    /// Where the page stands.
    meta: Meta,
}

/// Which deliveries are wanted.
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
    /// Where they stand: `waiting`, `sending`, `retrying`, `delivered`, `failed`, `skipped` or `grouped`.
    status: Option<String>,
    /// To this integration.
    integration_id: Option<String>,
    /// About this incident.
    incident_id: Option<String>,
    /// About this monitor.
    monitor_id: Option<String>,
    /// A text in the names of integration and monitor, the incident's title, the error or the id.
    search: Option<String>,
}

/// List deliveries
///
/// The newest first. What an id names that does not exist has no deliveries. `meta` counts to 10,000 deliveries, and a search looks at the
/// newest 20,000.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "deliveries", params(Filter),
    responses((status = 200, description = "The deliveries.", body = DeliveryPage), Problems))]
async fn list(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Ask(filter): Ask<Filter>,
) -> Result<Json<DeliveryPage>> {
    let paging = Paging { page: filter.page, per_page: filter.per_page };
    let query = DeliveryQuery {
        search: filter.search.unwrap_or_default(),
        state: filter.status.as_deref().map(state_of).transpose()?,
        integration: id(filter.integration_id, "integration_id")?,
        incident: id(filter.incident_id, "incident_id")?,
        monitor: id(filter.monitor_id, "monitor_id")?,
        page: 0,
    };
    page_of(&state, &viewer, query, paging).await
}

/// A page of what fits a query.
pub(super) async fn page_of(
    state: &AppState,
    viewer: &Viewer,
    query: DeliveryQuery,
    paging: Paging,
) -> Result<Json<DeliveryPage>> {
    let query = DeliveryQuery { page: paging.page(), ..query };
    let (rows, found) =
        state.services.program_deliveries(viewer, &query, paging.per_page()).await.about(NOUN)?;
    let data = rows.into_iter().map(DeliveryBody::from).collect();
    Ok(Json(DeliveryPage { data, meta: Meta::new(paging, found) }))
}

fn state_of(word: &str) -> Result<DeliveryState> {
    DeliveryState::from_word(word).ok_or_else(|| {
        let known: Vec<_> = DeliveryState::ALL.iter().map(|state| state.as_str()).collect();
        ApiError::field("status", format!("“{word}” is no status; use one of {}.", known.join(", ")))
    })
}

fn id<T: std::str::FromStr<Err: std::fmt::Display>>(text: Option<String>, field: &str) -> Result<Option<T>> {
    let read =
        |text: String| text.parse().map_err(|error| ApiError::field(field, format!("“{text}” is {error}.")));
    text.filter(|text| !text.is_empty()).map(read).transpose()
}

/// How many hours are counted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Stretch {
    /// The last so many hours, from 1 to 720.
    #[param(default = 24, minimum = 1, maximum = 720)]
    hours: Option<i64>,
}

/// How many deliveries there are of something.
#[derive(Debug, Serialize, ToSchema)]
struct Share {
    /// Of what.
    name: String,
    /// How many.
    count: i64,
}

/// How the deliveries of some hours went.
#[derive(Debug, Serialize, ToSchema)]
struct Stats {
    /// All of them.
    total: i64,
    /// The other side took them.
    successful: i64,
    /// They failed for good.
    failed: i64,
    /// They failed, and will be tried again.
    retrying: i64,
    /// They have not been tried, or are on their way.
    pending: i64,
    /// They were not sent, and need not be.
    skipped: i64,
    /// By what they tell.
    by_kind: Vec<Share>,
    /// By integration type.
    by_provider: Vec<Share>,
}

/// Count deliveries
///
/// Those of the last hours, and whatever is not over.
#[utoipa::path(get, path = "/api/v1/deliveries/stats", tag = "deliveries", params(Stretch),
    responses((status = 200, description = "How many stand where.", body = Stats), Problems))]
async fn stats(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Ask(stretch): Ask<Stretch>,
) -> Result<Json<Stats>> {
    let hours = stretch.hours.unwrap_or(24);
    let fits = u32::try_from(hours).ok().filter(|_| (1..=MAX_HOURS).contains(&hours));
    let Some(hours) = fits else {
        let message = format!("{hours} does not fit; write a whole number from 1 to {MAX_HOURS}.");
        return Err(ApiError::field("hours", message));
    };
    let counted = state.services.delivery_stats(&viewer, hours).await.about(NOUN)?;
    let shares =
        |list: Vec<(String, i64)>| list.into_iter().map(|(name, count)| Share { name, count }).collect();
    let counts = counted.counts;
    Ok(Json(Stats {
        total: counts.waiting + counts.retrying + counts.delivered + counts.failed + counts.skipped,
        successful: counts.delivered,
        failed: counts.failed,
        retrying: counts.retrying,
        pending: counts.waiting,
        skipped: counts.skipped,
        by_kind: shares(counted.by_kind),
        by_provider: shares(counted.by_provider),
    }))
}

/// An attempt, with everything that was said.
#[derive(Debug, Serialize, ToSchema)]
struct Attempt {
    /// From 1 on.
    number: u32,
    /// When it began.
    #[schema(format = DateTime)]
    at: String,
    /// How long it took, in milliseconds.
    duration_ms: i64,
    /// The HTTP status, if there was one.
    status: Option<u16>,
    /// What was sent; secrets masked.
    request: String,
    /// What was answered.
    response: String,
    /// Why it failed.
    error: Option<String>,
}

impl From<AttemptView> for Attempt {
    fn from(view: AttemptView) -> Self {
        Self {
            number: view.number,
            at: time(view.at),
            duration_ms: view.duration_ms,
            status: view.status,
            request: view.request,
            response: view.response,
            error: view.error,
        }
    }
}

/// A delivery with everything that was said.
#[derive(Debug, Serialize, ToSchema)]
struct DeliveryDetail {
    #[serde(flatten)]
    delivery: DeliveryBody,
    /// The attempts, the newest first.
    tries: Vec<Attempt>,
    /// The message in facts, as it was planned; `null` when it cannot be read.
    #[schema(value_type = Object)]
    message: Value,
}

/// Read a delivery
///
/// With every attempt: what was sent, and what was answered.
#[utoipa::path(get, path = "/api/v1/deliveries/{uuid}", tag = "deliveries",
    params(("uuid" = String, Path, description = "The delivery.")),
    responses((status = 200, description = "The delivery.", body = DeliveryDetail), Problems))]
async fn read(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<Json<DeliveryDetail>> {
    let id: DeliveryId = uuid.parse().map_err(|_| ApiError::not_found(NOUN))?;
    let detail = state.services.delivery(&viewer, &id).await.about(NOUN)?;
    Ok(Json(DeliveryDetail {
        delivery: detail.row.into(),
        tries: detail.attempts.into_iter().map(Attempt::from).collect(),
        message: detail.message,
    }))
}

/// How many were sent once more.
#[derive(Debug, Serialize, ToSchema)]
struct Replayed {
    /// Those that are on their way, or gone, are not counted.
    replayed: usize,
}

/// Replay a delivery
///
/// Sends it once more, with the same id, through the integration as it is now.
#[utoipa::path(post, path = "/api/v1/deliveries/{uuid}/replay", tag = "deliveries",
    params(("uuid" = String, Path, description = "The delivery.")),
    responses((status = 200, description = "It is on its way.", body = Replayed), Problems))]
async fn replay(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Path(uuid): Path<String>,
) -> Result<Json<Replayed>> {
    let id: DeliveryId = uuid.parse().map_err(|_| ApiError::not_found(NOUN))?;
    state.services.delivery(&viewer, &id).await.about(NOUN)?;
    let replayed = state.services.replay(&viewer, &[id]).await.about(NOUN)?;
    if replayed == 0 {
        let message = "It is on its way already; wait until it is over.";
        return Err(ApiError::new(StatusCode::CONFLICT, "conflict", message));
    }
    Ok(Json(Replayed { replayed }))
}

/// The deliveries to replay.
#[derive(Debug, Deserialize, ToSchema)]
struct Chosen {
    /// At most 1000 ids.
    ids: Vec<String>,
}

/// Replay several deliveries
///
/// Those that are on their way, or gone, are left as they are.
#[utoipa::path(post, path = "/api/v1/deliveries/replay", tag = "deliveries", request_body = Chosen,
    responses((status = 200, description = "How many are on their way.", body = Replayed), Problems))]
async fn replay_all(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    body: Bytes,
) -> Result<Json<Replayed>> {
    let chosen: Chosen = body::typed(body::object(&body, "deliveries")?)?;
    if chosen.ids.len() > MAX_REPLAY {
        let message =
            format!("These are {} deliveries; send at most {MAX_REPLAY} at a time.", chosen.ids.len());
        return Err(ApiError::field("ids", message));
    }
    let read = |(place, text): (usize, &String)| {
        text.parse().map_err(|error| ApiError::field(format!("ids.{place}"), format!("“{text}” is {error}.")))
    };
    let ids: Vec<DeliveryId> = chosen.ids.iter().enumerate().map(read).collect::<Result<_>>()?;
    Ok(Json(Replayed { replayed: state.services.replay(&viewer, &ids).await.about(NOUN)? }))
}

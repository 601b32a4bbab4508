//! The first step of adding a channel of Slack (seed 001); the second is `hooks/slack.rs`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use domain::person::Viewer;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::NOUN;
use crate::api::error::{About as _, ApiError, Problems, Result};
use crate::client::Client;
use crate::router::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(initiate))
}

/// Where to go.
#[derive(Debug, Serialize, ToSchema)]
struct Initiated {
    /// Open this in a browser.
    oauth_url: String,
    /// What comes back with the browser; it holds once, for ten minutes.
    state: String,
    /// Where the browser comes back to.
    redirect_uri: String,
}

/// Initiate Slack
///
/// Open `oauth_url` in a browser: once somebody chose a channel and allowed it, the integration is there. 422 says that this installation
/// has no app at Slack (`slack.client_id`).
#[utoipa::path(post, path = "/api/v1/integrations/slack/initiate", tag = "integrations",
    responses((status = 200, description = "Where to go.", body = Initiated), Problems))]
async fn initiate(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Extension(client): Extension<Client>,
) -> Result<Json<Initiated>> {
    let Some(app) = state.config.slack.engine() else {
        let message = "This installation has no app at Slack; set slack.client_id and slack.client_secret.";
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "slack_not_configured", message));
    };
    let base = state.config.slack.redirect_base.clone().or_else(|| client.base_url(&state.config));
    let Some(base) = base else {
        let message = "The request does not say which host it is for; set server.base_url.";
        return Err(ApiError::unreadable(message));
    };
    let begun = state.services.initiate_slack(&viewer, &app, base.as_str()).await.about(NOUN)?;
    Ok(Json(Initiated { oauth_url: begun.oauth_url, state: begun.state, redirect_uri: begun.redirect_uri }))
}

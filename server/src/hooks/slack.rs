//! What Slack calls (contracts.md 8.2): the browser of whoever allowed our app comes back, and buttons are pressed.

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use engine::services::slack::{Pressed, SlackRefusal, is_signed};
use serde::Deserialize;

use crate::error;
use crate::router::AppState;

/// The longest body that Slack sends, in bytes: the message stands in it.
pub(super) const MAX_BODY: usize = 256 << 10;
/// The page that says what became of it.
const BACK: &str = "/console/integrations";

/// What Slack sends a browser back with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Back {
    project_uuid: String,
    state: String,
    code: Option<String>,
    error: Option<String>,
}

/// `GET /auth/slack/callback`: adds the integration and shows the console, which says what `slack` says. The state proves that somebody
/// with a token of the project began.
pub(super) async fn callback(State(state): State<AppState>, back: Query<Back>) -> Response {
    let Some(app) = state.config.slack.engine() else { return error::not_found() };
    let code = back.code.as_deref().filter(|code| !code.is_empty() && back.error.is_none());
    let outcome = match state.services.finish_slack(&app, &back.project_uuid, &back.state, code).await {
        Ok(_) => "added",
        Err(SlackRefusal::Expired) => "expired",
        Err(SlackRefusal::Refused(why)) => {
            tracing::warn!(why, "Slack did not let us add a channel");
            if code.is_none() { "declined" } else { "refused" }
        }
        Err(SlackRefusal::Internal) => "failed",
    };
    Redirect::to(&format!("{BACK}?slack={outcome}")).into_response()
}

/// `POST /hooks/slack/actions`: a button was pressed. Slack waits three seconds, so it is answered at once and the work is done after.
pub(super) async fn actions(State(state): State<AppState>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(secret) = &state.config.slack.signing_secret else { return error::not_found() };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (timestamp, signature) = (header("x-slack-request-timestamp"), header("x-slack-signature"));
    if !is_signed(secret, timestamp, &body, signature, state.clock.now()) {
        return (StatusCode::UNAUTHORIZED, "the signature does not fit").into_response();
    }
    let payload = payload_of(&body);
    let Some(pressed) = payload.and_then(|payload| serde_json::from_str::<Pressed>(&payload).ok()) else {
        return (StatusCode::BAD_REQUEST, "there is no payload that makes sense").into_response();
    };
    let services = state.services.clone();
    tokio::spawn(async move { services.pressed(&pressed).await });
    StatusCode::OK.into_response()
}

/// The one field of the form that Slack sends.
fn payload_of(body: &[u8]) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(body);
    pairs.find(|(name, _)| name == "payload").map(|(_, value)| value.into_owned())
}

//! Adding a channel of Slack from the console, with two clicks: one here, one at Slack. A plain form, because the browser leaves the
//! console; it comes back to `/auth/slack/callback`.

use app::error::AppError;
use app::flash::Flash;
use app::pages::integrations::slack::SLACK;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::person::Viewer;
use engine::services::{Result, ServiceError};
use tower_sessions::Session;

use crate::client::Client;
use crate::pages::back_with;
use crate::router::AppState;

/// The page with the form.
const PAGE: &str = "/console/integrations/new?kind=slack";

/// Sends the browser to Slack, or back to the page with what went wrong.
pub(crate) async fn add(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    Extension(client): Extension<Client>,
    session: Session,
) -> Response {
    match begin(&state, &viewer, &client).await {
        Ok(url) => Redirect::to(&url).into_response(),
        Err(error) => {
            let error = Some(AppError::from(error));
            back_with(&session, PAGE, Flash { form: SLACK.to_owned(), error, ..Flash::default() }).await
        }
    }
}

/// Where to go.
async fn begin(state: &AppState, viewer: &Viewer, client: &Client) -> Result<String> {
    let missing = |message: &str| ServiceError::Conflict(message.to_owned());
    let app = state.config.slack.engine().ok_or_else(|| {
        missing("This installation has no app at Slack; set slack.client_id and slack.client_secret.")
    })?;
    let base = state.config.slack.redirect_base.clone().or_else(|| client.base_url(&state.config));
    let base =
        base.ok_or_else(|| missing("The request does not say which host it is for; set server.base_url."))?;
    Ok(state.services.initiate_slack(viewer, &app, base.as_str()).await?.oauth_url)
}

//! On whose behalf a program calls: its token, and how often it may come.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::person::Viewer;

use super::error::{self, ApiError};
use crate::client::Client;
use crate::router::AppState;

/// Lets programs with a token in, and puts the [`Viewer`] into the request. No cookie is looked at, so there is nothing that another
/// site could make a browser abuse.
pub(super) async fn authenticate(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let client = request.extensions().get::<Client>().map(Client::key).unwrap_or_default();
    let now = state.clock.now();
    // Everybody counts as a stranger until the token has been looked up, which costs a question to the database.
    if let Some(rates) = &state.api.rates
        && let Err(wait) = rates.strangers.take(&client, now)
    {
        return ApiError::too_many(wait).into_response();
    }
    let viewer = match token(request.headers()) {
        Some(token) => state.services.viewer_of_token(token).await,
        None => Ok(Viewer::Anonymous),
    };
    let viewer = match viewer {
        Ok(viewer) => viewer,
        Err(error) => return ApiError::of("token", error).into_response(),
    };
    if let (Some(rates), Viewer::Program { token, .. }) = (&state.api.rates, &viewer) {
        rates.strangers.give_back(&client);
        if let Err(wait) = rates.programs.take(&token.to_string(), now) {
            return ApiError::too_many(wait).into_response();
        }
    }
    if !viewer.may_operate() {
        return ApiError::unauthorized().into_response();
    }
    request.extensions_mut().insert(viewer);
    let mut response = error::in_our_shape(next.run(request).await);
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(header::HeaderValue::from_static("no-store"));
    response
}

/// The token of `Authorization: Bearer …`, or what stands there without a scheme (contracts.md 0.6).
fn token(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return None,
        None => text,
    };
    Some(token).filter(|token| !token.is_empty())
}

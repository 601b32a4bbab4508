//! What operators and programs did, a line each: who, on which address, from which page. Never what they sent.

use axum::extract::Request;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::person::Viewer;

/// Functions of the console that change nothing although they are sent like those that do: forms are tried and shown as they are
/// filled in.
const HARMLESS: [&str; 3] = ["/api/try_", "/api/shape_", "/api/preview_"];

/// Writes the line for whatever may have changed something and was not refused.
pub(crate) async fn note(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let who = request.extensions().get::<Viewer>().and_then(id);
    let who = who.filter(|_| !request.method().is_safe() && !HARMLESS.iter().any(|it| path.starts_with(it)));
    let Some(who) = who else { return next.run(request).await };
    let (path, page) = (path.to_owned(), page(request.headers()));
    let response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        tracing::info!(who, path, page, status = status.as_u16(), "an operator did something");
    }
    response
}

/// The public id of an account or a token; neither is a secret.
fn id(viewer: &Viewer) -> Option<String> {
    match viewer {
        Viewer::Person(account) => Some(account.id.to_string()),
        Viewer::Program { token, .. } => Some(token.to_string()),
        Viewer::Anonymous | Viewer::System => None,
    }
}

/// The page of the console on which the form stood; it names what the form is about. Other pages have tokens in their addresses.
fn page(headers: &HeaderMap) -> Option<String> {
    let page: Uri = headers.get(header::REFERER)?.to_str().ok()?.parse().ok()?;
    Some(page.path().to_owned()).filter(|path| path.starts_with("/console"))
}

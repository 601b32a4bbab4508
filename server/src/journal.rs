//! What operators and programs did, a line each: who, on which address, from which page. Never what they sent.

use axum::extract::Request;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::person::Viewer;

use crate::config::Log;
use crate::telemetry;

/// Functions of the console that change nothing although they are sent like those that do: forms are tried and shown as they are
/// filled in.
const HARMLESS: [&str; 3] = ["/api/try_", "/api/shape_", "/api/preview_"];

/// Marks the answer to a form without scripts that was refused: it leads back to the page, which says why, and so looks like
/// one that was done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused;

/// Writes the line for whatever may have changed something and was not refused.
pub(crate) async fn note(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let who = request.extensions().get::<Viewer>().and_then(id);
    let who = who.filter(|_| !request.method().is_safe() && !HARMLESS.iter().any(|it| path.starts_with(it)));
    let Some(who) = who else { return next.run(request).await };
    let (path, page) = (path.to_owned(), page(request.headers()));
    let response = next.run(request).await;
    let status = response.status();
    let is_refused = status.is_client_error() || status.is_server_error();
    if !is_refused && response.extensions().get::<Refused>().is_none() {
        tracing::info!(who, path, page, status = status.as_u16(), "an operator did something");
    }
    response
}

/// Writes the line for what was done on the command line; `about` is the public id of what it was done to, or nothing. As the
/// server does, to standard error in the form that the configuration asks for.
pub(crate) fn note_command(log: &Log, command: &'static str, about: &str) {
    telemetry::init(log);
    tracing::info!(who = "command line", command, about, "an operator did something");
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

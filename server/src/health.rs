//! `/healthz` (the process answers) and `/readyz` (it can do its work).

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::time::SECOND;
use serde::Serialize;

use crate::router::AppState;

/// How old the scheduler's heartbeat may be, in milliseconds; it beats at least twice a second.
const FRESH: i64 = 15 * SECOND;

/// How long the database has to answer. Who asks waits a few seconds at most, and would take silence for a dead process.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// The answer of `/readyz`.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    checks: Vec<Part>,
}

/// One thing that must work. The sentence is for people who may not read the log, so it holds no details.
#[derive(Debug, Serialize)]
struct Part {
    name: &'static str,
    ok: bool,
    message: String,
}

/// Says that the process answers.
pub(crate) async fn healthz() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n")
}

/// Says whether everything works that the work needs; 503 when something does not.
pub(crate) async fn readyz(State(state): State<AppState>) -> Response {
    let (database, migrations) = database(&state).await;
    let checks = vec![database, migrations, scheduler(&state), recorder(&state)];
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(Readiness { ready, checks })).into_response()
}

async fn database(state: &AppState) -> (Part, Part) {
    let part = |name, ok, message: &str| Part { name, ok, message: message.to_owned() };
    let error = match tokio::time::timeout(ANSWER_WITHIN, state.db.schema()).await {
        Ok(Ok(schema)) => {
            let message = match (schema.problem(), schema.pending.len()) {
                (Some(problem), _) => format!("It does not fit: {problem}."),
                (None, 0) => "The schema is up to date.".to_owned(),
                (None, pending) => format!("{pending} migrations are pending; run pharos migrate."),
            };
            let database = part("database", true, "The database answers.");
            return (database, part("migrations", schema.is_current(), &message));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", ANSWER_WITHIN.as_secs()),
    };
    tracing::warn!(error, "the database does not answer");
    (
        part("database", false, "The database does not answer; the log says why."),
        part("migrations", false, "Nothing is known of the schema."),
    )
}

fn scheduler(state: &AppState) -> Part {
    let beat = state.vitals.heartbeat.load(Ordering::Relaxed);
    let now = state.services.now();
    let age = now.0 - beat;
    let (ok, message) = match (beat, age <= FRESH, state.vitals.stuck_for(now)) {
        (0, ..) => (false, "The scheduler has not begun.".to_owned()),
        (_, false, _) => (false, format!("The scheduler has been silent for {} s.", age / SECOND)),
        (_, true, Some(stuck)) => {
            (false, format!("Checks are due, and none has begun for {} s.", stuck / SECOND))
        }
        (_, true, None) => (true, "The scheduler goes round.".to_owned()),
    };
    Part { name: "scheduler", ok, message }
}

fn recorder(state: &AppState) -> Part {
    let failing = state.vitals.recorder_failing.load(Ordering::Relaxed);
    let message = if failing {
        let waiting = state.vitals.queued.load(Ordering::Relaxed);
        format!("Results cannot be recorded; {waiting} are waiting.")
    } else {
        "Results are recorded.".to_owned()
    };
    Part { name: "recorder", ok: !failing, message }
}

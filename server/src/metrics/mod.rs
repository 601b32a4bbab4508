//! `/metrics` in the text format of Prometheus (version 0.0.4), written by hand: a few families, no registry to keep.

mod exposition;
mod monitors;
mod telex;
mod uptime;

pub(crate) use uptime::Ratios;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::person::Viewer;
use domain::time::Timestamp;
use domain::views::console::MetricsRow;
use engine::services::ServiceError;
use subtle::ConstantTimeEq;

use crate::client::{Client, names_loopback};
use crate::config::{BaseUrl, Config};
use crate::router::AppState;

use exposition::{Exposition, Kind};

const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// The quantiles of lateness that are told.
const QUANTILES: [(f64, &str); 3] = [(0.5, "0.5"), (0.9, "0.9"), (0.99, "0.99")];

/// Tells the numbers to whoever holds the token, or without one asks from this machine: names of monitors are private.
pub(crate) async fn metrics(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Response {
    if !may_read(&state.config, &client, &headers) {
        let sentence = match &state.config.metrics.token {
            Some(_) => "metrics need the bearer token of metrics.token\n",
            None if is_elsewhere(&state.config) => {
                "set metrics.token, which metrics need beside server.base_url\n"
            }
            None => "metrics are for this machine only (http://localhost), until metrics.token is set\n",
        };
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], sentence).into_response();
    }
    let stored =
        stored(&state).await.inspect_err(|error| tracing::warn!(%error, "metrics without the database"));
    let mut text = Exposition::default();
    own(&mut text, &state);
    if let Some(telex) = &state.telex {
        telex::write(&mut text, telex);
    }
    text.family(
        "pharos_database_up",
        Kind::Gauge,
        "1 while the database answers; what it knows is left out otherwise.",
    );
    text.sample("pharos_database_up", &[], f64::from(u8::from(stored.is_ok())));
    if let Ok(stored) = &stored {
        let now = state.services.now();
        text.family("pharos_database_bytes", Kind::Gauge, "What the database takes on disk.");
        text.sample("pharos_database_bytes", &[], exposition::float(stored.bytes));
        telling(&mut text, stored.outbox, now);
        monitors::write(&mut text, &stored.monitors, &stored.shares, now);
    }
    ([(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], text.finish())
        .into_response()
}

/// What the database knows.
struct Stored {
    bytes: i64,
    monitors: Vec<MetricsRow>,
    /// How many messages wait, and since when the one that is due longest.
    outbox: (i64, Option<Timestamp>),
    shares: Arc<uptime::Shares>,
}

async fn stored(state: &AppState) -> Result<Stored, ServiceError> {
    let services = &state.services;
    Ok(Stored {
        bytes: state.db.size().await?,
        monitors: services.metrics_rows(&Viewer::System).await?,
        outbox: services.outbox(&Viewer::System).await?,
        shares: state.ratios.get(services).await?,
    })
}

fn may_read(config: &Config, client: &Client, headers: &HeaderMap) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let sent = sent.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    match (&config.metrics.token, sent) {
        (Some(token), Some(sent)) => token.expose().as_bytes().ct_eq(sent.as_bytes()).into(),
        // Whoever set a token may have a proxy on this machine, and what it passes on looks like a neighbour's.
        (Some(_), None) => false,
        // The shortest recipes of proxies add nothing by which what they pass on could be told from a neighbour's, and the operator of
        // a public address has one.
        (None, _) => client.is_local(headers) && !is_elsewhere(config),
    }
}

/// Whether people reach Pharos by another address than this machine's own.
fn is_elsewhere(config: &Config) -> bool {
    let host = config.server.base_url.as_ref().and_then(BaseUrl::host);
    host.is_some_and(|host| !names_loopback(host))
}

/// How far behind telling people is.
fn telling(text: &mut Exposition, (waiting, oldest): (i64, Option<Timestamp>), now: Timestamp) {
    let (waits, age) = ("pharos_outbox_waiting", "pharos_outbox_age_seconds");
    text.family(waits, Kind::Gauge, "Messages that are not delivered yet, those that are put off included.");
    text.sample(waits, &[], exposition::float(waiting));
    text.family(age, Kind::Gauge, "How long the message that is due longest has waited.");
    text.sample(age, &[], exposition::float(oldest.map_or(0, |oldest| now.since(oldest).max(0))) / 1e3);
}

/// The numbers of the program itself.
fn own(text: &mut Exposition, state: &AppState) {
    let vitals = &state.vitals;
    let now = state.services.now();

    text.family("pharos_build_info", Kind::Gauge, "The version that runs.");
    text.sample("pharos_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);

    for (name, help, counter) in [
        ("pharos_checks_started_total", "Checks that were started.", &vitals.started),
        ("pharos_checks_finished_total", "Checks that finished.", &vitals.finished),
        ("pharos_results_recorded_total", "Results that were recorded.", &vitals.recorded),
        (
            "pharos_results_dropped_total",
            "Results that were dropped because they could not be recorded.",
            &vitals.dropped,
        ),
    ] {
        text.family(name, Kind::Counter, help);
        text.sample(name, &[], exposition::float(counter.load(Ordering::Relaxed)));
    }
    for (name, help, gauge) in [
        ("pharos_checks_running", "Checks that run now.", &vitals.running),
        ("pharos_recorder_queue_length", "Results that wait to be recorded.", &vitals.queued),
        ("pharos_monitors_scheduled", "Monitors that this node checks.", &vitals.scheduled),
    ] {
        text.family(name, Kind::Gauge, help);
        text.sample(name, &[], exposition::float(gauge.load(Ordering::Relaxed)));
    }

    text.family("pharos_sockets", Kind::Gauge, "Open sockets, by who listens.");
    for (face, gauge) in [("public", &vitals.public_sockets), ("console", &vitals.console_sockets)] {
        text.sample("pharos_sockets", &[("face", face)], exposition::float(gauge.load(Ordering::Relaxed)));
    }

    let lateness = "pharos_check_lateness_seconds";
    text.family(lateness, Kind::Gauge, "How late checks began in the last one to two minutes.");
    for (quantile, label) in QUANTILES {
        if let Some(late_us) = vitals.lateness(quantile) {
            text.sample(lateness, &[("quantile", label)], exposition::float(late_us) / 1e6);
        }
    }

    let age = |at: i64| exposition::float(now.0 - at) / 1e3;
    text.family(
        "pharos_scheduler_heartbeat_age_seconds",
        Kind::Gauge,
        "How long ago the scheduler last went round.",
    );
    text.sample("pharos_scheduler_heartbeat_age_seconds", &[], age(vitals.heartbeat.load(Ordering::Relaxed)));
    text.family("pharos_recorder_failing", Kind::Gauge, "1 while results cannot be recorded.");
    text.sample(
        "pharos_recorder_failing",
        &[],
        f64::from(u8::from(vitals.recorder_failing.load(Ordering::Relaxed))),
    );
    let ahead = exposition::float(vitals.clock_ahead.load(Ordering::Relaxed)) / 1e3;
    let skew = "pharos_clock_ahead_seconds";
    text.family(skew, Kind::Gauge, "By how much the clock of this node is ahead of the database's.");
    text.sample(skew, &[], ahead);
    text.family("pharos_offline", Kind::Gauge, "1 while our own network reaches none of the anchors.");
    let offline = vitals.offline_since.load(Ordering::Relaxed) != 0;
    text.sample("pharos_offline", &[], f64::from(u8::from(offline)));
}

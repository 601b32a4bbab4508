//! What is done to a monitor from its page.

use domain::check::CheckReport;
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::id,
    crate::context::{Sent, request},
};

/// What the list says once after a monitor was deleted on a page without scripts, by the id of a form.
pub const DELETED: &str = "deleted";

/// Checks the monitor now, whatever its schedule says, and shows what was found.
#[server(endpoint = "test_monitor")]
pub async fn test_monitor(monitor: String) -> Result<CheckReport, AppError> {
    let request = request()?;
    let report = match id(&monitor) {
        Ok(id) => request.services.test_now(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    Sent::form("test")
        .on_page(format!("/console/monitors/{monitor}"))
        .answer_showing(report, |report, flash| flash.report = Some(Box::new(report.clone())))
}

/// Stops checking the monitor until it is resumed.
#[server(endpoint = "pause_monitor")]
pub async fn pause_monitor(monitor: String) -> Result<(), AppError> {
    let request = request()?;
    let paused = match id(&monitor) {
        Ok(id) => request.services.pause_monitor(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    Sent::form("pause").answer(paused)
}

/// Checks the monitor again.
#[server(endpoint = "resume_monitor")]
pub async fn resume_monitor(monitor: String) -> Result<(), AppError> {
    let request = request()?;
    let resumed = match id(&monitor) {
        Ok(id) => request.services.resume_monitor(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    Sent::form("pause").answer(resumed)
}

/// Gives the heartbeat another address; the old one answers 404.
#[server(endpoint = "renew_heartbeat")]
pub async fn renew_heartbeat(monitor: String) -> Result<(), AppError> {
    let request = request()?;
    let renewed = match id(&monitor) {
        Ok(id) => request.services.renew_heartbeat(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    Sent::form("renew").on_page(format!("/console/monitors/{monitor}")).answer(renewed)
}

/// Deletes the monitor and its history.
#[server(endpoint = "delete_monitor")]
pub async fn delete_monitor(monitor: String) -> Result<(), AppError> {
    let request = request()?;
    let deleted = match id(&monitor) {
        Ok(id) => request.services.delete_monitor(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    let sent = Sent::form(if deleted.is_ok() { DELETED } else { "delete-form" });
    sent.telling().answer_then(deleted, |()| "/console/monitors".to_owned())
}

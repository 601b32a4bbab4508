//! Adding, changing and trying a monitor by its form.

use domain::check::{CheckKind, CheckReport};
use domain::form::Form;
use domain::views::console::MonitorForm;
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::{complete, id, optional_id},
    crate::context::{Sent, request},
    domain::check::forget_secrets,
};

/// The id of the form in the page.
pub const FORM: &str = "monitor";
/// The page of a new monitor.
pub const NEW: &str = "/console/monitors/new";

/// What the form starts from; an empty `monitor` asks for a new one.
#[server(endpoint = "read_monitor_form", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_monitor_form(
    #[server(default)] monitor: String,
    kind: CheckKind,
) -> Result<MonitorForm, AppError> {
    let request = request()?;
    Ok(request.services.monitor_form(&request.viewer, optional_id(&monitor)?.as_ref(), kind).await?)
}

/// Adds a monitor and goes to its page. What the form of another kind held is in `kept`, for whoever goes back to that one.
#[server(endpoint = "add_monitor")]
pub async fn add_monitor(
    #[server(default)] form: Form,
    #[server(default)] unticked: Form,
    #[server(default)] kept: Form,
) -> Result<String, AppError> {
    let request = request()?;
    let form = complete(form, unticked);
    let added = request.services.add_monitor(&request.viewer, &form).await.map(String::from);
    sent(complete(form, kept)).answer_then(added, |id| format!("/console/monitors/{id}"))
}

/// Changes a monitor, if nobody else did since `version`, and goes to its page.
#[server(endpoint = "edit_monitor")]
pub async fn edit_monitor(
    monitor: String,
    version: i64,
    #[server(default)] form: Form,
    #[server(default)] unticked: Form,
) -> Result<(), AppError> {
    let request = request()?;
    let form = complete(form, unticked);
    let edited = match id(&monitor) {
        Ok(id) => request.services.edit_monitor(&request.viewer, &id, version, &form).await.map(drop),
        Err(error) => Err(error),
    };
    sent(form).answer_then(edited, |()| format!("/console/monitors/{monitor}"))
}

/// Checks what the form describes, without saving it; secrets that were not typed are those of `monitor`. Shows what was found.
#[server(endpoint = "try_form")]
pub async fn try_form(
    #[server(default)] monitor: String,
    #[server(default)] form: Form,
    #[server(default)] unticked: Form,
    #[server(default)] kept: Form,
) -> Result<CheckReport, AppError> {
    let request = request()?;
    let form = complete(form, unticked);
    let report = match optional_id(&monitor) {
        Ok(id) => request.services.try_form(&request.viewer, id.as_ref(), &form).await,
        Err(error) => Err(error),
    };
    sent(complete(form, kept))
        .answer_showing(report, |report, flash| flash.report = Some(Box::new(report.clone())))
}

/// Comes back with the fields of another kind, without saving: for pages without scripts.
#[server(endpoint = "choose_kind")]
pub async fn choose_kind(
    kind: CheckKind,
    #[server(default)] form: Form,
    #[server(default)] unticked: Form,
    #[server(default)] kept: Form,
) -> Result<(), AppError> {
    let request = request()?;
    if !request.viewer.may_operate() {
        return Err(AppError::Forbidden);
    }
    sent(complete(complete(form, unticked), kept)).on_page(format!("{NEW}?kind={kind}")).answer(Ok(()))
}

/// The form, to be shown again without the secrets that were typed.
#[cfg(feature = "ssr")]
fn sent(mut form: Form) -> Sent {
    let forgot = forget_secrets(&mut form);
    Sent::form(FORM).with_all(&form).forgetting(forgot)
}

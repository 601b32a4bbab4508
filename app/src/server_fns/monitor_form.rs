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
};

/// The id of the form in the page.
pub const FORM: &str = "monitor";

/// What the form starts from; an empty `monitor` asks for a new one.
#[server(endpoint = "read_monitor_form", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_monitor_form(
    #[server(default)] monitor: String,
    kind: CheckKind,
) -> Result<MonitorForm, AppError> {
    let request = request()?;
    Ok(request.services.monitor_form(&request.viewer, optional_id(&monitor)?.as_ref(), kind).await?)
}

/// Adds a monitor and goes to its page.
#[server(endpoint = "add_monitor")]
pub async fn add_monitor(
    #[server(default)] form: Form,
    #[server(default)] unticked: Form,
) -> Result<String, AppError> {
    let request = request()?;
    let form = complete(form, unticked);
    let added = request.services.add_monitor(&request.viewer, &form).await.map(String::from);
    Sent::form(FORM)
        .with_all(&without_secrets(&form))
        .answer_then(added, |id| format!("/console/monitors/{id}"))
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
    Sent::form(FORM)
        .with_all(&without_secrets(&form))
        .answer_then(edited, |()| format!("/console/monitors/{monitor}"))
}

/// Checks what the form describes, without saving it; secrets that were not typed are those of `monitor`. Shows what was found.
#[server(endpoint = "try_form")]
pub async fn try_form(
    #[server(default)] monitor: String,
    #[server(default)] form: Form,
    #[server(default)] unticked: Form,
) -> Result<CheckReport, AppError> {
    let request = request()?;
    let form = complete(form, unticked);
    let report = match optional_id(&monitor) {
        Ok(id) => request.services.try_form(&request.viewer, id.as_ref(), &form).await,
        Err(error) => Err(error),
    };
    Sent::form(FORM)
        .with_all(&without_secrets(&form))
        .answer_showing(report, |report, flash| flash.report = Some(Box::new(report.clone())))
}

/// The form as it may be kept and shown again.
#[cfg(feature = "ssr")]
fn without_secrets(form: &Form) -> Form {
    use domain::form::FieldKind;
    use domain::monitor_form::KIND;

    let kind = form.get(KIND).and_then(|kind| kind.parse::<CheckKind>().ok());
    let fields = kind.map_or(&[][..], CheckKind::fields);
    let is_secret = |name: &str| {
        fields.iter().any(|field| {
            field.name == name && matches!(field.kind, FieldKind::Secret | FieldKind::SecretArea)
        })
    };
    let plain = form.iter().filter(|(name, _)| !is_secret(name));
    plain.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_is_shown_again_holds_no_secret() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let form = Form::from([
            pair("kind", "http"),
            pair("url", "https://a.example"),
            pair("password", "hunter22"),
        ]);
        let kept = without_secrets(&form);
        assert_eq!(kept.len(), 2, "{kept:?}");
        assert!(!kept.contains_key("password"));
    }
}

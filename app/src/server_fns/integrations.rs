//! Integrations: the list, one integration's form, trying it, and removing it.

use domain::alert::AlertKind;
use domain::form::Form;
use domain::integration::ProviderKind;
use domain::views::console::{
    CustomPreview, IntegrationForm, IntegrationRow, IntegrationTrial, ListQuery, Listed,
};
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::{complete, id, optional_id},
    crate::context::{Sent, is_local, request},
    engine::services::telling::Changes,
};

/// The id of the form in the page.
pub const FORM: &str = "integration";
/// The value with the number that a code was sent to, in the flash of a page without scripts.
pub const CODE_SENT: &str = "code_sent";

/// A page of the list.
#[server(endpoint = "read_integrations", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_integrations(
    #[server(default)] query: ListQuery,
) -> Result<Listed<IntegrationRow>, AppError> {
    let request = request()?;
    Ok(request.services.integration_list(&request.viewer, &query).await?)
}

/// What the form starts from; an empty `integration` asks for a new one of `kind`.
#[server(endpoint = "read_integration", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_integration(
    #[server(default)] integration: String,
    kind: ProviderKind,
) -> Result<IntegrationForm, AppError> {
    let request = request()?;
    let id = optional_id(&integration)?;
    Ok(request.services.integration_form(&request.viewer, id.as_ref(), kind).await?)
}

/// Whether there is an app at Slack, so that channels are added with two clicks.
#[server(endpoint = "read_slack", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_slack() -> Result<bool, AppError> {
    let request = request()?;
    if request.viewer.may_operate() { Ok(request.slack) } else { Err(AppError::Forbidden) }
}

/// Adds an integration and goes to its page, or to `next`.
#[server(endpoint = "add_integration")]
pub async fn add_integration(
    kind: ProviderKind,
    #[server(default)] next: String,
    #[server(default)] form: Form,
    #[server(default)] unticked: Form,
) -> Result<String, AppError> {
    let request = request()?;
    let form = complete(form, unticked);
    let added = request.services.add_proven_integration(&request.viewer, kind, &form).await.map(String::from);
    sent_form(kind, &form).answer_then(added, |id| {
        if is_local(&next) { next } else { format!("/console/integrations/{id}?added=true") }
    })
}

/// Changes an integration.
#[server(endpoint = "edit_integration")]
pub async fn edit_integration(
    integration: String,
    kind: ProviderKind,
    #[server(default)] form: Form,
    #[server(default)] unticked: Form,
) -> Result<(), AppError> {
    let request = request()?;
    let form = complete(form, unticked);
    let edited = match id(&integration) {
        Ok(id) => request.services.edit_proven_integration(&request.viewer, &id, &form).await,
        Err(error) => Err(error),
    };
    sent_form(kind, &form).answer_then(edited, |()| "/console/integrations".to_owned())
}

/// Sends an example with the fields as they are, saved or not, and shows everything that was sent and answered. Secrets that
/// were not typed are those of `integration`.
#[server(endpoint = "try_integration")]
pub async fn try_integration(
    #[server(default)] integration: String,
    kind: ProviderKind,
    #[server(default)] example: Option<AlertKind>,
    #[server(default)] form: Form,
    #[server(default)] unticked: Form,
) -> Result<IntegrationTrial, AppError> {
    let request = request()?;
    let form = complete(form, unticked);
    let example = example.unwrap_or(AlertKind::Error);
    let trial = match optional_id(&integration) {
        Ok(id) => {
            let services = &request.services;
            services.try_integration(&request.viewer, id.as_ref(), kind, &form, example).await
        }
        Err(error) => Err(error),
    };
    sent_form(kind, &form)
        .with("example", example.as_str())
        .answer_showing(trial, |trial, flash| flash.trial = Some(Box::new(trial.clone())))
}

/// Sends a code to the phone number in the form; answers with the number.
#[server(endpoint = "send_code")]
pub async fn send_code(
    kind: ProviderKind,
    #[server(default)] form: Form,
    #[server(default)] unticked: Form,
) -> Result<String, AppError> {
    let request = request()?;
    let form = complete(form, unticked);
    let number = form.get("phone_number").cloned().unwrap_or_default();
    let sent = request.services.send_code_to(&request.viewer, &number).await;
    sent_form(kind, &form).answer_showing(sent, |number, flash| {
        flash.values.insert(CODE_SENT.to_owned(), number.clone());
    })
}

/// What a definition of a custom integration would send, as it stands in the form. Secrets that were not typed are those of
/// `integration`; none is answered.
#[server(endpoint = "preview_custom", output = crate::codec::Answer)]
pub async fn preview_custom(
    #[server(default)] integration: String,
    #[server(default)] definition: String,
) -> Result<CustomPreview, AppError> {
    let request = request()?;
    let id = optional_id(&integration)?;
    Ok(request.services.preview_custom(&request.viewer, id.as_ref(), &definition).await?)
}

/// Uses an integration, or lets it rest. Whoever names it goes on naming it.
#[server(endpoint = "switch_integration")]
pub async fn switch_integration(
    integration: String,
    #[server(default)] enabled: bool,
) -> Result<(), AppError> {
    let request = request()?;
    let changes = Changes { enabled: Some(enabled), ..Changes::default() };
    let switched = match id(&integration) {
        Ok(id) => request.services.change_integration(&request.viewer, &id, &changes).await,
        Err(error) => Err(error),
    };
    Sent::form(format!("switch-{integration}")).answer(switched)
}

/// Removes an integration with its log.
#[server(endpoint = "delete_integration")]
pub async fn delete_integration(integration: String) -> Result<(), AppError> {
    let request = request()?;
    let deleted = match id(&integration) {
        Ok(id) => request.services.delete_integration(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    Sent::form("delete-integration").answer_then(deleted, |()| "/console/integrations".to_owned())
}

/// The form, to be shown again without the secrets that were typed.
#[cfg(feature = "ssr")]
fn sent_form(kind: ProviderKind, form: &Form) -> Sent {
    let plain = without_secrets(kind, form);
    let forgot = form.iter().any(|(name, value)| !value.is_empty() && !plain.contains_key(name));
    Sent::form(FORM).with_all(&plain).forgetting(forgot)
}

/// The form as it may be kept and shown again.
#[cfg(feature = "ssr")]
fn without_secrets(kind: ProviderKind, form: &Form) -> Form {
    use domain::form::FieldKind;

    let is_secret = |name: &str| {
        kind.fields().iter().any(|field| {
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
    fn an_address_with_a_token_in_it_is_not_kept() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let form = Form::from([pair("name", "Ops"), pair("url", "https://example.org/hooks/s3cret")]);
        let kept = without_secrets(ProviderKind::Webhook, &form);
        assert_eq!(kept, Form::from([pair("name", "Ops")]));
    }
}

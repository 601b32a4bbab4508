//! Alert definitions, and stopping all telling.

use domain::form::Form;
use domain::views::console::{
    DefinitionForm, DefinitionRow, IntegrationChoice, ListQuery, Listed, MonitorChoices,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::chosen::{Chosen, look_for},
    super::{id, optional_id},
    crate::context::{Request, Sent, request},
    domain::definition_form,
    domain::form::FieldError,
    domain::id::MonitorId,
    domain::views::console::{MONITORS_SHOWN, Naming},
    engine::services::ServiceError,
};

/// The id of the form in the page.
pub const FORM: &str = "definition";
/// The value that holds the version of the definition that a form that came back was read with.
pub const VERSION: &str = "version";

/// A page of definitions, and whether all telling is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definitions {
    /// The default one first.
    pub list: Listed<DefinitionRow>,
    /// What their levels name.
    pub integrations: Vec<IntegrationChoice>,
    /// Whether all telling is stopped.
    pub all_stop: bool,
}

/// A page of the list.
#[server(endpoint = "read_definitions", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_definitions(#[server(default)] query: ListQuery) -> Result<Definitions, AppError> {
    let request = request()?;
    let (services, viewer) = (&request.services, &request.viewer);
    let (list, integrations) = services.definition_list(viewer, &query).await?;
    Ok(Definitions { list, integrations, all_stop: services.telling_health(viewer).await?.all_stop })
}

/// What the editor starts from; an empty `definition` asks for a new one. With the monitors that a search leaves.
#[server(endpoint = "read_definition", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_definition(
    #[server(default)] definition: String,
    #[server(default)] search: String,
) -> Result<(DefinitionForm, MonitorChoices), AppError> {
    let request = request()?;
    let id = optional_id(&definition)?;
    let form = request.services.definition_form(&request.viewer, id.as_ref(), MONITORS_SHOWN).await?;
    let of = id.map(Naming::Definition);
    Ok((form, request.services.monitor_choices(&request.viewer, &search, of.as_ref()).await?))
}

/// Adds a definition, or changes one if nobody else did since `version`, and goes to the list. The form of one that names many monitors
/// shows some of them: those whose ids are in `said`, between commas, are as it says, and the others stay. With `look` nothing is saved:
/// the page comes back with the monitors that `find` leaves.
#[server(endpoint = "save_definition")]
pub async fn save_definition(
    #[server(default)] definition: String,
    #[server(default)] version: i64,
    #[server(default)] form: Form,
    #[server(default)] monitors: Vec<String>,
    #[server(default)] said: String,
    #[server(default)] find: String,
    #[server(default)] look: bool,
) -> Result<(), AppError> {
    let request = request()?;
    let chosen = Chosen::read(&request, naming(&definition), &monitors, &said).await?;
    if look {
        return look_for(&request, &find, sent(&request, version, form, &chosen).await);
    }
    let saved = save(&request, &definition, version, &form, &monitors, &chosen).await;
    sent(&request, version, form, &chosen).await.answer_then(saved, |()| "/console/alerts".to_owned())
}

/// Adds a level to a form, or removes one (`remove-0`), without saving: for pages without scripts.
#[server(endpoint = "shape_definition")]
pub async fn shape_definition(
    #[server(default)] shape: String,
    #[server(default)] definition: String,
    #[server(default)] version: i64,
    #[server(default)] form: Form,
    #[server(default)] monitors: Vec<String>,
    #[server(default)] said: String,
) -> Result<(), AppError> {
    let request = request()?;
    if !request.viewer.may_operate() {
        return Err(AppError::Forbidden);
    }
    let mut form = form;
    match shape.strip_prefix("remove-").and_then(|level| level.parse().ok()) {
        Some(level) => definition_form::remove_level(&mut form, level),
        None => definition_form::add_level(&mut form),
    }
    let chosen = Chosen::read(&request, naming(&definition), &monitors, &said).await?;
    sent(&request, version, form, &chosen).await.answer(Ok(()))
}

/// Removes a definition; its monitors go back to the default one.
#[server(endpoint = "delete_definition")]
pub async fn delete_definition(definition: String) -> Result<(), AppError> {
    let request = request()?;
    let deleted = match id(&definition) {
        Ok(id) => request.services.delete_definition(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    Sent::form("delete-definition").answer_then(deleted, |()| "/console/alerts".to_owned())
}

/// Stops all telling until somebody starts it again, or starts it again.
#[server(endpoint = "set_all_stop")]
pub async fn set_all_stop(#[server(default)] stop: bool) -> Result<(), AppError> {
    let request = request()?;
    Sent::form("all-stop").answer(request.services.set_all_stop(&request.viewer, stop).await)
}

#[cfg(feature = "ssr")]
async fn save(
    request: &Request,
    definition: &str,
    version: i64,
    form: &Form,
    monitors: &[String],
    chosen: &Chosen,
) -> Result<(), ServiceError> {
    let definition = optional_id(definition)?;
    for monitor in monitors {
        id::<MonitorId>(monitor)?;
    }
    let (draft, mut errors) = definition_form::from_form(form, chosen.all.clone());
    if !errors.is_empty() {
        draft.examine(&mut errors);
        // Nobody should have to mend the numbers to learn of that.
        if definition.is_none() && draft.monitors.is_empty() {
            errors.push(FieldError::new("monitors", "Please choose the monitors that it is for."));
        }
        return Err(ServiceError::Invalid(errors));
    }
    let edited = definition.as_ref().map(|id| (id, version));
    let origins = definition_form::origins(form);
    let saved = request.services.save_levels(&request.viewer, edited, &draft, &origins).await;
    saved.map(drop).map_err(super::without_places)
}

/// What was sent, to be shown again without the secrets that were typed; a mask is none.
#[cfg(feature = "ssr")]
async fn sent(request: &Request, version: i64, mut form: Form, chosen: &Chosen) -> Sent {
    // Without them nothing is known to be no secret.
    let choices = request.services.integration_choices(&request.viewer).await.unwrap_or_default();
    let typed = form.clone();
    definition_form::forget_secrets(&mut form, &choices);
    let sent = Sent::form(FORM).with_all(&form).forgetting(form != typed).with(VERSION, version.to_string());
    chosen.keep(request, sent).await
}

/// What names the monitors; nothing for a new definition.
#[cfg(feature = "ssr")]
fn naming(definition: &str) -> Option<Naming> {
    definition.parse().ok().map(Naming::Definition)
}

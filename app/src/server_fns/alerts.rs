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
    super::{id, optional_id},
    crate::context::{Request, Sent, request},
    domain::definition_form,
    domain::form::FieldError,
    domain::id::MonitorId,
    domain::views::console::{MONITORS_SHOWN, Named},
    engine::services::ServiceError,
    std::collections::HashSet,
};

/// The id of the form in the page.
pub const FORM: &str = "definition";
/// The value that holds the monitors that were chosen in a form that came back, each with its name: JSON of `Vec<Named<MonitorId>>`.
pub const CHOSEN: &str = "chosen";
/// The value that a form of a definition has that comes back and shows a part of its monitors: the ids of those that it takes away, between
/// commas. The others that it named are ticked, beside those in [`CHOSEN`].
pub const REMOVED: &str = "removed";
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
    Ok((form, request.services.monitor_choices(&request.viewer, &search, id.as_ref()).await?))
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
    let chosen = Chosen::read(&request, &definition, &monitors, &said).await?;
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
    let chosen = Chosen::read(&request, &definition, &monitors, &said).await?;
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

/// Answers with what was sent and the monitors that a search leaves.
#[cfg(feature = "ssr")]
pub(super) fn look_for(request: &Request, find: &str, sent: Sent) -> Result<(), AppError> {
    if !request.viewer.may_operate() {
        return Err(AppError::Forbidden);
    }
    sent.finding(find).answer(Ok(()))
}

/// The monitors that were ticked, with their names: the page may offer others when it comes back.
#[cfg(feature = "ssr")]
pub(super) async fn ticked(request: &Request, monitors: &[String]) -> String {
    let ids: Vec<MonitorId> = monitors.iter().filter_map(|monitor| monitor.parse().ok()).collect();
    let named = request.services.monitor_names(&request.viewer, &ids).await.unwrap_or_default();
    // One that is gone is told by its id.
    let name = |id: &MonitorId| {
        let known = named.iter().find(|one| one.id == *id);
        known.map_or_else(|| id.to_string(), |one| one.name.clone())
    };
    let all: Vec<_> = ids.into_iter().map(|id| Named { name: name(&id), id }).collect();
    serde_json::to_string(&all).unwrap_or_default()
}

/// What a form says of the monitors of a definition.
#[cfg(feature = "ssr")]
struct Chosen {
    /// All that it names when the form is saved.
    all: Vec<MonitorId>,
    /// Those that are ticked, without those that it names in any case when the form shows a part of them.
    ticked: Vec<String>,
    /// Those that it named and that the form takes away; `None` when the form shows all.
    removed: Option<Vec<MonitorId>>,
}

#[cfg(feature = "ssr")]
impl Chosen {
    /// # Errors
    /// When what the definition names cannot be read: what the form does not show would be lost.
    async fn read(
        request: &Request,
        definition: &str,
        monitors: &[String],
        said: &str,
    ) -> Result<Self, ServiceError> {
        let ticked: Vec<MonitorId> = monitors.iter().filter_map(|monitor| monitor.parse().ok()).collect();
        let whole = Self { all: ticked.clone(), ticked: monitors.to_vec(), removed: None };
        let (false, Ok(id)) = (said.is_empty(), definition.parse()) else { return Ok(whole) };
        let named = match request.services.monitors_of_definition(&request.viewer, &id).await {
            Ok(named) => named,
            // To save it is refused with words.
            Err(ServiceError::NotFound) => return Ok(whole),
            Err(error) => return Err(error),
        };
        let said: HashSet<MonitorId> = said.split(',').filter_map(|id| id.parse().ok()).collect();
        let ticked: HashSet<MonitorId> = ticked.into_iter().collect();
        let known: HashSet<&MonitorId> = named.iter().collect();
        let added: Vec<_> = ticked.iter().filter(|id| !known.contains(id)).cloned().collect();
        let (removed, kept): (Vec<_>, Vec<_>) =
            named.into_iter().partition(|id| said.contains(id) && !ticked.contains(id));
        Ok(Self {
            ticked: added.iter().map(ToString::to_string).collect(),
            all: kept.into_iter().chain(added).collect(),
            removed: Some(removed),
        })
    }
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
    let sent = Sent::form(FORM)
        .with_all(&form)
        .forgetting(form != typed)
        .with(CHOSEN, ticked(request, &chosen.ticked).await)
        .with(VERSION, version.to_string());
    match &chosen.removed {
        Some(removed) => {
            sent.with(REMOVED, removed.iter().map(MonitorId::as_str).collect::<Vec<_>>().join(","))
        }
        None => sent,
    }
}

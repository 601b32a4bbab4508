//! Components of the status page.

#![expect(clippy::too_many_arguments, reason = "one for each field of a form")]

use domain::views::console::Move;
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::alerts::VERSION,
    super::chosen::{CHOSEN, look_for, ticked},
    super::page::PATH,
    super::{id, optional_id},
    crate::components::listing::address,
    crate::context::{Request, Sent, request},
    domain::status_page::ComponentState,
    domain::views::console::ComponentDraft,
    engine::services::ServiceError,
};

/// The line that adds a component to those that stand in no group.
#[cfg(feature = "ssr")]
const LOOSE: &str = "add-component-";

/// Adds a component at the end of a group; an empty `group` is none, an empty `monitor` follows nothing yet. When it does not stand on the
/// page `at` of the list, the browser goes on to the one where it does. With `look` nothing is saved: the page comes back with the monitors
/// that `find` leaves.
#[server(endpoint = "add_component")]
pub async fn add_component(
    #[server(default)] name: String,
    #[server(default)] group: String,
    #[server(default)] monitor: String,
    #[server(default)] at: u32,
    #[server(default)] find: String,
    #[server(default)] look: bool,
) -> Result<(), AppError> {
    let request = request()?;
    let form = format!("add-component-{group}");
    let monitors: Vec<_> = Some(monitor).filter(|monitor| !monitor.is_empty()).into_iter().collect();
    let sent = Sent::form(&form).with("name", &name).with(CHOSEN, ticked(&request, &monitors).await);
    if look {
        return look_for(&request, &find, sent);
    }
    let added = match draft(name, String::new(), &group, &monitors, true, true) {
        Ok(draft) => request.services.add_component(&request.viewer, &draft).await,
        Err(error) => Err(error),
    };
    let added = match added {
        Ok(added) => added,
        // The line of a group that is gone is, too: what was typed comes back where those stand that are in none.
        Err(ServiceError::Invalid(errors)) if errors.iter().any(|error| error.field == "group") => {
            let first = format!("{PATH}#{LOOSE}");
            return sent.of_form(LOOSE).on_page(first).answer(Err(ServiceError::Invalid(errors)));
        }
        Err(error) => return sent.answer(Err(error)),
    };
    // The line is empty for the next one.
    match elsewhere(&request, added.as_str(), at).await {
        Some(page) => Sent::form(&form).answer_then(Ok(()), |()| format!("{page}#{form}")),
        None => Sent::form(form).answer(Ok(())),
    }
}

/// Changes a component, and goes back to the list: to what `q` leaves of it, at the page `at`, or else to the page where the component
/// stands. Unticked boxes and an empty choice of monitors are not sent. With `look` nothing is saved: the page comes back with the monitors
/// that `find` leaves.
#[server(endpoint = "edit_component")]
pub async fn edit_component(
    component: String,
    #[server(default)] version: String,
    #[server(default)] name: String,
    #[server(default)] description: String,
    #[server(default)] group: String,
    #[server(default)] monitors: Vec<String>,
    #[server(default)] show_uptime: bool,
    #[server(default)] show_latency: bool,
    #[server(default)] q: String,
    #[server(default)] at: u32,
    #[server(default)] find: String,
    #[server(default)] look: bool,
) -> Result<(), AppError> {
    let request = request()?;
    let sent = Sent::form(format!("edit-{component}"))
        .with("name", &name)
        .with("description", &description)
        .with("group", &group)
        .with("show_uptime", show_uptime.to_string())
        .with("show_latency", show_latency.to_string())
        .with(CHOSEN, ticked(&request, &monitors).await);
    // A form that names none is not bound to one.
    let sent = if version.is_empty() { sent } else { sent.with(VERSION, &version) };
    if look {
        return look_for(&request, &find, sent);
    }
    let drafted = draft(name, description, &group, &monitors, show_uptime, show_latency);
    let edited = match id(&component).and_then(|id| Ok((id, drafted?))) {
        Ok((id, draft)) => {
            let version = Some(version.as_str()).filter(|version| !version.is_empty());
            request.services.edit_component(&request.viewer, &id, version, &draft).await
        }
        Err(error) => Err(error),
    };
    let list = address(PATH, &q, at);
    let page = if q.is_empty() { elsewhere(&request, &component, at).await } else { None };
    sent.answer_then(edited, |()| page.unwrap_or(list))
}

/// Moves a component one place up or down within its group. When that takes it to another page of the list than `at`, the browser follows.
#[server(endpoint = "move_component")]
pub async fn move_component(component: String, to: Move, #[server(default)] at: u32) -> Result<(), AppError> {
    let request = request()?;
    let moved = match id(&component) {
        Ok(id) => request.services.move_component(&request.viewer, &id, to).await,
        Err(error) => Err(error),
    };
    let form = format!("move-{component}");
    match elsewhere(&request, &component, at).await.filter(|_| moved.is_ok()) {
        Some(page) => Sent::form(&form).answer_then(moved, |()| format!("{page}#{form}")),
        None => Sent::form(form).answer(moved),
    }
}

/// Deletes a component and its history, and goes back to what `q` leaves of the list, at the page `at`.
#[server(endpoint = "delete_component")]
pub async fn delete_component(
    component: String,
    #[server(default)] q: String,
    #[server(default)] at: u32,
) -> Result<(), AppError> {
    let request = request()?;
    let deleted = match id(&component) {
        Ok(id) => request.services.delete_component(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    Sent::form(format!("delete-{component}")).answer_then(deleted, |()| address(PATH, &q, at))
}

/// Sets a component's state by hand; an empty `state` releases it.
#[server(endpoint = "set_state")]
pub async fn set_state(component: String, #[server(default)] state: String) -> Result<(), AppError> {
    let request = request()?;
    let wanted = id(&component).and_then(|id| Ok((id, by_hand(&state)?)));
    let set = match wanted {
        Ok((id, state)) => request.services.set_state(&request.viewer, &id, state).await,
        Err(error) => Err(error),
    };
    Sent::form(format!("state-{component}")).answer(set)
}

/// The page of the list where a component stands, when that is not the page `at`. Nobody who names no page is led anywhere.
#[cfg(feature = "ssr")]
async fn elsewhere(request: &Request, component: &str, at: u32) -> Option<String> {
    let page = request.services.component_page(&request.viewer, &component.parse().ok()?).await.ok()?;
    (at > 0 && page != at).then(|| address(PATH, "", page))
}

#[cfg(feature = "ssr")]
fn by_hand(state: &str) -> Result<Option<ComponentState>, ServiceError> {
    if state.is_empty() {
        return Ok(None);
    }
    let known = ComponentState::from_word(state).filter(|state| ComponentState::BY_HAND.contains(state));
    known.map(Some).ok_or_else(|| ServiceError::invalid("state", "Choose one of the states."))
}

#[cfg(feature = "ssr")]
fn draft(
    name: String,
    description: String,
    group: &str,
    monitors: &[String],
    show_uptime: bool,
    show_latency: bool,
) -> Result<ComponentDraft, ServiceError> {
    let monitors = monitors.iter().map(|monitor| id(monitor)).collect::<Result<_, _>>()?;
    Ok(ComponentDraft { name, description, group: optional_id(group)?, monitors, show_uptime, show_latency })
}

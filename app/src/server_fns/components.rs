//! Components of the status page.

#![expect(clippy::too_many_arguments, reason = "one for each field of a form")]

use domain::views::console::Move;
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::alerts::{CHOSEN, VERSION, look_for, ticked},
    super::{id, optional_id},
    crate::context::{Sent, request},
    domain::status_page::ComponentState,
    domain::views::console::ComponentDraft,
    engine::services::ServiceError,
};

/// Adds a component at the end of a group; an empty `group` is none, an empty `monitor` follows nothing yet. With `look` nothing is
/// saved: the page comes back with the monitors that `find` leaves.
#[server(endpoint = "add_component")]
pub async fn add_component(
    #[server(default)] name: String,
    #[server(default)] group: String,
    #[server(default)] monitor: String,
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
        Ok(draft) => request.services.add_component(&request.viewer, &draft).await.map(drop),
        Err(error) => Err(error),
    };
    // The line is empty for the next one.
    if added.is_ok() { Sent::form(form).answer(added) } else { sent.answer(added) }
}

/// Changes a component. Unticked boxes and an empty choice of monitors are not sent. With `look` nothing is saved: the page comes back
/// with the monitors that `find` leaves.
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
    sent.answer_then(edited, |()| "/console/page".to_owned())
}

/// Moves a component one place up or down within its group.
#[server(endpoint = "move_component")]
pub async fn move_component(component: String, to: Move) -> Result<(), AppError> {
    let request = request()?;
    let moved = match id(&component) {
        Ok(id) => request.services.move_component(&request.viewer, &id, to).await,
        Err(error) => Err(error),
    };
    Sent::form(format!("move-{component}")).answer(moved)
}

/// Deletes a component and its history.
#[server(endpoint = "delete_component")]
pub async fn delete_component(component: String) -> Result<(), AppError> {
    let request = request()?;
    let deleted = match id(&component) {
        Ok(id) => request.services.delete_component(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    Sent::form(format!("delete-{component}")).answer_then(deleted, |()| "/console/page".to_owned())
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

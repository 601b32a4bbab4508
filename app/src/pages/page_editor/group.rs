//! A group of components.

use domain::views::console::{ComponentRow, GroupRow, MonitorChoice};
use leptos::prelude::*;

use super::Again;
use super::component::Row;
use crate::components::form::{FormState, SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::confirm::{Ask, Confirm};
use crate::server_fns::components::AddComponent;
use crate::server_fns::groups::{AddGroup as AddGroupCall, DeleteGroup, MoveGroup, RenameGroup};

/// A group, or the components that stand in none.
#[component]
pub(super) fn GroupCard(
    group: Option<GroupRow>,
    components: Vec<ComponentRow>,
    monitors: Vec<MonitorChoice>,
    first: bool,
    last: bool,
) -> impl IntoView {
    let name = group.as_ref().map_or_else(|| "Without a group".to_owned(), |group| group.name.clone());
    let id = group.as_ref().map_or_else(String::new, |group| group.id.to_string());
    let end = components.len().saturating_sub(1);
    let rows = components.into_iter().enumerate().map(|(i, component)| view! { <Row component first=i == 0 last=i == end/> });
    view! {
        <section class="card flush" aria-label=format!("Group {name}")>
            <header><h2>{name.clone()}</h2>{group.map(|group| view! { <GroupActions group first last/> })}</header>
            <ul class="sortable">{rows.collect_view()}</ul>
            <AddRow group=id name monitors/>
        </section>
    }
}

/// What is done to a group.
#[component]
fn GroupActions(group: GroupRow, first: bool, last: bool) -> impl IntoView {
    let again = expect_context::<Again>();
    let (shift, delete) = (ServerAction::<MoveGroup>::new(), ServerAction::<DeleteGroup>::new());
    again.after(shift);
    again.after(delete);
    let id = group.id.to_string();
    let dialog = format!("delete-group-{id}");
    view! {
        <span class="button-row">
            <Rename group=group.clone()/>
            <SendForm action=shift id=format!("move-{id}") class="move">
                <input type="hidden" name="group" value=id.clone()/>
                <button class="button quiet small icon-only" name="to" value="up" disabled=first aria-label=format!("Move {} up", group.name)><Icon name="arrow-up"/></button>
                <button class="button quiet small icon-only" name="to" value="down" disabled=last aria-label=format!("Move {} down", group.name)><Icon name="arrow-down"/></button>
            </SendForm>
            <Ask dialog=dialog.clone() class="button quiet small icon-only" label=format!("Delete {}", group.name)><Icon name="trash"/></Ask>
        </span>
        <Confirm id=dialog title=format!("Delete the group “{}”?", group.name) text="Its components stay on the page, without a group.">
            <SendForm action=delete id=format!("delete-{id}") class="">
                <input type="hidden" name="group" value=id/>
                <Submit class="button danger solid">{format!("Delete {}", group.name)}</Submit>
            </SendForm>
        </Confirm>
    }
}

/// The name of a group, to be changed in place.
#[component]
fn Rename(group: GroupRow) -> impl IntoView {
    let rename = ServerAction::<RenameGroup>::new();
    expect_context::<Again>().after(rename);
    let id = group.id.to_string();
    view! {
        <details class="rename">
            <summary class="button quiet small">"Rename"</summary>
            <SendForm action=rename id=format!("rename-{id}") class="add-row">
                <input type="hidden" name="group" value=id/>
                <NameInput label=format!("New name of {}", group.name) placeholder="" value=group.name/>
                <Submit class="button">"Save"</Submit>
            </SendForm>
        </details>
    }
}

/// A line that adds a component.
#[component]
fn AddRow(group: String, name: String, monitors: Vec<MonitorChoice>) -> impl IntoView {
    let add = ServerAction::<AddComponent>::new();
    expect_context::<Again>().after(add);
    view! {
        <SendForm action=add id=format!("add-component-{group}") class="add-row">
            <input type="hidden" name="group" value=group/>
            <NameInput label=format!("Name of the new component in {name}") placeholder="New component"/>
            <select class="input" name="monitor" aria-label="Follows">
                <option value="">"Follows no monitor"</option>
                {monitors.into_iter().map(|monitor| view! { <option value=monitor.id.to_string()>{monitor.name}</option> }).collect_view()}
            </select>
            <Submit class="button"><Icon name="plus"/>"Add"</Submit>
        </SendForm>
    }
}

/// A card that adds a group.
#[component]
pub(super) fn AddGroup() -> impl IntoView {
    let add = ServerAction::<AddGroupCall>::new();
    expect_context::<Again>().after(add);
    view! {
        <section class="card flush" aria-label="New group">
            <SendForm action=add id="add-group" class="add-row">
                <NameInput label="Name of the new group" placeholder="New group"/>
                <Submit class="button"><Icon name="folder"/>"Add group"</Submit>
            </SendForm>
        </section>
    }
}

/// A name in a line; what is wrong with it stands below.
#[component]
fn NameInput(
    #[prop(into)] label: String,
    placeholder: &'static str,
    #[prop(optional)] value: String,
) -> impl IntoView {
    let state = FormState::here();
    let error = state.error_of("name");
    view! {
        <div class="field">
            <input class="input" name="name" value=state.value("name", value) aria-label=label placeholder=placeholder
                aria-invalid=move || error.with(Option::is_some).then_some("true")/>
            {move || error.get().map(|error| view! { <p class="error"><Icon name="alert"/>{error}</p> })}
        </div>
    }
}

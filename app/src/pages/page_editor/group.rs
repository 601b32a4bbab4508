//! A group of components.

use std::collections::BTreeSet;

use domain::views::console::{ComponentRow, GroupRow, MonitorChoice};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::component::Row;
use crate::call::Call;
use crate::components::again::Again;
use crate::components::choices::{Choices, PlainFind, chosen, twins};
use crate::components::confirm::{Ask, Confirm};
use crate::components::form::{FormState, SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::leave::Guard;
use crate::flash;
use crate::server_fns::alerts::CHOSEN;
use crate::server_fns::components::AddComponent;
use crate::server_fns::groups::{AddGroup as AddGroupCall, DeleteGroup, MoveGroup, RenameGroup};

/// The groups whose line for a new component is open, while the page is read again and again.
#[derive(Clone, Copy)]
pub(super) struct Unfolded(pub(super) RwSignal<BTreeSet<String>>);

/// A group, or the components that stand in none.
#[component]
pub(super) fn GroupCard(
    group: Option<GroupRow>,
    components: Vec<ComponentRow>,
    first: bool,
    last: bool,
) -> impl IntoView {
    let name = group.as_ref().map_or_else(|| "Without a group".to_owned(), |group| group.name.clone());
    let id = group.as_ref().map_or_else(String::new, |group| group.id.to_string());
    let (end, empty) = (components.len().saturating_sub(1), components.is_empty());
    let rows = components
        .into_iter()
        .enumerate()
        .map(|(i, component)| view! { <Row component first=i == 0 last=i == end/> });
    let (label, title) = (format!("Group {name}"), name.clone());
    view! {
        <section class="card flush" aria-label=label>
            <header><h2>{title}</h2>{group.map(|group| view! { <GroupActions group first last/> })}</header>
            <ul class="sortable">{rows.collect_view()}</ul>
            <AddRow group=id name empty/>
        </section>
    }
}

/// What is done to a group.
#[component]
fn GroupActions(group: GroupRow, first: bool, last: bool) -> impl IntoView {
    let again = expect_context::<Again>();
    let (shift, delete) = (Call::to::<MoveGroup>(), Call::to::<DeleteGroup>());
    again.after(shift);
    again.after(delete);
    let id = group.id.to_string();
    let dialog = format!("delete-group-{id}");
    let GroupRow { name, .. } = group.clone();
    let (up, down, label) =
        (format!("Move {name} up"), format!("Move {name} down"), format!("Delete {name}"));
    let (does, question) = (label.clone(), format!("Delete the group “{name}”?"));
    let (move_id, delete_id, moved) = (format!("move-{id}"), format!("delete-{id}"), id.clone());
    let asked = dialog.clone();
    view! {
        <span class="button-row">
            <Rename group/>
            <SendForm action=shift id=move_id class="button-row" refused="">
                <input type="hidden" name="group" value=moved/>
                <button class="button quiet small icon-only" name="to" value="up" disabled=first aria-label=up><Icon name="arrow-up"/></button>
                <button class="button quiet small icon-only" name="to" value="down" disabled=last aria-label=down><Icon name="arrow-down"/></button>
            </SendForm>
            <Ask dialog=asked class="button quiet small icon-only" label><Icon name="trash"/></Ask>
            <Confirm id=dialog title=question text="Its components stay on the page, without a group.">
                <SendForm action=delete id=delete_id class="">
                    <input type="hidden" name="group" value=id/>
                    <Submit class="button danger solid">{does}</Submit>
                </SendForm>
            </Confirm>
        </span>
    }
}

/// The name of a group, to be changed in place.
#[component]
fn Rename(group: GroupRow) -> impl IntoView {
    let rename = Call::to::<RenameGroup>();
    expect_context::<Again>().after(rename);
    let id = group.id.to_string();
    let (form_id, label) = (format!("rename-{id}"), format!("New name of {}", group.name));
    view! {
        <details class="rename">
            <summary class="button quiet small">"Rename"</summary>
            <SendForm action=rename id=form_id class="add-row" refused="" guard=Guard::Path>
                <input type="hidden" name="group" value=id/>
                <NameInput label placeholder="" value=group.name/>
                <Submit class="button">"Save"</Submit>
            </SendForm>
        </details>
    }
}

/// A line that adds a component, folded away unless there is nothing else to do here. Whoever has opened it adds several, one after the
/// other, so it stays open.
#[component]
fn AddRow(group: String, name: String, empty: bool) -> impl IntoView {
    let add = Call::to::<AddComponent>();
    expect_context::<Again>().after(add);
    let choices = Choices::here();
    // What was chosen stays, whatever is searched for next. When the page is read again, the old row hears of new choices
    // after its own signals are gone.
    let form_id = format!("add-component-{group}");
    // A form that came back says what became of it.
    let flash = flash::take(&form_id);
    let came_back = chosen(&[], flash.as_ref().and_then(|flash| flash.values.get(CHOSEN)));
    let first = came_back.first().map(|choice| choice.id.clone());
    let chosen = RwSignal::new(came_back);
    let options = move || choices.behind(chosen.try_get().unwrap_or_default());
    let names = Memo::new(move |_| twins(&options()));
    let words = move |choice: &MonitorChoice| {
        let MonitorChoice { name, about, .. } = choice.clone();
        move || {
            let has_twin = names.try_with(|names| names.contains(&name)).unwrap_or_default();
            if has_twin && !about.is_empty() { format!("{name} – {about}") } else { name.clone() }
        }
    };
    let choose = move |id: String| {
        chosen
            .set(choices.behind(Vec::new()).into_iter().filter(|choice| choice.id.as_str() == id).collect());
    };
    let Unfolded(unfolded) = expect_context();
    let open = empty || flash.is_some() || unfolded.with_untracked(|groups| groups.contains(&group));
    let (toggled, flash) = (group.clone(), flash.unwrap_or_default());
    let follow = move |event: web_sys::Event| {
        let is_open = event
            .current_target()
            .is_some_and(|details| details.unchecked_ref::<web_sys::Element>().has_attribute("open"));
        // When the page is read again, the old row is told of its end after that of its signals.
        let _ = unfolded.try_update(|groups| {
            if is_open { groups.insert(toggled.clone()) } else { groups.remove(&toggled) }
        });
    };
    view! {
        <details class="fold add-fold" open=open on:toggle=follow>
        <summary aria-label=format!("Add a component to {name}")><Icon name="chevron-right"/>"Add a component"</summary>
        <SendForm action=add id=form_id class="add-row" refused="" clear=true guard=Guard::Path flash>
            <input type="hidden" name="group" value=group/>
            <NameInput label=format!("Name of the new component in {name}") placeholder="New component"/>
            <select class="input" name="monitor" aria-label="Follows" on:change:target=move |event| choose(event.target().value())>
                <option value="">"Follows no monitor"</option>
                <For each=options key=|choice| choice.id.clone() let:choice><option value=choice.id.to_string() selected=first.as_ref() == Some(&choice.id)>{words(&choice)}</option></For>
            </select>
            <Submit class="button"><Icon name="plus"/>"Add"</Submit>
            <Show when=move || choices.are_partial()><PlainFind/></Show>
        </SendForm>
        </details>
    }
}

/// A card that adds a group.
#[component]
pub(super) fn AddGroup() -> impl IntoView {
    let add = Call::to::<AddGroupCall>();
    expect_context::<Again>().after(add);
    view! {
        <section class="card flush" aria-label="New group">
            <SendForm action=add id="add-group" class="add-row" refused="" clear=true guard=Guard::Path>
                <NameInput label="Name of the new group" placeholder="New group"/>
                <Submit class="button"><Icon name="folder"/>"Add group"</Submit>
            </SendForm>
        </section>
    }
}

/// A name in a line; what is wrong with it stands beside.
#[component]
fn NameInput(
    #[prop(into)] label: String,
    placeholder: &'static str,
    #[prop(optional)] value: String,
) -> impl IntoView {
    let state = FormState::here();
    let (id, error) = (state.dom_id("name"), state.error_of("name"));
    let (error_id, described_by) = (format!("{id}-error"), format!("{id}-error"));
    view! {
        <input class="input" id=id name="name" value=state.value("name", value) aria-label=label placeholder=placeholder
            aria-invalid=move || error.with(Option::is_some).then_some("true") aria-describedby=described_by/>
        {move || error.get().map(|error| view! {
            <div class="field"><p class="error" id=error_id.clone()><Icon name="alert"/>{error}</p></div>
        })}
    }
}

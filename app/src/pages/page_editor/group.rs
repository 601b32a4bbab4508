//! A group of components.

use domain::id::GroupId;
use domain::views::console::GroupRow;
use leptos::prelude::*;

use super::adding::{AddRow, NameInput};
use super::component::Row;
use super::shown::{Head, Here, Shown};
use crate::call::Call;
use crate::components::again::Again;
use crate::components::confirm::{Ask, Confirm};
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::leave::Guard;
use crate::flash;
use crate::server_fns::groups::{AddGroup as AddGroupCall, DeleteGroup, MoveGroup, RenameGroup};

/// What the page shows of a group, or of the components that stand in none. It stays when the page is read again.
#[component]
pub(super) fn GroupCard(group: Option<GroupId>) -> impl IntoView {
    let shown = Shown::here();
    let group = StoredValue::new(group);
    // When the page is read again, the card of a group that left hears of it after its own values are gone.
    let head = Memo::new(move |_| group.try_get_value().flatten().and_then(|group| shown.head(&group)));
    let lines =
        Memo::new(move |_| group.try_with_value(|group| shown.lines(group.as_ref())).unwrap_or_default());
    let range = Memo::new(move |_| group.try_with_value(|group| shown.range(group.as_ref())).flatten());
    let is_searched = Memo::new(move |_| shown.is_searched());
    let name = Memo::new(move |_| {
        head.with(|head| {
            head.as_ref().map_or_else(|| "Without a group".to_owned(), |head| head.group.name.clone())
        })
    });
    let is_empty = Memo::new(move |_| lines.with(Vec::is_empty));
    let id = group.with_value(|group| group.as_ref().map_or_else(String::new, ToString::to_string));
    let actions = move || {
        let head = head.get().filter(|_| !is_searched.get())?;
        Some(view! { <GroupActions head/> })
    };
    view! {
        <section class="card flush" aria-label=move || format!("Group {}", name.get())>
            <header>
                <h2>{move || name.get()}</h2>
                {move || range.get().map(|range| view! { <span class="muted">{range}</span> })}
                {actions}
            </header>
            // A row that says the same stays, wherever it goes: with it the focus.
            <ul class="sortable"><For each=move || lines.get() key=Clone::clone let:line><Row line/></For></ul>
            <Show when=move || !is_searched.get()><AddRow group=id.clone() name is_empty/></Show>
        </section>
    }
}

/// What is done to a group.
#[component]
fn GroupActions(head: Head) -> impl IntoView {
    let Head { group, first, last } = head;
    let again = expect_context::<Again>();
    let (shift, delete) = (Call::to::<MoveGroup>(), Call::to::<DeleteGroup>());
    again.soon_after(shift);
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
                <Here/>
                <button class="button quiet small icon-only" name="to" value="up" disabled=first aria-label=up><Icon name="arrow-up"/></button>
                <button class="button quiet small icon-only" name="to" value="down" disabled=last aria-label=down><Icon name="arrow-down"/></button>
            </SendForm>
            <Ask dialog=asked class="button quiet small icon-only" label><Icon name="trash"/></Ask>
            <Confirm id=dialog title=question text="Its components stay on the page, without a group.">
                <SendForm action=delete id=delete_id class="">
                    <input type="hidden" name="group" value=id/>
                    <Here/>
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
    // What is wrong with a name that came back is not folded away.
    let flash = flash::take(&form_id);
    let is_refused = flash.as_ref().is_some_and(|flash| flash.error.is_some());
    view! {
        <details class="rename" open=is_refused>
            <summary class="button quiet small">"Rename"</summary>
            <SendForm action=rename id=form_id class="add-row" refused="" guard=Guard::Path flash=flash.unwrap_or_default()>
                <input type="hidden" name="group" value=id/>
                <NameInput label placeholder="" value=group.name/>
                <Submit class="button">"Save"</Submit>
            </SendForm>
        </details>
    }
}

/// A card that adds a group.
#[component]
pub(super) fn AddGroup() -> impl IntoView {
    let add = Call::to::<AddGroupCall>();
    expect_context::<Again>().soon_after(add);
    view! {
        <section class="card flush" aria-label="New group">
            <SendForm action=add id="add-group" class="add-row" refused="" clear=true guard=Guard::Path>
                <Here/>
                <NameInput label="Name of the new group" placeholder="New group"/>
                <Submit class="button"><Icon name="folder"/>"Add group"</Submit>
            </SendForm>
        </section>
    }
}

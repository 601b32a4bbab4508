//! A component in full: name, words, group, the monitors that it follows, and what the public sees.

use domain::views::console::{ComponentRow, GroupRow, MonitorChoice};
use leptos::prelude::*;

use super::Again;
use super::choices::{Choices, Find};
use crate::call::Call;
use crate::components::confirm::{Ask, Confirm};
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::input::{CheckField, SelectField, TextField};
use crate::components::leave::Guard;
use crate::server_fns::components::{DeleteComponent, EditComponent as EditCall};

/// The id of the dialog.
const DELETE: &str = "delete-component";

/// The card.
#[component]
pub(super) fn EditComponent(component: ComponentRow, groups: Vec<GroupRow>) -> impl IntoView {
    let (edit, delete) = (Call::to::<EditCall>(), Call::to::<DeleteComponent>());
    let again = expect_context::<Again>();
    again.after(edit);
    again.after(delete);
    let id = component.id.to_string();
    let mut options = vec![(String::new(), "Without a group".to_owned())];
    options.extend(groups.into_iter().map(|group| (group.id.to_string(), group.name)));
    let group = component.group.as_ref().map_or_else(String::new, ToString::to_string);
    let followed = component.monitors.clone();
    let does = format!("Delete {}", component.name);
    let (title, question) = (format!("Edit “{}”", component.name), format!("Delete “{}”?", component.name));
    let (edit_id, delete_id, deleted, label) =
        (format!("edit-{id}"), format!("delete-{id}"), id.clone(), does.clone());
    view! {
        <section class="card" id="edit">
            <header><h2>{title}</h2></header>
            <SendForm action=edit id=edit_id guard=Guard::Edit>
                <input type="hidden" name="component" value=id/>
                <div class="cols">
                    <TextField name="name" label="Name" value=component.name/>
                    <SelectField name="group" label="Group" options value=group/>
                </div>
                <TextField name="description" label="Description" value=component.description optional=true
                    hint="The public reads it beside the name."/>
                <Follows followed/>
                <CheckField name="show_uptime" label="The public sees the bar and the uptime" value=component.show_uptime/>
                <CheckField name="show_latency" label="The public sees response times" value=component.show_latency/>
                <div class="form-foot">
                    <Submit>"Save"</Submit>
                    <a class="button quiet" href="/console/page">"Cancel"</a>
                    <Ask dialog=DELETE class="button danger push" label><Icon name="trash"/>"Delete"</Ask>
                </div>
            </SendForm>
            <Confirm id=DELETE title=question
                text="It leaves the status page, and its history with it. Its monitors stay.">
                <SendForm action=delete id=delete_id class="">
                    <input type="hidden" name="component" value=deleted/>
                    <Submit class="button danger solid">{does}</Submit>
                </SendForm>
            </Confirm>
        </section>
    }
}

/// The monitors that it follows, ticked, before those that it might.
#[component]
fn Follows(followed: Vec<MonitorChoice>) -> impl IntoView {
    let choices = Choices::here();
    let given = StoredValue::new(followed);
    // What was ticked since: it is sent, so it must not leave with the next search.
    let ticked = RwSignal::new(Vec::<MonitorChoice>::new());
    let rows = move || {
        // When the page is read again, the old boxes hear of new choices after their own signals are gone.
        let offered = choices.behind(given.try_get_value().unwrap_or_default());
        let strays = ticked
            .try_get()
            .unwrap_or_default()
            .into_iter()
            .filter(|ticked| offered.iter().all(|known| known.id != ticked.id));
        strays.chain(offered.iter().cloned()).collect::<Vec<_>>()
    };
    let row = move |choice: MonitorChoice| {
        let (id, name) = (choice.id.to_string(), choice.name.clone());
        let is_given = given.with_value(|given| given.iter().any(|known| known.id == choice.id));
        let change = move |is_ticked: bool| {
            ticked.update(|ticked| {
                ticked.retain(|known| known.id != choice.id);
                if is_ticked {
                    ticked.push(choice.clone());
                }
            });
        };
        view! {
            <label class="check">
                <input type="checkbox" name="monitors[]" value=id checked=is_given
                    on:change:target=move |event| change(event.target().checked())/>
                <span>{name}</span>
            </label>
        }
    };
    view! {
        <fieldset class="field">
            <legend>"Follows"</legend>
            <Show when=move || choices.are_many()><Find/></Show>
            <div class="boxes"><For each=rows key=|choice| choice.id.clone() children=row/></div>
        </fieldset>
    }
}

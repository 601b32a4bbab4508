//! A component in full: name, words, group, the monitors that it follows, and what the public sees.

use domain::views::console::{ComponentRow, GroupRow};
use leptos::prelude::*;

use super::shown::{Here, Shown};
use crate::call::Call;
use crate::components::again::Again;
use crate::components::choices::{Given, MonitorBoxes, chosen};
use crate::components::confirm::{Ask, Confirm};
use crate::components::form::{EnterSends, SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::input::{CheckField, ErrorOf, SelectField, TextField};
use crate::components::leave::Guard;
use crate::flash;
use crate::server_fns::alerts::VERSION;
use crate::server_fns::chosen::CHOSEN;
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
    let does = format!("Delete {}", component.name);
    let (title, question) = (format!("Edit “{}”", component.name), format!("Delete “{}”?", component.name));
    let (edit_id, delete_id, deleted, label) =
        (format!("edit-{id}"), format!("delete-{id}"), id.clone(), does.clone());
    let flash = flash::take(&edit_id);
    let came_back = |name: &str| flash.as_ref().and_then(|flash| flash.values.get(name));
    // A form that came back still names the version that it was read with: what changed since must not be lost.
    let version = came_back(VERSION).cloned().unwrap_or_else(|| component.version());
    let followed = Given::all(match came_back(CHOSEN) {
        Some(ticked) => chosen(&[], Some(ticked)),
        None => component.monitors.clone(),
    });
    let shown = Shown::here();
    view! {
        <section class="card" id="edit">
            <header><h2>{title}</h2></header>
            <SendForm action=edit id=edit_id guard=Guard::Edit flash=flash.unwrap_or_default()>
                <EnterSends/>
                <input type="hidden" name="component" value=id/>
                <input type="hidden" name="version" value=version/>
                <Here/>
                <div class="cols">
                    <TextField name="name" label="Name" value=component.name/>
                    <SelectField name="group" label="Group" options value=group/>
                </div>
                <TextField name="description" label="Description" value=component.description optional=true
                    hint="The public reads it beside the name."/>
                <ErrorOf field="monitors"/>
                <MonitorBoxes legend="Follows" given=followed/>
                <CheckField name="show_uptime" label="The public sees the bar and the uptime" value=component.show_uptime/>
                <CheckField name="show_latency" label="The public sees response times" value=component.show_latency/>
                <div class="form-foot">
                    <Submit>"Save"</Submit>
                    <a class="button quiet" href=move || shown.list()>"Cancel"</a>
                    <Ask dialog=DELETE class="button danger push" label><Icon name="trash"/>"Delete"</Ask>
                </div>
            </SendForm>
            <Confirm id=DELETE title=question
                text="It leaves the status page, and its history with it. Its monitors stay.">
                <SendForm action=delete id=delete_id class="">
                    <input type="hidden" name="component" value=deleted/>
                    <Here/>
                    <Submit class="button danger solid">{does}</Submit>
                </SendForm>
            </Confirm>
        </section>
    }
}

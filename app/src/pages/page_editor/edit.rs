//! A component in full: name, words, group, the monitors that it follows, and what the public sees.

use domain::views::console::{ComponentRow, GroupRow, MonitorChoice};
use leptos::prelude::*;

use super::Again;
use crate::components::confirm::{Ask, Confirm};
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::input::{CheckField, SelectField, TextField};
use crate::server_fns::components::{DeleteComponent, EditComponent as EditCall};

/// The id of the dialog.
const DELETE: &str = "delete-component";

/// The card.
#[component]
pub(super) fn EditComponent(
    component: ComponentRow,
    groups: Vec<GroupRow>,
    monitors: Vec<MonitorChoice>,
) -> impl IntoView {
    let (edit, delete) = (ServerAction::<EditCall>::new(), ServerAction::<DeleteComponent>::new());
    let again = expect_context::<Again>();
    again.after(edit);
    again.after(delete);
    let id = component.id.to_string();
    let mut options = vec![(String::new(), "Without a group".to_owned())];
    options.extend(groups.into_iter().map(|group| (group.id.to_string(), group.name)));
    let group = component.group.as_ref().map_or_else(String::new, ToString::to_string);
    let followed = component.monitors.clone();
    // What it follows may stand beyond the monitors that are offered.
    let mut choices = followed.clone();
    choices
        .extend(monitors.into_iter().filter(|monitor| followed.iter().all(|known| known.id != monitor.id)));
    let boxes = choices.into_iter().map(|monitor| {
        let checked = followed.iter().any(|known| known.id == monitor.id);
        view! {
            <label class="check"><input type="checkbox" name="monitors[]" value=monitor.id.to_string() checked=checked/><span>{monitor.name}</span></label>
        }
    });
    let boxes = boxes.collect_view();
    let does = format!("Delete {}", component.name);
    let (title, question) = (format!("Edit “{}”", component.name), format!("Delete “{}”?", component.name));
    let (edit_id, delete_id, deleted, label) =
        (format!("edit-{id}"), format!("delete-{id}"), id.clone(), does.clone());
    view! {
        <section class="card" id="edit">
            <header><h2>{title}</h2></header>
            <SendForm action=edit id=edit_id>
                <input type="hidden" name="component" value=id/>
                <div class="cols">
                    <TextField name="name" label="Name" value=component.name/>
                    <SelectField name="group" label="Group" options value=group/>
                </div>
                <TextField name="description" label="Description" value=component.description optional=true
                    hint="The public reads it beside the name."/>
                <fieldset class="field"><legend>"Follows"</legend><div class="cols">{boxes}</div></fieldset>
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

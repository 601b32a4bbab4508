//! The editor of an alert definition. Levels are added and removed in the page with scripts, and by a round through the server
//! without; either way by the same functions over the same form.

use domain::definition_form::{self, LEVELS, levels};
use domain::form::Form;
use domain::views::console::{DefinitionForm, IntegrationChoice};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::level::{LevelCard, heading};
use crate::browser;
use crate::call::Call;
use crate::components::choices::{Choices, Given, MonitorBoxes};
use crate::components::confirm::{Ask, Confirm};
use crate::components::form::{EnterSends, FormState, SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::input::{CheckField, Described, ErrorOf, FieldFrame};
use crate::components::leave::Guard;
use crate::components::loaded::Loaded;
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::telling::lacking::LackingNotice;
use crate::components::telling::picture::LadderPicture;
use crate::flash;
use crate::server_fns::alerts::{DeleteDefinition, FORM, SaveDefinition, VERSION, read_definition};

/// The id of the dialog.
const DELETE: &str = "delete";
/// The function that adds and removes levels for pages without scripts.
pub(super) const SHAPE: &str = "/api/shape_definition";

/// The page; without an id it is for a new definition.
#[component]
pub fn Definition() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").filter(|id| id != "new").unwrap_or_default());
    let choices = Choices::provide();
    let view = Resource::new(move || id.get(), move |id| read_definition(id, choices.search()));
    view! {
        <a class="crumb" href="/console/alerts"><Icon name="chevron-left"/>"Alerts"</a>
        <Loaded from=view whole=true let:read>
            {
                let (form, offered) = read;
                choices.offer(offered);
                view! { <Editor form/> }
            }
        </Loaded>
    }
}

/// The form, and the picture that follows it.
#[component]
fn Editor(form: DefinitionForm) -> impl IntoView {
    let flash = flash::take(FORM);
    let DefinitionForm { definition, integrations, named: count } = form;
    let title =
        definition.as_ref().map_or_else(|| "Add definition".to_owned(), |known| known.draft.name.clone());
    let is_default = definition.as_ref().is_some_and(|known| known.is_default);
    let id = definition.as_ref().map_or_else(String::new, |known| known.id.to_string());
    // A form that came back still names the version that it was read with: what changed since must not be lost.
    let came_with =
        flash.as_ref().and_then(|flash| flash.values.get(VERSION)).and_then(|text| text.parse().ok());
    let version: i64 = came_with.unwrap_or_else(|| definition.as_ref().map_or(0, |known| known.version));
    let values = match &flash {
        Some(flash) if !flash.values.is_empty() => flash.values.clone(),
        _ => definition
            .as_ref()
            .map_or_else(definition_form::new_form, |known| definition_form::to_form(&known.draft)),
    };
    let named = definition.as_ref().map(|known| known.monitors.as_slice()).unwrap_or_default();
    let given = Given::of(named, count, flash.as_ref());
    Choices::here().are_for(&id);
    // What the form is drawn from, anew with each level that comes or goes; and what it holds at present, for the picture.
    let shape = RwSignal::new((0_u32, values.clone()));
    let held = RwSignal::new(values.clone());
    let action = Call::to::<SaveDefinition>();
    let follow = move || held.set(browser::map_of(FORM, "form"));
    let reshape = Callback::new(move |change: Option<usize>| {
        let mut form = browser::map_of(FORM, "form");
        match change {
            Some(level) => definition_form::remove_level(&mut form, level),
            None => definition_form::add_level(&mut form),
        }
        // To the new level, or to the one that moved up; after they have been drawn.
        let last = levels(&form).saturating_sub(1);
        let next = change.map_or(last, |level| level.min(last));
        request_animation_frame(move || {
            browser::focus(&format!("#{}", heading(next)));
        });
        held.set(form.clone());
        shape.update(|(generation, shape)| {
            *generation += 1;
            *shape = form;
        });
    });
    let named = title.clone();
    let delete = (!id.is_empty() && !is_default).then(|| id.clone());
    let pictured = integrations.clone();
    let lacking = definition.map(|known| known.lacking).unwrap_or_default();
    view! {
        <PageTitle text=title.clone()/>
        <PageHead title actions=move || delete.map(|id| view! { <Delete id name=named/> })/>
        <div class="split wide-side">
            <SendForm action id=FORM class="form" map="form" guard=Guard::Path flash=flash.unwrap_or_default()>
                <EnterSends/>
                <div class="stack" on:input=move |_| follow() on:change=move |_| follow()>
                    <input type="hidden" name="definition" value=id/>
                    <input type="hidden" name="version" value=version.to_string()/>
                    <LackingNotice lacking/>
                    <section class="card form">
                        <NameField value=values.get("name").cloned().unwrap_or_default()/>
                        <CheckField name="active" label="In use" value=definition_form::is_ticked(&values, "active")/>
                        {if is_default {
                            view! { <p class="muted">"It is for every monitor that no other definition names."</p> }.into_any()
                        } else {
                            view! { <ErrorOf field="monitors"/><MonitorBoxes legend="For these monitors" given/> }.into_any()
                        }}
                    </section>
                    <Levels shape integrations reshape/>
                    <div class="form-foot">
                        <Submit>"Save definition"</Submit>
                        <a class="button quiet push" href="/console/alerts">"Cancel"</a>
                    </div>
                </div>
            </SendForm>
            <section class="card sticky" aria-label="Time line">
                <header><h2>"What happens when"</h2></header>
                {move || {
                    let (draft, errors) = definition_form::from_form(&held.get(), Vec::new());
                    let unclear = definition_form::unclear(&errors, draft.levels.len());
                    view! { <LadderPicture levels=draft.levels integrations=pictured.clone() unclear/> }
                }}
                <p class="muted small-print">"Minutes count from the first failure. Reminders stop when somebody acknowledges, and at the first success."</p>
            </section>
        </div>
    }
}

/// The levels, and the button that adds one.
#[component]
fn Levels(
    shape: RwSignal<(u32, Form)>,
    integrations: Vec<IntegrationChoice>,
    reshape: Callback<Option<usize>>,
) -> impl IntoView {
    let count = Memo::new(move |_| shape.with(|(_, form)| levels(form)));
    let name = FormState::here().input_name(LEVELS);
    let rows = move || {
        shape.with(|(generation, form)| {
            (0..levels(form)).map(|level| (*generation, level)).collect::<Vec<_>>()
        })
    };
    view! {
        <input type="hidden" name=name value=move || count.get().to_string() prop:value=move || count.get().to_string()/>
        <ErrorOf field=LEVELS/>
        <For each=rows key=|row| *row let((_, level))>
            <LevelCard level values=shape.with_untracked(|(_, form)| form.clone()) integrations=integrations.clone()
                single=count.get_untracked() == 1 reshape/>
        </For>
        <Show when=move || { count.get() < domain::alert::MAX_LEVELS }>
            <button class="button dashed" formaction=SHAPE name="shape" value="add" on:click=move |event| {
                event.prevent_default();
                reshape.run(None);
            }><Icon name="plus"/>"Add a level"</button>
        </Show>
    }
}

/// The name.
#[component]
fn NameField(value: String) -> impl IntoView {
    let control = Described::field("name", false);
    view! {
        <FieldFrame name="name" label="Name">
            <input class="input" id=control.id.clone() name=control.name.clone() value=value required autocomplete="off"
                aria-invalid=control.invalid() aria-describedby=control.by()/>
        </FieldFrame>
    }
}

/// Removes it, after a question that names it.
#[component]
fn Delete(id: String, name: String) -> impl IntoView {
    let action = Call::to::<DeleteDefinition>();
    let does = format!("Delete {name}");
    view! {
        <Ask dialog=DELETE class="button danger" label=does.clone()><Icon name="trash"/>"Delete"</Ask>
        <Confirm id=DELETE title=format!("Delete “{name}”?")
            text="Its monitors go back to the default definition. This cannot be undone.">
            <SendForm action id="delete-definition" class="">
                <input type="hidden" name="definition" value=id/>
                <Submit class="button danger solid">{does}</Submit>
            </SendForm>
        </Confirm>
    }
}

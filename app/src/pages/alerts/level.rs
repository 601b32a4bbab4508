//! A level in the editor: when it is reached, whom it tells, how often it reminds, and what it says.

use domain::definition_form::{WAS, is_ticked, level_field};
use domain::form::Form;
use domain::views::console::IntegrationChoice;
use leptos::prelude::*;

use super::level_targets::Targets;
use crate::components::form::FormState;
use crate::components::icon::Icon;
use crate::components::input::{Described, FieldFrame};

/// The id of a level's heading, which takes the focus when levels come and go.
pub(super) fn heading(level: usize) -> String {
    format!("level-{level}")
}

/// The card.
#[component]
pub(super) fn LevelCard(
    /// Which, from 0 on.
    level: usize,
    /// What the form holds.
    values: Form,
    /// What levels may name.
    integrations: Vec<IntegrationChoice>,
    /// Whether it is the only one.
    single: bool,
    /// Removes a level.
    reshape: Callback<Option<usize>>,
) -> impl IntoView {
    let title = format!("Level {}", level + 1);
    let (id, labelled) = (heading(level), heading(level));
    let remove = format!("Remove level {}", level + 1);
    let active = level_field(level, "active");
    let is_active = is_ticked(&values, &active);
    let state = FormState::here();
    let targets = values.clone();
    let was = level_field(level, WAS);
    let was = values
        .get(&was)
        .cloned()
        .map(|value| view! { <input type="hidden" name=state.input_name(&was) value=value/> });
    view! {
        <section class="card form level" aria-labelledby=labelled>
            {was}
            <header><h2 id=id tabindex="-1">{title}</h2>
                <label class="check"><input type="checkbox" name=state.input_name(&active) value="true" checked=is_active/><span>"In use"</span></label>
                {(!single).then(|| view! {
                    <button class="button quiet icon-only" formaction=super::editor::SHAPE name="shape" value=format!("remove-{level}")
                        aria-label=remove on:click=move |event| {
                            event.prevent_default();
                            reshape.run(Some(level));
                        }><Icon name="trash"/></button>
                })}
            </header>
            <When level values=values.clone()/>
            <Targets level values=targets integrations/>
            <fieldset class="field">
                <legend>"Reminders"</legend>
                <div class="sentence">
                    "At most " <Number level field="reminders" label="Reminders" values=values.clone()/>
                    " reminders, every " <Number level field="reminder_minutes" label="Minutes between reminders" values=values.clone()/> " minutes"
                </div>
                <Wrong level fields=["reminders", "reminder_minutes"]/>
            </fieldset>
            <Message level values/>
        </section>
    }
}

/// When it is reached.
#[component]
fn When(level: usize, values: Form) -> impl IntoView {
    let name = level_field(level, "when");
    let by_time = values.get(&name).is_some_and(|when| when == "minutes");
    let input = FormState::here().input_name(&name);
    let other = input.clone();
    view! {
        <fieldset class="field">
            <legend>"Tell"</legend>
            <div class="sentence">
                <label class="check"><input type="radio" name=input value="errors" checked=!by_time/><span>"after"</span></label>
                <Number level field="count" label="Failures in a row" values=values.clone()/> " failures in a row"
            </div>
            <div class="sentence">
                <label class="check"><input type="radio" name=other value="minutes" checked=by_time/><span>"after"</span></label>
                <Number level field="minutes" label="Minutes of failing" values/> " minutes of failing"
            </div>
            <Wrong level fields=["count", "minutes"]/>
        </fieldset>
    }
}

/// A number within a sentence.
#[component]
fn Number(level: usize, field: &'static str, label: &'static str, values: Form) -> impl IntoView {
    let name = level_field(level, field);
    let control = Described::field(&name, false);
    let value = values.get(&name).cloned().unwrap_or_default();
    view! {
        <input class="input number" id=control.id.clone() name=control.name.clone() inputmode="numeric" autocomplete="off" value=value
            aria-label=label aria-invalid=control.invalid() aria-describedby=control.by()/>
    }
}

/// What is wrong with the numbers of a sentence.
#[component]
fn Wrong(level: usize, fields: [&'static str; 2]) -> impl IntoView {
    let state = FormState::here();
    fields
        .map(|field| {
            let name = level_field(level, field);
            let (error, id) = (state.error_of(&name), format!("{}-error", state.dom_id(&name)));
            move || {
                error
                    .get()
                    .map(|error| view! { <p class="error" id=id.clone()><Icon name="alert"/>{error}</p> })
            }
        })
        .into_iter()
        .collect_view()
}

/// Words of the operator for whoever is told.
#[component]
fn Message(level: usize, values: Form) -> impl IntoView {
    let name = level_field(level, "message");
    let control = Described::field(&name, true);
    let value = values.get(&name).cloned().unwrap_or_default();
    view! {
        <FieldFrame name=name label="Message" optional=true hint="Stands in every message of this level: a run book, a room, a number to call.">
            <textarea class="input short" id=control.id.clone() name=control.name.clone() rows="2"
                aria-invalid=control.invalid() aria-describedby=control.by()>{value}</textarea>
        </FieldFrame>
    }
}

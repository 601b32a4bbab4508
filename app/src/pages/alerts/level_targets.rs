//! Whom a level tells, and of what.

use domain::definition_form::{is_ticked, level_field, target_field, variable_field};
use domain::form::Form;
use domain::level_values::LevelVariable;
use domain::views::console::IntegrationChoice;
use leptos::prelude::*;

use super::editor::ErrorOf;
use crate::components::form::FormState;
use crate::components::icon::Icon;
use crate::components::input::Described;

/// A row an integration: whether it is told, whether it hears that it is over, whether it is reminded.
#[component]
pub(super) fn Targets(level: usize, values: Form, integrations: Vec<IntegrationChoice>) -> impl IntoView {
    if integrations.is_empty() {
        return view! {
            <div class="field">
                <span class="label">"Whom"</span>
                <p class="hint">"There is no integration yet. "<a href="/console/integrations/new">"Add one"</a>", then come back."</p>
            </div>
        }
        .into_any();
    }
    let rows = integrations.into_iter().map(|one| view! { <Target level one values=values.clone()/> });
    view! {
        <fieldset class="field">
            <legend>"Whom"</legend>
            <ErrorOf field=level_field(level, "targets")/>
            <ul class="targets">{rows.collect_view()}</ul>
        </fieldset>
    }
    .into_any()
}

/// One integration.
#[component]
fn Target(level: usize, one: IntegrationChoice, values: Form) -> impl IntoView {
    let state = FormState::here();
    let name = |what: &str| state.input_name(&target_field(level, what, &one.id));
    let is = |what: &str| is_ticked(&values, &target_field(level, what, &one.id));
    let told = is("tell");
    // Whoever is added hears of everything, until somebody says otherwise.
    let (ok, remind) = (!told || is("ok"), !told || is("remind"));
    let variables = one.variables.iter().map(|variable| {
        let field = variable_field(level, &one.id, &variable.name);
        let value = values.get(&field).cloned().unwrap_or_default();
        view! { <Variable field variable=variable.clone() of=one.name.clone() value/> }
    });
    let variables = variables.collect_view();
    let (over, reminded) = (format!("Tell {} when it is over", one.name), format!("Remind {}", one.name));
    view! {
        <li>
            <label class="check"><input type="checkbox" name=name("tell") value="true" checked=told/>
                <span class="who"><Icon name=one.kind.icon()/>{one.name.clone()}{(!one.enabled).then(|| view! { <span class="muted">"off"</span> })}</span></label>
            <span class="of">
                <label class="check"><input type="checkbox" name=name("ok") value="true" checked=ok aria-label=over/><span>"Recovery"</span></label>
                <label class="check"><input type="checkbox" name=name("remind") value="true" checked=remind aria-label=reminded/><span>"Reminders"</span></label>
            </span>
            {variables}
        </li>
    }
}

/// A variable that the integration leaves to the level. A stored secret comes as its mask, which keeps it.
#[component]
fn Variable(field: String, variable: LevelVariable, of: String, value: String) -> impl IntoView {
    let control = Described::field(&field, false);
    let (error, error_id) = (control.error, format!("{}-error", control.id));
    let label = format!("{} of {of}", variable.name);
    let kind = if variable.secret { "password" } else { "text" };
    view! {
        <div class="variable">
            <label for=control.id.clone()><code>{variable.name}</code></label>
            <input class="input" type=kind id=control.id.clone() name=control.name.clone() value=value aria-label=label autocomplete="off" spellcheck="false"
                aria-invalid=control.invalid() aria-describedby=control.by()/>
            {move || error.get().map(|error| view! { <p class="error" id=error_id.clone()><Icon name="alert"/>{error}</p> })}
        </div>
    }
}

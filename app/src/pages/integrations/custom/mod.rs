//! The form of a custom integration: its definition as fields and as JSON, and beside it what would be sent.

mod editing;
mod editor;
mod part;
mod preview;
mod step;
mod words;

use domain::integration::custom::FIELD;
use domain::views::console::{CustomPreview, IntegrationForm, TemplateWord};
use leptos::prelude::*;

use crate::components::form::FormState;
use crate::components::icon::Icon;
use crate::components::input::{Described, FieldFrame};
use crate::flash::Flash;
use editing::Editing;
use editor::DefinitionFields;
use preview::Preview;
use words::Words;

/// What the JSON is, below it.
const HELP: &str =
    "Variables, functions and steps. Secrets are shown as ******** and stay unless you change them.";

/// What stands beside the form of a custom integration.
pub struct Beside {
    given: CustomPreview,
    integration: String,
    changed: bool,
    words: Vec<TemplateWord>,
}

/// Begins to edit the definition of a form, for its fields and for what stands beside it. `None` for every other provider.
pub fn begin(form: &mut IntegrationForm, flash: Option<&Flash>) -> Option<Beside> {
    let preview = form.preview.take()?;
    let given = form.values.get(FIELD).cloned().unwrap_or_default();
    let typed = flash.and_then(|flash| flash.values.get(FIELD)).cloned();
    let changed = typed.as_ref().is_some_and(|typed| *typed != given);
    Editing::provide(typed.unwrap_or(given));
    Some(Beside {
        given: preview,
        integration: form.id.as_ref().map_or_else(String::new, ToString::to_string),
        changed,
        words: std::mem::take(&mut form.words),
    })
}

/// The definition in the form. [`begin`] comes before it.
#[component]
pub fn DefinitionField() -> impl IntoView {
    let editing = Editing::here();
    let control = Described::field(FIELD, true);
    let error = FormState::here().error_of(FIELD);
    let id = StoredValue::new(control.id.clone());
    // What cannot be read as fields, or was refused, must be seen.
    let unreadable = !editing.is_readable();
    Effect::new(move || {
        if error.with(Option::is_some) {
            editing.look();
        }
    });
    view! {
        <DefinitionFields/>
        <details class="fold" id="as-json" open=move || unreadable || error.with(Option::is_some)>
            <summary><Icon name="chevron-right"/>"Edit as JSON"</summary>
            <FieldFrame name=FIELD label="Definition" hint=HELP>
                <textarea class="input mono tall" id=control.id.clone() name=control.name.clone() spellcheck="false"
                    aria-invalid=control.invalid() aria-describedby=control.by() prop:value=move || editing.text()
                    on:focus=move |_| id.with_value(|id| editing.caret_in(id))
                    on:input:target=move |event| editing.type_json(event.target().value())>{editing.first_text()}</textarea>
            </FieldFrame>
        </details>
        <noscript><p class="hint">"The fields need scripts; without them, edit the definition as JSON."</p></noscript>
    }
}

/// What would be sent, and everything that templates can say.
#[component]
pub fn DefinitionSide(
    /// What [`begin`] gave.
    beside: Beside,
) -> impl IntoView {
    let Beside { given, integration, changed, words } = beside;
    view! {
        <Preview given integration changed/>
        <Words words/>
    }
}

//! The form of a custom integration: its definition as fields and as JSON, and beside it what would be sent.

mod editing;
mod editor;
mod part;
mod preview;
mod step;
mod words;

use domain::integration::custom::FIELD;
use domain::views::console::{CustomPreview, TemplateWord};
use leptos::prelude::*;

use crate::components::form::FormState;
use crate::components::icon::Icon;
use crate::components::input::{Described, FieldFrame};
use editing::Editing;
use editor::DefinitionFields;
use preview::Preview;
use words::Words;

/// What the JSON is, below it.
const HELP: &str =
    "Variables, functions and steps. Secrets are shown as ******** and stay unless you change them.";

/// Begins to edit a definition, for the form and for what stands beside it.
pub(super) fn provide(text: String) {
    Editing::provide(text);
}

/// The definition in the form.
#[component]
pub(super) fn DefinitionField() -> impl IntoView {
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

/// What stands beside the form.
#[component]
pub(super) fn DefinitionSide(
    /// What the server filled in.
    given: CustomPreview,
    /// The integration; empty for a new one.
    integration: String,
    /// Whether what stands in the form is not what was filled in.
    changed: bool,
    /// Everything that templates can say.
    words: Vec<TemplateWord>,
) -> impl IntoView {
    view! {
        <Preview given integration changed/>
        <Words words/>
    }
}

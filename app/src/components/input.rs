//! One field with its label, its help, and what is wrong with it.

use leptos::prelude::*;

use super::form::FormState;
use super::icon::Icon;

/// The frame of a field: label above, error and help below. The control inside names them.
#[component]
pub fn FieldFrame(
    /// The field's name.
    #[prop(into)]
    name: String,
    /// What people read.
    #[prop(into)]
    label: String,
    /// A sentence below.
    #[prop(optional, into)]
    hint: String,
    /// Whether it may be left empty.
    #[prop(optional)]
    optional: bool,
    /// `select=value` of the choice that it belongs to, for the style sheet; without it, it is always shown.
    #[prop(optional, into)]
    when: String,
    /// The control.
    children: Children,
) -> impl IntoView {
    let state = FormState::here();
    let (id, error) = (state.dom_id(&name), state.error_of(&name));
    let (error_id, hint_id) = (format!("{id}-error"), format!("{id}-hint"));
    view! {
        <div class="field" data-when=(!when.is_empty()).then_some(when)>
            <label for=id>{label}{optional.then(|| view! { " " <span class="optional">"optional"</span> })}</label>
            {children()}
            {move || error.get().map(|error| view! { <p class="error" id=error_id.clone()><Icon name="alert"/>{error}</p> })}
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=hint_id>{hint}</p> })}
        </div>
    }
}

/// What a control says about its field to those who cannot see it.
#[derive(Clone)]
pub struct Described {
    /// The control's id.
    pub id: String,
    /// The control's name in what is sent.
    pub name: String,
    /// What is wrong with it.
    pub error: Memo<Option<String>>,
    has_hint: bool,
}

impl Described {
    /// The control of a field of the form around it.
    pub fn field(name: &str, has_hint: bool) -> Self {
        let state = FormState::here();
        Self { id: state.dom_id(name), name: state.input_name(name), error: state.error_of(name), has_hint }
    }

    /// `aria-invalid`.
    pub fn invalid(&self) -> impl Fn() -> Option<&'static str> + Clone + Send + Sync + use<> {
        let error = self.error;
        move || error.with(Option::is_some).then_some("true")
    }

    /// `aria-describedby`.
    pub fn by(&self) -> impl Fn() -> Option<String> + Clone + Send + Sync + use<> {
        let (error, id, has_hint) = (self.error, self.id.clone(), self.has_hint);
        move || match (error.with(Option::is_some), has_hint) {
            (true, true) => Some(format!("{id}-error {id}-hint")),
            (true, false) => Some(format!("{id}-error")),
            (false, true) => Some(format!("{id}-hint")),
            (false, false) => None,
        }
    }
}

/// A line of text.
#[component]
pub fn TextField(
    /// The field's name.
    name: &'static str,
    /// What people read.
    label: &'static str,
    /// The value at first.
    #[prop(optional, into)]
    value: String,
    /// The kind of input.
    #[prop(default = "text")]
    kind: &'static str,
    /// A sentence below.
    #[prop(default = "")]
    hint: &'static str,
    /// What browsers may fill in.
    #[prop(optional)]
    autocomplete: Option<&'static str>,
    /// An example.
    #[prop(optional)]
    placeholder: Option<&'static str>,
    /// Whether it may be left empty.
    #[prop(optional)]
    optional: bool,
    /// Whether the focus starts here.
    #[prop(optional)]
    first: bool,
) -> impl IntoView {
    let control = Described::field(name, !hint.is_empty());
    // A secret is never sent back to the page.
    let value = (kind != "password").then(|| FormState::here().value(name, value));
    view! {
        <FieldFrame name label hint optional>
            <input class="input" id=control.id.clone() name=control.name.clone() type=kind value=value required=!optional
                autocomplete=autocomplete placeholder=placeholder autofocus=first
                aria-invalid=control.invalid() aria-describedby=control.by()/>
        </FieldFrame>
    }
}

/// A choice out of a few.
#[component]
pub fn SelectField(
    /// The field's name.
    name: &'static str,
    /// What people read.
    label: &'static str,
    /// Value and words of each.
    options: Vec<(String, String)>,
    /// The value at first.
    #[prop(optional, into)]
    value: String,
    /// A sentence below.
    #[prop(default = "")]
    hint: &'static str,
    /// Follows what is chosen.
    #[prop(optional)]
    chosen: Option<RwSignal<String>>,
) -> impl IntoView {
    let control = Described::field(name, !hint.is_empty());
    let value = FormState::here().value(name, value);
    if let Some(chosen) = chosen {
        let given = value.clone();
        // Only where it can follow: without scripts nothing may depend on it.
        Effect::new(move || chosen.set(given.clone()));
    }
    let follow = move |value: String| {
        if let Some(chosen) = chosen {
            chosen.set(value);
        }
    };
    view! {
        <FieldFrame name label hint>
            <select class="input" id=control.id.clone() name=control.name.clone()
                on:change:target=move |event| follow(event.target().value())
                aria-invalid=control.invalid() aria-describedby=control.by()>
                {options.into_iter().map(|(option, words)| {
                    let selected = option == value;
                    view! { <option value=option selected=selected>{words}</option> }
                }).collect_view()}
            </select>
        </FieldFrame>
    }
}

/// Yes or no.
#[component]
pub fn CheckField(
    /// The field's name.
    name: &'static str,
    /// What people read.
    label: &'static str,
    /// The value at first.
    #[prop(optional)]
    value: bool,
) -> impl IntoView {
    let state = FormState::here();
    let checked = state.value(name, value.to_string()) == "true";
    view! {
        <label class="check">
            <input type="checkbox" id=state.dom_id(name) name=state.input_name(name) value="true" checked=checked/>
            <span>{label}</span>
        </label>
    }
}

/// What is wrong with something that has no control of its own, so it takes the focus itself. It stands before that: who goes on comes to
/// what there is to choose.
#[component]
pub fn ErrorOf(
    /// The field.
    #[prop(into)]
    field: String,
) -> impl IntoView {
    let error = FormState::here().error_of(&field);
    move || {
        error
            .get()
            .map(|error| view! { <div class="field"><p class="error" tabindex="-1" data-wrong><Icon name="alert"/>{error}</p></div> })
    }
}

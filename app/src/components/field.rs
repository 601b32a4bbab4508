//! Fields drawn from data: a kind of check declares them, and no page knows them by name.

use domain::form::{CLEAR_SUFFIX, Field, FieldKind, Form, STORED_SUFFIX};
use leptos::prelude::*;

use super::form::FormState;
use super::icon::Icon;
use super::input::{Described, FieldFrame};

/// The argument that holds what a checkbox means when it is not ticked, because browsers send nothing then.
pub const UNTICKED: &str = "unticked";

/// The fields, the advanced ones folded away below the others.
#[component]
pub fn Fields(
    /// Which.
    fields: Vec<&'static Field>,
    /// Their values.
    values: Form,
) -> impl IntoView {
    let (advanced, plain): (Vec<&'static Field>, Vec<_>) =
        fields.into_iter().partition(|field| field.advanced);
    let draw = {
        let values = values.clone();
        move |fields: Vec<&'static Field>| {
            // Neighbours that are short stand side by side.
            let runs = fields.chunk_by(|a, b| is_short(a) && is_short(b)).map(|run| {
                let drawn =
                    run.iter().map(|field| view! { <DataField field values=values.clone()/> }).collect_view();
                if run.len() > 1 {
                    view! { <div class="cols">{drawn}</div> }.into_any()
                } else {
                    drawn.into_any()
                }
            });
            runs.collect_view()
        }
    };
    let state = FormState::here();
    let errors: Vec<_> = advanced.iter().map(|field| state.error_of(field.name)).collect();
    // A changed or refused value is not hidden.
    let is_changed = advanced.iter().any(|field| {
        let value = state.value(field.name, values.get(field.name).cloned().unwrap_or_default());
        value != field.default || values.contains_key(&format!("{}{STORED_SUFFIX}", field.name))
    });
    let is_open = Memo::new(move |_| is_changed || errors.iter().any(|error| error.with(Option::is_some)));
    view! {
        {draw.clone()(plain)}
        {(!advanced.is_empty()).then(|| view! {
            <details class="fold" open=move || is_open.get()>
                <summary><Icon name="chevron-right"/>"Advanced"<span class="muted">{advanced_words(&advanced)}</span></summary>
                <div class="form">{draw(advanced)}</div>
            </details>
        })}
    }
}

/// Whether a field holds little text.
fn is_short(field: &Field) -> bool {
    match field.kind {
        FieldKind::Text
        | FieldKind::Host
        | FieldKind::Number { .. }
        | FieldKind::Select(_)
        | FieldKind::Secret => true,
        FieldKind::Url
        | FieldKind::Checkbox
        | FieldKind::Lines
        | FieldKind::TextArea
        | FieldKind::SecretArea => false,
    }
}

/// The first few labels of what is folded away.
fn advanced_words(fields: &[&'static Field]) -> String {
    let mut words: Vec<_> = fields.iter().take(3).map(|field| field.label).collect();
    if fields.len() > words.len() {
        words.push("…");
    }
    words.join(", ")
}

/// One field.
#[component]
fn DataField(field: &'static Field, values: Form) -> impl IntoView {
    let state = FormState::here();
    let value =
        state.value(field.name, values.get(field.name).cloned().unwrap_or_else(|| field.default.to_owned()));
    let optional = !field.required && field.default.is_empty() && !matches!(field.kind, FieldKind::Checkbox);
    if field.kind == FieldKind::Checkbox {
        return view! { <Checkbox field checked=value == "true"/> }.into_any();
    }
    let stored = values.contains_key(&format!("{}{STORED_SUFFIX}", field.name));
    let when = field.when.map(|(select, value)| format!("{select}={value}")).unwrap_or_default();
    view! {
        <FieldFrame name=field.name label=field.label hint=field.help optional when>
            <Control field value stored/>
            {(stored && (!field.required || field.when.is_some())).then(|| view! { <ClearSecret name=field.name/> })}
        </FieldFrame>
    }
    .into_any()
}

/// What is typed into.
#[component]
fn Control(field: &'static Field, value: String, stored: bool) -> impl IntoView {
    let control = Described::field(field.name, !field.help.is_empty());
    let (id, name, invalid, by) = (control.id.clone(), control.name.clone(), control.invalid(), control.by());
    let example = if stored { "stored; leave empty to keep it" } else { field.placeholder };
    let placeholder = (!example.is_empty()).then_some(example);
    let line = move |kind: &'static str,
                     mode: Option<&'static str>,
                     class: &'static str,
                     value: Option<String>| {
        view! {
            <input class=class id=id.clone() name=name.clone() type=kind value=value placeholder=placeholder inputmode=mode
                required=field.required && !stored autocomplete="off" spellcheck="false"
                aria-invalid=invalid.clone() aria-describedby=by.clone()/>
        }
    };
    let (id, name, invalid, by) = (control.id.clone(), control.name.clone(), control.invalid(), control.by());
    let area = move |value: String| {
        view! {
            <textarea class="input mono" id=id name=name placeholder=placeholder spellcheck="false"
                aria-invalid=invalid aria-describedby=by>{value}</textarea>
        }
    };
    match field.kind {
        FieldKind::Text => line("text", None, "input", Some(value)).into_any(),
        FieldKind::Url | FieldKind::Host => line("text", Some("url"), "input", Some(value)).into_any(),
        FieldKind::Secret => line("password", None, "input", None).into_any(),
        FieldKind::Number { unit, .. } => view! {
            <div class="with-unit">{line("text", Some("numeric"), "input", Some(value))}<span class="unit">{unit}</span></div>
        }
        .into_any(),
        FieldKind::Lines | FieldKind::TextArea => area(value).into_any(),
        FieldKind::SecretArea => area(String::new()).into_any(),
        FieldKind::Select(options) => view! {
            <select class="input" id=control.id.clone() name=control.name.clone()
                aria-invalid=control.invalid() aria-describedby=control.by()>
                {options.iter().map(|(option, words)| {
                    view! { <option value=*option selected=*option == value>{*words}</option> }
                }).collect_view()}
            </select>
        }
        .into_any(),
        FieldKind::Checkbox => ().into_any(),
    }
}

/// Yes or no. A browser sends nothing for no, so a hidden field says it under another name.
#[component]
fn Checkbox(field: &'static Field, checked: bool) -> impl IntoView {
    let state = FormState::here();
    let control = Described::field(field.name, false);
    view! {
        <div class="field">
            <input type="hidden" name=format!("{UNTICKED}[{}]", field.name) value="false"/>
            <label class="check">
                <input type="checkbox" id=control.id.clone() name=control.name.clone() value="true" checked=checked
                    aria-invalid=control.invalid() aria-describedby=control.by()/>
                <span>{field.label}{(!field.help.is_empty()).then(|| view! { <span class="hint">{field.help}</span> })}</span>
            </label>
            {move || state.error_of(field.name).get().map(|error| view! { <p class="error"><Icon name="alert"/>{error}</p> })}
        </div>
    }
}

/// Removes a stored secret.
#[component]
fn ClearSecret(name: &'static str) -> impl IntoView {
    let (state, field) = (FormState::here(), format!("{name}{CLEAR_SUFFIX}"));
    let checked = state.value(&field, String::new()) == "true";
    let input = state.input_name(&field);
    view! { <label class="check"><input type="checkbox" name=input value="true" checked=checked/><span>"Remove the stored value"</span></label> }
}

#[cfg(test)]
mod tests {
    use domain::check::CheckKind;
    use domain::form::FieldKind;
    use domain::integration::ProviderKind;

    #[test]
    fn the_style_sheet_knows_every_choice_that_fields_belong_to() {
        let style = include_str!("../../../style/form.css");
        let forms = CheckKind::ALL.iter().map(|kind| kind.fields());
        for fields in forms.chain(ProviderKind::ALL.iter().map(|kind| kind.fields())) {
            for field in fields.iter().filter(|field| {
                fields.iter().any(|other| other.when.is_some_and(|(select, _)| select == field.name))
            }) {
                let FieldKind::Select(options) = field.kind else { panic!("{} is no select", field.name) };
                for (option, _) in options {
                    let rule = format!("[name=\"form[{}]\"] > [value=\"{option}\"]:checked", field.name);
                    assert!(style.contains(&rule), "{rule} is missing in style/form.css");
                }
            }
        }
    }
}

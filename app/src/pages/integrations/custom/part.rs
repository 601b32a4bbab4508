//! The controls of the definition's parts. They have no names, so the form does not send them: it sends the JSON.

use domain::form::Choice;
use leptos::prelude::*;

use super::editing::{Editing, List, dom_id};
use crate::components::icon::Icon;

/// A text of the definition.
#[component]
pub(super) fn Part(
    /// What people read.
    #[prop(into)]
    label: String,
    /// Its place, such as `definitions[0].steps[1].url`.
    path: String,
    /// What it holds at first.
    value: String,
    /// Told of what is typed.
    set: Callback<String>,
    /// Whether it has several lines.
    #[prop(optional)]
    area: bool,
    /// Whether its label is for those who cannot see what stands above it.
    #[prop(optional)]
    bare: bool,
    /// An example.
    #[prop(default = "")]
    placeholder: &'static str,
) -> impl IntoView {
    let editing = Editing::here();
    let id = dom_id(&path);
    let error = editing.error_of(path);
    let error_id = format!("{id}-error");
    let by = {
        let error_id = error_id.clone();
        move || error.with(Option::is_some).then(|| error_id.clone())
    };
    let invalid = move || error.with(Option::is_some).then_some("true");
    let placeholder = (!placeholder.is_empty()).then_some(placeholder);
    let here = StoredValue::new(id.clone());
    let focused = move |_| here.with_value(|id| editing.caret_in(id));
    let control = if area {
        view! {
            <textarea class="input mono" id=id.clone() spellcheck="false" placeholder=placeholder aria-invalid=invalid aria-describedby=by
                on:focus=focused on:input:target=move |event| set.run(event.target().value())>{value}</textarea>
        }
        .into_any()
    } else {
        view! {
            <input class="input mono" type="text" id=id.clone() value=value spellcheck="false" autocomplete="off" placeholder=placeholder
                aria-invalid=invalid aria-describedby=by
                on:focus=focused on:input:target=move |event| set.run(event.target().value())/>
        }
        .into_any()
    };
    view! {
        <div class="field">
            <label for=id class=bare.then_some("visually-hidden")>{label}</label>
            {control}
            {move || error.get().map(|error| view! { <p class="error" id=error_id.clone()><Icon name="alert"/>{error}</p> })}
        </div>
    }
}

/// One of a closed set.
#[component]
pub(super) fn Pick<T: Choice + PartialEq + Send + Sync>(
    /// What people read.
    #[prop(into)]
    label: String,
    /// Its place.
    path: String,
    /// What is chosen at first.
    value: T,
    /// Told of what is chosen.
    set: Callback<T>,
    /// Whether its label is for those who cannot see what stands above it.
    #[prop(optional)]
    bare: bool,
) -> impl IntoView {
    let id = dom_id(&path);
    let options = T::OPTIONS.iter().map(|(option, words)| {
        view! { <option value=*option selected=*option == value.as_str()>{*words}</option> }
    });
    let change = move |word: String| {
        if let Some(value) = T::parse(&word) {
            set.run(value);
        }
    };
    view! {
        <div class="field">
            <label for=id.clone() class=bare.then_some("visually-hidden")>{label}</label>
            <select class="input" id=id on:change:target=move |event| change(event.target().value())>{options.collect_view()}</select>
        </div>
    }
}

/// Yes or no.
#[component]
pub(super) fn Tick(
    /// What people read.
    #[prop(into)]
    label: String,
    /// Its place.
    path: String,
    /// What it is at first.
    value: bool,
    /// Told of a change.
    set: Callback<bool>,
) -> impl IntoView {
    let editing = Editing::here();
    let id = dom_id(&path);
    let error = editing.error_of(path);
    let error_id = format!("{id}-error");
    let by = {
        let error_id = error_id.clone();
        move || error.with(Option::is_some).then(|| error_id.clone())
    };
    view! {
        <div class="field">
            <label class="check">
                <input type="checkbox" id=id checked=value aria-describedby=by on:change:target=move |event| set.run(event.target().checked())/>
                <span>{label}</span>
            </label>
            {move || error.get().map(|error| view! { <p class="error" id=error_id.clone()><Icon name="alert"/>{error}</p> })}
        </div>
    }
}

/// Moves an item and removes it.
#[component]
pub(super) fn Tools<T: Send + Sync + 'static>(
    /// Its list.
    list: List<T>,
    /// Which it is.
    index: usize,
    /// How many there are.
    count: usize,
    /// What it is called, such as `header 2`.
    #[prop(into)]
    what: String,
) -> impl IntoView {
    let button = move |name: &'static str, words: String, off: bool, does: Callback<()>| {
        let id = dom_id(&list.path(index, name));
        view! {
            <button class="button quiet icon-only" type="button" id=id aria-label=words disabled=off on:click=move |_| does.run(())><Icon name=icon(name)/></button>
        }
    };
    let up = Callback::new(move |()| {
        // At the top there is no further way up.
        let focus = if index > 1 { "up" } else { "down" };
        list.swap(index, index - 1, focus);
    });
    let down = Callback::new(move |()| {
        let focus = if index + 2 < count { "down" } else { "up" };
        list.swap(index, index + 1, focus);
    });
    let remove = Callback::new(move |()| list.remove(index, count));
    view! {
        <span class="tools">
            {(count > 1).then(|| view! {
                {button("up", format!("Move {what} up"), index == 0, up)}
                {button("down", format!("Move {what} down"), index + 1 == count, down)}
            })}
            {button("remove", format!("Remove {what}"), false, remove)}
        </span>
    }
}

fn icon(name: &str) -> &'static str {
    match name {
        "up" => "arrow-up",
        "down" => "arrow-down",
        _ => "trash",
    }
}

/// Adds an item.
#[component]
pub(super) fn Add(
    /// Its place, for the focus.
    path: String,
    /// What is added, such as `Add header`.
    label: &'static str,
    /// Adds it.
    add: Callback<()>,
) -> impl IntoView {
    view! { <button class="button small" type="button" id=dom_id(&path) on:click=move |_| add.run(())><Icon name="plus"/>{label}</button> }
}

//! The line that adds a component to a group.

use std::collections::BTreeMap;

use domain::views::console::MonitorChoice;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::shown::{Here, Shown};
use crate::browser::{self, Held};
use crate::call::Call;
use crate::components::again::Again;
use crate::components::choices::{Choices, PlainFind, chosen, twins};
use crate::components::form::{FormState, SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::input::ErrorOf;
use crate::components::leave::Guard;
use crate::flash;
use crate::server_fns::chosen::CHOSEN;
use crate::server_fns::components::AddComponent;

/// Monitors that the lines of a page offer together. Of more, each offers its own as soon as it is opened, or when it is searched.
const OFFERED: usize = 800;

/// The lines that are open, each with what is typed into it, by the id of the group: they are drawn again when the list comes back to
/// their groups.
#[derive(Clone, Copy)]
pub(super) struct Drafts(StoredValue<BTreeMap<String, Vec<Held>>>);

impl Drafts {
    pub(super) fn provide() {
        provide_context(Self(StoredValue::new(BTreeMap::new())));
    }

    fn of(self, group: &str) -> Option<Vec<Held>> {
        self.0.with_value(|drafts| drafts.get(group).cloned())
    }

    /// Remembers what is typed, of a line that is open.
    fn keep(self, group: &str, typed: Vec<Held>) {
        self.0.try_update_value(|drafts| drafts.insert(group.to_owned(), typed));
    }

    fn drop(self, group: &str) {
        self.0.try_update_value(|drafts| drafts.remove(group));
    }
}

/// The line, folded away unless there is nothing else to do here. Whoever has opened it adds several, one after the other, so it stays open.
#[component]
pub(super) fn AddRow(group: String, name: Memo<String>, is_empty: Memo<bool>) -> impl IntoView {
    let (add, drafts, shown) = (Call::to::<AddComponent>(), expect_context::<Drafts>(), Shown::here());
    expect_context::<Again>().soon_after(add);
    let choices = Choices::here();
    let form_id = format!("add-component-{group}");
    // A form that came back says what became of it.
    let flash = flash::take(&form_id);
    let came_back = chosen(&[], flash.as_ref().and_then(|flash| flash.values.get(CHOSEN)));
    let first = came_back.first().map(|choice| choice.id.clone());
    // What was chosen stays, whatever is searched for next. When the list is searched, the old line hears of new choices after its own
    // signals are gone.
    let chosen = RwSignal::new(came_back);
    let draft = drafts.of(&group);
    let was_open = flash.is_some() || draft.is_some();
    let offers = RwSignal::new(was_open);
    let is_light = Memo::new(move |_| shown.parts().len() * choices.offered() <= OFFERED);
    let options = move || {
        let chosen = chosen.try_get().unwrap_or_default();
        let is_offered = offers.try_get() == Some(true) || is_light.try_get() == Some(true);
        if is_offered { choices.behind(chosen) } else { chosen }
    };
    let names = Memo::new(move |_| twins(&options()));
    let words = move |choice: &MonitorChoice| {
        let MonitorChoice { name, about, .. } = choice.clone();
        move || {
            let has_twin = names.try_with(|names| names.contains(&name)).unwrap_or_default();
            if has_twin && !about.is_empty() { format!("{name} – {about}") } else { name.clone() }
        }
    };
    let choose = move |id: String| {
        chosen.set(options().into_iter().filter(|choice| choice.id.as_str() == id).collect());
    };
    let open = Memo::new(move |was: Option<&bool>| was == Some(&true) || was_open || is_empty.get());
    let key = StoredValue::new(group.clone());
    let form = StoredValue::new(form_id.clone());
    let keep = move || drafts.keep(&key.get_value(), browser::held_in(&form.get_value()));
    let follow = move |event: web_sys::Event| {
        let is_open = event
            .current_target()
            .is_some_and(|details| details.unchecked_ref::<web_sys::Element>().has_attribute("open"));
        if is_open {
            offers.try_set(true);
        }
        if key.try_with_value(|_| ()).is_some() {
            if is_open { keep() } else { drafts.drop(&key.get_value()) }
        }
    };
    Effect::new(move || {
        if open.get_untracked() {
            offers.set(true);
        }
        if let Some(typed) = &draft {
            browser::hold(&form.get_value(), typed);
        }
    });
    Effect::new(move || {
        if add.value().with(|value| matches!(value, Some(Ok(())))) {
            drafts.keep(&key.get_value(), Vec::new());
        }
    });
    view! {
        <details class="fold add-fold" open=move || open.get() on:toggle=follow on:input=move |_| keep()>
        <summary aria-label=move || format!("Add a component to {}", name.get())><Icon name="chevron-right"/>"Add a component"</summary>
        <SendForm action=add id=form_id class="add-row" refused="" clear=true guard=Guard::Path flash=flash.unwrap_or_default()>
            <input type="hidden" name="group" value=group/>
            <Here/>
            <NameInput label=Signal::derive(move || format!("Name of the new component in {}", name.get())) placeholder="New component"/>
            <select class="input" name="monitor" aria-label="Follows" on:change:target=move |event| choose(event.target().value())>
                <option value="">"Follows no monitor"</option>
                <For each=options key=|choice| choice.id.clone() let:choice><option value=choice.id.to_string() selected=first.as_ref() == Some(&choice.id)>{words(&choice)}</option></For>
            </select>
            <Submit class="button"><Icon name="plus"/>"Add"</Submit>
            <Show when=move || choices.are_partial() || !is_light.get()><PlainFind/></Show>
            <ErrorOf field="monitors"/>
            <ErrorOf field="group"/>
        </SendForm>
        </details>
    }
}

/// A name in a line; what is wrong with it stands beside.
#[component]
pub(super) fn NameInput(
    #[prop(into)] label: Signal<String>,
    placeholder: &'static str,
    #[prop(optional)] value: String,
) -> impl IntoView {
    let state = FormState::here();
    let (id, error) = (state.dom_id("name"), state.error_of("name"));
    let (error_id, described_by) = (format!("{id}-error"), format!("{id}-error"));
    view! {
        <input class="input" id=id name="name" value=state.value("name", value) aria-label=move || label.get() placeholder=placeholder
            aria-invalid=move || error.with(Option::is_some).then_some("true") aria-describedby=described_by/>
        {move || error.get().map(|error| view! {
            <div class="field"><p class="error" id=error_id.clone()><Icon name="alert"/>{error}</p></div>
        })}
    }
}

//! A component in the editor: its place, its state, and the state that a person sets.

use domain::status_page::ComponentState;
use domain::views::console::ComponentLine;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::shown::{Here, Line, Shown};
use crate::browser;
use crate::call::Call;
use crate::components::again::Again;
use crate::components::figures;
use crate::components::form::SendForm;
use crate::components::icon::Icon;
use crate::components::state::ComponentPill;
use crate::server_fns::components::{MoveComponent, SetState};

/// The row.
#[component]
pub(super) fn Row(line: Line) -> impl IntoView {
    let shown = Shown::here();
    let Line { component, first, last, is_movable } = line;
    let id = component.id.to_string();
    let (follows, name) = (follows(&component), component.name.clone());
    let label = format!("Edit {name}");
    let edit = {
        let id = id.clone();
        move || shown.edit(&id)
    };
    let shift = is_movable.then(|| view! { <Shift id name=name.clone() first last/> });
    view! {
        <li>
            <div class="row">
                {shift}
                <div><p class="name">{name}</p><p class="sub">{follows}</p></div>
                <ComponentPill state=component.state/>
                <Hand component/>
                <a class="button quiet icon-only" href=edit aria-label=label><Icon name="edit"/></a>
            </div>
        </li>
    }
}

/// Moves it within its group.
#[component]
fn Shift(id: String, name: String, first: bool, last: bool) -> impl IntoView {
    let shift = Call::to::<MoveComponent>();
    expect_context::<Again>().soon_after(shift);
    let (up, down) = (format!("Move {name} up"), format!("Move {name} down"));
    let form = format!("move-{id}");
    view! {
        <SendForm action=shift id=form class="move" refused="">
            <input type="hidden" name="component" value=id/>
            <Here/>
            <button class="button quiet" name="to" value="up" disabled=first aria-label=up><Icon name="arrow-up"/></button>
            <button class="button quiet" name="to" value="down" disabled=last aria-label=down><Icon name="arrow-down"/></button>
        </SendForm>
    }
}

/// Sets the state by hand, or releases it. With scripts as soon as one is chosen.
#[component]
fn Hand(component: ComponentLine) -> impl IntoView {
    let set = Call::to::<SetState>();
    expect_context::<Again>().after(set);
    let id = component.id.to_string();
    let form_id = format!("state-{id}");
    let send = |event: web_sys::Event| {
        if let Some(form) = browser::form_of(event.unchecked_ref()) {
            let _ = form.request_submit();
        }
    };
    view! {
        <SendForm action=set id=form_id class="hand" refused="">
            <input type="hidden" name="component" value=id/>
            <select class="input" name="state" aria-label=format!("State of {}", component.name) on:change=send>
                <option value="" selected=component.by_hand.is_none()>"Follows monitors"</option>
                {ComponentState::BY_HAND.map(|state| view! {
                    <option value=state.as_str() selected=component.by_hand == Some(state)>{state.label()}</option>
                }).collect_view()}
            </select>
            <noscript><button class="button small">"Set"</button></noscript>
        </SendForm>
    }
}

/// What decides the state, in words.
fn follows(component: &ComponentLine) -> String {
    let names = component.monitors.join(", ");
    let others = component.followed - i64::try_from(component.monitors.len()).unwrap_or(component.followed);
    match (component.by_hand, component.followed) {
        (Some(_), 0) => "Set by hand".to_owned(),
        (Some(_), _) => "Set by hand; its monitors have no say".to_owned(),
        (None, 0) => "Follows no monitor".to_owned(),
        (None, _) if others > 0 => format!("Follows {names} and {} more", figures::thousands(others)),
        (None, _) => format!("Follows {names}"),
    }
}

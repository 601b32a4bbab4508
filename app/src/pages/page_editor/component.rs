//! A component in the editor: its place, its state, and the state that a person sets.

use domain::status_page::ComponentState;
use domain::views::console::ComponentRow;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::browser;
use crate::call::Call;
use crate::components::again::Again;
use crate::components::form::SendForm;
use crate::components::icon::Icon;
use crate::components::state::ComponentPill;
use crate::server_fns::components::{MoveComponent, SetState};

/// The row.
#[component]
pub(super) fn Row(component: ComponentRow, first: bool, last: bool) -> impl IntoView {
    let again = expect_context::<Again>();
    let shift = Call::to::<MoveComponent>();
    again.after(shift);
    let id = component.id.to_string();
    let follows = follows(&component);
    let (name, named) = (component.name.clone(), component.name.clone());
    let (up, down) = (format!("Move {name} up"), format!("Move {name} down"));
    let move_id = format!("move-{id}");
    let edit = format!("?edit={id}");
    view! {
        <li>
            <div class="row">
                <SendForm action=shift id=move_id class="move" refused="">
                    <input type="hidden" name="component" value=id/>
                    <button class="button quiet" name="to" value="up" disabled=first aria-label=up><Icon name="arrow-up"/></button>
                    <button class="button quiet" name="to" value="down" disabled=last aria-label=down><Icon name="arrow-down"/></button>
                </SendForm>
                <div><p class="name">{name}</p><p class="sub">{follows}</p></div>
                <ComponentPill state=component.state/>
                <Hand component=component.clone()/>
                <a class="button quiet icon-only" href=edit aria-label=format!("Edit {named}")><Icon name="edit"/></a>
            </div>
        </li>
    }
}

/// Sets the state by hand, or releases it. With scripts as soon as one is chosen.
#[component]
fn Hand(component: ComponentRow) -> impl IntoView {
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
fn follows(component: &ComponentRow) -> String {
    let names: Vec<_> = component.monitors.iter().map(|monitor| monitor.name.as_str()).collect();
    match (component.by_hand, names.as_slice()) {
        (Some(_), []) => "Set by hand".to_owned(),
        (Some(_), _) => "Set by hand; its monitors have no say".to_owned(),
        (None, []) => "Follows no monitor".to_owned(),
        (None, [a, b, c, rest @ ..]) if !rest.is_empty() => {
            format!("Follows {a}, {b}, {c} and {} more", rest.len())
        }
        (None, names) => format!("Follows {}", names.join(", ")),
    }
}

//! How states look: a word and a shape, and a colour beside them.

use domain::check::Outcome;
use domain::health::State;
use domain::status_page::ComponentState;
use leptos::prelude::*;

use super::icon::Icon;
use crate::words::tone;

/// The word for a monitor's state.
pub fn word(state: State) -> &'static str {
    match state {
        State::Pending => "Pending",
        State::Up => "Up",
        State::Degraded => "Degraded",
        State::Confirming => "Confirming",
        State::Down => "Down",
        State::Unknown => "Unknown",
        State::Paused => "Paused",
    }
}

/// The icon of a monitor's state.
pub fn icon(state: State) -> &'static str {
    match state {
        State::Up => "st-operational",
        State::Degraded => "st-degraded",
        State::Confirming => "st-confirming",
        State::Down => "st-major",
        State::Pending | State::Unknown => "st-unknown",
        State::Paused => "st-paused",
    }
}

/// The state that an outcome would show.
pub fn of_outcome(outcome: &Outcome) -> State {
    match outcome {
        Outcome::Up => State::Up,
        Outcome::Degraded { .. } => State::Degraded,
        Outcome::Down { .. } => State::Down,
        Outcome::Unknown { .. } => State::Unknown,
    }
}

/// A state as a line of text.
#[component]
pub fn StateText(
    /// Which.
    state: State,
) -> impl IntoView {
    view! { <span class="state" data-state=state.as_str()><Icon name=icon(state)/>{word(state)}</span> }
}

/// A state as a pill.
#[component]
pub fn StatePill(
    /// Which.
    state: State,
    /// The larger form, for heads of pages.
    #[prop(optional)]
    big: bool,
) -> impl IntoView {
    view! {
        <span class=if big { "pill big" } else { "pill" } data-state=state.as_str()><Icon name=icon(state)/>{word(state)}</span>
    }
}

/// A component's state as a pill.
#[component]
pub fn ComponentPill(
    /// Which.
    state: ComponentState,
) -> impl IntoView {
    let style = tone(state);
    view! { <span class="pill" data-state=style><Icon name=format!("st-{style}")/>{state.label()}</span> }
}

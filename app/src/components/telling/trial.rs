//! What a trial of an integration said.

use domain::alert::AlertKind;
use domain::views::console::IntegrationTrial;
use leptos::prelude::*;

use super::said::{Said, Trouble};
use crate::components::icon::{Icon, Spinner};
use crate::components::notice::{Notice, Tone};
use crate::error::AppError;
use crate::words;

/// The kinds of messages that can be tried.
pub const EXAMPLES: [(AlertKind, &str); 3] =
    [(AlertKind::Error, "Outage"), (AlertKind::Reminder, "Reminder"), (AlertKind::Ok, "Recovery")];

/// A card with everything that was sent and answered.
#[component]
pub fn TrialCard(
    /// What was said, or why nothing was sent.
    #[prop(into)]
    found: Signal<Option<Result<IntegrationTrial, AppError>>>,
    /// Whether it is under way.
    #[prop(into)]
    pending: Signal<bool>,
) -> impl IntoView {
    view! {
        <section class="card" aria-live="polite" id="trial">
            {move || match (pending.get(), found.get()) {
                (true, _) => view! { <header><h2>"Test"</h2></header><p class="state"><Spinner/>"Sending…"</p> }.into_any(),
                (false, Some(Ok(trial))) => view! { <Told trial/> }.into_any(),
                (false, Some(Err(error))) => view! {
                    <header><h2>"Test"</h2></header><Notice tone=Tone::Bad title=error.to_string() text="Nothing was sent."/>
                }.into_any(),
                (false, None) => view! {
                    <header><h2>"Test"</h2></header>
                    <p class="muted">"“Send test” sends an example with the fields as they are, saved or not, and shows everything that was sent and answered."</p>
                }.into_any(),
            }}
        </section>
    }
}

/// What came of it.
#[component]
fn Told(trial: IntegrationTrial) -> impl IntoView {
    let (state, icon, word) = if trial.ok {
        ("up", "st-operational", "It arrived")
    } else {
        ("down", "st-major", "It did not arrive")
    };
    let status = trial.status.map(|status| format!("status {status}, "));
    let took = words::duration(trial.duration_ms);
    let told = match (trial.ok, trial.words) {
        (true, Some(said)) => Some(view! { <p>{words::sentence(&said)}</p> }.into_any()),
        (false, said) => {
            let error = said.unwrap_or_else(|| "The other side did not take it.".to_owned());
            Some(view! { <Trouble error status=trial.status is_test=true/> }.into_any())
        }
        (true, None) => None,
    };
    view! {
        <header><h2>"Test"</h2><span class="pill" data-state=state><Icon name=icon/>{word}</span>
            <span class="muted num">{status}{took}</span></header>
        <div class="told">
            {told}
            <Said label="Request" text=trial.request/>
            <Said label="Answer" text=trial.response/>
        </div>
    }
}

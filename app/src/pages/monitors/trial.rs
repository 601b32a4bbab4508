//! What a trial found, beside the form or on the monitor's page.

use domain::check::CheckReport;
use leptos::prelude::*;

use crate::components::evidence::EvidenceView;
use crate::components::icon::Spinner;
use crate::components::notice::{Notice, Tone};
use crate::components::state::{StatePill, of_outcome};
use crate::error::AppError;

/// A card with the whole report.
#[component]
pub(super) fn Trial(
    /// What was found, or why it was not looked.
    #[prop(into)]
    found: Signal<Option<Result<CheckReport, AppError>>>,
    /// Whether it is being looked.
    #[prop(into)]
    pending: Signal<bool>,
) -> impl IntoView {
    view! {
        <section class="card" aria-live="polite">
            {move || match (pending.get(), found.get()) {
                (true, _) => view! { <header><h2>"Test"</h2></header><p class="state"><Spinner/>"Checking…"</p> }.into_any(),
                (false, Some(Ok(report))) => view! {
                    <header><h2>"Test"</h2><StatePill state=of_outcome(&report.outcome)/></header>
                    <EvidenceView report/>
                }.into_any(),
                (false, Some(Err(error))) => view! {
                    <header><h2>"Test"</h2></header><Notice tone=Tone::Bad title=error.to_string()/>
                }.into_any(),
                (false, None) => view! {
                    <header><h2>"Test"</h2></header>
                    <p class="muted">"“Test” checks once with the fields as they are, without saving, and shows everything that came back."</p>
                }.into_any(),
            }}
        </section>
    }
}

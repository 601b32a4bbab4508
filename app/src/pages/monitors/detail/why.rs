//! Why the state is what it is: what was seen at each turn.

use domain::views::console::EvidenceItem;
use leptos::prelude::*;

use crate::components::evidence::{EvidenceView, MoreEvidence};
use crate::components::icon::Icon;
use crate::components::state::{icon, of_outcome, word};
use crate::components::time::{Ago, Time};

/// The newest piece in full, the older ones folded away.
#[component]
pub(super) fn Why(items: Vec<EvidenceItem>) -> impl IntoView {
    let mut items = items.into_iter();
    let newest = items.next();
    let older = items.map(|item| {
        let state = of_outcome(&item.report.outcome);
        view! {
            <details class="fold">
                <summary><Icon name="chevron-right"/><span class="state" data-state=state.as_str()><Icon name=icon(state)/>{word(state)}</span>
                    <span class="muted"><Time at=item.at/></span></summary>
                <EvidenceView report=item.report/>
            </details>
        }
    });
    let count = older.len();
    let older = older.collect_view();
    match newest {
        Some(newest) => view! {
            <section class="card">
                <header><h2>"Why"</h2><span class="muted"><Ago at=newest.at/></span></header>
                <EvidenceView report=newest.report/>
                <MoreEvidence count words="Earlier checks">{older}</MoreEvidence>
            </section>
        }
        .into_any(),
        None => view! {
            <section class="card">
                <header><h2>"Why"</h2></header>
                <p class="muted">"What a check saw is kept when the state changes and while it fails. Nothing is kept yet."</p>
            </section>
        }
        .into_any(),
    }
}

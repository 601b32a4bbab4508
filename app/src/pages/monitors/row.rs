//! One monitor in the list.

use domain::views::console::MonitorRow;
use leptos::prelude::*;

use crate::components::chart::spark::Spark;
use crate::components::icon::Icon;
use crate::components::state::StateText;
use crate::components::time::Ago;
use crate::words;

/// The row. Each cell follows its own part, so that a new result touches one word.
#[component]
pub(super) fn Row(row: RwSignal<MonitorRow>) -> impl IntoView {
    let part = row.get_untracked();
    let (href, kind) = (format!("/console/monitors/{}", part.id), part.kind);
    let state = Memo::new(move |_| row.with(|row| row.state));
    let name = Memo::new(move |_| row.with(|row| row.name.clone()));
    let target = Memo::new(move |_| row.with(|row| row.target.clone()));
    let latency = Memo::new(move |_| row.with(|row| row.latency_us));
    let uptime = Memo::new(move |_| row.with(|row| words::percent(row.uptime_day)));
    let checked = Memo::new(move |_| row.with(|row| row.checked_at));
    let spark = Memo::new(move |_| row.with(|row| row.spark.clone()));
    let checked_text = move || match checked.get() {
        Some(at) => view! { <Ago at/> }.into_any(),
        None => view! { <span class="none">"never"</span> }.into_any(),
    };
    view! {
        <tr>
            <td class="lead">{move || view! { <StateText state=state.get()/> }}</td>
            <td><div class="title"><a data-row href=href title=move || name.get()>{name}</a><span class="sub" title=move || target.get()>{target}</span></div></td>
            <td class="drop"><span class="chip"><Icon name=format!("kind-{kind}")/>{kind.label()}</span></td>
            <td class="drop">{move || view! { <Spark points=spark.get() state=state.get()/> }}</td>
            <td class=move || cell(latency.get().is_none())>{move || latency.get().map_or_else(|| words::NOTHING.to_owned(), words::latency)}</td>
            <td class=move || cell(uptime.with(|uptime| uptime == words::NOTHING)) data-label="24 h">{uptime}</td>
            <td class="end num muted">{checked_text}</td>
        </tr>
    }
}

/// The look of a figure, which is paler where there is none.
fn cell(is_none: bool) -> &'static str {
    if is_none { "end num none" } else { "end num" }
}

//! Search and filters of the list. A plain form: without scripts it is sent by its button, with them as one types.

use domain::check::CheckKind;
use domain::health::State;
use domain::views::console::MonitorQuery;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::url;
use crate::components::search::SearchBox;
use crate::components::state;

/// The form.
#[component]
pub(super) fn Toolbar(query: Memo<MonitorQuery>) -> impl IntoView {
    let navigate = use_navigate();
    let go = StoredValue::new(move |wanted: MonitorQuery| {
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        navigate(&url::write(&MonitorQuery { page: 1, ..wanted }), options);
    });
    let go = move |wanted: MonitorQuery| go.with_value(|go| go(wanted));
    let search = move |text: String| go(MonitorQuery { search: text, ..query.get_untracked() });
    let state =
        move |word: String| go(MonitorQuery { state: State::from_word(&word), ..query.get_untracked() });
    let kind = move |word: String| go(MonitorQuery { kind: word.parse().ok(), ..query.get_untracked() });
    let start = query.get_untracked();
    view! {
        <form class="toolbar" role="search" method="get" action=url::PATH on:submit=move |event| event.prevent_default()>
            <SearchBox text=Signal::derive(move || query.with(|query| query.search.clone())) placeholder="Search name or address" search/>
            <select class="input" name="state" aria-label="State" prop:value=move || query.get().state.map_or("", State::as_str)
                on:change:target=move |event| state(event.target().value())>
                <option value="">"All states"</option>
                {State::ALL.map(|state| view! {
                    <option value=state.as_str() selected=start.state == Some(state)>{state::word(state)}</option>
                }).collect_view()}
            </select>
            <select class="input" name="kind" aria-label="Kind" prop:value=move || query.get().kind.map_or("", CheckKind::as_str)
                on:change:target=move |event| kind(event.target().value())>
                <option value="">"All kinds"</option>
                {CheckKind::ALL.iter().map(|kind| view! {
                    <option value=kind.as_str() selected=start.kind == Some(*kind)>{kind.label()}</option>
                }).collect_view()}
            </select>
            <input type="hidden" name="sort" value=move || url::sort_word(query.get().sort)/>
            <noscript><button class="button">"Apply"</button></noscript>
        </form>
    }
}

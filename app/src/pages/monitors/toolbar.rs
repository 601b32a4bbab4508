//! Search and filters of the list. A plain form: without scripts it is sent by its button, with them as one types.

use std::time::Duration;

use domain::check::CheckKind;
use domain::health::State;
use domain::views::console::MonitorQuery;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::url;
use crate::components::icon::Icon;
use crate::components::state;

/// How long after the last key the list is asked for.
const PAUSE: Duration = Duration::from_millis(250);

/// The form.
#[component]
pub(super) fn Toolbar(query: Memo<MonitorQuery>) -> impl IntoView {
    let navigate = use_navigate();
    let go = StoredValue::new(move |wanted: MonitorQuery| {
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        navigate(&url::write(&MonitorQuery { page: 1, ..wanted }), options);
    });
    let go = move |wanted: MonitorQuery| go.with_value(|go| go(wanted));
    let typed = StoredValue::new(0_u32);
    let search = move |text: String| {
        let round = typed.get_value().wrapping_add(1);
        typed.set_value(round);
        set_timeout(
            move || {
                if typed.try_get_value() == Some(round) {
                    go(MonitorQuery { search: text, ..query.get_untracked() });
                }
            },
            PAUSE,
        );
    };
    let state =
        move |word: String| go(MonitorQuery { state: State::from_word(&word), ..query.get_untracked() });
    let kind = move |word: String| go(MonitorQuery { kind: word.parse().ok(), ..query.get_untracked() });
    let start = query.get_untracked();
    view! {
        <form class="toolbar" role="search" method="get" action=url::PATH on:submit=move |event| event.prevent_default()>
            <div class="with-icon">
                <Icon name="search"/>
                <input class="input" type="search" name="q" data-search value=start.search placeholder="Search name or address"
                    aria-label="Search" aria-keyshortcuts="/" on:input:target=move |event| search(event.target().value())/>
            </div>
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

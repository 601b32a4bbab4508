//! Search and filters of the log. A plain form: without scripts it is sent by its button, with them as one types.

use domain::delivery::DeliveryState;
use domain::views::console::{DeliveryQuery, IntegrationChoice};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::url;
use crate::components::search::SearchBox;

/// The form.
#[component]
pub(super) fn Toolbar(
    query: Memo<DeliveryQuery>,
    integrations: Memo<Vec<IntegrationChoice>>,
) -> impl IntoView {
    let navigate = use_navigate();
    let go = StoredValue::new(move |wanted: DeliveryQuery| {
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        navigate(&url::write(&DeliveryQuery { page: 1, ..wanted }), options);
    });
    let go = move |wanted: DeliveryQuery| go.with_value(|go| go(wanted));
    let search = move |text: String| go(DeliveryQuery { search: text, ..query.get_untracked() });
    let state = move |word: String| {
        go(DeliveryQuery { state: DeliveryState::from_word(&word), ..query.get_untracked() });
    };
    let to = move |id: String| go(DeliveryQuery { integration: id.parse().ok(), ..query.get_untracked() });
    let start = query.get_untracked();
    let hidden = move || {
        query.with(|query| {
            let all = [
                ("incident", query.incident.as_ref().map(ToString::to_string)),
                ("monitor", query.monitor.as_ref().map(ToString::to_string)),
            ];
            all.into_iter()
                .filter_map(|(name, value)| Some(view! { <input type="hidden" name=name value=value?/> }))
                .collect_view()
        })
    };
    view! {
        <form class="toolbar" role="search" method="get" action=url::PATH on:submit=move |event| event.prevent_default()>
            <SearchBox text=Signal::derive(move || query.with(|query| query.search.clone())) placeholder="Search name, error or id" search/>
            <select class="input" name="state" aria-label="State" prop:value=move || query.get().state.map_or("", DeliveryState::as_str)
                on:change:target=move |event| state(event.target().value())>
                <option value="">"All states"</option>
                {DeliveryState::ALL.map(|state| view! {
                    <option value=state.as_str() selected=start.state == Some(state)>{state.label()}</option>
                }).collect_view()}
            </select>
            <select class="input" name="integration" aria-label="Integration" prop:value=move || query.get().integration.map(String::from).unwrap_or_default()
                on:change:target=move |event| to(event.target().value())>
                <option value="">"All integrations"</option>
                <For each=move || integrations.get() key=|one| (one.id.clone(), one.name.clone()) let:one>{
                    let selected = start.integration.as_ref() == Some(&one.id);
                    view! { <option value=one.id.to_string() selected=selected>{one.name}</option> }
                }</For>
            </select>
            {hidden}
            <noscript><button class="button">"Apply"</button></noscript>
        </form>
    }
}

//! Pages that belong together, as tabs above them.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The tabs. Each is a link to a page of its own.
#[component]
pub fn Tabs(
    /// What they are of.
    label: &'static str,
    /// Path and words of each.
    tabs: &'static [(&'static str, &'static str)],
) -> impl IntoView {
    let path = use_location().pathname;
    let tab = move |(to, words): &'static (&'static str, &'static str)| {
        view! { <a href=*to aria-current=move || (path.get() == *to).then_some("page")>{*words}</a> }
    };
    view! { <nav class="tabs" aria-label=label>{tabs.iter().map(tab).collect_view()}</nav> }
}

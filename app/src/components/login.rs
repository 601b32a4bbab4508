//! The way back for somebody whose session ended while a page was open.

use leptos::prelude::*;

/// A link to the log-in in a new tab: what was typed on this page stays.
#[component]
pub fn LogInElsewhere() -> impl IntoView {
    view! { <a href="/login" target="_blank" rel="noopener">"Log in"<span class="visually-hidden">" (in a new tab)"</span></a> }
}

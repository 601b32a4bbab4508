//! What stands at an address where nothing is.

use leptos::prelude::*;

use crate::components::icon::Icon;
use crate::components::page_head::PageTitle;

/// Nothing is here. On the server it also gives the page its status.
#[component]
pub fn Missing() -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::context::status(&crate::error::AppError::NotFound);
    view! {
        <PageTitle text="Not found"/>
        <section class="empty">
            <Icon name="search"/>
            <h1>"Nothing is here"</h1>
            <p>"The address may be mistyped, or what was here is gone."</p>
            <div class="button-row"><a class="button" href="/console">"To the overview"</a></div>
        </section>
    }
}

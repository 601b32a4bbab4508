//! Icons out of the sprite.

use leptos::prelude::*;

/// An icon that says nothing which the words beside it do not say.
#[component]
pub fn Icon(
    /// Its name in the sprite.
    #[prop(into)]
    name: String,
) -> impl IntoView {
    view! { <svg class="icon" aria-hidden="true"><use href=format!("/icons.svg#{name}")/></svg> }
}

/// An icon that turns while something is under way.
#[component]
pub fn Spinner() -> impl IntoView {
    view! { <svg class="icon spin" aria-hidden="true"><use href="/icons.svg#spinner"/></svg> }
}

/// The lighthouse.
#[component]
pub fn Mark() -> impl IntoView {
    view! { <svg class="mark" aria-hidden="true"><use href="/icons.svg#mark"/></svg> }
}

/// The lighthouse and the name.
#[component]
pub fn Wordmark(
    /// Where it leads.
    href: &'static str,
) -> impl IntoView {
    view! { <a class="wordmark" href=href><Mark/>"Pharos"</a> }
}

//! Icons out of the sprite.

use leptos::prelude::*;

/// The link to an icon of the sprite. It changes with the file, so that browsers ask for it once, and an icon that is swapped in is there
/// as soon as its words are.
pub fn link(name: &str) -> String {
    format!("{}#{name}", env!("SPRITE"))
}

/// An icon that says nothing which the words beside it do not say.
#[component]
pub fn Icon(
    /// Its name in the sprite.
    #[prop(into)]
    name: String,
) -> impl IntoView {
    view! { <svg class="icon" aria-hidden="true"><use href=link(&name)/></svg> }
}

/// An icon that turns while something is under way.
#[component]
pub fn Spinner() -> impl IntoView {
    view! { <svg class="icon spin" aria-hidden="true"><use href=link("spinner")/></svg> }
}

/// The lighthouse.
#[component]
pub fn Mark() -> impl IntoView {
    view! { <svg class="mark" aria-hidden="true"><use href=link("mark")/></svg> }
}

/// The lighthouse and the name.
#[component]
pub fn Wordmark(
    /// Where it leads.
    href: &'static str,
) -> impl IntoView {
    view! { <a class="wordmark" href=href><Mark/>"Pharos"</a> }
}

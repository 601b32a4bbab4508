//! The pages of Pharos.

pub mod pages;
pub mod words;

use leptos::prelude::*;

/// Only to try the build; the real pages replace it.
#[component]
pub fn App() -> impl IntoView {
    let (count, set_count) = signal(0);
    view! { <button on:click=move |_| set_count.update(|n| *n += 1)>"clicked " {count}</button> }
}

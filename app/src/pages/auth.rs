//! The frame of pages before there is a console.

use leptos::prelude::*;

use crate::components::icon::Wordmark;
use crate::components::theme::ThemeSwitch;

/// A card in the middle of the page.
#[component]
pub fn AuthFrame(
    /// The wider form.
    #[prop(optional)]
    wide: bool,
    /// A line below the card.
    #[prop(optional, into)]
    foot: ViewFnOnce,
    /// The card.
    children: Children,
) -> impl IntoView {
    view! {
        <div class=if wide { "auth wide" } else { "auth" }>
            <header><Wordmark href="/"/></header>
            <main id="main">{children()}</main>
            <footer>{foot.run()}<ThemeSwitch/></footer>
        </div>
    }
}

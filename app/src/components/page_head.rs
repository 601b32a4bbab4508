//! The head of a console page, and the title of the tab.

use domain::health::State;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::browser;
use crate::live::LiveFeed;

/// The title of the tab, which also says how many monitors are down; the tab's icon does too.
#[component]
pub fn PageTitle(
    /// The page.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let down = use_context::<LiveFeed>().map(|feed| {
        Memo::new(move |_| {
            feed.counts.get().map_or((0, 0), |counts| (counts.of(State::Down), counts.of(State::Degraded)))
        })
    });
    Effect::new(move || {
        if let Some(down) = down {
            browser::set_icon(match down.try_get().unwrap_or_default() {
                (0, 0) => "/favicon.svg",
                (0, _) => "/favicon-issue.svg",
                _ => "/favicon-major.svg",
            });
        }
    });
    // The head of the document outlives the page for a moment, so both may be gone.
    let full = move || {
        let text = text.try_get().unwrap_or_default();
        match down.and_then(|down| down.try_get()) {
            None | Some((0, _)) => text,
            Some((down, _)) => format!("({down} down) {text}"),
        }
    };
    view! { <Title text=full/> }
}

/// The head of a page: its name, what can be done, and a line of facts.
#[component]
pub fn PageHead(
    /// The name.
    #[prop(into)]
    title: String,
    /// What can be done.
    #[prop(optional, into)]
    actions: ViewFnOnce,
    /// A line of facts.
    #[prop(optional, into)]
    facts: ViewFnOnce,
) -> impl IntoView {
    view! {
        <header class="page-head with-actions">
            <h1>{title}</h1>
            <div class="button-row">{actions.run()}</div>
            <div class="sub">{facts.run()}</div>
        </header>
    }
}

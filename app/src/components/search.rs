//! The box that a list is searched with.

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;

use super::icon::Icon;
use crate::browser;

/// How long after the last key the list is asked for.
const PAUSE: Duration = Duration::from_millis(250);

/// A box in a form that asks by `q`, when there are no scripts that ask while one types. It says what the list was searched for, unless
/// somebody is typing into it.
#[component]
pub fn SearchBox(
    /// What the list was searched for.
    #[prop(into)]
    text: Signal<String>,
    /// What can be found.
    placeholder: &'static str,
    /// Asks for another text.
    #[prop(into)]
    search: Callback<String>,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let typed = StoredValue::new(0_u32);
    let later = move |text: String| {
        let round = typed.get_value().wrapping_add(1);
        typed.set_value(round);
        set_timeout(
            move || {
                if typed.try_get_value() == Some(round) {
                    search.run(text);
                }
            },
            PAUSE,
        );
    };
    Effect::new(move |was: Option<String>| {
        let text = text.get();
        if was.is_some_and(|was| was != text)
            && let Some(input) = input.get_untracked().filter(|input| !browser::has_focus(input))
        {
            input.set_value(&text);
        }
        text
    });
    view! {
        <div class="with-icon">
            <Icon name="search"/>
            <input class="input" type="search" name="q" data-search value=text.get_untracked() placeholder=placeholder node_ref=input
                aria-label="Search" aria-keyshortcuts="/" on:input:target=move |event| later(event.target().value())/>
        </div>
    }
}

//! The box that searches what a form offers to choose from. It stands within the form and is no part of what is saved.

use leptos::prelude::*;

use super::figures;
use super::icon::Icon;

/// From so many on a list of things to choose from is tiring to read, and the search is offered above it.
pub const MANY: i64 = 12;
/// What is sent when the form around the box is not to be saved but to come back with what was searched for.
pub const LOOK: &str = "look";

/// The box, its button for pages without scripts, and what the search leaves.
#[component]
pub fn FindBox(
    /// The name of the box in what is sent.
    #[prop(into)]
    name: String,
    /// What was searched for.
    value: String,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// What can be found.
    placeholder: &'static str,
    /// Whether it stands in no form; then it needs scripts. Without them the form around searches, and comes back with everything that
    /// was typed and ticked.
    #[prop(optional)]
    alone: bool,
    /// What the search leaves.
    #[prop(into)]
    said: Signal<String>,
    /// Asks for another text, with each key.
    #[prop(into)]
    search: Callback<String>,
) -> impl IntoView {
    view! {
        <div class="find" class:alone=alone>
            <div class="with-icon">
                <Icon name="search"/>
                <input class="input" type="search" name=name value=value placeholder=placeholder
                    aria-label=label data-search autocomplete="off"
                    on:keydown=move |event| if event.key() == "Enter" { event.prevent_default() }
                    on:input:target=move |event| search.run(event.target().value())/>
            </div>
            {(!alone).then(|| view! { <noscript><button class="button" name=LOOK value="true">"Search"</button></noscript> })}
            <p class="muted" role="status">{said}</p>
        </div>
    }
}

/// How many are offered of how many: `shown` of the `found` that a search leaves of `total`.
pub fn told(shown: i64, found: i64, total: i64, thing: &str, is_searched: bool) -> String {
    let all = figures::count(total, thing);
    match (found, is_searched) {
        (0, true) => format!("None of {all} matches"),
        (found, _) if found > shown => {
            format!("The first {shown} of {}; search for the others", figures::thousands(found))
        }
        (found, true) => format!("{} of {all}", figures::thousands(found)),
        (_, false) => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_says_what_it_leaves_out() {
        let told = |shown, found, total, is_searched| told(shown, found, total, "monitor", is_searched);
        assert_eq!(told(200, 1_234, 1_234, false), "The first 200 of 1,234; search for the others");
        assert_eq!(told(200, 300, 1_234, true), "The first 200 of 300; search for the others");
        assert_eq!(told(3, 3, 1_234, true), "3 of 1,234 monitors");
        assert_eq!(told(0, 0, 1_234, true), "None of 1,234 monitors matches");
        assert_eq!(told(20, 20, 20, false), "20 monitors");
    }
}

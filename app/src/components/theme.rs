//! The switch between the light and the dark theme.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use wasm_bindgen::JsCast;

use super::icon::Icon;
use crate::browser;

/// The switch. Without scripts it is a form that the edge answers with the cookie; with them nothing is loaded.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let path = use_location().pathname;
    let submit = |event: SubmitEvent| {
        event.prevent_default();
        let button =
            event.submitter().and_then(|button| button.dyn_into::<web_sys::HtmlButtonElement>().ok());
        if let Some(button) = button {
            let theme = button.value();
            browser::set_theme(&theme);
            browser::focus(&format!(".theme-form button:not([value='{theme}'])"));
        }
    };
    view! {
        <form class="theme-form" method="post" action="/theme" on:submit=submit>
            <input type="hidden" name="back" value=path/>
            <button class="button quiet icon-only to-dark" name="theme" value="dark" aria-label="Dark theme"><Icon name="moon"/></button>
            <button class="button quiet icon-only to-light" name="theme" value="light" aria-label="Light theme"><Icon name="sun"/></button>
        </form>
    }
}

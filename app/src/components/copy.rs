//! A button that puts a text on the clipboard.

use leptos::prelude::*;

use super::icon::Icon;
use super::toast::Toasts;
use crate::browser;

/// The button.
#[component]
pub fn Copy(
    /// What is copied.
    #[prop(into)]
    text: String,
    /// What the button is called.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let toasts = use_context::<Toasts>();
    view! {
        <button class="button quiet icon-only copy" type="button" aria-label=label.clone() title=label on:click=move |_| {
            browser::copy(&text);
            if let Some(toasts) = toasts {
                toasts.say("Copied");
            }
        }><Icon name="copy"/></button>
    }
}

//! What was sent and what was answered, to the letter.

use leptos::prelude::*;

use crate::components::copy::Copy;
use crate::components::icon::Icon;
use crate::components::notice::{Notice, Tone};
use crate::words;

/// Lines beyond which a text is folded away at first.
const LONG: usize = 24;

/// A request or an answer. Can be copied; a long one is folded away.
#[component]
pub fn Said(
    /// What it is.
    label: &'static str,
    /// The text.
    text: String,
) -> impl IntoView {
    if text.trim().is_empty() {
        return view! { <div class="said"><p class="said-head"><strong>{label}</strong><span class="muted">"nothing"</span></p></div> }
            .into_any();
    }
    let is_short = text.lines().count() <= LONG;
    let size = words::bytes(i64::try_from(text.len()).unwrap_or(i64::MAX));
    let copied = text.clone();
    view! {
        <div class="said">
            <details class="fold" open=is_short>
                <summary><Icon name="chevron-right"/>{label}<span class="muted">{size}</span></summary>
                <pre class="code" tabindex="0" aria-label=label>{text}</pre>
            </details>
            <Copy text=copied label=format!("Copy: {label}")/>
        </div>
    }
    .into_any()
}

/// Why something was not taken, and what to do.
#[component]
pub fn Trouble(
    /// The reason.
    error: String,
    /// The HTTP status, if there was one.
    status: Option<u16>,
    /// Whether it was a test, which nobody tries again.
    #[prop(optional)]
    is_test: bool,
) -> impl IntoView {
    let remedy = super::words::remedy(status, is_test).unwrap_or_default();
    view! { <Notice tone=Tone::Bad title=words::sentence(&error) text=remedy/> }
}

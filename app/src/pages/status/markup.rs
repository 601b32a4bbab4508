//! Small pieces of markup that every page uses.

use domain::status_page::ComponentState;
use domain::time::Timestamp;
use leptos::prelude::*;

use crate::components::icon::link;
use crate::words;

/// An icon of the sprite. It says nothing by itself: words stand beside it.
pub(super) fn icon(name: &str) -> impl IntoView + use<> {
    view! { <svg class="icon" aria-hidden="true"><use href=link(name)></use></svg> }
}

/// The shape of a state.
pub(super) fn state_icon(state: ComponentState) -> impl IntoView {
    icon(&format!("st-{}", words::tone(state)))
}

/// The lighthouse.
pub(super) fn mark() -> impl IntoView {
    view! { <svg class="mark" aria-hidden="true"><use href=link("mark")></use></svg> }
}

/// A point in time on a page that was read at `now`: UTC, which the script turns into the visitor's zone.
pub(super) fn when(at: Timestamp, now: Timestamp) -> impl IntoView {
    let text = words::day_and_clock_seen_at(at, now);
    view! { <time datetime=words::machine_time(at) data-t="full">{text}</time> }
}

/// The text of an update or an incident, a paragraph for each block between blank lines.
pub(super) fn paragraphs(text: &str) -> impl IntoView + use<> {
    let blocks: Vec<String> = text
        .replace("\r\n", "\n")
        .split("\n\n")
        .map(|block| block.trim().to_owned())
        .filter(|block| !block.is_empty())
        .collect();
    blocks.into_iter().map(|block| view! { <p>{block}</p> }).collect_view()
}

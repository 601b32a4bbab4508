//! Messages in short: the last ones of an integration.

use domain::views::console::DeliveryRow;
use leptos::prelude::*;

use super::state::style;
use super::words;
use crate::components::icon::Icon;
use crate::components::time::Time;
use crate::words::sentence;

/// A list of messages, the newest first; each leads to what was said.
#[component]
pub fn Messages(
    /// The messages.
    rows: Vec<DeliveryRow>,
) -> impl IntoView {
    let rows = rows.into_iter().map(|row| {
        let (tone, icon) = style(row.fate());
        let what = format!("{}, {}", words::kind(&row.kind), row.fate().label().to_lowercase());
        view! {
            <li data-state=tone>
                <Icon name=icon/>
                <span><a href=format!("/console/deliveries/{}", row.id)>{row.headline}</a></span>
                <Time at=row.at/>
                <span class="sub">{what}{row.error.map(|error| format!(": {}", sentence(&error)))}</span>
            </li>
        }
    });
    view! { <ul class="feed">{rows.collect_view()}</ul> }
}

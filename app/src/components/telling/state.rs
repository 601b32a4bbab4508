//! How integrations and messages look: a word and a shape, and a colour beside them.

use std::borrow::Cow;

use domain::delivery::DeliveryState;
use domain::views::console::IntegrationRow;
use leptos::prelude::*;

use crate::components::icon::Icon;

/// The colour and the icon of a delivery's state.
pub fn style(state: DeliveryState) -> (&'static str, &'static str) {
    match state {
        DeliveryState::Delivered => ("up", "st-operational"),
        DeliveryState::Grouped => ("up", "check"),
        DeliveryState::Failed => ("down", "st-major"),
        DeliveryState::Retrying => ("confirming", "st-confirming"),
        DeliveryState::Waiting | DeliveryState::Sending => ("unknown", "clock"),
        DeliveryState::Skipped => ("unknown", "st-paused"),
    }
}

/// A delivery's state as a line of text.
#[component]
pub fn DeliveryWord(
    /// Which.
    state: DeliveryState,
) -> impl IntoView {
    let (tone, icon) = style(state);
    view! { <span class="state" data-state=tone><Icon name=icon/>{state.label()}</span> }
}

/// A delivery's state as a pill.
#[component]
pub fn DeliveryPill(
    /// Which.
    state: DeliveryState,
) -> impl IntoView {
    let (tone, icon) = style(state);
    view! { <span class="pill big" data-state=tone><Icon name=icon/>{state.label()}</span> }
}

/// How an integration is: colour, icon and word.
pub fn standing(row: &IntegrationRow) -> (&'static str, &'static str, Cow<'static, str>) {
    let (tone, icon, word) = if !row.enabled && row.failing_since.is_some() {
        ("down", "st-major", "Switched off")
    } else if !row.enabled {
        ("paused", "st-paused", "Off")
    } else if row.unverified {
        ("degraded", "st-degraded", "Not confirmed")
    } else if row.failing_since.is_some() {
        ("down", "st-major", "Failing")
    } else if !row.unconfirmed.is_empty() {
        let who = row.unconfirmed.join(" and ");
        return ("degraded", "st-degraded", format!("Not delivering to {who}").into());
    } else if row.levels + row.monitors + row.subscriptions == 0 {
        ("unknown", "st-unknown", "Not used")
    } else {
        ("up", "st-operational", "In use")
    };
    (tone, icon, word.into())
}

/// Who uses an integration, in words.
pub fn uses(row: &IntegrationRow) -> String {
    let count = |number: u32, noun: &str| {
        (number > 0).then(|| crate::words::count(usize::try_from(number).unwrap_or(usize::MAX), noun))
    };
    let parts = [
        count(row.levels, "alert level"),
        count(row.monitors, "monitor"),
        count(row.subscriptions, "subscription"),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "nobody".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use domain::integration::ProviderKind;

    #[test]
    fn every_provider_has_its_icon_in_the_sprite() {
        let sprite = include_str!("../../../../public/icons.svg");
        for kind in ProviderKind::ALL {
            let symbol = format!("<symbol id=\"{}\"", kind.icon());
            assert!(sprite.contains(&symbol), "{kind}: {symbol} is missing in public/icons.svg");
        }
    }
}

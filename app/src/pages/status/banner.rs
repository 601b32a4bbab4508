//! The sentence everybody came for.

use domain::status_page::{ComponentState, PageState};
use domain::time::Timestamp;
use domain::views::public::PageView;
use leptos::prelude::*;

use super::markup::state_icon;
use super::part::{Part, slot};
use crate::words;

/// The state of a page in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The sentence.
    pub sentence: &'static str,
    /// How many components are concerned, if any.
    pub detail: String,
    /// What it is drawn as.
    pub state: ComponentState,
    /// The path of the icon that shows it in a browser's tab.
    pub icon: &'static str,
}

/// Puts the state of a page into words. "No data" never makes it worse, and never counts as operational either: the detail
/// says how many components have none.
pub fn summary(view: &PageView) -> Summary {
    let states =
        || view.sections.iter().flat_map(|section| &section.components).map(|component| component.state);
    let known = states().filter(|state| *state != ComponentState::NoData).count();
    let broken = states().filter(|state| *state == ComponentState::MajorOutage).count();
    // An incident can be open while every component works: opened by hand, or its component is gone from the page.
    let impact = view.incidents.iter().map(|incident| incident.impact).max();
    let state = match impact {
        Some(impact) if !view.worst.is_problem() => impact.max(ComponentState::DegradedPerformance),
        _ => view.worst,
    };
    let sentence = match (view.worst, view.state) {
        (ComponentState::MajorOutage, _) if broken == known && known > 1 => "All systems are down",
        (ComponentState::MajorOutage, _) => "Some systems are down",
        (ComponentState::PartialOutage, _) => "Some systems are partly down",
        (ComponentState::DegradedPerformance, _) => "Some systems are slow or unreliable",
        (_, PageState::HasIssues) => "We are looking into a problem",
        (ComponentState::UnderMaintenance, _) => "Maintenance in progress",
        (ComponentState::Operational, _) => "All systems operational",
        (ComponentState::NoData, _) => "No data yet",
    };
    Summary { sentence, detail: detail(states()), state, icon: tab_icon(state) }
}

/// The path of the icon that shows a state in a browser's tab.
pub(super) fn tab_icon(state: ComponentState) -> &'static str {
    match state {
        ComponentState::MajorOutage => "/favicon-major.svg",
        ComponentState::PartialOutage | ComponentState::DegradedPerformance => "/favicon-issue.svg",
        ComponentState::NoData | ComponentState::Operational | ComponentState::UnderMaintenance => {
            "/favicon.svg"
        }
    }
}

/// "2 of 14 components have an outage, 1 is degraded"; empty when all are well or nothing is known of any.
fn detail(states: impl Iterator<Item = ComponentState>) -> String {
    let (mut total, mut out, mut degraded, mut maintained, mut blind) = (0, 0, 0, 0, 0);
    for state in states {
        total += 1;
        match state {
            ComponentState::PartialOutage | ComponentState::MajorOutage => out += 1,
            ComponentState::DegradedPerformance => degraded += 1,
            ComponentState::UnderMaintenance => maintained += 1,
            ComponentState::NoData => blind += 1,
            ComponentState::Operational => {}
        }
    }
    if blind == total {
        return String::new();
    }
    let mut text = String::new();
    for (number, one, many) in [
        (out, "has an outage", "have an outage"),
        (degraded, "is degraded", "are degraded"),
        (maintained, "is under maintenance", "are under maintenance"),
        (blind, "has no data", "have no data"),
    ] {
        if number == 0 {
            continue;
        }
        let verb = if number == 1 { one } else { many };
        if text.is_empty() {
            text = format!("{number} of {} {verb}", words::count(total, "component"));
        } else {
            text = format!("{text}, {number} {verb}");
        }
    }
    text
}

/// The time of reading, which the script replaces by the age of the page. It stands in a [`live_line`].
pub(super) fn read_at(at: Timestamp) -> Part {
    let mut read = Part::leaf(
        "live",
        view! {
            <span id="live">
                "Updated "
                <time datetime=words::machine_time(at) data-t="time">{words::clock(at)}</time>
            </span>
        },
    );
    read.volatile = true;
    read
}

/// A line with the place of [`read_at`], and whether the page follows what happens.
pub(super) fn live_line() -> impl IntoView {
    view! { <p class="live"><span class="live-dot"></span>{slot()}</p> }
}

/// The banner.
pub(super) fn banner(view: &PageView) -> Part {
    let Summary { sentence, detail, state, icon } = summary(view);
    let markup = view! {
        <section
            class="banner"
            id="banner"
            data-state=words::tone(state)
            data-title=format!("{sentence} · {}", view.head.name)
            data-icon=icon
        >
            {state_icon(state)}
            <div>
                // What is marked so is said to screen readers when it changes.
                <h1 data-say="">{sentence}</h1>
                {(!detail.is_empty()).then(|| view! { <p data-say="">{detail}</p> })}
                {live_line()}
            </div>
        </section>
    };
    Part::around("banner", markup, vec![read_at(view.at)])
}

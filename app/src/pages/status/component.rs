//! Components in their groups.

use domain::status_page::ComponentState;
use domain::views::public::{ComponentView, PageView, SectionView};
use leptos::prelude::*;

use super::bar::{bar, sparkline};
use super::markup::{icon, mark, state_icon};
use super::part::{Part, slot};
use crate::words;

/// Up to how many components every group of a page is unfolded; beyond, only groups with a problem are.
const UNFOLDED: usize = 20;

/// All components of a page.
pub(super) fn components(view: &PageView) -> Part {
    let total: usize = view.sections.iter().map(|section| section.components.len()).sum();
    if total == 0 {
        return Part::leaf("components", nothing());
    }
    let parts: Vec<Part> = view.sections.iter().map(|section| group(section, total <= UNFOLDED)).collect();
    let markup = view! {
        <section class="section" id="components">
            <h2>"Components"</h2>
            {parts.iter().map(|_| slot()).collect_view()}
        </section>
    };
    Part::around("components", markup, parts)
}

fn nothing() -> impl IntoView {
    view! {
        <section class="section" id="components">
            <div class="empty">
                {mark()} <h2>"Nothing to show yet"</h2>
                <p>"This page will show the state of each service as soon as its owner adds the first component."</p>
            </div>
        </section>
    }
}

fn group(section: &SectionView, unfolded: bool) -> Part {
    let mut parts = Vec::new();
    let with_bars = section.components.iter().any(|component| !component.days.is_empty());
    let axis = with_bars.then(axis);
    let Some(head) = &section.group else {
        let rows = section.components.iter().map(|component| row(component, &mut parts)).collect_view();
        let markup = view! { <div class="group" id="g-none"><ul>{rows}</ul>{axis}</div> };
        return Part::around("g-none", markup, parts);
    };
    let state_id = format!("gs-{}", head.id);
    parts.push(Part::leaf(
        state_id.clone(),
        view! {
            <span id=state_id data-open=section.state.is_problem().then_some("")>
                {counted(section)}
                " "
                <span class="state" data-state=words::tone(section.state)>
                    {state_icon(section.state)} {section.state.label()}
                </span>
            </span>
        },
    ));
    let rows = section.components.iter().map(|component| row(component, &mut parts)).collect_view();
    let id = format!("g-{}", head.id);
    let markup = view! {
        <details class="group" id=id.clone() data-fold="">
            <summary>{icon("chevron-right")} <h3>{head.name.clone()}</h3> " " {slot()}</summary>
            <ul>{rows}</ul>
            {axis}
        </details>
    };
    let mut part = Part::around(id, markup, parts);
    part.open = Some(unfolded || section.state.is_problem());
    part
}

/// "3 components", or how many of them work when not all do. A phone has room only for how many have no data, which the group's state
/// does not say.
fn counted(section: &SectionView) -> impl IntoView + use<> {
    let of = |state| section.components.iter().filter(|component| component.state == state).count();
    let (total, working) = (section.components.len(), of(ComponentState::Operational));
    let (all, blind) = match of(ComponentState::NoData) {
        _ if working == total => (words::count(total, "component"), None),
        0 => (format!("{working} of {total} operational"), None),
        blind => (format!("{working} of {total} operational, "), Some(format!("{blind} without data"))),
    };
    let class = if blind.is_none() { "count wide-only" } else { "count" };
    let all = if blind.is_none() {
        all.into_any()
    } else {
        view! { <span class="wide-only">{all}</span> }.into_any()
    };
    view! { <span class=class>{all}{blind}</span> }
}

fn axis() -> impl IntoView {
    view! {
        <p class="axis">
            <span class="wide-only">"90 days ago"</span>
            " "
            <span class="phone-only">"30 days ago"</span>
            " "
            <span>"Today"</span>
        </p>
    }
}

fn row(component: &ComponentView, parts: &mut Vec<Part>) -> impl IntoView + use<> {
    parts.push(head(component));
    let bar = bar(component).map(|(markup, live)| {
        parts.extend(live);
        markup
    });
    let note = component.description.clone().map(|text| view! { <p class="note">{text}</p> });
    view! { <li class="component">{slot()} {note} {bar}</li> }
}

/// The response time of now, in microseconds, out of those of the last hours. What does not answer has none, and one that is older than
/// the last full hour is not of now; the present hour may have just begun.
fn latency_now(hours: &[Option<i64>], state: ComponentState) -> Option<i64> {
    let recent = hours.iter().rev().take(2).flatten().copied().next();
    recent.filter(|_| state != ComponentState::MajorOutage)
}

/// Name, state and figures: what changes when something happens.
fn head(component: &ComponentView) -> Part {
    let state = component.state;
    let id = format!("c-{}", component.id);
    let slow = state == ComponentState::DegradedPerformance;
    let latency = component.sparkline.as_deref().map(|hours| {
        let now = latency_now(hours, state);
        view! {
            {sparkline(hours, slow)}
            {now.map(|micros| view! {
                <span class="num"><span class="visually-hidden">"response time "</span>{words::latency(micros)}</span>
                " "
            })}
        }
    });
    let uptime = (!component.days.is_empty()).then(|| {
        view! {
            <span class="num" id=format!("uptime-{}", component.id)>
                {words::percent(component.uptime)}
                <span class="visually-hidden">" uptime"</span>
                // The bar beside it is shorter on a phone.
                {component.uptime.map(|_| view! { <span class="phone-only">" · 90 days"</span> })}
            </span>
            " "
        }
    });
    Part::leaf(
        id.clone(),
        view! {
            <div class="head" id=id data-state=words::tone(state)>
                {state_icon(state)} <span class="name">{component.name.clone()}</span> " "
                <span class="facts">{latency} {uptime} <span class="word">{state.label()}</span></span>
            </div>
        },
    )
}

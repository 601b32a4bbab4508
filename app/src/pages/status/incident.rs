//! Incidents: the card of an open one, a line of a past one, and a page for each.

use domain::incident_words;
use domain::status_page::ComponentState;
use domain::time::Timestamp;
use domain::views::public::{IncidentPage, IncidentUpdateView, IncidentView, PageHead, PageView};
use leptos::prelude::*;

use super::banner::{live_line, read_at, tab_icon};
use super::document::{Page, Shell};
use super::markup::{icon, paragraphs, state_icon, when};
use super::part::{Part, drawn, slot};
use crate::words;

/// Where an incident has its own page.
fn address(head: &PageHead, incident: &IncidentView) -> String {
    format!("{}/incidents/{}", head.base(), incident.id)
}

/// Open incidents that are told of in full. Each of the others has a line, so that the components stay in sight.
const IN_FULL: usize = 3;
/// Open incidents, in full and as lines, before the rest is folded.
const UNFOLDED: usize = 8;

/// The open incidents, the newest first; empty but there when all is well, so that the first can be swapped in.
pub(super) fn open_incidents(view: &PageView) -> Part {
    let draw = |(place, incident)| match place {
        ..IN_FULL => card(&view.head, incident, view.at),
        _ => line(&view.head, incident, view.at),
    };
    let parts: Vec<Part> = view.incidents.iter().enumerate().map(draw).collect();
    let class = if parts.is_empty() { "" } else { "section tight" };
    let slots = |count: usize| (0..count).map(|_| slot()).collect_view();
    let lines = parts.len().min(UNFOLDED).saturating_sub(IN_FULL);
    let folded = parts.len().saturating_sub(UNFOLDED);
    let markup = view! {
        <section class=class id="incidents" aria-label="Open incidents">
            {slots(parts.len().min(IN_FULL))}
            {(lines > 0).then(|| view! { <ul class="incident-lines">{slots(lines)}</ul> })}
            {(folded > 0).then(|| view! {
                <details class="incident-rest" id="incidents-rest">
                    <summary>{icon("chevron-right")} {format!("and {folded} more")}</summary>
                    <ul class="incident-lines">{slots(folded)}</ul>
                </details>
            })}
        </section>
    };
    Part::around("incidents", markup, parts)
}

fn line(head: &PageHead, incident: &IncidentView, now: Timestamp) -> Part {
    let id = format!("incident-{}", incident.id);
    let markup = view! {
        <li id=id.clone() data-state=words::tone(incident.impact)>
            {state_icon(incident.impact)} <span class="visually-hidden">{incident.impact.label()} ": "</span>
            <a href=address(head, incident)>{incident.title.clone()}</a> " "
            <span class="since">"since " {when(incident.started_at, now)}</span>
        </li>
    };
    Part::leaf(id, markup)
}

fn card(head: &PageHead, incident: &IncidentView, now: Timestamp) -> Part {
    let state = words::tone(incident.impact);
    let id = format!("incident-{}", incident.id);
    let markup = view! {
        <article class="incident" id=id.clone() data-state=state>
            <header>
                <h2>{state_icon(incident.impact)} <a href=address(head, incident)>{incident.title.clone()}</a></h2>
                " "
                <span class="pill" data-state=state>{incident.phase.label()}</span>
                <div class="meta">
                    <span>{incident.impact.label()} " · began " {when(incident.started_at, now)}</span>
                    " "
                    {chips(&incident.components)}
                </div>
            </header>
            {timeline(state, &incident.updates, now)}
        </article>
    };
    Part::leaf(id, markup)
}

fn chips(names: &[String]) -> impl IntoView + use<> {
    let chips =
        names.iter().map(|name| view! { <span class="chip">{name.clone()}</span> " " }).collect_view();
    view! { <span class="chips">{chips}</span> }
}

fn timeline(state: &'static str, updates: &[IncidentUpdateView], now: Timestamp) -> impl IntoView + use<> {
    let updates = updates
        .iter()
        .map(|update| {
            view! {
                <li>
                    <div class="what"><strong>{update.phase.label()}</strong> " " {when(update.at, now)}</div>
                    {paragraphs(&update.body)}
                </li>
            }
        })
        .collect_view();
    view! { <ol class="timeline" data-state=state>{updates}</ol> }
}

/// A past incident in a list of days.
pub(super) fn past(head: &PageHead, incident: &IncidentView, now: Timestamp) -> impl IntoView + use<> {
    let last = incident.updates.first().map(|update| paragraphs(&update.body));
    let end = match incident.resolved_at {
        Some(at) => view! {
            "Resolved " {when(at, now)} {format!(" · lasted {}", incident_words::length(at.since(incident.started_at)))}
        }
        .into_any(),
        None => format!("Open · {}", incident.phase.label().to_lowercase()).into_any(),
    };
    let state = mark(incident);
    let over =
        incident.resolved_at.is_some().then(|| view! { <span class="visually-hidden">"Resolved: "</span> });
    view! {
        <div class="past" data-state=words::tone(state)>
            <a href=address(head, incident)>{state_icon(state)} " " <span>{over} {incident.title.clone()}</span></a>
            {last}
            <p class="meta">{incident.impact.label()} " · " {end}</p>
        </div>
    }
}

/// What an incident looks like. What is over looks like it, however bad it was: that stands beside it in words.
fn mark(incident: &IncidentView) -> ComponentState {
    if incident.resolved_at.is_some() { ComponentState::Operational } else { incident.impact }
}

/// What an incident's own page shows of it, as read `now`. The status page does not hold it; it is told of in the same frames,
/// for visitors who stay on the incident's page. While it is open, the page says how old it is.
pub(super) fn story(head: &PageHead, incident: &IncidentView, now: Timestamp) -> Part {
    let mark = mark(incident);
    let is_over = incident.resolved_at.is_some();
    let state = words::tone(mark);
    let pill = if is_over { "Resolved" } else { incident.impact.label() };
    let id = format!("i-{}", incident.id);
    let length = |end: Timestamp| incident_words::length(end.since(incident.started_at));
    let markup = view! {
        <div id=id.clone() data-state=state data-title=title(head, incident) data-icon=tab_icon(mark)>
            <div class="title-line">
                <h1 class="page-title">{incident.title.clone()}</h1>
                " "
                <span class="pill big" data-state=state data-say="">{state_icon(mark)} {pill}</span>
            </div>
            {(!is_over).then(live_line)}
            <dl class="facts-list">
                {is_over.then(|| view! { <div><dt>"Impact"</dt><dd>{incident.impact.label()}</dd></div> })}
                <div><dt>"Phase"</dt><dd>{incident.phase.label()}</dd></div>
                <div><dt>"Began"</dt><dd>{when(incident.started_at, now)}</dd></div>
                {incident.resolved_at.map(|end| view! {
                    <div><dt>"Resolved"</dt><dd>{when(end, now)}</dd></div>
                    <div><dt>"Lasted"</dt><dd>{length(end)}</dd></div>
                })}
            </dl>
            {(!incident.components.is_empty()).then(|| view! {
                <section class="section tight"><h2>"Affected components"</h2>{chips(&incident.components)}</section>
            })}
            <section class="section"><h2>"Updates"</h2>{timeline(state, &incident.updates, now)}</section>
        </div>
    };
    let inner = if is_over { Vec::new() } else { vec![read_at(now)] };
    Part::around(id, markup, inner)
}

/// What stands in the tab of an incident's page.
fn title(head: &PageHead, incident: &IncidentView) -> String {
    format!("{} · {}", incident.title, head.name)
}

/// The page of an incident; it follows the frames of its status page.
pub fn incident_page(page: &IncidentPage, shell: &Shell<'_>) -> String {
    let incident = &page.incident;
    let main = view! {
        <main id="incident">
            <a class="crumb" href=page.head.home()>{icon("chevron-left")} "Current status"</a>
            {drawn(story(&page.head, incident, page.at).html())}
        </main>
    };
    shell.document(&Page {
        head: Some(&page.head),
        title: title(&page.head, incident),
        description: format!("{} · {}", incident.impact.label(), incident.phase.label()),
        icon: tab_icon(mark(incident)),
        path: address(&page.head, incident),
        is_there: true,
        target: "incident",
        main: super::part::html(main),
    })
}

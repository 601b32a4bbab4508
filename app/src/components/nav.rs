//! The ways through the console.

use domain::health::State;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_location;

use super::icon::Icon;
use crate::live::LiveFeed;

/// A way: its path, words and icon.
pub type Way = (&'static str, &'static str, &'static str);

/// What is watched, and what becomes of it.
const WATCHING: [Way; 4] = [
    ("/console", "Overview", "overview"),
    ("/console/monitors", "Monitors", "monitors"),
    ("/console/incidents", "Incidents", "siren"),
    ("/console/page", "Status page", "page"),
];
/// Who is told.
const TELLING: [Way; 3] = [
    ("/console/alerts", "Alerts", "bell"),
    ("/console/integrations", "Integrations", "plug"),
    ("/console/deliveries", "Deliveries", "inbox"),
];
/// The program itself.
const REST: [Way; 1] = [("/console/settings", "Settings", "settings")];
/// What fits below a thumb; the last place is for all the rest.
const THUMB: [Way; 3] = [WATCHING[0], WATCHING[1], WATCHING[2]];
/// Where the rest is listed.
const MORE: &str = "/console/more";

/// What does not fit below a thumb, for the page that lists it.
pub fn more() -> impl Iterator<Item = Way> {
    WATCHING.into_iter().skip(3).chain(TELLING).chain(REST)
}

/// The links, for the sidebar.
#[component]
pub fn Ways() -> impl IntoView {
    view! {
        {WATCHING.map(link).collect_view()}
        <span class="nav-head">"Telling people"</span>
        {TELLING.map(link).collect_view()}
        <span class="nav-head" aria-hidden="true"></span>
        {REST.map(link).collect_view()}
    }
}

/// The links, for the bar below the thumb.
#[component]
pub fn PhoneWays() -> impl IntoView {
    let path = use_location().pathname;
    // Whatever has no place of its own below the thumb is reached through “More”.
    let is_more = move || {
        path.with(|path| path != "/console" && !THUMB[1..].iter().any(|(way, ..)| path.starts_with(way)))
    };
    view! {
        {THUMB.map(link).collect_view()}
        <a href=MORE aria-current=move || is_more().then_some("page")><Icon name="menu"/>"More"</a>
    }
}

fn link((path, words, icon): Way) -> impl IntoView {
    let is_overview = path == "/console";
    view! {
        <A href=path exact=is_overview>
            <Icon name=icon/>{words}{is_overview.then(|| view! { <DownBadge/> })}
        </A>
    }
}

/// How many monitors are down.
#[component]
fn DownBadge() -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    let down = Memo::new(move |_| feed.counts.get().map_or(0, |counts| counts.of(State::Down)));
    move || {
        (down.get() > 0).then(|| {
            view! { <span class="badge" data-state="down">{down.get()}<span class="visually-hidden">" down"</span></span> }
        })
    }
}

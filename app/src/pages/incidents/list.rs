//! The list of incidents.

use std::time::Duration;

use domain::time::Timestamp;
use domain::views::console::{INCIDENTS_PER_PAGE, IncidentEntry, IncidentList};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::again::keep_fresh;
use crate::components::figures;
use crate::components::icon::Icon;
use crate::components::kept::Kept;
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::rows::Rows;
use crate::components::time::{Lasting, Time};
use crate::live::LiveFeed;
use crate::server_fns::incidents::{Which, read_incidents};
use crate::words;

/// How often the list is read again while somebody looks.
const FRESH: Duration = Duration::from_secs(5);

/// The page.
#[component]
pub fn Incidents() -> impl IntoView {
    let query = use_query_map();
    let feed = expect_context::<LiveFeed>();
    let wanted = Memo::new(move |_| {
        let query = query.read();
        let which =
            query.get("which").and_then(|word| Which::ALL.into_iter().find(|which| which.as_str() == word));
        let page = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1_u32).max(1);
        (which.unwrap_or_default(), page)
    });
    let list = Resource::new(
        move || (wanted.get(), feed.generation.get()),
        |((which, page), _)| read_incidents(which, page),
    );
    keep_fresh(list, FRESH, wanted, |(which, page)| read_incidents(which, page));
    view! {
        <PageTitle text="Incidents"/>
        <PageHead title="Incidents"/>
        <Kept from=list let:list><Body list wanted/></Kept>
    }
}

/// What is shown, once it is read.
#[component]
fn Body(list: RwSignal<IncidentList>, wanted: Memo<(Which, u32)>) -> impl IntoView {
    // What was asked for when the list came, and not what is asked for by now.
    let asked = Memo::new(move |_| {
        list.track();
        wanted.get_untracked()
    });
    let open = Memo::new(move |_| list.with(|list| list.open));
    let is_empty = Memo::new(move |_| list.with(|list| list.rows.is_empty()));
    let rows = Memo::new(move |_| list.with(|list| list.rows.clone()));
    let at = list.with_untracked(|list| list.at);
    view! {
        <Tabs asked open/>
        {move || if is_empty.get() {
            view! { <Nothing which=asked.get().0/> }.into_any()
        } else {
            view! {
                <section class="card flush" aria-label="Incidents">
                    <ul class="broken incidents"><Rows rows key=|entry| entry.row.id.clone() let:entry><Row entry at/></Rows></ul>
                    <footer><Pages list asked/></footer>
                </section>
            }.into_any()
        }}
    }
}

/// Which incidents are shown.
#[component]
fn Tabs(asked: Memo<(Which, u32)>, open: Memo<i64>) -> impl IntoView {
    let tab = |one: Which| {
        let badge = move || {
            let open = (one == Which::Open).then(|| open.get()).filter(|open| *open > 0);
            open.map(|open| view! { <span class="badge" data-state="down">{figures::thousands(open)}</span> })
        };
        let href = match one {
            Which::Open => "/console/incidents".to_owned(),
            _ => format!("/console/incidents?which={}", one.as_str()),
        };
        let current = move || (asked.get().0 == one).then_some("page");
        view! { <a href=href aria-current=current>{one.label()}{badge}</a> }
    };
    view! { <nav class="tabs" aria-label="Which incidents">{Which::ALL.map(tab).collect_view()}</nav> }
}

/// There is none.
#[component]
fn Nothing(which: Which) -> impl IntoView {
    let (title, text) = match which {
        Which::Open => ("Nothing is burning", "An incident opens by itself when a monitor goes down."),
        _ => ("No incident yet", "What went wrong stands here, with what was sent to whom."),
    };
    view! { <section class="empty"><Icon name="st-operational"/><h2>{title}</h2><p>{text}</p></section> }
}

/// The way to the neighbouring pages.
#[component]
fn Pages(list: RwSignal<IncidentList>, asked: Memo<(Which, u32)>) -> impl IntoView {
    let found = Memo::new(move |_| list.with(|list| list.found));
    let neighbour = |step: i64, words: &'static str| {
        let to = Memo::new(move |_| {
            let (which, page) = asked.get();
            let to = i64::from(page) + step;
            let is_there = to >= 1 && (to - 1) * i64::from(INCIDENTS_PER_PAGE) < found.get();
            is_there.then(|| format!("/console/incidents?which={}&page={to}", which.as_str()))
        });
        move || to.get().map(|href| view! { <a class="button small" href=href>{words}</a> })
    };
    view! {
        <nav class="pagination" aria-label="Pages">
            <span>{move || figures::count(found.get(), "incident")}</span>
            {neighbour(-1, "Newer")}
            {neighbour(1, "Older")}
        </nav>
    }
}

/// One incident. Its cells follow; the row stays.
#[component]
fn Row(entry: Memo<IncidentEntry>, at: Timestamp) -> impl IntoView {
    let href = format!("/console/incidents/{}", entry.with_untracked(|entry| entry.row.id.to_string()));
    let look = Memo::new(move |_| {
        entry.with(|entry| match (entry.row.resolved_at, &entry.acknowledged) {
            (None, None) => ("down", "st-major"),
            (None, Some(_)) => ("degraded", "hand"),
            (Some(_), _) => ("up", "st-operational"),
        })
    });
    let times = Memo::new(move |_| entry.with(|entry| (entry.row.started_at, entry.row.resolved_at)));
    let length = move || match times.get() {
        (since, None) => view! { <Lasting since read_at=at/> }.into_any(),
        (since, Some(end)) => words::duration(end.since(since)).into_any(),
    };
    let began = move || match times.get() {
        (_, None) => None,
        (since, Some(_)) => Some(view! { <span class="muted num"><Time at=since/></span> }),
    };
    let chips = move || {
        entry.with(|entry| {
            let is_open = entry.row.resolved_at.is_none();
            let taken = entry.acknowledged.as_ref().filter(|_| is_open);
            let taken = taken.map(|(_, who)| view! { <span class="chip"><Icon name="hand"/>{who.clone()}</span> });
            let snoozed = entry.snoozed_until.filter(|_| is_open).map(|until| {
                view! { <span class="chip"><Icon name="alarm-clock"/>"until "<Time at=until shape=crate::browser::Shape::Minute/></span> }
            });
            view! { {taken}{snoozed} }
        })
    };
    view! {
        <li data-state=move || look.get().0>
            {move || view! { <Icon name=look.get().1/> }}
            <div>
                <a class="name" data-row href=href>{move || entry.with(|entry| entry.row.title.clone())}</a>
                {move || entry.with(|entry| entry.about.clone()).map(|about| view! { <p class="muted">{about}</p> })}
                <p>{move || entry.with(|entry| entry.row.reason.clone().unwrap_or_default())}</p>
            </div>
            <span class="chips">{chips}</span>
            <span class="for">{length}</span>
            {began}
        </li>
    }
}

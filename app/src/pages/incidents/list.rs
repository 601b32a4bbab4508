//! The list of incidents.

use std::time::Duration;

use domain::time::Timestamp;
use domain::views::console::{INCIDENTS_PER_PAGE, IncidentEntry, IncidentList};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::again::keep_fresh;
use crate::components::figures;
use crate::components::icon::Icon;
use crate::components::loaded::Loaded;
use crate::components::page_head::{PageHead, PageTitle};
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
        <Loaded from=list let:list>
            {
                let (which, page) = wanted.get_untracked();
                view! { <Tabs which open=list.open/><Found list which page/> }
            }
        </Loaded>
    }
}

/// Which incidents are shown.
#[component]
fn Tabs(which: Which, open: i64) -> impl IntoView {
    let tab = |one: Which| {
        let badge = (one == Which::Open && open > 0)
            .then(|| view! { <span class="badge" data-state="down">{figures::thousands(open)}</span> });
        let href = match one {
            Which::Open => "/console/incidents".to_owned(),
            _ => format!("/console/incidents?which={}", one.as_str()),
        };
        view! { <a href=href aria-current=(one == which).then_some("page")>{one.label()}{badge}</a> }
    };
    view! { <nav class="tabs" aria-label="Which incidents">{Which::ALL.map(tab).collect_view()}</nav> }
}

/// What was found.
#[component]
fn Found(list: IncidentList, which: Which, page: u32) -> impl IntoView {
    if list.rows.is_empty() {
        let (title, text) = match which {
            Which::Open => ("Nothing is burning", "An incident opens by itself when a monitor goes down."),
            _ => ("No incident yet", "What went wrong stands here, with what was sent to whom."),
        };
        return view! { <section class="empty"><Icon name="st-operational"/><h2>{title}</h2><p>{text}</p></section> }
            .into_any();
    }
    let per_page = i64::from(INCIDENTS_PER_PAGE);
    let at = list.at;
    let rows = list.rows.into_iter().map(|entry| view! { <Row entry at/> });
    let neighbour = |to: u32, words: &'static str, is_there: bool| {
        is_there.then(|| {
            let href = format!("/console/incidents?which={}&page={to}", which.as_str());
            view! { <a class="button small" href=href>{words}</a> }
        })
    };
    let pages = view! {
        <span>{figures::count(list.found, "incident")}</span>
        {neighbour(page.saturating_sub(1), "Newer", page > 1)}
        {neighbour(page + 1, "Older", i64::from(page) * per_page < list.found)}
    };
    view! {
        <section class="card flush" aria-label="Incidents">
            <ul class="broken incidents">{rows.collect_view()}</ul>
            <footer><nav class="pagination" aria-label="Pages">{pages}</nav></footer>
        </section>
    }
    .into_any()
}

/// One incident.
#[component]
fn Row(entry: IncidentEntry, at: Timestamp) -> impl IntoView {
    let row = entry.row;
    let is_open = row.resolved_at.is_none();
    let (tone, icon) = match (is_open, &entry.acknowledged) {
        (true, None) => ("down", "st-major"),
        (true, Some(_)) => ("degraded", "hand"),
        (false, _) => ("up", "st-operational"),
    };
    let length = match row.resolved_at {
        None => view! { <Lasting since=row.started_at read_at=at/> }.into_any(),
        Some(end) => words::duration(end.since(row.started_at)).into_any(),
    };
    let taken = entry
        .acknowledged
        .filter(|_| is_open)
        .map(|(_, who)| view! { <span class="chip"><Icon name="hand"/>{who}</span> });
    let snoozed = entry.snoozed_until.filter(|_| is_open).map(|until| {
        view! { <span class="chip"><Icon name="alarm-clock"/>"until "<Time at=until shape=crate::browser::Shape::Minute/></span> }
    });
    view! {
        <li data-state=tone>
            <Icon name=icon/>
            <div>
                <a class="name" data-row href=format!("/console/incidents/{}", row.id)>{row.title}</a>
                {entry.about.map(|about| view! { <p class="muted">{about}</p> })}
                <p>{row.reason.unwrap_or_default()}</p>
            </div>
            <span class="chips">{taken}{snoozed}</span>
            <span class="for">{length}</span>
            {(!is_open).then(|| view! { <span class="muted num"><Time at=row.started_at/></span> })}
        </li>
    }
}

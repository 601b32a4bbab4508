//! The list of incidents.

use std::time::Duration;

use domain::time::Timestamp;
use domain::views::console::{INCIDENTS_PER_PAGE, IncidentEntry, IncidentList};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::url::{self, IncidentQuery};
use crate::components::again::keep_fresh;
use crate::components::figures;
use crate::components::icon::Icon;
use crate::components::kept::Kept;
use crate::components::listing::{NoMatch, Pager};
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::rows::Rows;
use crate::components::search::SearchBox;
use crate::components::time::{Lasting, Time};
use crate::live::LiveFeed;
use crate::server_fns::incidents::{Which, read_incidents};
use crate::words;

/// How often the list is read again while somebody looks.
const FRESH: Duration = Duration::from_secs(5);

/// The page.
#[component]
pub fn Incidents() -> impl IntoView {
    let params = use_query_map();
    let feed = expect_context::<LiveFeed>();
    let wanted = Memo::new(move |_| url::read(&params.read()));
    let read = |wanted: IncidentQuery| read_incidents(wanted.which, wanted.search, wanted.page);
    let list = Resource::new(move || (wanted.get(), feed.generation.get()), move |(wanted, _)| read(wanted));
    keep_fresh(list, FRESH, wanted, read);
    view! {
        <PageTitle text="Incidents"/>
        <PageHead title="Incidents"/>
        <Kept from=list let:list><Body list wanted/></Kept>
    }
}

/// What is shown, once it is read.
#[component]
fn Body(list: RwSignal<IncidentList>, wanted: Memo<IncidentQuery>) -> impl IntoView {
    // What was asked for when the list came, and not what is asked for by now.
    let asked = Memo::new(move |_| {
        list.track();
        wanted.get_untracked()
    });
    let open = Memo::new(move |_| list.with(|list| list.open));
    let is_empty = Memo::new(move |_| list.with(|list| list.rows.is_empty()));
    let rows = Memo::new(move |_| list.with(|list| list.rows.clone()));
    let pages = Memo::new(move |_| list.with(|list| (list.page, list.found)));
    let at = list.with_untracked(|list| list.at);
    view! {
        <Tabs asked open/>
        <Toolbar wanted/>
        {move || if is_empty.get() {
            view! { <Nothing asked=asked.get()/> }.into_any()
        } else {
            view! {
                <section class="card flush" aria-label="Incidents">
                    <ul class="broken incidents"><Rows rows key=|entry| entry.row.id.clone() let:entry><Row entry at/></Rows></ul>
                    <footer>{move || {
                        let ((page, found), asked) = (pages.get(), asked.get());
                        let to = move |page| url::write(&IncidentQuery { page, ..asked.clone() });
                        view! { <Pager page per_page=INCIDENTS_PER_PAGE found thing="incident" words=["Newer", "Older"] to/> }
                    }}</footer>
                </section>
            }.into_any()
        }}
    }
}

/// Which incidents are shown.
#[component]
fn Tabs(asked: Memo<IncidentQuery>, open: Memo<i64>) -> impl IntoView {
    let tab = |which: Which| {
        let badge = move || {
            let open = (which == Which::Open).then(|| open.get()).filter(|open| *open > 0);
            open.map(|open| view! { <span class="badge" data-state="down">{figures::thousands(open)}</span> })
        };
        let href = move || url::write(&IncidentQuery { which, page: 1, ..asked.get() });
        let current = move || asked.with(|asked| asked.which == which).then_some("page");
        view! { <a href=href aria-current=current>{which.label()}{badge}</a> }
    };
    view! { <nav class="tabs" aria-label="Which incidents">{Which::ALL.map(tab).collect_view()}</nav> }
}

/// The search. A plain form: without scripts it is sent by its button, with them as one types.
#[component]
fn Toolbar(wanted: Memo<IncidentQuery>) -> impl IntoView {
    let navigate = use_navigate();
    let search = move |text: String| {
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        let wanted = IncidentQuery { search: text.trim().to_owned(), page: 1, ..wanted.get_untracked() };
        navigate(&url::write(&wanted), options);
    };
    view! {
        <form class="toolbar" role="search" method="get" action=url::PATH on:submit=move |event| event.prevent_default()>
            <SearchBox text=Signal::derive(move || wanted.with(|wanted| wanted.search.clone())) placeholder="Search incident or monitor" search/>
            <input type="hidden" name="which" value=move || wanted.with(|wanted| wanted.which.as_str())/>
            <noscript><button class="button">"Search"</button></noscript>
        </form>
    }
}

/// There is none, or none that was searched for.
#[component]
fn Nothing(asked: IncidentQuery) -> impl IntoView {
    let IncidentQuery { which, search, .. } = asked;
    if !search.is_empty() {
        let (thing, hidden) = match which {
            Which::Open => ("open incident", "Those that are over are not searched here."),
            Which::Resolved => ("resolved incident", "Those that are open are not searched here."),
            Which::All => ("incident", "They are searched by headline and by monitor."),
        };
        let all = url::write(&IncidentQuery { which, ..IncidentQuery::default() });
        let everywhere = url::write(&IncidentQuery { which: Which::All, search: search.clone(), page: 1 });
        return view! {
            <NoMatch thing search hidden all>
                {(which != Which::All).then(|| view! { <a class="button" href=everywhere>"Search all incidents"</a> })}
            </NoMatch>
        }
        .into_any();
    }
    let (title, text) = match which {
        Which::Open => ("Nothing is burning", "An incident opens by itself when a monitor goes down."),
        _ => ("No incident yet", "What went wrong stands here, with what was sent to whom."),
    };
    view! { <section class="empty first"><Icon name="st-operational"/><h2>{title}</h2><p>{text}</p></section> }.into_any()
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

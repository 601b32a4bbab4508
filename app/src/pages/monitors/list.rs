//! The list of monitors: searched, filtered, sorted and paged on the server, followed live.

use domain::views::console::{Frame, MonitorList, MonitorQuery, MonitorSort};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::row::Row;
use super::toolbar::Toolbar;
use super::url;
use crate::components::icon::Icon;
use crate::components::listing::{NoMatch, Pager, hidden};
use crate::components::loaded::Loaded;
use crate::components::notice::{Notice, Tone};
use crate::components::page_head::{PageHead, PageTitle};
use crate::flash;
use crate::live::LiveFeed;
use crate::server_fns::monitor::DELETED;
use crate::server_fns::monitors::read_monitors;

/// The page.
#[component]
pub fn Monitors() -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    let params = use_query_map();
    let query = Memo::new(move |_| url::read(&params.read()));
    let deleted = flash::take(DELETED).is_some();
    let list = Resource::new(move || (query.get(), feed.generation.get()), |(query, _)| read_monitors(query));
    view! {
        <PageTitle text="Monitors"/>
        <PageHead title="Monitors" actions=|| view! {
            <a class="button primary" href="/console/monitors/new"><Icon name="plus"/>"Add monitor"</a>
        }/>
        {deleted.then(|| view! { <Notice tone=Tone::Good title="The monitor was deleted."/> })}
        <Toolbar query/>
        <Loaded from=list let:list><Found list query=query.get_untracked()/></Loaded>
    }
}

/// What was found, or what to do when nothing was.
#[component]
fn Found(list: MonitorList, query: MonitorQuery) -> impl IntoView {
    if list.rows.is_empty() {
        return if url::is_filtered(&query) || list.counts.total() > 0 {
            view! {
                <NoMatch thing="monitor" search=query.search hidden=hidden(list.counts.total(), "monitor") all=url::PATH/>
            }
            .into_any()
        } else {
            view! { <Nothing/> }.into_any()
        };
    }
    let seq = list.seq;
    let rows: Vec<_> = list.rows.iter().map(|row| (row.id.clone(), RwSignal::new(row.clone()))).collect();
    expect_context::<LiveFeed>().watch(rows.iter().map(|(id, _)| id.clone()).collect());
    let gone = RwSignal::new(Vec::new());
    let keyed = rows.clone();
    expect_context::<LiveFeed>().listen(move |frame| match frame {
        Frame::Monitor { seq: newer, row, .. } if newer > seq => {
            if let Some((_, signal)) = keyed.iter().find(|(id, _)| *id == row.id) {
                signal.set(*row);
            }
        }
        Frame::Gone { seq: newer, id, .. } if newer > seq => gone.update(|gone| gone.push(id)),
        Frame::Sample { id, beat, state } => {
            if let Some((_, signal)) = keyed.iter().find(|(known, _)| *known == id) {
                signal.update(|row| {
                    row.checked_at = Some(beat.at);
                    row.latency_us = beat.latency_us;
                    row.state = state;
                });
            }
        }
        _ => {}
    });
    let body = rows.into_iter().map(|(id, row)| {
        view! { <Show when={let id = id.clone(); move || gone.with(|gone| !gone.contains(&id))}><Row row/></Show> }
    });
    view! {
        <section class="card flush" aria-label="Monitors">
            <table class="table cards">
                <thead><tr>
                    <SortHead query=query.clone() sort=MonitorSort::Urgency words="State"/>
                    <SortHead query=query.clone() sort=MonitorSort::Name words="Monitor"/>
                    <th>"Kind"</th><th>"24 hours"</th>
                    <th class="end">"Latency"</th><th class="end">"Uptime 24 h"</th><th class="end">"Checked"</th>
                </tr></thead>
                <tbody>{body.collect_view()}</tbody>
            </table>
            <footer><Pager page=list.page per_page=list.per_page found=list.found thing="monitor"
                to=move |page| url::write(&MonitorQuery { page, ..query.clone() })/></footer>
        </section>
    }
    .into_any()
}

/// The head of a column that sorts.
#[component]
fn SortHead(query: MonitorQuery, sort: MonitorSort, words: &'static str) -> impl IntoView {
    let is_current = query.sort == sort;
    let href = url::write(&MonitorQuery { sort, page: 1, ..query });
    let direction = if is_current { "ascending" } else { "none" };
    view! { <th aria-sort=direction><a href=href>{words}{is_current.then(|| view! { <Icon name="arrow-up"/> })}</a></th> }
}

/// There is no monitor at all.
#[component]
fn Nothing() -> impl IntoView {
    view! {
        <section class="empty first">
            <Icon name="monitors"/><h2>"Nothing is watched yet"</h2>
            <p>"A monitor is an address, a port, a name, a certificate or a job, and how often it is looked at."</p>
            <div class="button-row"><a class="button primary" href="/console/monitors/new"><Icon name="plus"/>"Add monitor"</a></div>
        </section>
    }
}

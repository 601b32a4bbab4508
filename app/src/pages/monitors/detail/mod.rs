//! One monitor: what it shows, how it went, and why.

mod actions;
mod figures;
mod head;
mod notes;
mod push;
mod telling;
mod why;

use domain::health::State;
use domain::id::MonitorId;
use domain::time::{SECOND, Timestamp};
use domain::uptime::ResultState;
use domain::views::console::{Frame, MonitorDetail, Range};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use self::figures::Figures;
use self::head::Head;
use super::trial::Trial;
use crate::call::Call;
use crate::components::chart::LatencyChart;
use crate::components::chart::beats::{self, Beats};
use crate::components::feed::{Feed, Incidents};
use crate::components::icon::Icon;
use crate::components::loaded::Loaded;
use crate::components::page_head::PageTitle;
use crate::flash;
use crate::live::LiveFeed;
use crate::server_fns::monitor::TestMonitor;
use crate::server_fns::monitors::read_monitor;
use crate::words;

/// The page.
#[component]
pub fn Monitor() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let feed = expect_context::<LiveFeed>();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let range = Memo::new(move |_| {
        query.read().get("range").and_then(|word| Range::from_word(&word)).unwrap_or_default()
    });
    // Grows when something happened to this monitor: evidence, figures and incidents are read again.
    let changes = RwSignal::new(0_u32);
    let view = Resource::new(
        move || (id.get(), range.get(), feed.generation.get(), changes.get()),
        |(id, range, ..)| read_monitor(id, range),
    );
    // The monitor that was deleted while its page was open.
    let gone = RwSignal::new(None::<MonitorId>);
    feed.listen(move |frame| {
        let shown = id.try_get_untracked();
        let is_shown = |id: &MonitorId| shown.as_ref().is_some_and(|shown| shown == id.as_str());
        match frame {
            Frame::Monitor { row, .. } if is_shown(&row.id) => changes.update(|changes| *changes += 1),
            Frame::Gone { id, .. } if is_shown(&id) => gone.set(Some(id)),
            _ => {}
        }
    });
    let is_gone =
        Memo::new(move |_| gone.with(|gone| gone.as_ref().is_some_and(|gone| *id.read() == *gone.as_str())));
    view! {
        <a class="crumb" href="/console/monitors"><Icon name="chevron-left"/>"Monitors"</a>
        <Show when=move || !is_gone.get() fallback=Deleted>
            <Loaded from=view whole=true let:view><Body view/></Loaded>
        </Show>
    }
}

/// It was deleted while somebody looked at it.
#[component]
fn Deleted() -> impl IntoView {
    view! {
        <PageTitle text="This monitor was deleted"/>
        <section class="empty" role="alert">
            <Icon name="trash"/><h1>"This monitor was deleted."</h1>
            <div class="button-row"><a class="button" href="/console/monitors">"To the monitors"</a></div>
        </section>
    }
}

/// What is shown, once it is read.
#[component]
fn Body(view: MonitorDetail) -> impl IntoView {
    let test = Call::to::<TestMonitor>();
    let shown = flash::take("test").and_then(|flash| flash.report.map(|report| Ok(*report)));
    let was_shown = shown.is_some();
    let found = Signal::derive(move || test.value().get().or_else(|| shown.clone()));
    let pending = test.pending();
    let is_tested = Memo::new(move |_| was_shown || pending.get() || test.version().get() > 0);

    let row = RwSignal::new(view.row.clone());
    let latest = RwSignal::new(view.beats.clone());
    let id = view.row.id.clone();
    let feed = expect_context::<LiveFeed>();
    feed.watch(vec![id.clone()]);
    let due = RwSignal::new(view.heartbeat.as_ref().and_then(|heartbeat| heartbeat.due_at));
    let period = view.heartbeat.as_ref().and_then(|heartbeat| heartbeat.period_s);
    feed.listen(move |frame| {
        if let Frame::Sample { id: sampled, beat, state } = frame
            && sampled == id
        {
            latest.update(|all| beats::push(all, beat));
            if beat.state == ResultState::Up {
                // The times of a schedule are the server's to know.
                due.set(period.map(|period| Timestamp(beat.at.0 + i64::from(period) * SECOND)));
            }
            row.update(|row| {
                row.checked_at = Some(beat.at);
                row.latency_us = beat.latency_us;
                row.state = state;
            });
        }
    });
    let is_new = view.beats.is_empty() && view.feed.is_empty();
    // Whoever is woken asks why first.
    let fails = matches!(view.row.state, State::Down | State::Confirming | State::Degraded);
    let evidence = view.evidence.clone();
    let (why_first, why_last) = if fails { (Some(evidence), None) } else { (None, Some(evidence)) };
    let (at, push, told) = (view.at, view.heartbeat.clone(), view.row.id.to_string());
    let first = if push.is_some() { "call" } else { "check" };
    view! {
        <Head row test view=view.clone()/>
        <div class="stack">
            <section class="card" aria-label="Latest results"><Beats beats=latest/></section>
            <Figures view=view.clone()/>
            {push.map(|heartbeat| view! { <push::PushUrl monitor=view.row.id.clone() heartbeat due/> })}
            <div class="split">
                <div class="stack">
                    {why_first.map(|items| view! { <why::Why items/> })}
                    {if is_new {
                        view! { <NoResults first/> }.into_any()
                    } else {
                        view! { <Latency view=view.clone()/> }.into_any()
                    }}
                    <section class="card flush">
                        <header><h2>"Events"</h2></header>
                        {if view.feed.is_empty() {
                            view! { <p class="empty plain">"Nothing happened yet."</p> }.into_any()
                        } else {
                            view! { <Feed items=view.feed named=false/> }.into_any()
                        }}
                    </section>
                    {(!view.incidents.is_empty()).then(|| view! {
                        <section class="card flush"><header><h2>"Incidents"</h2></header><Incidents rows=view.incidents at/></section>
                    })}
                </div>
                <div class="stack">
                    <Show when=move || is_tested.get()><Trial found pending/></Show>
                    <notes::Notes notes=view.notes/>
                    <telling::Telling id=told/>
                    {why_last.map(|items| view! { <why::Why items/> })}
                </div>
            </div>
        </div>
    }
}

/// The chart of response times with its ranges.
#[component]
fn Latency(view: MonitorDetail) -> impl IntoView {
    let range_words = |range: Range| match range {
        Range::Hour => "1 h",
        Range::Day => "24 h",
        Range::Week => "7 d",
        Range::Month => "30 d",
        Range::Quarter => "90 d",
    };
    let current = view.range;
    let figure = |figure: Option<i64>| figure.map_or_else(|| words::NOTHING.to_owned(), words::latency);
    let summary = format!(
        "Response times of the last {}: median {}, 95th percentile {}",
        range_words(current),
        figure(view.figures.p50_us),
        figure(view.figures.p95_us)
    );
    let tabs = Range::ALL.map(|range| {
        let href = format!("?range={}", range.as_str());
        view! { <a href=href aria-current=(range == current).then_some("true")>{range_words(range)}</a> }
    });
    let has_times = view.chart.iter().any(|point| point.latency_us.is_some());
    view! {
        <section class="card">
            <header><h2>"Latency"</h2><nav class="segments" aria-label="Range">{tabs.collect_view()}</nav></header>
            {if has_times {
                view! { <LatencyChart points=view.chart until=view.at range=current summary/> }.into_any()
            } else {
                view! { <p class="empty plain">"No response time was measured in this range."</p> }.into_any()
            }}
        </section>
    }
}

/// It was never checked.
#[component]
fn NoResults(
    /// What brings the first result.
    first: &'static str,
) -> impl IntoView {
    view! {
        <section class="empty">
            <Icon name="clock"/><h2>"No results yet"</h2>
            <p>"Latency and events appear here with the first "{first}"."</p>
        </section>
    }
}

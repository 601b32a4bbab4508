//! One incident: what happened, why, who was told, what comes next, and what to do about it.

use std::time::Duration;

use domain::id::MonitorId;
use domain::views::console::{EvidenceItem, Frame, IncidentDetail, Silence};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::actions::Actions;
use super::story::{Happening, story};
use crate::components::again::{Again, keep_fresh};
use crate::components::evidence::{EvidenceView, MoreEvidence};
use crate::components::icon::Icon;
use crate::components::loaded::Loaded;
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::telling::words as telling;
use crate::components::time::{Lasting, Time, Until};
use crate::live::LiveFeed;
use crate::server_fns::incidents::read_incident;
use crate::words;

/// How often the page is read again while somebody looks: messages leave without an event of their own.
const FRESH: Duration = Duration::from_secs(2);

/// The page.
#[component]
pub fn Incident() -> impl IntoView {
    let params = use_params_map();
    let (feed, again) = (expect_context::<LiveFeed>(), Again::provide());
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let view =
        Resource::new(move || (id.get(), again.count(), feed.generation.get()), |(id, ..)| read_incident(id));
    keep_fresh(view, FRESH, id, |id| async move {
        // When it was read is no news: the page ticks by itself.
        read_incident(id).await.map(|fresh| IncidentDetail { at: fresh.row.started_at, ..fresh })
    });
    feed.listen(move |frame| {
        if let Frame::Monitor { item: Some(_), .. } = frame {
            again.now();
        }
    });
    view! {
        <a class="crumb" href="/console/incidents"><Icon name="chevron-left"/>"Incidents"</a>
        <Loaded from=view whole=true let:view><Body view/></Loaded>
    }
}

/// What is shown, once it is read.
#[component]
fn Body(view: IncidentDetail) -> impl IntoView {
    let row = view.row.clone();
    let is_open = row.resolved_at.is_none();
    let (tone, icon, word) = match (is_open, view.acknowledged.is_some()) {
        (true, false) => ("down", "st-major", "Open"),
        (true, true) => ("degraded", "hand", "Acknowledged"),
        (false, _) => ("up", "st-operational", "Resolved"),
    };
    let (at, acknowledged, snoozed) = (view.at, view.acknowledged.clone(), view.snoozed_until);
    let monitor = row.monitor.clone().zip(view.monitor_name.clone());
    let facts = move || {
        let length = match row.resolved_at {
            None => {
                view! { <span>"for "<Lasting since=row.started_at read_at=at.max(row.started_at)/></span> }
                    .into_any()
            }
            Some(end) => {
                view! { <span>"lasted "{words::duration(end.since(row.started_at))}</span> }.into_any()
            }
        };
        view! {
            <span class="pill big" data-state=tone><Icon name=icon/>{word}</span>
            {length}
            <span>"since "<Time at=row.started_at/></span>
            {monitor.map(|(id, name)| view! { <a href=format!("/console/monitors/{id}")>{name}</a> })}
            {acknowledged.map(|(_, who)| view! { <span class="chip"><Icon name="hand"/>{who}</span> })}
            {snoozed.filter(|_| is_open).map(|until| view! { <span class="chip"><Icon name="alarm-clock"/>"Snoozed until "<Time at=until/></span> })}
        }
    };
    let happenings = story(&view);
    view! {
        <PageTitle text=row_title(&view)/>
        <PageHead title=view.row.title.clone() facts/>
        <Actions view=view.clone()/>
        <div class="split">
            <div class="stack">
                {is_open.then(|| view! { <Next view=view.clone()/> })}
                <section class="card"><header><h2>"What happened"</h2></header><Story happenings/></section>
            </div>
            <Why items=view.evidence reason=view.row.reason/>
        </div>
    }
}

fn row_title(view: &IncidentDetail) -> String {
    view.row.title.clone()
}

/// Who is told next, if nobody takes it on.
#[component]
fn Next(view: IncidentDetail) -> impl IntoView {
    let (at, taken, snoozed, silence) =
        (view.at, view.acknowledged.is_some(), view.snoozed_until.is_some(), view.silence);
    let planned = view.next;
    // A level that leads to nobody tells nobody.
    if planned.iter().all(|alert| alert.to.is_empty()) || snoozed {
        if !taken && !snoozed && view.deliveries.is_empty() {
            return view! { <NobodyTold monitor=view.row.monitor/> }.into_any();
        }
        let text = if taken {
            "Nobody else is told until it is over: somebody has taken it on."
        } else if snoozed {
            "Nobody is told more until the snooze ends."
        } else {
            "Nobody else is told until it is over."
        };
        return view! { <section class="card"><header><h2>"What comes next"</h2></header><p class="muted">{text}</p></section> }
            .into_any();
    }
    let rows = planned.into_iter().map(|alert| {
        let what = if alert.reminder { "Reminder" } else { "Level" };
        let level = alert.level;
        let whom = telling::list(&alert.to);
        let from = alert.definition.map_or_else(
            || view! { <span class="muted">"attached to the monitor"</span> }.into_any(),
            |named| view! { <a href=format!("/console/alerts/{}", named.id)>{named.name}</a> }.into_any(),
        );
        let title =
            if alert.reminder { format!("{what} of level {level}") } else { format!("{what} {level}") };
        // While something is down that it hangs on, or all is stopped, nobody knows when.
        let when = matches!(silence, None | Some(Silence::Muted(_)))
            .then(|| view! { " "<Until at=alert.at read_at=at/> });
        view! {
            <li><Icon name=if alert.reminder { "bell" } else { "bell-ring" }/>
                <span><strong>{title}</strong>{when}" → "{whom}</span>{from}</li>
        }
    });
    view! {
        <section class="card"><header><h2>"What comes next"</h2></header>{silence.map(why_silent)}<ul class="next">{rows.collect_view()}</ul>
            <p class="muted small-print">"Unless somebody acknowledges it, or it is over."</p></section>
    }
    .into_any()
}

/// Nobody heard of it, and nobody will.
#[component]
fn NobodyTold(monitor: Option<MonitorId>) -> impl IntoView {
    let way = monitor.map(|id| {
        let href = format!("/console/monitors/{id}");
        view! { " "<a href=href>"“Who is told”"</a>" on the monitor’s page says what to do." }
    });
    view! {
        <section class="card">
            <header><h2>"What comes next"</h2></header>
            <div class="notice" data-state="degraded">
                <Icon name="st-degraded"/>
                <div><strong>"Nobody was told"</strong><p>"Nothing leads from this monitor to an integration that is in use."{way}</p></div>
            </div>
        </section>
    }
}

/// Why what comes next has to wait.
fn why_silent(silence: Silence) -> impl IntoView {
    match silence {
        Silence::AllStop => {
            view! { <p>"All messages are stopped, so nobody is told until that ends."</p> }.into_any()
        }
        Silence::Muted(until) => {
            view! { <p>"The monitor is muted until "<Time at=until/>", so nobody is told before."</p> }.into_any()
        }
        Silence::HangsOn => {
            view! { <p>"What it depends on is down, or has to be checked first, so nobody is told of this one before."</p> }
                .into_any()
        }
    }
}

/// Everything that happened, the newest first.
#[component]
fn Story(happenings: Vec<Happening>) -> impl IntoView {
    let row = |happening: Happening| {
        let what = match happening.delivery {
            Some(id) => view! { <a href=format!("/console/deliveries/{id}")>{happening.what}</a> }.into_any(),
            None => view! { <strong>{happening.what}</strong> }.into_any(),
        };
        view! {
            <li data-state=happening.tone>
                <span class="mark-icon"><Icon name=happening.icon/></span>
                <p class="what">{what}<Time at=happening.at shape=crate::browser::Shape::Second/></p>
                {happening.until.map(|until| view! { <p>"Until "<Time at=until/></p> })}
                {(!happening.more.is_empty()).then(|| view! { <p>{happening.more}</p> })}
            </li>
        }
    };
    view! { <ol class="story">{happenings.into_iter().map(row).collect_view()}</ol> }
}

/// What the checks saw: the first report in full, the others folded away.
#[component]
fn Why(items: Vec<EvidenceItem>, reason: Option<String>) -> impl IntoView {
    let mut items = items.into_iter();
    let first = items.next();
    let later = items.map(|item| {
        view! {
            <details class="fold">
                <summary><Icon name="chevron-right"/>"Later"<span class="muted"><Time at=item.at/></span></summary>
                <EvidenceView report=item.report/>
            </details>
        }
    });
    let count = later.len();
    let later = later.collect_view();
    view! {
        <section class="card">
            <header><h2>"Why"</h2></header>
            {match first {
                Some(first) => view! { <EvidenceView report=first.report/><MoreEvidence count words="Later checks">{later}</MoreEvidence> }.into_any(),
                None => view! { <p class="muted">{reason.unwrap_or_else(|| "Nothing was kept of what the checks saw.".to_owned())}</p> }.into_any(),
            }}
        </section>
    }
}

//! Incidents by day: the last days on the status page, and a page for each month.

use domain::time::Timestamp;
use domain::views::public::{HistoryView, PageHead, PageView, PastDay};
use leptos::prelude::*;

use super::document::{Page, Shell};
use super::incident::past;
use super::markup::icon;
use super::part::{Part, html, slot};
use crate::words;

/// The last days of the status page. Each is a part of its own: when an incident opens, or is over, the days that it lasted are
/// told of and not all.
pub(super) fn past_days(view: &PageView) -> Part {
    let days: Vec<Part> = view
        .past
        .iter()
        .map(|day| Part::leaf(format!("d-{}", day.date), entry(&view.head, day, 3, view.at)))
        .collect();
    let slots = days.iter().map(|_| slot()).collect_view();
    let markup = view! {
        <section class="section" id="past">
            <div class="section-head">
                <h2>"Past incidents"</h2>
                " "
                <a href=format!("{}/history", view.head.base())>"All incidents" {icon("chevron-right")}</a>
            </div>
            <ol class="day-log">{slots}</ol>
        </section>
    };
    Part::around("past", markup, days)
}

/// A day; its heading is of `level` 2 or 3.
fn entry(head: &PageHead, day: &PastDay, level: u8, now: Timestamp) -> impl IntoView + use<> {
    let date = words::calendar_date(&day.date);
    let heading = match level {
        2 => view! { <h2>{date}</h2> }.into_any(),
        _ => view! { <h3>{date}</h3> }.into_any(),
    };
    let body = match day.incidents.as_slice() {
        // What is open stands above the days.
        [] if day.ongoing => view! { <p class="none">"No other incidents reported"</p> }.into_any(),
        [] => view! { <p class="none">"No incidents reported"</p> }.into_any(),
        [one] => past(head, one, now).into_any(),
        several => {
            let items =
                several.iter().map(|incident| view! { <li>{past(head, incident, now)}</li> }).collect_view();
            let more = (day.more > 0)
                .then(|| view! { <li class="none">{words::count(day.more, "more incident")}</li> });
            view! { <ul>{items} {more}</ul> }.into_any()
        }
    };
    view! { <li id=format!("d-{}", day.date)>{heading} {body}</li> }
}

/// The page of a month.
pub fn history_page(view: &HistoryView, shell: &Shell<'_>) -> String {
    let month = words::calendar_month(&view.month);
    let base = view.head.base();
    let link = |month: Option<&String>, shape: &str, none: &'static str| match month {
        Some(month) => view! {
            <a
                class="button icon-only"
                href=format!("{base}/history/{month}")
                aria-label=words::calendar_month(month)
            >
                {icon(shape)}
            </a>
        }
        .into_any(),
        None => view! {
            <a class="button icon-only" role="link" aria-disabled="true" aria-label=none>{icon(shape)}</a>
        }
        .into_any(),
    };
    let eventful: Vec<_> = view.days.iter().filter(|day| !day.incidents.is_empty()).collect();
    let rest = if eventful.is_empty() {
        format!("No incidents reported in {month}.")
    } else {
        "No incidents reported on the other days.".to_owned()
    };
    let days = eventful.into_iter().map(|day| entry(&view.head, day, 2, view.at)).collect_view();
    let main = view! {
        <main id="page">
            <a class="crumb" href=view.head.home()>{icon("chevron-left")} "Current status"</a>
            <div class="month-nav">
                <h1 class="page-title">{month.clone()}</h1>
                {link(view.previous.as_ref(), "chevron-left", "No earlier month")}
                " "
                {link(view.next.as_ref(), "chevron-right", "No later month")}
            </div>
            <ol class="day-log">{days}</ol>
            <p class="muted">{rest}</p>
        </main>
    };
    shell.document(&Page {
        head: Some(&view.head),
        title: format!("{month} · {}", view.head.name),
        description: format!("Incidents of {} in {month}", view.head.name),
        icon: "/favicon.svg",
        path: format!("{base}/history/{}", view.month),
        is_there: true,
        target: "page",
        main: html(main),
    })
}

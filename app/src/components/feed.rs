//! What happened, the newest first; and incidents.

use domain::views::console::{FeedItem, IncidentRow};
use leptos::prelude::*;

use super::icon::Icon;
use super::rows::Rows;
use super::state;
use super::time::{Lasting, Time};

/// A list of happenings.
#[component]
pub fn Feed(
    /// The newest first.
    #[prop(into)]
    items: Signal<Vec<FeedItem>>,
    /// Whether the monitor is named, because it is not the page's own.
    #[prop(default = true)]
    named: bool,
) -> impl IntoView {
    let row = move |item: FeedItem| {
        let href = format!("/console/monitors/{}", item.monitor);
        let title = if named {
            view! { <a href=href>{item.name}</a> }.into_any()
        } else {
            state::word(item.state).into_any()
        };
        view! {
            <li data-state=item.state.as_str()>
                <Icon name=state::icon(item.state)/>
                <span>{title}</span>
                <Time at=item.at/>
                <span class="sub">{if item.text.is_empty() { state::word(item.state).to_owned() } else { item.text }}</span>
            </li>
        }
    };
    // A happening never changes, so it is drawn once.
    view! { <ul class="feed"><For each=move || items.get() key=|item| (item.seq, item.monitor.clone()) children=row/></ul> }
}

/// A list of incidents.
#[component]
pub fn Incidents(
    /// The newest first.
    #[prop(into)]
    rows: Signal<Vec<IncidentRow>>,
    /// When they were read.
    at: domain::time::Timestamp,
) -> impl IntoView {
    let row = move |row: Memo<IncidentRow>| {
        let href = format!("/console/incidents/{}", row.with_untracked(|row| row.id.to_string()));
        let is_open = move || row.with(|row| row.resolved_at.is_none());
        let style = move || if is_open() { "down" } else { "up" };
        view! {
            <li data-state=style>
                {move || view! { <Icon name=if is_open() { "st-major" } else { "st-operational" }/> }}
                <span><a href=href>{move || row.with(|row| row.title.clone())}</a></span>
                // How long it is open says when it began.
                {move || (!is_open()).then(|| view! { <Time at=row.with(|row| row.started_at)/> })}
                <span class="sub">{move || length(&row.get(), at)}</span>
            </li>
        }
    };
    view! { <ul class="feed"><Rows rows key=|row| row.id.clone() children=row/></ul> }
}

/// How long it lasts or lasted, and why.
fn length(incident: &IncidentRow, at: domain::time::Timestamp) -> impl IntoView + use<> {
    let reason = incident.reason.as_ref().map(|reason| format!(" · {reason}"));
    match incident.resolved_at {
        None => view! { "Open for "<Lasting since=incident.started_at read_at=at/>{reason} }.into_any(),
        Some(end) => {
            let lasted = crate::words::duration(end.since(incident.started_at));
            view! { "Lasted "{lasted}{reason} }.into_any()
        }
    }
}

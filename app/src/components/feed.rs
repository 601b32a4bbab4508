//! What happened, the newest first; and incidents.

use domain::views::console::{FeedItem, IncidentRow};
use leptos::prelude::*;

use super::icon::Icon;
use super::state;
use super::time::{Lasting, Time};

/// A list of happenings.
#[component]
pub fn Feed(
    /// The newest first.
    items: Vec<FeedItem>,
    /// Whether the monitor is named, because it is not the page's own.
    #[prop(default = true)]
    named: bool,
) -> impl IntoView {
    let rows = items.into_iter().map(|item| {
        let href = format!("/console/monitors/{}", item.monitor);
        let title = if named { view! { <a href=href>{item.name}</a> }.into_any() } else { state::word(item.state).into_any() };
        view! {
            <li data-state=item.state.as_str()>
                <Icon name=state::icon(item.state)/>
                <span>{title}</span>
                <Time at=item.at/>
                <span class="sub">{if item.text.is_empty() { state::word(item.state).to_owned() } else { item.text }}</span>
            </li>
        }
    });
    view! { <ul class="feed">{rows.collect_view()}</ul> }
}

/// A list of incidents.
#[component]
pub fn Incidents(
    /// The newest first.
    rows: Vec<IncidentRow>,
    /// When they were read.
    at: domain::time::Timestamp,
) -> impl IntoView {
    let rows = rows.into_iter().map(|incident| {
        let is_open = incident.resolved_at.is_none();
        let (style, icon) = if is_open { ("down", "st-major") } else { ("up", "st-operational") };
        let end = incident.resolved_at.unwrap_or(at);
        let length = if is_open {
            view! { <Lasting since=incident.started_at read_at=at/> }.into_any()
        } else {
            crate::words::duration(end.since(incident.started_at)).into_any()
        };
        view! {
            <li data-state=style>
                <Icon name=icon/>
                <span><a href=format!("/console/incidents/{}", incident.id)>{incident.title}</a></span>
                // How long it is open says when it began.
                {(!is_open).then(|| view! { <Time at=incident.started_at/> })}
                <span class="sub">{if is_open { "Open for " } else { "Lasted " }}{length}{incident.reason.map(|reason| format!(" · {reason}"))}</span>
            </li>
        }
    });
    view! { <ul class="feed">{rows.collect_view()}</ul> }
}

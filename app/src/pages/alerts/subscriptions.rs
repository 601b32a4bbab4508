//! Who hears of events besides outages.

use domain::event_id;
use domain::views::console::{ListQuery, Listed, SubscriptionRow};
use leptos::prelude::*;

use super::TABS;
use crate::components::find::MANY;
use crate::components::icon::Icon;
use crate::components::kept::Kept;
use crate::components::listing::{self, ListSearch, NoMatch, Pager, hidden};
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::tabs::Tabs;
use crate::server_fns::subscriptions::read_subscriptions;
use crate::words;

/// The page of the list.
const PATH: &str = "/console/subscriptions";

/// The page.
#[component]
pub fn Subscriptions() -> impl IntoView {
    let query = listing::asked();
    let list = Resource::new(move || query.get(), read_subscriptions);
    view! {
        <PageTitle text="Event subscriptions"/>
        <PageHead title="Event subscriptions"
            actions=|| view! { <a class="button primary" href="/console/subscriptions/new"><Icon name="plus"/>"Add subscription"</a> }
            facts=|| view! { <span>"Programs that follow incidents and health, event by event."</span> }/>
        <Tabs label="Alerts" tabs=TABS/>
        <Kept from=list let:list><List list query/></Kept>
    }
}

/// The rows, or what to do when there are none.
#[component]
fn List(list: RwSignal<Listed<SubscriptionRow>>, query: Memo<ListQuery>) -> impl IntoView {
    let is_long = Memo::new(move |_| list.with(|list| list.total >= MANY || !list.search.is_empty()));
    view! {
        <Show when=move || is_long.get()><ListSearch path=PATH query placeholder="Search name or integration"/></Show>
        {move || view! { <Found list=list.get()/> }}
    }
}

/// What was found.
#[component]
fn Found(list: Listed<SubscriptionRow>) -> impl IntoView {
    let Listed { rows, search, found, total, page, per_page } = list;
    if rows.is_empty() && !search.is_empty() {
        let hidden = hidden(total, "subscription");
        return view! { <NoMatch thing="subscription" search hidden all=PATH/> }.into_any();
    }
    if rows.is_empty() {
        return view! {
            <section class="empty">
                <Icon name="rss"/><h2>"No subscription yet"</h2>
                <p>"Alerts go to people, with escalation and reminders. A subscription sends every event as it happens, to a program."</p>
                <div class="button-row"><a class="button primary" href="/console/subscriptions/new"><Icon name="plus"/>"Add subscription"</a></div>
            </section>
        }
        .into_any();
    }
    let row = |row: SubscriptionRow| {
        let (tone, icon, word) =
            if row.enabled { ("up", "st-operational", "In use") } else { ("paused", "st-paused", "Off") };
        let of = row
            .monitors
            .as_ref()
            .map_or_else(|| "all monitors".to_owned(), |ids| words::count(ids.len(), "monitor"));
        let events: Vec<_> = row
            .events
            .iter()
            .map(|id| event_id::find(id).map_or(id.as_str(), |event| event.name).to_owned())
            .collect();
        view! {
            <tr>
                <td><div class="title"><a data-row href=format!("/console/subscriptions/{}", row.id)>{row.name}</a><span class="sub">{events.join(", ")}</span></div></td>
                <td class="lead"><span class="state" data-state=tone><Icon name=icon/>{word}</span></td>
                <td data-label="To"><a href=format!("/console/integrations/{}", row.integration.id)>{row.integration.name}</a></td>
                <td data-label="Of">{of}</td>
            </tr>
        }
    };
    view! {
        <section class="card flush" aria-label="Subscriptions">
            <table class="table cards">
                <thead><tr><th>"Subscription"</th><th>"State"</th><th>"To"</th><th>"Of"</th></tr></thead>
                <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
            </table>
            <footer><Pager page per_page found thing="subscription" to=move |page| listing::address(PATH, &search, page)/></footer>
        </section>
    }
    .into_any()
}

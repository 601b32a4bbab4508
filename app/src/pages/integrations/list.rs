//! The list of integrations.

use std::time::Duration;

use domain::views::console::{IntegrationRow, ListQuery, Listed};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::call::Call;
use crate::components::again::{Again, keep_fresh};
use crate::components::find::MANY;
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::kept::Kept;
use crate::components::listing::{self, ListSearch, NoMatch, Pager, hidden};
use crate::components::notice::{Notice, Tone};
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::rows::Rows;
use crate::components::telling::state::{DeliveryWord, standing, uses};
use crate::components::time::Ago;
use crate::server_fns::integrations::{SwitchIntegration, read_integrations};
use crate::words::sentence;

/// The page of the list.
const PATH: &str = "/console/integrations";
/// How often the list is read again while somebody looks.
const FRESH: Duration = Duration::from_secs(10);

/// The page.
#[component]
pub fn Integrations() -> impl IntoView {
    let again = Again::here();
    let query = listing::asked();
    let list = Resource::new(move || (query.get(), again.count()), |(query, _)| read_integrations(query));
    keep_fresh(list, FRESH, query, read_integrations);
    view! {
        <PageTitle text="Integrations"/>
        <PageHead title="Integrations"
            actions=|| view! { <a class="button primary" href="/console/integrations/new"><Icon name="plus"/>"Add integration"</a> }
            facts=|| view! { <span>"Where messages go: chats, mailboxes, phones, and programs of your own."</span> }/>
        <FromSlack/>
        <Kept from=list let:list><List list query/></Kept>
    }
}

/// What became of adding a channel of Slack, when the browser comes back from there. The words are ours; the address only chooses one.
#[component]
fn FromSlack() -> impl IntoView {
    let word = use_query_map().read_untracked().get("slack").unwrap_or_default();
    let (tone, title, text) = match word.as_str() {
        "added" => (
            Tone::Good,
            "The channel was added",
            "Send a test, so that you know what its messages look like.",
        ),
        "expired" => {
            (Tone::Bad, "The channel was not added", "This link has expired or was used; begin again.")
        }
        "declined" => (
            Tone::Warning,
            "The channel was not added",
            "Nobody allowed it in Slack; begin again when you want to.",
        ),
        "refused" => (
            Tone::Bad,
            "Slack refused",
            "Check the app's client secret, scopes and redirect URL; the log says what Slack said.",
        ),
        "failed" => (Tone::Bad, "Something went wrong here", "The log says what; begin again."),
        _ => return None,
    };
    Some(view! { <Notice tone title text/> })
}

/// The rows, or what to do when there are none.
#[component]
fn List(list: RwSignal<Listed<IntegrationRow>>, query: Memo<ListQuery>) -> impl IntoView {
    let is_long = Memo::new(move |_| list.with(|list| list.total >= MANY || !list.search.is_empty()));
    let rows = Memo::new(move |_| list.with(|list| list.rows.clone()));
    let total = Memo::new(move |_| list.with(|list| list.total));
    let missed = Memo::new(move |_| list.with(|list| list.rows.is_empty().then(|| list.search.clone())));
    let found = move || {
        if let Some(search) = missed.get().filter(|search| !search.is_empty()) {
            let hidden = hidden(total.get(), "integration");
            return view! { <NoMatch thing="integration" search hidden all=PATH/> }.into_any();
        }
        if missed.get().is_some() {
            return view! {
                <section class="empty">
                    <Icon name="plug"/><h2>"Nobody is told yet"</h2>
                    <p>"Add where messages shall go. A test shows at once whether they arrive."</p>
                    <div class="button-row"><a class="button primary" href="/console/integrations/new"><Icon name="plus"/>"Add integration"</a></div>
                </section>
            }
            .into_any();
        }
        view! {
            <section class="card flush" aria-label="Integrations">
                <table class="table cards">
                    <thead><tr>
                        <th>"Integration"</th><th>"State"</th><th>"Used by"</th><th>"Last message"</th>
                        <th class="end"><span class="visually-hidden">"Switch"</span></th>
                    </tr></thead>
                    <tbody><Rows rows key=|row| row.id.clone() let:row><Row row/></Rows></tbody>
                </table>
                <footer><Pages list/></footer>
            </section>
        }
        .into_any()
    };
    view! {
        <Show when=move || is_long.get()><ListSearch path=PATH query placeholder="Search name or type"/></Show>
        {found}
    }
}

/// The way to the neighbouring pages.
#[component]
fn Pages(list: RwSignal<Listed<IntegrationRow>>) -> impl IntoView {
    let pages =
        Memo::new(move |_| list.with(|list| (list.page, list.per_page, list.found, list.search.clone())));
    move || {
        let (page, per_page, found, search) = pages.get();
        let to = move |page| listing::address(PATH, &search, page);
        view! { <Pager page per_page found thing="integration" to/> }
    }
}

/// One integration. Its cells follow; the row stays.
#[component]
fn Row(row: Memo<IntegrationRow>) -> impl IntoView {
    let (id, kind) = row.with_untracked(|row| (row.id.to_string(), row.kind));
    let href = format!("/console/integrations/{id}");
    let name = Memo::new(move |_| row.with(|row| row.name.clone()));
    let target = Memo::new(move |_| row.with(|row| row.target.clone()));
    let last = Memo::new(move |_| row.with(|row| row.last));
    let last = move || match last.get() {
        Some((at, state)) => {
            view! { <span class="pair"><DeliveryWord state/><span class="muted"><Ago at/></span></span> }
                .into_any()
        }
        None => view! { <span class="none">"none yet"</span> }.into_any(),
    };
    let failing = Memo::new(move |_| row.with(|row| row.failing.as_deref().map(sentence)));
    let state = move || {
        let (tone, icon, word) = row.with(standing);
        view! { <span class="state" data-state=tone title=failing.get()><Icon name=icon/>{word}</span> }
    };
    let enabled = Memo::new(move |_| row.with(|row| row.enabled));
    view! {
        <tr>
            <td>
                <div class="with-tile">
                    <span class="tile-icon"><Icon name=kind.icon()/></span>
                    <div class="title"><a data-row href=href title=name>{name}</a>
                        <span class="sub" title=target>{kind.label()}" · "{target}</span></div>
                </div>
            </td>
            <td class="lead">{state}</td>
            <td class="drop">{move || row.with(uses)}</td>
            <td>{last}</td>
            <td class="end"><Switch id name enabled/></td>
        </tr>
        {move || failing.get().map(|failing| view! {
            <tr class="more"><td colspan="5"><p class="state" data-state="down"><Icon name="alert"/>{failing}</p></td></tr>
        })}
    }
}

/// Uses an integration, or lets it rest.
#[component]
fn Switch(id: String, name: Memo<String>, enabled: Memo<bool>) -> impl IntoView {
    let action = Call::to::<SwitchIntegration>();
    Again::here().after(action);
    let words = move || if enabled.get() { "Switch off" } else { "Switch on" };
    view! {
        <SendForm action id=format!("switch-{id}") class="" refused="Open it and save it: its settings need a look.">
            <input type="hidden" name="integration" value=id/>
            <input type="hidden" name="enabled" value=move || (!enabled.get()).to_string()/>
            <Submit class="button small" label=Signal::derive(move || format!("{} {}", words(), name.get()))>{words}</Submit>
        </SendForm>
    }
}

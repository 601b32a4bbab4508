//! The list of integrations.

use std::time::Duration;

use domain::views::console::IntegrationRow;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::call::Call;
use crate::components::again::{Again, keep_fresh};
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::loaded::Loaded;
use crate::components::notice::{Notice, Tone};
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::telling::state::{DeliveryWord, standing, uses};
use crate::components::time::Ago;
use crate::server_fns::integrations::{SwitchIntegration, read_integrations};
use crate::words::sentence;

/// How often the list is read again while somebody looks.
const FRESH: Duration = Duration::from_secs(10);

/// The page.
#[component]
pub fn Integrations() -> impl IntoView {
    let again = Again::here();
    let rows = Resource::new(move || again.count(), |_| read_integrations());
    keep_fresh(rows, FRESH, Memo::new(|_| ()), |()| read_integrations());
    view! {
        <PageTitle text="Integrations"/>
        <PageHead title="Integrations"
            actions=|| view! { <a class="button primary" href="/console/integrations/new"><Icon name="plus"/>"Add integration"</a> }
            facts=|| view! { <span>"Where messages go: chats, mailboxes, phones, and programs of your own."</span> }/>
        <FromSlack/>
        <Loaded from=rows let:rows><List rows/></Loaded>
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
fn List(rows: Vec<IntegrationRow>) -> impl IntoView {
    if rows.is_empty() {
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
                <tbody>{rows.into_iter().map(|row| view! { <Row row/> }).collect_view()}</tbody>
            </table>
        </section>
    }
    .into_any()
}

/// One integration.
#[component]
fn Row(row: IntegrationRow) -> impl IntoView {
    let (tone, icon, word) = standing(&row);
    let used = uses(&row);
    let last = match row.last {
        Some((at, state)) => {
            view! { <span class="pair"><DeliveryWord state/><span class="muted"><Ago at/></span></span> }
                .into_any()
        }
        None => view! { <span class="none">"none yet"</span> }.into_any(),
    };
    let href = format!("/console/integrations/{}", row.id);
    view! {
        <tr>
            <td>
                <div class="with-tile">
                    <span class="tile-icon"><Icon name=row.kind.icon()/></span>
                    <div class="title"><a data-row href=href title=row.name.clone()>{row.name.clone()}</a>
                        <span class="sub" title=row.target.clone()>{row.kind.label()}" · "{row.target.clone()}</span></div>
                </div>
            </td>
            <td class="lead"><span class="state" data-state=tone title=row.failing.as_deref().map(sentence)><Icon name=icon/>{word}</span></td>
            <td class="drop">{used}</td>
            <td>{last}</td>
            <td class="end"><Switch id=row.id.to_string() name=row.name enabled=row.enabled/></td>
        </tr>
        {row.failing.map(|failing| view! {
            <tr class="more"><td colspan="5"><p class="state" data-state="down"><Icon name="alert"/>{sentence(&failing)}</p></td></tr>
        })}
    }
}

/// Uses an integration, or lets it rest.
#[component]
fn Switch(id: String, name: String, enabled: bool) -> impl IntoView {
    let action = Call::to::<SwitchIntegration>();
    Again::here().after(action);
    let (words, does) = if enabled {
        ("Switch off", format!("Switch off {name}"))
    } else {
        ("Switch on", format!("Switch on {name}"))
    };
    view! {
        <SendForm action id=format!("switch-{id}") class="" refused="Open it and save it: its settings need a look.">
            <input type="hidden" name="integration" value=id/>
            <input type="hidden" name="enabled" value=(!enabled).to_string()/>
            <Submit class="button small" label=does>{words}</Submit>
        </SendForm>
    }
}

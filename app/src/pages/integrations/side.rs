//! Beside the form of an integration: who uses it, and its last messages. And the button that removes it.

use domain::views::console::{DeliveryRow, UsedBy};
use leptos::prelude::*;

use crate::call::Call;
use crate::components::confirm::{Ask, Confirm};
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::telling::messages::Messages;
use crate::server_fns::integrations::DeleteIntegration;

/// The id of the dialog.
const DELETE: &str = "delete";

/// Who uses it.
#[component]
pub(super) fn UsedByCard(used: UsedBy) -> impl IntoView {
    let is_unused = used.definitions.is_empty() && used.monitors.is_empty() && used.subscriptions.is_empty();
    let definitions =
        used.definitions.into_iter().map(|one| (format!("/console/alerts/{}", one.id), one.name, "bell"));
    let monitors =
        used.monitors.into_iter().map(|one| (format!("/console/monitors/{}", one.id), one.name, "monitors"));
    let subscriptions = used
        .subscriptions
        .into_iter()
        .map(|one| (format!("/console/subscriptions/{}", one.id), one.name, "rss"));
    let links = definitions.chain(monitors).chain(subscriptions).map(|(href, name, icon)| {
        view! { <li><a href=href><Icon name=icon/>{name}</a></li> }
    });
    view! {
        <section class="card">
            <header><h2>"Used by"</h2></header>
            {if is_unused {
                view! { <p class="muted">"Nobody. Put it on a level of an "<a href="/console/alerts">"alert definition"</a>", or attach it to a monitor."</p> }.into_any()
            } else {
                view! { <ul class="links">{links.collect_view()}</ul> }.into_any()
            }}
        </section>
    }
}

/// Its last messages.
#[component]
pub(super) fn Latest(rows: Vec<DeliveryRow>, id: String) -> impl IntoView {
    view! {
        <section class="card flush">
            <header><h2>"Last messages"</h2><a href=format!("/console/deliveries?integration={id}")>"All"</a></header>
            {if rows.is_empty() {
                view! { <p class="empty plain">"None yet."</p> }.into_any()
            } else {
                view! { <Messages rows/> }.into_any()
            }}
        </section>
    }
}

/// Removes it, after a question that names it.
#[component]
pub(super) fn Delete(id: String, name: String) -> impl IntoView {
    let action = Call::to::<DeleteIntegration>();
    let does = format!("Delete {name}");
    view! {
        <Ask dialog=DELETE class="button danger" label=does.clone()><Icon name="trash"/>"Delete"</Ask>
        <Confirm id=DELETE title=format!("Delete “{name}”?")
            text="Whoever is told through it is not told any more, and its log goes with it. This cannot be undone.">
            <SendForm action id="delete-integration" class="">
                <input type="hidden" name="integration" value=id/>
                <Submit class="button danger solid">{does}</Submit>
            </SendForm>
        </Confirm>
    }
}

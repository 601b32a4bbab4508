//! The form of a subscription to events.

use domain::event_id::{EVENTS, EventKind};
use domain::integration::ProviderKind;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::call::Call;
use crate::components::choices::{Choices, Given, MonitorBoxes};
use crate::components::confirm::{Ask, Confirm};
use crate::components::form::{EnterSends, SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::input::{CheckField, ErrorOf, SelectField, TextField};
use crate::components::leave::Guard;
use crate::components::loaded::Loaded;
use crate::components::page_head::{PageHead, PageTitle};
use crate::flash;
use crate::server_fns::subscriptions::{
    ALL, DeleteSubscription, FORM, SaveSubscription, SubscriptionForm, THESE, read_subscription,
};

/// The id of the dialog.
const DELETE: &str = "delete";

/// The page; without an id it is for a new one.
#[component]
pub fn Subscription() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").filter(|id| id != "new").unwrap_or_default());
    let choices = Choices::provide();
    let form = Resource::new(move || id.get(), move |id| read_subscription(id, choices.search()));
    view! {
        <a class="crumb" href="/console/subscriptions"><Icon name="chevron-left"/>"Event subscriptions"</a>
        <Loaded from=form whole=true let:form>
            {
                choices.offer(form.choices.clone());
                view! { <Editor form/> }
            }
        </Loaded>
    }
}

/// The form.
#[component]
fn Editor(form: SubscriptionForm) -> impl IntoView {
    let flash = flash::take(FORM);
    let came_back = |name: &str| {
        let value = flash.as_ref().and_then(|flash| flash.values.get(name));
        value.map(|list| {
            list.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        })
    };
    let old = form.subscription;
    let title = old.as_ref().map_or_else(|| "Add subscription".to_owned(), |old| old.name.clone());
    let id = old.as_ref().map_or_else(String::new, |old| old.id.to_string());
    let events =
        came_back("events").unwrap_or_else(|| old.as_ref().map(|old| old.events.clone()).unwrap_or_default());
    let given = Given::of(&form.named, form.count, flash.as_ref());
    Choices::here().are_for(&id);
    let only = match flash.as_ref().and_then(|flash| flash.values.get("scope")) {
        Some(scope) => scope == THESE,
        None => old.as_ref().is_some_and(|old| old.monitors.is_some()),
    };
    let kinds = form.integrations.iter().map(|one| (one.id.to_string(), one.kind)).collect();
    let heard_by = RwSignal::new(String::new());
    let mut options = vec![(String::new(), "Choose …".to_owned())];
    options.extend(
        form.integrations
            .iter()
            .map(|one| (one.id.to_string(), format!("{} ({})", one.name, one.kind.label()))),
    );
    let nobody = form.integrations.is_empty();
    let integration = old.as_ref().map_or_else(String::new, |old| old.integration.id.to_string());
    let (name, enabled) =
        old.as_ref().map_or_else(|| (String::new(), true), |old| (old.name.clone(), old.enabled));
    let action = Call::to::<SaveSubscription>();
    let (delete, named) = ((!id.is_empty()).then(|| id.clone()), title.clone());
    view! {
        <PageTitle text=title.clone()/>
        <PageHead title actions=move || delete.map(|id| view! { <Delete id name=named/> })/>
        <SendForm action id=FORM class="form card narrow" guard=Guard::Path flash=flash.clone().unwrap_or_default()>
            <EnterSends/>
            <input type="hidden" name="subscription" value=id/>
            <TextField name="name" label="Name" value=name/>
            <SelectField name="integration" label="Who hears" options value=integration chosen=heard_by/>
            {nobody.then(|| view! { <p class="hint">"There is no integration yet. "<a href="/console/integrations/new">"Add one"</a>" first."</p> })}
            <Events chosen=events kinds heard_by/>
            <Scope only/>
            <ErrorOf field="monitors"/>
            <div class="only-these"><MonitorBoxes legend="These monitors" given/></div>
            <CheckField name="enabled" label="In use" value=enabled/>
            <div class="form-foot">
                <Submit>"Save subscription"</Submit>
                <a class="button quiet push" href="/console/subscriptions">"Cancel"</a>
            </div>
        </SendForm>
    }
}

/// Whether every monitor is meant or some. Said outright: no tick at all may mean a search that found nothing, or monitors that
/// are gone.
#[component]
fn Scope(only: bool) -> impl IntoView {
    view! {
        <ErrorOf field="scope"/>
        <fieldset class="field">
            <legend>"Of which monitors"</legend>
            <label class="check"><input type="radio" name="scope" value=ALL checked=!only/><span>"All, and those that are added later"</span></label>
            <label class="check"><input type="radio" name="scope" value=THESE checked=only/><span>"Only these"</span></label>
        </fieldset>
    }
}

/// The events, by what they belong to; those that the chosen integration cannot tell of are not offered.
#[component]
fn Events(
    chosen: Vec<String>,
    kinds: Vec<(String, ProviderKind)>,
    heard_by: RwSignal<String>,
) -> impl IntoView {
    let kind = Memo::new(move |_| {
        heard_by.with(|id| kinds.iter().find(|(known, _)| known == id).map(|(_, kind)| *kind))
    });
    let fits = move |event: &EventKind| {
        kind.get().and_then(ProviderKind::events).is_none_or(|told| told.contains(&event.id))
    };
    let row = |event: &'static EventKind| {
        let is_chosen = chosen.iter().any(|id| id == event.id);
        view! {
            <label class="check" hidden=move || !fits(event)>
                <input type="checkbox" name="events[]" value=event.id checked=is_chosen disabled=move || !fits(event)/>
                <span>{event.name}<span class="hint">{event.description}" "<code>{event.short()}</code></span></span>
            </label>
        }
    };
    let groups = EVENTS.chunk_by(|one, next| one.category == next.category).map(|group| {
        let category = group.first().map_or("", |event| event.category);
        let is_empty = move || !group.iter().any(fits);
        view! { <fieldset class="field" hidden=is_empty><legend>{category}</legend>{group.iter().map(row).collect_view()}</fieldset> }
    });
    let groups = groups.collect_view();
    let nothing = move || {
        let kind = kind.get().filter(|_| !EVENTS.iter().any(fits))?;
        Some(view! { <p class="hint">{kind.label()}" cannot tell of events; use a webhook for them."</p> })
    };
    view! { <ErrorOf field="events"/>{groups}{nothing} }
}

/// Removes it, after a question that names it.
#[component]
fn Delete(id: String, name: String) -> impl IntoView {
    let action = Call::to::<DeleteSubscription>();
    let does = format!("Delete {name}");
    view! {
        <Ask dialog=DELETE class="button danger" label=does.clone()><Icon name="trash"/>"Delete"</Ask>
        <Confirm id=DELETE title=format!("Delete “{name}”?") text="Its integration hears of these events no more. This cannot be undone.">
            <SendForm action id="delete-subscription" class="">
                <input type="hidden" name="subscription" value=id/>
                <Submit class="button danger solid">{does}</Submit>
            </SendForm>
        </Confirm>
    }
}

//! The form of an integration, drawn from the fields that its provider declares; beside it what a test said.

use domain::integration::ProviderKind;
use domain::integration::email::unconfirmed_words;
use domain::views::console::IntegrationForm;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::custom::{self, DefinitionSide};
use super::fields::{IntegrationFields, SendTest};
use super::gallery::Gallery;
use super::side::{Delete, Latest, UsedByCard};
use super::slack::AddToSlack;
use super::unconfirmed::Unconfirmed;
use crate::call::Call;
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::leave::Guard;
use crate::components::loaded::Loaded;
use crate::components::notice::{Notice, Tone};
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::telling::lacking::LackingNotice;
use crate::components::telling::trial::TrialCard;
use crate::flash;
use crate::server_fns::integrations::{
    AddIntegration, EditIntegration, FORM, TryIntegration, read_integration,
};
use crate::words::sentence;

/// A new integration: first its provider, then its fields. The provider stands in the address.
#[component]
pub fn NewIntegration() -> impl IntoView {
    let query = use_query_map();
    let kind =
        Memo::new(move |_| query.read().get("kind").and_then(|word| word.parse::<ProviderKind>().ok()));
    move || match kind.get() {
        None => view! {
            <PageTitle text="Add integration"/>
            <Crumb href="/console/integrations" words="Integrations"/>
            <PageHead title="Add integration" facts=|| view! { <span>"Where shall messages go?"</span> }/>
            <Gallery to="/console/integrations/new?kind="/>
        }
        .into_any(),
        Some(kind) => {
            let form = Resource::new(|| (), move |()| read_integration(String::new(), kind));
            let title = format!("Add {}", kind.label());
            view! {
                <PageTitle text=title.clone()/>
                <Crumb href="/console/integrations/new" words="All providers"/>
                <PageHead title facts=move || view! { <span>{kind.description()}</span> }/>
                <div class="stack">
                    {(kind == ProviderKind::Slack).then(|| view! { <AddToSlack/> })}
                    <Loaded from=form let:form><Editor form/></Loaded>
                </div>
            }
            .into_any()
        }
    }
}

/// An existing integration.
#[component]
pub fn Integration() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let added = Memo::new(move |_| query.read().get("added").is_some());
    // The provider of an existing one is its own, whatever is asked for.
    let form = Resource::new(move || id.get(), |id| read_integration(id, ProviderKind::ALL[0]));
    view! {
        <Crumb href="/console/integrations" words="Integrations"/>
        <Loaded from=form whole=true let:form><Existing form added/></Loaded>
    }
}

/// What is shown of an existing one, once it is read.
#[component]
fn Existing(form: IntegrationForm, added: Memo<bool>) -> impl IntoView {
    let name = form.values.get("name").cloned().unwrap_or_else(|| form.kind.label().to_owned());
    let id = form.id.as_ref().map_or_else(String::new, ToString::to_string);
    let (kind, deleted) = (form.kind, name.clone());
    // An address that is not confirmed is said by itself, with what to do.
    let failing = form.failing.clone().filter(|why| *why != unconfirmed_words(&form.unconfirmed));
    let others = form.values.get("email").is_some_and(|all| all.split(',').count() > form.unconfirmed.len());
    let (unreadable, lacking) = (form.unreadable.clone(), form.used_by.lacking.clone());
    let (to_confirm, unconfirmed) = (id.clone(), form.unconfirmed.clone());
    view! {
        <PageTitle text=name.clone()/>
        <PageHead title=name
            actions=move || view! { <Delete id name=deleted/> }
            facts=move || view! { <span class="chip"><Icon name=kind.icon()/>{kind.label()}</span><span>{kind.description()}</span> }/>
        <div class="stack">
            {move || added.get().then(|| view! {
                <Notice tone=Tone::Good title="Added" text="Send a test now and then: an integration that nobody tries fails when it is needed."/>
            })}
            {unreadable.map(|why| view! {
                <Notice tone=Tone::Bad title="Its settings cannot be read" text=format!("{why}. Fill the form in and save it: that replaces them.")/>
            })}
            {(!unconfirmed.is_empty()).then(|| view! { <Unconfirmed id=to_confirm addresses=unconfirmed others/> })}
            <LackingNotice lacking/>
            {failing.map(|why| view! {
                <Notice tone=Tone::Bad title="It is not delivering" text=format!("{} Change the settings, and send a test.", sentence(&why))/>
            })}
            <Editor form/>
        </div>
    }
}

/// The way back.
#[component]
fn Crumb(href: &'static str, words: &'static str) -> impl IntoView {
    view! { <a class="crumb" href=href><Icon name="chevron-left"/>{words}</a> }
}

/// The fields; beside them what a test said, who uses it, and its last messages.
#[component]
fn Editor(mut form: IntegrationForm) -> impl IntoView {
    let flash = flash::take(FORM);
    let beside = custom::begin(&mut form, flash.as_ref());
    let shown = flash.as_ref().and_then(|flash| flash.trial.clone()).map(|trial| Ok(*trial));
    let trial = Call::to::<TryIntegration>();
    let found = Signal::derive(move || trial.value().get().or_else(|| shown.clone()));
    let pending = trial.pending();
    let kind = form.kind;
    let id = form.id.as_ref().map_or_else(String::new, ToString::to_string);
    let new = id.is_empty();
    let given = StoredValue::new((form.values, id));
    let inside = move || {
        let (values, id) = given.get_value();
        view! {
            <input type="hidden" name="integration" value=id/>
            <input type="hidden" name="kind" value=kind.as_str()/>
            {values.get("version").cloned().map(|version| view! { <input type="hidden" name="form[version]" value=version/> })}
            <IntegrationFields kind values new/>
            <div class="form-foot">
                <Submit>{if new { "Add integration" } else { "Save integration" }}</Submit>
                <SendTest action=trial/>
                <a class="button quiet push" href="/console/integrations">"Cancel"</a>
            </div>
        }
    };
    let flash = flash.unwrap_or_default();
    let class = if beside.is_some() { "split halves" } else { "split" };
    view! {
        <div class=class>
            {if new {
                let action = Call::to::<AddIntegration>();
                view! { <SendForm action id=FORM class="form card" map="form" guard=Guard::Path flash>{inside()}</SendForm> }.into_any()
            } else {
                let action = Call::to::<EditIntegration>();
                view! { <SendForm action id=FORM class="form card" map="form" guard=Guard::Path flash>{inside()}</SendForm> }.into_any()
            }}
            <div class="stack">
                {beside.map(|beside| view! { <DefinitionSide beside/> })}
                <TrialCard found pending/>
                {(!new).then(|| view! { <UsedByCard used=form.used_by/><Latest rows=form.deliveries id=given.get_value().1/> })}
            </div>
        </div>
    }
}

//! The form of a monitor, drawn from the fields that its kind declares.

use domain::check::CheckKind;
use domain::form::Form;
use domain::monitor_form::{KIND, policy_fields};
use domain::views::console::MonitorForm;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map, use_query_map};

use super::trial::Trial;
use crate::browser::{self, Held};
use crate::call::Call;
use crate::components::field::Fields;
use crate::components::form::{EnterSends, FormState, SendElsewhere, SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::leave::Guard;
use crate::components::loaded::Loaded;
use crate::components::page_head::{PageHead, PageTitle};
use crate::flash;
use crate::server_fns::monitor_form::{
    AddMonitor, ChooseKind, EditMonitor, FORM, NEW, TryForm, read_monitor_form,
};

/// A new monitor. Its kind stands in the address, so that the right fields are there without scripts.
#[component]
pub fn NewMonitor() -> impl IntoView {
    let query = use_query_map();
    let kind = Memo::new(move |_| kind_of(query.read().get("kind").as_deref()));
    let form = Resource::new(move || kind.get(), |kind| read_monitor_form(String::new(), kind));
    // What was changed goes along to the fields of another kind that have the same names. What only this kind asks for waits until
    // somebody goes back to it.
    let changed = StoredValue::new(Vec::<Held>::new());
    let keep = Callback::new(move |()| {
        let held = browser::held_in(FORM);
        changed.update_value(|changed| {
            changed.retain(|known| !held.iter().any(|held| held.is_of_same(known)));
            changed.extend(held.into_iter().filter(|held| held.is_changed));
        });
    });
    Effect::new(move || {
        form.track();
        // After the fields have been drawn.
        request_animation_frame(move || {
            changed.try_with_value(|changed| browser::hold(FORM, changed));
        });
    });
    view! {
        <PageTitle text="Add monitor"/>
        <Crumb href="/console/monitors".to_owned() words="Monitors".to_owned()/>
        <PageHead title="Add monitor"/>
        <div class="stack">
            <Kinds kind keep/>
            <Loaded from=form let:form><Editor form/></Loaded>
        </div>
    }
}

/// An existing monitor.
#[component]
pub fn ChangeMonitor() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    // The kind of an existing monitor is its own, whatever is asked for.
    let form = Resource::new(move || id.get(), |id| read_monitor_form(id, CheckKind::Http));
    view! {
        <PageTitle text="Edit monitor"/>
        {move || view! { <Crumb href=format!("/console/monitors/{}", id.get()) words="Back".to_owned()/> }}
        <PageHead title="Edit monitor"/>
        <Loaded from=form let:form><Editor form/></Loaded>
    }
}

/// The way back.
#[component]
fn Crumb(href: String, words: String) -> impl IntoView {
    view! { <a class="crumb" href=href><Icon name="chevron-left"/>{words}</a> }
}

/// The ways of checking, to choose from. Another kind has other fields, so the page changes with it.
#[component]
fn Kinds(
    /// The present one.
    kind: Memo<CheckKind>,
    /// Called before another is chosen.
    keep: Callback<()>,
) -> impl IntoView {
    let choose = Call::to::<ChooseKind>().path();
    let navigate = use_navigate();
    let go = move |kind: &str| {
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        navigate(&format!("{NEW}?kind={kind}"), options);
    };
    let tile = |tile: &'static CheckKind| {
        let go = go.clone();
        view! {
            <label title=tile.description()>
                <input type="radio" form=FORM name="kind" value=tile.as_str() checked=kind.get_untracked() == *tile
                    prop:checked=move || kind.get() == *tile on:change=move |_| { keep.run(()); go(tile.as_str()); }/>
                <Icon name=format!("kind-{tile}")/>{tile.label()}
            </label>
        }
    };
    view! {
        <div class="kinds">
            <fieldset class="field">
                <legend class="visually-hidden">"Kind"</legend>
                <div class="tiles">{CheckKind::ALL.iter().map(tile).collect_view()}</div>
                <p class="hint">{move || kind.get().description()}</p>
            </fieldset>
            // Without scripts they are part of the form below, which comes back with what was typed.
            <noscript>
                <EnterSends form=FORM/>
                <button class="button" form=FORM formaction=choose>"Choose"</button>
            </noscript>
        </div>
    }
}

/// The fields, and beside them what a trial finds.
#[component]
fn Editor(form: MonitorForm) -> impl IntoView {
    let flash = flash::take(FORM);
    let shown = flash.as_ref().and_then(|flash| flash.report.clone()).map(|report| Ok(*report));
    let trial = Call::to::<TryForm>();
    let found = Signal::derive(move || trial.value().get().or_else(|| shown.clone()));
    let pending = trial.pending();
    let (id, version, kind) = (form.id, form.version, form.kind);
    // A job calls us; there is nothing to ask it.
    let can_test = kind != CheckKind::Push;
    let fields = StoredValue::new((form.values, id.as_ref().map_or_else(String::new, ToString::to_string)));
    // What only another kind asks for waits until somebody goes back to that one.
    let others = StoredValue::new(match &flash {
        Some(flash) if id.is_none() => flash.values.clone(),
        _ => Form::new(),
    });
    let inside = move || {
        let (values, monitor) = fields.get_value();
        let cancel = if monitor.is_empty() {
            "/console/monitors".to_owned()
        } else {
            format!("/console/monitors/{monitor}")
        };
        let all: Vec<_> = kind.fields().iter().chain(policy_fields(kind)).collect();
        let others = others.get_value().into_iter();
        let others = others.filter(|(name, _)| name != KIND && all.iter().all(|field| field.name != name));
        let others = others
            .map(|(name, value)| view! { <input type="hidden" name=format!("kept[{name}]") value=value/> });
        view! {
            <input type="hidden" name="monitor" value=monitor/>
            <input type="hidden" name="version" value=version.to_string()/>
            <input type="hidden" name=FormState::here().input_name(KIND) value=kind.as_str()/>
            {others.collect_view()}
            <Fields fields=all values/>
            <div class="form-foot">
                <Submit>"Save monitor"</Submit>
                {can_test.then(|| view! { <SendElsewhere action=trial><Icon name="zap"/>"Test"</SendElsewhere> })}
                <a class="button quiet push" href=cancel>"Cancel"</a>
            </div>
        }
    };
    let flash = flash.unwrap_or_default();
    view! {
        <div class="split">
            {if id.is_some() {
                let action = Call::to::<EditMonitor>();
                view! { <SendForm action id=FORM class="form card" map="form" guard=Guard::Path flash>{inside()}</SendForm> }.into_any()
            } else {
                let action = Call::to::<AddMonitor>();
                view! { <SendForm action id=FORM class="form card" map="form" guard=Guard::Path flash>{inside()}</SendForm> }.into_any()
            }}
            {can_test.then(|| view! { <Trial found pending/> })}
        </div>
    }
}

fn kind_of(word: Option<&str>) -> CheckKind {
    word.and_then(|word| word.parse().ok()).unwrap_or(CheckKind::Http)
}

//! What people do about an incident: take it on, put it off, end it. On a phone the buttons stand under the thumb.

use domain::views::console::IncidentDetail;
use leptos::prelude::*;

use crate::browser;
use crate::call::Call;
use crate::components::again::Again;
use crate::components::confirm::{Ask, Confirm};
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::time::Clock;
use crate::components::toast::Toasts;
use crate::server_fns::incidents::{Acknowledge, ResolveIncident, Snooze as SnoozeCall};

/// The id of the dialog.
const RESOLVE: &str = "resolve";
/// Values and words of the ways to put it off.
const SNOOZES: [(&str, &str); 3] =
    [("half_hour", "30 minutes"), ("two_hours", "2 hours"), ("tomorrow", "Until tomorrow")];

/// The buttons, while the incident is open.
#[component]
pub(super) fn Actions(view: IncidentDetail) -> impl IntoView {
    if view.row.resolved_at.is_some() {
        return ().into_any();
    }
    let (taken, snoozed) = (view.acknowledged.is_some(), view.snoozed_until.is_some());
    let id = view.row.id.to_string();
    view! {
        <div class="acts" role="group" aria-label="What to do">
            {(!taken).then(|| view! { <TakeOn id=id.clone()/> })}
            {(!taken).then(|| view! { <PutOff id=id.clone() snoozed/> })}
            <End id title=view.row.title/>
        </div>
    }
    .into_any()
}

/// Takes it on.
#[component]
fn TakeOn(id: String) -> impl IntoView {
    let action = Call::to::<Acknowledge>();
    tell(action, "You took it on; nobody else is told");
    view! {
        <SendForm action id="acknowledge" class="">
            <input type="hidden" name="incident" value=id/>
            <Submit class="button primary big"><Icon name="hand"/>"Acknowledge"</Submit>
        </SendForm>
    }
}

/// Puts it off, or takes that back.
#[component]
fn PutOff(id: String, snoozed: bool) -> impl IntoView {
    let action = Call::to::<SnoozeCall>();
    tell(action, if snoozed { "People are told again" } else { "Put off" });
    let clock = expect_context::<Clock>();
    let zone = move || if clock.is_alive() { browser::zone().to_string() } else { "0".to_owned() };
    if snoozed {
        return view! {
            <SendForm action id="snooze" class="">
                <input type="hidden" name="incident" value=id/>
                <input type="hidden" name="how" value="end"/>
                <Submit class="button big"><Icon name="bell"/>"End snooze"</Submit>
            </SendForm>
        }
        .into_any();
    }
    view! {
        <details class="menu">
            <summary class="button big"><Icon name="alarm-clock"/>"Snooze"<Icon name="chevron-down"/></summary>
            <SendForm action id="snooze" class="menu-list">
                <input type="hidden" name="incident" value=id/>
                <input type="hidden" name="zone" value=zone/>
                {SNOOZES.map(|(value, words)| view! { <button class="button quiet" name="how" value=value>{words}</button> }).collect_view()}
            </SendForm>
        </details>
    }
    .into_any()
}

/// Ends it by hand, after a question: everybody who was told hears that it is over.
#[component]
fn End(id: String, title: String) -> impl IntoView {
    let action = Call::to::<ResolveIncident>();
    tell(action, "Resolved");
    view! {
        <div>
            <Ask dialog=RESOLVE class="button big" label="Resolve"><Icon name="check"/>"Resolve"</Ask>
            <Confirm id=RESOLVE title=format!("Resolve “{title}”?")
                text="Whoever was told hears that it is over. The next incident opens when the monitor fails again after it was well.">
                <SendForm action id="resolve-form" class="">
                    <input type="hidden" name="incident" value=id/>
                    <Submit class="button primary">"Resolve"</Submit>
                </SendForm>
            </Confirm>
        </div>
    }
}

/// Says that it was done, and reads the page again.
fn tell(action: Call<()>, words: &'static str) {
    let toasts = expect_context::<Toasts>();
    Again::here().after(action);
    Effect::new(move || match action.value().get() {
        Some(Ok(())) => {
            browser::close_dialog(RESOLVE);
            toasts.say(words);
        }
        Some(Err(error)) => toasts.fail(error.to_string()),
        None => {}
    });
}

//! Who hears of this monitor, what it hangs on, and its silence.

use domain::time::Timestamp;
use domain::views::console::Named;
use leptos::prelude::*;

use crate::call::Call;
use crate::components::again::Again;
use crate::components::choices::{Choices, Given, MonitorBoxes};
use crate::components::figures;
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::input::ErrorOf;
use crate::components::loaded::Loaded;
use crate::components::telling::words;
use crate::components::time::Time;
use crate::flash;
use crate::server_fns::chosen::CHOSEN;
use crate::server_fns::monitor_telling::{
    Attach, Detach, MonitorTelling, Mute, PARENTS, SetParents, Unheard, read_monitor_telling,
};

/// Monitors that are named of those that it hangs on before the form is opened; the others are counted.
const PARENTS_NAMED: usize = 4;
/// Values and words of the silences.
const SILENCES: [(&str, &str); 4] =
    [("hour", "1 hour"), ("four_hours", "4 hours"), ("day", "1 day"), ("week", "1 week")];

/// The card.
#[component]
pub(super) fn Telling(id: String) -> impl IntoView {
    let (again, choices) = (Again::provide(), Choices::provide());
    let view =
        Resource::new(move || again.count(), move |_| read_monitor_telling(id.clone(), choices.search()));
    view! {
        <section class="card" aria-labelledby="telling">
            <header><h2 id="telling">"Who is told"</h2></header>
            <Loaded from=view let:view>
                {
                    choices.offer(view.choices.clone());
                    view! { <Body view/> }
                }
            </Loaded>
        </section>
    }
}

/// What is shown, once it is read.
#[component]
fn Body(view: MonitorTelling) -> impl IntoView {
    let monitor = view.monitor.to_string();
    let definitions = view.definitions.into_iter().map(|named| {
        view! { <li><a href=format!("/console/alerts/{}", named.id)><Icon name="bell"/>{named.name}</a></li> }
    });
    let attached = view.attached.into_iter().map(|row| {
        let named = Named { id: row.id.to_string(), name: row.name };
        view! { <Attached monitor=monitor.clone() named icon=row.kind.icon()/> }
    });
    let others: Vec<_> =
        view.others.into_iter().map(|one| Named { id: one.id.to_string(), name: one.name }).collect();
    view! {
        <div class="form">
            {view.unheard.map(|why| view! { <Nobody why/> })}
            <ul class="links">{definitions.collect_view()}{attached.collect_view()}</ul>
            {(!others.is_empty()).then(|| view! { <AttachForm monitor=monitor.clone() others/> })}
            <Silence monitor=monitor.clone() until=view.muted_until/>
            <Parents monitor parents=view.parents count=view.hangs_on own=view.monitor/>
        </div>
    }
}

/// Nobody hears of it: why, and what to do.
#[component]
fn Nobody(why: Unheard) -> impl IntoView {
    let what = match why {
        Unheard::NoIntegration => {
            view! { <p>"There is no integration yet. "<a href="/console/integrations/new">"Add one"</a>"."</p> }
                .into_any()
        }
        Unheard::NoWay => view! {
            <p>"Attach an integration here, or choose one on a level of an "<a href="/console/alerts">"alert definition"</a>" that is for this monitor."</p>
        }
        .into_any(),
        Unheard::Resting(integrations) => {
            let last = integrations.len().saturating_sub(1);
            let links = integrations.into_iter().enumerate().map(|(at, one)| {
                let between = if at == 0 { "" } else if at == last { " and " } else { ", " };
                view! { {between}<a href=format!("/console/integrations/{}", one.id)>{one.name}</a> }
            });
            let rest = if last == 0 {
                " is switched off or waits to be confirmed: mend that, or attach another one here."
            } else {
                " are switched off or wait to be confirmed: mend that, or attach another one here."
            };
            view! { <p>{links.collect_view()}{rest}</p> }.into_any()
        }
    };
    view! { <div class="notice" data-state="degraded"><Icon name="st-degraded"/><div><strong>"Nobody hears of it"</strong>{what}</div></div> }
}

/// An integration that hears of this monitor whatever the definitions say.
#[component]
fn Attached(monitor: String, named: Named<String>, icon: &'static str) -> impl IntoView {
    let action = Call::to::<Detach>();
    Again::here().after(action);
    let label = format!("Detach {}", named.name);
    view! {
        <li>
            <a href=format!("/console/integrations/{}", named.id)><Icon name=icon/>{named.name}</a>
            <SendForm action id=format!("detach-{}", named.id) class="">
                <input type="hidden" name="monitor" value=monitor/>
                <input type="hidden" name="integration" value=named.id/>
                <Submit class="button quiet icon-only" label><Icon name="x"/></Submit>
            </SendForm>
        </li>
    }
}

/// Attaches one more.
#[component]
fn AttachForm(monitor: String, others: Vec<Named<String>>) -> impl IntoView {
    let action = Call::to::<Attach>();
    Again::here().after(action);
    view! {
        <SendForm action id="attach" class="join" refused="Choose an integration first.">
            <input type="hidden" name="monitor" value=monitor/>
            <select class="input" name="integration" aria-label="Integration to attach">
                <option value="">"Tell also …"</option>
                {others.into_iter().map(|one| view! { <option value=one.id>{one.name}</option> }).collect_view()}
            </select>
            <Submit class="button">"Attach"</Submit>
        </SendForm>
    }
}

/// Silences its alerts for a while, or lets them sound again.
#[component]
fn Silence(monitor: String, until: Option<Timestamp>) -> impl IntoView {
    let action = Call::to::<Mute>();
    Again::here().after(action);
    view! {
        <SendForm action id="mute" class="join">
            <input type="hidden" name="monitor" value=monitor/>
            {match until {
                Some(until) => view! {
                    <input type="hidden" name="how" value="end"/>
                    <span class="state grow" data-state="degraded"><Icon name="alarm-clock"/>"Muted until "<Time at=until/></span>
                    <Submit class="button">"Unmute"</Submit>
                }.into_any(),
                None => view! {
                    <select class="input" name="how" aria-label="Mute for">
                        {SILENCES.map(|(value, words)| view! { <option value=value>{format!("Mute for {words}")}</option> }).collect_view()}
                    </select>
                    <Submit class="button">"Mute"</Submit>
                }.into_any(),
            }}
        </SendForm>
    }
}

/// What it hangs on: while that is down, no new alert of this one leaves.
#[component]
fn Parents(
    monitor: String,
    parents: Vec<Named<domain::id::MonitorId>>,
    count: usize,
    own: domain::id::MonitorId,
) -> impl IntoView {
    let action = Call::to::<SetParents>();
    Again::here().after(action);
    let mut names: Vec<_> = parents.iter().take(PARENTS_NAMED).map(|one| one.name.clone()).collect();
    let others = i64::try_from(count.saturating_sub(names.len())).unwrap_or(i64::MAX);
    if others > 0 {
        names.push(figures::count(others, "other"));
    }
    let told = if names.is_empty() { "nothing".to_owned() } else { words::list(&names) };
    let flash = flash::take(PARENTS);
    let open = flash.as_ref().is_some_and(|flash| flash.values.contains_key(CHOSEN));
    let given = Given::of(&parents, count, flash.as_ref());
    Choices::here().are_for(&monitor);
    view! {
        <details class="fold" open=open>
            <summary><Icon name="chevron-right"/>"Depends on"<span class="muted">{told}</span></summary>
            <SendForm action id=PARENTS flash=flash.unwrap_or_default()>
                <input type="hidden" name="monitor" value=monitor/>
                <p class="hint muted">"While one of these is down, no alert of this monitor leaves: a dead router needs no hundred messages."</p>
                <ErrorOf field="parents"/>
                <MonitorBoxes legend="Monitors" given without=own/>
                <div class="form-foot"><Submit class="button">"Save"</Submit></div>
            </SendForm>
        </details>
    }
}

//! The second step: addresses, each recognised and tried while somebody watches.

use std::time::Duration;

use domain::views::console::Tried;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::StepFrame;
use crate::call::Call;
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::input::{Described, FieldFrame};
use crate::components::tries::{Try, TryRow};
use crate::flash;
use crate::server_fns::setup::{AddAddresses, MAX_ADDRESSES, split, try_address};

/// How long after the last key a line is tried.
const PAUSE: Duration = Duration::from_millis(700);

/// The form.
#[component]
pub(super) fn Addresses() -> impl IntoView {
    let action = Call::to::<AddAddresses>();
    let flash = flash::take("addresses");
    // A trial is neither a refusal nor done, so the form must not say either.
    let shown = flash.clone().filter(|flash| flash.error.is_some() || flash.tried.is_empty());
    let lines = flash.as_ref().and_then(|flash| flash.values.get("address").cloned()).unwrap_or_default();
    let tried: Vec<_> = flash
        .map(|flash| flash.tried)
        .unwrap_or_default()
        .into_iter()
        .map(|tried| Try::Done(Box::new(tried)))
        .collect();
    let trials = RwSignal::new(tried);
    let count = RwSignal::new(split(&lines).len());
    view! {
        <StepFrame at=1>
            <h1>"What shall we watch?"</h1>
            <p class="lead">"Paste addresses, one a line. The kind is recognised, and each is tried while you watch."</p>
            <SendForm action id="addresses" flash=shown.unwrap_or_default()>
                <Lines lines trials count/>
                <Show when=move || !trials.with(Vec::is_empty)>
                    <ul class="tries" aria-live="polite" aria-label="Tries">
                        {move || trials.get().into_iter().map(|trial| view! { <TryRow trial/> }).collect_view()}
                    </ul>
                </Show>
                <div class="form-foot">
                    <Submit class="button primary big">
                        {move || match count.get() {
                            0 => "Watch".to_owned(),
                            1 => "Watch 1 address".to_owned(),
                            many => format!("Watch {many} addresses"),
                        }}
                        <Icon name="arrow-right"/>
                    </Submit>
                    <noscript><button class="button big" formaction="/api/try_addresses">"Try them"</button></noscript>
                    <a class="button quiet big push" href="/setup?step=alerts">"Skip"</a>
                </div>
            </SendForm>
        </StepFrame>
    }
}

/// The box of addresses. Lines are tried once somebody stops typing, each once.
#[component]
fn Lines(lines: String, trials: RwSignal<Vec<Try>>, count: RwSignal<usize>) -> impl IntoView {
    let control = Described::field("address", true);
    let typed = StoredValue::new(0_u32);
    let input = move |text: String| {
        let wanted = split(&text);
        count.set(wanted.len());
        let round = typed.get_value().wrapping_add(1);
        typed.set_value(round);
        set_timeout(
            move || {
                if typed.try_get_value() == Some(round) {
                    // More are refused when they are sent.
                    try_all(trials, wanted.into_iter().take(MAX_ADDRESSES).collect());
                }
            },
            PAUSE,
        );
    };
    view! {
        <FieldFrame name="address" label="Addresses" hint="A URL, host:port, a host, or one with its way: ping://, dns://, tls://, wss://.">
            <textarea class="input mono" rows="5" id=control.id.clone() name=control.name.clone() autofocus spellcheck="false"
                placeholder="https://www.example.org" aria-invalid=control.invalid() aria-describedby=control.by()
                on:input:target=move |event| input(event.target().value())>{lines}</textarea>
        </FieldFrame>
    }
}

/// Keeps what is known of the wanted lines, and tries the others.
fn try_all(trials: RwSignal<Vec<Try>>, wanted: Vec<String>) {
    let known = trials.get_untracked();
    let line_of = |trial: &Try| match trial {
        Try::Under(line) => line.clone(),
        Try::Done(done) => done.line.clone(),
    };
    let mut fresh = Vec::new();
    let next = wanted.into_iter().map(|line| {
        known.iter().find(|trial| line_of(trial) == line).cloned().unwrap_or_else(|| {
            fresh.push(line.clone());
            Try::Under(line)
        })
    });
    let next: Vec<_> = next.collect();
    trials.set(next);
    for line in fresh {
        spawn_local(async move {
            let tried = try_address(line.clone()).await.unwrap_or_else(|error| Tried {
                line: line.clone(),
                kind: None,
                text: error.to_string(),
                report: None,
            });
            trials.try_update(|trials| {
                for trial in trials.iter_mut().filter(|trial| **trial == Try::Under(line.clone())) {
                    *trial = Try::Done(Box::new(tried.clone()));
                }
            });
        });
    }
}

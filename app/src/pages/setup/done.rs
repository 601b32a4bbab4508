//! The last step: the page is live.

use domain::views::console::{ComponentLine, EditorQuery, MonitorList, MonitorQuery, MonitorRow};
use leptos::prelude::*;

use super::StepFrame;
use crate::browser;
use crate::call::Call;
use crate::components::form::{EnterSends, FormState, SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::input::{Described, FieldFrame};
use crate::components::leave::Guard;
use crate::components::loaded::Loaded;
use crate::components::state;
use crate::components::time::Clock;
use crate::server_fns::monitors::read_monitors;
use crate::server_fns::page::read_page;
use crate::server_fns::setup::{MAX_ADDRESSES, NAMES, RenameComponents};
use crate::words;

/// Where the set-up ends.
const CONSOLE: &str = "/console";

/// The page's address, and the first results.
#[component]
pub(super) fn Done() -> impl IntoView {
    let clock = expect_context::<Clock>();
    let address = move || if clock.is_alive() { format!("{}/", browser::origin()) } else { "/".to_owned() };
    let list =
        Resource::new(|| (), |()| read_monitors(MonitorQuery { per_page: 10, ..MonitorQuery::default() }));
    let page = Resource::new(|| (), |()| read_page(EditorQuery::default(), String::new()));
    let copy = move |_| browser::copy(&address());
    view! {
        <StepFrame at=3>
            <h1>"Your page is live"</h1>
            <p class="lead">"It follows your monitors from now on. Look at the names before you share the address: they are what the public reads."</p>
            <div class="form">
                <div class="field">
                    <label for="address">"Status page"</label>
                    <div class="join">
                        <input class="input" id="address" readonly value=address/>
                        <button class="button icon-only" type="button" aria-label="Copy the address" on:click=copy><Icon name="copy"/></button>
                    </div>
                </div>
                <Loaded from=list let:list><FirstResults list/></Loaded>
            </div>
            <Loaded from=page let:page><Names components=page.0.lines().cloned().collect()/></Loaded>
        </StepFrame>
    }
}

/// What is watched now.
#[component]
fn FirstResults(list: MonitorList) -> impl IntoView {
    if list.rows.is_empty() {
        return view! { <p class="muted">"Nothing is watched yet; add monitors in the console."</p> }
            .into_any();
    }
    let row = |row: MonitorRow| {
        let result = row
            .reason
            .or_else(|| row.latency_us.map(words::latency))
            .unwrap_or_else(|| state::word(row.state).to_owned());
        view! {
            <li data-state=row.state.as_str()>
                <Icon name=state::icon(row.state)/>
                <span class="addr">{row.name}</span>
                <span class="chip"><Icon name=format!("kind-{}", row.kind)/>{row.kind.label()}</span>
                <span class="res">{result}</span>
            </li>
        }
    };
    view! { <ul class="tries">{list.rows.into_iter().map(row).collect_view()}</ul> }.into_any()
}

/// What the public calls what is watched: a name for each component, to be changed at once. Whoever goes on to the console
/// saves them on the way: what was typed is not lost.
#[component]
fn Names(components: Vec<ComponentLine>) -> impl IntoView {
    if components.is_empty() {
        return view! {
            <div class="form-foot">
                <a class="button primary big" href=CONSOLE>"Open the console"</a>
                <SeePage/>
            </div>
        }
        .into_any();
    }
    let action = Call::to::<RenameComponents>();
    view! {
        <SendForm action id=NAMES map="names" said="The page has these names now." guard=Guard::Path>
            <EnterSends/>
            <h2>"What the public reads"</h2>
            <div class="cols">
                {components.into_iter().take(MAX_ADDRESSES).map(|component| view! { <Name component/> }).collect_view()}
            </div>
            <div class="form-foot">
                <Submit class="button primary big" name="next" value=CONSOLE>"Open the console"</Submit>
                <Submit class="button big">"Save names"</Submit>
                <SeePage/>
            </div>
        </SendForm>
    }
    .into_any()
}

/// To the page as the public sees it, in a tab of its own: this one may hold names that are not saved.
#[component]
fn SeePage() -> impl IntoView {
    view! { <a class="button big" href="/" rel="external noopener" target="_blank">"See the page" <Icon name="external"/></a> }
}

/// One of them.
#[component]
fn Name(component: ComponentLine) -> impl IntoView {
    let id = component.id.to_string();
    let label =
        if component.monitors.is_empty() { component.name.clone() } else { component.monitors.join(", ") };
    let control = Described::field(&id, false);
    let value = FormState::here().value(&id, component.name);
    view! {
        <FieldFrame name=id label=label>
            <input class="input" id=control.id.clone() name=control.name.clone() value=value autocomplete="off"
                aria-invalid=control.invalid() aria-describedby=control.by()/>
        </FieldFrame>
    }
}

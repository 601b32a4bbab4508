//! The last step: the page is live.

use domain::views::console::{MonitorList, MonitorQuery, MonitorRow};
use leptos::prelude::*;

use super::StepFrame;
use crate::browser;
use crate::components::icon::Icon;
use crate::components::loaded::Loaded;
use crate::components::state;
use crate::components::time::Clock;
use crate::server_fns::monitors::read_monitors;
use crate::words;

/// The page's address, and the first results.
#[component]
pub(super) fn Done() -> impl IntoView {
    let clock = expect_context::<Clock>();
    let address = move || if clock.is_alive() { format!("{}/", browser::origin()) } else { "/".to_owned() };
    let list =
        Resource::new(|| (), |()| read_monitors(MonitorQuery { per_page: 10, ..MonitorQuery::default() }));
    let copy = move |_| browser::copy(&address());
    view! {
        <StepFrame at=3>
            <h1>"Your page is live"</h1>
            <p class="lead">"It follows your monitors from now on. The public reads their names on it; rename or remove them under “Status page” before you share the address."</p>
            <div class="form">
                <div class="field">
                    <label for="address">"Status page"</label>
                    <div class="join">
                        <input class="input" id="address" readonly value=address/>
                        <button class="button icon-only" type="button" aria-label="Copy the address" on:click=copy><Icon name="copy"/></button>
                    </div>
                </div>
                <Loaded from=list let:list><FirstResults list/></Loaded>
                <div class="form-foot">
                    <a class="button primary big" href="/console">"Open the console"</a>
                    <a class="button big" href="/" rel="external">"See the page" <Icon name="external"/></a>
                </div>
            </div>
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

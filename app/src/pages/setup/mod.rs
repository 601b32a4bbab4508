//! Setting up: an account, addresses, whom to tell, and a page that is live.

mod account;
mod addresses;
mod alerts;
mod done;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::auth::AuthFrame;
use crate::components::icon::Icon;
use crate::components::page_head::PageTitle;

/// The steps, in their order.
const STEPS: [&str; 4] = ["Your account", "What to watch", "Whom to tell", "Your page"];

/// The page: which step it shows stands in the URL.
#[component]
pub fn SetUp() -> impl IntoView {
    let query = use_query_map();
    let step = Memo::new(move |_| {
        let query = query.read();
        match (query.get("step").as_deref(), query.get("token")) {
            (Some("addresses"), _) => Step::Addresses,
            (Some("alerts"), _) => Step::Alerts,
            (Some("done"), _) => Step::Done,
            (_, Some(token)) => Step::Account(token),
            _ => Step::Closed,
        }
    });
    view! {
        <PageTitle text="Set up"/>
        {move || match step.get() {
            Step::Closed => view! { <Closed/> }.into_any(),
            Step::Account(token) => view! { <account::MakeAccount token/> }.into_any(),
            Step::Addresses => view! { <addresses::Addresses/> }.into_any(),
            Step::Alerts => view! { <alerts::WhereTo/> }.into_any(),
            Step::Done => view! { <done::Done/> }.into_any(),
        }}
    }
}

/// Where somebody is.
#[derive(Clone, PartialEq)]
enum Step {
    Closed,
    Account(String),
    Addresses,
    Alerts,
    Done,
}

/// The frame of a step.
#[component]
fn StepFrame(
    /// Which, from 0.
    at: usize,
    /// The card's content.
    children: Children,
) -> impl IntoView {
    let steps = STEPS.iter().enumerate().map(move |(i, words)| {
        view! {
            <li class=(i < at).then_some("done") aria-current=(i == at).then_some("step")>
                {(i < at).then(|| view! { <Icon name="check"/> })}{*words}
            </li>
        }
    });
    view! {
        <AuthFrame wide=true>
            <ol class="steps">{steps.collect_view()}</ol>
            <div class="card">{children()}</div>
        </AuthFrame>
    }
}

/// Without the link nobody sets up: whoever comes first to the port would own it.
#[component]
fn Closed() -> impl IntoView {
    view! {
        <AuthFrame wide=true foot=|| view! { <p>"No link? Each start of Pharos prints a new one."</p> }>
            <div class="card">
                <h1>"Open the set-up link"</h1>
                <p class="lead">"Pharos runs, and nobody has an account yet. When it started it printed a link for you:"</p>
                <pre class="code">"Pharos is running at http://… — set it up: http://…/setup?token=…"</pre>
                <p class="lead">"It stands in the terminal, or in the log: "<code>"docker logs pharos"</code>" or "<code>"journalctl -u pharos"</code>"."</p>
            </div>
        </AuthFrame>
    }
}

//! One message: where it stands, and every attempt to the letter.

use std::time::Duration;

use domain::delivery::DeliveryState;
use domain::views::console::{AttemptView, DeliveryDetail};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::rows::may_replay;
use crate::call::Call;
use crate::components::again::{Again, keep_fresh};
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::loaded::Loaded;
use crate::components::notice::{Notice, Tone};
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::telling::said::{Said, Trouble};
use crate::components::telling::state::DeliveryPill;
use crate::components::telling::words as telling;
use crate::components::time::Time;
use crate::server_fns::deliveries::{Replay, read_delivery};
use crate::words;

/// How often the page is read again while somebody looks.
const FRESH: Duration = Duration::from_secs(3);

/// The page.
#[component]
pub fn Delivery() -> impl IntoView {
    let params = use_params_map();
    let again = Again::provide();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let view = Resource::new(move || (id.get(), again.count()), |(id, _)| read_delivery(id));
    keep_fresh(view, FRESH, id, read_delivery);
    view! {
        <a class="crumb" href="/console/deliveries"><Icon name="chevron-left"/>"Deliveries"</a>
        <Loaded from=view whole=true let:view><Body view/></Loaded>
    }
}

/// What is shown, once it is read.
#[component]
fn Body(view: DeliveryDetail) -> impl IntoView {
    let row = view.row;
    let action = Call::to::<Replay>();
    Again::here().after(action);
    let (id, can_replay) = (row.id.to_string(), may_replay(row.state));
    let actions = move || {
        can_replay.then(|| {
            view! {
                <SendForm action id="replay" class="">
                    <input type="hidden" name="deliveries[]" value=id/>
                    <Submit class="button"><Icon name="refresh"/>"Send again"</Submit>
                </SendForm>
            }
        })
    };
    let (state, kind) = (row.fate(), telling::kind(&row.kind));
    let integration = row.integration.clone();
    let facts = move || {
        view! {
            <DeliveryPill state/>
            <span>{kind}" to "<a href=format!("/console/integrations/{}", integration.id)>{integration.name}</a></span>
        }
    };
    let status = view.attempts.first().and_then(|attempt| attempt.status);
    let attempts = view.attempts.len();
    let last = view.attempts.first().map_or(0, |attempt| attempt.number);
    // `null` when it cannot be read, as the headline says then.
    let message =
        (!view.message.is_null()).then(|| serde_json::to_string_pretty(&view.message).unwrap_or_default());
    view! {
        <PageTitle text=row.headline.clone()/>
        <PageHead title=row.headline actions facts/>
        <div class="stack">
            {row.error.map(|error| match state {
                _ if row.sent_in_vain => view! { <Notice tone=Tone::Warning title="It arrived, but not once more" text=words::sentence(&error)/> }.into_any(),
                DeliveryState::Delivered => view! { <Notice tone=Tone::Warning title="Not everybody got it" text=words::sentence(&error)/> }.into_any(),
                DeliveryState::Skipped => view! { <Notice tone=Tone::Plain title="Nothing was sent" text=words::sentence(&error)/> }.into_any(),
                _ => view! { <Trouble error status/> }.into_any(),
            })}
            <dl class="facts-list">
                <div><dt>"Planned"</dt><dd><Time at=row.at/></dd></div>
                <div><dt>"Attempts"</dt><dd>{attempts.to_string()}</dd></div>
                {row.due_at.map(|at| view! { <div><dt>"Next attempt"</dt><dd><Time at shape=crate::browser::Shape::Second/></dd></div> })}
                {row.incident.map(|incident| view! { <div><dt>"About"</dt><dd><a href=format!("/console/incidents/{incident}")>"The incident"</a></dd></div> })}
                {row.external_id.map(|external| view! { <div><dt>"There it is called"</dt><dd><code>{external}</code></dd></div> })}
                <div><dt>"Id"</dt><dd><code>{row.id.to_string()}</code></dd></div>
            </dl>
            {(attempts == 0 && row.due_at.is_some()).then(|| view! {
                <section class="card"><p class="muted">"It has not been tried yet."</p></section>
            })}
            {view.attempts.into_iter().map(|attempt| view! { <Attempt newest=attempt.number == last attempt/> }).collect_view()}
            {message.map(|message| view! {
                <section class="card">
                    <details class="fold">
                        <summary><Icon name="chevron-right"/>"The message in facts"</summary>
                        <pre class="code" tabindex="0" aria-label="The message in facts">{message}</pre>
                    </details>
                </section>
            })}
        </div>
    }
}

/// One attempt.
#[component]
fn Attempt(
    attempt: AttemptView,
    /// Whether it is the newest: why that failed stands above.
    newest: bool,
) -> impl IntoView {
    let (tone, icon, word) = match &attempt.error {
        None => ("up", "st-operational", "Taken".to_owned()),
        Some(_) => ("down", "st-major", "Not taken".to_owned()),
    };
    let status = attempt.status.map(|status| format!("status {status}, "));
    view! {
        <section class="card">
            <header><h2>{format!("Attempt {}", attempt.number)}</h2>
                <span class="pill" data-state=tone><Icon name=icon/>{word}</span>
                <span class="muted num">{status}{words::duration(attempt.duration_ms)}", "<Time at=attempt.at shape=crate::browser::Shape::Second/></span>
            </header>
            <div class="told">
                {attempt.error.filter(|_| !newest).map(|error| view! { <p>{words::sentence(&error)}</p> })}
                <Said label="Request" text=attempt.request/>
                <Said label="Answer" text=attempt.response/>
            </div>
        </section>
    }
}

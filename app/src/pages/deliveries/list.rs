//! The log: counted, searched, filtered and paged; chosen messages are sent once more.

use std::time::Duration;

use domain::delivery::DeliveryState;
use domain::views::console::{
    DELIVERIES_PER_PAGE, DeliveryCounts, DeliveryList, DeliveryQuery, IntegrationChoice,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::rows::{Chosen, Row, may_replay};
use super::toolbar::Toolbar;
use super::url;
use crate::call::Call;
use crate::components::again::{Again, keep_fresh};
use crate::components::figures;
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::kept::Kept;
use crate::components::listing::{NoMatch, Pager};
use crate::components::notice::{Notice, Tone};
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::rows::Rows;
use crate::components::telling::state::style;
use crate::components::toast::Toasts;
use crate::flash;
use crate::server_fns::deliveries::{Replay, read_deliveries};

/// How often the log is read again while somebody looks.
const FRESH: Duration = Duration::from_secs(5);

/// The page.
#[component]
pub fn Deliveries() -> impl IntoView {
    let again = Again::provide();
    let params = use_query_map();
    let query = Memo::new(move |_| url::read(&params.read()));
    let list = Resource::new(move || (query.get(), again.count()), |(query, _)| read_deliveries(query));
    keep_fresh(list, FRESH, query, read_deliveries);
    // Outlives the rows, which are drawn again whenever something happens: what is sent again is what was ticked.
    let chosen = Chosen::default();
    view! {
        <PageTitle text="Deliveries"/>
        <PageHead title="Deliveries" facts=|| view! { <span>"Every message, every attempt, and what was answered."</span> }/>
        <Kept from=list let:read><Body read query chosen/></Kept>
    }
}

/// What is shown, once it is read.
#[component]
fn Body(
    read: RwSignal<(DeliveryList, Vec<IntegrationChoice>)>,
    query: Memo<DeliveryQuery>,
    chosen: Chosen,
) -> impl IntoView {
    let list = Memo::new(move |_| read.with(|(list, _)| list.clone()));
    let integrations = Memo::new(move |_| read.with(|(_, integrations)| integrations.clone()));
    let counts = Memo::new(move |_| list.with(|list| list.counts));
    view! {
        <Counts counts query/>
        <Toolbar query integrations/>
        <Found list query chosen/>
    }
}

/// How the last day went; each figure leads to its messages.
#[component]
fn Counts(counts: Memo<DeliveryCounts>, query: Memo<DeliveryQuery>) -> impl IntoView {
    type Count = fn(&DeliveryCounts) -> i64;
    let cards: [(DeliveryState, &str, Count, bool); 5] = [
        (DeliveryState::Failed, "Failed", |counts| counts.failed, true),
        (DeliveryState::Retrying, "Trying again", |counts| counts.retrying, true),
        (DeliveryState::Waiting, "Waiting", |counts| counts.waiting, false),
        (DeliveryState::Delivered, "Delivered", |counts| counts.delivered, false),
        (DeliveryState::Skipped, "Not sent", |counts| counts.skipped, false),
    ];
    let cards = cards.map(|(state, words, count, is_bad)| {
        let number = Memo::new(move |_| counts.with(count));
        let class = move || match number.get() {
            0 => "stat zero",
            _ if is_bad => "stat hot",
            _ => "stat",
        };
        let (tone, icon) = style(state);
        let is_chosen = move || query.with(|query| query.state == Some(state));
        let href = move || {
            let wanted = (!is_chosen()).then_some(state);
            url::write(&DeliveryQuery { state: wanted, page: 1, ..query.get() })
        };
        view! {
            <a class=class data-state=tone href=href aria-current=move || is_chosen().then_some("true")>
                <span class="label"><Icon name=icon/>{words}</span>
                <span class="value">{move || figures::thousands(number.get())}</span>
            </a>
        }
    });
    view! { <section class="stats day" aria-label="The last 24 hours">{cards.collect_view()}</section> }
}

/// What was found, or what to do when nothing was.
#[component]
fn Found(list: Memo<DeliveryList>, query: Memo<DeliveryQuery>, chosen: Chosen) -> impl IntoView {
    let action = Call::to::<Replay>();
    Again::here().after(action);
    let toasts = expect_context::<Toasts>();
    Effect::new(move || {
        if let Some(Ok(count)) = action.value().get() {
            toasts.say(told(count));
            chosen.clear();
        }
    });
    let flash = flash::take("replay");
    let replayed = flash.as_ref().and_then(|flash| flash.values.get("replayed")?.parse::<usize>().ok());
    let flash = StoredValue::new(flash.unwrap_or_default());
    let is_empty = Memo::new(move |_| list.with(|list| list.rows.is_empty()));
    let rows = Memo::new(move |_| list.with(|list| list.rows.clone()));
    let can_replay = Memo::new(move |_| rows.with(|rows| rows.iter().any(|row| may_replay(row.state))));
    let pages = Memo::new(move |_| list.with(|list| (list.page, list.found, list.more)));
    move || {
        if is_empty.get() {
            return view! { <Nothing query=query.get()/> }.into_any();
        }
        view! {
            {replayed.map(|count| view! { <Notice tone=Tone::Good title=told(count)/> })}
            <SendForm action id="replay" class="card flush" flash=flash.get_value()>
                <table class="table cards picks" aria-label="Messages">
                    <thead><tr>
                        <th><span class="visually-hidden">"Choose"</span></th><th>"Message"</th><th>"State"</th><th>"To"</th><th>"Attempts"</th><th class="end">"When"</th>
                    </tr></thead>
                    <tbody><Rows rows key=|row| row.id.clone() let:row><Row row chosen/></Rows></tbody>
                </table>
                <footer class="foot-bar">
                    <Show when=move || can_replay.get()><Submit class="button small"><Icon name="refresh"/>"Send the chosen again"</Submit></Show>
                    {move || {
                        let (page, found, more) = pages.get();
                        let query = query.get_untracked();
                        let to = move |page| url::write(&DeliveryQuery { page, ..query.clone() });
                        view! { <Pager page per_page=DELIVERIES_PER_PAGE found more thing="message" to/> }
                    }}
                </footer>
            </SendForm>
        }
        .into_any()
    }
}

/// How many were sent once more, in words.
fn told(count: usize) -> String {
    match count {
        0 => "Nothing was sent again: choose messages that are not on their way already".to_owned(),
        1 => "1 message is sent again".to_owned(),
        many => format!("{many} messages are sent again"),
    }
}

/// Nothing was found, or nothing was ever sent.
#[component]
fn Nothing(query: DeliveryQuery) -> impl IntoView {
    if url::is_filtered(&query) || query.page > 1 {
        let hidden = "Other messages are hidden by the search or a filter.";
        return view! { <NoMatch thing="message" search=query.search hidden all=url::PATH/> }.into_any();
    }
    view! {
        <section class="empty first">
            <Icon name="inbox"/><h2>"Nothing was sent yet"</h2>
            <p>"Each message stands here with what was sent, what was answered, and when it is tried again."</p>
            <div class="button-row"><a class="button" href="/console/integrations">"To the integrations"</a></div>
        </section>
    }
    .into_any()
}

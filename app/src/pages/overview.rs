//! The first screen: what is broken now on top, live.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use domain::check::CheckKind;
use domain::event::Seq;
use domain::health::State;
use domain::time::Timestamp;
use domain::views::console::{FeedItem, Frame, MonitorRow, Overview as View, StateCounts};
use leptos::prelude::*;

use crate::call::Call;
use crate::components::feed::{Feed, Incidents};
use crate::components::figures;
use crate::components::form::{FormState, SendForm, Submit};
use crate::components::health::HealthCard;
use crate::components::icon::{Icon, Mark};
use crate::components::input::Described;
use crate::components::kept::Kept;
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::rows::Rows;
use crate::components::state;
use crate::components::time::Lasting;
use crate::components::toast::Toasts;
use crate::components::tries::in_short;
use crate::live::{Link, LiveFeed};
use crate::server_fns::monitor::TestMonitor;
use crate::server_fns::overview::read_overview;
use crate::server_fns::setup::AddAddresses;

/// The most rows of what is broken, as many as the server sends.
const BROKEN: usize = 50;
/// The most happenings that are listed.
const FEED: usize = 30;
/// How long happenings are gathered before incidents are read again.
const SETTLE: Duration = Duration::from_millis(1_500);
/// The states that have a card, the most urgent first.
const CARDS: [State; 7] = [
    State::Down,
    State::Confirming,
    State::Degraded,
    State::Unknown,
    State::Pending,
    State::Paused,
    State::Up,
];

/// The page.
#[component]
pub fn Overview() -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    // Grows some time after something happened: incidents are read again, once for many happenings.
    let changes = RwSignal::new(0_u32);
    let is_due = StoredValue::new(false);
    feed.listen(move |frame| {
        let happened = matches!(frame, Frame::Monitor { item: Some(_), .. } | Frame::Gone { .. });
        if happened && is_due.try_get_value() == Some(false) {
            is_due.set_value(true);
            set_timeout(
                move || {
                    is_due.try_set_value(false);
                    changes.try_update(|changes| *changes += 1);
                },
                SETTLE,
            );
        }
    });
    let view = Resource::new(move || (feed.generation.get(), changes.get()), |_| read_overview());
    view! {
        <PageTitle text="Overview"/>
        <Kept from=view whole=true let:view><Body view/></Kept>
    }
}

/// What is shown, once it is read.
#[component]
fn Body(view: RwSignal<View>) -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    let first = view.get_untracked();
    let (broken, items) = (RwSignal::new(first.broken), RwSignal::new(first.feed));
    let (counts, at) = (RwSignal::new(first.counts), first.at);
    // The last event that is shown.
    let shown = StoredValue::new(first.seq);
    feed.listen(move |frame| match frame {
        Frame::Monitor { seq, row, counts: now, item } if seq > shown.get_value() => {
            shown.set_value(seq);
            counts.set(now);
            broken.update(|broken| follow(broken, *row));
            if let Some(item) = item {
                items.update(|items| prepend(items, item));
            }
        }
        Frame::Gone { seq, id, counts: now } if seq > shown.get_value() => {
            shown.set_value(seq);
            counts.set(now);
            broken.update(|broken| broken.retain(|row| row.id != id));
        }
        // What was missed comes with the next reading, whatever is shown by then.
        Frame::Resync { .. } => shown.set_value(Seq::default()),
        _ => {}
    });
    Effect::new(move |was_drawn: Option<()>| {
        let view = view.get();
        // What happened while it was read is in here already, and not in there.
        if was_drawn.is_some() && view.seq >= shown.get_value() {
            shown.set_value(view.seq);
            counts.set(view.counts);
            broken.set(view.broken);
            items.set(view.feed);
        }
    });
    let is_empty = Memo::new(move |_| counts.with(|counts| counts.total() == 0));
    let is_silent = Memo::new(move |_| items.with(Vec::is_empty));
    let incidents = Memo::new(move |_| view.with(|view| view.incidents.clone()));
    let is_calm = Memo::new(move |_| incidents.with(Vec::is_empty));
    view! {
        <PageHead title="Overview"
            actions=|| view! { <a class="button primary" href="/console/monitors/new"><Icon name="plus"/>"Add monitor"</a> }
            facts=move || view! { <LiveWord counts/> }/>
        {move || if is_empty.get() {
            view! { <Nothing/> }.into_any()
        } else {
            view! {
                <div class="stack">
                    // The count first: it is one line, and a storm makes the list of what is broken long.
                    <Cards counts/>
                    <Broken rows=broken at/>
                    <div class="split">
                        <section class="card flush">
                            <header><h2>"Events"</h2></header>
                            {move || if is_silent.get() {
                                view! { <p class="empty plain">"Nothing happened yet."</p> }.into_any()
                            } else {
                                view! { <Feed items/> }.into_any()
                            }}
                        </section>
                        <div class="stack">
                            {move || (!is_calm.get()).then(|| view! {
                                <section class="card flush"><header><h2>"Open incidents"</h2></header><Incidents rows=incidents at/></section>
                            })}
                            {move || view.with(|view| view! { <HealthCard health=view.system.clone() at=view.at/> })}
                        </div>
                    </div>
                </div>
            }.into_any()
        }}
    }
}

/// How the page is kept up to date, and how much is watched.
#[component]
fn LiveWord(counts: RwSignal<StateCounts>) -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    view! {
        {move || (feed.link.get() == Link::Live).then(|| view! { <span class="live"><span class="live-dot"></span>"Live"</span> })}
        <span>{move || figures::count(counts.get().total(), "monitor")}</span>
    }
}

/// What is broken now.
#[component]
fn Broken(rows: RwSignal<Vec<MonitorRow>>, at: Timestamp) -> impl IntoView {
    let is_well = Memo::new(move |_| rows.with(Vec::is_empty));
    let names = Memo::new(move |_| rows.with(|rows| twins(rows)));
    move || {
        if is_well.get() {
            return view! {
                <section class="card flush"><div class="all-well"><Icon name="st-operational"/>
                    <div><strong>"Nothing is broken"</strong><p>"Every monitor that is checked is up."</p></div>
                </div></section>
            }
            .into_any();
        }
        view! {
            <section class="card flush" aria-labelledby="broken">
                <header><h2 id="broken">"Broken now"</h2></header>
                <ul class="broken"><Rows rows key=|row| row.id.clone() let:row><BrokenRow row at twins=names/></Rows></ul>
            </section>
        }
        .into_any()
    }
}

/// The names that several of these have.
fn twins(rows: &[MonitorRow]) -> BTreeSet<String> {
    let mut seen = HashSet::new();
    let again = rows.iter().filter(|row| !seen.insert(row.name.as_str()));
    again.map(|row| row.name.clone()).collect()
}

/// One thing that is broken. Its cells follow; the row stays.
#[component]
fn BrokenRow(
    row: Memo<MonitorRow>,
    at: Timestamp,
    /// The names that another one has, too.
    twins: Memo<BTreeSet<String>>,
) -> impl IntoView {
    let action = Call::to::<TestMonitor>();
    let (id, kind) = row.with_untracked(|row| (row.id.to_string(), row.kind));
    let toasts = expect_context::<Toasts>();
    Effect::new(move || {
        let told = action.value().with(|value| match value {
            Some(Ok(report)) => Some((state::of_outcome(&report.outcome), in_short(report))),
            Some(Err(error)) => Some((State::Unknown, error.to_string())),
            None => None,
        });
        if let Some((state, told)) = told {
            toasts.tell(state, row.with_untracked(|row| format!("{}: {told}", row.name)));
        }
    });
    let now = Memo::new(move |_| row.with(|row| row.state));
    let since = Memo::new(move |_| row.with(|row| row.since));
    let about = Memo::new(move |_| {
        let has_twin = |row: &MonitorRow| twins.try_with(|twins| twins.contains(&row.name)) == Some(true);
        row.with(|row| has_twin(row).then(|| format!("{} · {}", row.kind.label(), row.target)))
    });
    let reason =
        move || row.with(|row| row.reason.clone().unwrap_or_else(|| state::word(row.state).to_owned()));
    view! {
        <li data-state=move || now.get().as_str()>
            {move || view! { <Icon name=state::icon(now.get())/> }}
            <div><a class="name" data-row href=format!("/console/monitors/{id}")>{move || row.with(|row| row.name.clone())}</a>
                {move || about.get().map(|about| view! { <p class="muted">{about}</p> })}<p>{reason}</p></div>
            <span class="for">{move || since.get().map(|since| view! { <Lasting since read_at=at/> })}</span>
            {(kind != CheckKind::Push).then(|| view! {
                <SendForm action id=format!("test-{id}") class="">
                    <input type="hidden" name="monitor" value=id/>
                    <Submit class="button small">"Test now"</Submit>
                </SendForm>
            })}
        </li>
    }
}

/// How many monitors show each state; each leads to them.
#[component]
fn Cards(counts: RwSignal<StateCounts>) -> impl IntoView {
    let card = move |state: State| {
        let number = move || counts.with(|counts| counts.of(state));
        let is_bad = matches!(state, State::Down | State::Confirming | State::Degraded);
        let class = move || match number() {
            0 => "stat zero",
            _ if is_bad => "stat hot",
            _ => "stat",
        };
        // Soon over, mostly.
        let is_shown = move || state != State::Pending || number() > 0;
        view! {
            <Show when=is_shown><a class=class data-state=state.as_str() href=format!("/console/monitors?state={}", state.as_str())>
                <span class="label"><Icon name=state::icon(state)/>{state::word(state)}</span>
                <span class="value">{move || figures::thousands(number())}</span>
            </a></Show>
        }
    };
    view! { <section class="stats" aria-label="Monitors by state">{CARDS.map(card).collect_view()}</section> }
}

/// Nothing is watched: the one thing to do is here.
#[component]
fn Nothing() -> impl IntoView {
    let action = Call::to::<AddAddresses>();
    view! {
        <section class="empty">
            <Mark/>
            <h2>"Nothing is watched yet"</h2>
            <p>"Paste an address. The first result is here in seconds."</p>
            <SendForm action id="addresses">
                <input type="hidden" name="next" value="/console"/>
                <Address/>
            </SendForm>
        </section>
    }
}

/// The address, and why it cannot be read.
#[component]
fn Address() -> impl IntoView {
    let control = Described::field("address", false);
    let (error, error_id) = (control.error, format!("{}-error", control.id));
    let value = FormState::here().value("address", String::new());
    view! {
        <div class="field">
            <div class="join">
                <input class="input big" id=control.id.clone() name=control.name.clone() value=value aria-label="Address to watch"
                    placeholder="https://example.com" aria-invalid=control.invalid() aria-describedby=control.by()/>
                <Submit class="button primary big">"Watch"</Submit>
            </div>
            {move || error.get().map(|error| view! { <p class="error" id=error_id.clone()><Icon name="alert"/>{error}</p> })}
        </div>
    }
}

/// Whether a state is something to look at.
fn is_broken(state: State) -> bool {
    matches!(state, State::Down | State::Confirming | State::Degraded | State::Unknown)
}

/// Brings a changed monitor into the list of what is broken, or out of it. The list keeps its order: by urgency, then by name.
fn follow(broken: &mut Vec<MonitorRow>, row: MonitorRow) {
    broken.retain(|known| known.id != row.id);
    if is_broken(row.state) {
        broken.push(row);
        let urgency = |state: State| State::ALL.iter().position(|known| *known == state);
        broken.sort_by(|a, b| urgency(a.state).cmp(&urgency(b.state)).then_with(|| a.name.cmp(&b.name)));
        broken.truncate(BROKEN);
    }
}

/// Puts a happening on top, unless it is there already.
fn prepend(items: &mut Vec<FeedItem>, item: FeedItem) {
    if items.iter().all(|known| known.seq != item.seq || known.monitor != item.monitor) {
        items.insert(0, item);
        items.truncate(FEED);
    }
}

#[cfg(test)]
mod tests {
    use domain::id::MonitorId;

    use super::*;

    fn row(id: u8, name: &str, state: State) -> MonitorRow {
        MonitorRow {
            id: MonitorId::new([id; 13]),
            name: name.to_owned(),
            kind: CheckKind::Http,
            target: String::new(),
            state,
            since: None,
            reason: None,
            checked_at: None,
            latency_us: None,
            uptime_day: None,
            spark: Vec::new(),
            interval: 60_000,
        }
    }

    #[test]
    fn what_breaks_comes_in_by_urgency_and_what_is_well_goes() {
        let mut broken = vec![row(1, "b", State::Degraded)];
        follow(&mut broken, row(2, "c", State::Down));
        follow(&mut broken, row(3, "a", State::Degraded));
        let names = |broken: &[MonitorRow]| broken.iter().map(|row| row.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&broken), ["c", "a", "b"]);
        follow(&mut broken, row(2, "c", State::Up));
        assert_eq!(names(&broken), ["a", "b"]);
    }
}

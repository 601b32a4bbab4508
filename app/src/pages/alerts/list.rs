//! The alert definitions, the default one first.

use domain::views::console::{DefinitionRow, IntegrationChoice, ListQuery};
use leptos::prelude::*;

use super::TABS;
use crate::call::Call;
use crate::components::again::Again;
use crate::components::confirm::{Ask, Confirm};
use crate::components::figures;
use crate::components::find::MANY;
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::kept::Kept;
use crate::components::listing::{self, ListSearch, NoMatch, Pager, hidden};
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::tabs::Tabs;
use crate::components::telling::picture::LadderPicture;
use crate::server_fns::alerts::{Definitions, SetAllStop, read_definitions};

/// The id of the dialog.
const STOP: &str = "stop";
/// The page of the list.
const PATH: &str = "/console/alerts";

/// The page.
#[component]
pub fn Alerts() -> impl IntoView {
    let again = Again::here();
    let query = listing::asked();
    let view = Resource::new(move || (query.get(), again.count()), |(query, _)| read_definitions(query));
    view! {
        <PageTitle text="Alerts"/>
        <PageHead title="Alerts"
            actions=|| view! { <a class="button primary" href="/console/alerts/new"><Icon name="plus"/>"Add definition"</a> }
            facts=|| view! { <span>"Who hears of an outage, when, and how often."</span> }/>
        <Tabs label="Alerts" tabs=TABS/>
        <Kept from=view let:view><Body view query/></Kept>
    }
}

/// What is shown, once it is read.
#[component]
fn Body(view: RwSignal<Definitions>, query: Memo<ListQuery>) -> impl IntoView {
    let is_long =
        Memo::new(move |_| view.with(|view| view.list.total >= MANY || !view.list.search.is_empty()));
    let found = Memo::new(move |_| view.with(|view| (view.list.clone(), view.integrations.clone())));
    let all_stop = Memo::new(move |_| view.with(|view| view.all_stop));
    let cards = move || {
        let (list, integrations) = found.get();
        if list.rows.is_empty() {
            let hidden = hidden(list.total, "definition");
            return view! { <NoMatch thing="definition" search=list.search hidden all=PATH/> }.into_any();
        }
        let search = list.search;
        let has_pages = list.found > i64::from(list.per_page) || !search.is_empty();
        let pages = has_pages.then(|| {
            let to = move |page| listing::address(PATH, &search, page);
            view! { <Pager page=list.page per_page=list.per_page found=list.found thing="definition" to/> }
        });
        let cards = list.rows.into_iter().map(|row| view! { <Card row integrations=integrations.clone()/> });
        view! { {cards.collect_view()}{pages} }.into_any()
    };
    view! {
        <Show when=move || is_long.get()><ListSearch path=PATH query placeholder="Search name"/></Show>
        <div class="stack">
            {cards}
            {move || view! { <AllStop all_stop=all_stop.get()/> }}
        </div>
    }
}

/// One definition.
#[component]
fn Card(row: DefinitionRow, integrations: Vec<IntegrationChoice>) -> impl IntoView {
    let href = format!("{PATH}/{}", row.id);
    let whom = if row.is_default {
        "For every monitor that no other definition names".to_owned()
    } else {
        format!("For {}", few(&row.monitors, row.named))
    };
    let label = format!("Edit {}", row.name);
    view! {
        <section class="card definition">
            <header>
                <h2><a href=href.clone() data-row>{row.name}</a></h2>
                {row.is_default.then(|| view! { <span class="chip">"Default"</span> })}
                {(!row.active).then(|| view! { <span class="pill"><Icon name="st-paused"/>"Off"</span> })}
                <a class="button small" href=href aria-label=label><Icon name="edit"/>"Edit"</a>
            </header>
            <p class="muted">{whom}</p>
            <LadderPicture levels=row.levels integrations/>
        </section>
    }
}

/// The first few names, and how many there are besides.
fn few(names: &[String], all: i64) -> String {
    let others = all - i64::try_from(names.len()).unwrap_or(all);
    match names {
        [] => "no monitor".to_owned(),
        _ if others > 0 => format!("{} and {} more", names.join(", "), figures::thousands(others)),
        _ => crate::components::telling::words::list(names),
    }
}

/// Stops all telling, after a question; starts it again without one.
#[component]
fn AllStop(all_stop: bool) -> impl IntoView {
    let action = Call::to::<SetAllStop>();
    Again::here().after(action);
    if all_stop {
        return view! {
            <section class="card danger-zone">
                <header><h2>"All-Stop"</h2><span class="pill" data-state="down"><Icon name="octagon-pause"/>"Stopped"</span></header>
                <p class="muted">"No message leaves until you start telling again. What is over by then is not sent."</p>
                <SendForm action id="all-stop" class="form-foot">
                    <input type="hidden" name="stop" value="false"/>
                    <Submit><Icon name="play"/>"Start telling again"</Submit>
                </SendForm>
            </section>
        }
        .into_any();
    }
    view! {
        <section class="card danger-zone">
            <header><h2>"All-Stop"</h2></header>
            <p class="muted">"Stops every message of every integration at once, until somebody starts telling again. Checks go on."</p>
            <div class="form-foot"><Ask dialog=STOP class="button danger" label="Stop all telling"><Icon name="octagon-pause"/>"Stop all telling"</Ask></div>
            <Confirm id=STOP title="Stop all telling?" text="Nobody hears of any outage until somebody starts it again. A banner says so on every page.">
                <SendForm action id="all-stop" class="">
                    <input type="hidden" name="stop" value="true"/>
                    <Submit class="button danger solid">"Stop all telling"</Submit>
                </SendForm>
            </Confirm>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::few;

    #[test]
    fn many_monitors_are_counted_rather_than_named() {
        let names = |count: usize| (0..count).map(|name| name.to_string()).collect::<Vec<_>>();
        assert_eq!(few(&names(0), 0), "no monitor");
        assert_eq!(few(&names(3), 3), "0, 1 and 2");
        assert_eq!(few(&names(4), 5_004), "0, 1, 2, 3 and 5,000 more");
    }
}

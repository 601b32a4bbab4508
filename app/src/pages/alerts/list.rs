//! The alert definitions, the default one first.

use domain::views::console::{DefinitionView, IntegrationChoice};
use leptos::prelude::*;

use super::TABS;
use crate::call::Call;
use crate::components::again::Again;
use crate::components::confirm::{Ask, Confirm};
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::loaded::Loaded;
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::tabs::Tabs;
use crate::components::telling::picture::LadderPicture;
use crate::server_fns::alerts::{Definitions, SetAllStop, read_definitions};

/// The id of the dialog.
const STOP: &str = "stop";
/// Monitors that a card names.
const NAMED: usize = 4;

/// The page.
#[component]
pub fn Alerts() -> impl IntoView {
    let again = Again::here();
    let view = Resource::new(move || again.count(), |_| read_definitions());
    view! {
        <PageTitle text="Alerts"/>
        <PageHead title="Alerts"
            actions=|| view! { <a class="button primary" href="/console/alerts/new"><Icon name="plus"/>"Add definition"</a> }
            facts=|| view! { <span>"Who hears of an outage, when, and how often."</span> }/>
        <Tabs label="Alerts" tabs=TABS/>
        <Loaded from=view let:view><Body view/></Loaded>
    }
}

/// What is shown, once it is read.
#[component]
fn Body(view: Definitions) -> impl IntoView {
    let Definitions { definitions, integrations, all_stop } = view;
    let cards = definitions.into_iter().map(|definition| {
        view! { <Card definition integrations=integrations.clone()/> }
    });
    view! {
        <div class="stack">
            {cards.collect_view()}
            <AllStop all_stop/>
        </div>
    }
}

/// One definition.
#[component]
fn Card(definition: DefinitionView, integrations: Vec<IntegrationChoice>) -> impl IntoView {
    let draft = definition.draft;
    let href = format!("/console/alerts/{}", definition.id);
    let whom = if definition.is_default {
        "For every monitor that no other definition names".to_owned()
    } else {
        let names: Vec<_> = definition.monitors.iter().map(|named| named.name.clone()).collect();
        format!("For {}", few(&names))
    };
    let label = format!("Edit {}", draft.name);
    view! {
        <section class="card definition">
            <header>
                <h2><a href=href.clone() data-row>{draft.name}</a></h2>
                {definition.is_default.then(|| view! { <span class="chip">"Default"</span> })}
                {(!draft.active).then(|| view! { <span class="pill"><Icon name="st-paused"/>"Off"</span> })}
                <a class="button small" href=href aria-label=label><Icon name="edit"/>"Edit"</a>
            </header>
            <p class="muted">{whom}</p>
            <LadderPicture levels=draft.levels integrations/>
        </section>
    }
}

/// The first few names, and how many there are besides.
fn few(names: &[String]) -> String {
    match names.len() {
        0 => "no monitor".to_owned(),
        count if count > NAMED => format!("{} and {} more", names[..NAMED].join(", "), count - NAMED),
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
        assert_eq!(few(&names(0)), "no monitor");
        assert_eq!(few(&names(3)), "0, 1 and 2");
        assert_eq!(few(&names(9)), "0, 1, 2, 3 and 5 more");
    }
}

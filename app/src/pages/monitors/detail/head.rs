//! The head of a monitor's page: its name, its state, and what can be done to it.

use domain::check::{CheckKind, CheckReport};
use domain::health::State;
use domain::views::console::{MonitorDetail, MonitorRow};
use leptos::prelude::*;

use super::actions::{Delete, PauseOrResume};
use crate::call::Call;
use crate::components::figures;
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::state::{self, StatePill};
use crate::components::time::{Lasting, Time};

/// The head.
#[component]
pub(super) fn Head(
    /// The row as it is now.
    row: RwSignal<MonitorRow>,
    /// Checks now.
    test: Call<CheckReport>,
    /// The view that was read.
    view: MonitorDetail,
) -> impl IntoView {
    let MonitorRow { id, name, kind, target, since, interval, state: read_state, .. } = view.row;
    let title = {
        let name = name.clone();
        move || format!("{}: {name}", state::word(row.with(|row| row.state)))
    };
    let paused = read_state == State::Paused;
    let (test_id, edit, named) = (id.to_string(), format!("/console/monitors/{id}/edit"), name.clone());
    // Jobs call when they like: there is nothing to ask them, and how often we look whether one is late is no fact about them.
    let is_push = kind == CheckKind::Push;
    let actions = move || {
        view! {
            {(!is_push).then(|| view! {
                <SendForm action=test id="test" class="">
                    <input type="hidden" name="monitor" value=test_id/>
                    <Submit class="button"><Icon name="zap"/>"Test now"</Submit>
                </SendForm>
            })}
            <PauseOrResume monitor=id.clone() paused/>
            <a class="button" href=edit><Icon name="edit"/>"Edit"</a>
            <Delete monitor=id name=named/>
        }
    };
    let is_link = target.starts_with("http://") || target.starts_with("https://");
    let every = (!is_push).then(|| format!("every {}", figures::interval(interval)));
    let facts = move || {
        view! {
            {move || view! { <StatePill state=row.with(|row| row.state) big=true/> }}
            {since.map(|since| view! { <span>"for "<Lasting since read_at=view.at/>", since "<Time at=since/></span> })}
            <span class="chip"><Icon name=format!("kind-{kind}")/>{kind.label()}</span>
            {if is_link {
                let href = target.clone();
                view! { <a href=href rel="external noreferrer" target="_blank">{target}</a> }.into_any()
            } else {
                view! { <span>{target}</span> }.into_any()
            }}
            {every.map(|every| view! { <span>{every}</span> })}
        }
    };
    view! {
        <PageTitle text=Signal::derive(title)/>
        <PageHead title=name actions facts/>
    }
}

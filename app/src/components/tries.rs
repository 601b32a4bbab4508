//! Pasted addresses and what became of them.

use domain::check::{CheckKind, CheckReport, Outcome};
use domain::health::State;
use domain::views::console::Tried;
use leptos::prelude::*;

use super::icon::{Icon, Spinner};
use super::state;
use crate::words;

/// How far a pasted line is.
#[derive(Clone, Debug, PartialEq)]
pub enum Try {
    /// It is being tried.
    Under(String),
    /// It was tried, or it makes no sense.
    Done(Box<Tried>),
}

/// One line.
#[component]
pub fn TryRow(
    /// How far it is.
    trial: Try,
) -> impl IntoView {
    match trial {
        Try::Under(line) => view! {
            <li data-state="confirming"><Spinner/><span class="addr">{line}</span><span class="res">"Trying…"</span></li>
        }
        .into_any(),
        Try::Done(tried) => {
            let state = tried.report.as_ref().map_or(State::Unknown, |report| state::of_outcome(&report.outcome));
            let words = match (&tried.report, tried.kind) {
                (Some(report), _) => in_short(report),
                (None, Some(CheckKind::Push)) => "Waits to be called".to_owned(),
                (None, Some(_)) => "Not tried".to_owned(),
                (None, None) => tried.text.clone(),
            };
            let address = if tried.kind.is_some() { tried.text } else { tried.line };
            view! {
                <li data-state=state.as_str()>
                    <Icon name=state::icon(state)/>
                    <span class="addr">{address}</span>
                    {tried.kind.map(|kind| view! { <span class="chip"><Icon name=format!("kind-{kind}")/>{kind.label()}</span> })}
                    <span class="res">{words}</span>
                </li>
            }
            .into_any()
        }
    }
}

/// A report in a few words.
pub fn in_short(report: &CheckReport) -> String {
    let took = report.latency_us.map(|latency| format!("in {}", words::latency(latency)));
    match (&report.outcome, report.evidence.status, took) {
        (Outcome::Up, Some(status), Some(took)) => format!("{status} {took}"),
        (Outcome::Up, None, Some(took)) => format!("Answered {took}"),
        (Outcome::Up, ..) => "Works".to_owned(),
        (outcome, ..) => outcome.sentence(),
    }
}

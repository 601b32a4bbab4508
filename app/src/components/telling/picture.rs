//! The levels of an alert definition, drawn on a line of time.

use domain::alert::Level;
use domain::views::console::IntegrationChoice;
use leptos::prelude::*;

use super::ladder::{Lane, ladder};
use super::words;
use crate::components::icon::Icon;

/// Integrations that a lane names; the others are counted.
const NAMED: usize = 8;

/// The picture: a lane a level, with whom it tells, and an axis below.
#[component]
pub fn LadderPicture(
    /// The levels, in order.
    levels: Vec<Level>,
    /// What levels name.
    integrations: Vec<IntegrationChoice>,
    /// The places of levels of which nobody can say when they are reached, because what was typed cannot be read.
    #[prop(optional)]
    unclear: Vec<usize>,
) -> impl IntoView {
    let laid = ladder(&levels);
    let many = levels.len() > 1;
    let lanes = levels.into_iter().zip(laid.lanes).enumerate().map(|(number, (level, lane))| {
        let lane = (!unclear.contains(&number)).then_some(lane);
        view! { <LaneRow level lane number=number + 1 many integrations=integrations.clone()/> }
    });
    let lanes = lanes.collect_view();
    let marks = laid.marks.into_iter().map(|(at, words)| {
        // The first stands at the left edge, the last must not leave the right one.
        let anchor = if at < 0.03 {
            "start"
        } else if at > 0.94 {
            "end"
        } else {
            "middle"
        };
        view! { <text x=percent(at) y="11" text-anchor=anchor>{words}</text> }
    });
    view! {
        <div class="ladder">
            <ol>{lanes}</ol>
            <svg class="ladder-axis" aria-hidden="true">{marks.collect_view()}</svg>
        </div>
    }
}

/// A level: when, whom, and its line.
#[component]
fn LaneRow(
    level: Level,
    lane: Option<Lane>,
    number: usize,
    many: bool,
    integrations: Vec<IntegrationChoice>,
) -> impl IntoView {
    let told: Vec<_> = level
        .targets
        .iter()
        .filter_map(|target| integrations.iter().find(|one| one.id == target.integration))
        .collect();
    // One more is named rather than counted.
    let named = if told.len() == NAMED + 1 { told.len() } else { told.len().min(NAMED) };
    let others = told.len() - named;
    let chips: Vec<_> = told[..named]
        .iter()
        .map(|one| {
            let state = if one.enabled { "up" } else { "paused" };
            let off = (!one.enabled).then_some(" (off)");
            view! { <span class="chip" data-kind=state><Icon name=one.kind.icon()/>{one.name.clone()}{off}</span> }
        })
        .collect();
    let nobody = chips.is_empty();
    let reminders = words::reminders(&level);
    let class = if level.active { "rung" } else { "rung off" };
    let when = match lane {
        Some(_) => words::when(level.condition),
        None => "at a time that is not clear yet".to_owned(),
    };
    let title = if many { format!("Level {number}, {when}") } else { capital(&when) };
    view! {
        <li class=class>
            <p class="what"><strong>{title}</strong>
                {(!level.active).then(|| view! { <span class="muted">"off"</span> })}
                {reminders.map(|reminders| view! { <span class="muted">{reminders}</span> })}
            </p>
            <svg class="lane" aria-hidden="true">
                <line class="rail" x1="0" x2="100%" y1="12" y2="12"></line>
                {lane.map(|lane| line(&lane))}
            </svg>
            <div class="chips">
                {chips}
                {(others > 0).then(|| view! { <span class="chip">{format!("and {others} more")}</span> })}
                {nobody.then(|| view! { <span class="chip" data-state="degraded"><Icon name="st-degraded"/>"Nobody is told"</span> })}
            </div>
        </li>
    }
}

/// From the first message of a level to its last, with a tick a reminder.
fn line(lane: &Lane) -> impl IntoView + use<> {
    let ticks = lane.ticks.iter().map(|tick| {
        let x = percent(*tick);
        view! { <line class="tick" x1=x.clone() x2=x y1="6" y2="18"></line> }
    });
    view! {
        <line class="span" x1=percent(lane.at) x2=percent(lane.end) y1="12" y2="12"></line>
        {ticks.collect_view()}
        <circle cx=percent(lane.at) cy="12" r="6"></circle>
    }
}

/// A place as SVG writes it, with room for the dot at both ends.
fn percent(share: f64) -> String {
    format!("{:.2}%", 1.2 + share * 97.6)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

//! Bars of days and sparklines: small SVGs, one path a state, so that fifty of them stay a small page.

use std::fmt::Write;

use domain::status_page::ComponentState;
use domain::views::public::{ComponentView, DayView};
use leptos::prelude::*;

use super::part::{Part, slot};
use crate::words;

/// Units of the drawing from day to day.
const PITCH: usize = 8;
/// The height of the drawing of a bar, in units.
const HEIGHT: usize = 28;
/// Width and height of a sparkline, in units.
const SPARK: (f64, f64) = (84.0, 22.0);

/// The letter of a state: the class of its path, and what `live.js` reads.
fn letter(state: ComponentState) -> char {
    match state {
        ComponentState::NoData => 'n',
        ComponentState::Operational => 'o',
        ComponentState::UnderMaintenance => 'w',
        ComponentState::DegradedPerformance => 'd',
        ComponentState::PartialOutage => 'p',
        ComponentState::MajorOutage => 'm',
    }
}

/// The stroke of a day: worse states are taller, so that form tells them apart as well as colour.
fn stroke(state: ComponentState, index: usize) -> String {
    let (top, length) = match state {
        ComponentState::PartialOutage | ComponentState::MajorOutage => (3, 22),
        ComponentState::DegradedPerformance => (4, 20),
        ComponentState::NoData | ComponentState::Operational | ComponentState::UnderMaintenance => (5, 18),
    };
    format!("M{} {top}v{length}", index * PITCH + PITCH / 2)
}

/// A day as `live.js` reads it: the letter, and when something happened the seconds out of order and the number of incidents.
fn token(day: &DayView) -> String {
    match (day.down_minutes, day.incidents) {
        (0, 0) => letter(day.state).to_string(),
        (minutes, incidents) => format!("{}:{}:{incidents}", letter(day.state), u64::from(minutes) * 60),
    }
}

/// Days as runs: `o*40 m:5400:2 o*48`.
fn tokens(days: &[DayView]) -> String {
    let mut text = String::new();
    for run in days.chunk_by(|one, next| token(one) == token(next)) {
        let gap = if text.is_empty() { "" } else { " " };
        let times = if run.len() > 1 { format!("*{}", run.len()) } else { String::new() };
        // Writing into a String cannot fail.
        let _ = write!(text, "{gap}{}{times}", token(&run[0]));
    }
    text
}

/// What the bar says to those who do not see it.
fn spoken(component: &ComponentView) -> String {
    if component.uptime.is_none() {
        return "No data yet.".to_owned();
    }
    let out: Vec<_> = component.days.iter().filter(|day| day.down_minutes > 0).collect();
    let outages = match out.as_slice() {
        [] => "No day with an outage.".to_owned(),
        [.., last] => format!(
            "{} with an outage, the last on {}: {}.",
            words::count(out.len(), "day"),
            words::calendar_date(&last.date),
            words::duration(i64::from(last.down_minutes) * domain::time::MINUTE),
        ),
    };
    format!(
        "{} uptime over {}. {outages}",
        words::percent(component.uptime),
        words::count(component.days.len(), "day")
    )
}

/// The bar of a component. Two parts of it change with events: today, drawn last, and what is said of the whole; the days
/// before today change only at midnight.
pub(super) fn bar(component: &ComponentView) -> Option<(impl IntoView + use<>, [Part; 2])> {
    let (today, past) = component.days.split_last()?;
    let mut paths: Vec<(char, String)> = Vec::new();
    for (index, day) in past.iter().enumerate() {
        let letter = letter(day.state);
        let stroke = stroke(day.state, index);
        match paths.iter_mut().find(|(state, _)| *state == letter) {
            Some((_, path)) => path.push_str(&stroke),
            None => paths.push((letter, stroke)),
        }
    }
    let id = format!("t-{}", component.id);
    let last = Part::leaf(
        id.clone(),
        view! {
            <path
                class=letter(today.state).to_string()
                id=id
                data-day=token(today)
                d=stroke(today.state, past.len())
            ></path>
        },
    );
    let first = past.first().unwrap_or(today).date.clone();
    let markup = view! {
        <div
            class="days"
            id=format!("b-{}", component.id)
            data-name=component.name.clone()
            data-from=first
            data-days=tokens(past)
        >
            <svg
                class="bar"
                viewBox=format!("0 0 {} {HEIGHT}", component.days.len() * PITCH)
                preserveAspectRatio="xMaxYMid slice"
                aria-hidden="true"
            >
                {paths
                    .into_iter()
                    .map(|(state, path)| view! { <path class=state.to_string() d=path></path> })
                    .collect_view()}
                {slot()}
            </svg>
        </div>
        // Beside the bar and not in it: the script makes a slider of it, and nobody hears what is inside of one.
        {slot()}
    };
    let id = format!("s-{}", component.id);
    let words = Part::leaf(id.clone(), view! { <p class="visually-hidden" id=id>{spoken(component)}</p> });
    Some((markup, [last, words]))
}

/// The line of a day's response times; hours without results leave a gap.
pub(super) fn sparkline(hours: &[Option<i64>], slow: bool) -> Option<impl IntoView + use<>> {
    let known = || hours.iter().flatten().copied();
    let (low, high) = (known().min()?, known().max()?);
    let (width, height) = SPARK;
    // A line needs two points, and a flat one should not look like a drama.
    let steps = hours.len().checked_sub(1).filter(|steps| *steps > 0)?;
    let reach = (high - low).max(high / 4).max(1);
    #[expect(clippy::cast_precision_loss, reason = "a drawing of 84 by 22 units")]
    let place = |index: usize, value: i64| {
        let x = index as f64 * width / steps as f64;
        let y = height - 3.0 - (value - low) as f64 / reach as f64 * (height - 6.0);
        (x, y)
    };
    let (mut line, mut area) = (String::new(), String::new());
    let mut begun: Option<f64> = None;
    let mut last = 0.0;
    for (index, hour) in hours.iter().enumerate() {
        if let Some(value) = hour {
            let (x, y) = place(index, *value);
            let _ = write!(line, "{}{x:.1} {y:.1}", if begun.is_some() { 'L' } else { 'M' });
            let _ = match begun {
                Some(_) => write!(area, "L{x:.1} {y:.1}"),
                None => write!(area, "M{x:.1} {height}L{x:.1} {y:.1}"),
            };
            begun = begun.or(Some(x));
            last = x;
        } else if begun.take().is_some() {
            let _ = write!(area, "L{last:.1} {height}z");
        }
    }
    if begun.is_some() {
        let _ = write!(area, "L{last:.1} {height}z");
    }
    Some(view! {
        <svg class="spark" viewBox=format!("0 0 {width} {height}") preserveAspectRatio="none" aria-hidden="true">
            <path class="area" d=area></path>
            <path class=slow.then_some("slow") d=line></path>
        </svg>
    })
}

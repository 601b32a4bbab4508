//! The latest results, one cell each.

use domain::uptime::ResultState;
use domain::views::console::Beat;
use leptos::ev::PointerEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::browser::Shape;
use crate::components::time::Time;
use crate::words;

/// Cells of the bar.
pub const CELLS: usize = 90;
/// Width of a cell, in the units of the picture.
const CELL: usize = 8;
/// Both again, for what is measured on the screen.
const ON_SCREEN: (f64, f64) = (90.0, 8.0);

/// How a result looks: the class in the styles, where its stroke begins and how long it is, and its word.
fn look(state: ResultState) -> (&'static str, u8, u8, &'static str) {
    match state {
        ResultState::Up => ("o", 5, 18, "Up"),
        ResultState::Degraded => ("d", 4, 20, "Degraded"),
        ResultState::Confirming => ("p", 3, 22, "Failed, not confirmed"),
        ResultState::Down => ("m", 3, 22, "Down"),
        ResultState::Unknown => ("u", 5, 18, "Unknown"),
        ResultState::Maintenance => ("w", 5, 18, "Maintenance"),
    }
}

/// The bar. On a phone the styles crop it to the latest third.
#[component]
pub fn Beats(
    /// The oldest first; it grows while the page is open.
    beats: RwSignal<Vec<Beat>>,
) -> impl IntoView {
    let picked = RwSignal::new(None::<usize>);
    let pick = move |event: PointerEvent| {
        picked.set(under(&event).and_then(|cell| place(beats.with(Vec::len), cell)));
    };
    let summary = move || {
        beats.with(|beats| {
            let failed = beats.iter().filter(|beat| beat.state == ResultState::Down).count();
            format!("The last {}, {failed} of them down.", words::count(beats.len(), "result"))
        })
    };
    view! {
        <div class="days" on:pointermove=pick on:pointerdown=pick on:pointerleave=move |_| picked.set(None)>
            <svg class="bar" viewBox=format!("0 0 {} 28", CELLS * CELL) preserveAspectRatio="xMaxYMid slice" aria-hidden="true">
                {move || beats.with(|beats| paths(beats)).into_iter().map(|(class, d)| view! { <path class=class d=d/> }).collect_view()}
            </svg>
            <p class="visually-hidden">{summary}</p>
        </div>
        <p class="axis">
            {move || match picked.get().and_then(|i| beats.with(|beats| beats.get(i).copied())) {
                Some(beat) => view! {
                    <span><Time at=beat.at shape=Shape::Second/>" · "{look(beat.state).3}
                        {beat.latency_us.map(|latency| format!(" · {}", words::latency(latency)))}</span>
                }.into_any(),
                None => beats.with(|beats| match beats.first() {
                    Some(beat) => view! { <Time at=beat.at/> }.into_any(),
                    None => "No results yet".into_any(),
                }),
            }}
            <span>"Latest"</span>
        </p>
    }
}

/// Adds a result at the end, unless it is there.
pub fn push(beats: &mut Vec<Beat>, beat: Beat) {
    if beats.last().is_none_or(|last| last.at < beat.at) {
        beats.push(beat);
        let surplus = beats.len().saturating_sub(CELLS);
        beats.drain(..surplus);
    }
}

/// One path a look.
fn paths(beats: &[Beat]) -> Vec<(&'static str, String)> {
    let mut paths: Vec<(&'static str, String)> = Vec::new();
    let empty = CELLS.saturating_sub(beats.len());
    let blank = (0..empty).map(|cell| (cell, ("n", 5, 18, "")));
    let known =
        beats.iter().rev().take(CELLS).rev().enumerate().map(|(i, beat)| (empty + i, look(beat.state)));
    for (cell, (class, from, length, _)) in blank.chain(known) {
        let stroke = format!("M{} {from}v{length}", cell * CELL + CELL / 2);
        match paths.iter_mut().find(|(known, _)| *known == class) {
            Some((_, path)) => path.push_str(&stroke),
            None => paths.push((class, stroke)),
        }
    }
    paths
}

/// The cell under the pointer.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the cells")]
fn under(event: &PointerEvent) -> Option<usize> {
    let bar: web_sys::Element = event.current_target()?.dyn_into().ok()?;
    let bar = bar.query_selector("svg").ok().flatten()?;
    let bounds = bar.get_bounding_client_rect();
    // The picture is as high as the bar, and cropped on the left.
    let scale = bounds.height().max(1.0) / 28.0;
    let from_right = (bounds.right() - f64::from(event.client_x())) / scale / ON_SCREEN.1;
    Some(CELLS - 1 - (from_right.clamp(0.0, ON_SCREEN.0 - 1.0) as usize))
}

/// The result in a cell; the bar is filled from the right.
fn place(count: usize, cell: usize) -> Option<usize> {
    cell.checked_sub(CELLS.saturating_sub(count))
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;

    fn beat(at: i64, state: ResultState) -> Beat {
        Beat { at: Timestamp(at), state, latency_us: None }
    }

    #[test]
    fn the_bar_is_filled_from_the_right() {
        let paths = paths(&[beat(1, ResultState::Up), beat(2, ResultState::Down)]);
        assert_eq!(paths[0].0, "n");
        assert_eq!(paths[0].1.matches('M').count(), 88);
        assert_eq!(paths[2], ("m", "M716 3v22".to_owned()));
        assert_eq!([place(2, 89), place(2, 88), place(2, 87)], [Some(1), Some(0), None]);
    }

    #[test]
    fn a_result_is_added_once_and_the_oldest_goes() {
        let mut beats: Vec<Beat> = (0..90).map(|at| beat(at, ResultState::Up)).collect();
        push(&mut beats, beat(89, ResultState::Down));
        push(&mut beats, beat(90, ResultState::Down));
        assert_eq!((beats.len(), beats[0].at.0, beats[89].at.0), (90, 1, 90));
    }
}

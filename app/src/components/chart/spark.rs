//! The response times of a day, as small as a word.

use std::fmt::Write as _;

use domain::health::State;
use leptos::prelude::*;

/// Width of the picture, in its own units.
const WIDTH: f64 = 84.0;
/// Height of the picture, in its own units.
const HEIGHT: f64 = 22.0;

/// The line, with a gap where nothing was answered.
#[component]
pub fn Spark(
    /// Microseconds, the oldest first.
    points: Vec<Option<i64>>,
    /// What the monitor shows: a slow one is drawn so.
    state: State,
) -> impl IntoView {
    if points.iter().flatten().count() < 2 {
        return view! { <span class="none">"–"</span> }.into_any();
    }
    let (line, area) = paths(&points);
    view! {
        <svg class="spark" viewBox="0 0 84 22" preserveAspectRatio="none" aria-hidden="true">
            <path class="area" d=area/><path class=(state == State::Degraded).then_some("slow") d=line/>
        </svg>
    }
    .into_any()
}

/// The line, and the area below it.
#[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
fn paths(points: &[Option<i64>]) -> (String, String) {
    let highest = points.iter().flatten().copied().max().unwrap_or(1).max(1) as f64;
    let step = WIDTH / (points.len() - 1).max(1) as f64;
    let place =
        |i: usize, micros: i64| (i as f64 * step, HEIGHT - 2.0 - micros as f64 / highest * (HEIGHT - 4.0));
    let (mut line, mut area) = (String::new(), String::new());
    let mut last = None;
    for (i, micros) in points.iter().enumerate() {
        let Some((x, y)) = micros.map(|micros| place(i, micros)) else {
            close(&mut area, last.take());
            continue;
        };
        // Writing to a String cannot fail.
        let _ = write!(line, "{}{x:.1} {y:.1}", if last.is_none() { 'M' } else { 'L' });
        if last.is_none() {
            let _ = write!(area, "M{x:.1} {HEIGHT}");
        }
        let _ = write!(area, "L{x:.1} {y:.1}");
        last = Some(x);
    }
    close(&mut area, last);
    (line, area)
}

fn close(area: &mut String, last: Option<f64>) {
    if let Some(x) = last {
        let _ = write!(area, "L{x:.1} {HEIGHT}Z");
    }
}

#[cfg(test)]
mod tests {
    use super::paths;

    #[test]
    fn a_gap_breaks_the_line() {
        let (line, area) = paths(&[Some(100), Some(50), None, Some(100)]);
        assert_eq!(line, "M0.0 2.0L28.0 11.0M84.0 2.0");
        assert_eq!(area.matches('Z').count(), 2);
    }
}

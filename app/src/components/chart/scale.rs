//! From points to places in a picture: pure geometry, the same on the server and in the browser.

use std::fmt::Write as _;

use domain::time::Timestamp;
use domain::uptime::ResultState;
use domain::views::console::ChartPoint;

use super::PHASES;

/// Width of the picture, in its own units.
pub(super) const WIDTH: f64 = 720.0;
/// Height of the picture, in its own units.
pub(super) const HEIGHT: f64 = 200.0;
/// Lines of the grid above the ground.
pub(super) const STEPS: i64 = 4;

/// Where points stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    from: Timestamp,
    length: i64,
    /// The value at the top, in microseconds.
    pub(super) top: i64,
}

impl Scale {
    /// A scale over `length` milliseconds up to `until`, high enough for every point.
    pub(super) fn new(points: &[ChartPoint], until: Timestamp, length: i64) -> Self {
        let highest = points.iter().map(total).max().unwrap_or(0);
        Self { from: Timestamp(until.0 - length), length: length.max(1), top: round_up(highest) }
    }

    /// Where a time stands.
    #[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
    pub(super) fn x(self, at: Timestamp) -> f64 {
        ((at.0 - self.from.0) as f64 / self.length as f64 * WIDTH).clamp(0.0, WIDTH)
    }

    /// Where a value in microseconds stands.
    #[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
    pub(super) fn y(self, micros: i64) -> f64 {
        (HEIGHT - micros as f64 / self.top as f64 * HEIGHT).clamp(0.0, HEIGHT)
    }

    /// The time at a share of the width.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a place in a picture")]
    pub(super) fn time(self, share: f64) -> Timestamp {
        Timestamp(self.from.0 + (share * self.length as f64) as i64)
    }
}

/// What a point reaches: the whole check, or what its phases add up to.
pub(super) fn total(point: &ChartPoint) -> i64 {
    let phases: i64 = PHASES.iter().filter_map(|phase| (phase.of_point)(point)).sum();
    phases.max(point.latency_us.unwrap_or(0))
}

/// The areas from the ground up to the end of each phase, the highest first, so that each covers the foot of the one
/// before. Points without phases are drawn as one area of the whole time.
pub(super) fn areas(points: &[ChartPoint], scale: Scale) -> Vec<(&'static str, String)> {
    let phased = points.iter().any(|point| PHASES.iter().any(|phase| (phase.of_point)(point).is_some()));
    if !phased {
        return vec![("phase-wait", area(points, scale, total))];
    }
    let mut areas: Vec<_> = (0..PHASES.len())
        .map(|last| {
            let reaches = move |point: &ChartPoint| {
                PHASES[..=last].iter().filter_map(|phase| (phase.of_point)(point)).sum::<i64>()
            };
            (CLASSES[last], area(points, scale, reaches))
        })
        .collect();
    areas.reverse();
    areas
}

/// The classes of the areas, by phase.
const CLASSES: [&str; 5] = ["phase-dns", "phase-connect", "phase-tls", "phase-wait", "phase-download"];

fn area(points: &[ChartPoint], scale: Scale, reaches: impl Fn(&ChartPoint) -> i64) -> String {
    let mut path = String::new();
    for run in points.split(|point| point.latency_us.is_none()).filter(|run| !run.is_empty()) {
        let (first, last) = (scale.x(run[0].at), scale.x(run[run.len() - 1].at));
        // Writing to a String cannot fail.
        let _ = write!(path, "M{first:.1} {HEIGHT}");
        for point in run {
            let _ = write!(path, "L{:.1} {:.1}", scale.x(point.at), scale.y(reaches(point)));
        }
        // A single point would be no area.
        let end = if run.len() == 1 { last + 2.0 } else { last };
        let _ = write!(path, "L{end:.1} {:.1}L{end:.1} {HEIGHT}Z", scale.y(reaches(&run[run.len() - 1])));
    }
    path
}

/// Stretches in which it was down: where each begins and how wide it is.
pub(super) fn outages(points: &[ChartPoint], scale: Scale) -> Vec<(f64, f64)> {
    let mut outages: Vec<(f64, f64)> = Vec::new();
    for (i, point) in points.iter().enumerate().filter(|(_, point)| point.state == Some(ResultState::Down)) {
        let from = scale.x(point.at);
        let until = points.get(i + 1).map_or(WIDTH, |next| scale.x(next.at));
        match outages.last_mut() {
            Some((start, width)) if *start + *width >= from - 0.1 => *width = until - *start,
            _ => outages.push((from, (until - from).max(1.5))),
        }
    }
    outages
}

/// A round number of microseconds that is not below: 1, 2, 4 or 8 of a decimal magnitude, so that a quarter is round too.
fn round_up(micros: i64) -> i64 {
    let mut magnitude = 1_000;
    loop {
        if let Some(top) = [1, 2, 4, 8].into_iter().map(|digit| digit * magnitude).find(|top| *top >= micros)
        {
            return top;
        }
        magnitude *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: i64, latency_us: Option<i64>) -> ChartPoint {
        ChartPoint {
            at: Timestamp(at),
            state: latency_us.map(|_| ResultState::Up),
            latency_us,
            dns_us: None,
            connect_us: None,
            tls_us: None,
            wait_us: None,
            download_us: None,
        }
    }

    #[test]
    fn the_top_is_a_round_number_that_holds_every_point() {
        assert_eq!(
            [0, 999, 1_001, 230_000, 8_000_001].map(round_up),
            [1_000, 1_000, 2_000, 400_000, 10_000_000]
        );
    }

    #[test]
    fn a_gap_in_the_results_is_a_gap_in_the_picture() {
        let points = [point(0, Some(500)), point(10, Some(500)), point(20, None), point(30, Some(500))];
        let scale = Scale::new(&points, Timestamp(40), 40);
        let areas = areas(&points, scale);
        assert_eq!(areas.len(), 1);
        assert_eq!(areas[0].1.matches('M').count(), 2, "{}", areas[0].1);
    }

    #[test]
    fn neighbouring_points_that_are_down_are_one_outage() {
        let mut points = [point(0, Some(1)), point(10, Some(1)), point(20, Some(1)), point(30, Some(1))];
        points[1].state = Some(ResultState::Down);
        points[2].state = Some(ResultState::Down);
        let scale = Scale::new(&points, Timestamp(40), 40);
        assert_eq!(outages(&points, scale), [(180.0, 360.0)]);
    }

    #[test]
    fn phases_lie_on_each_other() {
        let mut both = point(0, Some(900));
        (both.dns_us, both.wait_us) = (Some(100), Some(800));
        let points = [both, both];
        let areas = areas(&points, Scale::new(&points, Timestamp(1), 1));
        assert_eq!(areas.len(), 5);
        assert_eq!(areas[0].0, "phase-download");
        assert!(areas[4].1.contains("180.0"), "DNS reaches a tenth: {}", areas[4].1);
    }
}

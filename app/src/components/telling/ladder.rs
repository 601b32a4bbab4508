//! Where the levels of an alert definition stand on a line of time. Pure: the picture is drawn from it, and so is its test.

use domain::alert::{Condition, Level};

use super::words;

/// Minutes around which the line changes from even to narrowing: early minutes get more room than late hours.
const KNEE: f64 = 5.0;
/// The shortest line, in minutes.
const MIN_SPAN: u32 = 30;
/// How close two marks of the axis may stand, as a share of the line.
const MARK_GAP: f64 = 0.11;
/// How close two reminders may be drawn, as a share of the line.
const TICK_GAP: f64 = 0.012;
/// Minutes that the axis may mark.
const MARKS: [u32; 16] = [0, 1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1_440, 2_880, 5_760, 10_080];

/// The picture in numbers. Places are shares of the line, from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ladder {
    /// The levels, in order.
    pub lanes: Vec<Lane>,
    /// Places and words of the axis.
    pub marks: Vec<(f64, String)>,
}

/// A level.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// Where it is reached.
    pub at: f64,
    /// Where it reminds.
    pub ticks: Vec<f64>,
    /// Where its last message is.
    pub end: f64,
}

/// Lays levels out. Errors are taken for minutes, as at a monitor that is checked once a minute.
pub fn ladder(levels: &[Level]) -> Ladder {
    let ends = levels.iter().map(|level| {
        start(level).saturating_add(level.reminders.saturating_mul(level.reminder_minutes.max(1)))
    });
    let span = ends.max().unwrap_or(0).max(MIN_SPAN);
    let lanes = levels.iter().map(|level| lane(level, span)).collect();
    let mut marks: Vec<(f64, String)> = Vec::new();
    for minutes in MARKS.into_iter().filter(|minutes| *minutes <= span) {
        let at = place(minutes, span);
        if marks.last().is_none_or(|(last, _)| at - last >= MARK_GAP) {
            let text = if minutes == 0 { "0".to_owned() } else { words::minutes(minutes) };
            marks.push((at, text));
        }
    }
    Ladder { lanes, marks }
}

fn lane(level: &Level, span: u32) -> Lane {
    let (start, pause) = (start(level), level.reminder_minutes.max(1));
    let at = place(start, span);
    let mut ticks = Vec::new();
    let mut last = at;
    for number in 1..=level.reminders {
        let tick = place(start.saturating_add(number.saturating_mul(pause)), span);
        // The last one is always drawn: it says how long the level goes on.
        if tick - last >= TICK_GAP || number == level.reminders {
            ticks.push(tick);
            last = tick;
        }
    }
    Lane { at, end: ticks.last().copied().unwrap_or(at), ticks }
}

/// When a level is reached, in minutes.
fn start(level: &Level) -> u32 {
    match level.condition {
        Condition::Errors { count } => count.saturating_sub(1),
        Condition::Minutes { minutes } => minutes,
    }
}

fn place(minutes: u32, span: u32) -> f64 {
    let curve = |minutes: u32| (f64::from(minutes) / KNEE).ln_1p();
    (curve(minutes.min(span)) / curve(span.max(1))).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(condition: Condition, reminders: u32, reminder_minutes: u32) -> Level {
        Level { condition, reminders, reminder_minutes, ..Level::at_once(Vec::new()) }
    }

    #[test]
    fn later_levels_stand_further_on_and_nothing_leaves_the_line() {
        let levels = [
            level(Condition::Errors { count: 1 }, 3, 30),
            level(Condition::Minutes { minutes: 10 }, 0, 30),
            level(Condition::Minutes { minutes: 60 }, 2, 60),
        ];
        let ladder = ladder(&levels);
        let starts: Vec<_> = ladder.lanes.iter().map(|lane| lane.at).collect();
        assert!(starts.is_sorted() && starts[0] == 0.0 && starts[1] < starts[2], "{starts:?}");
        assert_eq!(ladder.lanes[0].ticks.len(), 3);
        assert_eq!(ladder.lanes[1].ticks.len(), 0);
        assert!((ladder.lanes[2].end - 1.0).abs() < 1e-9, "the last message ends the line");
        assert!(ladder.lanes.iter().all(|lane| (0.0..=1.0).contains(&lane.at) && lane.end <= 1.0));
    }

    #[test]
    fn marks_of_the_axis_begin_at_nought_and_keep_apart() {
        let ladder = ladder(&[level(Condition::Minutes { minutes: 0 }, 100, 100)]);
        assert_eq!(ladder.marks[0], (0.0, "0".to_owned()));
        assert!(ladder.marks.windows(2).all(|pair| pair[1].0 - pair[0].0 >= MARK_GAP), "{:?}", ladder.marks);
        assert!((5..=9).contains(&ladder.marks.len()), "{:?}", ladder.marks);
    }

    #[test]
    fn many_reminders_do_not_become_a_wall_and_the_last_is_drawn() {
        let ladder = ladder(&[level(Condition::Errors { count: 1 }, 100, 1)]);
        let ticks = &ladder.lanes[0].ticks;
        assert!(ticks.len() < 90, "{}", ticks.len());
        assert!((ticks[ticks.len() - 1] - 1.0).abs() < 1e-9);
    }

    #[test]
    fn one_level_at_once_is_a_line_of_half_an_hour() {
        let ladder = ladder(&[Level::at_once(Vec::new())]);
        assert_eq!(ladder.lanes, [Lane { at: 0.0, ticks: Vec::new(), end: 0.0 }]);
        assert_eq!(ladder.marks.last().map(|(_, words)| words.as_str()), Some("30 min"));
    }
}

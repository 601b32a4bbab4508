//! The bars, uptime figures and sparklines of a page's components: a fixed number of questions, however many components.

use std::collections::HashMap;

use domain::days::{self, Day, day_state};
use domain::id::{ComponentKey, MonitorKey, PageKey};
use domain::status_page::worst;
use domain::time::{DAY, HOUR, MINUTE, Timestamp};
use domain::uptime::{Counts, Histogram};
use domain::views::public::{BAR_DAYS, Counted, DayView, mean};
use jiff::tz::TimeZone;

use super::{Board, Reach};
use crate::services::Result;
use crate::store::rollups::{self, Slot};
use crate::store::views::public::Followed;
use crate::store::{self, Tx};

/// Points of a sparkline: hours of the last day.
const SPARK_HOURS: i64 = 24;

/// What is drawn beside a component.
#[derive(Debug, Default)]
pub(super) struct Bar {
    pub(super) counted: Vec<Counted>,
    pub(super) days: Vec<DayView>,
    pub(super) sparkline: Option<Vec<Option<i64>>>,
}

/// The bars of all components of a page that show one.
pub(super) async fn read(
    tx: &mut Tx,
    page: PageKey,
    board: &Board,
    (zone, now): (&TimeZone, Timestamp),
    reach: Reach,
) -> Result<HashMap<ComponentKey, Bar>> {
    let whole = reach == Reach::Whole;
    let shown = days::last_days(now, zone, if whole { BAR_DAYS } else { 1 });
    let from = shown.first().map_or(now, |day| day.start);
    let counts = counts(tx, &monitors(board, |fields| fields.show_uptime), from, now, zone).await?;
    let beginnings = store::views::public::beginnings(tx, page, from).await?;
    let hours = hours(tx, &monitors(board, |fields| whole && fields.show_latency), now).await?;

    let mut bars = HashMap::with_capacity(board.components.len());
    for component in &board.components {
        let followed = board.followed(component.key);
        let mut bar = Bar::default();
        if component.fields.show_uptime {
            let begun: Vec<Timestamp> = beginnings
                .iter()
                .filter(|(touched, _)| *touched == component.key)
                .map(|(_, at)| *at)
                .collect();
            bar.days = shown.iter().map(|day| day_view(day, followed, &counts, &begun, now)).collect();
            bar.counted = followed.iter().map(|monitor| counted(monitor.monitor, &shown, &counts)).collect();
        }
        if whole && component.fields.show_latency {
            bar.sparkline = Some(sparkline(followed, &hours, now));
        }
        bars.insert(component.key, bar);
    }
    Ok(bars)
}

/// The monitors of components that show something, each once.
fn monitors(board: &Board, shows: impl Fn(&store::components::Fields) -> bool) -> Vec<MonitorKey> {
    let components = board.components.iter().filter(|component| shows(&component.fields));
    let mut keys: Vec<MonitorKey> = components
        .flat_map(|component| board.followed(component.key))
        .map(|followed| followed.monitor)
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Counts by monitor and local day. The clocks of a zone change at most a few times in ninety days.
async fn counts(
    tx: &mut Tx,
    monitors: &[MonitorKey],
    from: Timestamp,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<HashMap<(MonitorKey, i64), Counts>> {
    let mut found: HashMap<(MonitorKey, i64), Counts> = HashMap::new();
    if monitors.is_empty() {
        return Ok(found);
    }
    for stretch in days::offsets(from, now, zone) {
        let slot = Slot { shift: stretch.millis, width: DAY };
        for (key, counts) in rollups::counts_by_slot(tx, monitors, stretch.from, stretch.until, slot).await? {
            found.entry(key).or_default().merge(&counts);
        }
    }
    Ok(found)
}

/// What a monitor's results add up to on the days that are shown, of which the last is today.
fn counted(monitor: MonitorKey, shown: &[Day], counts: &HashMap<(MonitorKey, i64), Counts>) -> Counted {
    let of_day = |day: &Day| counts.get(&(monitor, day.number())).copied().unwrap_or_default();
    let mut counted = Counted { monitor, before: Counts::default(), today: Counts::default() };
    if let Some((today, before)) = shown.split_last() {
        counted.today = of_day(today);
        for day in before {
            counted.before.merge(&of_day(day));
        }
    }
    counted
}

fn day_view(
    day: &Day,
    followed: &[Followed],
    counts: &HashMap<(MonitorKey, i64), Counts>,
    begun: &[Timestamp],
    now: Timestamp,
) -> DayView {
    let of_day = |monitor: &Followed| counts.get(&(monitor.monitor, day.number()));
    let uptime = mean(followed.iter().filter_map(|monitor| of_day(monitor)?.uptime()));
    let born = followed.iter().map(|monitor| monitor.created_at).min().unwrap_or(now);
    DayView {
        date: day.name(),
        state: worst(followed.iter().filter_map(of_day).map(day_state)),
        uptime,
        down_minutes: down_minutes(uptime, day.end.min(now).since(day.start.max(born))),
        incidents: u32::try_from(begun.iter().filter(|at| day.contains(**at)).count()).unwrap_or(u32::MAX),
    }
}

/// The share of `elapsed` milliseconds in which it did not work, in minutes, rounded up.
fn down_minutes(uptime: Option<f64>, elapsed: i64) -> u32 {
    #[expect(clippy::cast_precision_loss, reason = "a day has 86,400,000 milliseconds")]
    let minutes = uptime.map_or(0.0, |uptime| (1.0 - uptime) * elapsed as f64 / MINUTE as f64);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1,500")]
    // A hair less, or a sum of parts that should be whole would be rounded up to one more.
    let minutes = (minutes - 1e-6).ceil().max(0.0) as u32;
    minutes
}

/// What the last day's latencies were, by monitor and hour.
async fn hours(tx: &mut Tx, monitors: &[MonitorKey], now: Timestamp) -> Result<Hours> {
    if monitors.is_empty() {
        return Ok(Hours::new());
    }
    let from = Timestamp(now.floor(HOUR).0 - (SPARK_HOURS - 1) * HOUR);
    let series = rollups::series(tx, monitors, from, now, HOUR).await?;
    let hours = series.into_iter().flat_map(|(monitor, buckets)| {
        buckets.into_iter().map(move |(hour, tally)| ((monitor, hour), tally.histogram))
    });
    Ok(hours.collect())
}

type Hours = HashMap<(MonitorKey, Timestamp), Histogram>;

fn sparkline(followed: &[Followed], hours: &Hours, now: Timestamp) -> Vec<Option<i64>> {
    let last = now.floor(HOUR);
    let hour = |back: i64| {
        let mut together = Histogram::default();
        for monitor in followed {
            if let Some(histogram) = hours.get(&(monitor.monitor, Timestamp(last.0 - back * HOUR))) {
                together.merge(histogram);
            }
        }
        together.quantile(0.5)
    };
    (0..SPARK_HOURS).rev().map(hour).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_a_share_of_the_time_that_has_passed() {
        assert_eq!(down_minutes(Some(0.95), DAY), 72);
        assert_eq!(down_minutes(Some(0.999), HOUR), 1);
        assert_eq!(down_minutes(Some(1.0), DAY), 0);
        assert_eq!(down_minutes(None, DAY), 0);
    }
}

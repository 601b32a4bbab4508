//! Calendar days in a time zone, and what a day is drawn as.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::status_page::ComponentState;
use crate::time::{DAY, HOUR, Timestamp};
use crate::uptime::Counts;
use crate::views::public::{DEGRADED_DAY, MAJOR_DAY};

/// A calendar day: 23, 24 or 25 hours, mostly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Which.
    pub date: Date,
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment of the day after.
    pub end: Timestamp,
}

impl Day {
    /// `YYYY-MM-DD`.
    pub fn name(&self) -> String {
        self.date.to_string()
    }

    /// The days from 1970-01-01 to this one, as [`number_of_day`] counts them.
    pub fn number(&self) -> i64 {
        self.date.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24
    }

    /// Whether `at` falls on the day.
    pub fn contains(&self, at: Timestamp) -> bool {
        (self.start..self.end).contains(&at)
    }
}

/// A stretch of time in which a zone keeps one distance from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// Where it begins.
    pub from: Timestamp,
    /// Where it ends.
    pub until: Timestamp,
    /// What to add to UTC for local time, in milliseconds.
    pub millis: i64,
}

/// A month of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    first: Date,
}

impl Month {
    /// The month of `YYYY-MM`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        if year.len() != 4 || month.len() != 2 {
            return None;
        }
        let first = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
        Some(Self { first })
    }

    /// The month that `at` falls into.
    pub fn of(at: Timestamp, zone: &TimeZone) -> Self {
        Self { first: date_of(at, zone).first_of_month() }
    }

    /// `YYYY-MM`.
    pub fn name(&self) -> String {
        format!("{:04}-{:02}", self.first.year(), self.first.month())
    }

    /// The month before.
    pub fn previous(&self) -> Option<Self> {
        Some(Self { first: self.first.yesterday().ok()?.first_of_month() })
    }

    /// The month after.
    pub fn next(&self) -> Option<Self> {
        Some(Self { first: self.first.last_of_month().tomorrow().ok()? })
    }

    /// Its days, the oldest first.
    pub fn days(&self, zone: &TimeZone) -> Vec<Day> {
        std::iter::successors(Some(self.first), |date| {
            date.tomorrow().ok().filter(|next| next.month() == self.first.month())
        })
        .map(|date| day(date, zone))
        .collect()
    }
}

/// The zone of an IANA name, such as `Europe/Berlin`.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// A time of the day as people read it in a zone, such as `03:12 CET`; with its date when that is not the one of `now`. UTC when nobody
/// knows the zone.
pub fn time_words(at: Timestamp, now: Timestamp, zone_name: &str) -> String {
    let zone = zone(zone_name).unwrap_or(TimeZone::UTC);
    let format = if date_of(at, &zone) == date_of(now, &zone) { "%H:%M %Z" } else { "%Y-%m-%d %H:%M %Z" };
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| at.to_rfc3339(), |at| at.to_zoned(zone).strftime(format).to_string())
}

/// The names of all zones, for a list to choose from; empty where there is no time zone database.
pub fn zone_names() -> Vec<String> {
    let mut names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The day that `at` falls on.
pub fn day_of(at: Timestamp, zone: &TimeZone) -> Day {
    day(date_of(at, zone), zone)
}

/// The last `count` days, the oldest first, the day of `now` last.
pub fn last_days(now: Timestamp, zone: &TimeZone, count: usize) -> Vec<Day> {
    let today = date_of(now, zone);
    let mut days: Vec<Day> = std::iter::successors(Some(today), |date| date.yesterday().ok())
        .take(count)
        .map(|date| day(date, zone))
        .collect();
    days.reverse();
    days
}

/// The stretches between the changes of clocks from `from` until `until`. A change within an hour of UTC, as in Adelaide, counts from the
/// beginning of that hour: results of long ago are only known by whole hours, and no clock is changed that soon after midnight.
pub fn offsets(from: Timestamp, until: Timestamp, zone: &TimeZone) -> Vec<Offset> {
    let mut stretches = Vec::new();
    let mut begin = from;
    let mut millis = i64::from(zone.to_offset(moment(from)).seconds()) * 1_000;
    for change in zone.following(moment(from)) {
        let at = Timestamp(change.timestamp().as_millisecond());
        if at >= until {
            break;
        }
        let at = at.floor(HOUR).max(begin);
        let changed = i64::from(change.offset().seconds()) * 1_000;
        if changed != millis {
            if begin < at {
                stretches.push(Offset { from: begin, until: at, millis });
            }
            (begin, millis) = (at, changed);
        }
    }
    stretches.push(Offset { from: begin, until, millis });
    stretches
}

/// The number of the local day, counted from 1970-01-01, of a time at a distance from UTC in milliseconds.
pub fn number_of_day(at: Timestamp, offset_millis: i64) -> i64 {
    (at.0 + offset_millis).div_euclid(DAY)
}

/// What a day is drawn as: a major outage from [`MAJOR_DAY`] of failures on, a partial one below, degraded from
/// [`DEGRADED_DAY`] of slow answers on. Without a known result it is "no data", or maintenance when that is all there was.
pub fn day_state(counts: &Counts) -> ComponentState {
    let known = counts.up + counts.degraded + counts.down;
    if known == 0 {
        return if counts.maintenance > 0 {
            ComponentState::UnderMaintenance
        } else {
            ComponentState::NoData
        };
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of checks stay far below 2^52")]
    let share = |count: i64| count as f64 / known as f64;
    if counts.down > 0 {
        if share(counts.down) >= MAJOR_DAY {
            ComponentState::MajorOutage
        } else {
            ComponentState::PartialOutage
        }
    } else if share(counts.degraded) >= DEGRADED_DAY {
        ComponentState::DegradedPerformance
    } else {
        ComponentState::Operational
    }
}

fn moment(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

fn date_of(at: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(moment(at)).date()
}

fn day(date: Date, zone: &TimeZone) -> Day {
    let first_moment = |date: Date| {
        date.to_zoned(zone.clone())
            .map_or(Timestamp(0), |zoned| Timestamp(zoned.timestamp().as_millisecond()))
    };
    Day { date, start: first_moment(date), end: date.tomorrow().map_or(Timestamp(i64::MAX), first_moment) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MINUTE;

    /// 2026-10-25T12:00Z, the day on which clocks in Berlin go back.
    const AUTUMN: Timestamp = Timestamp(1_792_929_600_000);

    #[test]
    fn the_day_on_which_clocks_go_back_has_25_hours() {
        let berlin = zone("Europe/Berlin").unwrap();
        let day = day_of(AUTUMN, &berlin);
        assert_eq!(day.name(), "2026-10-25");
        assert_eq!(day.end.since(day.start), 25 * HOUR);
        assert!(day.contains(AUTUMN) && !day.contains(day.end));
    }

    #[test]
    fn days_follow_one_another_without_gaps() {
        for name in ["Europe/Berlin", "UTC", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia"] {
            let days = last_days(AUTUMN, &zone(name).unwrap(), 90);
            assert_eq!(days.len(), 90);
            assert!(days.windows(2).all(|pair| pair[0].end == pair[1].start), "{name}");
            assert!(days[89].contains(AUTUMN), "{name}");
        }
    }

    #[test]
    fn every_hour_lands_in_the_day_that_its_offset_says() {
        let berlin = zone("Europe/Berlin").unwrap();
        let days = last_days(Timestamp(AUTUMN.0 + 5 * DAY), &berlin, 20);
        let (from, until) = (days[0].start, days[19].end);
        let stretches = offsets(from, until, &berlin);
        assert_eq!(stretches.len(), 2, "{stretches:?}");
        for stretch in stretches {
            for hour in (stretch.from.0..stretch.until.0).step_by(usize::try_from(HOUR).unwrap()) {
                let day = days.iter().find(|day| day.contains(Timestamp(hour))).unwrap();
                assert_eq!(number_of_day(Timestamp(hour), stretch.millis), day.number());
            }
        }
    }

    #[test]
    fn a_change_of_clocks_splits_no_hour_and_moves_nothing_to_another_day() {
        // Changes at 16:30 UTC; at 15:30 UTC by half an hour; at 05:30 UTC.
        for name in ["Australia/Adelaide", "Australia/Lord_Howe", "America/St_Johns"] {
            let zone = zone(name).unwrap();
            let days = last_days(AUTUMN, &zone, 300);
            let stretches = offsets(days[0].start, AUTUMN, &zone);
            assert!(stretches.len() >= 2, "{name}");
            assert!(
                stretches.iter().skip(1).all(|stretch| stretch.from == stretch.from.floor(HOUR)),
                "{name}"
            );
            assert!(stretches.windows(2).all(|pair| pair[0].until == pair[1].from), "{name}");
            for stretch in stretches {
                for minute in (stretch.from.0..stretch.until.0).step_by(usize::try_from(10 * MINUTE).unwrap())
                {
                    let day = day_of(Timestamp(minute), &zone);
                    assert_eq!(number_of_day(Timestamp(minute), stretch.millis), day.number(), "{name}");
                }
            }
        }
        // Who begins within that hour has the later distance alone.
        let change = Timestamp(1_772_947_800_000);
        let from = Timestamp(change.0 - 10 * MINUTE);
        let stretches = offsets(from, AUTUMN, &zone("America/St_Johns").unwrap());
        assert_eq!((stretches.len(), stretches[0].from, stretches[0].millis), (1, from, -150 * MINUTE));
    }

    #[test]
    fn a_month_knows_its_days_and_its_neighbours() {
        let month = Month::parse("2026-02").unwrap();
        assert_eq!(month.days(&TimeZone::UTC).len(), 28);
        assert_eq!(month.previous().unwrap().name(), "2026-01");
        assert_eq!(Month::parse("2026-12").unwrap().next().unwrap().name(), "2027-01");
        for wrong in ["2026-13", "2026-1", "x", "2026-02-01", "26-02"] {
            assert!(Month::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_day_is_drawn_by_its_share_of_failures() {
        let counts = |up, degraded, down| Counts { up, degraded, down, ..Counts::default() };
        assert_eq!(day_state(&counts(0, 0, 0)), ComponentState::NoData);
        assert_eq!(day_state(&counts(100, 0, 0)), ComponentState::Operational);
        assert_eq!(day_state(&counts(99, 0, 1)), ComponentState::PartialOutage);
        assert_eq!(day_state(&counts(95, 0, 5)), ComponentState::MajorOutage);
        assert_eq!(day_state(&counts(95, 5, 0)), ComponentState::DegradedPerformance);
        assert_eq!(day_state(&Counts { unknown: 9, ..Counts::default() }), ComponentState::NoData);
    }
}

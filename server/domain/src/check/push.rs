//! push: a job that calls us. What is due when is pure and lives here; the calls come in elsewhere.

use std::str::FromStr as _;

use croner::Cron;
use jiff::{Timestamp, Zoned, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{KindSettings, read_form};
use crate::{
    choices,
    form::{Choice as _, Field, FieldError, FieldKind, Form},
};

/// The shortest period, in seconds.
pub const MIN_PERIOD_S: u32 = 5;
/// The longest period and grace, in seconds: a year.
pub const MAX_PERIOD_S: u32 = 31_622_400;

choices! {
    /// How it is said when calls are due.
    ScheduleKind {
        /// Every so many seconds.
        Period = "period", "Every so often";
        /// By a cron expression.
        Cron = "cron", "Cron schedule";
    }
}

/// When calls are due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "schedule", rename_all = "snake_case")]
pub enum PushSchedule {
    /// At most so long after the last call.
    Period {
        /// In seconds.
        period_s: u32,
    },
    /// At the times of a cron expression.
    Cron {
        /// Five fields, or six with seconds in front.
        expression: String,
        /// An IANA time zone, such as `Europe/Berlin`.
        time_zone: String,
    },
}

/// The settings of a push check. The token of its address is kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushSettings {
    /// When calls are due.
    #[serde(flatten)]
    pub schedule: PushSchedule,
    /// How late a call may come, in seconds.
    pub grace_s: u32,
}

impl PushSettings {
    /// A call every so often.
    pub fn every(period_s: u32, grace_s: u32) -> Self {
        Self { schedule: PushSchedule::Period { period_s }, grace_s }
    }

    /// When a line of a crontab would run as it is expected to; `None` where none can say that. The zone of a crontab is its machine's.
    pub fn crontab(&self) -> Option<String> {
        match &self.schedule {
            PushSchedule::Cron { expression, .. } => {
                (expression.split_whitespace().count() == 5).then(|| expression.clone())
            }
            PushSchedule::Period { period_s: 86_400 } => Some("0 2 * * *".to_owned()),
            PushSchedule::Period { period_s: 604_800 } => Some("0 2 * * 0".to_owned()),
            PushSchedule::Period { period_s } => {
                // An hour has to be filled by whole periods, and so has a day.
                let minutes = Some(period_s / 60).filter(|minutes| period_s % 60 == 0 && *minutes > 0)?;
                match (minutes, minutes / 60) {
                    (1, _) => Some("* * * * *".to_owned()),
                    (60, _) => Some("0 * * * *".to_owned()),
                    (minutes, 0) if 60 % minutes == 0 => Some(format!("*/{minutes} * * * *")),
                    (minutes, hours) if minutes % 60 == 0 && 24 % hours == 0 => {
                        Some(format!("0 */{hours} * * *"))
                    }
                    _ => None,
                }
            }
        }
    }

    /// The zone that the line of a crontab must be run in; `None` where it runs as often in any zone, and where there is no such line.
    pub fn crontab_zone(&self) -> Option<&str> {
        let PushSchedule::Cron { expression, time_zone } = &self.schedule else { return None };
        self.crontab()?;
        let is_of_a_day = expression.split_whitespace().skip(1).any(|field| field != "*");
        is_of_a_day.then_some(time_zone.as_str())
    }

    /// When the monitor is late, grace included; see [`next_deadline`].
    pub fn next_deadline(&self, last_ping_ms: Option<i64>, now_ms: i64) -> i64 {
        next_deadline(&self.schedule, last_ping_ms, now_ms).saturating_add(i64::from(self.grace_s) * 1_000)
    }
}

/// The beginning of 2026, in Unix milliseconds: a schedule that has no time after it never comes.
const SOME_DAY_MS: i64 = 1_767_225_600_000;

/// When the next call is due, in Unix milliseconds, without grace.
///
/// Counted from the last call, or from now for a monitor that never had one. A schedule that has no next time, or that
/// cannot be read, is never due (`i64::MAX`). Where daylight saving skips an hour, what runs once a day in it is due at the end
/// of the gap, and what runs more often is waited for after it. In an hour that comes twice only jobs of every hour are
/// due twice: crontabs differ on the others, and one call more does no harm.
pub fn next_deadline(schedule: &PushSchedule, last_ping_ms: Option<i64>, now_ms: i64) -> i64 {
    let from_ms = last_ping_ms.unwrap_or(now_ms);
    match schedule {
        PushSchedule::Period { period_s } => from_ms.saturating_add(i64::from(*period_s) * 1_000),
        PushSchedule::Cron { expression, time_zone } => {
            next_cron(expression, time_zone, from_ms).unwrap_or(i64::MAX)
        }
    }
}

fn next_cron(expression: &str, time_zone: &str, from_ms: i64) -> Option<i64> {
    let zone = TimeZone::get(time_zone).ok()?;
    let cron = Cron::from_str(expression).ok()?;
    let from = Timestamp::from_millisecond(from_ms).ok()?.to_zoned(zone);
    let mut next = cron.find_next_occurrence(&from, false).ok()?;
    let hours = &cron.pattern.hours;
    let is_hourly = hours.from_wildcard && hours.step == 1;
    if let Some(end) = end_of_second_hour(&next).filter(|_| !is_hourly) {
        next = cron.find_next_occurrence(&end, true).ok()?;
    }
    Some(next.timestamp().as_millisecond())
}

/// When clocks go on as usual again, if they were set back a moment ago and show what they showed before that.
fn end_of_second_hour(at: &Zoned) -> Option<Zoned> {
    let twice = at.time_zone().to_ambiguous_zoned(at.datetime());
    let first = twice.clone().earlier().ok().filter(|first| first < at)?;
    let length = twice.later().ok()?.duration_since(&first);
    let set_back = at.time_zone().following(first.timestamp()).next()?.timestamp();
    Some(set_back.checked_add(length).ok()?.to_zoned(at.time_zone().clone()))
}

impl KindSettings for PushSettings {
    const LABEL: &'static str = "Push (heartbeat)";
    const DESCRIPTION: &'static str =
        "A job that calls an address of ours; a call that does not come means down.";
    const ICON: &'static str = "heart-pulse";
    const FIELDS: &'static [Field] = &[
        Field::new("schedule", "Schedule", FieldKind::Select(ScheduleKind::OPTIONS)).default("period"),
        Field::new(
            "period_s",
            "Period",
            FieldKind::Number { min: MIN_PERIOD_S as i64, max: MAX_PERIOD_S as i64, unit: "s" },
        )
        .default("3600")
        .when("schedule", "period")
        .help("How often the job calls."),
        Field::new("cron", "Cron expression", FieldKind::Text)
            .required()
            .placeholder("30 2 * * *")
            .when("schedule", "cron")
            .help("When the job runs."),
        Field::new("time_zone", "Time zone", FieldKind::Text)
            .default("UTC")
            .placeholder("Europe/Berlin")
            .when("schedule", "cron")
            .help("Of the cron expression."),
        Field::new("grace_s", "Grace", FieldKind::Number { min: 0, max: MAX_PERIOD_S as i64, unit: "s" })
            .default("300")
            .help("How late a call may come; longer than the job takes."),
    ];

    fn from_form(form: &Form, _old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| {
            let schedule = match reader.choice("schedule") {
                ScheduleKind::Period => {
                    PushSchedule::Period { period_s: reader.number("period_s", MIN_PERIOD_S..=MAX_PERIOD_S) }
                }
                ScheduleKind::Cron => PushSchedule::Cron {
                    expression: reader.text("cron"),
                    time_zone: reader.text("time_zone"),
                },
            };
            Self { schedule, grace_s: reader.number("grace_s", 0..=MAX_PERIOD_S) }
        })
    }

    fn to_form(&self) -> Form {
        let mut form: Form = [("grace_s".to_owned(), self.grace_s.to_string())].into();
        match &self.schedule {
            PushSchedule::Period { period_s } => {
                form.insert("schedule".to_owned(), ScheduleKind::Period.as_str().to_owned());
                form.insert("period_s".to_owned(), period_s.to_string());
            }
            PushSchedule::Cron { expression, time_zone } => {
                form.insert("schedule".to_owned(), ScheduleKind::Cron.as_str().to_owned());
                form.insert("cron".to_owned(), expression.clone());
                form.insert("time_zone".to_owned(), time_zone.clone());
            }
        }
        form
    }

    fn target(&self) -> String {
        match &self.schedule {
            PushSchedule::Period { period_s } => format!("a call every {}", period(*period_s)),
            PushSchedule::Cron { expression, time_zone } => format!("a call at {expression} ({time_zone})"),
        }
    }

    fn host_key(&self) -> Option<String> {
        None
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        match &self.schedule {
            PushSchedule::Period { period_s } if !(MIN_PERIOD_S..=MAX_PERIOD_S).contains(period_s) => {
                errors.push(FieldError::new(
                    "period_s",
                    format!("Choose from {MIN_PERIOD_S} to {MAX_PERIOD_S} seconds."),
                ));
            }
            PushSchedule::Period { .. } => {}
            PushSchedule::Cron { expression, time_zone } => {
                if let Err(error) = Cron::from_str(expression) {
                    let message = format!(
                        "“{expression}” is not a cron expression ({error}); write for example 30 2 * * *."
                    );
                    errors.push(FieldError::new("cron", message));
                }
                if Cron::from_str(expression).is_ok() && next_cron(expression, "UTC", SOME_DAY_MS).is_none() {
                    let message = format!("“{expression}” never comes; write for example 30 2 * * *.");
                    errors.push(FieldError::new("cron", message));
                }
                if TimeZone::get(time_zone).is_err() {
                    let message =
                        format!("“{time_zone}” is not a time zone; write for example Europe/Berlin or UTC.");
                    errors.push(FieldError::new("time_zone", message));
                }
            }
        }
        if self.grace_s > MAX_PERIOD_S {
            errors.push(FieldError::new("grace_s", format!("Choose at most {MAX_PERIOD_S} seconds.")));
        }
    }
}

/// A period in its largest whole unit, as people set it.
fn period(seconds: u32) -> String {
    const UNITS: [(u32, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (length, unit) =
        UNITS.into_iter().find(|(length, _)| seconds.is_multiple_of(*length)).unwrap_or((1, "second"));
    match seconds / length {
        1 => unit.to_owned(),
        many => format!("{many} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn berlin(expression: &str) -> PushSchedule {
        PushSchedule::Cron { expression: expression.to_owned(), time_zone: "Europe/Berlin".to_owned() }
    }

    #[test]
    fn a_period_is_named_as_it_was_set() {
        assert_eq!(
            [1, 90, 60, 3_600, 7_200, 86_400].map(period),
            ["second", "90 seconds", "minute", "hour", "2 hours", "day"]
        );
    }

    #[test]
    fn a_crontab_runs_as_the_monitor_expects() {
        let line = |period| PushSettings::every(period, 60).crontab();
        let lines = [60, 300, 3_600, 21_600, 86_400, 604_800].map(|period| line(period).unwrap());
        assert_eq!(lines, ["* * * * *", "*/5 * * * *", "0 * * * *", "0 */6 * * *", "0 2 * * *", "0 2 * * 0"]);
        assert_eq!(
            [5, 90, 420, 18_000, 90_000, 172_800].map(line),
            [const { None }; 6],
            "no line says these"
        );
        let by = |expression: &str| PushSettings { schedule: berlin(expression), grace_s: 60 }.crontab();
        assert_eq!(by("30 2 * * 1-5").as_deref(), Some("30 2 * * 1-5"));
        assert_eq!(by("0 30 2 * * *"), None, "a crontab knows no seconds");
    }

    #[test]
    fn a_crontab_with_times_of_a_day_is_of_a_zone() {
        let zone = |expression: &str| {
            let settings = PushSettings { schedule: berlin(expression), grace_s: 60 };
            settings.crontab_zone().map(str::to_owned)
        };
        for expression in ["30 2 * * *", "* 8-18 * * *", "0 * * * 1-5", "@daily"] {
            let is_line = expression != "@daily";
            assert_eq!(zone(expression), is_line.then(|| "Europe/Berlin".to_owned()), "{expression}");
        }
        for expression in ["*/5 * * * *", "0 * * * *", "0 30 2 * * *"] {
            assert_eq!(zone(expression), None, "{expression}");
        }
        assert_eq!(PushSettings::every(86_400, 60).crontab_zone(), None);
    }

    #[test]
    fn a_period_counts_from_the_last_call_or_from_now() {
        let settings = PushSettings::every(60, 10);
        assert_eq!(settings.next_deadline(Some(1_000), 50_000), 71_000);
        assert_eq!(settings.next_deadline(None, 50_000), 120_000);
    }

    #[test]
    fn a_daily_job_is_due_at_the_same_local_time_in_summer_and_winter() {
        let daily = berlin("30 2 * * *");
        assert_eq!(next_deadline(&daily, Some(at("2026-01-10T12:00:00Z")), 0), at("2026-01-11T01:30:00Z"));
        assert_eq!(next_deadline(&daily, Some(at("2026-07-10T12:00:00Z")), 0), at("2026-07-11T00:30:00Z"));
    }

    #[test]
    fn a_time_that_daylight_saving_skips_is_due_right_after_the_gap() {
        // On 2026-03-29 Berlin goes from 02:00 to 03:00, which is 01:00 UTC.
        let due = next_deadline(&berlin("30 2 * * *"), Some(at("2026-03-28T12:00:00Z")), 0);
        assert_eq!(due, at("2026-03-29T01:00:00Z"));
    }

    #[test]
    fn a_time_that_comes_twice_is_due_once() {
        // On 2026-10-25 Berlin has 02:30 twice, at 00:30 and at 01:30 UTC.
        let daily = berlin("30 2 * * *");
        let first = next_deadline(&daily, Some(at("2026-10-24T12:00:00Z")), 0);
        assert_eq!(first, at("2026-10-25T00:30:00Z"));
        assert_eq!(next_deadline(&daily, Some(first), 0), at("2026-10-26T01:30:00Z"));
    }

    #[test]
    fn only_jobs_of_every_hour_are_due_twice_in_an_hour_that_comes_twice() {
        let after = |expression: &str, zone: &str, from: &str| {
            let schedule =
                PushSchedule::Cron { expression: expression.to_owned(), time_zone: zone.to_owned() };
            Timestamp::from_millisecond(next_deadline(&schedule, Some(at(from)), 0)).unwrap().to_string()
        };
        let berlin = |expression: &str, from: &str| after(expression, "Europe/Berlin", from);
        // 02:30 for the first time is 00:30 UTC, for the second 01:30 UTC.
        for (expression, next) in [
            ("30 2 * * *", "2026-10-26T01:30:00Z"),
            ("30 2,14 * * *", "2026-10-25T13:30:00Z"),
            ("30 1-3 * * *", "2026-10-25T02:30:00Z"),
            ("30 */2 * * *", "2026-10-25T03:30:00Z"),
            ("*/30 2 * * *", "2026-10-26T01:00:00Z"),
            ("0 30 2,14 * * *", "2026-10-25T13:30:00Z"),
            ("30 * * * *", "2026-10-25T01:30:00Z"),
            ("30 */1 * * *", "2026-10-25T01:30:00Z"),
            ("@hourly", "2026-10-25T01:00:00Z"),
        ] {
            assert_eq!(berlin(expression, "2026-10-25T00:30:00Z"), next, "{expression}");
        }
        // A call that comes late, or in the hour that came again.
        assert_eq!(berlin("0,30 2-4 * * *", "2026-10-25T00:10:00Z"), "2026-10-25T00:30:00Z");
        assert_eq!(berlin("0,30 2-4 * * *", "2026-10-25T01:10:00Z"), "2026-10-25T02:00:00Z");
        // Half an hour comes twice: 01:45 at 14:45 and at 15:15 UTC.
        let island = |expression: &str| after(expression, "Australia/Lord_Howe", "2026-04-04T14:45:00Z");
        assert_eq!(island("45 1,2 * * *"), "2026-04-04T16:15:00Z");
        assert_eq!(island("45 * * * *"), "2026-04-04T15:15:00Z");
    }

    #[test]
    fn a_schedule_that_never_comes_is_refused() {
        let wrong = |expression: &str| {
            let mut errors = Vec::new();
            PushSettings { schedule: berlin(expression), grace_s: 60 }.examine(&mut errors);
            errors.into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        assert_eq!(wrong("0 0 30 2 *"), ["cron"]);
        assert_eq!(wrong("nonsense"), ["cron"]);
        assert_eq!(wrong("0 0 29 2 *"), Vec::<String>::new());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_never_due() {
        assert_eq!(next_deadline(&berlin("nonsense"), Some(0), 0), i64::MAX);
        assert_eq!(next_deadline(&berlin("0 0 30 2 *"), Some(0), 0), i64::MAX);
    }
}

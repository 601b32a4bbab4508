//! Who hears of an outage, when, and how often: alert definitions with their escalation levels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::form::FieldError;
use crate::id::{DefinitionId, DefinitionKey, IntegrationId, MonitorId};
use crate::level_values::LevelValue;
use crate::time::{DAY, MINUTE, Timestamp};

/// Levels that a definition may have. Rivals stop at three or four; nothing here depends on it.
pub const MAX_LEVELS: usize = 5;
/// Reminders that a level may send.
pub const MAX_REMINDERS: u32 = 100;
/// The longest wait of a level or between two reminders, in minutes: a week.
pub const MAX_MINUTES: u32 = 7 * 24 * 60;
/// Errors that a level may wait for.
pub const MAX_ERRORS: u32 = 1_000;
/// The longest message of a level, in bytes.
pub const MAX_MESSAGE: usize = 2_000;

/// What a message tells of an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// It began.
    Error,
    /// It goes on.
    Reminder,
    /// It is over.
    Ok,
}

impl AlertKind {
    /// The word in the database and in CSS classes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Reminder => "reminder",
            Self::Ok => "ok",
        }
    }

    /// What the form of a custom integration calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Error => "Error alert",
            Self::Reminder => "Reminder alert",
            Self::Ok => "OK alert",
        }
    }

    /// The word that `{{@alert.type}}` prints (contracts.md 0.1).
    pub fn title(self) -> &'static str {
        match self {
            Self::Error => "Alert",
            Self::Reminder => "Reminder",
            Self::Ok => "Ok",
        }
    }
}

/// When a level is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "when", rename_all = "snake_case")]
pub enum Condition {
    /// After so many errors in a row, the first one included.
    Errors {
        /// How many.
        count: u32,
    },
    /// When errors have gone on for so long.
    Minutes {
        /// How long, in minutes.
        minutes: u32,
    },
}

/// An integration on a level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelTarget {
    /// Which.
    pub integration: IntegrationId,
    /// Whether it hears that the outage is over.
    #[serde(default = "yes")]
    pub ok: bool,
    /// Whether it is reminded.
    #[serde(default = "yes")]
    pub reminders: bool,
    /// Values of the variables that the integration wants given by the level.
    #[serde(default)]
    pub variables: BTreeMap<String, LevelValue>,
}

/// A level of escalation. Levels are judged by themselves: one need not be reached for the next to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Whether it is used.
    #[serde(default = "yes")]
    pub active: bool,
    /// When it is reached.
    pub condition: Condition,
    /// How many reminders it sends; 0 for none.
    #[serde(default)]
    pub reminders: u32,
    /// Minutes between two of them.
    #[serde(default = "reminder_minutes")]
    pub reminder_minutes: u32,
    /// Words of the operator for whoever is told.
    #[serde(default)]
    pub message: String,
    /// Who is told.
    pub targets: Vec<LevelTarget>,
}

fn yes() -> bool {
    true
}

fn reminder_minutes() -> u32 {
    30
}

impl Level {
    /// A level that is reached at the first confirmed error.
    pub fn at_once(targets: Vec<LevelTarget>) -> Self {
        Self {
            active: true,
            condition: Condition::Errors { count: 1 },
            reminders: 0,
            reminder_minutes: reminder_minutes(),
            message: String::new(),
            targets,
        }
    }

    /// Time between two reminders, in milliseconds.
    pub fn reminder_pause(&self) -> i64 {
        i64::from(self.reminder_minutes.max(1)) * MINUTE
    }

    /// Whether the level is reached at `now` by an outage that began at `since` and has had `errors` in a row; else when to look again.
    /// `interval` is the time between two checks, in milliseconds.
    ///
    /// # Errors
    /// When to look again.
    pub fn is_reached(
        &self,
        since: Timestamp,
        errors: u32,
        now: Timestamp,
        interval: i64,
    ) -> Result<(), Timestamp> {
        match self.condition {
            // An outage is an error, whether or not its results are still kept.
            Condition::Errors { count } if errors.max(1) >= count => Ok(()),
            // The next check may bring one more; more than one a check never comes.
            Condition::Errors { .. } => Err(Timestamp(now.0 + interval.clamp(1_000, DAY))),
            Condition::Minutes { minutes } => {
                let due = Timestamp(since.0 + i64::from(minutes) * MINUTE);
                if now >= due { Ok(()) } else { Err(due) }
            }
        }
    }
}

/// What an operator says about who hears what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinitionDraft {
    /// What it is called.
    pub name: String,
    /// Whether it is used.
    #[serde(default = "yes")]
    pub active: bool,
    /// The monitors that it is for; nothing for the default definition, which is for all that no other names.
    #[serde(default)]
    pub monitors: Vec<MonitorId>,
    /// The levels, in order.
    pub levels: Vec<Level>,
}

/// An alert definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The database key.
    pub key: DefinitionKey,
    /// The public id.
    pub id: DefinitionId,
    /// Whether it is for all monitors that no other definition names.
    pub is_default: bool,
    /// Grows with each change.
    pub version: i64,
    /// What it says.
    pub draft: DefinitionDraft,
}

impl DefinitionDraft {
    /// Adds everything that is wrong with it; fields are called `levels.0.reminders` and so on.
    pub fn examine(&self, errors: &mut Vec<FieldError>) {
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > 120 {
            errors.push(FieldError::new("name", "Please give it a name of at most 120 characters."));
        }
        if self.levels.is_empty() || self.levels.len() > MAX_LEVELS {
            let message =
                format!("A definition has 1 to {MAX_LEVELS} levels; this one has {}.", self.levels.len());
            errors.push(FieldError::new("levels", message));
        }
        for (number, level) in self.levels.iter().enumerate() {
            level.examine(&format!("levels.{number}"), errors);
        }
    }
}

/// What a number of a level may be.
pub(crate) struct Bounds {
    /// The name of its field.
    pub(crate) field: &'static str,
    /// What people read at it.
    label: &'static str,
    low: u32,
    high: u32,
}

impl Bounds {
    pub(crate) const COUNT: Self =
        Self { field: "count", label: "Failures in a row", low: 1, high: MAX_ERRORS };
    pub(crate) const MINUTES: Self =
        Self { field: "minutes", label: "Minutes of failing", low: 0, high: MAX_MINUTES };
    pub(crate) const REMINDERS: Self =
        Self { field: "reminders", label: "Reminders", low: 0, high: MAX_REMINDERS };
    pub(crate) const REMINDER_MINUTES: Self =
        Self { field: "reminder_minutes", label: "Minutes between reminders", low: 1, high: MAX_MINUTES };

    /// Why a value is not taken. Several of these fields share a place for their mistakes, so it names the field.
    pub(crate) fn refuse(&self, value: impl std::fmt::Display) -> String {
        format!(
            "{}: {value} does not fit; write a whole number from {} to {}.",
            self.label, self.low, self.high
        )
    }

    /// What is to be written instead of nothing.
    pub(crate) fn ask(&self) -> String {
        format!("{}: write a whole number from {} to {}.", self.label, self.low, self.high)
    }
}

impl Level {
    fn examine(&self, path: &str, errors: &mut Vec<FieldError>) {
        let mut range = |bounds: &Bounds, value: u32| {
            if !(bounds.low..=bounds.high).contains(&value) {
                errors.push(FieldError::new(format!("{path}.{}", bounds.field), bounds.refuse(value)));
            }
        };
        match self.condition {
            Condition::Errors { count } => range(&Bounds::COUNT, count),
            Condition::Minutes { minutes } => range(&Bounds::MINUTES, minutes),
        }
        range(&Bounds::REMINDERS, self.reminders);
        range(&Bounds::REMINDER_MINUTES, self.reminder_minutes);
        if self.message.len() > MAX_MESSAGE {
            let message = format!("This is longer than {MAX_MESSAGE} bytes; please shorten it.");
            errors.push(FieldError::new(format!("{path}.message"), message));
        }
        let mut known = Vec::new();
        for target in &self.targets {
            if known.contains(&&target.integration) {
                let message = "An integration stands once on a level.";
                errors.push(FieldError::new(format!("{path}.targets"), message));
            }
            known.push(&target.integration);
        }
    }
}

/// A part of each day in which an integration is not written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// Where the clock hangs: an IANA time zone.
    pub time_zone: String,
    /// When it begins, in minutes after midnight.
    pub from: u32,
    /// When it ends; before `from` it ends on the next day.
    pub until: u32,
}

impl QuietHours {
    /// When the quiet ends, if it is quiet at `now`; a zone that is not known (any more) is never quiet.
    pub fn ends(&self, now: Timestamp) -> Option<Timestamp> {
        let zone = crate::days::zone(&self.time_zone)?;
        let local = jiff::Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone);
        let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
        let (from, until) = (i64::from(self.from), i64::from(self.until));
        let quiet =
            if from <= until { (from..until).contains(&minute) } else { minute >= from || minute < until };
        if !quiet {
            return None;
        }
        let days = i64::from(minute >= until);
        let (hour, rest) = (i8::try_from(until / 60 % 24).ok()?, i8::try_from(until % 60).ok()?);
        let day = local.date().checked_add(jiff::Span::new().days(days)).ok()?;
        let end = local.time_zone().to_ambiguous_zoned(day.at(hour, rest, 0, 0));
        // In autumn an hour comes twice; of two ends the one that is still to come.
        let first = end.clone().compatible().ok().filter(|end| end.timestamp().as_millisecond() > now.0);
        let end = first.or_else(|| end.later().ok())?;
        Some(Timestamp(end.timestamp().as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY, HOUR, MINUTE};

    fn level(condition: Condition) -> Level {
        Level { condition, ..Level::at_once(Vec::new()) }
    }

    #[test]
    fn a_level_is_reached_by_errors_or_by_time() {
        let since = Timestamp(0);
        let errors = level(Condition::Errors { count: 3 });
        assert_eq!(errors.is_reached(since, 2, Timestamp(5_000), MINUTE), Err(Timestamp(65_000)));
        assert_eq!(errors.is_reached(since, 3, Timestamp(5_000), MINUTE), Ok(()));
        let minutes = level(Condition::Minutes { minutes: 5 });
        assert_eq!(minutes.is_reached(since, 99, Timestamp(0), MINUTE), Err(Timestamp(5 * MINUTE)));
        assert_eq!(minutes.is_reached(since, 0, Timestamp(5 * MINUTE), MINUTE), Ok(()));
    }

    #[test]
    fn quiet_hours_end_on_the_next_morning_in_their_zone() {
        let quiet = QuietHours { time_zone: "Europe/Berlin".to_owned(), from: 22 * 60, until: 7 * 60 };
        // 2026-11-21T22:30:00Z is 23:30 in Berlin; 07:00 there is 06:00Z.
        let night = Timestamp(1_795_300_200_000);
        let morning = Timestamp(1_795_327_200_000);
        assert_eq!(quiet.ends(night), Some(morning));
        assert_eq!(quiet.ends(Timestamp(morning.0 - 1)), Some(morning));
        assert_eq!(quiet.ends(morning), None);
        let noon = QuietHours { from: 12 * 60, until: 13 * 60, ..quiet };
        assert_eq!(noon.ends(night), None);
    }

    #[test]
    fn quiet_hours_over_midnight_begin_and_end_to_the_minute() {
        let quiet = QuietHours { time_zone: "UTC".to_owned(), from: 22 * 60, until: 7 * 60 };
        let at = |hour: i64, minute: i64| Timestamp(20_000 * DAY + hour * HOUR + minute * MINUTE);
        let (today, tomorrow) = (Some(at(7, 0)), Some(at(31, 0)));
        for (hour, minute, end) in [
            (0, 0, today),
            (6, 59, today),
            (7, 0, None),
            (21, 59, None),
            (22, 0, tomorrow),
            (23, 59, tomorrow),
            (24, 0, tomorrow),
        ] {
            assert_eq!(quiet.ends(at(hour, minute)), end, "{hour}:{minute:02}");
        }
        let till_midnight = QuietHours { until: 0, ..quiet.clone() };
        assert_eq!(till_midnight.ends(at(23, 0)), Some(at(24, 0)));
        assert_eq!(till_midnight.ends(at(24, 0)), None);
        let from_midnight = QuietHours { from: 0, ..quiet };
        assert_eq!((from_midnight.ends(at(0, 0)), from_midnight.ends(at(23, 59))), (today, None));
    }

    #[test]
    fn quiet_hours_end_later_than_now_when_the_clock_is_set() {
        let quiet = QuietHours { time_zone: "Europe/Berlin".to_owned(), from: 22 * 60, until: 150 };
        // 2026-10-25T01:10:00Z is 02:10 in Berlin for the second time; 02:30 comes again at 01:30Z.
        let second = Timestamp(1_792_890_600_000);
        assert_eq!(quiet.ends(second), Some(Timestamp(second.0 + 20 * MINUTE)));
        let first = Timestamp(second.0 - HOUR);
        assert_eq!(quiet.ends(first), Some(Timestamp(first.0 + 20 * MINUTE)));
        // 2026-03-29T00:30:00Z is 01:30 there; what would be 02:30 is 03:30.
        let spring = Timestamp(1_774_744_200_000);
        assert_eq!(quiet.ends(spring), Some(Timestamp(spring.0 + HOUR)));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_path() {
        let draft = DefinitionDraft {
            name: " ".to_owned(),
            active: true,
            monitors: Vec::new(),
            levels: vec![Level { reminder_minutes: 0, ..level(Condition::Errors { count: 0 }) }],
        };
        let mut errors = Vec::new();
        draft.examine(&mut errors);
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["name", "levels.0.count", "levels.0.reminder_minutes"]);
    }
}

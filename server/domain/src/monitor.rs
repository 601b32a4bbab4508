//! A monitor: what is checked, how often, and when its outcome counts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::check::CheckSettings;
use crate::form::FieldError;
use crate::health::Thresholds;
use crate::id::{MonitorId, MonitorKey};
use crate::notes::Notes;
use crate::time::{DAY, MINUTE, SECOND, Timestamp};

/// The shortest interval between two checks, in milliseconds.
pub const MIN_INTERVAL: i64 = SECOND;
/// The longest interval between two checks, in milliseconds.
pub const MAX_INTERVAL: i64 = DAY;
/// The interval of a monitor whose owner chose none, in milliseconds.
pub const DEFAULT_INTERVAL: i64 = MINUTE;
/// The longest time a check may take, in milliseconds: beyond it a result would arrive after its five minutes were
/// rolled up.
pub const MAX_TIMEOUT: i64 = MINUTE;
/// The shortest time a check may be given, in milliseconds.
pub const MIN_TIMEOUT: i64 = 100;
/// The longest wait before looking again while a failure is being confirmed, in milliseconds.
pub const MAX_RECHECK: i64 = 15 * SECOND;
/// The largest failure or recovery threshold.
pub const MAX_THRESHOLD: u32 = 100;
/// The longest name, in characters.
pub const MAX_NAME: usize = 120;

/// How often a monitor is checked and when its outcome counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Milliseconds from one check to the next.
    pub interval: i64,
    /// Milliseconds a check may take; `None` is [`default_timeout`] of the interval.
    pub timeout: Option<i64>,
    /// How many findings a change takes.
    pub thresholds: Thresholds,
    /// An answer that takes longer than so many milliseconds is degraded.
    pub degraded_above: Option<i64>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            interval: DEFAULT_INTERVAL,
            timeout: None,
            thresholds: Thresholds::default(),
            degraded_above: None,
        }
    }
}

/// The time a check may take when its owner did not say: ten seconds, or 80 % of a shorter interval. In milliseconds.
pub fn default_timeout(interval: i64) -> i64 {
    (10 * SECOND).min(interval * 4 / 5)
}

impl Policy {
    /// The time a check may take.
    pub fn timeout(&self) -> Duration {
        let millis = self.timeout.unwrap_or_else(|| default_timeout(self.interval));
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// How soon to look again while a failure is being confirmed, in milliseconds.
    pub fn recheck(&self) -> i64 {
        self.interval.min(MAX_RECHECK)
    }

    /// Every rule that the policy breaks, by the name of its form field.
    pub fn errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut refuse = |field: &str, message: String| {
            errors.push(FieldError { field: field.to_owned(), message });
        };
        if !(MIN_INTERVAL..=MAX_INTERVAL).contains(&self.interval) {
            refuse("interval", "The interval must be between 1 second and 1 day (86400 seconds).".to_owned());
        }
        if let Some(timeout) = self.timeout {
            if !(MIN_TIMEOUT..=MAX_TIMEOUT).contains(&timeout) {
                refuse("timeout", "The time-out must be between 0.1 and 60 seconds.".to_owned());
            } else if timeout >= self.interval {
                refuse(
                    "timeout",
                    format!(
                        "The time-out must be shorter than the interval of {} s.",
                        self.interval / SECOND
                    ),
                );
            }
        }
        for (field, threshold) in
            [("failure_threshold", self.thresholds.failure), ("recovery_threshold", self.thresholds.recovery)]
        {
            if !(1..=MAX_THRESHOLD).contains(&threshold) {
                refuse(field, format!("The number of checks must be between 1 and {MAX_THRESHOLD}."));
            }
        }
        if self.degraded_above.is_some_and(|limit| limit < 1) {
            refuse(
                "degraded_above",
                "The limit must be at least 1 millisecond; leave it empty for none.".to_owned(),
            );
        }
        errors
    }
}

/// What an operator says of a monitor; everything but its identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonitorDraft {
    /// What people call it.
    pub name: String,
    /// What is checked.
    pub settings: CheckSettings,
    /// How often, and when it counts.
    pub policy: Policy,
    /// What was written down about it.
    #[serde(default)]
    pub notes: Notes,
}

impl MonitorDraft {
    /// Every rule that the draft breaks.
    pub fn errors(&self) -> Vec<FieldError> {
        let mut errors = self.policy.errors();
        let name = self.name.trim();
        if name.is_empty() {
            errors.push(FieldError {
                field: "name".to_owned(),
                message: "Give the monitor a name.".to_owned(),
            });
        } else if name.chars().count() > MAX_NAME {
            errors.push(FieldError {
                field: "name".to_owned(),
                message: format!("The name may have at most {MAX_NAME} characters."),
            });
        }
        if let Err(more) = self.settings.validate() {
            errors.extend(more);
        }
        errors
    }
}

/// A monitor as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    /// The database key.
    pub key: MonitorKey,
    /// The public id.
    pub id: MonitorId,
    /// What the operator said.
    pub draft: MonitorDraft,
    /// Whether it is not to be checked.
    pub paused: bool,
    /// The secret part of the heartbeat URL, for push monitors.
    pub push_token: Option<String>,
    /// Grows by one with each edit; a save that names an older version is refused.
    pub version: i64,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Monitor {
    /// The shard, below [`SHARDS`], that the monitor belongs to.
    pub fn shard(&self) -> u16 {
        shard(self.key)
    }

    /// Where in its interval the monitor is checked, in milliseconds: stable for each monitor, and spread evenly over all
    /// of them, so that checks do not come in bursts.
    pub fn phase(&self) -> i64 {
        let spread = mix(self.key.0) % u64::try_from(self.draft.policy.interval.max(1)).unwrap_or(1);
        i64::try_from(spread).unwrap_or(0)
    }

    /// Whether two times belong to the same slot: it reaches from one regular check to before the next.
    pub fn same_slot(&self, one: Timestamp, other: Timestamp) -> bool {
        self.next_slot(one) == self.next_slot(other)
    }

    /// The first slot of the monitor after `now`: `phase` past a whole number of intervals since 1970.
    pub fn next_slot(&self, now: Timestamp) -> Timestamp {
        let interval = self.draft.policy.interval.max(MIN_INTERVAL);
        let phase = self.phase();
        Timestamp((now.0 - phase).div_euclid(interval) * interval + interval + phase)
    }
}

/// How many shards the monitors are spread over; nodes share the work by holding shards.
pub const SHARDS: u16 = 64;

/// The shard of a monitor.
pub fn shard(key: MonitorKey) -> u16 {
    u16::try_from(mix(key.0) >> 32 & u64::from(SHARDS - 1)).unwrap_or(0)
}

/// The finalizer of `SplitMix64`: neighbouring keys land far apart.
fn mix(key: i64) -> u64 {
    let mut bits = key.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeout_is_ten_seconds_or_four_fifths_of_a_short_interval() {
        assert_eq!(default_timeout(MINUTE), 10 * SECOND);
        assert_eq!(default_timeout(SECOND), 800);
    }

    #[test]
    fn a_timeout_as_long_as_the_interval_is_refused_with_the_field_named() {
        let policy = Policy { interval: 5 * SECOND, timeout: Some(5 * SECOND), ..Policy::default() };
        let errors = policy.errors();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].field, "timeout");
    }

    #[test]
    fn keys_spread_over_all_shards() {
        let mut counts = [0_u32; SHARDS as usize];
        for key in 1..=6_400 {
            counts[usize::from(shard(MonitorKey(key)))] += 1;
        }
        assert!(counts.iter().all(|count| (50..200).contains(count)), "{counts:?}");
    }
}

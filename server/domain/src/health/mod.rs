//! The health of a monitor and how an outcome moves it. Pure: a scheduler, a recorder and a simulator share this one rule.
//!
//! Failures before the threshold are *confirming*; the outage begins at the first of them. Recovery has a threshold too.
//! A blind outcome (our own network was dead, the host slept) never changes what is settled.

use serde::{Deserialize, Serialize};

use crate::time::{SECOND, Timestamp};

/// What the thresholds have confirmed about a monitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// Never checked, or nothing confirmed yet.
    #[default]
    Pending,
    /// Works.
    Up,
    /// Works, but slower than its limit.
    Degraded,
    /// Does not work.
    Down,
}

/// What one check found, as far as the health is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The target answered as wanted.
    Up,
    /// The target answered as wanted, but too slowly.
    Degraded,
    /// The target did not answer as wanted.
    Down,
    /// The check could not tell.
    Unknown,
}

/// The state that people are shown: [`Settled`] seen together with what is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Never checked.
    Pending,
    /// Works.
    Up,
    /// Works, but slowly.
    Degraded,
    /// Failed, and not yet often enough to be called down.
    Confirming,
    /// Does not work.
    Down,
    /// We cannot tell at present.
    Unknown,
    /// Not checked because somebody said so.
    Paused,
}

impl State {
    /// Every state, from the most to the least urgent: the order of lists.
    pub const ALL: [Self; 7] =
        [Self::Down, Self::Confirming, Self::Degraded, Self::Unknown, Self::Pending, Self::Paused, Self::Up];

    /// The word used in the database, in URLs and in CSS classes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Confirming => "confirming",
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Paused => "paused",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Consecutive findings that differ from what is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streak {
    /// What the findings would settle to.
    pub toward: Finding,
    /// How many there were, one after the other; at least 1.
    pub count: u32,
    /// The time of the first of them.
    pub since: Timestamp,
}

/// How many findings it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Consecutive bad findings before the monitor is down or degraded; at least 1.
    pub failure: u32,
    /// Consecutive good findings before it is up again; at least 1.
    pub recovery: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { failure: 2, recovery: 1 }
    }
}

/// Findings of a streak that may be missing between two, because a check was late or could not tell.
const MISSING: i64 = 2;
/// What an interval counts at least when the age of a streak is judged, in milliseconds: under load checks are late by seconds.
const SHORTEST: i64 = 30 * SECOND;

/// What is known about a monitor between two checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// What is confirmed.
    pub settled: Settled,
    /// Since when that is so.
    pub since: Timestamp,
    /// Findings that speak against it.
    pub streak: Option<Streak>,
    /// Since when we cannot tell, if so.
    pub blind_since: Option<Timestamp>,
}

/// A confirmed change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What was settled before.
    pub from: Settled,
    /// What is settled now.
    pub to: Settled,
    /// When it began: the time of the first finding of the streak that confirmed it.
    pub since: Timestamp,
}

/// The result of one finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The health after the finding.
    pub health: Health,
    /// A change of what is settled.
    pub change: Option<Change>,
    /// Whether to look again sooner than the interval says, because something is being confirmed.
    pub recheck: bool,
}

impl Health {
    /// The health after `finding` at `at`.
    #[must_use]
    pub fn after(self, finding: Finding, at: Timestamp, thresholds: Thresholds) -> Step {
        let Some(wanted) = settles_to(finding) else {
            let health = Self { blind_since: self.blind_since.or(Some(at)), ..self };
            return Step { health, change: None, recheck: false };
        };
        let seeing = Self { blind_since: None, ..self };
        if wanted == self.settled {
            return Step { health: Self { streak: None, ..seeing }, change: None, recheck: false };
        }
        let streak = self.streak.filter(|streak| continues(self.settled, *streak, finding)).map_or(
            Streak { toward: finding, count: 1, since: at },
            |streak| Streak { toward: finding, count: streak.count.saturating_add(1), ..streak },
        );
        if streak.count < needed(self.settled, wanted, thresholds) {
            let recheck = worse(self.settled, wanted);
            return Step { health: Self { streak: Some(streak), ..seeing }, change: None, recheck };
        }
        let health = Self { settled: wanted, since: streak.since, streak: None, blind_since: None };
        let change = Change { from: self.settled, to: wanted, since: streak.since };
        Step { health, change: Some(change), recheck: false }
    }

    /// The health that a finding at `at` adds to. A streak is forgotten when nobody looked for a while, such as over a stop of Pharos:
    /// its findings are not one after the other any more, and what begins now did not begin then. `interval` is the time from one
    /// check to the next, in milliseconds.
    #[must_use]
    pub fn as_of(self, at: Timestamp, interval: i64) -> Self {
        let fresh = |streak: &Streak| {
            let findings = i64::from(streak.count).saturating_add(MISSING);
            at.since(streak.since) <= findings.saturating_mul(interval.max(SHORTEST))
        };
        Self { streak: self.streak.filter(fresh), ..self }
    }

    /// The health without what is under way: what is settled stays, and nothing speaks against it yet.
    #[must_use]
    pub fn undisturbed(self) -> Self {
        Self { streak: None, blind_since: None, ..self }
    }

    /// The state to show.
    pub fn state(&self, paused: bool) -> State {
        let failing = self.streak.is_some_and(|streak| streak.toward == Finding::Down);
        match self.settled {
            _ if paused => State::Paused,
            _ if self.blind_since.is_some() => State::Unknown,
            Settled::Down => State::Down,
            _ if failing => State::Confirming,
            Settled::Up => State::Up,
            Settled::Degraded => State::Degraded,
            Settled::Pending => State::Pending,
        }
    }
}

fn settles_to(finding: Finding) -> Option<Settled> {
    match finding {
        Finding::Up => Some(Settled::Up),
        Finding::Degraded => Some(Settled::Degraded),
        Finding::Down => Some(Settled::Down),
        Finding::Unknown => None,
    }
}

/// While down, every finding that is not down continues a recovery, whichever it is: slow is better than dead.
fn continues(settled: Settled, streak: Streak, finding: Finding) -> bool {
    streak.toward == finding || (settled == Settled::Down && finding != Finding::Down)
}

fn worse(from: Settled, to: Settled) -> bool {
    match to {
        Settled::Down => from != Settled::Down,
        Settled::Degraded => matches!(from, Settled::Up | Settled::Pending),
        Settled::Up | Settled::Pending => false,
    }
}

fn needed(from: Settled, to: Settled, thresholds: Thresholds) -> u32 {
    match (from, to) {
        // The first sign of life settles at once: there is nothing it could contradict.
        (Settled::Pending, Settled::Up | Settled::Degraded) => 1,
        _ if worse(from, to) => thresholds.failure.max(1),
        _ => thresholds.recovery.max(1),
    }
}

#[cfg(test)]
mod tests;

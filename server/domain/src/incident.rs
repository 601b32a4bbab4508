//! Incidents: a stretch of time in which something was wrong, told in updates.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Where an incident stands. The public words are those of Statuspage, Instatus and `up` (contracts.md 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentPhase {
    /// Something is wrong; the cause is not known.
    Investigating,
    /// The cause is known.
    Identified,
    /// A cure is in place and is being watched.
    Monitoring,
    /// It is over.
    Resolved,
}

impl IncidentPhase {
    /// The word used in the database and in CSS classes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Monitoring => "monitoring",
            Self::Resolved => "resolved",
        }
    }

    /// The phase of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Investigating, Self::Identified, Self::Monitoring, Self::Resolved]
            .into_iter()
            .find(|phase| phase.as_str() == word)
    }

    /// The word that people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Investigating => "Investigating",
            Self::Identified => "Identified",
            Self::Monitoring => "Monitoring",
            Self::Resolved => "Resolved",
        }
    }
}

/// Who opened an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentOrigin {
    /// A monitor that went down.
    Automatic,
    /// A person.
    Manual,
}

impl IncidentOrigin {
    /// The word used in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Manual => "manual",
        }
    }

    /// The origin of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Automatic, Self::Manual].into_iter().find(|origin| origin.as_str() == word)
    }
}

/// How an incident ended when its monitor did not work again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Somebody closed it by hand.
    Closed,
    /// Its monitor was paused.
    Paused,
    /// Its monitor was deleted.
    Deleted,
    /// Its monitor became one of another kind.
    Changed,
}

impl Ending {
    /// The word used in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Paused => "paused",
            Self::Deleted => "deleted",
            Self::Changed => "changed",
        }
    }

    /// The ending of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Closed, Self::Paused, Self::Deleted, Self::Changed];
        all.into_iter().find(|ending| ending.as_str() == word)
    }
}

/// How an incident ended, and who ended it: nobody may be told that all is well when nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// In which way.
    pub how: Ending,
    /// Who did, in words.
    pub by: String,
}

impl Ended {
    /// The words behind the monitor's name.
    pub fn words(&self) -> String {
        let by = &self.by;
        match self.how {
            Ending::Closed => format!("closed by {by} while it was down"),
            Ending::Paused => format!("no longer watched (paused by {by})"),
            Ending::Deleted => format!("no longer watched (deleted by {by})"),
            Ending::Changed => format!("no longer watched as before (kind of check changed by {by})"),
        }
    }
}

/// What somebody did about an incident, or about the alerts of its monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Put it off: nobody is told more of it until then.
    Snoozed {
        /// Until when.
        until: Timestamp,
    },
    /// Took that back before it was time.
    SnoozeEnded,
    /// Silenced the monitor: none of its alerts leaves until then.
    Muted {
        /// Until when.
        until: Timestamp,
    },
    /// Let the monitor sound again before it was time.
    MuteEnded,
}

impl Deed {
    /// Until when it holds; `None` for what ends something.
    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Snoozed { until } | Self::Muted { until } => Some(until),
            Self::SnoozeEnded | Self::MuteEnded => None,
        }
    }
}

/// A deed and who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// What was done.
    pub deed: Deed,
    /// Who did, in words.
    pub by: String,
}

//! Events: what changed, in the order in which it was committed. The events table is the bus between nodes, the live hub and
//! (later) the planner of deliveries. An event names things; who needs details reads them.

use serde::{Deserialize, Serialize};

use crate::health::{Change, State};
use crate::id::{IncidentId, IncidentKey, MonitorId, MonitorKey, PageKey};
use crate::incident::Act;
use crate::time::Timestamp;

/// The place of an event in the order of commits: 1, 2, 3 …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub i64);

/// Something that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A monitor was added, edited, paused, resumed or deleted: reload it.
    MonitorSaved {
        /// Which.
        monitor: MonitorKey,
        /// Its public id.
        id: MonitorId,
    },
    /// The state that a monitor shows changed, confirmed or not.
    StateChanged {
        /// Which.
        monitor: MonitorKey,
        /// Its public id.
        id: MonitorId,
        /// What it showed before.
        from: State,
        /// What it shows now.
        to: State,
        /// The confirmed change, when the thresholds confirmed one.
        change: Option<Change>,
        /// The reason for operators, when all is not well.
        reason: Option<String>,
    },
    /// An incident was opened.
    IncidentOpened {
        /// Which.
        incident: IncidentKey,
        /// Its public id.
        id: IncidentId,
        /// The monitor that opened it.
        monitor: Option<MonitorKey>,
    },
    /// An incident got an update.
    IncidentUpdated {
        /// Which.
        incident: IncidentKey,
        /// Its public id.
        id: IncidentId,
        /// The monitor that had opened it; an older program did not say.
        #[serde(default)]
        monitor: Option<MonitorKey>,
        /// What somebody did about it, where the incident itself does not keep that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        act: Option<Act>,
    },
    /// The alerts of a monitor were silenced for a while, or sound again.
    MonitorMuted {
        /// Which.
        monitor: MonitorKey,
        /// Its public id.
        id: MonitorId,
        /// Who did what.
        act: Act,
    },
    /// An incident is over.
    IncidentResolved {
        /// Which.
        incident: IncidentKey,
        /// Its public id.
        id: IncidentId,
        /// The monitor that had opened it.
        monitor: Option<MonitorKey>,
    },
    /// A status page, its groups or its components were edited, or a state was set by hand.
    PageSaved {
        /// Which.
        page: PageKey,
    },
}

impl Event {
    /// The word in the events table, for people who read it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::MonitorSaved { .. } => "monitor_saved",
            Self::StateChanged { .. } => "state_changed",
            Self::IncidentOpened { .. } => "incident_opened",
            Self::IncidentUpdated { .. } => "incident_updated",
            Self::MonitorMuted { .. } => "monitor_muted",
            Self::IncidentResolved { .. } => "incident_resolved",
            Self::PageSaved { .. } => "page_saved",
        }
    }

    /// The monitor that it is about, if there is one.
    pub fn monitor(&self) -> Option<MonitorKey> {
        match self {
            Self::MonitorSaved { monitor, .. }
            | Self::StateChanged { monitor, .. }
            | Self::MonitorMuted { monitor, .. } => Some(*monitor),
            Self::IncidentOpened { monitor, .. }
            | Self::IncidentUpdated { monitor, .. }
            | Self::IncidentResolved { monitor, .. } => *monitor,
            Self::PageSaved { .. } => None,
        }
    }
}

/// An event with its place and time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbered {
    /// The place in the order of commits.
    pub seq: Seq,
    /// When it was recorded.
    pub at: Timestamp,
    /// What changed.
    pub event: Event,
}

/// One finished check, for screens that follow a monitor: best effort, never kept as an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Which monitor.
    pub monitor: MonitorKey,
    /// When it was due.
    pub at: Timestamp,
    /// The state that it shows after the check.
    pub state: State,
    /// How long the target took, in microseconds.
    pub latency_us: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_that_an_older_program_wrote_is_read() {
        let id = IncidentId::new([1; 13]);
        let old = serde_json::json!({ "type": "incident_updated", "incident": 7, "id": id });
        let read: Event = serde_json::from_value(old).unwrap();
        assert_eq!(read, Event::IncidentUpdated { incident: IncidentKey(7), id, monitor: None, act: None });
    }
}

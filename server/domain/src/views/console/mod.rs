//! What operators see in the console.

mod custom;
mod definitions;
mod lists;
mod monitors;
mod naming;
mod page;
mod settings;
mod telling;

use serde::{Deserialize, Serialize};

use crate::event::Seq;
use crate::health::State;
use crate::id::{IncidentId, MonitorId};
use crate::incident::IncidentPhase;
use crate::time::Timestamp;

pub use custom::*;
pub use definitions::*;
pub use lists::*;
pub use monitors::*;
pub use naming::*;
pub use page::*;
pub use settings::*;
pub use telling::*;

/// How many monitors show each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateCounts {
    /// Working.
    pub up: i64,
    /// Working slowly.
    pub degraded: i64,
    /// Failing, not confirmed.
    pub confirming: i64,
    /// Not working.
    pub down: i64,
    /// Cannot tell.
    pub unknown: i64,
    /// Never checked.
    pub pending: i64,
    /// Not checked on purpose.
    pub paused: i64,
}

impl StateCounts {
    /// How many show `state`.
    pub fn of(&self, state: State) -> i64 {
        match state {
            State::Up => self.up,
            State::Degraded => self.degraded,
            State::Confirming => self.confirming,
            State::Down => self.down,
            State::Unknown => self.unknown,
            State::Pending => self.pending,
            State::Paused => self.paused,
        }
    }

    /// The place where `state` is counted.
    pub fn of_mut(&mut self, state: State) -> &mut i64 {
        match state {
            State::Up => &mut self.up,
            State::Degraded => &mut self.degraded,
            State::Confirming => &mut self.confirming,
            State::Down => &mut self.down,
            State::Unknown => &mut self.unknown,
            State::Pending => &mut self.pending,
            State::Paused => &mut self.paused,
        }
    }

    /// All monitors.
    pub fn total(&self) -> i64 {
        State::ALL.into_iter().map(|state| self.of(state)).sum()
    }
}

/// The first screen: what is broken now, and what happened lately.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// The last event that the view contains.
    pub seq: Seq,
    /// When it was read.
    pub at: Timestamp,
    /// How many monitors show each state.
    pub counts: StateCounts,
    /// Monitors that are down, confirming, degraded or unknown, the most urgent first; at most 50.
    pub broken: Vec<MonitorRow>,
    /// Incidents that are open, the newest first.
    pub incidents: Vec<IncidentRow>,
    /// What happened, the newest first; at most 30.
    pub feed: Vec<FeedItem>,
    /// The program's own health.
    pub system: SystemHealth,
}

/// What stands at the edge of every page of the console.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The last event that the view contains.
    pub seq: Seq,
    /// How many monitors show each state.
    pub counts: StateCounts,
    /// The program's own health.
    pub system: SystemHealth,
}

/// How Pharos itself is doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SystemHealth {
    /// How late checks start, in milliseconds: the 99th percentile of the last minutes.
    pub lateness_p99_ms: Option<f64>,
    /// Checks that finished in the last minute.
    pub checks_per_minute: i64,
    /// Outcomes that wait to be recorded.
    pub queued: i64,
    /// Bytes of the database.
    pub database_bytes: i64,
    /// Since when our own network has been dead, if so.
    pub offline_since: Option<Timestamp>,
}

/// Something that happened, for the feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedItem {
    /// The event behind it.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// The state that was reached.
    pub state: State,
    /// Which monitor.
    pub monitor: MonitorId,
    /// What people call it.
    pub name: String,
    /// A sentence, such as the reason of a failure.
    pub text: String,
}

/// An incident in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentRow {
    /// The public id.
    pub id: IncidentId,
    /// The headline.
    pub title: String,
    /// Where it stands.
    pub phase: IncidentPhase,
    /// When the trouble began.
    pub started_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// The monitor behind it.
    pub monitor: Option<MonitorId>,
    /// The reason, in a sentence for operators.
    pub reason: Option<String>,
}

/// A frame of the console's socket. Its name stands around it: with a tag inside, the browser would need a second reader of
/// everything that a frame holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    /// The first frame: what the server is, and where its order of events stands.
    Hello {
        /// The build that serves; another one than the page's asks for a reload.
        build: String,
        /// The last event.
        seq: Seq,
    },
    /// A monitor's row changed.
    Monitor {
        /// The event behind it.
        seq: Seq,
        /// The row as it is now.
        row: Box<MonitorRow>,
        /// How many monitors show each state.
        counts: StateCounts,
        /// What the feed gains.
        item: Option<FeedItem>,
    },
    /// A monitor was deleted.
    Gone {
        /// The event behind it.
        seq: Seq,
        /// Which.
        id: MonitorId,
        /// How many monitors show each state.
        counts: StateCounts,
    },
    /// A check finished; best effort, without a place in the order.
    Sample {
        /// Which monitor.
        id: MonitorId,
        /// The result.
        beat: Beat,
        /// The state that the monitor shows after it.
        state: State,
    },
    /// Too much happened since: read the page again.
    Resync {
        /// The last event.
        seq: Seq,
    },
}

//! What operators see in the console.

use serde::{Deserialize, Serialize};

use crate::check::{CheckKind, CheckReport};
use crate::event::Seq;
use crate::form::Form;
use crate::health::State;
use crate::id::{ComponentId, GroupId, IncidentId, MonitorId};
use crate::incident::IncidentPhase;
use crate::status_page::ComponentState;
use crate::time::Timestamp;
use crate::uptime::ResultState;

/// Rows on a page of a list when nobody says otherwise.
pub const PER_PAGE: u32 = 50;
/// The most rows on a page of a list.
pub const MAX_PER_PAGE: u32 = 200;
/// Points of the sparkline of a row: half-hours of the last day.
pub const SPARK_POINTS: usize = 48;

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

/// A monitor in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonitorRow {
    /// The public id.
    pub id: MonitorId,
    /// What people call it.
    pub name: String,
    /// How it is checked.
    pub kind: CheckKind,
    /// What is checked, without secrets.
    pub target: String,
    /// The state that it shows.
    pub state: State,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The reason, when it fails.
    pub reason: Option<String>,
    /// When it was last checked.
    pub checked_at: Option<Timestamp>,
    /// How long the target took then, in microseconds.
    pub latency_us: Option<i64>,
    /// The share of the last 24 hours in which it worked, 0 to 1.
    pub uptime_day: Option<f64>,
    /// Mean response time in microseconds by half-hour of the last day, the oldest first.
    pub spark: Vec<Option<i64>>,
    /// Milliseconds from check to check.
    pub interval: i64,
}

/// What a list of monitors is asked for. All of it stands in the page's URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MonitorQuery {
    /// A part of the name or of the target, upper and lower case alike.
    pub search: String,
    /// Only monitors that show this state.
    pub state: Option<State>,
    /// Only monitors of this kind.
    pub kind: Option<CheckKind>,
    /// The order.
    pub sort: MonitorSort,
    /// The page, from 1.
    pub page: u32,
    /// Rows a page; 0 is [`PER_PAGE`].
    pub per_page: u32,
}

/// The order of a list of monitors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MonitorSort {
    /// What is broken first, then by name.
    #[default]
    Urgency,
    /// By name.
    Name,
    /// The newest first.
    Newest,
}

/// A page of a list of monitors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonitorList {
    /// The last event that the view contains.
    pub seq: Seq,
    /// The rows of this page.
    pub rows: Vec<MonitorRow>,
    /// How many monitors the search and the filters leave.
    pub found: i64,
    /// How many of all monitors show each state, whatever the filters.
    pub counts: StateCounts,
    /// The page that is shown, from 1.
    pub page: u32,
    /// Rows a page.
    pub per_page: u32,
}

/// The stretch of time that a monitor's page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Range {
    /// The last hour.
    Hour,
    /// The last 24 hours.
    #[default]
    Day,
    /// The last 7 days.
    Week,
    /// The last 30 days.
    Month,
    /// The last 90 days.
    Quarter,
}

impl Range {
    /// Every range, the shortest first.
    pub const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// The word in URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
        }
    }

    /// The range of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.as_str() == word)
    }

    /// Its length in milliseconds.
    pub fn millis(self) -> i64 {
        use crate::time::{DAY, HOUR};
        match self {
            Self::Hour => HOUR,
            Self::Day => DAY,
            Self::Week => 7 * DAY,
            Self::Month => 30 * DAY,
            Self::Quarter => 90 * DAY,
        }
    }
}

/// Uptime and response times over one stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The share in which it worked, 0 to 1.
    pub uptime: Option<f64>,
    /// Median response time, in microseconds.
    pub p50_us: Option<i64>,
    /// 95th percentile, in microseconds.
    pub p95_us: Option<i64>,
    /// 99th percentile, in microseconds.
    pub p99_us: Option<i64>,
}

/// A point of the chart of response times. Phases are means, in microseconds; the point covers `at` up to the next point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChartPoint {
    /// Where it begins.
    pub at: Timestamp,
    /// What the results of that time count as, the worst of them; `None` without results.
    pub state: Option<ResultState>,
    /// Mean time of the whole check.
    pub latency_us: Option<i64>,
    /// Name resolution.
    pub dns_us: Option<i64>,
    /// Connecting.
    pub connect_us: Option<i64>,
    /// TLS handshake.
    pub tls_us: Option<i64>,
    /// From the request to the first byte.
    pub wait_us: Option<i64>,
    /// From the first byte to the last.
    pub download_us: Option<i64>,
}

/// One raw result, for the row of beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// When it was due.
    pub at: Timestamp,
    /// What it counts as.
    pub state: ResultState,
    /// How long the target took, in microseconds.
    pub latency_us: Option<i64>,
}

/// A kept piece of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceItem {
    /// When the check was due.
    pub at: Timestamp,
    /// What it found, in full.
    pub report: CheckReport,
}

/// A monitor's own page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonitorDetail {
    /// The last event that the view contains.
    pub seq: Seq,
    /// When it was read.
    pub at: Timestamp,
    /// What the lists show of it.
    pub row: MonitorRow,
    /// The stretch of the chart and of `figures`.
    pub range: Range,
    /// Over `range`.
    pub figures: Figures,
    /// Uptime over 24 hours, 7, 30 and 90 days.
    pub uptimes: [Option<f64>; 4],
    /// The chart over `range`, at most 300 points.
    pub chart: Vec<ChartPoint>,
    /// The latest results, the oldest first, at most 90.
    pub beats: Vec<Beat>,
    /// Its incidents, the newest first, at most 20.
    pub incidents: Vec<IncidentRow>,
    /// What happened to it, the newest first, at most 20.
    pub feed: Vec<FeedItem>,
    /// Evidence of transitions and recent failures, the newest first, at most 20.
    pub evidence: Vec<EvidenceItem>,
    /// The heartbeat URL's path, for push monitors: `/api/push/{token}`.
    pub push_path: Option<String>,
    /// Days until the certificate ends, when the last report knew one.
    pub certificate_days: Option<i64>,
    /// The components that follow it.
    pub components: Vec<String>,
    /// How long a check may take, in milliseconds.
    pub timeout_ms: i64,
    /// Failures before it is down, and successes before it is up.
    pub thresholds: crate::health::Thresholds,
}

/// What the edit form starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorForm {
    /// The monitor; `None` for a new one.
    pub id: Option<MonitorId>,
    /// How it is checked.
    pub kind: CheckKind,
    /// The fields; secrets are empty.
    pub values: Form,
    /// The version that an edit must name.
    pub version: i64,
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

/// What became of one pasted line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// The line as it was pasted.
    pub line: String,
    /// The kind that was recognised; `None` when the line makes no sense.
    pub kind: Option<CheckKind>,
    /// What would be checked, or what is wrong with the line.
    pub text: String,
    /// What the trial found.
    pub report: Option<CheckReport>,
}

/// The editor of a status page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageEditor {
    /// The page's name in URLs.
    pub slug: String,
    /// The page's name for people.
    pub name: String,
    /// A sentence below the name.
    pub description: String,
    /// The IANA name of the zone in which the page counts days.
    pub time_zone: String,
    /// The version of the logo, if there is one.
    pub logo: Option<i64>,
    /// The groups in their order.
    pub groups: Vec<GroupRow>,
    /// The components: those without a group first, then by group, in their order.
    pub components: Vec<ComponentRow>,
    /// Monitors that a component may follow, by name; at most 200, see `monitors_found`.
    pub monitors: Vec<MonitorChoice>,
    /// How many monitors there are.
    pub monitors_found: i64,
}

/// A group in the editor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRow {
    /// The public id.
    pub id: GroupId,
    /// The name for people.
    pub name: String,
}

/// A component in the editor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentRow {
    /// The public id.
    pub id: ComponentId,
    /// The group it belongs to.
    pub group: Option<GroupId>,
    /// The name for people.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// The monitors that it follows.
    pub monitors: Vec<MonitorChoice>,
    /// The state that was set by hand; it wins until it is released.
    pub by_hand: Option<ComponentState>,
    /// The state that is shown.
    pub state: ComponentState,
    /// Whether the public sees the bar and the uptime figure.
    pub show_uptime: bool,
    /// Whether the public sees response times.
    pub show_latency: bool,
}

/// A monitor to choose from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorChoice {
    /// The public id.
    pub id: MonitorId,
    /// What people call it.
    pub name: String,
}

/// What an operator says of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentDraft {
    /// The name for people.
    pub name: String,
    /// A sentence about it; empty for none.
    pub description: String,
    /// The group it belongs to.
    pub group: Option<GroupId>,
    /// The monitors that it follows.
    pub monitors: Vec<MonitorId>,
    /// Whether the public sees the bar and the uptime figure.
    pub show_uptime: bool,
    /// Whether the public sees response times.
    pub show_latency: bool,
}

/// What an operator says of a status page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageDraft {
    /// The name for people.
    pub name: String,
    /// A sentence below the name; empty for none.
    pub description: String,
    /// The IANA name of the zone in which the page counts days.
    pub time_zone: String,
}

/// Where something in a list is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// One place towards the beginning.
    Up,
    /// One place towards the end.
    Down,
}

/// A monitor as `/metrics` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricsRow {
    /// The public id.
    pub id: MonitorId,
    /// What people call it.
    pub name: String,
    /// How it is checked.
    pub kind: CheckKind,
    /// What is checked, without secrets.
    pub target: String,
    /// The state that it shows.
    pub state: State,
    /// How long the target took at the last check, in microseconds.
    pub latency_us: Option<i64>,
    /// The HTTP status of the last answer.
    pub status: Option<u16>,
    /// When the certificate that was presented ends.
    pub certificate_until: Option<Timestamp>,
}

/// A frame of the console's socket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
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

//! Monitors, in lists and on pages of their own.

use serde::{Deserialize, Serialize};

use super::{FeedItem, IncidentRow, StateCounts};
use crate::check::{CheckKind, CheckReport, Phases};
use crate::event::Seq;
use crate::form::Form;
use crate::health::State;
use crate::id::MonitorId;
use crate::time::Timestamp;
use crate::uptime::ResultState;

/// Rows on a page of a list when nobody says otherwise.
pub const PER_PAGE: u32 = 50;
/// The most rows on a page of a list.
pub const MAX_PER_PAGE: u32 = 200;
/// Points of the sparkline of a row: half-hours of the last day.
pub const SPARK_POINTS: usize = 48;

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
    /// The address that the job calls, for push monitors.
    pub heartbeat: Option<Heartbeat>,
    /// Days until the certificate ends, when the last report knew one.
    pub certificate_days: Option<i64>,
    /// The components that follow it.
    pub components: Vec<String>,
    /// How long a check may take, in milliseconds.
    pub timeout_ms: i64,
    /// Failures before it is down, and successes before it is up.
    pub thresholds: crate::health::Thresholds,
    /// What was written down about it.
    pub notes: crate::notes::Notes,
}

/// The address of a push monitor, and when it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The path: `/api/push/{token}`.
    pub path: String,
    /// When a line of a crontab would run as it is expected to; `None` where none can say that.
    pub crontab: Option<String>,
    /// The IANA name of the zone that this line must be run in; `None` where that makes no difference.
    #[serde(default)]
    pub crontab_zone: Option<String>,
    /// When the next call is due, without grace; `None` before the first call, and for a schedule that has no next time.
    pub due_at: Option<Timestamp>,
    /// The time between two calls, in seconds; `None` for a cron schedule.
    pub period_s: Option<u32>,
    /// How late a call may come, in seconds.
    pub grace_s: u32,
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
    /// Where that time went.
    pub phases: Phases,
    /// The HTTP status of the last answer.
    pub status: Option<u16>,
    /// When the certificate that was presented ends.
    pub certificate_until: Option<Timestamp>,
}

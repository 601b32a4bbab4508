//! What visitors of a status page see.
//!
//! **Invariant**: nothing here can carry a monitor's target, headers, failure text or name; only names that the operator
//! wrote for the public.

use serde::{Deserialize, Serialize};

use crate::event::Seq;
use crate::id::{ComponentId, GroupId, IncidentId, IncidentUpdateId, MonitorKey};
use crate::incident::IncidentPhase;
use crate::status_page::{ComponentState, PageState};
use crate::time::Timestamp;
use crate::uptime::Counts;

/// How many days the bars of a page reach back, today included.
pub const BAR_DAYS: usize = 90;
/// How many days of past incidents the page itself lists.
pub const PAST_DAYS: usize = 7;

/// What the head of every public page needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageHead {
    /// The page's name in URLs.
    pub slug: String,
    /// The page's name for people.
    pub name: String,
    /// A sentence below the name.
    pub description: Option<String>,
    /// Grows when the logo changes; `None` when there is none. The logo is served at `/logo/{slug}?v={version}`.
    pub logo: Option<i64>,
    /// The IANA name of the zone in which the page counts days.
    pub time_zone: String,
    /// Whether the page is the one at `/`.
    pub is_default: bool,
}

/// A whole status page at one point in the order of commits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageView {
    /// Name, logo, zone.
    pub head: PageHead,
    /// The last event that the view contains.
    pub seq: Seq,
    /// When the view was read.
    pub at: Timestamp,
    /// Where the installation is, without a slash at the end; empty when its configuration does not say.
    pub base_url: String,
    /// The overall state.
    pub state: PageState,
    /// The worst state of a component, for the banner.
    pub worst: ComponentState,
    /// Open incidents, the newest first.
    pub incidents: Vec<IncidentView>,
    /// Automatic incidents that are open but not shown, and count for nothing, because a person said of each of their components that
    /// it is well or under maintenance. They have pages of their own.
    pub overruled: Vec<IncidentView>,
    /// Components: first those without a group, then the groups in their order.
    pub sections: Vec<SectionView>,
    /// The last [`PAST_DAYS`] days, today first, each with the incidents that began on it and are over.
    pub past: Vec<PastDay>,
}

impl PageHead {
    /// What the paths of the page begin with: nothing for the page at `/`.
    pub fn base(&self) -> String {
        if self.is_default { String::new() } else { format!("/status/{}", self.slug) }
    }

    /// The path of the page.
    pub fn home(&self) -> String {
        if self.is_default { "/".to_owned() } else { self.base() }
    }
}

/// A group of components, or the components without one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SectionView {
    /// The group; `None` for the components without one.
    pub group: Option<GroupHead>,
    /// The worst state of its components.
    pub state: ComponentState,
    /// The components in their order.
    pub components: Vec<ComponentView>,
}

/// A group's identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupHead {
    /// The public id.
    pub id: GroupId,
    /// The name for people.
    pub name: String,
}

/// A component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComponentView {
    /// The public id.
    pub id: ComponentId,
    /// The name for people.
    pub name: String,
    /// A sentence about it.
    pub description: Option<String>,
    /// When it was added to the page.
    pub created_at: Timestamp,
    /// Its state now.
    pub state: ComponentState,
    /// The share of the bar's days in which it worked, 0 to 1; `None` when unknown, or when the operator hides the bar.
    pub uptime: Option<f64>,
    /// [`BAR_DAYS`] days, the oldest first, today last; empty when the operator hides the bar.
    pub days: Vec<DayView>,
    /// Median response time in microseconds by hour of the last day, the oldest first; `None` when the operator hides it.
    pub sparkline: Option<Vec<Option<i64>>>,
    /// What the uptime is made of, by monitor. Stays on the server, for whoever keeps a view and counts today anew.
    #[serde(skip)]
    pub counted: Vec<Counted>,
}

/// The results of a monitor that a component follows, on the days of the component's bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Which monitor.
    pub monitor: MonitorKey,
    /// On the days before today.
    pub before: Counts,
    /// Today, up to the last result.
    pub today: Counts,
}

/// The uptime of a component, 0 to 1: the mean of its monitors; `None` when nothing is known of any.
pub fn uptime(monitors: &[Counted]) -> Option<f64> {
    mean(monitors.iter().filter_map(|monitor| {
        let mut all = monitor.before;
        all.merge(&monitor.today);
        all.uptime()
    }))
}

/// The mean of shares; `None` when there are none.
pub fn mean(shares: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = shares.fold((0.0, 0.0), |(sum, count), share| (sum + share, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// One day of a component's bar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DayView {
    /// `YYYY-MM-DD` in the page's zone.
    pub date: String,
    /// What the day is drawn as.
    pub state: ComponentState,
    /// The share in which it worked, 0 to 1; `None` when unknown.
    pub uptime: Option<f64>,
    /// Minutes in which it did not work, rounded up.
    pub down_minutes: u32,
    /// How many incidents that touched the component began on the day.
    pub incidents: u32,
}

/// A day's share of failures from which it is drawn as a major outage instead of a partial one: 72 minutes of a day.
pub const MAJOR_DAY: f64 = 0.05;
/// A day's share of slow answers from which it is drawn as degraded.
pub const DEGRADED_DAY: f64 = 0.05;

/// An incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentView {
    /// The public id.
    pub id: IncidentId,
    /// The headline.
    pub title: String,
    /// Where it stands.
    pub phase: IncidentPhase,
    /// The worst that it does to a component.
    pub impact: ComponentState,
    /// When the trouble began.
    pub started_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// The names of the components that it touches.
    pub components: Vec<String>,
    /// What was said, the newest first.
    pub updates: Vec<IncidentUpdateView>,
}

/// What was said of an incident at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentUpdateView {
    /// The public id.
    pub id: IncidentUpdateId,
    /// Where the incident stood.
    pub phase: IncidentPhase,
    /// The text; plain, paragraphs by blank lines.
    pub body: String,
    /// When.
    pub at: Timestamp,
}

/// A day with the incidents that began on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastDay {
    /// `YYYY-MM-DD` in the page's zone.
    pub date: String,
    /// The incidents, the newest first.
    pub incidents: Vec<IncidentView>,
    /// How many older ones the day had, for which there is no room.
    pub more: usize,
    /// Whether an incident that stands elsewhere on the page, because it is open, lasted into the day: then "none" would not
    /// be true of it.
    pub ongoing: bool,
}

/// A month of incidents and days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryView {
    /// Name, logo, zone.
    pub head: PageHead,
    /// When it was read.
    pub at: Timestamp,
    /// `YYYY-MM` in the page's zone.
    pub month: String,
    /// The month before, when the page reaches so far back.
    pub previous: Option<String>,
    /// The month after, unless it lies in the future.
    pub next: Option<String>,
    /// The days of the month, the newest first, only up to today.
    pub days: Vec<PastDay>,
}

/// One incident on a page of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentPage {
    /// Name, logo, zone.
    pub head: PageHead,
    /// When it was read.
    pub at: Timestamp,
    /// The incident.
    pub incident: IncidentView,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_nothing_is_unknown() {
        assert_eq!(mean([].into_iter()), None);
        assert_eq!(mean([1.0, 0.5].into_iter()), Some(0.75));
    }

    #[test]
    fn a_monitor_weighs_the_same_however_often_it_is_looked_at() {
        let counted = |number, up, down| Counted {
            monitor: MonitorKey(number),
            before: Counts { up, ..Counts::default() },
            today: Counts { down, ..Counts::default() },
        };
        assert_eq!(uptime(&[counted(1, 3_000, 1_000), counted(2, 1, 3)]), Some(0.5));
        assert_eq!(
            uptime(&[counted(1, 1, 1), counted(2, 0, 0)]),
            Some(0.5),
            "nothing is known of the second"
        );
        assert_eq!(uptime(&[]), None);
    }
}

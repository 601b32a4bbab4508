//! The editor of a status page.

use serde::{Deserialize, Serialize};

use crate::id::{ComponentId, GroupId, MonitorId};
use crate::status_page::ComponentState;

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

impl ComponentRow {
    /// What of it a form changes, to be sent along with the form: whoever saves is told when it is not so any more.
    pub fn version(&self) -> String {
        let mut monitors: Vec<_> = self.monitors.iter().map(|monitor| monitor.id.clone()).collect();
        monitors.sort_unstable();
        ComponentDraft {
            name: self.name.clone(),
            description: self.description.clone(),
            group: self.group.clone(),
            monitors,
            show_uptime: self.show_uptime,
            show_latency: self.show_latency,
        }
        .version()
    }
}

/// A monitor to choose from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorChoice {
    /// The public id.
    pub id: MonitorId,
    /// What people call it.
    pub name: String,
    /// Its kind and its target, which tell it from another of the same name; empty where nobody asked.
    #[serde(default)]
    pub about: String,
}

/// Monitors to choose from, as a search leaves them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorChoices {
    /// Those that are offered, by name; at most 200.
    pub monitors: Vec<MonitorChoice>,
    /// How many the search leaves.
    pub found: i64,
    /// How many monitors there are.
    pub total: i64,
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

impl ComponentDraft {
    fn version(&self) -> String {
        // Ids and texts always become JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
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

//! The editor of a status page.

use serde::{Deserialize, Serialize};

use crate::id::{ComponentId, GroupId, MonitorId};
use crate::status_page::ComponentState;

/// Monitors that the editor names beside a component in its list; the others are counted.
pub const FOLLOWED_NAMED: i64 = 3;

/// What the editor is asked for. All of it stands in the page's URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EditorQuery {
    /// A part of a component's name, of its description, or of the name of its group; upper and lower case alike.
    pub search: String,
    /// The page, from 1 on. One behind the last page means the last one.
    pub page: u32,
    /// The public id of the component that is edited; empty for none.
    pub edit: String,
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
    /// The worst state of all components.
    pub state: ComponentState,
    /// All groups in their order.
    pub groups: Vec<GroupRow>,
    /// What is shown of the components: those without a group first, then by group, in their order.
    pub parts: Vec<EditorPart>,
    /// What was searched by.
    pub search: String,
    /// How many components the search leaves.
    pub found: i64,
    /// How many there are.
    pub total: i64,
    /// How many places the search leaves: one for each component, and without a search one for each group that has none.
    pub places: i64,
    /// The page that is shown, from 1 on.
    pub page: u32,
    /// Places a page.
    pub per_page: u32,
    /// The id that was asked for; empty when none was.
    pub edit: String,
    /// The component of that id; `None` when there is none.
    pub edited: Option<ComponentRow>,
}

impl EditorQuery {
    /// Whether it leaves only a part; blanks are no search.
    pub fn is_searched(&self) -> bool {
        !self.search.trim().is_empty()
    }
}

impl PageEditor {
    /// Whether a search leaves only a part of the components.
    pub fn is_searched(&self) -> bool {
        !self.search.trim().is_empty()
    }

    /// The components that are shown.
    pub fn lines(&self) -> impl Iterator<Item = &ComponentLine> {
        self.parts.iter().flat_map(|part| &part.lines)
    }
}

/// What one page of the editor shows of a group, or of the components that stand in none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditorPart {
    /// The group.
    pub group: Option<GroupId>,
    /// How many components of it stand on earlier pages.
    pub before: i64,
    /// How many it has on all pages.
    pub all: i64,
    /// Those on this page.
    pub lines: Vec<ComponentLine>,
}

/// A component in the list of the editor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ComponentLine {
    /// The public id.
    pub id: ComponentId,
    /// The name for people.
    pub name: String,
    /// The first monitors that it follows, by name; at most [`FOLLOWED_NAMED`].
    pub monitors: Vec<String>,
    /// How many it follows.
    pub followed: i64,
    /// The state that was set by hand; it wins until it is released.
    pub by_hand: Option<ComponentState>,
    /// The state that is shown.
    pub state: ComponentState,
}

/// A group in the editor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRow {
    /// The public id.
    pub id: GroupId,
    /// The name for people.
    pub name: String,
}

/// A component that is edited.
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
    /// Those of them that are named already by what was asked about, when that names more than its form shows.
    #[serde(default)]
    pub named: Vec<MonitorId>,
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

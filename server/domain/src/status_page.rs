//! What a status page shows: the states of components and of the whole page, and the rules by which they follow monitors.

use serde::{Deserialize, Serialize};

use crate::health::State;

/// The state of a component, in the words of `up` and Instatus (contracts.md 5.4), and "no data".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ComponentState {
    /// Nothing is known: never checked, paused, or we cannot tell. Never counts as operational.
    #[serde(rename = "NODATA")]
    NoData,
    /// Works.
    #[serde(rename = "OPERATIONAL")]
    Operational,
    /// Is being worked on, as announced.
    #[serde(rename = "UNDERMAINTENANCE")]
    UnderMaintenance,
    /// Works, but slowly or badly.
    #[serde(rename = "DEGRADEDPERFORMANCE")]
    DegradedPerformance,
    /// Parts of it do not work.
    #[serde(rename = "PARTIALOUTAGE")]
    PartialOutage,
    /// Does not work.
    #[serde(rename = "MAJOROUTAGE")]
    MajorOutage,
}

impl ComponentState {
    /// Every state, from the best known to the worst, "no data" first.
    pub const ALL: [Self; 6] = [
        Self::NoData,
        Self::Operational,
        Self::UnderMaintenance,
        Self::DegradedPerformance,
        Self::PartialOutage,
        Self::MajorOutage,
    ];

    /// The states that a person may set by hand.
    pub const BY_HAND: [Self; 5] = [
        Self::Operational,
        Self::UnderMaintenance,
        Self::DegradedPerformance,
        Self::PartialOutage,
        Self::MajorOutage,
    ];

    /// The word of the wire and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoData => "NODATA",
            Self::Operational => "OPERATIONAL",
            Self::UnderMaintenance => "UNDERMAINTENANCE",
            Self::DegradedPerformance => "DEGRADEDPERFORMANCE",
            Self::PartialOutage => "PARTIALOUTAGE",
            Self::MajorOutage => "MAJOROUTAGE",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The words that people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::NoData => "No data",
            Self::Operational => "Operational",
            Self::UnderMaintenance => "Under maintenance",
            Self::DegradedPerformance => "Degraded performance",
            Self::PartialOutage => "Partial outage",
            Self::MajorOutage => "Major outage",
        }
    }

    /// The CSS class and icon name of the state.
    pub fn class(self) -> &'static str {
        match self {
            Self::NoData => "nodata",
            Self::Operational => "operational",
            Self::UnderMaintenance => "maintenance",
            Self::DegradedPerformance => "degraded",
            Self::PartialOutage => "partial",
            Self::MajorOutage => "major",
        }
    }

    /// Whether users of the component notice something, apart from announced work.
    pub fn is_problem(self) -> bool {
        matches!(self, Self::DegradedPerformance | Self::PartialOutage | Self::MajorOutage)
    }
}

/// The state of a whole page (contracts.md 5 and 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PageState {
    /// Nothing is wrong.
    #[serde(rename = "UP")]
    Up,
    /// A component has a problem, or an incident is open.
    #[serde(rename = "HASISSUES")]
    HasIssues,
    /// Announced work is under way, and nothing else is wrong.
    #[serde(rename = "UNDERMAINTENANCE")]
    UnderMaintenance,
}

impl PageState {
    /// The word of the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "UP",
            Self::HasIssues => "HASISSUES",
            Self::UnderMaintenance => "UNDERMAINTENANCE",
        }
    }
}

/// The state that a component takes from the monitors it follows. While a failure is being confirmed the component stays as it was:
/// whoever asks says what was settled before, and a monitor of which that is not said has no say.
///
/// A monitor that we know nothing of (paused, unknown, never checked) has no say while another one has.
pub fn follow(monitors: &[State]) -> ComponentState {
    let (mut up, mut degraded, mut down) = (0, 0, 0);
    for state in monitors {
        match state {
            State::Up => up += 1,
            State::Degraded => degraded += 1,
            State::Down => down += 1,
            State::Confirming | State::Pending | State::Unknown | State::Paused => {}
        }
    }
    match (up, degraded, down) {
        (0, 0, 0) => ComponentState::NoData,
        (0, 0, _) => ComponentState::MajorOutage,
        (_, _, 1..) => ComponentState::PartialOutage,
        (_, 1.., _) => ComponentState::DegradedPerformance,
        _ => ComponentState::Operational,
    }
}

/// The state of a page: a problem or an open incident outweighs maintenance, which never masks it; "no data" has no say.
pub fn page_state(components: impl IntoIterator<Item = ComponentState>, open_incidents: usize) -> PageState {
    let mut maintenance = false;
    let mut problem = open_incidents > 0;
    for state in components {
        problem |= state.is_problem();
        maintenance |= state == ComponentState::UnderMaintenance;
    }
    match (problem, maintenance) {
        (true, _) => PageState::HasIssues,
        (false, true) => PageState::UnderMaintenance,
        (false, false) => PageState::Up,
    }
}

/// The worst of the known states, for a banner or a group; "no data" only when nothing is known.
pub fn worst(components: impl IntoIterator<Item = ComponentState>) -> ComponentState {
    components.into_iter().max().unwrap_or(ComponentState::NoData)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_partly_out_when_some_of_its_monitors_are_down() {
        assert_eq!(follow(&[State::Up, State::Down]), ComponentState::PartialOutage);
        assert_eq!(follow(&[State::Degraded, State::Down]), ComponentState::PartialOutage);
        assert_eq!(follow(&[State::Down, State::Down]), ComponentState::MajorOutage);
    }

    #[test]
    fn a_monitor_without_data_has_no_say_beside_one_with_data() {
        assert_eq!(follow(&[State::Down, State::Paused]), ComponentState::MajorOutage);
        assert_eq!(follow(&[State::Up, State::Pending]), ComponentState::Operational);
    }

    #[test]
    fn no_data_is_never_operational() {
        assert_eq!(follow(&[]), ComponentState::NoData);
        assert_eq!(follow(&[State::Unknown, State::Paused, State::Pending]), ComponentState::NoData);
        assert_eq!(page_state([ComponentState::NoData], 0), PageState::Up);
    }

    #[test]
    fn a_failure_that_nobody_confirmed_is_neither_green_nor_red() {
        assert_eq!(follow(&[State::Confirming]), ComponentState::NoData);
        assert_eq!(follow(&[State::Confirming, State::Degraded]), ComponentState::DegradedPerformance);
    }

    #[test]
    fn maintenance_never_masks_an_outage() {
        let states = [ComponentState::UnderMaintenance, ComponentState::MajorOutage];
        assert_eq!(page_state(states, 0), PageState::HasIssues);
        assert_eq!(page_state([ComponentState::UnderMaintenance], 0), PageState::UnderMaintenance);
        assert_eq!(page_state([ComponentState::UnderMaintenance], 1), PageState::HasIssues);
    }
}

//! What operators see of alert definitions.

use serde::{Deserialize, Serialize};

use super::Named;
use crate::alert::{DefinitionDraft, Level};
use crate::id::{DefinitionId, IntegrationId, MonitorId};
use crate::integration::ProviderKind;
use crate::level_values::LevelVariable;

/// The most definitions on one page of the list: each is a picture.
pub const DEFINITIONS_PER_PAGE: u32 = 25;
/// Monitors that the list names of a definition; the others are counted.
pub const MONITORS_NAMED: i64 = 4;

/// An alert definition in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinitionRow {
    /// The public id.
    pub id: DefinitionId,
    /// Whether it is for every monitor that no other definition names.
    pub is_default: bool,
    /// What it is called.
    pub name: String,
    /// Whether it is used.
    pub active: bool,
    /// Its levels, without what they give to variables.
    pub levels: Vec<Level>,
    /// The first monitors that it names, by name; at most [`MONITORS_NAMED`].
    pub monitors: Vec<String>,
    /// How many it names.
    pub named: i64,
}

/// An alert definition, for programs and for the editor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinitionView {
    /// The public id.
    pub id: DefinitionId,
    /// Whether it is for every monitor that no other definition names.
    pub is_default: bool,
    /// Grows with each change; whoever changes it names the one that it was read with.
    pub version: i64,
    /// What it says.
    pub draft: DefinitionDraft,
    /// The monitors that it names.
    pub monitors: Vec<Named<MonitorId>>,
    /// What its levels leave out.
    pub lacking: Vec<LackingVariable>,
}

/// Everything that the editor of a definition offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinitionForm {
    /// The definition; `None` for a new one.
    pub definition: Option<DefinitionView>,
    /// The integrations that a level may name.
    pub integrations: Vec<IntegrationChoice>,
    /// How many monitors the definition names, also those that are left out of it here.
    pub named: usize,
}

/// An integration that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationChoice {
    /// The public id.
    pub id: IntegrationId,
    /// What it is called.
    pub name: String,
    /// The provider.
    pub kind: ProviderKind,
    /// Whether it is used.
    pub enabled: bool,
    /// Variables that a level must give it.
    pub variables: Vec<LevelVariable>,
}

/// A variable that an integration leaves to a level, and that the level gives no value. It is empty in what is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LackingVariable {
    /// The definition.
    pub definition: Named<DefinitionId>,
    /// The level, from 1 on.
    pub level: u32,
    /// The integration.
    pub integration: Named<IntegrationId>,
    /// The variable.
    pub variable: String,
}

//! What operators see of the installation and of themselves.

use serde::{Deserialize, Serialize};

/// Why links in messages begin as they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkSource {
    /// The configuration says so.
    Configuration,
    /// Somebody wrote it on the settings page.
    Operator,
    /// Somebody logged in there.
    LogIn,
}

/// Where links in messages lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkAddress {
    /// What they begin with, and why; `None` when messages have no links.
    pub used: Option<(String, LinkSource)>,
    /// Whether it opens on this machine only.
    pub only_here: bool,
    /// Where the operator is now, if the request tells.
    pub here: Option<String>,
}

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Myself {
    /// What they are called.
    pub name: String,
    /// The address they log in with.
    pub email: String,
    /// Whether they proved that it is theirs.
    pub confirmed: bool,
}

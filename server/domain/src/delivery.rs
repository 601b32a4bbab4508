//! Deliveries: a message to one integration, and where it stands.

use serde::{Deserialize, Serialize};

/// What stands in the place of the headline of a message that makes no sense to this program.
pub const UNREADABLE: &str = "This message cannot be read.";

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It has not been tried.
    Waiting,
    /// Somebody tries it right now.
    Sending,
    /// It failed, and will be tried again.
    Retrying,
    /// The other side took it.
    Delivered,
    /// It failed for good; somebody may replay it.
    Failed,
    /// It was not sent, and need not be.
    Skipped,
    /// Another message tells it together with others.
    Grouped,
}

impl DeliveryState {
    /// Every state, in the order in which people ask for them.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Sending,
        Self::Retrying,
        Self::Delivered,
        Self::Failed,
        Self::Skipped,
        Self::Grouped,
    ];

    /// The word in the database and in CSS classes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Retrying => "retrying",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Grouped => "grouped",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The word that people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Sending => "Sending",
            Self::Retrying => "Trying again",
            Self::Delivered => "Delivered",
            Self::Failed => "Failed",
            Self::Skipped => "Not sent",
            Self::Grouped => "In one message",
        }
    }
}

//! Slack, where it comes to us: people who allow our app (OAuth v2), and buttons that are pressed (contracts.md 8.2).

mod buttons;
mod install;

use domain::id::DeliveryId;
use domain::secret::Secret;

use super::Services;
use crate::providers::{Answer, Attempting, Call, DeliveryError, Transcript};

pub use buttons::{Action, Named, Pressed, is_signed};
pub use install::{Initiated, SlackRefusal};

/// The app at Slack.
#[derive(Clone, Debug)]
pub struct SlackApp {
    /// Its client id.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: Secret,
    /// What the bot asks for, separated by commas.
    pub scopes: String,
    /// What is asked of whoever installs it; empty for nothing.
    pub user_scopes: String,
    /// Where people allow it.
    pub authorize_url: String,
    /// Where the methods of the Web API are, without a slash at the end.
    pub api_url: String,
}

impl Services {
    async fn call_slack(&self, call: Call) -> std::result::Result<Answer, DeliveryError> {
        let chance = &self.inner.chance;
        let id = DeliveryId::new(chance.bytes());
        let attempting = Attempting {
            id: &id,
            external_id: None,
            further_ids: &[],
            attempts: 0,
            unconfirmed: &[],
            last_delivered: None,
            now: self.now(),
            chance,
            // Tokens stand in it, so nobody keeps it.
            transcript: Transcript::default(),
        };
        self.inner.telling.dispatcher.outbound.send(call, &attempting).await
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

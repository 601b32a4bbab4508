//! What the frame of the console shows on every page.

use domain::time::Timestamp;
use domain::views::console::{Standing, TellingHealth};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

#[cfg(feature = "ssr")]
use crate::context::request;

/// What the frame of the console shows on every page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConsoleFrame {
    /// Who is logged in.
    pub name: String,
    /// What time it is here.
    pub at: Timestamp,
    /// Where the socket goes on, and what is counted.
    pub standing: Standing,
    /// Whether people are told.
    pub telling: TellingHealth,
}

/// What the frame of the console shows.
#[server(endpoint = "read_frame", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_frame() -> Result<ConsoleFrame, AppError> {
    let request = request()?;
    let name = request.viewer.account().map_or_else(String::new, |account| account.name.clone());
    let standing = request.services.standing(&request.viewer).await?;
    let telling = request.services.telling_health(&request.viewer).await?;
    Ok(ConsoleFrame { name, at: request.services.now(), standing, telling })
}

//! What the frame of the console shows on every page.

use domain::event::Seq;
use domain::views::console::{StateCounts, SystemHealth};
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
    /// The last event that is contained: where the socket goes on.
    pub seq: Seq,
    /// How many monitors show each state.
    pub counts: StateCounts,
    /// How Pharos itself is doing.
    pub system: SystemHealth,
}

/// What the frame of the console shows.
#[server(endpoint = "read_frame", input = leptos::server_fn::codec::GetUrl)]
pub async fn read_frame() -> Result<ConsoleFrame, AppError> {
    let request = request()?;
    let name = request.viewer.account().map_or_else(String::new, |account| account.name.clone());
    let overview = request.services.overview(&request.viewer).await?;
    Ok(ConsoleFrame { name, seq: overview.seq, counts: overview.counts, system: overview.system })
}

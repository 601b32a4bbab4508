//! Lists of monitors, and one monitor's page.

use domain::views::console::{MonitorDetail, MonitorList, MonitorQuery, Range};
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {super::id, crate::context::request};

/// A page of the list.
#[server(endpoint = "read_monitors", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_monitors(#[server(default)] query: MonitorQuery) -> Result<MonitorList, AppError> {
    let request = request()?;
    Ok(request.services.monitors(&request.viewer, &query).await?)
}

/// A monitor's own page.
#[server(endpoint = "read_monitor", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_monitor(
    monitor: String,
    #[server(default)] range: Range,
) -> Result<MonitorDetail, AppError> {
    let request = request()?;
    Ok(request.services.monitor(&request.viewer, &id(&monitor)?, range).await?)
}

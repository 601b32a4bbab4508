//! The first screen.

use domain::views::console::Overview;
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use crate::context::request;

/// What is broken now, and what happened lately.
#[server(endpoint = "read_overview", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_overview() -> Result<Overview, AppError> {
    let request = request()?;
    Ok(request.services.overview(&request.viewer).await?)
}

//! The log of deliveries.

use domain::views::console::{DeliveryDetail, DeliveryList, DeliveryQuery, IntegrationChoice};
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::id,
    crate::context::{Sent, request},
    domain::id::DeliveryId,
};

/// The most deliveries that are replayed at once: a page of the log.
#[cfg(feature = "ssr")]
const MAX_REPLAYED: usize = 200;

/// A page of the log, and the integrations to filter by.
#[server(endpoint = "read_deliveries", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_deliveries(
    #[server(default)] query: DeliveryQuery,
) -> Result<(DeliveryList, Vec<IntegrationChoice>), AppError> {
    let request = request()?;
    let list = request.services.deliveries(&request.viewer, &query).await?;
    Ok((list, request.services.integration_choices(&request.viewer).await?))
}

/// A delivery with everything that was said.
#[server(endpoint = "read_delivery", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_delivery(delivery: String) -> Result<DeliveryDetail, AppError> {
    let request = request()?;
    Ok(request.services.delivery(&request.viewer, &id(&delivery)?).await?)
}

/// Sends deliveries once more; says how many.
#[server(endpoint = "replay")]
pub async fn replay(#[server(default)] deliveries: Vec<String>) -> Result<usize, AppError> {
    let request = request()?;
    let ids: Result<Vec<DeliveryId>, _> =
        deliveries.iter().take(MAX_REPLAYED).map(|delivery| id(delivery)).collect();
    let replayed = match ids {
        Ok(ids) => request.services.replay(&request.viewer, &ids).await,
        Err(error) => Err(error),
    };
    Sent::form("replay").answer_showing(replayed, |replayed, flash| {
        flash.values.insert("replayed".to_owned(), replayed.to_string());
    })
}

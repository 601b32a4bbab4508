//! The status page as its editor sees it.

use domain::views::console::{MonitorChoices, PageEditor};
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    crate::context::{Sent, request},
    domain::views::console::PageDraft,
};

/// The page, its groups and its components, and the monitors that a search leaves to choose from.
#[server(endpoint = "read_page", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_page(#[server(default)] search: String) -> Result<(PageEditor, MonitorChoices), AppError> {
    let request = request()?;
    let editor = request.services.page_editor(&request.viewer).await?;
    Ok((editor, request.services.monitor_choices(&request.viewer, &search).await?))
}

/// Monitors that a component may follow, as a search leaves them.
#[server(endpoint = "read_choices", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_choices(#[server(default)] search: String) -> Result<MonitorChoices, AppError> {
    let request = request()?;
    Ok(request.services.monitor_choices(&request.viewer, &search).await?)
}

/// Changes the page's name, description and time zone.
#[server(endpoint = "save_page")]
pub async fn save_page(
    #[server(default)] name: String,
    #[server(default)] description: String,
    #[server(default)] time_zone: String,
) -> Result<(), AppError> {
    let request = request()?;
    let sent = Sent::form("page")
        .with("name", &name)
        .with("description", &description)
        .with("time_zone", &time_zone);
    let saved =
        request.services.save_page(&request.viewer, &PageDraft { name, description, time_zone }).await;
    sent.answer(saved)
}

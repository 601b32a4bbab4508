//! The status page as its editor sees it.

use domain::views::console::PageEditor;
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    crate::context::{Sent, request},
    domain::views::console::PageDraft,
};

/// The page, its groups and its components.
#[server(endpoint = "read_page", input = leptos::server_fn::codec::GetUrl)]
pub async fn read_page() -> Result<PageEditor, AppError> {
    let request = request()?;
    Ok(request.services.page_editor(&request.viewer).await?)
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

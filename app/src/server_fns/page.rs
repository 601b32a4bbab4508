//! The status page as its editor sees it.

use domain::views::console::{EditorQuery, MonitorChoices, PageEditor};
use leptos::prelude::*;

use crate::error::AppError;

/// The page of the editor.
pub const PATH: &str = "/console/page";

#[cfg(feature = "ssr")]
use {
    super::optional_id,
    crate::context::{Sent, request},
    domain::views::console::{Naming, PageDraft},
};

/// One page of the editor of the status page, and the monitors that `find` leaves to choose from.
#[server(endpoint = "read_page", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_page(
    #[server(default)] query: EditorQuery,
    #[server(default)] find: String,
) -> Result<(PageEditor, MonitorChoices), AppError> {
    let request = request()?;
    let editor = request.services.page_editor(&request.viewer, &query).await?;
    Ok((editor, request.services.monitor_choices(&request.viewer, &find, None).await?))
}

/// Monitors to choose from, as a search leaves them. With `of`, the id of what names monitors, it is said which of them are named.
#[server(endpoint = "read_choices", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_choices(
    #[server(default)] search: String,
    #[server(default)] of: String,
) -> Result<MonitorChoices, AppError> {
    let request = request()?;
    let of: Option<Naming> = optional_id(&of)?;
    Ok(request.services.monitor_choices(&request.viewer, &search, of.as_ref()).await?)
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

//! Groups of components.

use domain::views::console::Move;
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::id,
    super::page::PATH,
    crate::components::listing::address,
    crate::context::{Request, Sent, request},
    domain::id::GroupId,
};

/// Adds a group at the end. When that is not on the page `at` of what is shown, which `q` may leave only a part of, the browser goes there.
#[server(endpoint = "add_group")]
pub async fn add_group(
    #[server(default)] name: String,
    #[server(default)] q: String,
    #[server(default)] at: u32,
) -> Result<(), AppError> {
    let request = request()?;
    let added = match request.services.add_group(&request.viewer, &name).await {
        Ok(added) => added,
        Err(error) => return Sent::form("add-group").with("name", name).answer(Err(error)),
    };
    // The line is empty for the next one.
    let sent = Sent::form("add-group");
    match elsewhere(&request, &added, &q, at).await {
        Some(page) => sent.answer_then(Ok(()), |()| format!("{page}#add-group")),
        None => sent.answer(Ok(())),
    }
}

/// Changes a group's name.
#[server(endpoint = "rename_group")]
pub async fn rename_group(group: String, #[server(default)] name: String) -> Result<(), AppError> {
    let request = request()?;
    let renamed = match id(&group) {
        Ok(id) => request.services.rename_group(&request.viewer, &id, &name).await,
        Err(error) => Err(error),
    };
    Sent::form(format!("rename-{group}")).with("name", name).answer(renamed)
}

/// Moves a group one place up or down. When it begins on another page of the list than `at` then, the browser follows.
#[server(endpoint = "move_group")]
pub async fn move_group(group: String, to: Move, #[server(default)] at: u32) -> Result<(), AppError> {
    let request = request()?;
    let (moved, page) = match id(&group) {
        Ok(id) => {
            let moved = request.services.move_group(&request.viewer, &id, to).await;
            (moved, elsewhere(&request, &id, "", at).await)
        }
        Err(error) => (Err(error), None),
    };
    let form = format!("move-{group}");
    match page.filter(|_| moved.is_ok()) {
        Some(page) => Sent::form(&form).answer_then(moved, |()| format!("{page}#{form}")),
        None => Sent::form(form).answer(moved),
    }
}

/// Deletes a group; its components stay, without one. Goes back to the page `at` of the list.
#[server(endpoint = "delete_group")]
pub async fn delete_group(group: String, #[server(default)] at: u32) -> Result<(), AppError> {
    let request = request()?;
    let deleted = match id(&group) {
        Ok(id) => request.services.delete_group(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    Sent::form(format!("delete-{group}")).answer_then(deleted, |()| address(PATH, "", at))
}

/// The page of the list where a group begins, when that is not the page `at` of the whole list. Nobody who names no page is led anywhere.
#[cfg(feature = "ssr")]
async fn elsewhere(request: &Request, group: &GroupId, q: &str, at: u32) -> Option<String> {
    let page = request.services.group_page(&request.viewer, group).await.ok()?;
    (at > 0 && (page != at || !q.is_empty())).then(|| address(PATH, "", page))
}

//! Groups of components.

use domain::views::console::Move;
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::id,
    crate::context::{Sent, request},
};

/// Adds a group at the end.
#[server(endpoint = "add_group")]
pub async fn add_group(#[server(default)] name: String) -> Result<(), AppError> {
    let request = request()?;
    let added = request.services.add_group(&request.viewer, &name).await.map(drop);
    Sent::form("add-group").with("name", name).answer(added)
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

/// Moves a group one place up or down.
#[server(endpoint = "move_group")]
pub async fn move_group(group: String, to: Move) -> Result<(), AppError> {
    let request = request()?;
    let moved = match id(&group) {
        Ok(id) => request.services.move_group(&request.viewer, &id, to).await,
        Err(error) => Err(error),
    };
    Sent::form(format!("move-{group}")).answer(moved)
}

/// Deletes a group; its components stay, without one.
#[server(endpoint = "delete_group")]
pub async fn delete_group(group: String) -> Result<(), AppError> {
    let request = request()?;
    let deleted = match id(&group) {
        Ok(id) => request.services.delete_group(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    Sent::form(format!("delete-{group}")).answer_then(deleted, |()| "/console/page".to_owned())
}

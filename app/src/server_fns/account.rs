//! What people change of themselves.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    crate::context::{Sent, request},
    engine::services::session::SessionChange,
};

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Myself {
    /// What they are called.
    pub name: String,
    /// The address they log in with.
    pub email: String,
}

/// Who is logged in.
#[server(endpoint = "read_myself", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_myself() -> Result<Myself, AppError> {
    let request = request()?;
    let account = request.viewer.account().ok_or(AppError::Forbidden)?;
    Ok(Myself { name: account.name.clone(), email: account.email.clone() })
}

/// Changes what the person is called.
#[server(endpoint = "rename_myself")]
pub async fn rename_myself(#[server(default)] name: String) -> Result<(), AppError> {
    let request = request()?;
    let renamed = request.services.rename(&request.viewer, &name).await;
    Sent::form("account").with("name", name).answer(renamed)
}

/// Changes the person's password; their other sessions end.
#[server(endpoint = "change_password")]
pub async fn change_password(
    #[server(default)] current: String,
    #[server(default)] new: String,
) -> Result<(), AppError> {
    let request = request()?;
    let changed = request.services.change_password(&request.viewer, &current, &new).await;
    if let (Ok(()), Some(account)) = (&changed, request.viewer.account()) {
        request.session.set(SessionChange::Begin(account.key));
    }
    Sent::form("password").answer(changed)
}

//! What people change of themselves, and of where links lead.

use domain::views::console::{LinkAddress, Myself};
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    crate::context::{Sent, request},
    engine::services::session::SessionChange,
};

/// Who is logged in.
#[server(endpoint = "read_myself", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_myself() -> Result<Myself, AppError> {
    let request = request()?;
    Ok(request.services.myself(&request.viewer).await?)
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

/// Changes the address that the person logs in with.
#[server(endpoint = "change_email")]
pub async fn change_email(
    #[server(default)] email: String,
    #[server(default)] current: String,
) -> Result<(), AppError> {
    let request = request()?;
    let changed = request.services.change_email(&request.viewer, &email, &current).await;
    Sent::form("email").with("email", email).answer(changed)
}

/// Mails the person a link that proves that the address is theirs.
#[server(endpoint = "send_my_link")]
pub async fn send_my_link() -> Result<(), AppError> {
    let request = request()?;
    let sent = request.services.send_own_link(&request.viewer).await.map(drop);
    Sent::form("send-link").answer(sent)
}

/// Mails a link to each address of an integration that belongs to an account and is not confirmed.
#[server(endpoint = "send_links")]
pub async fn send_links(integration: String) -> Result<(), AppError> {
    let request = request()?;
    let sent = match super::id(&integration) {
        Ok(id) => request.services.send_links_of(&request.viewer, &id).await.map(drop),
        Err(error) => Err(error),
    };
    Sent::form("send-link").answer(sent)
}

/// Whose address a mailed link confirms; nothing when it holds no more. Looking confirms nothing.
#[server(endpoint = "read_confirmation", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_confirmation(#[server(default)] token: String) -> Result<Option<String>, AppError> {
    Ok(request()?.services.confirmation(&token).await?)
}

/// Confirms an address. Whoever has the link may, logged in or not.
#[server(endpoint = "confirm_address")]
pub async fn confirm_address(#[server(default)] token: String) -> Result<(), AppError> {
    let request = request()?;
    let confirmed = request.services.confirm(&token).await.map(drop);
    Sent::form("confirm").answer(confirmed)
}

/// Where links in messages lead.
#[server(endpoint = "read_links", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_links() -> Result<LinkAddress, AppError> {
    let request = request()?;
    Ok(request.services.link_address(&request.viewer, request.origin.as_ref()).await?)
}

/// Lets links in messages lead to an address; an empty one lets log-ins decide.
#[server(endpoint = "set_links")]
pub async fn set_links(#[server(default)] url: String) -> Result<(), AppError> {
    let request = request()?;
    let set = request.services.set_link_address(&request.viewer, &url).await;
    Sent::form("links").with("url", url).answer(set)
}

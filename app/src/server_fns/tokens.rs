//! Tokens of programs.

use domain::views::console::{ListQuery, Listed, TokenRow};
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::id,
    crate::context::{Sent, request},
};

/// The value with a new token, in the flash of a page without scripts.
pub const TOKEN: &str = "token";

/// A page of the list.
#[server(endpoint = "read_tokens", input = leptos::server_fn::codec::GetUrl, output = crate::codec::Answer)]
pub async fn read_tokens(#[server(default)] query: ListQuery) -> Result<Listed<TokenRow>, AppError> {
    let request = request()?;
    Ok(request.services.token_list(&request.viewer, &query).await?)
}

/// Makes a token and answers with its text, this one time. A page without scripts gets it through the session, which forgets it
/// with the next page.
#[server(endpoint = "create_token")]
pub async fn create_token(#[server(default)] name: String) -> Result<String, AppError> {
    let request = request()?;
    let made = request.services.create_token(&request.viewer, &name).await;
    let made = made.map(|(_, secret)| secret.expose().to_owned());
    Sent::form("token").with("name", name).answer_showing(made, |token, flash| {
        flash.values.remove("name");
        flash.values.insert(TOKEN.to_owned(), token.clone());
    })
}

/// Takes a token back: programs that use it are refused from now on.
#[server(endpoint = "revoke_token")]
pub async fn revoke_token(token: String) -> Result<(), AppError> {
    let request = request()?;
    let revoked = match id(&token) {
        Ok(id) => request.services.delete_token(&request.viewer, &id).await,
        Err(error) => Err(error),
    };
    Sent::form(format!("revoke-{token}")).answer(revoked)
}

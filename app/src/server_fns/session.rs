//! Logging in and out.

use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    crate::context::{Sent, is_local, redirect, request},
    engine::services::session::SessionChange,
};

/// Logs in with an address and a password, and goes on to `next`.
#[server(endpoint = "log_in")]
pub async fn log_in(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    let request = request()?;
    let sent = Sent::form("login").with("email", &email);
    if let Err(refused) = request.can_log_in() {
        return sent.answer(Err(refused));
    }
    let mark = request.mark.as_deref();
    let found = request.services.log_in(&email, &password, &request.client, mark).await;
    if let Ok(account) = &found {
        request.entered(account).await;
    }
    let entered = found.map(|account| request.session.set(SessionChange::Begin(account.key)));
    let next = if is_local(&next) { next } else { "/console".to_owned() };
    sent.answer_then(entered, |()| next)
}

/// Logs out.
#[server(endpoint = "log_out")]
pub async fn log_out() -> Result<(), AppError> {
    request()?.session.set(SessionChange::End);
    redirect("/login");
    Ok(())
}

//! The first minutes: an account, addresses, and a page that is live.

use std::collections::HashSet;

use domain::form::Form;
use domain::views::console::Tried;
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use {
    super::id,
    crate::context::{Sent, is_local, request},
    engine::services::{ServiceError, people::NewAccount, session::SessionChange},
};

/// The id of the form of names.
pub const NAMES: &str = "names";

/// The most addresses that are taken at once.
pub const MAX_ADDRESSES: usize = 50;

/// Makes the first account for whoever holds the set-up link, and logs them in.
#[server(endpoint = "set_up")]
pub async fn set_up(
    #[server(default)] token: String,
    #[server(default)] name: String,
    #[server(default)] email: String,
    #[server(default)] password: String,
) -> Result<(), AppError> {
    let request = request()?;
    let sent = Sent::form("account").with("name", &name).with("email", &email);
    if let Err(refused) = request.can_log_in() {
        return sent.answer(Err(refused));
    }
    let made = request.services.set_up(&token, &NewAccount { email, name, password }).await;
    if let Ok(account) = &made {
        request.entered(account).await;
    }
    let entered = made.map(|account| request.session.set(SessionChange::Begin(account.key)));
    sent.answer_then(entered, |()| "/setup?step=addresses".to_owned())
}

/// Recognises one pasted line and tries it.
#[server(endpoint = "try_address", output = crate::codec::Answer)]
pub async fn try_address(#[server(default)] line: String) -> Result<Tried, AppError> {
    let request = request()?;
    Ok(request.services.try_address(&request.viewer, &line).await?)
}

/// Recognises pasted lines and tries each, for pages without scripts.
#[server(endpoint = "try_addresses")]
pub async fn try_addresses(#[server(default)] address: String) -> Result<Vec<Tried>, AppError> {
    let request = request()?;
    let tried = request.services.try_addresses(&request.viewer, &split(&address)).await;
    Sent::form("addresses")
        .with("address", address)
        .answer_showing(tried, |tried, flash| flash.tried.clone_from(tried))
}

/// Adds a monitor for each pasted line.
#[server(endpoint = "add_addresses")]
pub async fn add_addresses(
    #[server(default)] address: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    let request = request()?;
    let added = request.services.add_addresses(&request.viewer, &split(&address)).await.map(drop);
    let next = if is_local(&next) { next } else { "/setup?step=alerts".to_owned() };
    Sent::form("addresses").with("address", address).answer_then(added, |()| next)
}

/// Gives components of the page the names that the public reads, by their ids, and goes on to `next` if there is one.
#[server(endpoint = "rename_components")]
pub async fn rename_components(
    #[server(default)] names: Form,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    let request = request()?;
    let wanted: Result<Vec<_>, ServiceError> =
        names.iter().map(|(component, name)| Ok((id(component)?, name.clone()))).collect();
    let renamed = match wanted {
        Ok(wanted) => request.services.rename_components(&request.viewer, &wanted).await,
        Err(error) => Err(error),
    };
    let sent = Sent::form(NAMES).with_all(&names);
    if is_local(&next) { sent.answer_then(renamed, |()| next) } else { sent.answer(renamed) }
}

/// The lines that say something, each once.
pub fn split(lines: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty() && seen.insert(*line));
    lines.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_line_counts_once_and_none_is_left_out() {
        assert_eq!(split("a.example\nb.example\n a.example"), ["a.example", "b.example"]);
        let many: Vec<_> = (0..60).map(|number| format!("{number}.example")).collect();
        assert_eq!(split(&many.join("\n")), many);
    }

    #[test]
    fn empty_lines_say_nothing() {
        assert_eq!(split(" a.example \r\n\n\tb.example:443\n"), ["a.example", "b.example:443"]);
    }
}

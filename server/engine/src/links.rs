//! Where links in messages lead: what the configuration says, else what an operator wrote, else where operators log in.
//!
//! Requests name any host that their sender likes, so the address of a request counts only once somebody with the right password
//! came that way; and it gives way to nothing but a better one.

use domain::origin::Origin;
use domain::views::console::LinkSource;

use crate::store::{self, Tx, settings};

/// The setting that an operator wrote.
const WRITTEN: &str = "base_url";
/// The setting that log-ins leave.
const SEEN: &str = "base_url_seen";

/// What links begin with, and why; `configured` is empty when the configuration says nothing.
///
/// # Errors
/// When the database fails.
pub(crate) async fn used(tx: &mut Tx, configured: &str) -> store::Result<Option<(String, LinkSource)>> {
    if !configured.is_empty() {
        return Ok(Some((configured.to_owned(), LinkSource::Configuration)));
    }
    if let Some(written) = settings::get(tx, WRITTEN).await? {
        return Ok(Some((written, LinkSource::Operator)));
    }
    Ok(settings::get(tx, SEEN).await?.map(|seen| (seen, LinkSource::LogIn)))
}

/// The same without the reason; empty when messages have no links.
///
/// # Errors
/// When the database fails.
pub(crate) async fn base_url(tx: &mut Tx, configured: &str) -> store::Result<String> {
    Ok(used(tx, configured).await?.map(|(url, _)| url).unwrap_or_default())
}

/// Whether a log-in at this address would change anything.
pub(crate) async fn is_news(tx: &mut Tx, origin: &Origin) -> store::Result<bool> {
    let known = settings::get(tx, SEEN).await?.and_then(|seen| seen.parse::<Origin>().ok());
    Ok(known.is_none_or(|known| origin.is_better_than(&known)))
}

/// Remembers where somebody logged in.
pub(crate) async fn see(tx: &mut Tx, origin: &Origin) -> store::Result<()> {
    settings::put(tx, SEEN, origin.as_str()).await
}

/// Keeps what an operator wrote; `None` forgets it, and what log-ins left.
pub(crate) async fn write(tx: &mut Tx, origin: Option<&Origin>) -> store::Result<()> {
    if let Some(origin) = origin {
        return settings::put(tx, WRITTEN, origin.as_str()).await;
    }
    settings::remove(tx, WRITTEN).await?;
    settings::remove(tx, SEEN).await
}

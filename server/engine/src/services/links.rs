//! Where links in messages lead, and how that is changed.

use domain::origin::Origin;
use domain::person::Viewer;
use domain::views::console::LinkAddress;

use super::{Result, ServiceError, Services, operator};
use crate::links;

impl Services {
    /// Remembers where somebody logged in, unless a better address is known. Only for a person who has just proved who they are:
    /// anybody can name any host in a request.
    pub async fn logged_in_at(&self, viewer: &Viewer, origin: &Origin) -> Result<()> {
        if viewer.account().is_none() {
            return Err(ServiceError::Forbidden);
        }
        // Most log-ins change nothing, and must not wait for whoever writes.
        if !links::is_news(&mut self.inner.db.read().await?, origin).await? {
            return Ok(());
        }
        let mut tx = self.inner.db.write().await?;
        if links::is_news(&mut tx, origin).await? {
            links::see(&mut tx, origin).await?;
            tx.commit().await?;
            tracing::info!(%origin, who = viewer.words(), "links in messages begin with this, unless somebody says otherwise");
        }
        Ok(())
    }

    /// Where links in messages lead; `here` is where the operator is now.
    pub async fn link_address(&self, viewer: &Viewer, here: Option<&Origin>) -> Result<LinkAddress> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let used = links::used(&mut tx, self.configured_url()).await?;
        let origin = used.as_ref().and_then(|(url, _)| url.parse::<Origin>().ok());
        Ok(LinkAddress {
            only_here: origin.is_some_and(|origin| origin.is_this_machine()),
            used,
            here: here.map(ToString::to_string),
        })
    }

    /// Lets links in messages begin with what an operator wrote; an empty text forgets that, and the next log-in decides again.
    ///
    /// # Errors
    /// `Invalid` with the field `url`; `Conflict` when the configuration decides.
    pub async fn set_link_address(&self, viewer: &Viewer, url: &str) -> Result<()> {
        operator(viewer)?;
        if !self.configured_url().is_empty() {
            let message = "The configuration says where links lead (server.base_url); change it there.";
            return Err(ServiceError::Conflict(message.to_owned()));
        }
        let origin = match url.trim() {
            "" => None,
            url => Some(url.parse::<Origin>().map_err(|why| ServiceError::invalid("url", why))?),
        };
        let mut tx = self.inner.db.write().await?;
        links::write(&mut tx, origin.as_ref()).await?;
        tx.commit().await?;
        tracing::info!(
            origin = origin.as_ref().map_or("", Origin::as_str),
            who = viewer.words(),
            "where links in messages lead was changed"
        );
        Ok(())
    }

    /// Where the installation is as the configuration says, without a slash at the end; empty when it says nothing.
    pub fn configured_url(&self) -> &str {
        &self.inner.telling.planner.base_url
    }
}

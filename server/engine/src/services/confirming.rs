//! Whether an address is somebody's own: nothing is sent to the address of an account before whoever has it opened a link that was
//! mailed there. Otherwise an account could be opened with another person's address, and the alerts would be theirs.

use std::time::Duration;

use domain::id::{AccountKey, DeliveryId, IntegrationId};
use domain::integration::IntegrationSettings;
use domain::person::Viewer;
use domain::time::{DAY, HOUR, Timestamp};
use domain::views::console::Myself;

use super::people::fingerprint;
use super::{Result, ServiceError, Services, operator};
use crate::links;
use crate::providers::{Attempting, Transcript, send_confirmation};
use crate::store::{Tx, accounts, confirmations, integrations};

/// How long a link holds, in milliseconds.
const LIFETIME: i64 = DAY;
/// Links that an account is mailed within [`WINDOW`]: nobody's mailbox is flooded from here.
const MOST: usize = 3;
/// In milliseconds.
const WINDOW: i64 = HOUR;
/// Bytes of chance in a link.
const TOKEN_BYTES: usize = 32;

impl Services {
    /// Who is logged in.
    pub async fn myself(&self, viewer: &Viewer) -> Result<Myself> {
        let account = viewer.account().ok_or(ServiceError::Forbidden)?;
        let unconfirmed = accounts::unconfirmed(&mut self.inner.db.read().await?).await?;
        Ok(Myself {
            name: account.name.clone(),
            email: account.email.clone(),
            confirmed: unconfirmed.iter().all(|(key, _)| *key != account.key),
        })
    }

    /// Mails the viewer a link that proves that their address is theirs; returns the address.
    ///
    /// # Errors
    /// `Conflict` with what to do when it is proven already or the mail cannot be sent; `TooMany`.
    pub async fn send_own_link(&self, viewer: &Viewer) -> Result<String> {
        let account = viewer.account().ok_or(ServiceError::Forbidden)?;
        let unconfirmed = accounts::unconfirmed(&mut self.inner.db.read().await?).await?;
        let own = unconfirmed.into_iter().find(|(key, _)| *key == account.key);
        let (key, email) = own.ok_or_else(confirmed_already)?;
        self.send_link(key, &email).await?;
        Ok(email)
    }

    /// Mails a link to each address of an integration that belongs to an account and is not confirmed; returns the addresses.
    ///
    /// # Errors
    /// As [`Self::send_own_link`].
    pub async fn send_links_of(&self, viewer: &Viewer, id: &IntegrationId) -> Result<Vec<String>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let one = integrations::by_id(&mut tx, id).await?.ok_or(ServiceError::NotFound)?;
        let unconfirmed = accounts::unconfirmed(&mut tx).await?;
        drop(tx);
        let of_it: Vec<_> =
            unconfirmed.into_iter().filter(|(_, email)| one.unconfirmed.contains(email)).collect();
        if of_it.is_empty() {
            return Err(confirmed_already());
        }
        for (key, email) in &of_it {
            self.send_link(*key, email).await?;
        }
        Ok(of_it.into_iter().map(|(_, email)| email).collect())
    }

    /// Whose address a link confirms; `None` when it holds no more. Nothing changes by looking: programs that search mails for
    /// harm open every link.
    pub async fn confirmation(&self, token: &str) -> Result<Option<String>> {
        let mut tx = self.inner.db.read().await?;
        Ok(email_of(&mut tx, token, self.now()).await?.map(|(_, email)| email))
    }

    /// Confirms an address, by the link that was mailed to it. It holds once. Returns the address.
    ///
    /// # Errors
    /// `Invalid` with the field `token` when it holds no more.
    pub async fn confirm(&self, token: &str) -> Result<String> {
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let Some((key, email)) = email_of(&mut tx, token, now).await? else {
            let message = "This link has expired or was used. Log in, and send it again under Settings.";
            return Err(ServiceError::invalid("token", message));
        };
        for one in integrations::all(&mut tx).await? {
            // What stood in the way is gone; whatever else does is noticed with the next message.
            if one.failing.is_some() && one.unconfirmed.contains(&email) {
                integrations::set_failing(&mut tx, one.key, None, now).await?;
            }
        }
        accounts::set_confirmed(&mut tx, key, now).await?;
        confirmations::delete_of(&mut tx, key).await?;
        tx.commit().await?;
        tracing::info!(email, "an address was confirmed");
        Ok(email)
    }

    /// Mails the first link to each address of an account that an integration begins to use. Nobody waits for it, and nobody is
    /// told when it fails: the page of the integration says that the address is not confirmed, and sends the link again.
    pub(crate) async fn send_first_links(&self, settings: &IntegrationSettings) -> Result<()> {
        if !matches!(settings, IntegrationSettings::Email(_)) || self.outbound().mail().is_none() {
            return Ok(());
        }
        let mut tx = self.inner.db.read().await?;
        for (key, email) in accounts::unconfirmed(&mut tx).await? {
            let is_new = confirmations::ends(&mut tx, key, self.now()).await?.is_empty();
            if settings.writes_to(&email) && is_new {
                let services = self.clone();
                tokio::spawn(async move {
                    if let Err(error) = services.send_link(key, &email).await {
                        tracing::warn!(%error, email, "the link that confirms an address could not be mailed");
                    }
                });
            }
        }
        Ok(())
    }

    /// Those addresses of settings that get nothing: they belong to accounts, and are not confirmed.
    pub(crate) async fn unconfirmed_of(&self, settings: &IntegrationSettings) -> Result<Vec<String>> {
        if !matches!(settings, IntegrationSettings::Email(_)) {
            return Ok(Vec::new());
        }
        let all = accounts::unconfirmed(&mut self.inner.db.read().await?).await?;
        Ok(all.into_iter().map(|(_, email)| email).filter(|email| settings.writes_to(email)).collect())
    }

    async fn send_link(&self, account: AccountKey, email: &str) -> Result<()> {
        let (now, chance) = (self.now(), &self.inner.chance);
        if self.outbound().mail().is_none() {
            return Err(refused(
                "This installation has no mail server: fill in mail.host, mail.port and mail.from in its configuration.",
            ));
        }
        let token = hexadecimal(&chance.bytes::<TOKEN_BYTES>());
        let hash = fingerprint(&token);
        let mut tx = self.inner.db.write().await?;
        let base = links::base_url(&mut tx, self.configured_url()).await?;
        if base.is_empty() {
            return Err(refused(
                "Pharos does not know its own address, so the link would lead nowhere: write it under Settings, “Links in messages”.",
            ));
        }
        confirmations::delete_expired(&mut tx, now).await?;
        // A link that was mailed so long ago ends then.
        let lately = confirmations::ends(&mut tx, account, Timestamp(now.0 + LIFETIME - WINDOW)).await?;
        if lately.len() >= MOST
            && let Some(first) = lately.first()
        {
            let wait = (first.0 - LIFETIME + WINDOW - now.0).max(1_000);
            return Err(ServiceError::TooMany { retry_after: Duration::from_millis(wait.cast_unsigned()) });
        }
        confirmations::insert(&mut tx, &hash, account, Timestamp(now.0 + LIFETIME)).await?;
        tx.commit().await?;
        let id = DeliveryId::new(chance.bytes());
        let attempting = Attempting {
            id: &id,
            external_id: None,
            further_ids: &[],
            attempts: 0,
            unconfirmed: &[],
            last_delivered: None,
            now,
            chance,
            // The link is in it, so nobody keeps it.
            transcript: Transcript::default(),
        };
        let link = format!("{base}/confirm/{token}");
        if let Err(error) = send_confirmation(self.outbound(), email, &link, &attempting).await {
            // Nobody has it, so it does not count.
            let mut tx = self.inner.db.write().await?;
            confirmations::delete(&mut tx, &hash).await?;
            tx.commit().await?;
            return Err(refused(&format!("The link could not be mailed: {error}")));
        }
        Ok(())
    }

    fn outbound(&self) -> &crate::providers::Outbound {
        &self.inner.telling.dispatcher.outbound
    }
}

async fn email_of(tx: &mut Tx, token: &str, now: Timestamp) -> Result<Option<(AccountKey, String)>> {
    let Some(key) = confirmations::find(tx, &fingerprint(token), now).await? else { return Ok(None) };
    Ok(accounts::by_key(tx, key).await?.map(|found| (key, found.account.email)))
}

fn confirmed_already() -> ServiceError {
    refused("It is confirmed already.")
}

fn refused(sentence: &str) -> ServiceError {
    ServiceError::Conflict(sentence.to_owned())
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

//! How integrations stand: whether their messages arrive, and which of them were switched off because none ever will.

use domain::id::IntegrationKey;
use domain::integration::IntegrationSettings;
use domain::time::Timestamp;

use super::{Result, Tx, integrations, sql};
use crate::seal::SealError;

/// Why the settings of an integration cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A secret among them does not open.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// They make no sense to this program.
    #[error("{0}")]
    Foreign(String),
}

impl Unreadable {
    /// Whether only a key is missing, which may come back.
    pub fn lacks_key(&self) -> bool {
        matches!(self, Self::Sealed(SealError::UnknownKey { .. }))
    }
}

/// Marks an integration whose messages fail for good, or takes the mark away; the first of the failures counts. One that is switched off
/// gets no mark: that would say that it was switched off for it.
pub async fn set_failing(
    tx: &mut Tx,
    key: IntegrationKey,
    reason: Option<&str>,
    at: Timestamp,
) -> Result<()> {
    sql!(tx, |conn| sqlx::query(
        "update integrations set failing = $1, failing_since = case when $1 is null then null \
         when failing_since is null then $2 else failing_since end where id = $3 and (enabled or $1 is null)"
    )
    .bind(reason)
    .bind(at.0)
    .bind(key.0)
    .execute(conn)
    .await?
    .rows_affected());
    Ok(())
}

/// Switches an integration off and marks why, unless its settings are no longer those of which that is known.
pub async fn switch_off(
    tx: &mut Tx,
    key: IntegrationKey,
    before: &IntegrationSettings,
    why: &str,
    at: Timestamp,
) -> Result<()> {
    integrations::lock(tx, key).await?;
    if integrations::get(tx, key).await?.is_none_or(|now| now.settings.as_ref() != Ok(before)) {
        return Ok(());
    }
    sql!(tx, |conn| {
        sqlx::query(
        "update integrations set enabled = $1, failing = $2, failing_since = $3, updated_at = $3 where id = $4"
    )
    .bind(false)
    .bind(why)
    .bind(at.0)
    .bind(key.0)
    .execute(conn)
    .await?
    .rows_affected()
    });
    Ok(())
}

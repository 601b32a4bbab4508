//! What a custom integration would send, before anybody is told.

use domain::custom::{self, CustomSettings};
use domain::form::{Form, MAX_LONG_TEXT_BYTES};
use domain::id::IntegrationId;
use domain::integration::{IntegrationSettings, ProviderKind, custom as provider};
use domain::person::Viewer;
use domain::template::catalogue;
use domain::views::console::{CustomPreview, TemplateWord};

use super::integrations::load;
use super::{Result, ServiceError, Services, operator};
use crate::store::deliveries;

/// What the templates of a provider can say.
pub(super) fn words(kind: ProviderKind) -> Vec<TemplateWord> {
    if kind == ProviderKind::Custom { catalogue::words() } else { Vec::new() }
}

impl Services {
    /// What a definition as it stands in a form would send, with the facts of the last alert that was told. Secrets that were not typed
    /// are those of the integration `id`; none is shown.
    pub async fn preview_custom(
        &self,
        viewer: &Viewer,
        id: Option<&IntegrationId>,
        definition: &str,
    ) -> Result<CustomPreview> {
        operator(viewer)?;
        if definition.len() > MAX_LONG_TEXT_BYTES {
            let message = format!("This is longer than {MAX_LONG_TEXT_BYTES} bytes; please shorten it.");
            return Err(ServiceError::invalid(provider::FIELD, message));
        }
        let old = match id {
            Some(id) => {
                let mut tx = self.inner.db.read().await?;
                load(&mut tx, id).await?.settings.ok()
            }
            None => None,
        };
        let old = match old {
            Some(IntegrationSettings::Custom(old)) => Some(*old),
            _ => None,
        };
        self.previewed(definition.to_owned(), old).await
    }

    /// The preview for the form of an integration; `None` for providers that write their messages themselves.
    pub(super) async fn preview(
        &self,
        kind: ProviderKind,
        old: Option<&IntegrationSettings>,
        values: &Form,
    ) -> Result<Option<CustomPreview>> {
        if kind != ProviderKind::Custom {
            return Ok(None);
        }
        let definition = values.get(provider::FIELD).cloned().unwrap_or_default();
        let old = match old {
            Some(IntegrationSettings::Custom(old)) => Some(CustomSettings::clone(old)),
            _ => None,
        };
        Ok(Some(self.previewed(definition, old).await?))
    }

    async fn previewed(&self, definition: String, old: Option<CustomSettings>) -> Result<CustomPreview> {
        let mut tx = self.inner.db.read().await?;
        let told = deliveries::last_alert(&mut tx).await?;
        drop(tx);
        let told = told.and_then(|message| {
            let alert = message.alert()?;
            Some((custom::facts(&message, alert), (alert.monitor.name.clone(), message.at)))
        });
        let (facts, from) = told.unzip();
        // A pattern may take its time, which the threads that serve requests have not.
        let preview = tokio::task::spawn_blocking(move || {
            let preview = provider::preview(&definition, old.as_ref(), facts.as_ref());
            CustomPreview { from, ..preview }
        });
        preview.await.map_err(|error| ServiceError::Internal(error.to_string()))
    }
}

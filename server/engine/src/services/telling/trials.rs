//! Trying integrations: an example is sent at once, and everything that was said is shown.

use domain::alert::AlertKind;
use domain::form::Form;
use domain::id::{AlertId, DeliveryId, IncidentId, IntegrationId, MonitorId};
use domain::integration::email::unconfirmed_words;
use domain::integration::{IntegrationDraft, IntegrationSettings, ProviderKind};
use domain::message::{Alert, Body, Message};
use domain::person::Viewer;
use domain::views::console::IntegrationTrial;

use super::integrations::load;
use super::{Result, ServiceError, Services, operator};
use crate::links;
use crate::providers::Reach;

impl Services {
    /// Sends an example through settings as they stand in a form, saved or not, and says everything that was sent and answered.
    pub async fn try_integration(
        &self,
        viewer: &Viewer,
        id: Option<&IntegrationId>,
        kind: ProviderKind,
        form: &Form,
        example: AlertKind,
    ) -> Result<IntegrationTrial> {
        operator(viewer)?;
        let old = match id {
            Some(id) => {
                let mut tx = self.inner.db.read().await?;
                load(&mut tx, id).await?.settings.ok()
            }
            None => None,
        };
        let draft = IntegrationDraft::from_form(kind, form, old.as_ref()).map_err(ServiceError::Invalid)?;
        self.trial(&draft.settings, example).await
    }

    /// Sends an example through an integration as it is stored.
    pub async fn try_stored_integration(
        &self,
        viewer: &Viewer,
        id: &IntegrationId,
        example: AlertKind,
    ) -> Result<IntegrationTrial> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let one = load(&mut tx, id).await?;
        drop(tx);
        let settings = one
            .settings
            .map_err(|why| ServiceError::Conflict(format!("Its settings cannot be read: {why}")))?;
        self.trial(&settings, example).await
    }

    async fn trial(&self, settings: &IntegrationSettings, example: AlertKind) -> Result<IntegrationTrial> {
        let unconfirmed = self.unconfirmed_of(settings).await?;
        if settings.writes_only_to(&unconfirmed) {
            // A trial must not say that messages arrive where none will.
            return Ok(IntegrationTrial {
                ok: false,
                words: Some(unconfirmed_words(&unconfirmed)),
                request: String::new(),
                response: String::new(),
                status: None,
                duration_ms: 0,
            });
        }
        let base_url = links::base_url(&mut self.inner.db.read().await?, self.configured_url()).await?;
        let (chance, now) = (&self.inner.chance, self.now());
        let alert = Alert::example(
            example,
            AlertId::new(chance.bytes()),
            IncidentId::new(chance.bytes()),
            MonitorId::new(chance.bytes()),
            now,
        );
        let telling = &self.inner.telling;
        let message = Message {
            at: now,
            base_url,
            time_zone: "UTC".to_owned(),
            project: self.project_id().await,
            only: Vec::new(),
            body: Body::Alert(Box::new(alert)),
        };
        let id = DeliveryId::new(chance.bytes());
        let trial = telling.dispatcher.trial(settings, &unconfirmed, &message, &id, self.trial_limit);
        let (attempt, result) = trial.await;
        Ok(IntegrationTrial {
            ok: result.as_ref().is_ok_and(|receipt| !matches!(receipt.reach, Reach::Nobody(_))),
            words: match &result {
                Ok(receipt) => receipt.missed().map(ToOwned::to_owned),
                Err(error) => Some(error.to_string()),
            },
            request: attempt.request,
            response: attempt.response,
            status: attempt.status,
            duration_ms: attempt.duration_ms,
        })
    }
}

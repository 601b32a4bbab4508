//! Subscriptions to events.

use domain::event_id;
use domain::form::FieldError;
use domain::id::{MonitorId, SubscriptionId};
use domain::person::Viewer;
use domain::views::console::{Named, SubscriptionDraft, SubscriptionRow};

use super::integrations::key;
use super::{Result, ServiceError, Services, operator};
use crate::store::{Tx, monitors, subscriptions};

impl Services {
    /// Every subscription, by name.
    pub async fn subscriptions(&self, viewer: &Viewer) -> Result<Vec<SubscriptionRow>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        Ok(subscriptions::all(&mut tx).await?.into_iter().map(|known| known.view).collect())
    }

    /// What monitors are called; those that are gone are left out.
    pub async fn monitor_names(&self, viewer: &Viewer, ids: &[MonitorId]) -> Result<Vec<Named<MonitorId>>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let mut named = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(monitor) = monitors::by_id(&mut tx, id).await? {
                named.push(Named { id: monitor.id, name: monitor.draft.name });
            }
        }
        Ok(named)
    }

    /// Adds a subscription, or changes one.
    pub async fn save_subscription(
        &self,
        viewer: &Viewer,
        id: Option<&SubscriptionId>,
        draft: &SubscriptionDraft,
    ) -> Result<SubscriptionId> {
        operator(viewer)?;
        let now = self.now();
        let mut draft = draft.clone();
        let mut errors = Vec::new();
        let name = draft.name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            errors.push(FieldError::new("name", "Please give it a name of at most 100 characters."));
        }
        if draft.events.is_empty() {
            errors.push(FieldError::new("events", "Please choose at least one event."));
        }
        for event in &mut draft.events {
            match event_id::canonical(event) {
                Some(id) => *event = id.to_owned(),
                None => errors.push(FieldError::new("events", format!("There is no event “{event}”."))),
            }
        }
        draft.events.sort();
        draft.events.dedup();
        let mut tx = self.inner.db.write().await?;
        let integration = match key(&mut tx, &draft.integration, "integration").await {
            Ok(key) => Some(key),
            Err(ServiceError::Invalid(more)) => {
                errors.extend(more);
                None
            }
            Err(other) => return Err(other),
        };
        let (true, Some(integration)) = (errors.is_empty(), integration) else {
            return Err(ServiceError::Invalid(errors));
        };
        let id = if let Some(id) = id {
            let old = load(&mut tx, id).await?;
            subscriptions::update(&mut tx, old.key, integration, &draft, now).await?;
            id.clone()
        } else {
            let project = self.project(&mut tx, now).await?;
            let id = SubscriptionId::new(self.inner.chance.bytes());
            subscriptions::insert(&mut tx, project, &id, integration, &draft, now).await?;
            id
        };
        tx.commit().await?;
        Ok(id)
    }

    /// Removes a subscription.
    pub async fn delete_subscription(&self, viewer: &Viewer, id: &SubscriptionId) -> Result<()> {
        operator(viewer)?;
        let mut tx = self.inner.db.write().await?;
        let known = load(&mut tx, id).await?;
        subscriptions::delete(&mut tx, known.key).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn load(tx: &mut Tx, id: &SubscriptionId) -> Result<subscriptions::Subscription> {
    subscriptions::by_id(tx, id).await?.ok_or(ServiceError::NotFound)
}

//! Subscriptions to events.

use domain::event_id::{self, EVENTS};
use domain::form::FieldError;
use domain::id::SubscriptionId;
use domain::integration::ProviderKind;
use domain::person::Viewer;
use domain::views::console::{ListQuery, Listed, PER_PAGE, SubscriptionDraft, SubscriptionRow};

use super::super::place;
use super::{Result, ServiceError, Services, operator, unknown_monitors};
use crate::store::{Tx, integrations, subscriptions};

impl Services {
    /// Every subscription, by name.
    pub async fn subscriptions(&self, viewer: &Viewer) -> Result<Vec<SubscriptionRow>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        Ok(subscriptions::all(&mut tx).await?.into_iter().map(|known| known.view).collect())
    }

    /// A page of subscriptions, by name. The search is a part of the name, or of that of the integration.
    pub async fn subscription_list(
        &self,
        viewer: &Viewer,
        query: &ListQuery,
    ) -> Result<Listed<SubscriptionRow>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let total = subscriptions::found(&mut tx, "").await?;
        let found = subscriptions::found(&mut tx, &query.search).await?;
        let (page, offset) = place(query.page, found, PER_PAGE);
        let shown = subscriptions::page(&mut tx, &query.search, i64::from(PER_PAGE), offset).await?;
        let rows = shown.into_iter().map(|known| known.view).collect();
        Ok(Listed { rows, search: query.search.clone(), found, total, page, per_page: PER_PAGE })
    }

    /// A subscription.
    pub async fn subscription(&self, viewer: &Viewer, id: &SubscriptionId) -> Result<SubscriptionRow> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let known = subscriptions::by_id(&mut tx, id).await?.ok_or(ServiceError::NotFound)?;
        Ok(known.view)
    }

    /// Adds a subscription, or changes one. Monitors that are gone stay named by a subscription that named them before.
    ///
    /// # Errors
    /// `Invalid` with the fields `name`, `events`, `integration`, `monitors` and `monitors.N`.
    pub async fn save_subscription(
        &self,
        viewer: &Viewer,
        id: Option<&SubscriptionId>,
        draft: &SubscriptionDraft,
    ) -> Result<SubscriptionId> {
        operator(viewer)?;
        let mut tx = self.inner.db.write().await?;
        let old = match id {
            Some(id) => Some(lock(&mut tx, id).await?),
            None => None,
        };
        let id = self.keep_subscription(&mut tx, old.as_ref(), draft).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Changes a subscription from what it is now: of two changes at the same time the second sees the first. An error of `change`
    /// stands inside, and then nothing is changed.
    ///
    /// # Errors
    /// As [`Self::save_subscription`].
    pub async fn change_subscription<E>(
        &self,
        viewer: &Viewer,
        id: &SubscriptionId,
        change: impl FnOnce(SubscriptionRow) -> std::result::Result<SubscriptionDraft, E> + Send,
    ) -> Result<std::result::Result<(), E>> {
        operator(viewer)?;
        let mut tx = self.inner.db.write().await?;
        let old = lock(&mut tx, id).await?;
        let draft = match change(old.view.clone()) {
            Ok(draft) => draft,
            Err(error) => return Ok(Err(error)),
        };
        self.keep_subscription(&mut tx, Some(&old), &draft).await?;
        tx.commit().await?;
        Ok(Ok(()))
    }

    /// Judges a subscription and writes it in the place of `old`, or as a new one.
    async fn keep_subscription(
        &self,
        tx: &mut Tx,
        old: Option<&subscriptions::Subscription>,
        draft: &SubscriptionDraft,
    ) -> Result<SubscriptionId> {
        let now = self.now();
        let mut draft = draft.clone();
        let mut errors = event_id::mistakes(&draft.name, &draft.events);
        for event in &mut draft.events {
            if let Some(id) = event_id::canonical(event) {
                id.clone_into(event);
            }
        }
        draft.events.sort();
        draft.events.dedup();
        let integration = integrations::by_id(tx, &draft.integration).await?;
        match &integration {
            None => {
                errors.push(FieldError::new("integration", "This integration does not exist (any more)."));
            }
            Some(one) => errors.extend(untold(one.kind, &draft.events)),
        }
        if let Some(monitors) = &draft.monitors {
            let named = old.and_then(|old| old.view.monitors.as_deref()).unwrap_or_default();
            if monitors.is_empty() {
                errors
                    .push(FieldError::new("monitors", "Please choose at least one monitor, or all of them."));
            }
            errors.extend(unknown_monitors(tx, monitors, named).await?);
        }
        let (true, Some(integration)) = (errors.is_empty(), integration.map(|one| one.key)) else {
            return Err(ServiceError::Invalid(errors));
        };
        if let Some(old) = old {
            subscriptions::update(tx, old.key, integration, &draft, now).await?;
            return Ok(old.view.id.clone());
        }
        let project = self.project(tx, now).await?;
        let id = SubscriptionId::new(self.inner.chance.bytes());
        subscriptions::insert(tx, project, &id, integration, &draft, now).await?;
        Ok(id)
    }

    /// Removes a subscription.
    pub async fn delete_subscription(&self, viewer: &Viewer, id: &SubscriptionId) -> Result<()> {
        operator(viewer)?;
        let mut tx = self.inner.db.write().await?;
        let known = lock(&mut tx, id).await?;
        subscriptions::delete(&mut tx, known.key).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The events that a provider cannot tell of: each message would fail, and the integration would seem broken.
fn untold(kind: ProviderKind, events: &[String]) -> Option<FieldError> {
    let told = kind.events()?;
    let names: Vec<_> = events
        .iter()
        .filter(|event| !told.contains(&event.as_str()))
        .filter_map(|event| EVENTS.iter().find(|known| known.id == event))
        .map(|event| format!("“{}”", event.name))
        .collect();
    if names.is_empty() {
        return None;
    }
    let message = format!("{} cannot tell of {}; use a webhook for it.", kind.label(), names.join(", "));
    Some(FieldError::new("events", message))
}

async fn lock(tx: &mut Tx, id: &SubscriptionId) -> Result<subscriptions::Subscription> {
    subscriptions::lock(tx, id).await?.ok_or(ServiceError::NotFound)
}

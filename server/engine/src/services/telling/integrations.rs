//! Integrations: adding, trying, changing, removing.

use domain::alert::{Definition, LevelTarget};
use domain::form::Form;
use domain::id::{IntegrationId, MonitorId};
use domain::integration::draft::{empty_form, follow_settings, put_shared};
use domain::integration::{IntegrationDraft, IntegrationSettings, ProviderKind};
use domain::person::Viewer;
use domain::time::Timestamp;
use domain::views::console::{
    DeliveryQuery, IntegrationChoice, IntegrationForm, IntegrationRow, Named, UsedBy,
};

use super::super::monitors::load as load_monitor;
use super::custom::words;
use super::{Result, ServiceError, Services, operator};
use crate::store::integrations::{self, Integration};
use crate::store::views::telling::{self, Use};
use crate::store::{self, Tx, definitions, hastening, subscriptions};

/// The field that says whether a new integration hears of every outage.
const IN_DEFAULT: &str = "in_default";
/// The field that says when the integration was last changed before its form was filled.
const VERSION: &str = "version";
/// What is said to whoever edits something that somebody else has changed meanwhile.
const CHANGED_MEANWHILE: &str = "Somebody else changed this integration meanwhile. Open the form again to see how it is now, and repeat your change.";
/// Messages on an integration's page.
const LATEST: u32 = 10;

/// What a program changes of an integration; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// What it is called.
    pub name: Option<String>,
    /// Whether it is used.
    pub enabled: Option<bool>,
    /// Fields of the provider's form.
    pub fields: Form,
}

impl Services {
    /// Every integration, by name.
    pub async fn integrations(&self, viewer: &Viewer) -> Result<Vec<IntegrationRow>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let uses = telling::uses(&mut tx).await?;
        let definitions = definitions::without_monitors(&mut tx).await?;
        let all = integrations::all(&mut tx).await?;
        let row = |one: Integration| {
            let named = |level: &&domain::alert::Level| {
                level.targets.iter().any(|target| target.integration == one.id)
            };
            let levels = definitions.iter().flat_map(|definition| &definition.draft.levels).filter(named);
            let levels = u32::try_from(levels.count()).unwrap_or(u32::MAX);
            row(&one, uses.get(&one.key).copied().unwrap_or_default(), levels)
        };
        Ok(all.into_iter().map(row).collect())
    }

    /// What levels may name.
    pub async fn integration_choices(&self, viewer: &Viewer) -> Result<Vec<IntegrationChoice>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let all = integrations::all(&mut tx).await?;
        Ok(all.into_iter().map(choice).collect())
    }

    /// The form of an integration, or an empty one of `kind` for a new one.
    pub async fn integration_form(
        &self,
        viewer: &Viewer,
        id: Option<&IntegrationId>,
        kind: ProviderKind,
    ) -> Result<IntegrationForm> {
        operator(viewer)?;
        let Some(id) = id else {
            return Ok(IntegrationForm {
                id: None,
                kind,
                preview: self.preview(kind, None, &empty_form(kind)).await?,
                words: words(kind),
                values: empty_form(kind),
                used_by: UsedBy::default(),
                unreadable: None,
                failing: None,
                unconfirmed: Vec::new(),
                deliveries: Vec::new(),
            });
        };
        let mut tx = self.inner.db.read().await?;
        let one = load(&mut tx, id).await?;
        let mut values =
            one.settings.as_ref().map_or_else(|_| empty_form(one.kind), IntegrationSettings::to_form);
        put_shared(&mut values, &one.name, one.enabled, one.quiet.as_ref());
        values.insert(VERSION.to_owned(), one.updated_at.0.to_string());
        let used_by = used_by(&mut tx, &one).await?;
        let query = DeliveryQuery { integration: Some(one.id.clone()), ..DeliveryQuery::default() };
        let deliveries = store::views::deliveries::page(&mut tx, &query, LATEST).await?;
        // The preview reads by itself, and nobody holds one connection while waiting for another.
        drop(tx);
        let preview = self.preview(one.kind, one.settings.as_ref().ok(), &values).await?;
        Ok(IntegrationForm {
            id: Some(one.id),
            kind: one.kind,
            values,
            used_by,
            unreadable: one.settings.err().map(|why| why.to_string()),
            failing: one.failing,
            unconfirmed: one.unconfirmed,
            deliveries,
            preview,
            words: words(one.kind),
        })
    }

    /// An integration as programs see it: what lists show, and its settings with secrets as they are. Whoever shows them masks them.
    pub async fn integration(
        &self,
        viewer: &Viewer,
        id: &IntegrationId,
    ) -> Result<(IntegrationRow, Option<IntegrationSettings>)> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let one = load(&mut tx, id).await?;
        let uses = telling::uses(&mut tx).await?;
        let row = row(&one, uses.get(&one.key).copied().unwrap_or_default(), 0);
        Ok((row, one.settings.ok()))
    }

    /// Adds an integration from a form. As the field `in_default` says, or else as its kind usually does, it hears of every outage that no
    /// definition of its own is for.
    pub async fn add_integration(
        &self,
        viewer: &Viewer,
        kind: ProviderKind,
        form: &Form,
    ) -> Result<IntegrationId> {
        operator(viewer)?;
        let draft = IntegrationDraft::from_form(kind, form, None).map_err(ServiceError::Invalid)?;
        let in_default = form.get(IN_DEFAULT).map_or(kind.joins_default(), |value| value != "false");
        self.insert_integration(&draft, in_default).await
    }

    /// Adds an integration that is known to be valid.
    pub(crate) async fn insert_integration(
        &self,
        draft: &IntegrationDraft,
        in_default: bool,
    ) -> Result<IntegrationId> {
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let project = self.project(&mut tx, now).await?;
        let id = IntegrationId::new(self.inner.chance.bytes());
        integrations::insert(&mut tx, project, &id, draft, now).await?;
        if in_default {
            join_default(&mut tx, &id, now).await?;
        }
        tx.commit().await?;
        self.send_first_links(&draft.settings).await?;
        Ok(id)
    }

    /// Changes an integration from its form, unless the form says when it was read and somebody has changed the integration since.
    /// Secrets that were not sent stay as they are; those that levels give are forgotten when they would go elsewhere now.
    pub async fn edit_integration(&self, viewer: &Viewer, id: &IntegrationId, form: &Form) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let old = load_to_change(&mut tx, id).await?;
        if form.get(VERSION).is_some_and(|version| *version != old.updated_at.0.to_string()) {
            return Err(ServiceError::Conflict(CHANGED_MEANWHILE.to_owned()));
        }
        self.update_integration(tx, &old, form.clone(), now).await
    }

    /// Changes some fields of an integration.
    pub async fn change_integration(
        &self,
        viewer: &Viewer,
        id: &IntegrationId,
        changes: &Changes,
    ) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let old = load_to_change(&mut tx, id).await?;
        let mut form =
            old.settings.as_ref().map_or_else(|_| empty_form(old.kind), IntegrationSettings::to_form);
        put_shared(
            &mut form,
            changes.name.as_deref().unwrap_or(&old.name),
            changes.enabled.unwrap_or(old.enabled),
            old.quiet.as_ref(),
        );
        form.extend(changes.fields.clone());
        self.update_integration(tx, &old, form, now).await
    }

    /// Puts what a whole form says in the place of an integration.
    async fn update_integration(
        &self,
        mut tx: Tx,
        old: &Integration,
        mut form: Form,
        now: Timestamp,
    ) -> Result<()> {
        let settings = old.settings.as_ref().ok();
        if let Some(settings) = settings {
            follow_settings(&mut form, settings);
        }
        let draft = IntegrationDraft::from_form(old.kind, &form, settings).map_err(ServiceError::Invalid)?;
        super::definitions::forget_secrets(&mut tx, old, &draft.settings, now).await?;
        integrations::update(&mut tx, old.key, &draft, now).await?;
        let hours_changed = draft.quiet != old.quiet;
        if hours_changed {
            hastening::quiet_hours_changed(&mut tx, old.key, now).await?;
        }
        tx.commit().await?;
        if hours_changed {
            self.inner.telling.dispatcher.outbox.notify_one();
        }
        self.send_first_links(&draft.settings).await
    }

    /// Removes an integration with its log. Levels that name it lead nowhere then.
    pub async fn delete_integration(&self, viewer: &Viewer, id: &IntegrationId) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let one = load(&mut tx, id).await?;
        for definition in definitions::all(&mut tx).await?.iter().filter(|known| names_it(known, &one.id)) {
            let Some(mut definition) = definitions::lock(&mut tx, &definition.id).await? else { continue };
            for level in &mut definition.draft.levels {
                level.targets.retain(|target| target.integration != one.id);
            }
            definitions::update(&mut tx, definition.key, &definition.draft, now).await?;
        }
        integrations::delete(&mut tx, one.key, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The integrations that are attached to a monitor.
    pub async fn attached(&self, viewer: &Viewer, monitor: &MonitorId) -> Result<Vec<IntegrationRow>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let monitor = load_monitor(&mut tx, monitor).await?;
        let uses = telling::uses(&mut tx).await?;
        let mut rows = Vec::new();
        for key in integrations::attached(&mut tx, monitor.key).await? {
            if let Some(one) = integrations::get(&mut tx, key).await? {
                rows.push(row(&one, uses.get(&key).copied().unwrap_or_default(), 0));
            }
        }
        Ok(rows)
    }

    /// Attaches an integration to a monitor; `false` when it was attached already.
    pub async fn attach(&self, viewer: &Viewer, monitor: &MonitorId, id: &IntegrationId) -> Result<bool> {
        operator(viewer)?;
        let mut tx = self.inner.db.write().await?;
        let monitor = load_monitor(&mut tx, monitor).await?;
        let one = load(&mut tx, id).await?;
        let known = integrations::attached(&mut tx, monitor.key).await?.contains(&one.key);
        integrations::attach(&mut tx, monitor.key, one.key).await?;
        tx.commit().await?;
        Ok(!known)
    }

    /// Detaches an integration from a monitor.
    pub async fn detach(&self, viewer: &Viewer, monitor: &MonitorId, id: &IntegrationId) -> Result<()> {
        operator(viewer)?;
        let mut tx = self.inner.db.write().await?;
        let monitor = load_monitor(&mut tx, monitor).await?;
        let one = load(&mut tx, id).await?;
        if !integrations::detach(&mut tx, monitor.key, one.key).await? {
            return Err(ServiceError::NotFound);
        }
        tx.commit().await?;
        Ok(())
    }
}

/// An integration by its public id.
pub(super) async fn load(tx: &mut Tx, id: &IntegrationId) -> Result<Integration> {
    integrations::by_id(tx, id).await?.ok_or(ServiceError::NotFound)
}

/// As [`load`], for who writes it back: nobody else does in between.
async fn load_to_change(tx: &mut Tx, id: &IntegrationId) -> Result<Integration> {
    let known = load(tx, id).await?;
    integrations::lock(tx, known.key).await?;
    load(tx, id).await
}

pub(super) fn choice(one: Integration) -> IntegrationChoice {
    IntegrationChoice {
        variables: one.settings.as_ref().map(IntegrationSettings::level_variables).unwrap_or_default(),
        id: one.id,
        name: one.name,
        kind: one.kind,
        enabled: one.enabled,
    }
}

pub(super) fn row(one: &Integration, used: Use, levels: u32) -> IntegrationRow {
    IntegrationRow {
        id: one.id.clone(),
        kind: one.kind,
        name: one.name.clone(),
        target: one.settings.as_ref().map_or_else(ToString::to_string, IntegrationSettings::target),
        enabled: one.enabled,
        quiet: one.quiet.clone(),
        unverified: !one.verified,
        unconfirmed: one.unconfirmed.clone(),
        failing_since: one.failing_since,
        failing: one.failing.clone(),
        levels,
        monitors: used.monitors,
        subscriptions: used.subscriptions,
        last: used.last,
        created_at: one.created_at,
        updated_at: one.updated_at,
    }
}

async fn used_by(tx: &mut Tx, one: &Integration) -> Result<UsedBy> {
    let (mut names, mut lacking) = (Vec::new(), Vec::new());
    for definition in definitions::all(tx).await? {
        if names_it(&definition, &one.id) {
            lacking.extend(super::definitions::lacking(&definition, [one]));
            names.push(Named { id: definition.id, name: definition.draft.name });
        }
    }
    let subscribed = subscriptions::all(tx).await?.into_iter().filter(|known| known.integration == one.key);
    Ok(UsedBy {
        definitions: names,
        monitors: telling::monitors_of(tx, one.key).await?,
        subscriptions: subscribed.map(|known| Named { id: known.view.id, name: known.view.name }).collect(),
        lacking,
    })
}

/// Whether a level of a definition tells an integration.
pub(super) fn names_it(definition: &Definition, id: &IntegrationId) -> bool {
    definition.draft.levels.iter().flat_map(|level| &level.targets).any(|target| target.integration == *id)
}

/// Puts a new integration on the first level of the default definition.
async fn join_default(tx: &mut Tx, id: &IntegrationId, now: Timestamp) -> Result<()> {
    // Locked before it is read: of two integrations that are added at the same time both are on it afterwards.
    let Some(mut default) = definitions::lock_default(tx).await? else { return Ok(()) };
    if let Some(level) = default.draft.levels.first_mut() {
        level.targets.push(LevelTarget {
            integration: id.clone(),
            ok: true,
            reminders: true,
            variables: std::collections::BTreeMap::new(),
        });
        definitions::update(tx, default.key, &default.draft, now).await?;
    }
    Ok(())
}

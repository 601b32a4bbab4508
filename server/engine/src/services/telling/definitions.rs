//! Alert definitions.

use std::collections::BTreeSet;

use domain::alert::{Definition, DefinitionDraft, Level};
use domain::form::FieldError;
use domain::id::{AlertId, DefinitionId, DefinitionKey};
use domain::integration::IntegrationSettings;
use domain::level_values::{Before, Told, Was, is_moved};
use domain::person::Viewer;
use domain::time::Timestamp;
use domain::views::console::{DefinitionForm, DefinitionView, LackingVariable, Named};

use super::integrations::names_it;
use super::{Result, ServiceError, Services, operator, unknown_monitors};
use crate::store::integrations::{self, Integration};
use crate::store::views::monitors::named;
use crate::store::{Tx, alerts, definitions, events, level_values};

/// What is said to whoever edits something that somebody else has changed meanwhile.
const CHANGED_MEANWHILE: &str = "Somebody else changed this definition meanwhile. Open the form again to see how it is now, and repeat your change.";

impl Services {
    /// Every definition, the default one first.
    pub async fn definitions(&self, viewer: &Viewer) -> Result<Vec<DefinitionView>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let told = integrations::all(&mut tx).await?;
        let mut views = Vec::new();
        for definition in definitions::all(&mut tx).await? {
            views.push(view(&mut tx, definition, &told).await?);
        }
        Ok(views)
    }

    /// Everything about a definition, `None` for a new one; with the first `most` of the monitors that it names, by name.
    pub async fn definition_form(
        &self,
        viewer: &Viewer,
        id: Option<&DefinitionId>,
        most: usize,
    ) -> Result<DefinitionForm> {
        let integrations = self.integration_choices(viewer).await?;
        let Some(id) = id else { return Ok(DefinitionForm { definition: None, integrations, named: 0 }) };
        let mut tx = self.inner.db.read().await?;
        let (mut definition, told) = (load(&mut tx, id).await?, integrations::all(&mut tx).await?);
        let named = definition.draft.monitors.len();
        definition.draft.monitors.truncate(most);
        let definition = Some(view(&mut tx, definition, &told).await?);
        Ok(DefinitionForm { definition, integrations, named })
    }

    /// Adds a definition, or changes the one with this id from the version that it was read with. A mask in the place of a secret keeps
    /// that of the level at the same place.
    pub async fn save_definition(
        &self,
        viewer: &Viewer,
        edited: Option<(&DefinitionId, i64)>,
        draft: &DefinitionDraft,
    ) -> Result<DefinitionId> {
        self.save_levels(viewer, edited, draft, &[]).await
    }

    /// Does what [`Self::save_definition`] does; `origins` says of each level which it was, because a form knows where each went.
    pub async fn save_levels(
        &self,
        viewer: &Viewer,
        edited: Option<(&DefinitionId, i64)>,
        draft: &DefinitionDraft,
        origins: &[Was],
    ) -> Result<DefinitionId> {
        operator(viewer)?;
        let now = self.now();
        let (mut draft, mut errors) = (draft.clone(), Vec::new());
        draft.examine(&mut errors);
        let mut tx = self.inner.db.write().await?;
        // Until the transaction ends nobody plans a message by the levels as they were; taken first, as everywhere.
        events::planned(&mut tx).await?;
        let old = match edited {
            Some((id, version)) => {
                let old = definitions::lock(&mut tx, id).await?.ok_or(ServiceError::NotFound)?;
                if old.version != version {
                    return Err(ServiceError::Conflict(CHANGED_MEANWHILE.to_owned()));
                }
                Some(old)
            }
            None => None,
        };
        let stored = old.as_ref().map(|old| &old.draft);
        let (count, off) = (draft.levels.len(), !draft.active);
        for (number, level) in draft.levels.iter_mut().enumerate() {
            let level_was = origins.get(number).copied();
            let level_was = level_was.unwrap_or_else(|| Was::by_place(number, count, stored));
            let before = Before { stored, level: level_was, off };
            for target in &mut level.targets {
                if let Some(one) = integrations::by_id(&mut tx, &target.integration).await? {
                    told(&one).settle(target, number, &before, &mut errors);
                } else {
                    let message = "An integration of this level does not exist (any more).";
                    errors.push(FieldError::new(format!("levels.{number}.targets"), message));
                }
            }
        }
        errors.extend(unknown_monitors(&mut tx, &draft.monitors, &[]).await?);
        let is_default = old.as_ref().is_some_and(|old| old.is_default);
        if is_default && !draft.monitors.is_empty() {
            let message =
                "The default definition is for every monitor that no other names; it names none itself.";
            errors.push(FieldError::new("monitors", message));
        }
        if old.is_none() && draft.monitors.is_empty() {
            errors.push(FieldError::new("monitors", "Please choose the monitors that it is for."));
        }
        if !errors.is_empty() {
            return Err(ServiceError::Invalid(errors));
        }
        let (key, id) = if let Some(old) = old {
            definitions::update(&mut tx, old.key, &draft, now).await?;
            alerts::move_levels(&mut tx, old.key, &went(&old.draft, &draft, origins), now).await?;
            for (number, level) in (0..).zip(&draft.levels) {
                let due_at = Timestamp(now.0 + level.reminder_pause());
                alerts::remind_again(&mut tx, (old.key, number), level.reminders, due_at).await?;
            }
            (old.key, old.id)
        } else {
            let project = self.project(&mut tx, now).await?;
            let id = DefinitionId::new(self.inner.chance.bytes());
            let key = definitions::insert(&mut tx, project, &id, &draft, false, now).await?;
            (key, id)
        };
        self.follow_definitions(&mut tx, Some((key, &draft)), now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Puts open incidents on the levels that hold for them now, and takes them off all others. A level that an incident was told on
    /// stays told.
    async fn follow_definitions(
        &self,
        tx: &mut Tx,
        saved: Option<(DefinitionKey, &DefinitionDraft)>,
        now: Timestamp,
    ) -> Result<()> {
        alerts::leave(tx).await?;
        // Monitors that a definition names no more go back to the default one.
        let default = definitions::lock_default(tx).await?.map(|default| (default.key, default.draft));
        let saved = saved.map(|(key, draft)| (key, draft.clone()));
        for (key, draft) in saved.into_iter().chain(default).filter(|(_, draft)| draft.active) {
            for incident in alerts::open_under(tx, key).await? {
                for (level, _) in (0..).zip(&draft.levels) {
                    let id = AlertId::new(self.inner.chance.bytes());
                    alerts::insert(tx, &id, incident, key, level, now).await?;
                }
            }
        }
        Ok(())
    }

    /// Removes a definition; its monitors go back to the default one, which stays.
    pub async fn delete_definition(&self, viewer: &Viewer, id: &DefinitionId) -> Result<()> {
        operator(viewer)?;
        let mut tx = self.inner.db.write().await?;
        events::planned(&mut tx).await?;
        let definition = load(&mut tx, id).await?;
        if !definitions::delete(&mut tx, definition.key).await? {
            let message = "The default definition cannot be removed; switch it off instead.";
            return Err(ServiceError::Conflict(message.to_owned()));
        }
        self.follow_definitions(&mut tx, None, self.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Whether an old level and a new one, each with its place, may be the same.
type Likeness = fn((usize, &Level), (usize, &Level)) -> bool;

/// Where each level of a definition is after a change, by what is known of where the new ones come from.
fn went(stored: &DefinitionDraft, draft: &DefinitionDraft, origins: &[Was]) -> Vec<Option<u32>> {
    let mut went = vec![None; stored.levels.len()];
    let mut unsaid = Vec::new();
    for number in 0..draft.levels.len() {
        let was = origins.get(number).copied();
        match was.unwrap_or_else(|| Was::by_place(number, draft.levels.len(), Some(stored))) {
            Was::New => {}
            Was::Level(old) => {
                if let Some(place) = went.get_mut(old) {
                    *place = place.or(u32::try_from(number).ok());
                }
            }
            Was::Unsaid => unsaid.push(number),
        }
    }
    // One that says the same is the same; then one that tells the same; then one at the same place that tells some of them. Somebody who
    // was told on it would be told twice.
    let likeness: [Likeness; 3] = [
        |(_, old), (_, new)| old == new,
        |(_, old), (_, new)| !old.targets.is_empty() && addressees(old) == addressees(new),
        |(old_place, old), (place, new)| old_place == place && !addressees(old).is_disjoint(&addressees(new)),
    ];
    for is_like in likeness {
        unsaid.retain(|number| {
            let new = &draft.levels[*number];
            let old = (0..went.len())
                .find(|old| went[*old].is_none() && is_like((*old, &stored.levels[*old]), (*number, new)));
            if let Some(old) = old {
                went[old] = u32::try_from(*number).ok();
            }
            old.is_none()
        });
    }
    went
}

/// The integrations of a level.
fn addressees(level: &Level) -> BTreeSet<&str> {
    level.targets.iter().map(|target| target.integration.as_str()).collect()
}

pub(super) async fn load(tx: &mut Tx, id: &DefinitionId) -> Result<Definition> {
    definitions::by_id(tx, id).await?.ok_or(ServiceError::NotFound)
}

/// An integration as levels see it.
fn told(one: &Integration) -> Told<'_> {
    Told { name: &one.name, settings: one.settings.as_ref().ok() }
}

/// Takes away the secrets that levels give an integration, when `settings` send them elsewhere than before: whoever may edit an
/// integration need not know them, and could otherwise have them sent to an address of their own. Messages that are tried again or asked
/// for once more leave by the new settings, so they keep only what a definition shows to everybody who operates the console: what was a
/// secret once need not be one now.
pub(super) async fn forget_secrets(
    tx: &mut Tx,
    old: &Integration,
    settings: &IntegrationSettings,
    now: Timestamp,
) -> Result<()> {
    // Of settings that cannot be read nobody knows where they led to.
    if old.settings.as_ref().is_ok_and(|before| !is_moved(settings, before)) {
        return Ok(());
    }
    // Until the transaction ends nobody plans a message with what is taken away.
    events::planned(tx).await?;
    let (is, was) = (Told { name: &old.name, settings: Some(settings) }, told(old));
    let mut shown = BTreeSet::new();
    let all = definitions::all(tx).await?;
    for definition in all.iter().filter(|known| names_it(known, &old.id)) {
        let Some(mut definition) = definitions::lock(tx, &definition.id).await? else { continue };
        let mut gone = Vec::new();
        let targets = definition.draft.levels.iter_mut().flat_map(|level| &mut level.targets);
        for target in targets.filter(|target| target.integration == old.id) {
            gone.append(&mut is.forget_secrets(&was, target));
            let given = target.variables.iter();
            shown.extend(given.map(|(name, given)| (name.clone(), given.value.expose().to_owned())));
        }
        if !gone.is_empty() {
            definitions::update(tx, definition.key, &definition.draft, now).await?;
        }
    }
    let is_shown = |name: &str, value: &str| shown.contains(&(name.to_owned(), value.to_owned()));
    Ok(level_values::forget(tx, old.key, is_shown).await?)
}

/// What the levels of a definition leave out.
pub(super) fn lacking<'a>(
    definition: &Definition,
    integrations: impl IntoIterator<Item = &'a Integration>,
) -> Vec<LackingVariable> {
    let mut lacking = Vec::new();
    for one in integrations {
        for (level, number) in definition.draft.levels.iter().zip(1..) {
            for target in level.targets.iter().filter(|target| target.integration == one.id) {
                lacking.extend(told(one).lacking(target).into_iter().map(|variable| LackingVariable {
                    definition: Named { id: definition.id.clone(), name: definition.draft.name.clone() },
                    level: number,
                    integration: Named { id: one.id.clone(), name: one.name.clone() },
                    variable,
                }));
            }
        }
    }
    lacking.sort_by_key(|lacking| lacking.level);
    lacking
}

async fn view(
    tx: &mut Tx,
    mut definition: Definition,
    integrations: &[Integration],
) -> Result<DefinitionView> {
    let monitors_named = named(tx, &definition.draft.monitors).await?;
    let lacking = lacking(&definition, integrations);
    for target in definition.draft.levels.iter_mut().flat_map(|level| &mut level.targets) {
        let one = integrations.iter().find(|one| one.id == target.integration);
        // Of an integration that is gone nobody knows what was secret.
        one.map_or(Told { name: "", settings: None }, told).mask(target);
    }
    Ok(DefinitionView {
        id: definition.id,
        is_default: definition.is_default,
        version: definition.version,
        draft: definition.draft,
        monitors: monitors_named,
        lacking,
    })
}

//! Adding, editing, pausing and deleting monitors.

use domain::check::CheckKind;
use domain::event::Event;
use domain::form::Form;
use domain::health::{Health, Settled};
use domain::id::{IncidentUpdateId, MonitorId, MonitorKey};
use domain::incident::{Ended, Ending, IncidentPhase};
use domain::incident_words;
use domain::monitor::{Monitor, MonitorDraft};
use domain::monitor_form;
use domain::person::Viewer;
use domain::time::Timestamp;
use domain::views::console::MonitorForm;

use super::load;
use crate::services::{Result, ServiceError, Services, operator};
use crate::store::{self, Tx};

/// What is said to whoever edits something that somebody else has changed meanwhile.
const CHANGED_MEANWHILE: &str = "Somebody else changed this monitor meanwhile. Open the form again to see how it is now, and repeat your change.";

impl Services {
    /// The form of a monitor, or an empty one of `kind` for a new monitor. Secrets come out empty.
    pub async fn monitor_form(
        &self,
        viewer: &Viewer,
        id: Option<&MonitorId>,
        kind: CheckKind,
    ) -> Result<MonitorForm> {
        operator(viewer)?;
        let Some(id) = id else {
            return Ok(MonitorForm { id: None, kind, values: monitor_form::empty_form(kind), version: 0 });
        };
        let mut tx = self.inner.db.read().await?;
        let monitor = load(&mut tx, id).await?;
        Ok(MonitorForm {
            id: Some(monitor.id),
            kind: monitor.draft.settings.kind(),
            values: monitor.draft.to_form(),
            version: monitor.version,
        })
    }

    /// What a form says of a monitor.
    ///
    /// # Errors
    /// The fields that are wrong.
    pub(super) fn monitor_draft(&self, form: &Form, old: Option<&MonitorDraft>) -> Result<MonitorDraft> {
        let draft = MonitorDraft::from_form(form, old).map_err(ServiceError::Invalid)?;
        let errors = self.inner.checks.examine(&draft.settings);
        if errors.is_empty() { Ok(draft) } else { Err(ServiceError::Invalid(errors)) }
    }

    /// Adds a monitor.
    pub async fn add_monitor(&self, viewer: &Viewer, form: &Form) -> Result<MonitorId> {
        self.add_monitor_paused(viewer, form, false).await
    }

    /// Adds a monitor that is checked from now on, or not until it is resumed.
    pub async fn add_monitor_paused(&self, viewer: &Viewer, form: &Form, paused: bool) -> Result<MonitorId> {
        operator(viewer)?;
        let draft = self.monitor_draft(form, None)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let (monitor, id) = self.insert_monitor(&mut tx, &draft, now).await?;
        if paused {
            store::monitors::set_paused(&mut tx, monitor, true, now).await?;
        }
        store::events::append(&mut tx, now, &[Event::MonitorSaved { monitor, id: id.clone() }]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Changes a monitor from `version`. Secrets that were not sent stay as they are.
    pub async fn edit_monitor(
        &self,
        viewer: &Viewer,
        id: &MonitorId,
        version: i64,
        form: &Form,
    ) -> Result<()> {
        self.edit_monitor_paused(viewer, id, version, form, None).await
    }

    /// Changes a monitor from `version`, and pauses or resumes it in the same transaction; `None` leaves that as it is.
    pub async fn edit_monitor_paused(
        &self,
        viewer: &Viewer,
        id: &MonitorId,
        version: i64,
        form: &Form,
        paused: Option<bool>,
    ) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let old = load(&mut tx, id).await?;
        if old.version != version {
            return Err(ServiceError::Conflict(CHANGED_MEANWHILE.to_owned()));
        }
        let draft = self.monitor_draft(form, Some(&old.draft))?;
        let push_token = match draft.settings.kind() {
            CheckKind::Push => Some(old.push_token.clone().unwrap_or_else(|| self.inner.chance.token())),
            _ => None,
        };
        if !store::monitors::update(&mut tx, old.key, version, &draft, push_token.as_deref(), now).await? {
            return Err(ServiceError::Conflict(CHANGED_MEANWHILE.to_owned()));
        }
        let mut events = Vec::new();
        if old.draft.settings.kind() != draft.settings.kind() {
            self.begin_anew(viewer, &mut tx, &old, &mut events).await?;
        } else if old.draft.settings != draft.settings {
            // What was being confirmed is not what is asked now.
            rethink(&mut tx, old.key, Health::undisturbed).await?;
        }
        if let Some(paused) = paused {
            self.set_paused(viewer, &mut tx, &old, paused, &mut events).await?;
        }
        events.push(Event::MonitorSaved { monitor: old.key, id: old.id });
        store::events::append(&mut tx, now, &events).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Gives a push monitor another address. The old one is known to nobody any more; what is known of the job stays.
    pub async fn renew_heartbeat(&self, viewer: &Viewer, id: &MonitorId) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let monitor = load(&mut tx, id).await?;
        if monitor.push_token.is_none() {
            return Err(ServiceError::Conflict("Only heartbeat monitors have an address.".to_owned()));
        }
        store::monitors::set_push_token(&mut tx, monitor.key, &self.inner.chance.token(), now).await?;
        store::events::append(&mut tx, now, &[Event::MonitorSaved { monitor: monitor.key, id: monitor.id }])
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Stops checking a monitor. Its open incident, if there is one, ends: nobody watches the trouble any more.
    pub async fn pause_monitor(&self, viewer: &Viewer, id: &MonitorId) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let monitor = load(&mut tx, id).await?;
        let mut events = Vec::new();
        if !self.set_paused(viewer, &mut tx, &monitor, true, &mut events).await? {
            return Ok(());
        }
        events.push(Event::MonitorSaved { monitor: monitor.key, id: monitor.id });
        store::events::append(&mut tx, now, &events).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Checks a monitor again.
    pub async fn resume_monitor(&self, viewer: &Viewer, id: &MonitorId) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let monitor = load(&mut tx, id).await?;
        if !self.set_paused(viewer, &mut tx, &monitor, false, &mut Vec::new()).await? {
            return Ok(());
        }
        store::events::append(&mut tx, now, &[Event::MonitorSaved { monitor: monitor.key, id: monitor.id }])
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deletes a monitor. Its incidents stay on the page; its results are swept later.
    pub async fn delete_monitor(&self, viewer: &Viewer, id: &MonitorId) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let monitor = load(&mut tx, id).await?;
        let mut events = Vec::new();
        let ended = Ended { how: Ending::Deleted, by: viewer.words() };
        self.withdraw_incident(&mut tx, &monitor, &ended, now, &mut events).await?;
        let pages = store::views::public::pages_of(&mut tx, monitor.key).await?;
        store::monitors::delete(&mut tx, monitor.key).await?;
        events.push(Event::MonitorSaved { monitor: monitor.key, id: monitor.id });
        events.extend(pages.into_iter().map(|page| Event::PageSaved { page }));
        store::events::append(&mut tx, now, &events).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes a new monitor; the event is the caller's.
    pub(super) async fn insert_monitor(
        &self,
        tx: &mut Tx,
        draft: &MonitorDraft,
        now: Timestamp,
    ) -> Result<(MonitorKey, MonitorId)> {
        let id = MonitorId::new(self.inner.chance.bytes());
        let token = (draft.settings.kind() == CheckKind::Push).then(|| self.inner.chance.token());
        let key = store::monitors::insert(tx, &id, draft, token.as_deref(), now).await?;
        Ok((key, id))
    }

    /// Pauses or resumes a monitor, with what follows from it; returns whether that changed anything.
    async fn set_paused(
        &self,
        viewer: &Viewer,
        tx: &mut Tx,
        monitor: &Monitor,
        paused: bool,
        events: &mut Vec<Event>,
    ) -> Result<bool> {
        let now = self.now();
        if !store::monitors::set_paused(tx, monitor.key, paused, now).await? {
            return Ok(false);
        }
        if paused {
            // Also when the incident was closed by hand before, and so none is open: were the monitor still "down" when it is resumed,
            // nothing would change at its next failure, and so no incident would open.
            let afresh = |health: Health| match health.settled {
                Settled::Down => Health { since: now, ..Health::default() },
                _ => health.undisturbed(),
            };
            rethink(tx, monitor.key, afresh).await?;
            let ended = Ended { how: Ending::Paused, by: viewer.words() };
            self.withdraw_incident(tx, monitor, &ended, now, events).await?;
        } else {
            rethink(tx, monitor.key, Health::undisturbed).await?;
            store::pushes::restart(tx, monitor.key, now).await?;
        }
        Ok(true)
    }

    /// Forgets what was found of a monitor that is checked in another way from now on: a heartbeat that is awaited says nothing of an
    /// outage that a request found, and the other way round.
    async fn begin_anew(
        &self,
        viewer: &Viewer,
        tx: &mut Tx,
        monitor: &Monitor,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        let now = self.now();
        rethink(tx, monitor.key, |_| Health { since: now, ..Health::default() }).await?;
        store::pushes::forget(tx, monitor.key).await?;
        let ended = Ended { how: Ending::Changed, by: viewer.words() };
        self.withdraw_incident(tx, monitor, &ended, now, events).await
    }

    /// Ends the open automatic incident of a monitor that is watched no more, or not as before, if there is one.
    async fn withdraw_incident(
        &self,
        tx: &mut Tx,
        monitor: &Monitor,
        ended: &Ended,
        now: Timestamp,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        let Some(resolved) = store::incidents::resolve(tx, monitor.key, now, now).await? else {
            return Ok(());
        };
        store::incidents::set_ended(tx, resolved.incident, ended).await?;
        let names = store::incidents::component_names(tx, resolved.incident).await?;
        let update = IncidentUpdateId::new(self.inner.chance.bytes());
        let body = match ended.how {
            Ending::Changed => incident_words::changed(&names),
            _ => incident_words::withdrawn(&names),
        };
        store::incidents::add_update(tx, &update, resolved.incident, IncidentPhase::Resolved, &body, now)
            .await?;
        events.push(Event::IncidentResolved {
            incident: resolved.incident,
            id: resolved.id,
            monitor: Some(monitor.key),
        });
        Ok(())
    }
}

/// Replaces what is known of a monitor by what `rethought` makes of it.
async fn rethink(tx: &mut Tx, monitor: MonitorKey, rethought: impl FnOnce(Health) -> Health) -> Result<()> {
    let Some(mut kept) = store::health::get(tx, monitor).await? else { return Ok(()) };
    let health = rethought(kept.health);
    if health == kept.health {
        return Ok(());
    }
    kept.failure = kept.failure.filter(|_| health.settled == Settled::Down);
    kept.health = health;
    if store::health::update(tx, &kept).await? {
        return Ok(());
    }
    Err(ServiceError::Conflict("A check of this monitor was just recorded. Try again.".to_owned()))
}

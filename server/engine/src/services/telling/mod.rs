//! Who is told what: integrations, alert definitions, subscriptions, the log of deliveries, tokens, and what people do about
//! an incident.

mod custom;
mod definitions;
mod deliveries;
mod incidents;
mod incidents_read;
mod integrations;
mod lists;
mod naming;
mod phone;
mod programs;
mod subscriptions;
mod tokens;
mod trials;

use std::collections::HashSet;

use domain::alert::{DefinitionDraft, Level};
use domain::form::FieldError;
use domain::id::{DefinitionId, MonitorId, ProjectId, ProjectKey};
use domain::integration::email::unconfirmed_words;
use domain::person::Viewer;
use domain::time::Timestamp;
use domain::views::console::{Named, TellingHealth};

use super::{Result, ServiceError, Services, operator};
use crate::store::{Tx, definitions as stored, integrations as kept, projects, views};

pub use integrations::Changes;
pub(crate) use naming::named_by;
pub use phone::{CODE, PhoneError};
pub use programs::{DeliveryStats, ProgramIncident};
pub use tokens::TOKEN_PREFIX;

/// What is wrong with a list of monitors: each that does not exist, but for those that were `named` before and are gone since.
async fn unknown_monitors(tx: &mut Tx, ids: &[MonitorId], named: &[MonitorId]) -> Result<Vec<FieldError>> {
    let known = views::monitors::keys_of(tx, ids).await?;
    let named: HashSet<_> = named.iter().collect();
    let gone = ids.iter().enumerate().filter(|(_, id)| !named.contains(id) && !known.contains_key(id));
    let error = |(place, id): (usize, &MonitorId)| {
        FieldError::new(format!("monitors.{place}"), format!("There is no monitor {id} (any more)."))
    };
    Ok(gone.map(error).collect())
}

impl Services {
    /// Makes the project and its default alert definition, when there is none.
    pub async fn ensure_project(&self) -> Result<()> {
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let project = self.project(&mut tx, now).await?;
        if !stored::all(&mut tx).await?.iter().any(|definition| definition.is_default) {
            let draft = DefinitionDraft {
                name: "Everything".to_owned(),
                active: true,
                monitors: Vec::new(),
                levels: vec![Level::at_once(Vec::new())],
            };
            let id = DefinitionId::new(self.inner.chance.bytes());
            stored::insert(&mut tx, project, &id, &draft, true, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    pub(crate) async fn project(&self, tx: &mut Tx, now: Timestamp) -> Result<ProjectKey> {
        Ok(projects::ensure(tx, &ProjectId::new(self.inner.chance.bytes()), now).await?)
    }

    /// The project's public id, if it can be read.
    async fn project_id(&self) -> Option<ProjectId> {
        let mut tx = self.inner.db.read().await.ok()?;
        projects::only(&mut tx).await.ok().flatten().map(|project| project.id)
    }

    /// Whether people are told at all.
    pub async fn telling_health(&self, viewer: &Viewer) -> Result<TellingHealth> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let all_stop = projects::only(&mut tx).await?.is_some_and(|project| project.all_stop);
        let integrations = kept::all(&mut tx).await?;
        // One that waits for somebody to open a link delivers nothing either, and says so before the first outage; one that leaves out
        // some of its addresses delivers to the others.
        let waits = |one: &kept::Integration| {
            one.settings.as_ref().is_ok_and(|settings| settings.writes_only_to(&one.unconfirmed))
        };
        // One that failed so that it was switched off, too: whoever switches one off themselves takes the mark away.
        let is_failing =
            |one: &&kept::Integration| one.failing_since.is_some() || (one.enabled && waits(one));
        let failing = integrations.iter().filter(is_failing);
        let why = failing.clone().next().and_then(|one| {
            let unconfirmed = waits(one).then(|| unconfirmed_words(&one.unconfirmed));
            unconfirmed.or_else(|| one.failing.clone())
        });
        let failing = failing.map(|one| Named { id: one.id.clone(), name: one.name.clone() }).collect();
        let in_use = crate::store::views::telling::in_use(&mut tx).await?;
        let definitions = stored::without_monitors(&mut tx).await?;
        let somebody = integrations.iter().filter(|one| one.enabled).any(|one| {
            let named = definitions.iter().filter(|definition| definition.draft.active).any(|definition| {
                let levels = definition.draft.levels.iter().filter(|level| level.active);
                levels.flat_map(|level| &level.targets).any(|target| target.integration == one.id)
            });
            named || in_use.contains(&one.key)
        });
        Ok(TellingHealth { all_stop, failing, why, nobody: !somebody })
    }

    /// Stops all telling until somebody restarts it, or restarts it.
    pub async fn set_all_stop(&self, viewer: &Viewer, all_stop: bool) -> Result<()> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.write().await?;
        let project = self.project(&mut tx, now).await?;
        projects::set_all_stop(&mut tx, project, all_stop, now).await?;
        tx.commit().await?;
        tracing::warn!(all_stop, who = viewer.words(), "all telling was stopped or restarted");
        self.inner.telling.dispatcher.outbox.notify_one();
        Ok(())
    }
}

//! The monitors that something names: an alert definition, a subscription to events, or a monitor that hangs on them.

use domain::id::MonitorId;
use domain::person::Viewer;
use domain::views::console::{Named, Naming};

use super::super::monitors::load as load_monitor;
use super::{Result, ServiceError, Services, definitions, operator};
use crate::store::{Tx, mutes, subscriptions, views};

impl Services {
    /// The monitors that something names, by name; those that are gone are left out.
    ///
    /// # Errors
    /// `NotFound` when there is nothing of that id.
    pub async fn monitors_named_by(&self, viewer: &Viewer, of: &Naming) -> Result<Vec<Named<MonitorId>>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let ids = named_by(&mut tx, of).await?;
        let mut named = views::monitors::named(&mut tx, &ids).await?;
        named.sort_by_cached_key(|one| (one.name.to_lowercase(), one.id.clone()));
        Ok(named)
    }

    /// What monitors are called; those that are gone are left out.
    pub async fn monitor_names(&self, viewer: &Viewer, ids: &[MonitorId]) -> Result<Vec<Named<MonitorId>>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        Ok(views::monitors::named(&mut tx, ids).await?)
    }
}

/// The monitors that something names, also those that are gone.
pub(crate) async fn named_by(tx: &mut Tx, of: &Naming) -> Result<Vec<MonitorId>> {
    Ok(match of {
        Naming::Definition(id) => definitions::load(tx, id).await?.draft.monitors,
        Naming::Subscription(id) => {
            let known = subscriptions::by_id(tx, id).await?.ok_or(ServiceError::NotFound)?;
            known.view.monitors.unwrap_or_default()
        }
        Naming::Monitor(id) => {
            let monitor = load_monitor(tx, id).await?;
            mutes::parents(tx, monitor.key).await?.into_iter().map(|one| one.id).collect()
        }
    })
}

//! What the live sockets ask beside the views.

use domain::id::{MonitorId, MonitorKey};
use domain::person::Viewer;

use super::{Result, Services, operator};
use crate::store;

impl Services {
    /// The keys of monitors, so that samples, which carry keys, can be told apart; monitors that are gone are left out.
    pub async fn monitor_keys(
        &self,
        viewer: &Viewer,
        ids: &[MonitorId],
    ) -> Result<Vec<(MonitorKey, MonitorId)>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(monitor) = store::monitors::by_id(&mut tx, id).await? {
                found.push((monitor.key, id.clone()));
            }
        }
        Ok(found)
    }
}

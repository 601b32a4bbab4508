//! What the live sockets ask beside the views.

use domain::event::Sample;
use domain::id::{MonitorId, MonitorKey};
use domain::person::Viewer;
use domain::views::console::MonitorRow;

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

    /// Whether this node checks a monitor; else another one does, or nobody.
    pub fn checks(&self, monitor: MonitorKey) -> bool {
        self.inner.recorder.knows(monitor)
    }

    /// The latest result of each monitor as a sample; monitors that are gone or were never checked are left out.
    pub async fn latest_samples(&self, viewer: &Viewer, monitors: &[MonitorKey]) -> Result<Vec<Sample>> {
        operator(viewer)?;
        let rows = store::views::monitors::rows(&mut self.inner.db.read().await?, monitors).await?;
        let sample = |(monitor, row): (MonitorKey, MonitorRow)| {
            let at = row.checked_at?;
            Some(Sample { monitor, at, state: row.state, latency_us: row.latency_us })
        };
        Ok(rows.into_iter().filter_map(sample).collect())
    }
}

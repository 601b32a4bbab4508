//! Monitors as programs see them: what lists show, with the settings and the open incidents.

use domain::id::{IncidentId, MonitorId, MonitorKey};
use domain::monitor::{Monitor, MonitorDraft};
use domain::person::Viewer;
use domain::time::Timestamp;
use domain::views::console::MonitorRow;

use super::{load, with_figures};
use crate::services::{Result, ServiceError, Services, operator};
use crate::store::{self, Tx, views};

/// A monitor as programs see it.
#[derive(Clone, Debug)]
pub struct ProgramMonitor {
    /// The integer that programs may call it by.
    pub key: MonitorKey,
    /// What lists show.
    pub row: MonitorRow,
    /// Whether nothing was ever confirmed of it, or not since it began anew.
    pub unsettled: bool,
    /// What the operator said; secrets are open in it.
    pub draft: MonitorDraft,
    /// The version that a change is made from.
    pub version: i64,
    /// Where heartbeats go, below our address.
    pub push_path: Option<String>,
    /// Open incidents, the oldest first.
    pub open: Vec<IncidentId>,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Services {
    /// A page of monitors, from 1 on: those with an open incident first, or the newest; with how many there are in all.
    pub async fn program_monitors(
        &self,
        viewer: &Viewer,
        search: &str,
        newest: bool,
        page: u32,
        per_page: u32,
    ) -> Result<(Vec<ProgramMonitor>, i64)> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let offset = i64::from(page.max(1) - 1) * i64::from(per_page);
        let keys =
            views::programs::monitor_keys(&mut tx, search, newest, i64::from(per_page), offset).await?;
        let found = views::programs::monitors_found(&mut tx, search).await?;
        let mut monitors = Vec::with_capacity(keys.len());
        for key in &keys {
            match store::monitors::by_key(&mut tx, *key).await {
                Ok(monitor) => monitors.extend(monitor),
                // One that cannot be read must not take the others with it.
                Err(error) => tracing::error!(%error, "a monitor cannot be shown"),
            }
        }
        Ok((self.seen(&mut tx, monitors).await?, found))
    }

    /// A monitor.
    pub async fn program_monitor(&self, viewer: &Viewer, id: &MonitorId) -> Result<ProgramMonitor> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let monitor = load(&mut tx, id).await?;
        self.seen(&mut tx, vec![monitor]).await?.pop().ok_or(ServiceError::NotFound)
    }

    /// The monitor that a program names by its public id or by its integer.
    pub async fn monitor_named(&self, viewer: &Viewer, name: &str) -> Result<MonitorId> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        if let Ok(id) = name.parse() {
            return Ok(load(&mut tx, &id).await?.id);
        }
        let key: i64 = name.parse().map_err(|_| ServiceError::NotFound)?;
        let monitor = store::monitors::by_key(&mut tx, MonitorKey(key)).await?;
        monitor.map(|monitor| monitor.id).ok_or(ServiceError::NotFound)
    }

    async fn seen(&self, tx: &mut Tx, monitors: Vec<Monitor>) -> Result<Vec<ProgramMonitor>> {
        let keys: Vec<_> = monitors.iter().map(|monitor| monitor.key).collect();
        let mut open = views::programs::open_incidents(tx, &keys).await?;
        let unsettled = views::programs::unsettled(tx, &keys).await?;
        let rows = views::monitors::rows(tx, &keys).await?;
        let mut rows = with_figures(tx, rows, self.now()).await?;
        let view = |monitor: Monitor| {
            let place = rows.iter().position(|row| row.id == monitor.id)?;
            Some(ProgramMonitor {
                key: monitor.key,
                row: rows.swap_remove(place),
                unsettled: unsettled.contains(&monitor.key),
                open: open.remove(&monitor.key).unwrap_or_default(),
                push_path: monitor.push_token.map(|token| format!("/api/push/{token}")),
                draft: monitor.draft,
                version: monitor.version,
                created_at: monitor.created_at,
            })
        };
        Ok(monitors.into_iter().filter_map(view).collect())
    }
}

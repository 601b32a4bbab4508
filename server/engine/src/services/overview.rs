//! The first screen of the console, and the numbers beside it.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use domain::id::MonitorId;
use domain::person::Viewer;
use domain::time::{DAY, HOUR, MINUTE, Timestamp};
use domain::uptime::Counts;
use domain::views::console::{MetricsRow, Overview, Standing, StateCounts, SystemHealth};

use super::monitors::with_figures;
use super::{Result, Services, feed, operator};
use crate::store::views;
use crate::store::{self, Tx};

/// Monitors that are not well, on the first screen.
const BROKEN: i64 = 50;
/// Open incidents, on the first screen.
const INCIDENTS: i64 = 50;
/// Entries of the feed, on the first screen.
const FEED: i64 = 30;

impl Services {
    /// What is broken now, and what happened lately.
    pub async fn overview(&self, viewer: &Viewer) -> Result<Overview> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.read().await?;
        let seq = store::events::last(&mut tx).await?;
        let counts = views::monitors::counts(&mut tx).await?;
        let broken = views::monitors::broken(&mut tx, BROKEN).await?;
        let broken = views::monitors::rows(&mut tx, &broken).await?;
        let broken = with_figures(&mut tx, broken, now).await?;
        let incidents = views::incidents::open(&mut tx, INCIDENTS).await?;
        let events = store::events::state_changes(&mut tx, FEED).await?;
        let feed = feed::items(&mut tx, &events).await?;
        let system = self.system_health(&mut tx, now).await?;
        Ok(Overview { seq, at: now, counts, broken, incidents, feed, system })
    }

    /// What stands at the edge of every page: the overview without its lists.
    pub async fn standing(&self, viewer: &Viewer) -> Result<Standing> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let seq = store::events::last(&mut tx).await?;
        let counts = views::monitors::counts(&mut tx).await?;
        let system = self.system_health(&mut tx, self.now()).await?;
        Ok(Standing { seq, counts, system })
    }

    /// How many monitors show each state.
    pub async fn counts(&self, viewer: &Viewer) -> Result<StateCounts> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        Ok(views::monitors::counts(&mut tx).await?)
    }

    /// Every monitor as `/metrics` shows it.
    pub async fn metrics_rows(&self, viewer: &Viewer) -> Result<Vec<MetricsRow>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        Ok(views::metrics::rows(&mut tx).await?)
    }

    /// What the checks of every monitor found in the last days, today counted as one of them; one day is the last 24 hours.
    pub async fn counts_of_days(&self, viewer: &Viewer, days: i64) -> Result<HashMap<MonitorId, Counts>> {
        operator(viewer)?;
        let now = self.now();
        // From the edge of a bucket on, because what lies between edges is counted result by result.
        let from = match days {
            ..=1 => now.floor(HOUR).0 - DAY,
            _ => now.floor(DAY).0 - (days - 1) * DAY,
        };
        let mut tx = self.inner.db.read().await?;
        let ids = views::metrics::ids(&mut tx).await?;
        let keys: Vec<_> = ids.iter().map(|(key, _)| *key).collect();
        let mut counts = store::rollups::counts(&mut tx, &keys, Timestamp(from), now).await?;
        Ok(ids.into_iter().filter_map(|(key, id)| Some((id, counts.remove(&key)?))).collect())
    }

    async fn system_health(&self, tx: &mut Tx, now: Timestamp) -> Result<SystemHealth> {
        let vitals = &self.inner.vitals;
        let offline_since = vitals.offline_since.load(Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "lateness stays far below 2^52 microseconds")]
        let lateness_p99_ms = vitals.lateness(0.99).map(|micros| micros as f64 / 1e3);
        Ok(SystemHealth {
            lateness_p99_ms,
            checks_per_minute: views::monitors::results_since(tx, Timestamp(now.0 - MINUTE)).await?,
            queued: vitals.queued.load(Ordering::Relaxed),
            database_bytes: self.inner.db.size().await?,
            offline_since: (offline_since != 0).then_some(Timestamp(offline_since)),
        })
    }
}

//! Monitors: what lists show of them, and what an operator does to them.

mod detail;
mod edit;
mod programs;
mod trial;

use domain::id::{MonitorId, MonitorKey};
use domain::monitor::Monitor;
use domain::person::Viewer;
use domain::time::{DAY, MINUTE, Timestamp};
use domain::uptime::Counts;
use domain::views::console::{MAX_PER_PAGE, MonitorList, MonitorQuery, MonitorRow, PER_PAGE, SPARK_POINTS};

pub use programs::ProgramMonitor;

use super::{Result, ServiceError, Services, operator, place};
use crate::store::rollups::{self, Slot};
use crate::store::{self, Tx, views};

/// The width of a point of a row's sparkline, in milliseconds.
const SPARK_WIDTH: i64 = 30 * MINUTE;

impl Services {
    /// A page of the list of monitors. A page behind the last one shows the last one.
    pub async fn monitors(&self, viewer: &Viewer, query: &MonitorQuery) -> Result<MonitorList> {
        operator(viewer)?;
        let per_page = if query.per_page == 0 { PER_PAGE } else { query.per_page.min(MAX_PER_PAGE) };
        let mut tx = self.inner.db.read().await?;
        let seq = store::events::last(&mut tx).await?;
        let found = views::monitors::found(&mut tx, query).await?;
        let (page, offset) = place(query.page, found, per_page);
        let keys = views::monitors::keys(&mut tx, query, i64::from(per_page), offset).await?;
        let rows = views::monitors::rows(&mut tx, &keys).await?;
        let rows = with_figures(&mut tx, rows, self.now()).await?;
        let counts = views::monitors::counts(&mut tx).await?;
        Ok(MonitorList { seq, rows, found, counts, page, per_page })
    }

    /// A monitor as lists show it; `None` when it is gone.
    pub async fn monitor_row(&self, viewer: &Viewer, key: MonitorKey) -> Result<Option<MonitorRow>> {
        operator(viewer)?;
        let mut tx = self.inner.db.read().await?;
        let rows = views::monitors::rows(&mut tx, &[key]).await?;
        Ok(with_figures(&mut tx, rows, self.now()).await?.pop())
    }
}

/// Adds the figures of the last day to rows: two questions a tier, however many rows there are.
pub(super) async fn with_figures(
    tx: &mut Tx,
    rows: Vec<(MonitorKey, MonitorRow)>,
    now: Timestamp,
) -> Result<Vec<MonitorRow>> {
    let keys: Vec<MonitorKey> = rows.iter().map(|(key, _)| *key).collect();
    let from = Timestamp(now.0 - DAY);
    let counts = rollups::counts(tx, &keys, from, now).await?;
    let last = now.0.div_euclid(SPARK_WIDTH);
    let points = i64::try_from(SPARK_POINTS).unwrap_or(0);
    let first = last - points + 1;
    let slot = Slot { shift: 0, width: SPARK_WIDTH };
    let means = rollups::means(tx, &keys, Timestamp(first * SPARK_WIDTH), now, slot).await?;
    let row = |(key, mut row): (MonitorKey, MonitorRow)| {
        row.uptime_day = counts.get(&key).and_then(Counts::uptime);
        row.spark = (first..=last).map(|number| means.get(&(key, number)).copied()).collect();
        row
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The monitor of a public id.
pub(in crate::services) async fn load(tx: &mut Tx, id: &MonitorId) -> Result<Monitor> {
    store::monitors::by_id(tx, id).await?.ok_or(ServiceError::NotFound)
}

//! `monitor_uptime_ratio` as Uptime Kuma has it: the share of the last day, month and year in which a monitor worked.

use std::collections::HashMap;
use std::sync::Arc;

use domain::id::MonitorId;
use domain::person::Viewer;
use domain::time::{MINUTE, Timestamp};
use engine::services::{ServiceError, Services};
use tokio::sync::Mutex;

/// How long shares are shown before they are counted again, in milliseconds: those of thousands of monitors over a year take a second or
/// two, and move by nothing that a board could show.
const FRESH: i64 = 5 * MINUTE;
/// The windows in days, and what they are called.
pub(super) const WINDOWS: [(i64, &str); 3] = [(1, "1d"), (30, "30d"), (365, "365d")];

/// The shares of each monitor, by window; `None` where nothing is known.
pub(super) type Shares = HashMap<MonitorId, [Option<f64>; WINDOWS.len()]>;

/// Shares as they were counted last.
#[derive(Debug, Default)]
pub(crate) struct Ratios(Mutex<Option<(Timestamp, Arc<Shares>)>>);

impl Ratios {
    /// The shares, counted at most [`FRESH`] ago. Who asks while they are counted waits for them.
    pub(super) async fn get(&self, services: &Services) -> Result<Arc<Shares>, ServiceError> {
        let mut kept = self.0.lock().await;
        let now = services.now();
        if let Some((at, shares)) = kept.as_ref()
            && now >= *at
            && now.since(*at) < FRESH
        {
            return Ok(shares.clone());
        }
        let mut shares = Shares::new();
        for (place, (days, _)) in WINDOWS.into_iter().enumerate() {
            for (id, counts) in services.counts_of_days(&Viewer::System, days).await? {
                shares.entry(id).or_default()[place] = counts.uptime();
            }
        }
        let shares = Arc::new(shares);
        *kept = Some((now, shares.clone()));
        Ok(shares)
    }
}

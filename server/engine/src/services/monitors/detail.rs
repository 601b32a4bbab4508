//! A monitor's own page.

use std::collections::BTreeMap;

use domain::check::push::next_deadline;
use domain::check::{CheckSettings, PushSchedule};
use domain::id::{MonitorId, MonitorKey};
use domain::monitor::Monitor;
use domain::person::Viewer;
use domain::tally::Tally;
use domain::time::{DAY, HOUR, MINUTE, Timestamp};
use domain::uptime::Counts;
use domain::views::console::{ChartPoint, Heartbeat, MonitorDetail, Range};

use super::{load, with_figures};
use crate::services::{Result, ServiceError, Services, feed, operator};
use crate::store::{self, Tx, rollups, views};

/// Raw results in the row of beats.
const BEATS: i64 = 90;
/// Incidents, events and reports that the page lists.
const LISTED: i64 = 20;

impl Services {
    /// A monitor's own page, with its chart over `range`.
    pub async fn monitor(&self, viewer: &Viewer, id: &MonitorId, range: Range) -> Result<MonitorDetail> {
        operator(viewer)?;
        let now = self.now();
        let mut tx = self.inner.db.read().await?;
        let monitor = load(&mut tx, id).await?;
        let key = monitor.key;
        let seq = store::events::last(&mut tx).await?;
        let rows = views::monitors::rows(&mut tx, &[key]).await?;
        let row = with_figures(&mut tx, rows, now).await?.pop().ok_or(ServiceError::NotFound)?;
        let (chart, whole) = chart(&mut tx, key, range, now).await?;
        let uptimes = uptimes(&mut tx, key, now).await?;
        let mut beats = store::results::latest(&mut tx, key, BEATS).await?;
        beats.reverse();
        let incidents = views::incidents::of_monitor(&mut tx, key, LISTED).await?;
        let events = store::events::state_changes_of(&mut tx, key, LISTED).await?;
        let feed = feed::items(&mut tx, &events).await?;
        let evidence = store::evidence::latest(&mut tx, key, LISTED).await?;
        let facts = store::facts::get(&mut tx, key).await?;
        let components = views::monitors::components(&mut tx, key).await?;
        let heartbeat = heartbeat(&mut tx, &monitor).await?;
        let policy = monitor.draft.policy;
        Ok(MonitorDetail {
            seq,
            at: now,
            row,
            range,
            figures: whole.figures(),
            uptimes,
            chart,
            beats,
            incidents,
            feed,
            evidence,
            heartbeat,
            certificate_days: facts.certificate_until.map(|until| (until.0 - now.0).div_euclid(DAY)),
            components,
            timeout_ms: i64::try_from(policy.timeout().as_millis()).unwrap_or(i64::MAX),
            thresholds: policy.thresholds,
            notes: monitor.draft.notes,
        })
    }
}

/// The address that a job calls, and when it is to; `None` for monitors of other kinds.
async fn heartbeat(tx: &mut Tx, monitor: &Monitor) -> Result<Option<Heartbeat>> {
    let (Some(token), CheckSettings::Push(settings)) = (&monitor.push_token, &monitor.draft.settings) else {
        return Ok(None);
    };
    let last = store::pushes::get(tx, monitor.key).await?.map(|push| push.at).filter(|at| *at > 0);
    let due_at = last.map(|at| next_deadline(&settings.schedule, Some(at), at)).filter(|at| *at < i64::MAX);
    Ok(Some(Heartbeat {
        path: format!("/api/push/{token}"),
        crontab: settings.crontab(),
        crontab_zone: settings.crontab_zone().map(str::to_owned),
        due_at: due_at.map(Timestamp),
        period_s: match settings.schedule {
            PushSchedule::Period { period_s } => Some(period_s),
            PushSchedule::Cron { .. } => None,
        },
        grace_s: settings.grace_s,
    }))
}

/// The width of a point of the chart, in milliseconds: at most 300 points, each made of whole buckets of a tier.
fn width(range: Range) -> i64 {
    match range {
        Range::Hour => MINUTE,
        Range::Day => 5 * MINUTE,
        Range::Week => HOUR,
        Range::Month => 3 * HOUR,
        Range::Quarter => 8 * HOUR,
    }
}

/// The points of the chart, and everything in them together.
async fn chart(
    tx: &mut Tx,
    key: MonitorKey,
    range: Range,
    now: Timestamp,
) -> Result<(Vec<ChartPoint>, Tally)> {
    let width = width(range);
    let last = now.floor(width);
    let from = Timestamp(last.0 - range.millis() + width);
    let mut series = rollups::series(tx, &[key], from, now, width).await?;
    let buckets: BTreeMap<Timestamp, Tally> = series.remove(&key).unwrap_or_default();
    let (nothing, mut whole) = (Tally::default(), Tally::default());
    let mut points = Vec::new();
    let mut at = from;
    while at <= last {
        let tally = buckets.get(&at).unwrap_or(&nothing);
        whole.merge(tally);
        points.push(ChartPoint {
            at,
            state: tally.worst(),
            latency_us: tally.mean(tally.latency_us),
            dns_us: tally.mean(tally.phases.dns_us),
            connect_us: tally.mean(tally.phases.connect_us),
            tls_us: tally.mean(tally.phases.tls_us),
            wait_us: tally.mean(tally.phases.wait_us),
            download_us: tally.mean(tally.phases.download_us),
        });
        at = Timestamp(at.0 + width);
    }
    Ok((points, whole))
}

/// Uptime over 24 hours, 7, 30 and 90 days.
async fn uptimes(tx: &mut Tx, key: MonitorKey, now: Timestamp) -> Result<[Option<f64>; 4]> {
    let mut uptimes = [None; 4];
    for (uptime, days) in uptimes.iter_mut().zip([1, 7, 30, 90]) {
        let counts = rollups::counts(tx, &[key], Timestamp(now.0 - days * DAY), now).await?;
        *uptime = counts.get(&key).and_then(Counts::uptime);
    }
    Ok(uptimes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_chart_has_more_than_300_points() {
        for range in Range::ALL {
            assert!(range.millis() / width(range) <= 300, "{range:?}");
            assert_eq!(range.millis() % width(range), 0, "{range:?}");
        }
    }
}

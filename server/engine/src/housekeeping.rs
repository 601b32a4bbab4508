//! Housekeeping: roll-ups and retention, in slices so small that nobody waits for them.
//!
//! A round does one slice and says how long to wait for the next. Where it stands within a bucket or a sweep is kept in
//! memory only: after a restart a bucket is counted again from its beginning, which does no harm.

use std::time::{Duration, Instant};

use domain::id::MonitorKey;
use domain::time::{DAY, MINUTE, SECOND, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::store::rollups::{self, Owner, Tier};
use crate::store::{self, Db, StoreError, Tx};

/// How long after its end a bucket is counted, in milliseconds: a check may take a minute, and its result is recorded a
/// moment later.
pub const SETTLED_AFTER: i64 = 90 * SECOND;
/// How often everything is looked through for what is past its retention, in milliseconds.
const SWEEP_EVERY: i64 = 15 * MINUTE;
/// How long a slice may hold the writer.
const SLICE: Duration = Duration::from_millis(50);
/// The most monitors in a slice of a roll-up.
const MOST_MONITORS: i64 = 200;
/// The most rows that one statement forgets.
const MOST_ROWS: i64 = 2_000;
/// The pause between two slices, in which others may write.
const PAUSE: Duration = Duration::from_millis(5);
/// The pause after an error.
const AFTER_ERROR: Duration = Duration::from_secs(10);
/// The longest wait for the next bucket.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Free pages that are given back to the disk after a slice that forgot something: 4 kB each.
const PAGES_BACK: u32 = 64;

/// How long things are kept, in milliseconds; `None` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Raw results.
    pub raw: Option<i64>,
    /// Buckets of five minutes.
    pub five_minutes: Option<i64>,
    /// Buckets of an hour. The bars of status pages need 90 days of them.
    pub hour: Option<i64>,
    /// Buckets of a day.
    pub day: Option<i64>,
    /// Events, which a client that was away for longer cannot resume from.
    pub events: Option<i64>,
    /// Reports of transitions and failures.
    pub evidence: Option<i64>,
    /// Messages that are over, of incidents that are.
    pub deliveries: Option<i64>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            raw: Some(7 * DAY),
            five_minutes: Some(30 * DAY),
            hour: Some(400 * DAY),
            day: None,
            events: Some(30 * DAY),
            evidence: Some(90 * DAY),
            deliveries: Some(90 * DAY),
        }
    }
}

impl Retention {
    fn of(&self, tier: Tier) -> Option<i64> {
        match tier {
            Tier::FiveMinutes => self.five_minutes,
            Tier::Hour => self.hour,
            Tier::Day => self.day,
        }
    }
}

/// Does the housekeeping, one slice a round.
#[derive(Debug)]
pub struct Housekeeping {
    db: Db,
    retention: Retention,
    /// The bucket that is being counted, and the last monitor that was.
    rolling: Option<(Bucket, MonitorKey)>,
    /// Monitors in the next slice of a roll-up; follows how long the last one took.
    monitors: i64,
    sweeping: Option<Sweep>,
    next_sweep: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bucket {
    tier: Tier,
    start: Timestamp,
}

impl Bucket {
    fn end(&self) -> Timestamp {
        Timestamp(self.start.0 + self.tier.width())
    }
}

/// Where a sweep stands.
#[derive(Clone, Copy, Debug)]
enum Sweep {
    /// Raw results, after this monitor.
    Results(MonitorKey),
    /// Buckets of every tier, after this monitor.
    Rollups(MonitorKey),
    Events,
    Evidence,
    Deliveries,
    /// Integrations that were removed, with their deliveries.
    Integrations,
    Sessions,
}

/// Keeps house until cancelled. Errors are logged and tried again.
pub async fn run(db: Db, clock: Clock, retention: Retention, cancel: CancellationToken) {
    let mut housekeeping = Housekeeping::new(db, retention);
    loop {
        let wait = housekeeping.round(clock.now()).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the housekeeping failed and is tried again");
            AFTER_ERROR
        });
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = cancel.cancelled() => return,
        }
    }
}

impl Housekeeping {
    /// Housekeeping of a database.
    pub fn new(db: Db, retention: Retention) -> Self {
        Self {
            db,
            retention,
            rolling: None,
            monitors: MOST_MONITORS,
            sweeping: None,
            next_sweep: Timestamp::default(),
        }
    }

    /// Does the next slice, roll-ups first, and returns how long to wait for the one after.
    ///
    /// # Errors
    /// When the database fails; the same slice is due again then.
    pub async fn round(&mut self, now: Timestamp) -> Result<Duration, StoreError> {
        if self.rolling.is_none() {
            self.rolling = self.next_bucket(now).await?.map(|bucket| (bucket, MonitorKey(0)));
        }
        if let Some((bucket, after)) = self.rolling {
            self.rolling = self.roll_up(bucket, after).await?.map(|after| (bucket, after));
            return Ok(PAUSE);
        }
        // After the clock was set back the next sweep lies further ahead than it was put.
        let sweep_due = now >= self.next_sweep || self.next_sweep.since(now) > SWEEP_EVERY;
        if self.sweeping.is_none() && sweep_due {
            self.sweeping = Some(Sweep::Results(MonitorKey(0)));
            self.next_sweep = Timestamp(now.0 + SWEEP_EVERY);
        }
        if let Some(sweep) = self.sweeping {
            self.sweeping = self.sweep(sweep, now).await?;
            return Ok(PAUSE);
        }
        let next_bucket = Timestamp(now.0 - SETTLED_AFTER).floor(Tier::FiveMinutes.width()).0
            + Tier::FiveMinutes.width()
            + SETTLED_AFTER;
        let wait = (next_bucket.min(self.next_sweep.0) - now.0).max(1);
        Ok(Duration::from_millis(u64::try_from(wait).unwrap_or(0)).min(LONGEST_WAIT))
    }

    /// Rounds until nothing is due at `now`; for tests, benches and the command line.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn catch_up(&mut self, now: Timestamp) -> Result<(), StoreError> {
        while self.round(now).await? == PAUSE {}
        Ok(())
    }

    /// The first bucket that is over, settled and not counted, of the finest tier that has one.
    async fn next_bucket(&self, now: Timestamp) -> Result<Option<Bucket>, StoreError> {
        let mut tx = self.db.read().await?;
        let progress = rollups::progress(&mut tx).await?;
        for tier in Tier::ALL {
            let due = match tier.below() {
                None => Timestamp(now.0 - SETTLED_AFTER),
                Some(below) => match progress.until(below) {
                    Some(until) => until,
                    None => continue,
                },
            };
            let start = match progress.until(tier) {
                Some(until) => until,
                None => match rollups::beginning(&mut tx).await? {
                    Some(beginning) => beginning.floor(tier.width()),
                    None => continue,
                },
            };
            let bucket = Bucket { tier, start };
            if bucket.end() > due {
                continue;
            }
            let behind = Bucket { tier, start: bucket.end() }.end() <= due;
            if !behind {
                return Ok(Some(bucket));
            }
            // Several are due: the program was stopped for a while, so skip what is empty, up to the last one.
            let last = Timestamp(due.floor(tier.width()).0 - tier.width());
            let source =
                rollups::next_source(&mut tx, tier, start).await?.map_or(last, |at| at.floor(tier.width()));
            return Ok(Some(Bucket { tier, start: source.clamp(start, last) }));
        }
        Ok(None)
    }

    /// Counts the next monitors of a bucket; returns the last of them, or `None` when the bucket is complete.
    async fn roll_up(&mut self, bucket: Bucket, after: MonitorKey) -> Result<Option<MonitorKey>, StoreError> {
        let mut tx = self.db.write().await?;
        let begun = Instant::now();
        let last = rollups::roll_up(&mut tx, bucket.tier, bucket.start, after, self.monitors).await?;
        if last.is_none() {
            rollups::advance(&mut tx, bucket.tier, bucket.end()).await?;
        }
        tx.commit().await?;
        let took = begun.elapsed();
        if took > SLICE {
            self.monitors = (self.monitors / 2).max(1);
        } else if took < SLICE / 4 {
            self.monitors = (self.monitors * 2).min(MOST_MONITORS);
        }
        Ok(last)
    }

    /// Forgets the next slice; returns where the sweep stands then, or `None` when it is through.
    async fn sweep(&self, sweep: Sweep, now: Timestamp) -> Result<Option<Sweep>, StoreError> {
        let mut tx = self.db.write().await?;
        let (next, forgotten) = match sweep {
            Sweep::Results(after) => {
                let (after, forgotten) = self.sweep_results(&mut tx, after, now).await?;
                (Some(after.map_or(Sweep::Rollups(MonitorKey(0)), Sweep::Results)), forgotten)
            }
            Sweep::Rollups(after) => {
                let (after, forgotten) = self.sweep_rollups(&mut tx, after, now).await?;
                (Some(after.map_or(Sweep::Events, Sweep::Rollups)), forgotten)
            }
            Sweep::Events => {
                let forgotten = match self.retention.events {
                    Some(age) => store::events::forget(&mut tx, Timestamp(now.0 - age), MOST_ROWS).await?,
                    None => 0,
                };
                (Some(if is_full(forgotten) { Sweep::Events } else { Sweep::Evidence }), forgotten)
            }
            Sweep::Evidence => {
                let forgotten = match self.retention.evidence {
                    Some(age) => store::evidence::forget(&mut tx, Timestamp(now.0 - age), MOST_ROWS).await?,
                    None => 0,
                };
                (Some(if is_full(forgotten) { Sweep::Evidence } else { Sweep::Deliveries }), forgotten)
            }
            Sweep::Deliveries => {
                let forgotten = match self.retention.deliveries {
                    Some(age) => {
                        store::deliveries::forget(&mut tx, Timestamp(now.0 - age), MOST_ROWS).await?
                    }
                    None => 0,
                };
                (Some(if is_full(forgotten) { Sweep::Deliveries } else { Sweep::Integrations }), forgotten)
            }
            Sweep::Integrations => {
                let forgotten = store::integrations::sweep_deleted(&mut tx, MOST_ROWS).await?;
                // Whatever was forgotten, another round removes the integrations that nothing is left of.
                (Some(if forgotten > 0 { Sweep::Integrations } else { Sweep::Sessions }), forgotten)
            }
            Sweep::Sessions => {
                store::sessions::delete_expired(&mut tx, now).await?;
                (None, 0)
            }
        };
        tx.commit().await?;
        if forgotten > 0 {
            self.db.give_back(PAGES_BACK).await?;
        }
        Ok(next)
    }

    /// Forgets raw results until the slice's time is up; returns the monitor to go on after, or `None` at the end.
    async fn sweep_results(
        &self,
        tx: &mut Tx,
        mut after: MonitorKey,
        now: Timestamp,
    ) -> Result<(Option<MonitorKey>, u64), StoreError> {
        let counted = rollups::progress(tx).await?.until(Tier::FiveMinutes);
        let mut forgotten = 0;
        let begun = Instant::now();
        while begun.elapsed() < SLICE {
            let Some(owner) = rollups::owner_of_results(tx, after).await? else {
                return Ok((None, forgotten));
            };
            let rows = match cut(owner, self.retention.raw, counted, now) {
                Some(cut) => rollups::forget_results(tx, owner.monitor, cut, MOST_ROWS).await?,
                None => 0,
            };
            forgotten += rows;
            if !is_full(rows) {
                after = owner.monitor;
            }
        }
        Ok((Some(after), forgotten))
    }

    /// Like [`Self::sweep_results`], for the buckets of every tier.
    async fn sweep_rollups(
        &self,
        tx: &mut Tx,
        mut after: MonitorKey,
        now: Timestamp,
    ) -> Result<(Option<MonitorKey>, u64), StoreError> {
        let progress = rollups::progress(tx).await?;
        let mut forgotten = 0;
        let begun = Instant::now();
        while begun.elapsed() < SLICE {
            let Some(owner) = rollups::owner_of_rollups(tx, after).await? else {
                return Ok((None, forgotten));
            };
            let mut full = false;
            for (tier, above) in
                [(Tier::FiveMinutes, Some(Tier::Hour)), (Tier::Hour, Some(Tier::Day)), (Tier::Day, None)]
            {
                // The highest tier is counted nowhere else, so there is nothing to wait for.
                let counted = above.map_or(Some(now), |above| progress.until(above));
                if let Some(cut) = cut(owner, self.retention.of(tier), counted, now) {
                    let rows = rollups::forget_rollups(tx, owner.monitor, tier, cut, MOST_ROWS).await?;
                    forgotten += rows;
                    full |= is_full(rows);
                }
            }
            if !full {
                after = owner.monitor;
            }
        }
        Ok((Some(after), forgotten))
    }
}

/// Before which time rows of an owner may be forgotten: past their retention and counted in the next tier. Of a monitor that
/// was deleted nothing is kept.
fn cut(owner: Owner, age: Option<i64>, counted: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    if !owner.alive {
        return Some(Timestamp(i64::MAX));
    }
    Some(Timestamp(now.0 - age?).min(counted?))
}

fn is_full(rows: u64) -> bool {
    i64::try_from(rows).is_ok_and(|rows| rows >= MOST_ROWS)
}

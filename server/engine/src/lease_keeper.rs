//! Holds the shards of this node: renews their leases, takes over those that ran out, and says which are held. Whoever renews also
//! listens for heartbeats, so here it is written down when somebody did.
//!
//! While the database is away nobody can renew, so afterwards the leases of every node have run out. What their owners found meanwhile
//! can be written only as long as nobody takes over, so a node that could not go round itself first gives the others time to renew.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::monitor::SHARDS;
use domain::time::{SECOND, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::store::{self, Db, claiming, leases, listening};
use crate::vitals::Vitals;

/// How long a lease lasts. A node that dies is replaced after that.
const LEASE: Duration = Duration::from_secs(15);
/// How often leases are renewed: two renewals may fail.
const RENEW: Duration = Duration::from_secs(5);
/// The pause after a round that failed: once the database is back, owners renew before anybody takes over.
const AGAIN: Duration = Duration::from_secs(1);
/// A round that comes so long after the one before, in milliseconds, comes too late. It is less than what is left of a lease that
/// was just to be renewed, so whoever sees the leases of others run out together has been late, too.
const OVERDUE: i64 = 8 * SECOND;
/// For how long rounds must have come in time before the shards of others are taken, in milliseconds: a round of an owner that waits
/// for a connection, fails and comes again fits in.
const STEADY: i64 = 10 * SECOND;
/// How far the own clock may be from the database's, in milliseconds, before somebody should look at it.
const SKEW: i64 = 3 * SECOND;

/// Renews and claims, and tells the scheduler.
#[derive(Debug)]
pub(crate) struct LeaseKeeper {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) node: String,
    pub(crate) held: watch::Sender<Arc<HashSet<u16>>>,
    pub(crate) vitals: Arc<Vitals>,
    pub(crate) rounds: Rounds,
}

/// The rounds that succeeded one after the other, each in time.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    /// The first and the last of them, by the clock of the leases; `None` before the first one.
    span: Option<(Timestamp, Timestamp)>,
    /// Whether it was told that the own clock is wrong.
    is_wrong: bool,
}

impl Rounds {
    /// The span with a round at `now`: a new one when the last round is too long ago, or the clock was set.
    fn with(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let begun = self.span.filter(|(_, last)| (0..=OVERDUE).contains(&(now.0 - last.0)));
        (begun.map_or(now, |(first, _)| first), now)
    }
}

impl LeaseKeeper {
    /// The first round of a start.
    pub(crate) async fn begin(&mut self) -> store::Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write().await?;
        let shared = tx.time(now).await?;
        // Who starts alone ends a gap, however short it was.
        let patience =
            if leases::others_hold(&mut tx, &self.node, shared).await? { listening::PATIENCE } else { 0 };
        listening::listened(&mut tx, now, patience).await?;
        tx.commit().await?;
        self.round().await
    }

    /// One renewal, and the claim of whatever is free. What another node held until its lease ran out is free only when rounds have
    /// come in time for a while; what was let go, at once.
    async fn round(&mut self) -> store::Result<()> {
        let mut tx = self.db.write().await?;
        let asked = self.clock.now();
        let shared = tx.time(asked).await?;
        let now = self.clock.now();
        self.compare((asked, now), shared);
        let until = shared + LEASE;
        let span = self.rounds.with(shared);
        let ran_out = if span.1.since(span.0) >= STEADY { shared } else { leases::LET_GO };
        let mut held: HashSet<u16> = leases::renew(&mut tx, &self.node, until)
            .await?
            .into_iter()
            .filter_map(|lease| u16::try_from(lease.shard).ok())
            .collect();
        let lost = leases::lost(&mut tx, &self.node, ran_out).await?;
        for shard in (0..SHARDS).filter(|shard| !held.contains(shard)).collect::<Vec<_>>() {
            if leases::claim(&mut tx, i64::from(shard), &self.node, ran_out, until).await?.is_some() {
                held.insert(shard);
            }
        }
        listening::listened(&mut tx, now, listening::PATIENCE).await?;
        tx.commit().await?;
        for node in &lost {
            // Nobody sends what it was about to send, and its leases of messages are much longer than those of shards.
            if let Err(error) = claiming::release(&self.db, node).await {
                tracing::warn!(%error, "messages of a node that is gone wait until its leases of them run out");
            }
        }
        self.rounds.span = Some(span);
        self.held.send_if_modified(|before| {
            let changed = **before != held;
            if changed {
                *before = Arc::new(held);
            }
            changed
        });
        Ok(())
    }

    /// Notes by how much the own clock, read before and after the shared one, is ahead of that; told when it is too much, and when it
    /// no longer is.
    fn compare(&mut self, (before, after): (Timestamp, Timestamp), shared: Timestamp) {
        // How long the answer took says nothing.
        let ahead = (before.0 - shared.0).max(0) + (after.0 - shared.0).min(0);
        self.vitals.clock_ahead.store(ahead, Ordering::Relaxed);
        let is_wrong = ahead.abs() > SKEW;
        if is_wrong && !self.rounds.is_wrong {
            tracing::warn!(
                ahead_s = ahead / SECOND,
                "the clock of this machine differs from the database's: let both follow a time server, or times in results and incidents are wrong"
            );
        } else if !is_wrong && self.rounds.is_wrong {
            tracing::info!("the clock of this machine agrees with the database's again");
        }
        self.rounds.is_wrong = is_wrong;
    }

    /// Renews until cancelled, then lets go.
    pub(crate) async fn run(mut self, cancel: CancellationToken) {
        let mut pause = RENEW;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = cancel.cancelled() => break,
            }
            pause = RENEW;
            if let Err(error) = self.round().await {
                tracing::error!(%error, "the leases could not be renewed; trying again");
                pause = AGAIN;
            }
        }
        if let Err(error) = self.let_go().await {
            tracing::warn!(%error, "the leases could not be released; they run out by themselves");
        }
    }

    async fn let_go(&self) -> store::Result<()> {
        let mut tx = self.db.write().await?;
        leases::release(&mut tx, &self.node).await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use domain::id::{DeliveryId, IntegrationId, ProjectId};
    use domain::integration::{IntegrationDraft, WebhookSettings};
    use domain::message::{Body, EventNote, Message};

    use super::*;
    use crate::chance::Chance;
    use crate::store::claiming::Limits;
    use crate::store::deliveries::{self, NewDelivery};
    use crate::store::{integrations, projects};

    const ALL: usize = SHARDS as usize;

    /// Nodes that share a database and a clock.
    struct World {
        db: Db,
        clock: Clock,
        _folder: tempfile::TempDir,
    }

    impl World {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let db = Db::open(&Db::sqlite_url(&folder.path().join("leases.db"))).await.unwrap();
            db.migrate().await.unwrap();
            Self { db, clock: Clock::manual(Timestamp(1_767_225_600_000)), _folder: folder }
        }

        async fn node(&self, name: &str) -> LeaseKeeper {
            let (held, _) = watch::channel(Arc::default());
            let (db, clock) = (self.db.clone(), self.clock.clone());
            let (node, vitals, rounds) = (name.to_owned(), Arc::default(), Rounds::default());
            let mut node = LeaseKeeper { db, clock, node, held, vitals, rounds };
            node.begin().await.unwrap();
            node
        }

        /// Both nodes go round in time for a while.
        async fn goes_on(&self, owner: &mut LeaseKeeper, other: &mut LeaseKeeper) {
            for _ in 0..4 {
                self.clock.advance(RENEW);
                owner.round().await.unwrap();
                other.round().await.unwrap();
            }
        }
    }

    fn held(node: &LeaseKeeper) -> usize {
        node.held.borrow().len()
    }

    #[tokio::test]
    async fn after_the_database_was_away_owners_keep_their_shards_whoever_comes_first() {
        let world = World::new().await;
        let (mut owner, mut other) = (world.node("owner").await, world.node("other").await);
        world.goes_on(&mut owner, &mut other).await;
        assert_eq!((held(&owner), held(&other)), (ALL, 0));
        // Nobody can go round: the leases run out.
        world.clock.advance(Duration::from_secs(28));
        other.round().await.unwrap();
        // A node that waited for the database to start knows nothing of the others, either.
        let mut fresh = world.node("fresh").await;
        world.clock.advance(Duration::from_secs(4));
        other.round().await.unwrap();
        fresh.round().await.unwrap();
        owner.round().await.unwrap();
        assert_eq!((held(&owner), held(&other), held(&fresh)), (ALL, 0, 0));
        for _ in 0..4 {
            world.clock.advance(RENEW);
            other.round().await.unwrap();
            fresh.round().await.unwrap();
            owner.round().await.unwrap();
        }
        assert_eq!((held(&owner), held(&other), held(&fresh)), (ALL, 0, 0));
    }

    /// How many seconds it takes until another node has the shards of one that is gone.
    async fn replaced_after(world: &World, other: &mut LeaseKeeper) -> u64 {
        for round in 1..=10 {
            world.clock.advance(RENEW);
            other.round().await.unwrap();
            if held(other) == ALL {
                return round * RENEW.as_secs();
            }
        }
        panic!("nobody takes over");
    }

    #[tokio::test]
    async fn an_owner_that_is_gone_is_replaced() {
        let world = World::new().await;
        let (mut owner, mut other) = (world.node("owner").await, world.node("other").await);
        world.goes_on(&mut owner, &mut other).await;
        assert_eq!(replaced_after(&world, &mut other).await, 20);
        // Also when the database was away meanwhile.
        let mut third = world.node("third").await;
        world.clock.advance(Duration::from_mins(1));
        third.round().await.unwrap();
        assert_eq!(replaced_after(&world, &mut third).await, 10);
    }

    /// Adds a message.
    async fn message(world: &World) {
        let (chance, now) = (Chance::System, world.clock.now());
        let mut tx = world.db.write().await.unwrap();
        let project = projects::ensure(&mut tx, &ProjectId::new(chance.bytes()), now).await.unwrap();
        let settings = WebhookSettings::to("https://hooks.example/").into();
        let draft = IntegrationDraft { name: "hook".to_owned(), settings, enabled: true, quiet: None };
        let id = IntegrationId::new(chance.bytes());
        let integration = integrations::insert(&mut tx, project, &id, &draft, now).await.unwrap();
        let body = Body::Event(EventNote {
            event: "incident.incident.created".to_owned(),
            payload: serde_json::json!({}),
            subscription: String::new(),
            name: String::new(),
        });
        let (base_url, time_zone) = (String::new(), "UTC".to_owned());
        let message = Message { at: now, base_url, time_zone, project: None, only: Vec::new(), body };
        let new = NewDelivery {
            id: &DeliveryId::new(chance.bytes()),
            integration,
            address: "",
            cause: "test",
            incident: None,
            monitor: None,
            message: &message,
            due_at: now,
            at: now,
        };
        assert!(deliveries::insert(&mut tx, &new).await.unwrap());
        tx.commit().await.unwrap();
    }

    /// How many messages a node finds to send.
    async fn claimed(world: &World, node: &str) -> usize {
        let (now, until) = (world.clock.now(), Timestamp(world.clock.now().0 + 100 * SECOND));
        let limits = Limits { total: 10, each: 10, fast: &[], each_fast: 10, full: &[] };
        let mut tx = world.db.write().await.unwrap();
        let claimed = claiming::claim(&mut tx, node, now, until, &limits).await.unwrap();
        tx.commit().await.unwrap();
        claimed.len()
    }

    #[tokio::test]
    async fn what_a_node_that_is_gone_was_to_send_is_sent_by_who_takes_its_shards() {
        let world = World::new().await;
        let (mut owner, mut other) = (world.node("owner").await, world.node("other").await);
        message(&world).await;
        assert_eq!(claimed(&world, "owner").await, 1);
        world.goes_on(&mut owner, &mut other).await;
        assert_eq!(claimed(&world, "other").await, 0, "it is on its way");
        assert_eq!(replaced_after(&world, &mut other).await, 20);
        assert_eq!(claimed(&world, "other").await, 1);
    }

    #[tokio::test]
    async fn what_a_node_that_stops_still_sends_is_sent_by_nobody_else() {
        let world = World::new().await;
        let (mut owner, mut other) = (world.node("owner").await, world.node("other").await);
        message(&world).await;
        assert_eq!(claimed(&world, "owner").await, 1);
        world.goes_on(&mut owner, &mut other).await;
        owner.let_go().await.unwrap();
        other.round().await.unwrap();
        assert_eq!((held(&other), claimed(&world, "other").await), (ALL, 0));
    }

    #[tokio::test]
    async fn a_clock_that_differs_is_noticed_and_a_slow_answer_is_no_difference() {
        let world = World::new().await;
        let mut node = world.node("only").await;
        let mut ahead = |before, after, shared| {
            node.compare((Timestamp(before), Timestamp(after)), Timestamp(shared));
            (node.vitals.clock_ahead.load(Ordering::Relaxed), node.rounds.is_wrong)
        };
        assert_eq!(ahead(100_000, 110_000, 105_000), (0, false), "it took ten seconds");
        assert_eq!(ahead(125_000, 125_010, 105_000), (20_000, true));
        assert_eq!(ahead(85_000, 85_010, 105_000), (-19_990, true));
        assert_eq!(ahead(105_900, 105_910, 105_000), (900, false));
    }

    #[tokio::test]
    async fn what_was_let_go_is_taken_at_once() {
        let world = World::new().await;
        let owner = world.node("owner").await;
        owner.let_go().await.unwrap();
        assert_eq!(held(&world.node("other").await), ALL);
    }
}

//! The engine: everything that works in the background, started and stopped as one.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::answers;
use crate::bus::Bus;
use crate::chance::Chance;
use crate::checks::{Checks, ChecksConfig};
use crate::clock::Clock;
use crate::connectivity::Connectivity;
use crate::housekeeping::{self, Retention};
use crate::lease_keeper::{LeaseKeeper, Rounds};
use crate::providers::Carriers;
use crate::recorder::{Recorder, Writer};
use crate::registry::Registry;
use crate::scheduler::{Concurrency, Scheduler};
use crate::services::{Services, Telling};
use crate::store::{Db, Kind, claiming};
use crate::vitals::Vitals;

/// What the node of an SQLite file is called: always the same, so that a restart finds its own leases.
const ONLY_NODE: &str = "only";
/// How long the engine may take to record what is waiting when it stops.
const DRAIN: Duration = Duration::from_secs(8);

/// What the engine is told at its start.
#[derive(Debug)]
pub struct EngineConfig {
    /// How targets are reached, and which may be.
    pub checks: ChecksConfig,
    /// How many checks may run at a time.
    pub concurrency: Concurrency,
    /// Who is asked whether our own network works.
    pub anchors: Vec<SocketAddr>,
    /// How long results and roll-ups are kept.
    pub retention: Retention,
    /// Where the console is, for links in messages; empty when nobody configured it: then log-ins tell.
    pub base_url: String,
    /// Who carries messages.
    pub carriers: Carriers,
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// The recorder's thread could not be started.
    #[error("the recorder could not be started")]
    Recorder(#[from] std::io::Error),
    /// The checks could not be set up.
    #[error("the checks could not be set up")]
    Checks(#[from] crate::checks::ChecksError),
}

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    services: Services,
    bus: Bus,
    vitals: Arc<Vitals>,
    /// Ends the scheduler, the bus and the housekeeping.
    cancel: CancellationToken,
    /// Ends the recorder, once nothing more is submitted.
    cancel_recorder: CancellationToken,
    checks_running: TaskTracker,
    tasks: TaskTracker,
    recording: TaskTracker,
}

/// How often it is looked whether the recorder has given back what it borrowed.
const GIVING_BACK: Duration = Duration::from_millis(1);
/// How many times at most.
const GIVING_BACK_TIMES: usize = 1_000;

/// Starts the recorder. On SQLite it gets a thread of its own: when checks keep every other one busy, its many short waits for the
/// database would each queue behind all of them. Connections to PostgreSQL belong to the runtime that opened them, so there it
/// stays where everything is.
fn record(
    recording: &TaskTracker,
    kind: Kind,
    writer: Writer,
    cancel: CancellationToken,
) -> Result<(), std::io::Error> {
    if kind == Kind::Postgres {
        recording.spawn(writer.run(cancel));
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (ended, end) = oneshot::channel::<()>();
    std::thread::Builder::new().name("recorder".to_owned()).spawn(move || {
        runtime.block_on(async {
            writer.run(cancel).await;
            // A connection goes back to its pool by a task of its own. With this runtime such a task would end, and who closes the
            // database would wait for the connection in vain.
            let tasks = tokio::runtime::Handle::current().metrics();
            for _ in 0..GIVING_BACK_TIMES {
                if tasks.num_alive_tasks() == 0 {
                    break;
                }
                tokio::time::sleep(GIVING_BACK).await;
            }
        });
        // Nobody waits any more when the program was cut off.
        let _ = ended.send(());
    })?;
    recording.spawn(async move {
        // A recorder that panicked has ended, too.
        let _ = end.await;
    });
    Ok(())
}

impl Engine {
    /// Starts everything over a migrated database.
    pub async fn start(
        config: EngineConfig,
        db: Db,
        clock: Clock,
        chance: Chance,
    ) -> Result<Self, EngineError> {
        let vitals = Arc::new(Vitals::default());
        let checks = Checks::new(config.checks)?;
        let registry = Registry::default();
        let bus = Bus::default();
        let (hasten, rechecks) = mpsc::unbounded_channel();
        let recorder = Recorder::new(registry.clone(), vitals.clone(), hasten.clone());
        let node = match db.kind() {
            Kind::Sqlite => ONLY_NODE.to_owned(),
            Kind::Postgres => domain::id::digits(chance.bytes()),
        };
        bus.catch_up(&db).await?;
        if db.kind() == Kind::Sqlite {
            // Whoever held messages before us was this node, and is gone.
            claiming::release(&db, &node).await?;
        }

        let (held, shards) = watch::channel(Arc::new(HashSet::new()));
        let mut keeper = LeaseKeeper {
            db: db.clone(),
            clock: clock.clone(),
            node: node.clone(),
            held,
            vitals: vitals.clone(),
            rounds: Rounds::default(),
        };
        keeper.begin().await?;

        let writer = Writer {
            recorder: recorder.clone(),
            db: db.clone(),
            registry: registry.clone(),
            bus: bus.clone(),
            clock: clock.clone(),
            chance: chance.clone(),
            node: node.clone(),
            vitals: vitals.clone(),
        };
        let checks_running = TaskTracker::new();
        let scheduler = Scheduler {
            db: db.clone(),
            clock: clock.clone(),
            checks: checks.clone(),
            connectivity: Connectivity::new(config.anchors, clock.clone(), vitals.clone()),
            recorder: recorder.clone(),
            registry,
            bus: bus.clone(),
            vitals: vitals.clone(),
            concurrency: config.concurrency,
            shards,
            rechecks,
            hasten,
            tracker: checks_running.clone(),
        };

        let (cancel, cancel_recorder) = (CancellationToken::new(), CancellationToken::new());
        let (tasks, recording) = (TaskTracker::new(), TaskTracker::new());
        record(&recording, db.kind(), writer, cancel_recorder.clone())?;
        tasks.spawn(scheduler.run(cancel.clone()));
        tasks.spawn(keeper.run(cancel.clone()));
        tasks.spawn(bus.clone().run(db.clone(), cancel.clone()));
        tasks.spawn(housekeeping::run(db.clone(), clock.clone(), config.retention, cancel.clone()));
        tasks.spawn(answers::run(db.clone(), checks.clone(), cancel.clone()));
        let telling =
            Telling::new(&db, &clock, &chance, &checks, node, config.base_url)?.carried_by(config.carriers);
        tasks.spawn(telling.planner.clone().run(bus.clone(), cancel.clone()));
        tasks.spawn(telling.dispatcher.clone().run(cancel.clone()));
        let services = Services::new(db, clock, chance, checks, vitals.clone(), recorder, telling);
        Ok(Self { services, bus, vitals, cancel, cancel_recorder, checks_running, tasks, recording })
    }

    /// What edges may ask for.
    pub fn services(&self) -> Services {
        self.services.clone()
    }

    /// Where events are told.
    pub fn bus(&self) -> Bus {
        self.bus.clone()
    }

    /// The numbers of this node.
    pub fn vitals(&self) -> Arc<Vitals> {
        self.vitals.clone()
    }

    /// Stops scheduling, abandons the checks that run, and records everything that was taken.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.checks_running.close();
        self.tasks.close();
        self.recording.close();
        let drained = tokio::time::timeout(DRAIN, async {
            self.checks_running.wait().await;
            self.cancel_recorder.cancel();
            self.recording.wait().await;
            self.tasks.wait().await;
        });
        if drained.await.is_err() {
            tracing::error!("not everything that was taken could be recorded in time");
        }
    }
}

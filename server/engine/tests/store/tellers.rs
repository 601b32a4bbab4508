//! What tests of telling need: a planner and a dispatcher over a world, and whom they tell.

use std::sync::Arc;

use domain::alert::{Condition, DefinitionDraft, Level, LevelTarget, QuietHours};
use domain::id::{DefinitionId, IncidentKey, IntegrationId, IntegrationKey, MonitorKey, ProjectId};
use domain::integration::IntegrationDraft;
use domain::integration::WebhookSettings;
use engine::checks::{Checks, ChecksConfig};
use engine::dispatch::Dispatcher;
use engine::planner::Planner;
use engine::store::integrations::{self, Integration};
use engine::store::{definitions, events, projects};
use tokio::sync::Notify;

pub(crate) use crate::receiver::Receiver;
use crate::world::World;

/// Planner and dispatcher over a world.
pub(crate) struct Telling {
    pub(crate) planner: Planner,
    pub(crate) dispatcher: Dispatcher,
}

impl Telling {
    pub(crate) fn over(world: &World) -> Self {
        let outbox = Arc::new(Notify::new());
        let planner = Planner {
            db: world.db.clone(),
            clock: world.clock.clone(),
            chance: world.chance.clone(),
            base_url: "https://status.example.org".to_owned(),
            outbox: outbox.clone(),
            started_at: world.now(),
        };
        let dispatcher = Dispatcher {
            db: world.db.clone(),
            clock: world.clock.clone(),
            chance: world.chance.clone(),
            node: "here".to_owned(),
            outbound: Checks::new(ChecksConfig::default()).unwrap().outbound().unwrap(),
            outbox,
        };
        Self { planner, dispatcher }
    }

    pub(crate) async fn pass(&self) {
        self.planner.round().await.unwrap();
        self.dispatcher.pass().await.unwrap();
    }
}

pub(crate) async fn integration(
    world: &World,
    receiver: &Receiver,
    quiet: Option<QuietHours>,
) -> (IntegrationKey, IntegrationId) {
    let settings = WebhookSettings { signing_secret: None, ..WebhookSettings::to(&receiver.url) };
    let draft = IntegrationDraft { name: "hook".to_owned(), settings: settings.into(), enabled: true, quiet };
    insert(world, &draft).await
}

/// Adds any integration.
pub(crate) async fn insert(world: &World, draft: &IntegrationDraft) -> (IntegrationKey, IntegrationId) {
    let mut tx = world.db.write().await.unwrap();
    let project =
        projects::ensure(&mut tx, &ProjectId::new(world.chance.bytes()), world.now()).await.unwrap();
    let id = IntegrationId::new(world.chance.bytes());
    let key = integrations::insert(&mut tx, project, &id, draft, world.now()).await.unwrap();
    tx.commit().await.unwrap();
    (key, id)
}

pub(crate) async fn attach(world: &World, monitor: MonitorKey, integration: IntegrationKey) {
    let mut tx = world.db.write().await.unwrap();
    integrations::attach(&mut tx, monitor, integration).await.unwrap();
    integrations::attach(&mut tx, monitor, integration).await.unwrap();
    tx.commit().await.unwrap();
}

/// A definition for everything, with levels that tell one integration.
pub(crate) async fn define(world: &World, levels: Vec<Level>) {
    let mut tx = world.db.write().await.unwrap();
    let project = projects::only(&mut tx).await.unwrap().unwrap();
    let draft = DefinitionDraft { name: "All".to_owned(), active: true, monitors: Vec::new(), levels };
    let id = DefinitionId::new(world.chance.bytes());
    definitions::insert(&mut tx, project.key, &id, &draft, true, world.now()).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) fn level(condition: Condition, integration: &IntegrationId) -> Level {
    let target = LevelTarget {
        integration: integration.clone(),
        ok: true,
        reminders: true,
        variables: std::collections::BTreeMap::new(),
    };
    Level { condition, ..Level::at_once(vec![target]) }
}

pub(crate) async fn loaded(world: &World, key: IntegrationKey) -> Integration {
    let mut tx = world.db.read().await.unwrap();
    integrations::get(&mut tx, key).await.unwrap().unwrap()
}

pub(crate) async fn open_incident(world: &World) -> IncidentKey {
    let mut tx = world.db.read().await.unwrap();
    let all = events::after(&mut tx, domain::event::Seq(0), 1_000).await.unwrap();
    all.into_iter()
        .rev()
        .find_map(|numbered| match numbered.event {
            domain::event::Event::IncidentOpened { incident, .. } => Some(incident),
            _ => None,
        })
        .unwrap()
}

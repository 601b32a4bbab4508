//! What tests of telling need: a receiver, and a planner and a dispatcher over a world.

use std::sync::{Arc, Mutex};

use domain::alert::{Condition, DefinitionDraft, Level, LevelTarget, QuietHours};
use domain::id::{DefinitionId, IncidentKey, IntegrationId, IntegrationKey, MonitorKey, ProjectId};
use domain::integration::IntegrationDraft;
use domain::integration::WebhookSettings;
use engine::checks::{Checks, ChecksConfig};
use engine::dispatch::Dispatcher;
use engine::planner::Planner;
use engine::store::integrations::{self, Integration};
use engine::store::{definitions, events, projects};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::world::World;

/// A web server that writes down what it is told, and answers as it is asked to.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    pub(crate) heard: Arc<Mutex<Vec<Heard>>>,
    /// Status and further header lines of the answers to come; the last one stays.
    pub(crate) answers: Arc<Mutex<Vec<(u16, String)>>>,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) delivery: String,
    pub(crate) body: Value,
}

impl Receiver {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let receiver =
            Self { url, heard: Arc::default(), answers: Arc::new(Mutex::new(vec![(200, String::new())])) };
        let this = receiver.clone();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move {
                    let mut text = String::new();
                    let mut buffer = [0; 8_192];
                    loop {
                        let read = socket.read(&mut buffer).await.unwrap_or(0);
                        if read == 0 {
                            return;
                        }
                        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
                        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                        let header = |name: &str| {
                            head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                        };
                        let length: usize = header("content-length").unwrap().parse().unwrap();
                        if body.len() < length {
                            continue;
                        }
                        let request = Heard {
                            delivery: header("x-delivery-id").unwrap_or_default().to_owned(),
                            body: serde_json::from_str(body).unwrap(),
                        };
                        this.heard.lock().unwrap().push(request);
                        let (status, more) = {
                            let mut answers = this.answers.lock().unwrap();
                            if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
                        };
                        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n{more}\r\n");
                        socket.write_all(answer.as_bytes()).await.unwrap();
                        text.clear();
                    }
                });
            }
        });
        receiver
    }

    pub(crate) fn answers(&self, answers: &[(u16, &str)]) {
        *self.answers.lock().unwrap() =
            answers.iter().map(|(status, more)| (*status, (*more).to_owned())).collect();
    }

    /// What was heard since the last time, as `incident_status` of the seed.
    pub(crate) fn statuses(&self) -> Vec<String> {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        heard.iter().map(|heard| heard.body["incident_status"].as_str().unwrap().to_owned()).collect()
    }
}

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

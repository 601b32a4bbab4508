//! From an outage to a receiver that has heard of it: planner, outbox and dispatcher, on both databases.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::alert::{Condition, DefinitionDraft, Level, LevelTarget, QuietHours};
use domain::delivery::DeliveryState;
use domain::id::{DefinitionId, IncidentKey, IntegrationId, IntegrationKey, MonitorKey, ProjectId};
use domain::integration::IntegrationDraft;
use domain::integration::WebhookSettings;
use domain::time::{MINUTE, SECOND};
use engine::checks::{Checks, ChecksConfig};
use engine::dispatch::Dispatcher;
use engine::planner::Planner;
use engine::store::deliveries::{self, Limits};
use engine::store::integrations::{self, Integration};
use engine::store::{definitions, events, outages, projects};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::on_both;
use crate::world::World;

/// A web server that writes down what it is told, and answers as it is asked to.
#[derive(Clone)]
struct Receiver {
    url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    /// Status and further header lines of the answers to come; the last one stays.
    answers: Arc<Mutex<Vec<(u16, String)>>>,
}

/// A request.
#[derive(Clone, Debug)]
struct Heard {
    delivery: String,
    body: Value,
}

impl Receiver {
    async fn open() -> Self {
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
                            delivery: header("x-delivery-id").unwrap().to_owned(),
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

    fn answers(&self, answers: &[(u16, &str)]) {
        *self.answers.lock().unwrap() =
            answers.iter().map(|(status, more)| (*status, (*more).to_owned())).collect();
    }

    /// What was heard since the last time, as `incident_status` of the seed.
    fn statuses(&self) -> Vec<String> {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        heard.iter().map(|heard| heard.body["incident_status"].as_str().unwrap().to_owned()).collect()
    }
}

/// Planner and dispatcher over a world.
struct Telling {
    planner: Planner,
    dispatcher: Dispatcher,
}

impl Telling {
    fn over(world: &World) -> Self {
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

    async fn pass(&self) {
        self.planner.round().await.unwrap();
        self.dispatcher.pass().await.unwrap();
    }
}

async fn integration(
    world: &World,
    receiver: &Receiver,
    quiet: Option<QuietHours>,
) -> (IntegrationKey, IntegrationId) {
    let mut tx = world.db.write().await.unwrap();
    let project =
        projects::ensure(&mut tx, &ProjectId::new(world.chance.bytes()), world.now()).await.unwrap();
    let id = IntegrationId::new(world.chance.bytes());
    let settings = WebhookSettings { signing_secret: None, ..WebhookSettings::to(&receiver.url) };
    let draft = IntegrationDraft { name: "hook".to_owned(), settings: settings.into(), enabled: true, quiet };
    let key = integrations::insert(&mut tx, project, &id, &draft, world.now()).await.unwrap();
    tx.commit().await.unwrap();
    (key, id)
}

async fn attach(world: &World, monitor: MonitorKey, integration: IntegrationKey) {
    let mut tx = world.db.write().await.unwrap();
    integrations::attach(&mut tx, monitor, integration).await.unwrap();
    integrations::attach(&mut tx, monitor, integration).await.unwrap();
    tx.commit().await.unwrap();
}

/// A definition for everything, with levels that tell one integration.
async fn define(world: &World, levels: Vec<Level>) {
    let mut tx = world.db.write().await.unwrap();
    let project = projects::only(&mut tx).await.unwrap().unwrap();
    let draft = DefinitionDraft { name: "All".to_owned(), active: true, monitors: Vec::new(), levels };
    let id = DefinitionId::new(world.chance.bytes());
    definitions::insert(&mut tx, project.key, &id, &draft, true, world.now()).await.unwrap();
    tx.commit().await.unwrap();
}

fn level(condition: Condition, integration: &IntegrationId) -> Level {
    let target = LevelTarget {
        integration: integration.clone(),
        ok: true,
        reminders: true,
        variables: std::collections::BTreeMap::new(),
    };
    Level { condition, ..Level::at_once(vec![target]) }
}

async fn loaded(world: &World, key: IntegrationKey) -> Integration {
    let mut tx = world.db.read().await.unwrap();
    integrations::get(&mut tx, key).await.unwrap().unwrap()
}

async fn open_incident(world: &World) -> IncidentKey {
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

on_both! {
    async fn an_outage_is_told_once_and_so_is_its_end(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        let heard = receiver.heard.lock().unwrap().clone();
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].body["resource_name"], "Shop");
        assert_eq!(heard[0].body["incident_message"], "secret reason");
        // Another planner begins where this one stopped.
        Telling::over(&world).pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"]);
        world.pass(3 * MINUTE);
        world.recovery(monitor).await;
        telling.pass().await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["resolved"]);
        world.outage(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"], "each outage is told anew");
    }
}

on_both! {
    async fn what_fails_is_tried_again_by_the_same_id_and_the_end_waits_for_its_beginning(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        receiver.answers(&[(503, ""), (429, "retry-after: 7\r\n"), (200, "")]);
        world.outage(monitor).await;
        telling.pass().await;
        world.pass(30 * SECOND);
        world.recovery(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.heard.lock().unwrap().len(), 1, "a minute has not passed");
        world.pass(30 * SECOND);
        telling.pass().await;
        world.pass(6 * SECOND);
        telling.pass().await;
        assert_eq!(receiver.heard.lock().unwrap().len(), 2, "the other side asked for seven seconds");
        world.pass(SECOND);
        telling.pass().await;
        let heard = receiver.heard.lock().unwrap().clone();
        let ids: std::collections::HashSet<_> = heard[..3].iter().map(|heard| heard.delivery.clone()).collect();
        assert_eq!((heard.len(), ids.len()), (4, 1), "{heard:?}");
        assert_eq!(receiver.statuses(), ["ongoing", "ongoing", "ongoing", "resolved"]);
    }
}

on_both! {
    async fn what_never_helps_marks_the_integration_and_its_end_is_not_told(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        receiver.answers(&[(404, ""), (200, "")]);
        world.outage(monitor).await;
        telling.pass().await;
        let marked = loaded(&world, hook).await;
        assert!(marked.failing.as_deref().is_some_and(|reason| reason.contains("HTTP 404")), "{marked:?}");
        world.pass(MINUTE);
        world.recovery(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"], "no end without a beginning");
        let incident = open_incident(&world).await;
        let mut tx = world.db.write().await.unwrap();
        assert_eq!(deliveries::told(&mut tx, incident).await.unwrap(), [(hook, DeliveryState::Failed)]);
        tx.commit().await.unwrap();
    }
}

on_both! {
    async fn levels_are_reached_by_time_remind_and_stop_when_somebody_takes_care(world: World) {
        let (first, second) = (Receiver::open().await, Receiver::open().await);
        let (monitor, _) = world.monitor("Shop").await;
        let (_, one) = integration(&world, &first, None).await;
        let (_, two) = integration(&world, &second, None).await;
        let reminding = Level { reminders: 2, reminder_minutes: 10, ..level(Condition::Errors { count: 1 }, &one) };
        define(&world, vec![reminding, level(Condition::Minutes { minutes: 15 }, &two)]).await;
        let telling = Telling::over(&world);
        world.record(&[crate::world::result(monitor, world.now().0, domain::uptime::ResultState::Down, None)]).await;
        world.outage(monitor).await;
        telling.pass().await;
        assert_eq!((first.statuses().len(), second.statuses().len()), (1, 0));
        world.pass(10 * MINUTE);
        telling.pass().await;
        assert_eq!((first.statuses().len(), second.statuses().len()), (1, 0), "the first reminder");
        world.pass(5 * MINUTE);
        telling.pass().await;
        assert_eq!((first.statuses().len(), second.statuses().len()), (0, 1), "the second level");
        let incident = open_incident(&world).await;
        let mut tx = world.db.write().await.unwrap();
        assert!(outages::acknowledge(&mut tx, incident, "Ada", world.now()).await.unwrap());
        assert!(!outages::acknowledge(&mut tx, incident, "Eve", world.now()).await.unwrap());
        tx.commit().await.unwrap();
        world.pass(60 * MINUTE);
        telling.pass().await;
        assert_eq!((first.statuses().len(), second.statuses().len()), (0, 0), "somebody takes care");
        world.recovery(monitor).await;
        telling.pass().await;
        assert_eq!((first.statuses(), second.statuses()), (vec!["resolved".to_owned()], vec!["resolved".to_owned()]));
    }
}

on_both! {
    async fn what_was_claimed_by_somebody_who_died_is_sent_by_another_with_the_same_id(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (hook, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.planner.round().await.unwrap();
        let mut tx = world.db.write().await.unwrap();
        let limits = Limits { total: 10, each: 10, full: &[] };
        let until = domain::time::Timestamp(world.now().0 + MINUTE);
        let claimed = deliveries::claim(&mut tx, "dead", world.now(), until, &limits).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(claimed.len(), 1);
        telling.pass().await;
        assert_eq!(receiver.heard.lock().unwrap().len(), 0, "somebody has it");
        world.pass(MINUTE + 1);
        telling.pass().await;
        let heard = receiver.heard.lock().unwrap().clone();
        assert_eq!((heard.len(), heard[0].delivery.as_str()), (1, claimed[0].id.as_str()));
    }
}

on_both! {
    async fn quiet_hours_put_off_and_what_is_over_by_then_is_not_told(world: World) {
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        // The world begins at midnight.
        let quiet = QuietHours { time_zone: "UTC".to_owned(), from: 22 * 60, until: 7 * 60 };
        let (hook, _) = integration(&world, &receiver, Some(quiet)).await;
        attach(&world, monitor, hook).await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        world.pass(MINUTE);
        world.recovery(monitor).await;
        telling.pass().await;
        world.pass(MINUTE);
        world.outage(monitor).await;
        telling.pass().await;
        assert_eq!(receiver.statuses(), Vec::<String>::new(), "people sleep");
        world.pass(7 * 60 * MINUTE);
        telling.pass().await;
        assert_eq!(receiver.statuses(), ["ongoing"], "the first outage was over before they woke");
    }
}

on_both! {
    async fn secrets_are_sealed_in_the_database_and_whole_outside(world: World) {
        let receiver = Receiver::open().await;
        let (hook, _) = integration(&world, &receiver, None).await;
        let stored = crate::telling::raw_settings(&world).await;
        assert!(stored.contains("sealed:1:") && !stored.contains(&receiver.url), "{stored}");
        let settings = loaded(&world, hook).await.settings.unwrap();
        assert_eq!(settings, WebhookSettings::to(&receiver.url).into());
        assert!(!format!("{settings:?}").contains(&receiver.url));
    }
}

/// The settings as they stand in the table.
async fn raw_settings(world: &World) -> String {
    use sqlx::{Connection, PgConnection, SqliteConnection};
    let statement = "select cast(settings as text) from integrations";
    if world.url.starts_with("sqlite") {
        let mut db = SqliteConnection::connect(&world.url).await.unwrap();
        sqlx::query_scalar(statement).fetch_one(&mut db).await.unwrap()
    } else {
        let mut db = PgConnection::connect(&world.url).await.unwrap();
        sqlx::query_scalar(statement).fetch_one(&mut db).await.unwrap()
    }
}

on_both! {
    async fn many_messages_leave_in_bounds_and_each_once(world: World) {
        let receiver = Receiver::open().await;
        let (hook, _) = integration(&world, &receiver, None).await;
        for number in 0..120 {
            let (monitor, _) = world.monitor(&format!("Shop {number}")).await;
            attach(&world, monitor, hook).await;
            world.outage(monitor).await;
        }
        let telling = Telling::over(&world);
        tokio::time::timeout(Duration::from_mins(1), telling.pass()).await.unwrap();
        let heard = receiver.heard.lock().unwrap().clone();
        let ids: std::collections::HashSet<_> = heard.iter().map(|heard| &heard.delivery).collect();
        assert_eq!((heard.len(), ids.len()), (120, 120));
    }
}

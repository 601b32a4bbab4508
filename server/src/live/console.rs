//! The console's stream: rows, counts and the feed as typed frames, and samples of the monitors that a screen shows.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use axum::Extension;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::event::{Event, Numbered, Sample, Seq};
use domain::id::{MonitorId, MonitorKey};
use domain::person::Viewer;
use domain::views::console::{Beat, FeedItem, Frame, MonitorRow, StateCounts};
use engine::bus::Bus;
use engine::services::Services;
use engine::services::feed::feed_item;
use engine::vitals::Vitals;
use futures::future::BoxFuture;
use serde::Deserialize;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{self, Receiver};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::full;
use super::samples::{Elsewhere, Following, next_sample, result_state};
use super::seat::Seat;
use super::socket::{SILENCE, answer, limited, send};
use super::wire::encode;

/// How often it is asked whether the person is still logged in.
const RECHECK: Duration = Duration::from_mins(1);
/// The shortest time between two readings: ten a second at most.
const PACE: Duration = Duration::from_millis(100);
/// Monitors that changed at once beyond which screens are told to read everything again.
const MOST_ROWS: usize = 100;
/// Frames that a slow screen may lag behind before it is told to read everything again.
const BACKLOG: usize = 256;
/// The most monitors whose samples a screen may ask for.
const MOST_WATCHED: usize = 200;
/// The most sockets of consoles.
const MOST_SOCKETS: usize = 2_000;

/// Finds out who sends a request, from its headers: the session's account as of now.
pub type WhoAsks = Arc<dyn Fn(HeaderMap) -> BoxFuture<'static, Viewer> + Send + Sync>;

/// The console's stream. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    inner: Arc<Inner>,
}

struct Inner {
    services: Services,
    bus: Bus,
    vitals: Arc<Vitals>,
    build: Arc<str>,
    who: WhoAsks,
    frames: broadcast::Sender<Told>,
    elsewhere: Arc<Elsewhere>,
    /// Counts log-outs. Not a bell: a screen that is busy sending must hear of it afterwards.
    recheck: watch::Sender<u64>,
    sockets: Arc<AtomicUsize>,
}

#[derive(Clone, Debug)]
struct Told {
    seq: Seq,
    text: Utf8Bytes,
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("build", &self.inner.build).finish_non_exhaustive()
    }
}

/// What a screen says of itself in the query.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Resume {
    /// The last event that it shows; missing on a screen that was just read.
    seq: Option<Seq>,
}

/// What a screen says.
#[derive(Debug, Deserialize)]
struct Said {
    /// The monitors whose samples it wants from now on.
    watch: Vec<MonitorId>,
}

impl Console {
    /// The stream over the services; `who` is asked at least once a minute for each socket. [`Self::run`] makes it follow.
    pub fn new(services: Services, bus: Bus, vitals: Arc<Vitals>, build: &str, who: WhoAsks) -> Self {
        Self {
            inner: Arc::new(Inner {
                services,
                bus,
                vitals,
                build: build.into(),
                who,
                frames: broadcast::Sender::new(BACKLOG),
                elsewhere: Arc::default(),
                recheck: watch::Sender::new(0),
                sockets: Arc::default(),
            }),
        }
    }

    /// Makes every socket ask now whether its person is still logged in: after a log-out or a change of a password.
    pub fn recheck(&self) {
        self.inner.recheck.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Follows the bus until cancelled: what changed is read and encoded once for all screens. So is what other nodes found.
    pub async fn run(self, cancel: CancellationToken) {
        let Inner { elsewhere, services, bus, .. } = &*self.inner;
        tokio::join!(self.follow(&cancel), elsewhere.run(services, bus, &cancel));
    }

    async fn follow(&self, cancel: &CancellationToken) {
        let mut events = self.inner.bus.events();
        loop {
            let first = tokio::select! {
                event = events.recv() => match event {
                    Ok(event) => Some(event),
                    Err(RecvError::Lagged(_)) => None,
                    Err(RecvError::Closed) => return,
                },
                () = cancel.cancelled() => return,
            };
            let begun = Instant::now();
            match batch(first, &mut events) {
                Some(batch) if self.inner.frames.receiver_count() > 0 => self.tell(batch).await,
                Some(_) => continue,
                None => self.resync(),
            }
            tokio::select! {
                () = tokio::time::sleep_until(begun + PACE) => {}
                () = cancel.cancelled() => return,
            }
        }
    }

    /// Reads each monitor that changed once, and tells of everything that happened to it.
    async fn tell(&self, batch: Vec<Arc<Numbered>>) {
        let mut changed: Vec<(MonitorKey, Vec<Arc<Numbered>>)> = Vec::new();
        for event in batch {
            if let Some(key) = event.event.monitor() {
                match changed.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, events)) => events.push(event),
                    None => changed.push((key, vec![event])),
                }
            }
        }
        if changed.len() > MOST_ROWS {
            return self.resync();
        }
        let counts = match self.inner.services.counts(&Viewer::System).await {
            Ok(counts) => counts,
            Err(error) => return self.failed(&error),
        };
        for (key, events) in changed {
            match self.inner.services.monitor_row(&Viewer::System, key).await {
                Ok(Some(row)) => self.tell_row(&events, &row, counts),
                Ok(None) => {
                    let seq = events.last().map_or(Seq(0), |event| event.seq);
                    if let Some(id) = events.iter().find_map(|event| id_of(&event.event)) {
                        self.send(seq, &Frame::Gone { seq, id, counts });
                    }
                }
                Err(error) => return self.failed(&error),
            }
        }
    }

    /// One frame for each entry of the feed; one without when there is none.
    fn tell_row(&self, events: &[Arc<Numbered>], row: &MonitorRow, counts: StateCounts) {
        let entries: Vec<FeedItem> = events.iter().filter_map(|event| feed_item(event, &row.name)).collect();
        let last = events.last().map_or(Seq(0), |event| event.seq);
        let frames = match entries.len() {
            0 => vec![(last, None)],
            _ => entries.into_iter().map(|item| (item.seq, Some(item))).collect(),
        };
        for (seq, item) in frames {
            self.send(seq, &Frame::Monitor { seq, row: Box::new(row.clone()), counts, item });
        }
    }

    fn failed(&self, error: &engine::services::ServiceError) {
        tracing::error!(%error, "the console's screens could not be brought up to date");
        self.resync();
    }

    fn resync(&self) {
        let seq = self.inner.bus.seen();
        self.send(seq, &Frame::Resync { seq });
    }

    fn send(&self, seq: Seq, frame: &Frame) {
        // Nobody listening is no error.
        let _ = self.inner.frames.send(Told { seq, text: encode(frame) });
    }
}

/// The event and what is there already; `None` when too much happened to tell it one by one.
fn batch(first: Option<Arc<Numbered>>, events: &mut Receiver<Arc<Numbered>>) -> Option<Vec<Arc<Numbered>>> {
    let mut batch: Vec<_> = first.into_iter().collect();
    let mut lagged = batch.is_empty();
    loop {
        match events.try_recv() {
            Ok(event) => batch.push(event),
            Err(TryRecvError::Lagged(_)) => lagged = true,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return (!lagged).then_some(batch),
        }
    }
}

fn id_of(event: &Event) -> Option<MonitorId> {
    match event {
        Event::MonitorSaved { id, .. } | Event::StateChanged { id, .. } => Some(id.clone()),
        _ => None,
    }
}

/// Follows what operators may see. Anybody else gets 401.
pub async fn socket(
    State(console): State<Console>,
    Extension(viewer): Extension<Viewer>,
    Query(resume): Query<Resume>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !viewer.may_operate() {
        return (StatusCode::UNAUTHORIZED, "Log in first.").into_response();
    }
    let sockets = [(&console.inner.sockets, MOST_SOCKETS)];
    let seat = Seat::take(&sockets, &console.inner.vitals, |vitals| &vitals.console_sockets);
    let Some(seat) = seat else { return full() };
    let left = console.inner.recheck.subscribe();
    limited(upgrade).on_upgrade(move |socket| async move {
        let _seat = seat;
        let screen = Screen {
            frames: console.inner.frames.subscribe(),
            left,
            samples: None,
            watched: HashMap::new(),
            following: None,
            viewer,
            headers,
            socket,
            console,
        };
        screen.serve(resume).await;
    })
}

/// A screen of the console that is open.
struct Screen {
    console: Console,
    viewer: Viewer,
    /// To ask again who it is.
    headers: HeaderMap,
    socket: WebSocket,
    frames: Receiver<Told>,
    /// Changes when somebody logged out.
    left: watch::Receiver<u64>,
    /// Only while samples are wanted: there are thousands a second.
    samples: Option<Receiver<Sample>>,
    watched: HashMap<MonitorKey, MonitorId>,
    /// Keeps those coming that other nodes check.
    following: Option<Following>,
}

impl Screen {
    async fn serve(mut self, resume: Resume) {
        let seen = self.console.inner.bus.seen();
        let hello = Frame::Hello { build: self.console.inner.build.to_string(), seq: seen };
        if !self.send(&hello).await {
            return;
        }
        if resume.seq.is_some_and(|seq| seq != seen) && !self.send(&Frame::Resync { seq: seen }).await {
            return;
        }
        // A screen that says where it stands holds everything up to here, or was just told to read it.
        let known = resume.seq.map_or(Seq(0), |_| seen);
        let console = self.console.clone();
        let mut recheck = tokio::time::interval_at(Instant::now() + RECHECK, RECHECK);
        let silence = tokio::time::sleep(SILENCE);
        tokio::pin!(silence);
        loop {
            let going = tokio::select! {
                told = self.frames.recv() => match told {
                    Ok(told) if told.seq <= known => true,
                    Ok(told) => send(&mut self.socket, told.text).await,
                    Err(RecvError::Lagged(_)) => {
                        let seq = console.inner.bus.seen();
                        self.send(&Frame::Resync { seq }).await
                    }
                    Err(RecvError::Closed) => false,
                },
                sample = next_sample(&mut self.samples) => self.sample(sample).await,
                said = self.socket.recv() => {
                    silence.as_mut().reset(Instant::now() + SILENCE);
                    match said {
                        Some(Ok(message)) => self.hear(&message).await,
                        Some(Err(_)) | None => false,
                    }
                }
                _ = recheck.tick() => self.is_still_there().await,
                Ok(()) = self.left.changed() => self.is_still_there().await,
                () = &mut silence => false,
            };
            if !going {
                return;
            }
        }
    }

    async fn send(&mut self, frame: &Frame) -> bool {
        send(&mut self.socket, encode(frame)).await
    }

    /// Borrows nothing while it waits: a socket cannot be shared between threads.
    fn is_still_there(&self) -> impl Future<Output = bool> + use<> {
        let asking = (self.console.inner.who)(self.headers.clone());
        let before = self.viewer.account().map(|account| account.key);
        async move {
            let now = asking.await;
            now.may_operate() && now.account().map(|account| account.key) == before
        }
    }

    async fn hear(&mut self, message: &Message) -> bool {
        if let Some(text) = answer(message) {
            return send(&mut self.socket, Utf8Bytes::from_static(text)).await;
        }
        match message {
            Message::Close(_) => false,
            Message::Text(text) => match serde_json::from_str::<Said>(text.as_str()) {
                Ok(said) => self.watch(&said.watch).await,
                // A newer or older script may say what we do not know.
                Err(_) => true,
            },
            _ => true,
        }
    }

    async fn watch(&mut self, ids: &[MonitorId]) -> bool {
        let ids = &ids[..ids.len().min(MOST_WATCHED)];
        match self.console.inner.services.monitor_keys(&self.viewer, ids).await {
            Ok(keys) => {
                self.watched = keys.into_iter().collect();
                let keys = self.watched.keys().copied().collect();
                self.following = Some(self.console.inner.elsewhere.follow(keys));
                if self.watched.is_empty() {
                    self.samples = None;
                } else if self.samples.is_none() {
                    self.samples = Some(self.console.inner.bus.samples());
                }
                true
            }
            Err(error) => {
                tracing::warn!(%error, "a screen's wish for samples could not be granted");
                false
            }
        }
    }

    async fn sample(&mut self, sample: Sample) -> bool {
        let Some(id) = self.watched.get(&sample.monitor) else { return true };
        let beat = Beat { at: sample.at, state: result_state(sample.state), latency_us: sample.latency_us };
        self.send(&Frame::Sample { id: id.clone(), beat, state: sample.state }).await
    }
}

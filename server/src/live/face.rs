//! A status page as this node shows it: its view, its parts, its documents, and who listens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use app::pages::status::{self, Assets, Live, Part, Shell, Theme};
use axum::extract::ws::Utf8Bytes;
use domain::event::Seq;
use domain::views::public::PageView;
use tokio::sync::broadcast;

use super::json;
use super::tree::{self, Changed};
use super::wire::{self, Place, Resume, Sent};
use crate::public::document::Document;

/// Frames that a slow listener may lag behind before it is sent the current parts instead: some seconds of a storm.
const BACKLOG: usize = 64;

/// The drawings of the page, one a theme.
const THEMES: [Option<Theme>; 3] = [None, Some(Theme::Light), Some(Theme::Dark)];

/// What every face is drawn with.
#[derive(Clone, Debug)]
pub struct Paint {
    /// The build that serves.
    pub build: Arc<str>,
    /// The files that the pages load.
    pub assets: Arc<Assets>,
}

/// A page that somebody looks at, or did lately.
#[derive(Debug)]
pub struct Face {
    paint: Paint,
    shown: Mutex<Shown>,
    documents: [Slot; 3],
    frames: broadcast::Sender<Sent>,
    told: broadcast::Sender<Utf8Bytes>,
    pub(super) listeners: Arc<AtomicUsize>,
    asked: Mutex<Instant>,
}

/// The document of one theme.
#[derive(Debug, Default)]
struct Slot {
    current: RwLock<Option<Arc<Document>>>,
    /// Held while it is drawn, so that it is drawn once however many wait for it.
    drawing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Shown {
    view: Arc<PageView>,
    parts: Vec<Part>,
    changed: Changed,
    place: Place,
    /// Where our knowledge begins. To a client from before it everything is new.
    base: Place,
    /// The frame with everything, for those.
    whole: Option<Utf8Bytes>,
}

/// How a client is brought up to date.
#[derive(Clone, Debug)]
pub enum Answer {
    /// With the current parts that are newer than what it shows.
    Frame(Sent),
    /// By reading the page again.
    Reload,
}

impl Answer {
    /// The place that the client has reached with it.
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Frame(sent) => Some(sent.place),
            Self::Reload => None,
        }
    }

    /// The encoded frame.
    pub fn text(&self) -> Utf8Bytes {
        match self {
            Self::Frame(sent) => sent.text.clone(),
            Self::Reload => wire::reload(),
        }
    }
}

impl Face {
    /// A face that shows `view`.
    pub fn new(view: PageView, paint: Paint) -> Self {
        let place = Place::of(view.seq, view.at);
        let parts = status::parts(&view);
        let changed = tree::places(&parts, &[], &Changed::new(), place);
        Self {
            paint,
            shown: Mutex::new(Shown {
                view: Arc::new(view),
                parts,
                changed,
                place,
                base: place,
                whole: None,
            }),
            documents: Default::default(),
            frames: broadcast::Sender::new(BACKLOG),
            told: broadcast::Sender::new(BACKLOG),
            listeners: Arc::default(),
            asked: Mutex::new(Instant::now()),
        }
    }

    /// The view that is shown.
    pub fn view(&self) -> Arc<PageView> {
        self.shown().view.clone()
    }

    /// The place that is shown.
    pub fn place(&self) -> Place {
        self.shown().place
    }

    /// Shows another view: draws its parts once and sends those that differ to everybody. Returns whether any did. A view
    /// that is older than the one shown is ignored.
    pub fn show(&self, view: PageView) -> bool {
        let place = Place::of(view.seq, view.at);
        let parts = status::parts(&view);
        let mut shown = self.shown();
        if place < shown.place {
            return false;
        }
        let different = tree::differences(&shown.parts, &parts);
        let changed = tree::places(&parts, &different, &shown.changed, place);
        if !different.is_empty() {
            let text = wire::frame(&self.paint.build, place, &different);
            // Nobody listening is no error. Sent under the lock, so that a newcomer gets each frame once.
            let _ = self.frames.send(Sent { place, text });
        }
        for message in json::news(&shown.view, &view) {
            let _ = self.told.send(message);
        }
        let any = !different.is_empty();
        let base = shown.base;
        *shown = Shown { view: Arc::new(view), parts, changed, place, base, whole: None };
        any
    }

    /// Brings a client up to date.
    pub fn resume(&self, client: &Resume, last_event: Seq) -> Answer {
        self.answer(&mut self.shown(), client, last_event)
    }

    /// Brings a client up to date and lets it follow from there: nothing is missed between, and nothing comes twice.
    pub fn follow(&self, client: &Resume, last_event: Seq) -> (Answer, broadcast::Receiver<Sent>) {
        let mut shown = self.shown();
        (self.answer(&mut shown, client, last_event), self.frames.subscribe())
    }

    /// The state in words for programs, and what follows.
    pub fn follow_json(&self) -> (Utf8Bytes, broadcast::Receiver<Utf8Bytes>) {
        let shown = self.shown();
        (json::snapshot(&shown.view), self.told.subscribe())
    }

    /// A frame without parts: a sign of life.
    pub fn beat(&self) -> Utf8Bytes {
        wire::frame(&self.paint.build, self.place(), &[])
    }

    /// The document of a theme.
    pub async fn document(self: &Arc<Self>, theme: Option<Theme>) -> Arc<Document> {
        self.was_asked();
        let slot = self.slot(theme);
        if let Some(document) = slot.current() {
            return document;
        }
        let _drawing = slot.drawing.lock().await;
        match slot.current() {
            Some(document) => document,
            None => Box::pin(self.draw(theme)).await,
        }
    }

    /// Replaces every document that somebody asked for before.
    pub async fn redraw(self: &Arc<Self>) {
        for theme in THEMES {
            let slot = self.slot(theme);
            if slot.current().is_some() {
                let _drawing = slot.drawing.lock().await;
                self.draw(theme).await;
            }
        }
    }

    /// Whether nobody listens, and nobody has asked for the page for `long`.
    pub fn is_idle(&self, long: Duration) -> bool {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        self.listeners.load(Ordering::Relaxed) == 0 && asked.elapsed() >= long
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn was_asked(&self) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn answer(&self, shown: &mut Shown, client: &Resume, last_event: Seq) -> Answer {
        let known = last_event.max(shown.place.seq());
        // A client from the future has seen a database that is gone.
        if client.build.as_deref().is_some_and(|build| build != &*self.paint.build)
            || client.seq.seq() > known
        {
            return Answer::Reload;
        }
        let place = shown.place;
        let text = if client.seq < shown.base {
            let parts = &shown.parts;
            let whole = shown.whole.get_or_insert_with(|| {
                let all: Vec<&Part> = parts.iter().collect();
                wire::frame(&self.paint.build, place, &all)
            });
            whole.clone()
        } else {
            let newer = tree::newer(&shown.parts, &shown.changed, client.seq);
            wire::frame(&self.paint.build, place, &newer)
        };
        Answer::Frame(Sent { place, text })
    }

    fn slot(&self, theme: Option<Theme>) -> &Slot {
        &self.documents[match theme {
            None => 0,
            Some(Theme::Light) => 1,
            Some(Theme::Dark) => 2,
        }]
    }

    /// Draws and keeps a document. Compressing takes milliseconds, so it does not hold up the sockets' threads.
    async fn draw(self: &Arc<Self>, theme: Option<Theme>) -> Arc<Document> {
        let face = self.clone();
        let draw = move || {
            let (view, place, main) = {
                let shown = face.shown();
                (shown.view.clone(), shown.place, shown.parts.first().map(Part::html).unwrap_or_default())
            };
            let live = Some(Live { build: &face.paint.build, seq: place.number() });
            let shell = Shell { assets: &face.paint.assets, theme, live, base_url: &view.base_url };
            Arc::new(Document::new(status::status_page(&view, main, &shell)))
        };
        let document = match tokio::task::spawn_blocking(draw.clone()).await {
            Ok(document) => document,
            // The runtime shuts down, or the drawing panicked, which the second attempt then shows where it belongs.
            Err(_) => draw(),
        };
        *self.slot(theme).current.write().unwrap_or_else(PoisonError::into_inner) = Some(document.clone());
        document
    }
}

impl Slot {
    fn current(&self) -> Option<Arc<Document>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

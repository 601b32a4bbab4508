//! Follows the bus and keeps the pages up to date that somebody looks at.
//!
//! One task a node. At an event it reads each such page once, as far as an event can change it, draws its parts once, and
//! sends what differs to everybody: ten thousand viewers cost one rendering. The first event is shown at once; those that
//! come within `PACE` after it are shown together.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::pages::status::Assets;
use domain::event::{Event, Seq};
use domain::person::Viewer;
use domain::time::{MINUTE, SECOND, Timestamp};
use domain::views::public::PageView;
use engine::bus::Bus;
use engine::services::{Result, ServiceError, Services};
use engine::vitals::Vitals;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{Notify, OnceCell};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::face::{Face, Paint};
use super::refresh::refreshed;
use super::seat::Seat;

/// The shortest time between two renderings: ten a second at most.
const PACE: Duration = Duration::from_millis(100);
/// The width of the smallest roll-up, in milliseconds. Midnight of every zone is a multiple of it.
const ROLL_UP: i64 = 5 * MINUTE;
/// When pages are read whole within each [`ROLL_UP`], in milliseconds from its beginning: once for midnight, and once when
/// the roll-up itself is there, which is `housekeeping::SETTLED_AFTER` and a pause of at most half a minute later.
const WHOLE_AT: [i64; 2] = [0, 125 * SECOND];
/// How often pages are read again while something on them does not work, in milliseconds: an outage that goes on is no event, but
/// its minutes count.
const ONGOING: i64 = 30 * SECOND;
/// The pause before a page is read again that could not be.
const AGAIN: Duration = Duration::from_secs(1);
/// How often it is looked whether one of these times has come.
const TICK: Duration = Duration::from_secs(1);
/// How long a page is kept up to date after the last time somebody asked for it.
const IDLE: Duration = Duration::from_mins(10);
/// The most sockets of this node's public pages together: at some 20 kB each, a gigabyte.
const MOST_SOCKETS: usize = 50_000;
/// The most sockets of one page.
const MOST_ON_PAGE: usize = 40_000;

/// The pages that this node keeps up to date. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hub {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    services: Services,
    bus: Bus,
    vitals: Arc<Vitals>,
    paint: Paint,
    /// By slug. The cell lets many wait for one reading.
    faces: Mutex<HashMap<String, Cell>>,
    /// The slug of the page at `/`, once it is known.
    front: Mutex<Option<String>>,
    /// Rung when a page was read while something happened.
    late: Notify,
    sockets: Arc<AtomicUsize>,
}

/// A page that is read once, by the first who asks.
type Cell = Arc<OnceCell<Arc<Face>>>;

/// How much of a page has to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reading {
    /// What an event can change.
    Now,
    /// Everything.
    Whole,
}

impl Hub {
    /// A hub over the services; `build` names what serves, so that pages of another build reload. [`Self::run`] makes it follow.
    pub fn new(services: Services, bus: Bus, vitals: Arc<Vitals>, build: &str, assets: Assets) -> Self {
        let paint = Paint { build: build.into(), assets: Arc::new(assets) };
        Self {
            inner: Arc::new(Inner {
                services,
                bus,
                vitals,
                paint,
                faces: Mutex::default(),
                front: Mutex::default(),
                late: Notify::new(),
                sockets: Arc::default(),
            }),
        }
    }

    /// The services behind the pages.
    pub fn services(&self) -> &Services {
        &self.inner.services
    }

    /// The files that the pages load.
    pub fn assets(&self) -> &Assets {
        &self.inner.paint.assets
    }

    /// The build that serves.
    pub fn build(&self) -> &str {
        &self.inner.paint.build
    }

    /// The last event that this node has heard of.
    pub fn last_event(&self) -> Seq {
        self.inner.bus.seen()
    }

    /// A page, read now if nobody has asked for it lately; `None` is the one at `/`.
    ///
    /// # Errors
    /// `NotFound` when there is no such page.
    pub async fn face(&self, slug: Option<&str>) -> Result<Arc<Face>> {
        let slug = match slug {
            Some(slug) => slug.to_owned(),
            None => self.front().await?,
        };
        let cell = self.faces().entry(slug.clone()).or_default().clone();
        match cell.get() {
            Some(face) => Ok(face.clone()),
            // Boxed: nearly nobody needs the room for it.
            None => Box::pin(self.read_first(&slug, &cell)).await,
        }
    }

    async fn read_first(&self, slug: &str, cell: &Cell) -> Result<Arc<Face>> {
        let read = || async {
            let view = self.inner.services.page(&Viewer::Anonymous, Some(slug)).await?;
            Ok::<_, ServiceError>(Arc::new(Face::new(view, self.inner.paint.clone())))
        };
        let face = match cell.get_or_try_init(read).await {
            Ok(face) => face.clone(),
            Err(error) => {
                forget(&mut self.faces(), slug, cell);
                return Err(error);
            }
        };
        // The hub passes over a page that is being read, so what happened meanwhile must be looked for.
        if self.last_event() > face.place().seq() {
            self.inner.late.notify_one();
        }
        Ok(face)
    }

    /// Takes a listener's place on a page; `None` when there are too many.
    pub(crate) fn seat(&self, face: &Face) -> Option<Seat> {
        face.was_asked();
        let counters = [(&face.listeners, MOST_ON_PAGE), (&self.inner.sockets, MOST_SOCKETS)];
        Seat::take(&counters, &self.inner.vitals, |vitals| &vitals.public_sockets)
    }

    /// Follows the bus until cancelled.
    pub async fn run(self, cancel: CancellationToken) {
        let mut events = self.inner.bus.events();
        let mut tick = tokio::time::interval(TICK);
        let mut due = next_whole(self.inner.services.now());
        let mut ongoing = Timestamp::default();
        loop {
            let reading = tokio::select! {
                event = events.recv() => match event {
                    Ok(event) => match self.reading(&event.event) {
                        // Events of one commit come one by one, and the first of them may have brought all of it.
                        Reading::Now if self.has_shown(event.seq) => continue,
                        reading => reading,
                    },
                    Err(RecvError::Lagged(_)) => Reading::Whole,
                    Err(RecvError::Closed) => return,
                },
                () = self.inner.late.notified() => Reading::Whole,
                _ = tick.tick() => {
                    let now = self.inner.services.now();
                    if now >= due {
                        (due, ongoing) = (next_whole(now), Timestamp(now.0 + ONGOING));
                        self.drop_idle();
                        self.round(Reading::Whole, true).await;
                    } else if now >= ongoing {
                        ongoing = Timestamp(now.0 + ONGOING);
                        if self.shows_a_problem() {
                            self.round(Reading::Now, false).await;
                        }
                    }
                    continue;
                }
                () = cancel.cancelled() => return,
            };
            let begun = Instant::now();
            let reading = drain(&mut events, reading, |event| self.reading(event));
            self.round(reading, false).await;
            tokio::select! {
                () = tokio::time::sleep_until(begun + PACE) => {}
                () = cancel.cancelled() => return,
            }
        }
    }

    /// What an event makes necessary. Which page it concerns is not asked: few pages are looked at, and a page that is
    /// drawn like before sends nothing.
    fn reading(&self, event: &Event) -> Reading {
        match event {
            Event::PageSaved { .. } => {
                *self.inner.front.lock().unwrap_or_else(PoisonError::into_inner) = None;
                Reading::Whole
            }
            // Deleting a monitor takes its past away.
            Event::MonitorSaved { .. } => Reading::Whole,
            // Whether operators are told is nothing that a page shows; what is saved with it comes in an event of its own.
            Event::MonitorMuted { .. }
            | Event::StateChanged { .. }
            | Event::IncidentOpened { .. }
            | Event::IncidentUpdated { .. }
            | Event::IncidentResolved { .. } => Reading::Now,
        }
    }

    /// Whether every page that is kept was read after an event.
    fn has_shown(&self, seq: Seq) -> bool {
        self.faces().values().filter_map(|cell| cell.get()).all(|face| face.place().seq() >= seq)
    }

    /// Whether something on a page that is kept does not work.
    fn shows_a_problem(&self) -> bool {
        self.faces().values().filter_map(|cell| cell.get()).any(|face| face.view().worst.is_problem())
    }

    /// Brings every page up to date that is kept; documents are replaced when something changed, or `always`.
    async fn round(&self, reading: Reading, always: bool) {
        let faces: Vec<(String, Arc<Face>)> = self
            .faces()
            .iter()
            .filter_map(|(slug, cell)| Some((slug.clone(), cell.get()?.clone())))
            .collect();
        let (mut drawn, mut behind) = (Vec::new(), false);
        for (slug, face) in faces {
            match self.read(&slug, &face.view(), reading).await {
                Ok(view) => {
                    if face.show(view) || always {
                        drawn.push(face);
                    }
                }
                Err(ServiceError::NotFound) => {
                    self.faces().remove(&slug);
                }
                Err(error) => {
                    behind = true;
                    tracing::error!(%error, slug, "a status page could not be brought up to date; trying again");
                }
            }
        }
        if behind {
            // No event comes again for what this one has changed.
            let inner = self.inner.clone();
            tokio::spawn(async move {
                tokio::time::sleep(AGAIN).await;
                inner.late.notify_one();
            });
        }
        // Sockets first: a document takes longer, and who loads the old one is told the rest when it connects.
        for face in drawn {
            face.redraw().await;
        }
    }

    async fn read(&self, slug: &str, kept: &PageView, reading: Reading) -> Result<PageView> {
        if reading == Reading::Now {
            let now = self.inner.services.page_now(&Viewer::Anonymous, Some(slug)).await?;
            if let Some(view) = refreshed(kept, now) {
                return Ok(view);
            }
        }
        self.inner.services.page(&Viewer::Anonymous, Some(slug)).await
    }

    async fn front(&self) -> Result<String> {
        let known = self.inner.front.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(slug) = known {
            return Ok(slug);
        }
        let slug = Box::pin(self.inner.services.page_head(&Viewer::Anonymous, None)).await?.slug;
        *self.inner.front.lock().unwrap_or_else(PoisonError::into_inner) = Some(slug.clone());
        Ok(slug)
    }

    fn drop_idle(&self) {
        let in_use = |cell: &Cell| match cell.get() {
            Some(face) => !face.is_idle(IDLE),
            // Somebody is about to read it.
            None => Arc::strong_count(cell) > 1,
        };
        self.faces().retain(|_, cell| in_use(cell));
    }

    fn faces(&self) -> MutexGuard<'_, HashMap<String, Cell>> {
        self.inner.faces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes a page that could not be read: addresses that were made up must not fill the memory. It stays while others wait for the
/// same cell, because one of them may read it after all, and would then follow a page that the hub does not know; the last of
/// them removes it.
fn forget(faces: &mut HashMap<String, Cell>, slug: &str, cell: &Cell) {
    let is_same = faces.get(slug).is_some_and(|known| Arc::ptr_eq(known, cell));
    // The map's and ours; others get theirs under the same lock.
    if is_same && !cell.initialized() && Arc::strong_count(cell) <= 2 {
        faces.remove(slug);
    }
}

/// Takes what is there already, so that a batch of events costs one rendering.
fn drain(
    events: &mut tokio::sync::broadcast::Receiver<Arc<domain::event::Numbered>>,
    first: Reading,
    reading: impl Fn(&Event) -> Reading,
) -> Reading {
    let mut all = first;
    loop {
        match events.try_recv() {
            Ok(event) => all = all.max(reading(&event.event)),
            Err(TryRecvError::Lagged(_)) => all = Reading::Whole,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return all,
        }
    }
}

/// When the pages are read whole again.
fn next_whole(now: Timestamp) -> Timestamp {
    let bucket = now.floor(ROLL_UP);
    let times = WHOLE_AT.into_iter().chain([ROLL_UP]).map(|offset| Timestamp(bucket.0 + offset));
    times.filter(|at| *at > now).min().unwrap_or(Timestamp(bucket.0 + ROLL_UP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_could_not_be_read_stays_while_others_wait_for_it() {
        let mut faces = HashMap::from([("main".to_owned(), Cell::default())]);
        let (first, second) = (faces["main"].clone(), faces["main"].clone());
        forget(&mut faces, "main", &first);
        assert!(faces.contains_key("main"), "the second may still read it");
        drop(first);
        let stray = Cell::default();
        forget(&mut faces, "main", &stray);
        assert!(faces.contains_key("main"), "the cell of another is left alone");
        forget(&mut faces, "main", &second);
        assert!(faces.is_empty());
    }

    #[test]
    fn pages_are_read_whole_at_each_roll_up_and_when_it_was_counted() {
        assert_eq!(next_whole(Timestamp(0)), Timestamp(125 * SECOND));
        assert_eq!(next_whole(Timestamp(124_999)), Timestamp(125 * SECOND));
        assert_eq!(next_whole(Timestamp(125 * SECOND)), Timestamp(ROLL_UP));
        assert_eq!(next_whole(Timestamp(ROLL_UP - 1)), Timestamp(ROLL_UP));
    }
}

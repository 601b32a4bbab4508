//! What happens while the console is open: one socket, and the pages that listen to it.
//!
//! A page reads its view once and then follows frames. A frame carries the whole row as it is now, so it may be applied
//! twice; a page leaves out frames that its own view contains already (their `seq` is not beyond the view's).

mod backoff;
mod socket;

use std::time::Duration;

use domain::event::Seq;
use domain::id::MonitorId;
use domain::time::Timestamp;
use domain::views::console::{Frame, StateCounts};
use leptos::prelude::*;

use crate::browser;

/// How long frames are gathered in a storm, in milliseconds.
const GATHER: i64 = 250;
/// The most monitors whose samples are asked for: their ids fit into one message that the server accepts.
const MOST_WATCHED: usize = 100;

/// How the line to the server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Not tried yet, or trying for the first time.
    #[default]
    Opening,
    /// Frames come as things happen.
    Live,
    /// Nothing came since then.
    Lost {
        /// The last time that we heard from the server, by the visitor's clock.
        since: Timestamp,
    },
    /// The person is not logged in any more.
    Out,
}

/// The console's live feed. One a page, in the context.
#[derive(Clone, Copy)]
pub struct LiveFeed {
    /// How the line is.
    pub link: RwSignal<Link>,
    /// How many monitors show each state; `None` until somebody said so.
    pub counts: RwSignal<Option<StateCounts>>,
    /// Grows when too much was missed: views that depend on it are read again.
    pub generation: RwSignal<u32>,
    /// The monitors whose samples the present page wants.
    watched: RwSignal<Vec<MonitorId>>,
    listeners: StoredValue<Vec<(u64, Callback<Frame>)>>,
    next: StoredValue<u64>,
    seq: StoredValue<Option<Seq>>,
    /// Frames that came and were not told yet, and when some were told last, by the visitor's clock.
    gathered: StoredValue<(Vec<Frame>, Option<Timestamp>)>,
    /// What the line belongs to. Not to the effect that opens it: that one runs again, and would take the line with it.
    owner: StoredValue<Owner>,
}

impl LiveFeed {
    /// Puts a feed into the context. It connects once [`Self::follow`] says from where.
    pub fn provide() -> Self {
        let feed = Self {
            link: RwSignal::new(Link::default()),
            counts: RwSignal::new(None),
            generation: RwSignal::new(0),
            watched: RwSignal::new(Vec::new()),
            listeners: StoredValue::new(Vec::new()),
            next: StoredValue::new(0),
            seq: StoredValue::new(None),
            gathered: StoredValue::new((Vec::new(), None)),
            owner: StoredValue::new(Owner::new()),
        };
        provide_context(feed);
        feed
    }

    /// Follows what happens after `seq`. Only the first call connects; in the browser only.
    pub fn follow(self, seq: Seq) {
        if self.seq.get_value().is_none() {
            self.seq.set_value(Some(seq));
            // A copy, because opening stores values of its own.
            self.owner.get_value().with(|| socket::open(self));
        }
    }

    /// Calls `listener` for each frame, until the present owner is gone.
    pub fn listen(self, listener: impl Fn(Frame) + Send + Sync + 'static) {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        self.listeners.update_value(|all| all.push((id, Callback::new(listener))));
        on_cleanup(move || {
            self.listeners.try_update_value(|all| all.retain(|(known, _)| *known != id));
        });
    }

    /// Asks for every result of these monitors, until the present owner is gone. At most `MOST_WATCHED` are asked for.
    pub fn watch(self, mut ids: Vec<MonitorId>) {
        ids.truncate(MOST_WATCHED);
        let mine = ids.clone();
        Effect::new(move || self.watched.set(ids.clone()));
        on_cleanup(move || {
            // The next page may have said already what it wants.
            self.watched.try_update(|watched| {
                if *watched == mine {
                    watched.clear();
                }
            });
        });
    }

    fn seq(self) -> Seq {
        self.seq.try_get_value().flatten().unwrap_or_default()
    }

    /// Takes a frame. The first is told at once; those that come on its heels are told together, so that a storm draws the page a few
    /// times a second and not once for each of a thousand monitors.
    fn gather(self, frame: Frame) {
        let now = browser::now();
        let waits = self.gathered.try_update_value(|(frames, told_at)| {
            frames.push(frame);
            // A clock that was set back must not hold anything up.
            let rest = told_at.map_or(0, |told_at| (GATHER - now.since(told_at)).clamp(0, GATHER));
            (rest, frames.len())
        });
        match waits {
            // By the frame itself and not by a timer alone: those of a page that nobody sees hardly run.
            Some((0, _)) => self.tell(),
            Some((rest, 1)) => set_timeout(move || self.tell(), Duration::from_millis(rest.unsigned_abs())),
            _ => {}
        }
    }

    /// Tells what was gathered.
    fn tell(self) {
        let frames = self.gathered.try_update_value(|(frames, told_at)| {
            *told_at = Some(browser::now());
            std::mem::take(frames)
        });
        for frame in frames.unwrap_or_default() {
            self.take(frame);
        }
    }

    fn take(self, frame: Frame) {
        match &frame {
            Frame::Hello { .. } | Frame::Sample { .. } => {}
            Frame::Monitor { seq, counts, .. } | Frame::Gone { seq, counts, .. } => {
                if *seq <= self.seq() {
                    return;
                }
                self.seq.set_value(Some(*seq));
                self.counts.set(Some(*counts));
            }
            Frame::Resync { seq } => {
                self.seq.set_value(Some(*seq));
                self.generation.update(|generation| *generation += 1);
            }
        }
        // A listener may add or drop listeners, so none is called under the lock.
        for (_, listener) in self.listeners.get_value() {
            listener.run(frame.clone());
        }
    }
}

//! Whether a connection of HTTP/2 gets on. Its pings say only that somebody is there: who asks for nothing, or never makes room for what
//! they asked for, would keep their place for ever.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

/// What is written without anything getting on, in bytes: pings, and answers to those of the other side.
const CHATTER: u64 = 1_024;

/// What happens on a connection.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// Bytes that the system took.
    written: AtomicU64,
    /// Requests so far.
    asked: AtomicUsize,
    /// Requests that are being answered: until the last piece of the answer is handed over.
    open: AtomicUsize,
    /// Those of them of which a piece waits for room on the other side. A stream of events that has nothing to say is none.
    blocked: AtomicUsize,
}

impl Flow {
    /// Notes bytes that the system took.
    pub(super) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Notes a request; it is being answered as long as the guard lives.
    pub(super) fn begin(self: &Arc<Self>) -> Open {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        Open { flow: Arc::clone(self), is_blocked: false }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Open {
    flow: Arc<Flow>,
    is_blocked: bool,
}

impl Open {
    /// The body of the answer, which is watched.
    pub(super) fn watch(self, body: Body) -> Body {
        Body::new(Watched { body, open: self })
    }

    fn set_blocked(&mut self, is_blocked: bool) {
        if is_blocked && !self.is_blocked {
            self.flow.blocked.fetch_add(1, Ordering::Relaxed);
        } else if self.is_blocked && !is_blocked {
            self.flow.blocked.fetch_sub(1, Ordering::Relaxed);
        }
        self.is_blocked = is_blocked;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.set_blocked(false);
        self.flow.open.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Watched {
    body: Body,
    open: Open,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        // The next piece is asked for when this one has found room.
        self.open.set_blocked(polled.is_ready());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What is to be done with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It gets on, or nothing is to be expected of it.
    Fine,
    /// Nobody asks for anything any more. It may end when what is left of the answers has been taken.
    Idle,
    /// Nothing of what is sent is taken any more.
    Stalled,
}

/// Looks at a connection again and again.
#[derive(Debug)]
pub(super) struct Watch {
    flow: Arc<Flow>,
    next: Duration,
    stalled: Duration,
    /// Whether many may stand behind it.
    is_shared: bool,
    asked: usize,
    written: u64,
    /// Since when nothing was asked or being answered.
    idle_since: Option<Instant>,
    /// Since when something that is being answered has waited for room; where many stand behind a connection, everything.
    stuck_since: Option<Instant>,
}

impl Watch {
    /// `next` is how long a connection may wait for a request, `stalled` for room on the other side. One that is shared is not closed for
    /// somebody who makes no room, as long as others may only wait for their stream of events to say something.
    pub(super) fn over(flow: Arc<Flow>, next: Duration, stalled: Duration, is_shared: bool) -> Self {
        Self { flow, next, stalled, is_shared, asked: 0, written: 0, idle_since: None, stuck_since: None }
    }

    /// Whether it is one of HTTP/2; the requests of others are not noted.
    pub(super) fn is_for_http2(&self) -> bool {
        self.flow.asked.load(Ordering::Relaxed) > 0
    }

    /// How long until it is to be looked at again.
    pub(super) fn pause(&self) -> Duration {
        self.next.min(self.stalled) / 4
    }

    /// Looks at it at `now`.
    pub(super) fn look(&mut self, now: Instant) -> Verdict {
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        let (asked, open, blocked) = (of(&self.flow.asked), of(&self.flow.open), of(&self.flow.blocked));
        let written = self.flow.written.load(Ordering::Relaxed);
        let gets_on = written.saturating_sub(self.written) > CHATTER;
        let waits_for_room = if self.is_shared { open == blocked } else { blocked > 0 };
        if gets_on || asked != self.asked || !waits_for_room {
            (self.written, self.stuck_since) = (written, None);
        }
        if gets_on || asked != self.asked || open > 0 {
            self.idle_since = None;
        }
        self.asked = asked;
        let since = |is: bool, since: &mut Option<Instant>| is.then(|| *since.get_or_insert(now));
        let stuck = since(waits_for_room, &mut self.stuck_since);
        let idle = since(open == 0, &mut self.idle_since);
        let longer = |since: Option<Instant>, than| since.is_some_and(|since| now - since >= than);
        if (open > 0 && longer(stuck, self.stalled)) || longer(idle, self.next + self.stalled) {
            Verdict::Stalled
        } else if longer(idle, self.next) {
            Verdict::Idle
        } else {
            Verdict::Fine
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks every second, with as many bytes written before each look; the verdict that is not [`Verdict::Fine`], and when.
    fn looked_at(watch: &mut Watch, seconds: u64, written: usize) -> Option<(u64, Verdict)> {
        let begun = Instant::now();
        (0..seconds).find_map(|second| {
            watch.flow.wrote(written);
            let verdict = watch.look(begun + Duration::from_secs(second));
            (verdict != Verdict::Fine).then_some((second, verdict))
        })
    }

    fn watching(is_shared: bool) -> (Arc<Flow>, Watch) {
        let flow = Arc::new(Flow::default());
        let watch =
            Watch::over(Arc::clone(&flow), Duration::from_secs(10), Duration::from_mins(1), is_shared);
        (flow, watch)
    }

    #[test]
    fn who_makes_no_room_is_closed_also_beside_a_quiet_stream_unless_many_share_the_connection() {
        let (flow, mut watch) = watching(false);
        let (_quiet, mut blocked) = (flow.begin(), flow.begin());
        assert_eq!(looked_at(&mut watch, 600, 4), None, "nothing waits for room");
        blocked.set_blocked(true);
        assert_eq!(looked_at(&mut watch, 600, 4), Some((60, Verdict::Stalled)));

        let (flow, mut watch) = watching(true);
        let (quiet, mut blocked) = (flow.begin(), flow.begin());
        blocked.set_blocked(true);
        assert_eq!(looked_at(&mut watch, 600, 4), None, "that is another visitor");
        drop(quiet);
        assert_eq!(looked_at(&mut watch, 600, 4), Some((60, Verdict::Stalled)));
    }

    #[test]
    fn who_takes_some_of_it_now_and_then_is_not_closed() {
        let (flow, mut watch) = watching(false);
        let mut slow = flow.begin();
        slow.set_blocked(true);
        assert_eq!(looked_at(&mut watch, 600, 100), None);
    }
}

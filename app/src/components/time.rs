//! Times. The server and the first rendering of the browser write UTC, so that both write the same; then the visitor's
//! zone takes over, and relative times begin to tick.

use std::time::Duration;

use domain::time::{SECOND, Timestamp};
use leptos::prelude::*;

use crate::browser::{self, Shape};
use crate::words;

/// A clock that is wrong by more is wrong, in milliseconds: what is less may be the way here.
const CLEARLY: i64 = 60_000;

/// The visitor's clock: silent until the page is alive, then it ticks each second while somebody looks.
#[derive(Clone, Copy)]
pub struct Clock {
    alive: RwSignal<bool>,
    now: RwSignal<Option<Timestamp>>,
    /// Milliseconds that the visitor's clock is wrong by.
    ahead: RwSignal<i64>,
}

impl Clock {
    /// Puts a clock into the context and starts it in the browser.
    pub fn provide() {
        let clock = Self { alive: RwSignal::new(false), now: RwSignal::new(None), ahead: RwSignal::new(0) };
        provide_context(clock);
        Effect::new(move || {
            clock.alive.set(true);
            clock.tick();
            let tick = move || {
                if !browser::is_hidden() {
                    clock.tick();
                }
            };
            if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(1)) {
                on_cleanup(move || handle.clear());
            }
        });
    }

    fn tick(self) {
        let now = browser::now().as_millis() - self.ahead.get_untracked();
        self.now.set(Some(Timestamp(now)));
    }

    /// Goes by the server's clock from now on, when the visitor's is clearly wrong; what passed since the server said so is no error.
    pub fn correct(self, server: Timestamp) {
        let ahead = browser::now().as_millis() - server.as_millis();
        self.ahead.set(if ahead.abs() > CLEARLY { ahead } else { 0 });
        self.tick();
    }

    /// Whether the browser has taken over.
    pub fn is_alive(self) -> bool {
        self.alive.get()
    }

    /// The time of day, once it is known.
    pub fn now(self) -> Option<Timestamp> {
        self.now.get()
    }
}

/// A time in UTC, in words.
pub fn utc(at: Timestamp, shape: Shape) -> String {
    match shape {
        Shape::Minute => words::clock(at),
        Shape::Second => format!("{} UTC", &at.to_rfc3339()[11..19]),
        Shape::Day => words::date(at),
        Shape::Full => words::day_and_clock(at),
    }
}

/// A point in time.
#[component]
pub fn Time(
    /// When.
    at: Timestamp,
    /// How much of it is written.
    #[prop(optional)]
    shape: Shape,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let text = move || if clock.is_alive() { browser::local(at, shape) } else { utc(at, shape) };
    view! { <time datetime=words::machine_time(at) title=utc(at, Shape::Full)>{text}</time> }
}

/// How long ago something was. Without scripts it is a point in time.
#[component]
pub fn Ago(
    /// When.
    at: Timestamp,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let text = Memo::new(move |_| match clock.now() {
        Some(now) => words::ago(at, now),
        None => utc(at, Shape::Full),
    });
    view! { <time datetime=words::machine_time(at) title=utc(at, Shape::Full)>{text}</time> }
}

/// How long something has been so. `read_at` is when the server said so, which is what a page without scripts shows.
#[component]
pub fn Lasting(
    /// Since when.
    since: Timestamp,
    /// When the view was read.
    read_at: Timestamp,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let text = Memo::new(move |_| {
        let now = clock.now().unwrap_or(read_at);
        words::duration(now.max(read_at).since(since).max(SECOND))
    });
    view! { <time datetime=words::machine_time(since) title=utc(since, Shape::Full)>{text}</time> }
}

/// How long until something happens. `read_at` is when the server said so, which is what a page without scripts shows.
#[component]
pub fn Until(
    /// When.
    at: Timestamp,
    /// When the view was read.
    read_at: Timestamp,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let text = Memo::new(move |_| words::until(at, clock.now().unwrap_or(read_at)));
    view! { <time datetime=words::machine_time(at) title=utc(at, Shape::Full)>{text}</time> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_utc_says_that_it_is() {
        let at = Timestamp(1_795_236_543_210);
        assert_eq!(utc(at, Shape::Full), "21 Nov, 04:49 UTC");
        assert_eq!(utc(at, Shape::Second), "04:49:03 UTC");
        assert_eq!(utc(at, Shape::Day), "21 November 2026");
    }
}

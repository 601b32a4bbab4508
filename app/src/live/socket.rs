//! The console's socket: `/api/live?seq=`, opened again after every loss from the last frame that was taken.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use domain::id::MonitorId;
use domain::views::console::Frame;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{MessageEvent, WebSocket};

use super::{Link, LiveFeed, backoff};
use crate::browser;
use crate::error::AppError;
use crate::server_fns::frame::read_frame;

/// How often we say "ping", which the server answers; it takes a page that is silent for 75 s for gone.
const PING: i64 = 25_000;
/// Without a word for so long the line is taken for dead: a ping was not answered.
const SILENCE: i64 = 40_000;
/// How often the line is looked at, and so how soon a sleep of the machine is noticed.
const WATCH: Duration = Duration::from_secs(5);

/// The state of the connection, shared by the callbacks of one page.
#[derive(Clone)]
struct Line {
    feed: LiveFeed,
    socket: Rc<RefCell<Option<Open>>>,
    failures: Rc<Cell<u32>>,
    heard: Rc<Cell<i64>>,
    pinged: Rc<Cell<i64>>,
    build: Rc<RefCell<Option<String>>>,
}

/// An open socket with the callbacks that must live as long.
struct Open {
    socket: WebSocket,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _close: Closure<dyn FnMut()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}

/// Connects, and stays connected until the owner is gone.
pub(super) fn open(feed: LiveFeed) {
    let line = Line {
        feed,
        socket: Rc::default(),
        failures: Rc::default(),
        heard: Rc::new(Cell::new(browser::now().as_millis())),
        pinged: Rc::default(),
        build: Rc::default(),
    };
    line.connect();
    let asking = line.clone();
    Effect::new(move || asking.ask(&feed.watched.get()));
    let watched = line.clone();
    let watch = set_interval_with_handle(move || watched.watch(), WATCH).ok();
    let line = StoredValue::new_local(line);
    on_cleanup(move || {
        if let Some(watch) = watch {
            watch.clear();
        }
        line.try_update_value(|line| line.socket.borrow_mut().take());
    });
}

impl Line {
    fn connect(&self) {
        let secure = window().location().protocol().is_ok_and(|protocol| protocol == "https:");
        let host = window().location().host().unwrap_or_default();
        let scheme = if secure { "wss" } else { "ws" };
        let url = format!("{scheme}://{host}/api/live?seq={}", self.feed.seq().0);
        let Ok(socket) = WebSocket::new(&url) else { return self.lost() };

        let line = self.clone();
        let message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| line.hear(&event));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        let line = self.clone();
        let close = Closure::<dyn FnMut()>::new(move || line.lost());
        socket.set_onclose(Some(close.as_ref().unchecked_ref()));
        *self.socket.borrow_mut() = Some(Open { socket, _message: message, _close: close });
    }

    fn hear(&self, event: &MessageEvent) {
        self.heard.set(browser::now().as_millis());
        self.failures.set(0);
        if self.feed.link.try_get_untracked().is_some_and(|link| link != Link::Live) {
            self.feed.link.set(Link::Live);
        }
        let Some(text) = event.data().as_string() else { return };
        // A frame that is not understood comes from a newer build; its Hello has asked for a reload.
        let Ok(frame) = serde_json::from_str::<Frame>(&text) else { return };
        if let Frame::Hello { build, .. } = &frame {
            self.ask(&self.feed.watched.try_get_untracked().unwrap_or_default());
            let known = self.build.borrow_mut().replace(build.clone());
            if known.is_some_and(|known| known != *build) {
                browser::reload();
            }
        }
        self.feed.gather(frame);
    }

    fn lost(&self) {
        let since = domain::time::Timestamp(self.heard.get());
        if let Some(link) = self.feed.link.try_get_untracked()
            && !matches!(link, Link::Lost { .. } | Link::Out)
        {
            self.feed.link.set(Link::Lost { since });
        }
        self.ask_why();
        let failures = self.failures.get();
        self.failures.set(failures.saturating_add(1));
        let wait = backoff::wait(failures, js_sys::Math::random());
        let line = self.clone();
        set_timeout(
            move || {
                // Gone when the owner is.
                if line.feed.link.try_get_untracked().is_some() {
                    line.connect();
                }
            },
            Duration::from_millis(wait.into()),
        );
    }

    /// Finds out whether the line was lost because the session has ended: a socket that is refused does not say why. It is tried
    /// again all the same, for whoever logs in elsewhere is back here too.
    fn ask_why(&self) {
        let link = self.feed.link;
        leptos::task::spawn_local(async move {
            let is_out = matches!(read_frame().await, Err(AppError::Forbidden));
            if is_out && matches!(link.try_get_untracked(), Some(Link::Lost { .. })) {
                link.set(Link::Out);
            }
        });
    }

    /// Asks for samples of these monitors.
    fn ask(&self, ids: &[MonitorId]) {
        self.say(&serde_json::json!({ "watch": ids }).to_string());
    }

    fn say(&self, text: &str) {
        if let Some(open) = self.socket.borrow().as_ref()
            && open.socket.ready_state() == WebSocket::OPEN
        {
            let _ = open.socket.send_with_str(text);
        }
    }

    /// Keeps the line alive, and notices one that died without saying so, as after a sleep.
    fn watch(&self) {
        let now = browser::now().as_millis();
        if now - self.pinged.get() > PING {
            self.pinged.set(now);
            self.say("ping");
        }
        let silent = now - self.heard.get() > SILENCE;
        if silent && self.feed.link.try_get_untracked() == Some(Link::Live) {
            self.socket.borrow_mut().take();
            self.lost();
        }
    }
}

//! Asks before what was typed is lost: on the way to another page by link, by key or by the browser's own buttons, and,
//! in the browser's words, before the tab is closed.
//!
//! Nothing is remembered for it: a form is changed when a control holds something else than the page gave it.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use wasm_bindgen::JsCast;

use crate::browser::{self, Way};

/// The id of the dialog.
const LEAVE: &str = "leave";

/// What keeps a guarded form on the page. Whoever has changed it and goes where it does not stand is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// It stands on every view of its page.
    Path,
    /// It stands there as long as `edit` in the address is the same.
    Edit,
}

impl Guard {
    /// The word in the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Edit => "edit",
        }
    }
}

/// The ways out of a page of the console. One a page, in the context.
#[derive(Clone, Copy)]
pub struct Leaving {
    here: Signal<String>,
    wanted: StoredValue<Option<Way>>,
    navigate: Callback<String>,
    /// Set while a way is followed, so that nobody is asked twice.
    is_free: StoredValue<bool>,
}

impl Leaving {
    /// Puts the ways into the context.
    pub fn provide() {
        let (location, navigate) = (use_location(), use_navigate());
        // The router's address, because the browser's has changed already when somebody goes back.
        let here = Signal::derive(move || match location.search.get() {
            search if search.is_empty() => location.pathname.get(),
            search => format!("{}?{search}", location.pathname.get()),
        });
        provide_context(Self {
            here,
            wanted: StoredValue::new(None),
            navigate: Callback::new(move |path: String| navigate(&path, NavigateOptions::default())),
            is_free: StoredValue::new(false),
        });
    }

    /// Goes to a page of the console, as a key does; asks first when something would be lost.
    pub fn go(self, path: &str) {
        let way = Way::Inside(path.to_owned());
        if !self.stops(&way) {
            self.follow(&way);
        }
    }

    /// Whether a way would lose something; then it is asked about.
    fn stops(self, way: &Way) -> bool {
        // The listeners outlive the console, which ends at the log-in.
        if self.is_free.try_get_value() != Some(false) {
            return false;
        }
        let stops = browser::loses_changes(&self.here.get_untracked(), way.address());
        if stops {
            self.wanted.set_value(Some(way.clone()));
            browser::open_dialog(LEAVE);
        }
        stops
    }

    fn follow(self, way: &Way) {
        match way {
            Way::Inside(path) => self.navigate.run(path.clone()),
            Way::Outside(address) => browser::load(address),
        }
    }

    /// Follows the way that was asked about.
    fn leave(self) {
        browser::close_dialog(LEAVE);
        if let Some(way) = self.wanted.get_value() {
            browser::drop_changes();
            self.is_free.set_value(true);
            self.follow(&way);
            self.is_free.set_value(false);
        }
    }

    /// Listens to the ways out. They are heard here before the router hears them and follows at once.
    fn watch(self) {
        browser::on_every("click", move |event| {
            if browser::way_of(event.unchecked_ref()).is_some_and(|way| self.stops(&way)) {
                event.prevent_default();
                event.stop_immediate_propagation();
            }
        });
        browser::on_every("popstate", move |event| {
            if self.stops(&Way::Inside(browser::path_and_query())) {
                browser::hold_back(&event, &self.here.get_untracked());
            }
        });
        browser::on_every("beforeunload", move |event| {
            if self.is_free.try_get_value() == Some(false) && browser::has_changes() {
                event.prevent_default();
            }
        });
    }
}

/// Watches the ways out, and holds the question.
#[component]
pub fn LeaveGuard() -> impl IntoView {
    let leaving = expect_context::<Leaving>();
    Effect::new(move || leaving.watch());
    view! {
        <dialog class="dialog" id=LEAVE aria-labelledby="leave-title">
            <h2 id="leave-title">"Leave without saving?"</h2>
            <p>"What you changed on this page is lost then."</p>
            <footer>
                <form method="dialog"><button class="button">"Stay"</button></form>
                <button class="button danger solid" type="button" on:click=move |_| leaving.leave()>"Leave"</button>
            </footer>
        </dialog>
    }
}
